//! The evidence on one version: its facts, its code, its files.
//!
//! Evidence is read once per action (`services::evidence`) and passed on as a value. Everything shown, judged, signed
//! or released comes from that value, so a record, a plan and a tag cannot name different commits.

use jiff::Timestamp;

use super::artifact::{ArtifactFacts, Signature};
use super::cd::CdRun;
use super::commit::CommitOrigin;
use super::commit::{Commit, Repository};
use super::facts::ReviewedFacts;
use super::failure::{Failure, FailureKind, Outcome, Service};
use super::ids::{RepoSlug, VersionNumber};
use super::lineage::{CheckResult, CodeChange, PullRequest};
use super::registry::TransitionRequest;

#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Version, run and baseline.
    pub facts: ReviewedFacts,
    pub code: Code,
    /// Open requests to move the version to a stage; none on registries that keep none.
    pub requests: Outcome<Vec<TransitionRequest>>,
    /// The model's signature; none if it has none.
    pub signature: Outcome<Option<Signature>>,
    /// Digests of the version's files; none where nobody asked for them.
    pub artifact: Option<ArtifactFacts>,
    pub read_at: Timestamp,
}

/// The code host's data on the code behind a version. Each part is read separately: one that cannot be read says why
/// and does not hide the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Repository and commit. If unknown, the parts that need them fail with the same message.
    pub source: Outcome<Source>,
    pub repository: Outcome<Repository>,
    /// Whether the commit is on the default branch.
    pub on_default_branch: Outcome<bool>,
    /// The pull request that merged the commit; `None` for a direct push.
    pub pull_request: Outcome<Option<PullRequest>>,
    /// Checks and statuses of the commit; may be empty.
    pub checks: Outcome<Vec<CheckResult>>,
    /// Changes since the version in production; `None` if nothing is in production.
    pub changes: Outcome<Option<Changes>>,
    /// The workflow run that trained the version; `None` if no tag of its run names one.
    pub training: Outcome<Option<Training>>,
}

impl Code {
    /// Nothing was read, for one reason.
    pub fn unread(why: &Failure) -> Self {
        Self {
            source: Err(why.clone()),
            repository: Err(why.clone()),
            on_default_branch: Err(why.clone()),
            pull_request: Err(why.clone()),
            checks: Err(why.clone()),
            changes: Err(why.clone()),
            training: Err(why.clone()),
        }
    }
}

/// The resolved source code of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub repo: RepoSlug,
    pub commit: Commit,
    pub origin: CommitOrigin,
}

/// The code changes since the version in production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The version in production.
    pub baseline: VersionNumber,
    /// Commit of the version in production.
    pub from: Commit,
    /// The diff from that commit to the candidate's.
    pub change: CodeChange,
    /// Number of listed files under the configured paths; `None` if no paths are configured.
    pub watched: Option<usize>,
}

/// The workflow run that trained a version, as claimed by a tag of the training run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The tag that claims it.
    pub tag: String,
    /// The repository of the workflow. May differ from that of the code.
    pub repo: RepoSlug,
    pub run: CdRun,
}

/// The failure used for parts that were not requested.
pub fn not_asked(what: &str) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Local, format!("read {what}"), "no rule asks for it")
}
