//! Evidence about commits: pull requests, checks, and the workflow runs that trained models.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Repo;
use crate::domain::ids::CommitSha;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    /// None for a deleted account.
    pub author: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    pub merge: Option<Merge>,
    /// The commits it contains or brought in.
    pub commits: Vec<CommitSha>,
    /// Reviewer and state in the host's words, oldest first.
    pub reviews: Vec<(Option<String>, String)>,
}

/// How a pull request was merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    pub by: Option<String>,
    pub at: Timestamp,
    /// The merge commit.
    pub commit: CommitSha,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub id: u64,
    pub name: String,
    /// `completed`, or the current state.
    pub status: String,
    /// The host's conclusion.
    pub conclusion: Option<String>,
    pub started_at: Option<Timestamp>,
}

/// A workflow run that trained a model and succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingWorkflowRun {
    pub id: u64,
    /// Run number, per workflow.
    pub number: u64,
    pub created_at: Timestamp,
    /// Login of who started it.
    pub actor: Option<String>,
}

impl Repo {
    /// The pull requests that contain a commit or brought it in.
    pub fn pulls_of(&self, sha: &CommitSha) -> impl Iterator<Item = &Pull> {
        self.pulls.iter().filter(move |pull| pull.commits.contains(sha))
    }

    /// One workflow run that trained a model.
    pub fn training(&self, id: u64) -> Option<&TrainingWorkflowRun> {
        self.trainings.iter().find(|run| run.id == id)
    }
}
