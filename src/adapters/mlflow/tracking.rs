//! The tracking port.

use async_trait::async_trait;
use serde_json::json;
use tokio::io::AsyncWrite;

use super::artifacts::no_logged_models;
use super::{Mlflow, client, convert, mlmodel, wire};
use crate::adapters::http::Part;
use crate::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile};
use crate::domain::experiment::{Experiment, RunAttribute, RunOrder, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::history::History;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::domain::text::clean_line;
use crate::ports::tracking::TrackingServer;

#[async_trait]
impl TrackingServer for Mlflow {
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>> {
        let what = "list the experiments";
        let read = |token| async move {
            let body = json!({
                "view_type": "ACTIVE_ONLY",
                // Without it nothing is returned (measured on 2.22 and 3.18).
                "max_results": self.tuning.experiments_listed,
                "order_by": ["creation_time DESC"],
                "page_token": token,
            });
            let call = client::search("experiments/search", what, &body);
            let (answer, bytes) = self.tracking.sized::<wire::ExperimentPage>(call).await?;
            let items = answer.experiments.into_iter().filter_map(convert::experiment).collect();
            Ok(Part::new(items, answer.next_page_token, bytes))
        };
        self.tracking.page(what, page, read).await
    }

    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment> {
        let what = format!("read the experiment {}", clean_line(id.as_str()));
        let call = client::get("experiments/get", &what).query("experiment_id", id.as_str());
        let answer: wire::OneExperiment = self.tracking.json(call).await?;
        convert::experiment(answer.experiment)
            .ok_or_else(|| Failure::new(FailureKind::Protocol, Service::Mlflow, what, "the answer names no experiment"))
    }

    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>> {
        let page = query.page.as_deref();
        if query.experiments.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let what = "search the runs";
        let read = |token| async move {
            let body = json!({
                // Strings: 3.x finds nothing for numbers (measured on 3.18).
                "experiment_ids": query.experiments.iter().map(ExperimentId::as_str).collect::<Vec<_>>(),
                "filter": query.filter,
                "run_view_type": "ACTIVE_ONLY",
                "max_results": self.tuning.runs_per_page,
                "order_by": [order_by(query.order)],
                "page_token": token,
            });
            let (answer, bytes) =
                self.tracking.sized::<wire::RunPage>(client::search("runs/search", what, &body)).await?;
            Ok(Part::new(convert::runs(answer.runs), answer.next_page_token, bytes))
        };
        self.tracking.page(what, page, read).await
    }

    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        self.read_histories(runs, metric, window, max_points).await
    }

    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        self.list_files(root, path).await
    }

    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead> {
        self.file_head(root, path, limit).await
    }

    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        self.save_file(root, path, into, progress).await
    }

    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel> {
        self.one_logged_model(id)
            .await?
            .ok_or_else(|| no_logged_models(&ArtifactRoot::LoggedModel(id.to_owned()), &super::logged::reading(id)))
    }

    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile> {
        self.mlmodel_from(self, version).await
    }

    fn experiment_page(&self, id: &ExperimentId) -> Option<String> {
        let page = super::experiment_page(self.tracking.base(), id);
        Some(super::in_workspace(page, self.tracking.known_workspace()))
    }

    fn logged_model_page(&self, experiment: &ExperimentId, id: &str) -> Option<String> {
        let page = super::logged_model_page(self.tracking.base(), experiment, id);
        Some(super::in_workspace(page, self.tracking.known_workspace()))
    }
}

impl Mlflow {
    /// The `MLmodel` file of a version; `files` reads the files of runs and logged models.
    pub(in crate::adapters) async fn mlmodel_from(
        &self,
        files: &dyn TrackingServer,
        version: &ModelVersion,
    ) -> Outcome<MlModelFile> {
        let what = format!("read the MLmodel file of {} {}", version.model, version.number);
        let bytes = self.read_mlmodel(files, version, &what).await?;
        let signature = mlmodel::signature(&String::from_utf8_lossy(&bytes), &what);
        Ok(MlModelFile { bytes, signature })
    }
}

fn order_by(order: RunOrder) -> String {
    let attribute = match order.by {
        RunAttribute::Started => "start_time",
        RunAttribute::Name => "run_name",
        RunAttribute::Status => "status",
    };
    format!("attributes.{attribute} {}", if order.descending { "DESC" } else { "ASC" })
}
