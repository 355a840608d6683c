//! The continuous delivery (CD) run that a release starts.

use std::fmt;

use super::ids::{CommitSha, TagName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What starts CD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdTrigger {
    /// The workflow listens to `release: published`.
    #[default]
    Release,
    /// The workflow listens to `push: tags`.
    Tag,
    /// signoff sends `workflow_dispatch` itself, with the tag as ref.
    Dispatch,
    /// Nothing: no CD is expected, none is looked for.
    None,
}

impl CdTrigger {
    /// The `event` GitHub reports on runs started this way.
    pub fn event(self) -> Option<&'static str> {
        match self {
            Self::Release => Some("release"),
            Self::Tag => Some("push"),
            Self::Dispatch => Some("workflow_dispatch"),
            Self::None => None,
        }
    }
}

/// One workflow run as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdRun {
    /// The host's id; re-runs keep it.
    pub id: u64,
    /// Number counted per workflow.
    pub number: u64,
    /// Raised by each re-run, from 1.
    pub attempt: u64,
    /// Workflow file, such as `.github/workflows/cd.yml`.
    pub path: String,
    /// How far it is.
    pub state: CdState,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Login of who started it, or started it again.
    #[serde(default)]
    pub actor: Option<String>,
    /// Address for people.
    pub web_url: String,
}

/// One job of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdJob {
    /// Its name, cleaned.
    pub name: String,
    /// How far it is.
    pub state: CdState,
    /// The step at work now, cleaned.
    pub current_step: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How far a run or job is. Only [`CdState::Success`] means deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdState {
    /// Not started: requested, queued or pending.
    Queued,
    /// Waits for somebody to approve a deployment environment.
    Waiting,
    /// At work.
    Running,
    /// Ended well.
    Success,
    /// Ended otherwise; the host's word for it (`failure`, `cancelled`, `skipped`, `timed_out`, ...).
    Failed(String),
    /// A word this program does not know.
    Other(String),
}

impl CdState {
    /// Reads GitHub's pair of status and conclusion.
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

    /// Nothing more will happen without a re-run.
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

/// How the search for, and the watch over, the CD run ended so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cd")]
pub enum CdOutcome {
    /// Configuration says no CD is expected.
    NotExpected,
    /// No run appeared in time. It may still: the workflow may not exist at the tagged commit, be disabled,
    /// or the token may belong to Actions, whose events start nothing.
    NotStarted {
        /// How long was waited, in seconds.
        waited_s: u64,
    },
    /// The run as last seen. [`CdState::is_final`] tells whether it can still change.
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
    /// What started it.
    pub trigger: CdTrigger,
    /// Only this workflow file, if named.
    pub workflow: Option<String>,
    /// The release's tag.
    pub tag: TagName,
    /// The tagged commit.
    pub commit: CommitSha,
    /// No run created before this (less a margin for clock skew) counts.
    pub since: Timestamp,
}
