//! What the journal holds: one entry a line, appended before and after every act.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::PromotionPlan;
use super::step::{Observation, Receipt, Step};
use crate::domain::cd::CdOutcome;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::PromotionId;

/// Version of the journal's format. A reader refuses entries with a higher one.
pub const JOURNAL_VERSION: u32 = 1;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Format version: [`JOURNAL_VERSION`] when it was written.
    pub v: u32,
    /// Position, from 0 without gaps.
    pub seq: u64,
    /// When it was written, by this machine's clock, in UTC.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// How far to go before handing back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the release stands and everything was re-read.
    Released,
    /// Until the CD run has ended, did not start in time, or is not expected.
    CdEnded,
}

/// One entry that was just written to a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Whose.
    pub id: PromotionId,
    pub entry: Entry,
}

/// One promotion found in the journal directory.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPromotion {
    /// Its id, from the file name.
    pub id: PromotionId,
    /// Its entries, or why they cannot be read.
    pub entries: Outcome<Vec<Entry>>,
    /// Another process drives it right now.
    pub driven: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// The human decided; nothing was written to any server yet. Always the first entry.
    Opened {
        /// What will be done, to the byte.
        plan: Box<PromotionPlan>,
    },
    /// The facts were re-read and are still those that were reviewed.
    Verified,
    /// The facts changed or a check failed at the last moment: nothing was written to any server.
    Refused {
        /// Why.
        failure: Failure,
    },
    /// A step is about to write. Without a later entry for it, its fate is unknown.
    Started { step: Step },
    /// The server confirmed the step.
    Succeeded {
        step: Step,
        /// What it left behind.
        receipt: Receipt,
    },
    /// The step surely had no effect.
    Failed {
        step: Step,
        /// Why.
        failure: Failure,
    },
    /// The step was sent and its fate is not known: it must be probed before anything else.
    Unknown {
        step: Step,
        /// What was seen.
        failure: Failure,
    },
    /// A probe read what became of a step.
    Probed {
        step: Step,
        /// What it found.
        finding: Finding,
    },
    /// The probe itself failed.
    ProbeFailed {
        step: Step,
        /// Why.
        failure: Failure,
    },
    /// A person asked for the promotion to be taken back. Legal only before the pivot.
    UndoRequested {
        /// Who, as the operating system or the token says.
        by: String,
    },
    /// A step is about to be taken back.
    UndoStarted { step: Step },
    /// A step was taken back, or found not to be ours any more and left alone.
    Undone {
        step: Step,
        /// What was done, or why nothing was.
        note: String,
    },
    /// Taking back failed.
    UndoFailed {
        step: Step,
        /// Why.
        failure: Failure,
    },
    /// Nothing more can be done without a person; what is true was read where it could be.
    Paused {
        /// Why.
        failure: Failure,
        /// What each server says.
        truth: Vec<Observation>,
    },
    /// A person asked to go on.
    Resumed,
    /// The CD run was seen in a new state.
    CdSeen {
        /// The state.
        outcome: CdOutcome,
    },
    /// The end. Nothing follows.
    Ended {
        /// How.
        ending: Ending,
        /// What each server says.
        truth: Vec<Observation>,
    },
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// The step was applied, by us.
    Applied {
        /// What it left behind.
        receipt: Receipt,
    },
    /// The step was not applied.
    NotApplied,
    /// Somebody else's value is there.
    Foreign {
        /// What is there, as a sentence.
        what: String,
        /// It is a release of this very model version: then the target belongs to the other promotion too,
        /// and must not be taken back.
        same_version: bool,
    },
}

/// How a promotion ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// Promoted, released, and CD followed to an end.
    Done,
    /// Everything written was taken back.
    Undone { why: String },
    /// Nothing was written.
    Refused { why: String },
    /// Another promotion released this very version first; its work was left alone.
    Superseded {
        /// What was found.
        by: String,
    },
}
