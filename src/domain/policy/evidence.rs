//! What a policy is laid against: everything that was read about one version, readable or not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::facts::ReviewedFacts;
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::lineage::{CheckResult, PullRequest};

/// Something that was read, or the sentence that says why it could not be.
pub type Reading<T> = Result<T, String>;

/// What the code host says about the commit behind a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeEvidence {
    /// Repository and commit.
    pub source: Reading<(RepoSlug, CommitSha)>,
    /// The commit is on the default branch.
    pub on_default_branch: Reading<bool>,
    /// The pull request that brought it in; none for a direct push.
    pub pull_request: Reading<Option<PullRequest>>,
    pub checks: Reading<Vec<CheckResult>>,
    /// Login of who started the workflow run that trained the version, where a tag names one.
    pub training_actor: Reading<Option<String>>,
}

impl CodeEvidence {
    /// Nothing was read, for the reason given.
    pub fn unread(why: &str) -> Self {
        let why = why.to_owned();
        Self {
            source: Err(why.clone()),
            on_default_branch: Err(why.clone()),
            pull_request: Err(why.clone()),
            checks: Err(why.clone()),
            training_actor: Err(why),
        }
    }
}

/// Everything a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Version, run and baseline.
    pub facts: ReviewedFacts,
    /// Whether the model has a signature.
    pub signature: Reading<bool>,
    /// What the code host says.
    pub code: CodeEvidence,
    /// When it was read.
    pub read_at: Timestamp,
}
