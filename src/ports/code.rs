//! The code host as a source of evidence: pull requests, checks, comparisons. Read-only.

use async_trait::async_trait;

use super::unsupported;
use crate::domain::cd::CdRun;
use crate::domain::commit::CommitComment;
use crate::domain::failure::{Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug, TagName};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::witness::Deployment;

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 64 * 1024;

/// Reads facts about a commit. The adapter may retry all reads.
#[async_trait]
pub trait CodeHost: Send + Sync {
    /// The merged pull request that brought `commit` in, else an open one that contains it; none for a direct push.
    async fn pull_request(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Option<PullRequest>>;
    /// Check runs and commit statuses of `commit` by name, the latest of each name.
    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>>;
    /// What `new` has that `old` does not.
    async fn changes(&self, repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> Outcome<CodeChange>;
    /// One workflow run by its id, such as the one that trained a model.
    async fn workflow_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun>;
    /// Every comment on a commit, oldest first.
    async fn comments(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CommitComment>>;
    /// Whether `login` is an active member of the team `org/team`. [`crate::domain::failure::FailureKind::Forbidden`]
    /// if the token may not see the team: it needs the scope `read:org` or the permission Members: read.
    async fn is_member(&self, org: &str, team: &str, login: &str) -> Outcome<bool>;
    /// Whether `login` may write to the repository. [`crate::domain::failure::FailureKind::Forbidden`] if the token may
    /// not ask.
    async fn may_write(&self, repo: &RepoSlug, login: &str) -> Outcome<bool>;
    /// The bytes of a release asset; more than `limit` are [`crate::domain::failure::FailureKind::Protocol`].
    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>>;
    /// The content of the file at `path` as of `commit`; none if there is no such file.
    /// [`crate::domain::failure::FailureKind::Rejected`] if it is larger than [`MAX_FILE`].
    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>>;
    /// The deployments to `environment`, newest first, with the newest status of those of `commit` or `tag` and of the
    /// newest of all.
    async fn deployments(
        &self,
        repo: &RepoSlug,
        environment: &str,
        _commit: &CommitSha,
        _tag: &TagName,
    ) -> Outcome<Vec<Deployment>> {
        let operation = format!("list the deployments of {repo} to {environment}");
        Err(unsupported(Service::Github, operation, "this host keeps no deployments"))
    }
    /// URL of a commit's web page.
    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String;
}
