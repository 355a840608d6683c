//! Unity Catalog unless the workspace says that it has no metastore: MLflow 3's rule for a workspace without a registry
//! URI, and what MLflow's own client advises then.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::catalog::{Catalog, NO_METASTORE};
use super::workspace::WorkspaceRegistry;
use crate::domain::deployment::{ApprovalTask, DeploymentRun};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, RegistryUser, SignInEnd, Stage, Told,
    TransitionRequest,
};
use crate::domain::run::Run;
use crate::ports::{Journaled, ModelRegistry};

/// Which registries this machine's journals and records know.
#[async_trait]
pub trait KnownRegistry: fmt::Debug + Send + Sync {
    /// Whether any of them is about the registry at `url`.
    async fn knows(&self, url: &str) -> bool;
}

#[derive(Debug)]
pub(super) struct Assumed {
    catalog: Catalog,
    workspace: WorkspaceRegistry,
    known: Arc<dyn KnownRegistry>,
    /// Whether the catalog is there.
    has_metastore: OnceCell<bool>,
}

impl Assumed {
    pub(super) fn new(catalog: Catalog, workspace: WorkspaceRegistry, known: Arc<dyn KnownRegistry>) -> Self {
        Self { catalog, workspace, known, has_metastore: OnceCell::new() }
    }

    async fn registry(&self) -> Outcome<&dyn ModelRegistry> {
        let has = self.has_metastore.get_or_try_init(|| self.decide()).await?;
        Ok(if *has { &self.catalog } else { &self.workspace })
    }

    async fn decide(&self) -> Outcome<bool> {
        if self.catalog.has_metastore().await? {
            return Ok(true);
        }
        if self.known.knows(&self.catalog.url()).await {
            let reason = format!(
                "the workspace says that it has no metastore ({NO_METASTORE}), but earlier promotions of this machine \
                 were in its Unity Catalog"
            );
            return Err(Failure::new(FailureKind::Conflict, Service::Mlflow, "choose the registry", reason).with_hint(
                "Set registry_uri to \"databricks\" for the workspace's own registry, or to \"databricks-uc\".",
            ));
        }
        Ok(false)
    }

    /// As far as it is known without a request.
    fn so_far(&self) -> &dyn ModelRegistry {
        match self.has_metastore.get() {
            Some(false) => &self.workspace,
            Some(true) | None => &self.catalog,
        }
    }
}

#[async_trait]
impl ModelRegistry for Assumed {
    fn url(&self) -> String {
        self.so_far().url()
    }

    /// Settles which registry it is, so that [`Self::url`] is right afterwards.
    async fn workspace(&self) -> Outcome<Option<String>> {
        self.registry().await?.workspace().await
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        let info = self.registry().await?.info().await?;
        let chosen = match self.has_metastore.get() {
            Some(false) => format!(
                "the workspace's own, because it says that it has no metastore ({NO_METASTORE}); usually promoted to is \
                 the stage Production"
            ),
            Some(true) | None => {
                "Unity Catalog, as no registry URI is given and the workspace has a metastore".to_owned()
            }
        };
        Ok(RegistryInfo { chosen: Some(chosen), ..info })
    }

    async fn usual_target(&self) -> Outcome<Option<PromotionTarget>> {
        self.registry().await?;
        Ok(match self.has_metastore.get() {
            Some(false) => Some(PromotionTarget::Stage(Stage::Production)),
            Some(true) | None => None,
        })
    }

    async fn sign_in_ends(&self) -> Outcome<Option<SignInEnd>> {
        self.registry().await?.sign_in_ends().await
    }

    fn most_tags(&self) -> Option<usize> {
        self.so_far().most_tags()
    }

    async fn user(&self) -> Outcome<RegistryUser> {
        self.registry().await?.user().await
    }

    async fn permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        self.registry().await?.permission(model).await
    }

    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        self.registry().await?.deployment_run(job, run).await
    }

    async fn may_repair(&self, job: &str) -> Outcome<Option<Permission>> {
        self.registry().await?.may_repair(job).await
    }

    async fn repair_deployment(&self, journaled: &Journaled, asked: &ApprovalTask, after: Option<&str>) -> Outcome<()> {
        self.registry().await?.repair_deployment(journaled, asked, after).await
    }

    fn keeps_requests(&self) -> bool {
        self.so_far().keeps_requests()
    }

    async fn requests(&self, model: &ModelName, number: VersionNumber) -> Outcome<Vec<TransitionRequest>> {
        self.registry().await?.requests(model, number).await
    }

    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        self.registry().await?.models(name_like, page).await
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.registry().await?.model(name).await
    }

    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        self.registry().await?.versions(model, page).await
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        self.registry().await?.version(model, number).await
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        self.registry().await?.versions_of_run(run).await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        self.registry().await?.version_by_alias(model, alias).await
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        self.registry().await?.holders(model, target).await
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.catalog.runs(ids).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.catalog.logged_models(ids).await
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        self.so_far().version_page(model, number)
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        self.so_far().run_page(experiment, run)
    }

    fn job_page(&self, job: &JobRun) -> Option<String> {
        self.so_far().job_page(job)
    }

    fn tags_hold_text(&self) -> bool {
        self.so_far().tags_hold_text()
    }

    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        self.registry().await?.set_version_tag(journaled, model, number, key, value).await
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        self.registry().await?.delete_version_tag(journaled, model, number, key).await
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
        self.registry().await?.move_stage(journaled, model, number, stage, archive_existing, comment).await
    }

    async fn tell(&self, journaled: &Journaled, model: &ModelName, number: VersionNumber, told: &Told) -> Outcome<()> {
        self.registry().await?.tell(journaled, model, number, told).await
    }

    async fn set_alias(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        self.registry().await?.set_alias(journaled, model, alias, number).await
    }

    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        self.registry().await?.delete_alias(journaled, model, alias).await
    }
}
