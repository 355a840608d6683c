//! What a person asks the host to do with a run of CD.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// A deployment environment that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDeployment {
    pub environment: Environment,
    /// Whether the owner of the token may approve it.
    pub may_approve: bool,
    /// Logins and teams that may, cleaned.
    pub reviewers: Vec<String>,
    /// Minutes that it waits whoever approves.
    pub wait_minutes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub id: u64,
    /// Cleaned.
    pub name: String,
}

/// One request about a run. Part of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum CdAct {
    /// Runs its failed jobs again, and those that need them.
    Rerun {
        /// The host's id of the run.
        run: u64,
    },
    /// Approves its deployments to these environments.
    Approve {
        /// The host's id of the run.
        run: u64,
        environments: Vec<Environment>,
    },
}

impl CdAct {
    /// The host's id of the run.
    pub fn run(&self) -> u64 {
        match self {
            Self::Rerun { run } | Self::Approve { run, .. } => *run,
        }
    }
}

/// As a phrase after "asked to" or "could not".
impl fmt::Display for CdAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rerun { run } => write!(f, "run the failed jobs of run {run} again"),
            Self::Approve { run, environments } => {
                let names = environments.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
                write!(f, "approve the deployment of run {run} to {names}")
            }
        }
    }
}

/// A request of a person, as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedOfCd {
    pub act: CdAct,
    /// Login of whoever asked.
    pub by: String,
    pub at: Timestamp,
    /// What the host said; none while that is not known.
    pub answer: Option<Result<(), Failure>>,
}
