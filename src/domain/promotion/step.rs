//! The steps of a promotion and what each leaves behind.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::cd::{CdOutcome, CdTrigger};
use crate::domain::ids::VersionNumber;

/// One step. The order of the variants is the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Tag the model version with the promotion's id. Reversible.
    Mark,
    /// Move the stage or alias. Reversible while it still is what this promotion made it.
    Move,
    /// Create the annotated tag object: content-addressed, invisible, repeatable without effect.
    TagObject,
    /// Create the tag ref: create-if-absent, so the lock between two approvers. The pivot: cannot be undone.
    TagRef,
    /// Make a draft of the release and attach the record. Nobody sees it.
    Draft,
    /// Publish the draft. Repeatable.
    Release,
    /// Send `workflow_dispatch`, where that is what starts CD.
    Dispatch,
    /// Write tag, release and approver to the model version. Repeatable.
    Link,
    /// Re-read everything that was touched and record what is true.
    Confirm,
    /// Find the CD run and follow it to its end.
    Follow,
}

impl Step {
    /// The steps of a promotion whose CD is started by `trigger`, in order.
    pub fn sequence(trigger: CdTrigger) -> Vec<Self> {
        use Step::{Confirm, Dispatch, Draft, Follow, Link, Mark, Move, Release, TagObject, TagRef};
        let mut steps = vec![Mark, Move, TagObject, TagRef, Draft, Release];
        if trigger == CdTrigger::Dispatch {
            steps.push(Dispatch);
        }
        steps.extend([Link, Confirm, Follow]);
        steps
    }

    /// The step after which nothing is undone any more.
    pub const PIVOT: Self = Self::TagRef;

    /// Whether the step only reads.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Confirm | Self::Follow)
    }

    /// Whether the step left something that an undo has to take back.
    pub fn is_reversible(self) -> bool {
        matches!(self, Self::Mark | Self::Move)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mark => "mark version",
            Self::Move => "move target",
            Self::TagObject => "tag object",
            Self::TagRef => "tag",
            Self::Draft => "record",
            Self::Release => "release",
            Self::Dispatch => "start CD",
            Self::Link => "links back",
            Self::Confirm => "re-read",
            Self::Follow => "CD",
        })
    }
}

/// What a finished step left behind, as the servers' own answers say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "receipt")]
pub enum Receipt {
    /// The mark is on the version.
    Marked,
    /// The target moved.
    Moved {
        /// Versions that left the target by it.
        archived: Vec<VersionNumber>,
    },
    /// The tag object exists.
    TagObject {
        /// Its id.
        sha: String,
    },
    /// The tag ref exists and is ours.
    TagRef {
        /// The tag object it points to.
        object: String,
    },
    /// The draft carries the record.
    Drafted {
        /// The host's id of the release.
        id: u64,
    },
    /// The release is published.
    Released {
        /// The host's id.
        id: u64,
        /// Address for people.
        url: String,
    },
    /// The dispatch was accepted.
    Dispatched,
    /// Links are on the version.
    Linked,
    /// Everything was re-read.
    Confirmed {
        /// What was found.
        truth: Vec<Observation>,
    },
    /// The CD run ended, did not start in time, or is not expected.
    Cd {
        /// How.
        outcome: CdOutcome,
    },
}

/// One fact re-read from a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What was looked at: `stage`, `tag`, `release`, ...
    pub what: String,
    /// What is there now, as a phrase.
    pub is: String,
    /// Whether that is what the promotion meant to leave; none if it could not be read.
    pub as_meant: Option<bool>,
}
