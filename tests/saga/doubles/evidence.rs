//! Doubles of the other evidence sources, besides registry and release host: the code host and the tracking server.

use std::sync::Arc;

use async_trait::async_trait;
use signoff::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile};
use signoff::domain::cd::CdRun;
use signoff::domain::commit::CommitComment;
use signoff::domain::experiment::{Experiment, RunQuery};
use signoff::domain::failure::{Outcome, Service};
use signoff::domain::history::History;
use signoff::domain::ids::{CommitSha, ExperimentId, RepoSlug, RunId};
use signoff::domain::lineage::{CheckResult, CodeChange, PullRequest};
use signoff::domain::logged::LoggedModel;
use signoff::domain::page::Page;
use signoff::domain::registry::ModelVersion;
use signoff::domain::run::Run;
use signoff::ports::code::CodeHost;
use signoff::ports::tracking::TrackingServer;

use super::Script;

const GITHUB: Service = Service::Github;
const MLFLOW: Service = Service::Mlflow;

/// A code host whose calls go through a script.
pub struct FaultyCode {
    pub inner: Arc<dyn CodeHost>,
    pub script: Script,
}

#[async_trait]
impl CodeHost for FaultyCode {
    async fn pull_request(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Option<PullRequest>> {
        self.script.read(GITHUB, "pull_request", self.inner.pull_request(repo, commit)).await
    }
    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>> {
        self.script.read(GITHUB, "checks", self.inner.checks(repo, commit)).await
    }
    async fn changes(&self, repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> Outcome<CodeChange> {
        self.script.read(GITHUB, "changes", self.inner.changes(repo, old, new)).await
    }
    async fn workflow_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        self.script.read(GITHUB, "workflow_run", self.inner.workflow_run(repo, id)).await
    }
    async fn comments(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CommitComment>> {
        self.script.read(GITHUB, "comments", self.inner.comments(repo, commit)).await
    }
    async fn is_member(&self, org: &str, team: &str, login: &str) -> Outcome<bool> {
        self.script.read(GITHUB, "is_member", self.inner.is_member(org, team, login)).await
    }
    async fn may_write(&self, repo: &RepoSlug, login: &str) -> Outcome<bool> {
        self.script.read(GITHUB, "may_write", self.inner.may_write(repo, login)).await
    }
    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>> {
        self.script.read(GITHUB, "asset", self.inner.asset(repo, id, limit)).await
    }
    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>> {
        self.script.read(GITHUB, "file", self.inner.file(repo, commit, path)).await
    }
    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String {
        self.inner.commit_page(repo, commit)
    }
}

/// A tracking server whose calls go through a script.
pub struct FaultyTracking {
    pub inner: Arc<dyn TrackingServer>,
    pub script: Script,
}

#[async_trait]
impl TrackingServer for FaultyTracking {
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>> {
        self.script.read(MLFLOW, "experiments", self.inner.experiments(page)).await
    }
    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment> {
        self.script.read(MLFLOW, "experiment", self.inner.experiment(id)).await
    }
    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>> {
        self.script.read(MLFLOW, "search_runs", self.inner.search_runs(query)).await
    }
    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        self.script.read(MLFLOW, "histories", self.inner.histories(runs, metric, window, max_points)).await
    }
    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        self.script.read(MLFLOW, "artifacts", self.inner.artifacts(root, path)).await
    }
    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead> {
        self.script.read(MLFLOW, "artifact_head", self.inner.artifact_head(root, path, limit)).await
    }
    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn tokio::io::AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        self.script.read(MLFLOW, "download", self.inner.download(root, path, into, progress)).await
    }
    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel> {
        self.script.read(MLFLOW, "logged_model", self.inner.logged_model(id)).await
    }
    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile> {
        self.script.read(MLFLOW, "mlmodel", self.inner.mlmodel(version)).await
    }
    fn experiment_page(&self, id: &ExperimentId) -> Option<String> {
        self.inner.experiment_page(id)
    }
    fn logged_model_page(&self, experiment: &ExperimentId, id: &str) -> Option<String> {
        self.inner.logged_model_page(experiment, id)
    }
}
