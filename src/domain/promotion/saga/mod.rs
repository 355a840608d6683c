//! The saga: a pure fold over journal events, which yields the single next action.
//!
//! Invariants, tested in `tests/saga`:
//! - nothing is written before the facts were re-read and found unchanged, or read a moment ago by the same process;
//! - a step whose outcome is unknown is probed before anything else happens;
//! - once the tag ref may exist, nothing is undone automatically: the promotion rolls forward or pauses. A person may
//!   undo it only right after a probe found no tag, and never if the server said that the tag exists;
//! - a dispatch that may have started CD is never sent again;
//! - a tag that is found while a promotion is undone is not left without its version: it rolls forward again;
//! - no event follows the end, except that a request without an answer took effect after it, and what a person asks of CD.

mod transition;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::event::{Ending, Entry, Event, JOURNAL_VERSION};
use super::plan::PromotionPlan;
use super::step::{Observation, Receipt, Step};
use crate::domain::cd::CdOutcome;
use crate::domain::cd_act::AskedOfCd;
use crate::domain::deployment::JobOutcome;
use crate::domain::failure::{Failure, FailureKind};

/// How long the host lets a run be started again.
const RERUNS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Attempts per step before a person must act.
pub const MAX_ATTEMPTS: u32 = 3;

/// The state of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not started, or to be retried.
    Waiting,
    /// Started; if no process is driving it, its outcome is unknown.
    Running,
    /// Sent, outcome unknown.
    Unknown(Failure),
    /// Confirmed by the server.
    Done(Receipt),
    /// Certainly had no effect.
    Failed(Failure),
    Undoing,
    /// Undone, or left alone for the given reason.
    Undone(String),
}

/// One step with a summary of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    pub step: Step,
    pub state: StepState,
    /// Number of starts (of the step or its undo) since the last resume or change of direction.
    pub attempts: u32,
    /// An attempt may have reached the server and no probe has seen its effect since: it may still appear.
    pub unclear: bool,
    /// The server itself said that the effect exists, whether or not a probe shows it.
    claimed: bool,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When its outcome was last settled.
    pub ended_at: Option<Timestamp>,
    /// Requests to undo it.
    undo: UndoRequests,
}

/// What became of the requests to undo a step. A server may carry out late what it did not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct UndoRequests {
    /// Start of the attempt at work; of one that was interrupted, until the next one begins.
    started_at: Option<Timestamp>,
    /// Attempts without an answer, and when the last of them was started.
    open: Option<(u32, Timestamp)>,
}

impl UndoRequests {
    fn start(&mut self, at: Timestamp) {
        if let Some(interrupted) = self.started_at.replace(at) {
            self.leave_open(interrupted);
        }
    }

    fn leave_open(&mut self, started: Timestamp) {
        let before = self.open.map_or(0, |(count, _)| count);
        self.open = Some((before.saturating_add(1), started));
    }

    fn fail(&mut self, failure: &Failure) {
        if let Some(started) = self.started_at.take()
            && failure.kind == FailureKind::Unknown
        {
            self.leave_open(started);
        }
    }

    fn end(&mut self, answered: bool) {
        self.started_at = None;
        if answered {
            self.open = None;
        }
    }
}

/// A request that a server never answered, in a promotion that was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    pub step: Step,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it was to undo the step.
    pub is_undo: bool,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_undo { "the undo of the step" } else { "the step" };
        write!(f, "{what} '{}' asked for at {}", self.step, self.at.strftime("%T UTC"))
    }
}

/// The direction of the promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Signed; the facts were not re-read yet.
    Opened,
    Forward,
    /// Undoing.
    Backward {
        why: String,
        /// Another promotion released this version: leave the target alone.
        superseded_by: Option<String>,
    },
    /// Only the last entry is missing.
    Closing(Ending),
    Ended(Ending),
}

