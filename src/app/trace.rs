//! Questions about where a version came from, each answered on its own: what lineage is made of.

use crate::domain::artifact::LoggedModel;
use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::experiment::Experiment;
use crate::domain::ids::{CommitSha, ExperimentId, RepoSlug};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};

/// A question. It names what it is about so far that it can be answered without reading anything else first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trace {
    /// A logged model, by its id.
    LoggedModel(String),
    Experiment(ExperimentId),
    /// A commit, by anything Git would resolve.
    Commit {
        /// The repository.
        repo: RepoSlug,
        /// An id, perhaps abbreviated, or a branch.
        rev: String,
    },
    /// The pull request that brought a commit in.
    PullRequest {
        /// The repository.
        repo: RepoSlug,
        commit: CommitSha,
    },
    /// Checks and statuses of a commit.
    Checks {
        /// The repository.
        repo: RepoSlug,
        commit: CommitSha,
    },
    /// What one commit has that another has not.
    Changes {
        /// The repository.
        repo: RepoSlug,
        old: CommitSha,
        new: CommitSha,
    },
    /// A workflow run.
    Workflow {
        /// The repository.
        repo: RepoSlug,
        id: u64,
    },
}

/// The answer to the [`Trace`] of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Traced {
    LoggedModel(LoggedModel),
    Experiment(Experiment),
    Commit(Commit),
    /// To [`Trace::PullRequest`]; none if the commit was pushed directly.
    PullRequest(Option<PullRequest>),
    Checks(Vec<CheckResult>),
    Changes(CodeChange),
    Workflow(CdRun),
}
