//! A workspace's own model registry: MLflow's API with stages and without aliases, and requests for transitions.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use serde_json::json;

use super::identity::{self, Identity};
use super::{Places, links, wire};
use crate::adapters::mlflow::registry::{LIST_MODELS, transition};
use crate::adapters::mlflow::{Mlflow, client};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, SignInEnd, Stage, Told, TransitionRequest,
};
use crate::domain::run::Run;
use crate::domain::text::clean_line;
use crate::ports::{Journaled, ModelRegistry, unsupported};

/// The most versions in one answer (Databricks SDK, `search_model_versions`).
const VERSIONS_PER_PAGE: usize = 10_000;
/// The level that moves versions in and out of Production.
const NEEDED: &str = "Can Manage Production Versions";

#[derive(Debug)]
pub(super) struct WorkspaceRegistry {
    api: Arc<Mlflow>,
    identity: Arc<Identity>,
    places: Places,
}

impl WorkspaceRegistry {
    pub(super) fn new(api: Arc<Mlflow>, identity: Arc<Identity>, places: Places) -> Self {
        Self { api, identity, places }
    }
}

/// Says which level of permission a call needs.
fn needs(failure: Failure, model: &ModelName, level: &str) -> Failure {
    match failure.kind {
        FailureKind::Forbidden => failure.with_hint(format!("This needs {level} on the model {model}.")),
        _ => failure,
    }
}

/// The failure for what only Unity Catalog has.
fn no_aliases(operation: String) -> Failure {
    unsupported(Service::Mlflow, operation, "a workspace's own registry has no aliases")
        .with_hint("Set promote_to = \"stage:Production\", or use Unity Catalog: registry_uri = \"databricks-uc\".")
}

#[async_trait]
impl ModelRegistry for WorkspaceRegistry {
    fn url(&self) -> String {
        self.api.registry.base().to_owned()
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        let told = self.identity.told(&self.api).await?;
        Ok(RegistryInfo {
            version: "Databricks workspace registry".to_owned(),
            user: told.user,
            user_kind: told.kind,
            workspace: None,
            stages: true,
            aliases: false,
            tag_value_limit: 5_000,
            requests: true,
            chosen: None,
            holes: vec![
                "Whoever has Can Manage Production Versions may move a version, approve a request or delete a tag without \
                 signoff. The workspace's activities name who did; signoff does not read them."
                    .to_owned(),
            ],
        })
    }