/// The next action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Re-read the facts and compare.
    Verify,
    Run(Step),
    /// Find out the outcome of this step.
    Probe(Step),
    /// Undo this step, if its effect is still ours.
    Undo(Step),
    /// Stop with the reason; a person must act.
    Pause(Failure),
    /// Record the ending.
    Close(Ending),
    /// Nothing to do: paused until a person resumes or undoes.
    Rest,
    /// Nothing to do: ended.
    Finished,
}

/// An event that cannot follow the previous ones. A journal that holds one is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of the journal cannot follow what stands before it: {what}")]
pub struct IllegalEvent {
    /// Its sequence number.
    pub seq: u64,
    /// What is wrong, as a phrase.
    pub what: String,
}

/// The state of a promotion, folded from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct SagaState {
    pub plan: PromotionPlan,
    pub phase: Phase,
    /// The steps in order.
    pub steps: Vec<StepRecord>,
    /// Set while a person must act: the reason, and the servers' state at that time.
    pub paused: Option<(Failure, Vec<Observation>)>,
    /// The servers' state at the end.
    pub truth: Vec<Observation>,
    /// The CD run as last seen.
    pub cd: Option<CdOutcome>,
    /// What people asked of CD since the release, oldest first.
    pub asked_of_cd: Vec<AskedOfCd>,
    /// The deployment job as last seen.
    pub job: Option<JobOutcome>,
    /// When the signer confirmed.
    pub opened_at: Timestamp,
    /// Time of the last entry.
    pub updated_at: Timestamp,
    /// Sequence number of the next entry.
    pub next_seq: u64,
    pause_due: Option<Failure>,
    /// The last entry is a probe that found no tag ref, and the host never said that there is one.
    saw_no_tag: bool,
    /// Somebody resumed it or asked for an undo: another copy of this journal may be at work, or have been.
    reopened: bool,
    tag_look: TagLook,
}

/// Whether the tag must be looked for while undoing: another copy of this journal may have cut it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TagLook {
    NotNeeded,
    /// Before anything is undone, and after it.
    Before,
    /// After everything is undone.
    After,
}

/// Folds a whole journal.
///
/// # Errors
/// If an entry cannot follow the previous ones, is out of order, or has a newer format version.
pub fn fold(entries: &[Entry]) -> Result<SagaState, IllegalEvent> {
    let Some((first, rest)) = entries.split_first() else {
        return Err(IllegalEvent { seq: 0, what: "there are no entries".to_owned() });
    };
    let mut state = SagaState::open(first)?;
    for entry in rest {
        state.apply(entry)?;
    }
    Ok(state)
}

impl SagaState {
    /// Starts from the first entry.
    ///
    /// # Errors
    /// If it is not `Opened`, or has a newer format version.
    pub fn open(entry: &Entry) -> Result<Self, IllegalEvent> {
        check_version(entry)?;
        match (&entry.event, entry.seq) {
            (Event::Opened { plan }, 0) => Ok(Self {
                phase: Phase::Opened,
                steps: plan.draft.steps().into_iter().map(StepRecord::new).collect(),
                plan: (**plan).clone(),
                paused: None,
                truth: Vec::new(),
                cd: None,
                asked_of_cd: Vec::new(),
                job: None,
                opened_at: entry.at,
                updated_at: entry.at,
                next_seq: 1,
                pause_due: None,
                saw_no_tag: false,
                reopened: false,
                tag_look: TagLook::NotNeeded,
            }),
            _ => Err(IllegalEvent { seq: entry.seq, what: "the first entry must be 'opened'".to_owned() }),
        }
    }

