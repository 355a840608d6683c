//! The saga: a pure fold over journal events, and the one thing to do next.
//!
//! Invariants kept here and tested in `tests/saga`:
//! - nothing is written before the facts were re-read and found unchanged;
//! - a step whose fate is unknown is probed before anything else happens;
//! - once the tag ref may exist, nothing is undone by itself: the promotion rolls forward or pauses, and a
//!   person may have it undone only right after a look found no tag, and never against the server's own word;
//! - a dispatch that may have started CD is never sent again;
//! - after the end nothing follows.

mod transition;

use jiff::Timestamp;

use super::event::{Ending, Entry, Event, JOURNAL_VERSION};
use super::plan::PromotionPlan;
use super::step::{Observation, Receipt, Step};
use crate::domain::cd::CdOutcome;
use crate::domain::failure::Failure;

/// How often one step is tried before a person has to look.
pub const MAX_ATTEMPTS: u32 = 3;

/// How far one step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not begun, or to be tried again.
    Waiting,
    /// Begun; without a live process behind it, its fate is unknown.
    Running,
    /// Sent, fate unknown.
    Unknown(Failure),
    /// Confirmed by the server.
    Done(Receipt),
    /// Surely without effect.
    Failed(Failure),
    /// Being taken back.
    Undoing,
    /// Taken back, or left alone for the reason given.
    Undone(String),
}

/// One step with its history in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    pub step: Step,
    /// How far.
    pub state: StepState,
    /// Times it was started (or its undo was) since the last resume or turn.
    pub attempts: u32,
    /// A try may have reached the server, and no look has seen its effect since: it may still turn up.
    pub unclear: bool,
    /// The server itself said that the effect is there, whether or not a look shows it.
    claimed: bool,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it was last settled.
    pub ended_at: Option<Timestamp>,
}

/// Which way the promotion is going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Decided; the facts were not re-read yet.
    Opened,
    /// Going on.
    Forward,
    /// Taking back.
    Backward {
        why: String,
        /// Another promotion released this version: leave the target as it is.
        superseded_by: Option<String>,
    },
    /// Only the last entry is missing.
    Closing(Ending),
    /// Over.
    Ended(Ending),
}

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Re-read the facts and compare.
    Verify,
    Run(Step),
    /// Read what became of this step.
    Probe(Step),
    /// Take this step back, if it still is ours.
    Undo(Step),
    /// Stop and say why; a person must look.
    Pause(Failure),
    /// Record the end.
    Close(Ending),
    /// Nothing: paused until a person resumes or undoes.
    Rest,
    /// Nothing: over.
    Finished,
}

/// An event that cannot follow what was before. A journal that holds one is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of the journal cannot follow what stands before it: {what}")]
pub struct IllegalEvent {
    /// Its position.
    pub seq: u64,
    /// What is wrong, as a phrase.
    pub what: String,
}

/// State of a promotion, folded from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct SagaState {
    /// What is to be done.
    pub plan: PromotionPlan,
    /// Which way it is going.
    pub phase: Phase,
    /// The steps in order.
    pub steps: Vec<StepRecord>,
    /// Set while a person must look: why, and what was true then.
    pub paused: Option<(Failure, Vec<Observation>)>,
    /// What was true at the end.
    pub truth: Vec<Observation>,
    /// The CD run as last seen.
    pub cd: Option<CdOutcome>,
    /// When the human decided.
    pub opened_at: Timestamp,
    /// Time of the last entry.
    pub updated_at: Timestamp,
    /// Position the next entry gets.
    pub next_seq: u64,
    pause_due: Option<Failure>,
    /// The last entry is a look that found no tag ref, and the host never said that there is one.
    saw_no_tag: bool,
}

/// Folds a whole journal.
///
/// # Errors
/// If an entry cannot follow the ones before it, is out of order, or is of a newer format.
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
    /// If it is not `Opened`, or of a newer format.
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
                opened_at: entry.at,
                updated_at: entry.at,
                next_seq: 1,
                pause_due: None,
                saw_no_tag: false,
            }),
            _ => Err(IllegalEvent { seq: entry.seq, what: "the first entry must be 'opened'".to_owned() }),
        }
    }

    /// Applies one more entry.
    ///
    /// # Errors
    /// If it cannot follow what was before; the state is unchanged then.
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

    /// The one thing to do next.
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
            Phase::Backward { why, superseded_by } => self.next_backward(why, superseded_by.as_deref()),
            Phase::Closing(_) | Phase::Ended(_) => Next::Finished,
        }
    }

    fn next_forward(&self) -> Next {
        for record in &self.steps {
            match record.state {
                StepState::Done(_) => {}
                // Sent once, never again: whether it started CD shows when CD is looked for.
                StepState::Unknown(_) if record.step == Step::Dispatch && record.unclear => {}
                StepState::Running | StepState::Unknown(_) if !record.step.is_read() => {
                    return Next::Probe(record.step);
                }
                _ => return Next::Run(record.step),
            }
        }
        Next::Close(Ending::Done)
    }

    fn next_backward(&self, why: &str, superseded_by: Option<&str>) -> Next {
        let keeps = |step| step == Step::Move && superseded_by.is_some();
        for record in self.steps.iter().rev().filter(|r| r.step.is_reversible() && !keeps(r.step)) {
            let to_undo = match record.state {
                StepState::Done(_) | StepState::Running | StepState::Unknown(_) | StepState::Undoing => true,
                StepState::Waiting | StepState::Failed(_) => record.unclear,
                StepState::Undone(_) => false,
            };
            if to_undo {
                return Next::Undo(record.step);
            }
        }
        Next::Close(match superseded_by {
            Some(by) => Ending::Superseded { by: by.to_owned() },
            None => Ending::Undone { why: why.to_owned() },
        })
    }

    /// State of one step; `Waiting` for one the plan does not have.
    pub fn step(&self, step: Step) -> &StepState {
        self.steps.iter().find(|r| r.step == step).map_or(&StepState::Waiting, |r| &r.state)
    }

    /// Whether the tag ref may exist: from then on nothing is undone.
    pub fn may_be_cut(&self) -> bool {
        matches!(self.step(Step::TagRef), StepState::Done(_)) || (self.is_tag_in_doubt() && !self.saw_no_tag)
    }

    /// Whether the tag ref was asked for and nobody knows what became of it. Only a look at that moment helps.
    pub fn is_tag_in_doubt(&self) -> bool {
        match self.step(Step::TagRef) {
            StepState::Running | StepState::Unknown(_) => true,
            StepState::Waiting | StepState::Failed(_) => self.steps.iter().any(|r| r.step == Step::TagRef && r.unclear),
            StepState::Done(_) | StepState::Undoing | StepState::Undone(_) => false,
        }
    }

    /// Whether a person may still ask for it to be taken back.
    pub fn may_undo(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Forward) && !self.may_be_cut()
    }

    /// Whether the release stands and the version is linked to it; at most CD remains to be followed.
    pub fn is_released(&self) -> bool {
        matches!(self.step(Step::Confirm), StepState::Done(_))
    }

    /// Whether nothing more will happen.
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
