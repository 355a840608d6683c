//! Everything that was read about one version: its facts, the code behind it, its files.
//!
//! It is read once for an act (`services::evidence`) and handed on as a value. Whatever is shown, judged, signed or
//! released comes from that value, so a record, a plan and a tag cannot name two commits.

use jiff::Timestamp;

use super::artifact::{ArtifactFacts, Signature};
use super::cd::CdRun;
use super::commit::CommitOrigin;
use super::commit::{Commit, Repository};
use super::facts::ReviewedFacts;
use super::failure::{Failure, FailureKind, Outcome, Service};
use super::ids::{RepoSlug, VersionNumber};
use super::lineage::{CheckResult, CodeChange, PullRequest};

/// Everything a decision on one version rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Version, run and baseline.
    pub facts: ReviewedFacts,
    pub code: Code,
    /// The model's signature; none if it has none.
    pub signature: Outcome<Option<Signature>>,
    /// Digests of the version's files; none where nobody asked for them.
    pub artifact: Option<ArtifactFacts>,
    pub read_at: Timestamp,
}

/// What the code host says of the code behind a version. Each part was read on its own: one that cannot be read hides
/// no other, and says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Repository and commit. If they are not known, the parts that need them fail in the same words.
    pub source: Outcome<Source>,
    pub repository: Outcome<Repository>,
    /// The commit is on the default branch.
    pub on_default_branch: Outcome<bool>,
    /// The pull request that brought the commit in; none for a direct push.
    pub pull_request: Outcome<Option<PullRequest>>,
    /// Checks and statuses of the commit; may be empty.
    pub checks: Outcome<Vec<CheckResult>>,
    /// What changed since the version in production; none if nothing is in production.
    pub changes: Outcome<Option<Changes>>,
    /// What trained the version; none if no tag of its run says so.
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

/// The code a version was made from, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub repo: RepoSlug,
    pub commit: Commit,
    /// Why this commit.
    pub origin: CommitOrigin,
}

/// What changed in the code since the version in production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The version in production.
    pub baseline: VersionNumber,
    /// Its commit.
    pub from: Commit,
    /// What the candidate's commit has and this one has not.
    pub change: CodeChange,
    /// How many of the listed files are under the configured paths; none if no paths are configured.
    pub watched: Option<usize>,
}

/// The workflow run that trained a version, as a tag of the training run claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The tag that claims it.
    pub tag: String,
    /// The repository the workflow ran in. May be another than that of the code.
    pub repo: RepoSlug,
    pub run: CdRun,
}

/// The failure that stands for what nobody asked to read.
pub fn not_asked(what: &str) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Local, format!("read {what}"), "no rule asks for it")
}
