//! The tracking server beyond the runs of a version: experiments, searches, metric histories, files. Read-only.

use async_trait::async_trait;

use crate::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::failure::Outcome;
use crate::domain::history::History;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;

/// Reads the tracking server. The adapter may retry all reads.
#[async_trait]
pub trait TrackingServer: Send + Sync {
    /// One page of experiments, newest first, without deleted ones.
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>>;
    /// One experiment, deleted ones included.
    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment>;
    /// One page of runs. A filter the server does not understand is [`crate::domain::failure::FailureKind::Rejected`]
    /// with the server's own words.
    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>>;
    /// The history of one metric in several runs: at most `max_points` per run, sampled evenly by step if there are
    /// more, within the steps of `window` if given.
    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>>;
    /// Files and folders directly below `path` (empty for the root), folders first, by name.
    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>>;
    /// The first `limit` bytes of a file; the transfer is aborted after them.
    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead>;
    /// Writes a whole file to `into` and reports the bytes so far to `progress`. Errors of `into` are
    /// [`crate::domain::failure::FailureKind::Local`].
    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn tokio::io::AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64>;
    /// A logged model; [`crate::domain::failure::FailureKind::NotFound`] on servers without logged models.
    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel>;
    /// A version's `MLmodel` file with its signature. [`crate::domain::failure::FailureKind::NotFound`] if there is none
    /// where its source says.
    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile>;
    /// Address of an experiment for people, if the server has a web page.
    fn experiment_page(&self, id: &ExperimentId) -> Option<String>;
    /// URL of a logged model's web page.
    fn logged_model_page(&self, experiment: &ExperimentId, id: &str) -> Option<String>;
}
