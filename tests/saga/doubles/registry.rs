//! The registry's double.

use std::sync::Arc;

use async_trait::async_trait;
use signoff::domain::deployment::{ApprovalTask, DeploymentRun};
use signoff::domain::failure::{Outcome, Service};
use signoff::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use signoff::domain::logged::LoggedModel;
use signoff::domain::page::Page;
use signoff::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, Stage, Told, TransitionRequest,
};
use signoff::domain::run::Run;
use signoff::ports::{Journaled, ModelRegistry};

use super::Script;

const MLFLOW: Service = Service::Mlflow;

/// A registry whose calls go through a script.
pub struct FaultyRegistry {
    pub inner: Arc<dyn ModelRegistry>,
    pub script: Script,
    /// The workspace it is in; none on a server without workspaces.
    pub workspace: Option<String>,
}

#[async_trait]
impl ModelRegistry for FaultyRegistry {
    fn url(&self) -> String {
        self.inner.url()
    }

    async fn workspace(&self) -> Outcome<Option<String>> {
        Ok(self.workspace.clone())
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        self.script.read(MLFLOW, "info", self.inner.info()).await
    }

    async fn permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        self.script.read(MLFLOW, "permission", self.inner.permission(model)).await
    }

    fn most_tags(&self) -> Option<usize> {
        self.inner.most_tags()
    }

    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        self.script.read(MLFLOW, "deployment_run", self.inner.deployment_run(job, run)).await
    }

    async fn may_repair(&self, job: &str) -> Outcome<Option<Permission>> {
        self.script.read(MLFLOW, "may_repair", self.inner.may_repair(job)).await
    }

    async fn repair_deployment(&self, journaled: &Journaled, asked: &ApprovalTask, after: Option<&str>) -> Outcome<()> {
        let call = self.inner.repair_deployment(journaled, asked, after);
        self.script.write(MLFLOW, "repair_deployment", journaled, call).await
    }

    fn keeps_requests(&self) -> bool {
        self.inner.keeps_requests()
    }

    async fn requests(&self, model: &ModelName, number: VersionNumber) -> Outcome<Vec<TransitionRequest>> {
        self.script.read(MLFLOW, "requests", self.inner.requests(model, number)).await
    }

    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        self.script.read(MLFLOW, "models", self.inner.models(name_like, page)).await
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.script.read(MLFLOW, "model", self.inner.model(name)).await
    }

    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        self.script.read(MLFLOW, "versions", self.inner.versions(model, page)).await
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        self.script.read(MLFLOW, "version", self.inner.version(model, number)).await
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        self.script.read(MLFLOW, "versions_of_run", self.inner.versions_of_run(run)).await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        self.script.read(MLFLOW, "version_by_alias", self.inner.version_by_alias(model, alias)).await
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        self.script.read(MLFLOW, "holders", self.inner.holders(model, target)).await
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.script.read(MLFLOW, "runs", self.inner.runs(ids)).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.script.read(MLFLOW, "logged_models", self.inner.logged_models(ids)).await
    }

    fn tags_hold_text(&self) -> bool {
        self.inner.tags_hold_text()
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        self.inner.version_page(model, number)
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        self.inner.run_page(experiment, run)
    }

    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        let call = self.inner.set_version_tag(journaled, model, number, key, value);
        self.script.write(MLFLOW, "set_version_tag", journaled, call).await
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        let call = self.inner.delete_version_tag(journaled, model, number, key);
        self.script.write(MLFLOW, "delete_version_tag", journaled, call).await
    }

    async fn move_stage(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        comment: &str,
    ) -> Outcome<()> {
        let call = self.inner.move_stage(journaled, model, number, stage, archive_existing, comment);
        self.script.write(MLFLOW, "move_stage", journaled, call).await
    }

    async fn tell(&self, journaled: &Journaled, model: &ModelName, number: VersionNumber, told: &Told) -> Outcome<()> {
        self.script.write(MLFLOW, "tell", journaled, self.inner.tell(journaled, model, number, told)).await
    }

    async fn set_alias(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        let call = self.inner.set_alias(journaled, model, alias, number);
        self.script.write(MLFLOW, "set_alias", journaled, call).await
    }

    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        let call = self.inner.delete_alias(journaled, model, alias);
        self.script.write(MLFLOW, "delete_alias", journaled, call).await
    }
}
