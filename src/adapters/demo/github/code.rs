//! Evidence about commits: pull requests, checks, and the workflow runs that trained models.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Repo;
use crate::domain::ids::CommitSha;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    /// None for an account that is gone.
    pub author: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    pub merge: Option<Merge>,
    /// Commits it holds, or brought in.
    pub commits: Vec<CommitSha>,
    /// Who said what, in the host's words, oldest first.
    pub reviews: Vec<(Option<String>, String)>,
}

/// How a pull request was merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    pub by: Option<String>,
    pub at: Timestamp,
    /// The commit the merge made.
    pub commit: CommitSha,
}

/// A check run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub id: u64,
    pub name: String,
    /// `completed`, or how far it is.
    pub status: String,
    /// How it ended, in the host's word.
    pub conclusion: Option<String>,
    pub started_at: Option<Timestamp>,
}

/// A workflow run that trained a model, and ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingWorkflowRun {
    pub id: u64,
    /// Number counted per workflow.
    pub number: u64,
    pub created_at: Timestamp,
    /// Login of who started it.
    pub actor: Option<String>,
}

impl Repo {
    /// The pull requests that hold a commit, or brought it in.
    pub fn pulls_of(&self, sha: &CommitSha) -> impl Iterator<Item = &Pull> {
        self.pulls.iter().filter(move |pull| pull.commits.contains(sha))
    }

    /// One workflow run that trained a model.
    pub fn training(&self, id: u64) -> Option<&TrainingWorkflowRun> {
        self.trainings.iter().find(|run| run.id == id)
    }
}
