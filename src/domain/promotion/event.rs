//! Journal entries: one per line, appended before and after every action.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::PromotionPlan;
use super::step::{Observation, Receipt, Step};
use crate::domain::cd::CdOutcome;
use crate::domain::cd_act::CdAct;
use crate::domain::deployment::JobOutcome;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::PromotionId;

/// Version of the journal format. A reader refuses entries with a higher version.
pub const JOURNAL_VERSION: u32 = 4;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The oldest format version that has such an entry, [`JOURNAL_VERSION`] at most.
    pub v: u32,
    /// Sequence number, from 0 without gaps.
    pub seq: u64,
    /// Time of writing, by this machine's clock, in UTC.
    pub at: Timestamp,
    pub event: Event,
}

/// How far to drive a promotion before returning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the release is published and everything was re-read.
    Released,
    /// Until the CD run ended, did not start in time, or is not expected.
    CdEnded,
}

/// One entry just written to a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub id: PromotionId,
    pub entry: Entry,
}

/// A promotion found in the journal directory.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPromotion {
    /// The id, from the file name.
    pub id: PromotionId,
    /// The entries, or why they cannot be read.
    pub entries: Outcome<Vec<Entry>>,
    /// Another process is driving it now.
    pub driven: bool,
}

/// A journal event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// The signer confirmed; nothing was written to any server yet. Always the first entry.
    Opened {
        /// The plan, fixed to the byte.
        plan: Box<PromotionPlan>,
    },
    /// The facts were re-read and still match the reviewed ones.
    Verified,
    /// The facts changed or a last check failed: nothing was written to any server.
    Refused {
        /// The reason.
        failure: Failure,
    },
    /// A step is about to write. Without a later entry for the step, its outcome is unknown.
    Started { step: Step },
    /// The server confirmed the step.
    Succeeded {
        step: Step,
        /// What the server returned.
        receipt: Receipt,
    },
    /// The step certainly had no effect.
    Failed {
        step: Step,
        /// The reason.
        failure: Failure,
    },
    /// The step was sent and its outcome is unknown: it must be probed before anything else.
    Unknown {
        step: Step,
        /// The error.
        failure: Failure,
    },
    /// A probe determined the outcome of a step.
    Probed {
        step: Step,
        /// The result.
        finding: Finding,
    },
    /// A probe failed.
    ProbeFailed {
        step: Step,
        /// The reason.
        failure: Failure,
    },
    /// A person requested an undo. Legal only before the pivot.
    UndoRequested {
        /// Who, according to the operating system or the token.
        by: String,
    },
    /// A step is about to be undone.
    UndoStarted { step: Step },
    /// A step was undone, or left alone because it is no longer ours.
    Undone {
        step: Step,
        /// What was done, or why nothing was.
        note: String,
        /// False if the step was asked for without an answer, and no effect of it was seen until the request was too old
        /// to have one.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        seen: bool,
        /// False if an earlier request to undo it was never answered, and its effect was not seen.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        answered: bool,
    },
    /// An undo failed.
    UndoFailed {
        step: Step,
        /// The reason.
        failure: Failure,
    },
    /// A person must act; the servers' state was read where possible.
    Paused {
        failure: Failure,
        /// The state of each server.
        truth: Vec<Observation>,
    },
    /// A person requested a resume.
    Resumed,
    /// The CD run changed state.
    CdSeen {
        /// The new state.
        outcome: CdOutcome,
    },
    /// The deployment job changed state. Since format 4.
    JobSeen {
        /// The new state.
        outcome: JobOutcome,
    },
    /// The last entry, unless a request without an answer takes effect later, or somebody looks after CD.
    Ended {
        ending: Ending,
        /// The state of each server.
        truth: Vec<Observation>,
    },
    /// Something worth knowing about a step that does not stop it. Since format 2.
    Noted {
        step: Step,
        /// One sentence each.
        what: Vec<String>,
    },
    /// A step that this journal never started was done already, by another copy of this journal. Since format 2.
    Found { step: Step, receipt: Receipt },
    /// A step that was done is not there any more: another copy of this journal undid it. Since format 2.
    Lost { step: Step },
    /// After the end: a request without an answer took effect after all. Since format 2.
    Arrived {
        step: Step,
        /// What was found, as a sentence.
        what: String,
    },
    /// A person is about to ask the host for something about a CD run. Since format 4.
    CdAsked {
        #[serde(flatten)]
        act: CdAct,
        /// Login of whoever asks.
        by: String,
    },
    /// What the host said to the last such request. Since format 4.
    CdAnswered {
        /// Why not; none if it does what was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
}

impl Event {
    /// The oldest format that has this event.
    pub fn format(&self) -> u32 {
        match self {
            // A reader of an older format does not know such a target or step, and refuses the journal at its first entry.
            Self::Opened { plan } => plan.draft.format(),
            Self::JobSeen { .. } => 4,
            Self::Noted { .. } | Self::Found { .. } | Self::Lost { .. } | Self::Arrived { .. } => 2,
            Self::CdAsked { .. } | Self::CdAnswered { .. } => 4,
            Self::Verified
            | Self::Refused { .. }
            | Self::Started { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Unknown { .. }
            | Self::Probed { .. }
            | Self::ProbeFailed { .. }
            | Self::UndoRequested { .. }
            | Self::UndoStarted { .. }
            | Self::Undone { .. }
            | Self::UndoFailed { .. }
            | Self::Paused { .. }
            | Self::Resumed
            | Self::CdSeen { .. }
            | Self::Ended { .. } => 1,
        }
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

/// The result of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// This promotion applied the step.
    Applied {
        receipt: Receipt,
    },
    NotApplied,
    /// A value from someone else is there.
    Foreign {
        /// The value found, as a sentence.
        what: String,
        /// Whether it is a release of this very model version: then the target belongs to the other promotion too and
        /// must not be moved back.
        same_version: bool,
    },
}

/// How a promotion ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// Promoted, released, and CD followed to its end.
    Done,
    /// Everything written was undone.
    Undone { why: String },
    /// Nothing was written.
    Refused { why: String },
    /// Another promotion released this version first; its changes were left alone.
    Superseded {
        /// What was found.
        by: String,
    },
}
