//! The steps of a promotion and their receipts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::cd::{CdOutcome, CdTrigger};
use crate::domain::deployment::JobOutcome;
use crate::domain::elsewhere::Arrival;
use crate::domain::ids::VersionNumber;
use crate::domain::registry::PromotionTarget;

/// One step. The variants are in execution order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Tag the model version with the promotion's id. Reversible.
    Mark,
    /// Move the stage or alias. Reversible as long as nobody else changed it since.
    Move,
    /// Create the annotated tag object: content-addressed, invisible, idempotent.
    TagObject,
    /// Create the tag ref: create-if-absent, hence the lock between two approvers. The pivot: cannot be undone.
    TagRef,
    /// Create a draft release and attach the record. Not publicly visible.
    Draft,
    /// Publish the draft. Repeatable.
    Release,
    /// Send `workflow_dispatch`, if that is what starts CD.
    Dispatch,
    /// Write tag, release and approver to the model version. Repeatable.
    Link,
    /// Take the candidate alias off the version, if the plan says so. Repeatable.
    Clear,
    /// Set the tag of the deployment job's approval task to `Approved`. Repeatable.
    Assent,
    /// Repair the run of the deployment job, which deploys. Cannot be undone; sent at most once.
    Repair,
    /// Re-read everything touched and record its state.
    Confirm,
    /// Find the CD run and follow it to its end.
    Follow,
    /// Follow the deployment job to its end.
    Deploy,
    /// Wait for the version at the other target, where CD copies it.
    Arrive,
}

impl Step {
    /// The steps of a promotion to `target` whose CD is started by `trigger`, in order.
    pub fn sequence(target: &PromotionTarget, trigger: CdTrigger) -> Vec<Self> {
        use Step::{
            Arrive, Assent, Confirm, Deploy, Dispatch, Draft, Follow, Link, Mark, Move, Release, Repair, TagObject,
            TagRef,
        };
        let mut steps = vec![Mark, Move, TagObject, TagRef, Draft, Release];
        if trigger == CdTrigger::Dispatch {
            steps.push(Dispatch);
        }
        steps.push(Link);
        match target {
            PromotionTarget::Stage(_) | PromotionTarget::Alias(_) => steps.extend([Confirm, Follow]),
            // The tag ref alone keeps two promotions of one version apart.
            PromotionTarget::Release => {
                steps.retain(|step| !step.is_of_registry());
                steps.extend([Confirm, Follow]);
            }
            PromotionTarget::Elsewhere(_) => {
                steps.retain(|step| *step != Move);
                steps.extend([Confirm, Follow, Arrive]);
            }
            PromotionTarget::DeploymentJob => {
                steps.retain(|step| *step != Move);
                steps.extend([Assent, Repair, Confirm, Follow, Deploy]);
            }
        }
        steps
    }

    /// Whether the step writes to the registry.
    pub fn is_of_registry(self) -> bool {
        match self {
            Self::Mark | Self::Move | Self::Link | Self::Clear | Self::Assent | Self::Repair => true,
            Self::Deploy | Self::Arrive => true,
            Self::TagObject
            | Self::TagRef
            | Self::Draft
            | Self::Release
            | Self::Dispatch
            | Self::Confirm
            | Self::Follow => false,
        }
    }

    /// The step after which nothing is undone.
    pub const PIVOT: Self = Self::TagRef;

    /// Whether the step only reads.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Confirm | Self::Follow | Self::Deploy | Self::Arrive)
    }

    /// Whether the step has an effect that an undo must revert.
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
            Self::Clear => "clear alias",
            Self::Assent => "approve task",
            Self::Repair => "repair run",
            Self::Confirm => "re-read",
            Self::Follow => "CD",
            Self::Deploy => "job",
            Self::Arrive => "arrival",
        })
    }
}

/// The result of a finished step, from the servers' own answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "receipt")]
pub enum Receipt {
    Marked,
    Moved {
        /// Versions that left the target as a result.
        archived: Vec<VersionNumber>,
    },
    TagObject {
        sha: String,
    },
    /// The tag ref exists and is ours.
    TagRef {
        /// The tag object it points to.
        object: String,
    },
    /// The draft exists and carries the record.
    Drafted {
        /// The host's id of the release.
        id: u64,
    },
    Released {
        /// The host's id of the release.
        id: u64,
        url: String,
    },
    Dispatched,
    /// The links are on the version.
    Linked,
    /// No links: the registry does not have the version any more. The release stands.
    Unlinked {
        why: String,
    },
    /// The candidate alias is not on the version any more.
    Cleared,
    /// The candidate alias is still there, and the release stands.
    Uncleared {
        why: String,
    },
    /// The task of the deployment job is approved.
    Assented {
        /// The last repair of the run before ours.
        #[serde(default)]
        after: Option<String>,
    },
    /// The run of the deployment job goes on.
    Repaired {
        /// Id of the repair, where it was seen.
        #[serde(default)]
        repair: Option<String>,
    },
    /// The deployment job cannot be told to go on, and the release stands.
    Withheld {
        why: String,
    },
    /// The version is at the other target, or did not come in time.
    Arrival {
        outcome: Arrival,
    },
    /// The deployment job ended.
    Job {
        outcome: JobOutcome,
    },
    Confirmed {
        truth: Vec<Observation>,
    },
    /// The CD run ended, did not start in time, or is not expected.
    Cd {
        outcome: CdOutcome,
    },
}

/// One fact re-read from a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The object: `stage`, `tag`, `release`, ...
    pub what: String,
    /// Its state, as a phrase.
    pub is: String,
    /// Whether it matches what the promotion intended; `None` if it could not be read.
    pub as_meant: Option<bool>,
}