    /// Applies one more entry.
    ///
    /// # Errors
    /// If it cannot follow the previous ones; the state is unchanged then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), IllegalEvent> {
        check_version(entry)?;
        let illegal = |what: String| IllegalEvent { seq: entry.seq, what };
        if entry.seq != self.next_seq {
            return Err(illegal(format!("expected position {}", self.next_seq)));
        }
        let mut next = self.clone();
        next.transition(entry).map_err(illegal)?;
        next.next_seq += 1;
        next.updated_at = entry.at;
        *self = next;
        Ok(())
    }

    /// The next action.
    pub fn next(&self) -> Next {
        match &self.phase {
            Phase::Ended(_) => return Next::Finished,
            Phase::Closing(ending) => return Next::Close(ending.clone()),
            Phase::Opened | Phase::Forward | Phase::Backward { .. } => {}
        }
        if self.paused.is_some() {
            return Next::Rest;
        }
        if let Some(failure) = &self.pause_due {
            return Next::Pause(failure.clone());
        }
        match &self.phase {
            Phase::Opened => Next::Verify,
            Phase::Forward => self.next_forward(),
            Phase::Backward { .. } => self.next_backward(),
            Phase::Closing(_) | Phase::Ended(_) => Next::Finished,
        }
    }

    fn next_forward(&self) -> Next {
        for record in &self.steps {
            match record.state {
                StepState::Done(_) => {}
                // Sent once, never again: the search for the CD run shows whether it started.
                StepState::Unknown(_) if record.step == Step::Dispatch && record.unclear => {}
                StepState::Running | StepState::Unknown(_) if !record.step.is_read() => {
                    return Next::Probe(record.step);
                }
                _ => return Next::Run(record.step),
            }
        }
        Next::Close(Ending::Done)
    }

    fn next_backward(&self) -> Next {
        let undo = self.next_undo();
        match (self.tag_look, undo, self.closing()) {
            (TagLook::Before, Some(_), _) => Next::Probe(Step::PIVOT),
            (_, Some(step), _) => Next::Undo(step),
            (TagLook::After, None, _) => Next::Probe(Step::PIVOT),
            (_, None, Some(ending)) => Next::Close(ending),
            (_, None, None) => Next::Finished,
        }
    }

    /// The next step to undo on the way back.
    fn next_undo(&self) -> Option<Step> {
        let Phase::Backward { superseded_by, .. } = &self.phase else { return None };
        let keeps = |step| step == Step::Move && superseded_by.is_some();
        let reversible = self.steps.iter().rev().filter(|r| r.step.is_reversible() && !keeps(r.step));
        let to_undo = |record: &&StepRecord| match record.state {
            StepState::Done(_) | StepState::Running | StepState::Unknown(_) | StepState::Undoing => true,
            StepState::Waiting | StepState::Failed(_) => record.unclear,
            StepState::Undone(_) => false,
        };
        reversible.filter(to_undo).map(|r| r.step).next()
    }

    /// How it ends, if nothing is left to do.
    fn closing(&self) -> Option<Ending> {
        match &self.phase {
            Phase::Closing(ending) => Some(ending.clone()),
            Phase::Backward { why, superseded_by } => self.next_undo().is_none().then(|| match superseded_by {
                Some(by) => Ending::Superseded { by: by.clone() },
                None => Ending::Undone { why: why.clone() },
            }),
            Phase::Forward => match self.next_forward() {
                Next::Close(ending) => Some(ending),
                _ => None,
            },
            Phase::Opened | Phase::Ended(_) => None,
        }
    }

    /// Steps that were asked for without an answer, and when, in a promotion that was undone: nothing came of them until
    /// they were too old to have an effect, but no server said that they have none.
    pub fn unanswered(&self) -> Vec<Unanswered> {
        if !matches!(self.phase, Phase::Ended(Ending::Undone { .. })) {
            return Vec::new();
        }
        let asked = self.steps.iter().filter(|r| r.is_in_doubt() && (r.step.is_reversible() || r.step == Step::PIVOT));
        let asked = asked.filter_map(|r| Some(Unanswered { step: r.step, at: r.started_at?, is_undo: false }));
        let undone = self.steps.iter();
        let undone = undone.filter_map(|r| Some(Unanswered { step: r.step, at: r.undo.open?.1, is_undo: true }));
        asked.chain(undone).collect()
    }

    /// How many requests to undo this step have no answer, and when the last of them was started.
    pub fn undos_in_doubt(&self, step: Step) -> Option<(u32, Timestamp)> {
        self.steps.iter().find(|r| r.step == step).and_then(|r| r.undo.open)
    }

    /// When the last request of this step was started, if its outcome is not known.
    pub fn in_doubt_since(&self, step: Step) -> Option<Timestamp> {
        self.steps.iter().find(|r| r.step == step && r.is_in_doubt()).and_then(|r| r.started_at)
    }

    /// Whether this journal never started the step.
    pub fn is_untouched(&self, step: Step) -> bool {
        self.steps.iter().any(|r| r.step == step && r.state == StepState::Waiting && r.started_at.is_none())
    }

    /// Whether it was resumed or undone before: another copy of its journal may be at work.
    pub fn is_reopened(&self) -> bool {
        self.reopened
    }

    /// State of one step; `Waiting` if the plan does not have it.
    pub fn step(&self, step: Step) -> &StepState {
        self.steps.iter().find(|r| r.step == step).map_or(&StepState::Waiting, |r| &r.state)
    }

    /// Whether the tag ref may exist; if so, nothing is undone.
    pub fn may_be_cut(&self) -> bool {
        matches!(self.step(Step::TagRef), StepState::Done(_)) || (self.is_tag_in_doubt() && !self.saw_no_tag)
    }

    /// Whether the tag ref was requested with unknown outcome. Only a new probe can tell.
    pub fn is_tag_in_doubt(&self) -> bool {
        match self.step(Step::TagRef) {
            StepState::Running | StepState::Unknown(_) => true,
            StepState::Waiting | StepState::Failed(_) => self.steps.iter().any(|r| r.step == Step::TagRef && r.unclear),
            StepState::Done(_) | StepState::Undoing | StepState::Undone(_) => false,
        }
    }

    /// Whether a person may still request an undo.
    pub fn may_undo(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Forward) && !self.may_be_cut()
    }

    /// Whether the release is published and the version linked to it; at most CD remains to be followed.
    pub fn is_released(&self) -> bool {
        matches!(self.step(Step::Confirm), StepState::Done(_))
    }

    /// Whether CD may not be any more as the journal says: somebody may start a run again, or it started late.
    pub fn may_differ_in_cd(&self, now: Timestamp) -> bool {
        let seen = matches!(self.cd, Some(CdOutcome::Run(_) | CdOutcome::NotStarted { .. }));
        self.is_released() && seen && now.duration_since(self.opened_at) < RERUNS
    }

    /// The same promotion with CD as it is now.
    pub fn with_cd(&self, now: &CdOutcome) -> Self {
        let mut state = self.clone();
        state.see_cd(now);
        state
    }

    /// Of `promotions`, the first that put another version in the place of this one.
    pub fn replaced_by<'a>(&self, promotions: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        let draft = &self.plan.draft;
        let replaces = |other: &&Self| {
            let theirs = &other.plan.draft;
            let elsewhere = theirs.model() != draft.model() || theirs.promote_to != draft.promote_to;
            !elsewhere && theirs.version() != draft.version() && other.opened_at > self.opened_at && other.is_released()
        };
        promotions.into_iter().filter(replaces).min_by_key(|other| other.opened_at).filter(|_| self.is_released())
    }

    /// Whether the promotion has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }
}

impl StepRecord {
    fn new(step: Step) -> Self {
        Self {
            step,
            state: StepState::Waiting,
            attempts: 0,
            unclear: false,
            claimed: false,
            started_at: None,
            ended_at: None,
            undo: UndoRequests::default(),
        }
    }

    /// Whether a request of this step may still take effect, or may have without anyone having seen it.
    pub fn is_in_doubt(&self) -> bool {
        match &self.state {
            StepState::Running => true,
            StepState::Unknown(failure) => self.unclear || failure.kind.may_be_applied(),
            StepState::Waiting | StepState::Failed(_) | StepState::Undoing | StepState::Undone(_) => self.unclear,
            StepState::Done(_) => false,
        }
    }
}

fn check_version(entry: &Entry) -> Result<(), IllegalEvent> {
    if entry.v > JOURNAL_VERSION {
        return Err(IllegalEvent {
            seq: entry.seq,
            what: format!("its format {} is newer than this program's {JOURNAL_VERSION}", entry.v),
        });
    }
    Ok(())
}
