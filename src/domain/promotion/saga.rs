//! The saga: a pure fold over journal events, and the one thing to do next.
//!
//! Invariants kept here and tested below and in `tests/saga.rs`:
//! - nothing is written before the facts were re-read and found unchanged;
//! - a step whose fate is unknown is probed before anything else happens;
//! - once the tag ref may exist, nothing is undone: the promotion only rolls forward or pauses;
//! - after the end nothing follows.

use jiff::Timestamp;

use super::event::{Ending, Entry, Event, Finding, JOURNAL_VERSION, Truth};
use super::plan::PromotionPlan;
use super::step::{Receipt, Step};
use crate::domain::cd::CdOutcome;
use crate::failure::Failure;

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
    /// Which.
    pub step: Step,
    /// How far.
    pub state: StepState,
    /// Times it was started since the last resume.
    pub attempts: u32,
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
        /// Why.
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
    /// Run this step.
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
    pub paused: Option<(Failure, Vec<Truth>)>,
    /// What was true at the end.
    pub truth: Vec<Truth>,
    /// The CD run as last seen.
    pub cd: Option<CdOutcome>,
    /// When the human decided.
    pub opened_at: Timestamp,
    /// Time of the last entry.
    pub updated_at: Timestamp,
    /// Position the next entry gets.
    pub next_seq: u64,
    pause_due: Option<Failure>,
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
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.phase {
            Phase::Ended(_) => return Next::Finished,
            Phase::Closing(ending) => return Next::Close(ending.clone()),
            _ => {}
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
            if matches!(
                record.state,
                StepState::Done(_) | StepState::Running | StepState::Unknown(_) | StepState::Undoing
            ) {
                return Next::Undo(record.step);
            }
        }
        Next::Close(match superseded_by {
            Some(by) => Ending::Superseded { by: by.to_owned() },
            None => Ending::Undone { why: why.to_owned() },
        })
    }

    fn transition(&mut self, entry: &Entry) -> Result<(), String> {
        let at = entry.at;
        if matches!(self.phase, Phase::Ended(_)) {
            return Err("the promotion has ended".to_owned());
        }
        match &entry.event {
            Event::Opened { .. } => return Err("'opened' stands twice".to_owned()),
            Event::Verified => {
                self.expect(&Next::Verify)?;
                self.phase = Phase::Forward;
            }
            Event::Refused { failure } => {
                self.expect(&Next::Verify)?;
                self.phase = Phase::Closing(Ending::Refused { why: failure.to_string() });
            }
            Event::Started { step } => {
                self.expect(&Next::Run(*step))?;
                let record = self.record(*step)?;
                record.attempts += 1;
                record.started_at = Some(at);
                record.ended_at = None;
                record.state = StepState::Running;
            }
            Event::Succeeded { step, receipt } => {
                self.running(*step)?;
                self.done(*step, receipt, at)?;
            }
            Event::Failed { step, failure } => {
                self.running(*step)?;
                self.failed(*step, failure, at)?;
            }
            Event::Unknown { step, failure } => {
                self.running(*step)?;
                self.settle(*step, StepState::Unknown(failure.clone()), at)?;
            }
            Event::Probed { step, finding } => self.probed(*step, finding, at)?,
            Event::ProbeFailed { step, failure } => {
                self.uncertain(*step)?;
                self.pause_due = Some(failure.clone());
            }
            Event::UndoRequested { by } => {
                if !self.may_undo() {
                    return Err("an undo after the tag may have been cut".to_owned());
                }
                self.lift_pause();
                self.phase = Phase::Backward { why: format!("undone at the request of {by}"), superseded_by: None };
            }
            Event::UndoStarted { step } => {
                self.expect(&Next::Undo(*step))?;
                self.settle(*step, StepState::Undoing, at)?;
            }
            Event::Undone { step, note } => {
                self.undoing(*step)?;
                self.settle(*step, StepState::Undone(note.clone()), at)?;
            }
            Event::UndoFailed { step, failure } => {
                self.undoing(*step)?;
                self.pause_due = Some(failure.clone());
            }
            Event::Paused { failure, truth } => {
                self.expect(&Next::Pause(failure.clone()))?;
                self.pause_due = None;
                self.paused = Some((failure.clone(), truth.clone()));
            }
            Event::Resumed => self.lift_pause(),
            Event::CdSeen { outcome } => {
                self.running(Step::Follow)?;
                self.cd = Some(outcome.clone());
            }
            Event::Ended { ending, truth } => {
                self.expect(&Next::Close(ending.clone()))?;
                self.phase = Phase::Ended(ending.clone());
                self.truth = truth.clone();
            }
        }
        Ok(())
    }

    fn done(&mut self, step: Step, receipt: &Receipt, at: Timestamp) -> Result<(), String> {
        match receipt {
            Receipt::Cd { outcome } => self.cd = Some(outcome.clone()),
            Receipt::Confirmed { truth } => self.truth = truth.clone(),
            _ => {}
        }
        self.settle(step, StepState::Done(receipt.clone()), at)
    }

    fn failed(&mut self, step: Step, failure: &Failure, at: Timestamp) -> Result<(), String> {
        let attempts = self.record(step)?.attempts;
        if failure.kind.is_transient() && attempts < MAX_ATTEMPTS {
            return self.settle(step, StepState::Waiting, at);
        }
        self.settle(step, StepState::Failed(failure.clone()), at)?;
        if step <= Step::PIVOT {
            self.phase = Phase::Backward { why: failure.to_string(), superseded_by: None };
        } else {
            self.pause_due = Some(failure.clone());
        }
        Ok(())
    }

    fn probed(&mut self, step: Step, finding: &Finding, at: Timestamp) -> Result<(), String> {
        let seen = self.uncertain(step)?;
        match finding {
            Finding::Applied { receipt } => self.done(step, receipt, at),
            Finding::NotApplied => match seen {
                // The server had said no in so many words, and a look confirms that nothing is there.
                Some(failure) if !failure.kind.is_transient() => self.failed(step, &failure, at),
                _ if self.record(step)?.attempts < MAX_ATTEMPTS => self.settle(step, StepState::Waiting, at),
                Some(failure) if step < Step::PIVOT => {
                    self.settle(step, StepState::Failed(failure.clone()), at)?;
                    self.phase = Phase::Backward { why: failure.to_string(), superseded_by: None };
                    Ok(())
                }
                // At the pivot and behind it an uncertain step is never unwound: a person looks, and resumes.
                failure => {
                    let failure = failure.unwrap_or_else(|| {
                        Failure::new(
                            crate::failure::FailureKind::Unknown,
                            crate::failure::Service::Local,
                            format!("finish the step '{step}'"),
                            "it was interrupted too often",
                        )
                    });
                    self.settle(step, StepState::Waiting, at)?;
                    self.pause_due = Some(failure);
                    Ok(())
                }
            },
            Finding::Foreign { what, same_version } => {
                if step > Step::PIVOT {
                    self.pause_due = Some(
                        Failure::new(
                            crate::failure::FailureKind::Conflict,
                            crate::failure::Service::Local,
                            format!("finish the step '{step}'"),
                            what.clone(),
                        )
                        .with_hint("Look at what is there, remove what does not belong, then resume."),
                    );
                    return Ok(());
                }
                let failure = Failure::new(
                    crate::failure::FailureKind::Conflict,
                    crate::failure::Service::Local,
                    format!("finish the step '{step}'"),
                    what.clone(),
                );
                self.settle(step, StepState::Failed(failure), at)?;
                self.phase = Phase::Backward { why: what.clone(), superseded_by: same_version.then(|| what.clone()) };
                Ok(())
            }
        }
    }

    fn lift_pause(&mut self) {
        self.paused = None;
        self.pause_due = None;
        for record in &mut self.steps {
            if !matches!(record.state, StepState::Done(_) | StepState::Undone(_)) {
                record.attempts = 0;
            }
            if matches!(record.state, StepState::Failed(_)) && matches!(self.phase, Phase::Forward) {
                record.state = StepState::Waiting;
            }
        }
    }

    fn expect(&self, wanted: &Next) -> Result<(), String> {
        let next = self.next();
        if next == *wanted { Ok(()) } else { Err(format!("{next:?} was due, not {wanted:?}")) }
    }

    fn record(&mut self, step: Step) -> Result<&mut StepRecord, String> {
        self.steps.iter_mut().find(|r| r.step == step).ok_or_else(|| format!("the plan has no step '{step}'"))
    }

    fn settle(&mut self, step: Step, state: StepState, at: Timestamp) -> Result<(), String> {
        let record = self.record(step)?;
        record.state = state;
        record.ended_at = Some(at);
        Ok(())
    }

    fn running(&mut self, step: Step) -> Result<(), String> {
        match self.record(step)?.state {
            StepState::Running => Ok(()),
            _ => Err(format!("'{step}' was not started")),
        }
    }

    fn uncertain(&mut self, step: Step) -> Result<Option<Failure>, String> {
        match &self.record(step)?.state {
            StepState::Running => Ok(None),
            StepState::Unknown(failure) => Ok(Some(failure.clone())),
            _ => Err(format!("the fate of '{step}' is known")),
        }
    }

    fn undoing(&mut self, step: Step) -> Result<(), String> {
        match self.record(step)?.state {
            StepState::Undoing => Ok(()),
            _ => Err(format!("'{step}' is not being undone")),
        }
    }

    /// State of one step; `Waiting` for one the plan does not have.
    #[must_use]
    pub fn step(&self, step: Step) -> &StepState {
        self.steps.iter().find(|r| r.step == step).map_or(&StepState::Waiting, |r| &r.state)
    }

    /// Whether the tag ref may exist: from then on nothing is undone.
    #[must_use]
    pub fn may_be_cut(&self) -> bool {
        matches!(self.step(Step::TagRef), StepState::Running | StepState::Unknown(_) | StepState::Done(_))
    }

    /// Whether a person may still ask for it to be taken back.
    #[must_use]
    pub fn may_undo(&self) -> bool {
        matches!(self.phase, Phase::Opened | Phase::Forward) && !self.may_be_cut()
    }

    /// Whether the release stands and the version is linked to it; at most CD remains to be followed.
    #[must_use]
    pub fn is_released(&self) -> bool {
        matches!(self.step(Step::Confirm), StepState::Done(_))
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }
}

impl StepRecord {
    fn new(step: Step) -> Self {
        Self { step, state: StepState::Waiting, attempts: 0, started_at: None, ended_at: None }
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
