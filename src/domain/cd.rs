//! The continuous delivery (CD) run started by a release.

use std::fmt;

use super::ids::{CommitSha, TagName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdTrigger {
    /// The workflow is triggered by `release: published`.
    #[default]
    Release,
    /// The workflow is triggered by `push: tags`.
    Tag,
    /// signoff sends `workflow_dispatch` itself, with the tag as ref.
    Dispatch,
    /// No CD run is expected or looked for.
    None,
}

impl CdTrigger {
    /// The `event` that GitHub reports for runs started this way.
    pub fn event(self) -> Option<&'static str> {
        match self {
            Self::Release => Some("release"),
            Self::Tag => Some("push"),
            Self::Dispatch => Some("workflow_dispatch"),
            Self::None => None,
        }
    }
}

/// One workflow run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdRun {
    /// The host's id; re-runs keep it.
    pub id: u64,
    /// Counted per workflow.
    pub number: u64,
    /// From 1, incremented by each re-run.
    pub attempt: u64,
    /// Workflow file, such as `.github/workflows/cd.yml`.
    pub path: String,
    pub state: CdState,
    pub created_at: Option<Timestamp>,
    /// Login of whoever started or re-ran it.
    #[serde(default)]
    pub actor: Option<String>,
    pub web_url: String,
}

/// One job of a workflow run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdJob {
    /// Cleaned.
    pub name: String,
    pub state: CdState,
    /// Name of the running step, cleaned.
    pub current_step: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// The state of a run or job. Only [`CdState::Success`] means deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdState {
    /// Not started: requested, queued or pending.
    Queued,
    /// Waiting for approval of a deployment environment.
    Waiting,
    Running,
    Success,
    /// Ended without success, with GitHub's conclusion (`failure`, `cancelled`, `skipped`, `timed_out`, ...).
    Failed(String),
    /// A state unknown to this program.
    Other(String),
}

impl CdState {
    /// Converts GitHub's status and conclusion.
    pub fn from_github(status: Option<&str>, conclusion: Option<&str>) -> Self {
        match (status.unwrap_or("queued"), conclusion) {
            ("completed", Some("success")) => Self::Success,
            ("completed", Some(other)) => Self::Failed(super::text::clean_line(other)),
            ("completed", None) => Self::Other("completed".to_owned()),
            ("requested" | "queued" | "pending", _) => Self::Queued,
            ("waiting", _) => Self::Waiting,
            ("in_progress", _) => Self::Running,
            (other, _) => Self::Other(super::text::clean_line(other)),
        }
    }

    /// Whether the state can no longer change without a re-run.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Failed(_))
    }
}

impl fmt::Display for CdState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting for approval",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed(word) | Self::Other(word) => word,
        })
    }
}

/// The result so far of finding and following the CD run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cd")]
pub enum CdOutcome {
    /// The configuration expects no CD.
    NotExpected,
    /// No run appeared in time. It may still do so. The workflow may not exist at the tagged commit, may be disabled,
    /// or the token may belong to Actions, whose events start no workflows.
    NotStarted {
        /// Seconds waited.
        waited_s: u64,
    },
    /// The run as last seen; [`CdState::is_final`] tells whether it can still change.
    Run(CdRun),
}
/// What starts CD and how long to wait for it to appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdPlan {
    /// What starts it.
    pub trigger: CdTrigger,
    /// The workflow file, such as `cd.yml`; any workflow with the right event counts if none is named.
    pub workflow: Option<String>,
    /// Seconds to wait for a run to appear.
    pub wait_s: u64,
}

/// What to look for when following CD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdQuery {
    pub trigger: CdTrigger,
    /// Restricts the search to this workflow file, if set.
    pub workflow: Option<String>,
    pub tag: TagName,
    /// The tagged commit.
    pub commit: CommitSha,
    /// Ignore runs created before this time (less a margin for clock skew).
    pub since: Timestamp,
}