    async fn permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        let what = format!("ask whether you may change {model}");
        let call = client::get("databricks/registered-models/get", what).query("name", model.as_str());
        let answer: wire::OneWorkspaceModel = self.api.registry.json(call).await?;
        let level = answer.registered_model_databricks.permission_level;
        let (shown, enough) = match level.as_str() {
            "CAN_READ" => ("Can Read", false),
            "CAN_EDIT" => ("Can Edit", false),
            "CAN_MANAGE_STAGING_VERSIONS" => ("Can Manage Staging Versions", false),
            "CAN_MANAGE_PRODUCTION_VERSIONS" => (NEEDED, true),
            "CAN_MANAGE" => ("Can Manage", true),
            // Workspaces without access control say nothing.
            _ => return Ok(None),
        };
        Ok(Some(Permission { level: shown.to_owned(), enough, needed: NEEDED }))
    }

    async fn sign_in_ends(&self) -> Outcome<Option<SignInEnd>> {
        identity::sign_in_ends(&self.api).await
    }

    fn keeps_requests(&self) -> bool {
        true
    }

    async fn requests(&self, model: &ModelName, number: VersionNumber) -> Outcome<Vec<TransitionRequest>> {
        let what = format!("list the transition requests of version {number} of {model}");
        let call = client::get("transition-requests/list", what)
            .query("name", model.as_str())
            .query("version", number.0.to_string());
        let answer: wire::Requests = self.api.registry.json(call).await?;
        Ok(answer.requests.into_iter().map(request).collect())
    }

    /// Names are filtered here: the server's `LIKE` is not said to ignore case, and a model that it leaves out is lost.
    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let wanted = name_like.filter(|part| !part.is_empty());
        let first = client::get(&self.api.route("registered-models/search"), LIST_MODELS)
            .query("max_results", "100")
            .query("order_by", "name ASC");
        let mut page = self.api.model_page(first, wanted, page).await?;
        for model in &mut page.items {
            // A list that names no version says nothing of what there is.
            model.told = !model.latest.is_empty();
        }
        Ok(page)
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.api.one_model(name).await
    }

    /// All at once: the registry filters by one condition only, so that no page could begin below a number.
    async fn versions(&self, model: &ModelName, _page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let (items, _) = futures_util::future::try_join(
            self.api.all_versions(model, VERSIONS_PER_PAGE),
            // A search for a model that does not exist finds nothing, and is no error.
            self.api.one_model(model),
        )
        .await?;
        Ok(Page { items, next: None })
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        let version = self.api.version(model, number).await.map_err(|f| needs(f, model, "Can Read"))?;
        let here = |id: &String| self.places.of_runs.get() == Some(id.as_str());
        let run_elsewhere = version.run_elsewhere.clone().filter(|id| !here(id));
        self.places.others.learn(&version, &self.places.of_runs);
        Ok(ModelVersion { run_elsewhere, ..version })
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        self.api.of_run(run).await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        Err(no_aliases(format!("read the version that @{} of {model} points to", clean_line(alias))))
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        let mut all = self.api.all_versions(model, VERSIONS_PER_PAGE).await?;
        all.retain(|version| target.is_held_by(version));
        all.reverse();
        Ok(all)
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.places.others.add_runs(ids, self.api.runs(ids).await).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.places.others.add_models(ids, self.api.logged_models(ids).await).await
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        let (host, id) = (self.api.registry.base(), self.places.registry.get());
        Some(links::version_in_workspace(host, id, model, number))
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        Some(match self.places.others.known(run.as_str()) {
            Some(there) => links::run(there.api.tracking.base(), there.id.get(), experiment, run),
            None => links::run(self.api.tracking.base(), self.places.of_runs.get(), experiment, run),
        })
    }

    fn job_page(&self, job: &JobRun) -> Option<String> {
        links::job_run(self.api.tracking.base(), self.places.of_runs.get(), job)
    }

    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        self.api.set_version_tag(journaled, model, number, key, value).await.map_err(|f| needs(f, model, "Can Edit"))
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        self.api.delete_version_tag(journaled, model, number, key).await.map_err(|f| needs(f, model, "Can Edit"))
    }

    /// Through the open request for this stage if there is one, so that it ends with the reviewer's answer; otherwise
    /// by Databricks' own transition. Both carry the comment.
    async fn move_stage(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        comment: &str,
    ) -> Outcome<()> {
        let (what, mut body) = transition(model, number, stage, archive_existing)?;
        let asked = self.requests(model, number).await?.iter().any(|request| request.to == *stage);
        let path = if asked { "transition-requests/approve" } else { "databricks/model-versions/transition-stage" };
        if !comment.is_empty() {
            body["comment"] = comment.into();
        }
        // Stages before Production need less.
        let level = if *stage == Stage::Production { NEEDED } else { "Can Manage Staging Versions" };
        self.api.write(Method::POST, path, what, body).await.map_err(|f| needs(f, model, level))
    }

    async fn tell(&self, _journaled: &Journaled, model: &ModelName, number: VersionNumber, told: &Told) -> Outcome<()> {
        let mut body = json!({"name": model.as_str(), "version": number.0.to_string(), "comment": told.comment});
        let requests = match &told.refuses {
            Some(_) => self.requests(model, number).await?,
            None => Vec::new(),
        };
        match &told.refuses {
            Some(stage) if requests.iter().any(|request| request.to == *stage) => {
                body["stage"] = stage.as_str().into();
                let what = format!("reject the request to move version {number} of {model} to {stage}");
                self.api.write(Method::POST, "transition-requests/reject", what, body).await
            }
            _ => {
                let what = format!("comment on version {number} of {model}");
                self.api.write(Method::POST, "comments/create", what, body).await
            }
        }
    }

    async fn set_alias(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        Err(no_aliases(format!("point @{} of {model} to version {number}", clean_line(alias))))
    }

    async fn delete_alias(&self, _journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        Err(no_aliases(format!("delete the alias @{} of {model}", clean_line(alias))))
    }
}

fn request(dto: wire::Activity) -> TransitionRequest {
    TransitionRequest {
        to: Stage::from(clean_line(&dto.to_stage)),
        by: clean_line(&dto.user_id),
        comment: clean_line(&dto.comment),
        at: dto.creation_timestamp.0.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()),
    }
}
