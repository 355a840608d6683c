//! The registry port.

use async_trait::async_trait;
use futures_util::future::{join, try_join};
use http::Method;
use serde_json::{Value, json};

use super::{Mlflow, client, convert, filter, wire};
use crate::adapters::http::{Call, Part};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, RegistryUser, Stage, UserKind,
    join_aliases,
};
use crate::domain::run::Run;
use crate::domain::sorted_map::Interner;
use crate::domain::text::clean_line;
use crate::ports::{Journaled, ModelRegistry, told_by_releases};

#[async_trait]
impl ModelRegistry for Mlflow {
    fn url(&self) -> String {
        self.registry.base().to_owned()
    }

    async fn workspace(&self) -> Outcome<Option<String>> {
        self.registry.workspace().await
    }

    fn named_workspace(&self) -> Option<String> {
        self.registry.named_workspace().map(str::to_owned)
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        self.server_info().await
    }

    async fn user(&self) -> Outcome<RegistryUser> {
        Ok(RegistryUser { name: self.signed_in_as().await?, kind: UserKind::Person })
    }

    async fn permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        self.edit_permission(model).await
    }

    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let wanted = name_like.filter(|part| !part.is_empty());
        let first = client::get(&self.route("registered-models/search"), LIST_MODELS)
            .query("max_results", self.tuning.models_per_page.to_string())
            .query("order_by", "name ASC");
        let first = match wanted {
            Some(part) => first.query("filter", filter::name_contains(part)),
            None => first,
        };
        self.model_page(first, wanted, page).await
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.one_model(name).await
    }

    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        self.version_page(model, page).await
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        let what = format!("read version {number} of {model}");
        let call = client::get(&self.route("model-versions/get"), &what)
            .query("name", model.as_str())
            .query("version", number.0.to_string());
        let version = one_version(&what, self.registry.json(call).await?)?;
        if version.number != number || version.model != *model {
            let got = format!("the server answered with {} of {}", version.number, version.model);
            return Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, got));
        }
        self.experiments.learn_from(&version);
        Ok(version)
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        self.of_run(run).await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        let shown = clean_line(alias);
        let what = format!("read the version that @{shown} of {model} points to");
        let call = client::get(&self.route("registered-models/alias"), &what)
            .query("name", model.as_str())
            .query("alias", alias);
        match self.registry.json(call).await {
            Ok(answer) => one_version(&what, answer),
            Err(f) if alias_is_unknown(&f) => {
                Err(Failure { kind: FailureKind::NotFound, reason: format!("{model} has no alias '{shown}'"), ..f })
            }
            Err(f) => Err(f),
        }
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        match target {
            // Searches cannot filter by stage, and `get-latest-versions` returns only the newest holder.
            PromotionTarget::Stage(_) => self.scan(model, |v| target.is_held_by(v)).await,
            PromotionTarget::Alias(alias) => match self.version_by_alias(model, alias).await {
                Ok(version) => Ok(vec![version]),
                // Either the alias or the model is unknown; the latter is an error.
                Err(f) if f.kind == FailureKind::NotFound => self.one_model(model).await.map(|_| Vec::new()),
                Err(f) => Err(f),
            },
            PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
                Err(told_by_releases(model))
            }
        }
    }

    /// A search shows the versions without their aliases, and the model has them.
    async fn with_holders(
        &self,
        model: &ModelName,
        number: VersionNumber,
        target: &PromotionTarget,
    ) -> Outcome<(ModelVersion, Vec<ModelVersion>)> {
        match target {
            PromotionTarget::Stage(_) => {
                let (glance, read) = join(self.at_a_glance(model, number, target), self.one_model(model)).await;
                let (mut version, mut holders) = glance?;
                let aliases = read?.aliases;
                join_aliases(std::slice::from_mut(&mut version), &aliases);
                join_aliases(&mut holders, &aliases);
                Ok((version, holders))
            }
            PromotionTarget::Alias(_)
            | PromotionTarget::Release
            | PromotionTarget::DeploymentJob
            | PromotionTarget::Elsewhere(_) => try_join(self.version(model, number), self.holders(model, target)).await,
        }
    }

    async fn at_a_glance(
        &self,
        model: &ModelName,
        number: VersionNumber,
        target: &PromotionTarget,
    ) -> Outcome<(ModelVersion, Vec<ModelVersion>)> {
        let PromotionTarget::Stage(_) = target else {
            return try_join(self.version(model, number), self.holders(model, target)).await;
        };
        let mut found = self.scan(model, |v| v.number == number || target.is_held_by(v)).await?;
        let version = match found.iter().find(|v| v.number == number) {
            Some(version) if convert::is_prompt(&version.tags) => None,
            there => there.cloned(),
        };
        let version = match version {
            Some(version) => version,
            // It says why.
            None => self.version(model, number).await?,
        };
        found.retain(|v| target.is_held_by(v));
        std::iter::once(&version).chain(&found).for_each(|v| self.experiments.learn_from(v));
        Ok((version, found))
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.read_runs(ids).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.read_logged_models(ids).await
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        let page = super::version_page(self.registry.base(), model, number);
        Some(super::in_workspace(page, self.registry.known_workspace()))
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        let page = super::run_page(self.tracking.base(), experiment, run);
        Some(super::in_workspace(page, self.tracking.known_workspace()))
    }

    async fn set_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        let what = format!("set the tag {} of version {number} of {model}", clean_line(key));
        let body = json!({"name": model.as_str(), "version": number.0.to_string(), "key": key, "value": value});
        self.write(Method::POST, "model-versions/set-tag", what, body).await
    }

    async fn delete_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        let what = format!("delete the tag {} of version {number} of {model}", clean_line(key));
        let body = json!({"name": model.as_str(), "version": number.0.to_string(), "key": key});
        self.write(Method::DELETE, "model-versions/delete-tag", what, body).await
    }

    async fn move_stage(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        // Open-source servers keep none (measured on 2.22 and 3.18).
        _comment: &str,
    ) -> Outcome<()> {
        let (what, body) = transition(model, number, stage, archive_existing)?;
        self.write(Method::POST, "model-versions/transition-stage", what, body).await
    }

    async fn set_alias(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        let what = format!("point @{} of {model} to version {number}", clean_line(alias));
        let body = json!({"name": model.as_str(), "alias": alias, "version": number.0.to_string()});
        self.write(Method::POST, "registered-models/alias", what, body).await
    }

    async fn delete_alias(&self, _journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        let what = format!("delete the alias @{} of {model}", clean_line(alias));
        let body = json!({"name": model.as_str(), "alias": alias});
        self.write(Method::DELETE, "registered-models/alias", what, body).await
    }
}

pub(in crate::adapters) const LIST_MODELS: &str = "list the models";

impl Mlflow {
    /// One page of models, without prompts and those whose name does not contain `wanted`. `first` asks for the first.
    pub(in crate::adapters) async fn model_page(
        &self,
        first: Call,
        wanted: Option<&str>,
        page: Option<&str>,
    ) -> Outcome<Page<RegisteredModel>> {
        let read = |token: String| async move {
            let call = if token.is_empty() { first } else { first.query("page_token", token) };
            let (answer, bytes) = self.registry.sized::<wire::ModelPage>(call).await?;
            let mut pool = Interner::default();
            let items = answer
                .registered_models
                .into_iter()
                .map(|model| convert::model(model, &mut pool))
                .filter(|m| !convert::is_prompt(&m.tags))
                .filter(|m| wanted.is_none_or(|part| filter::contains(m.name.as_str(), part)))
                .collect();
            Ok(Part::new(items, answer.next_page_token, bytes))
        };
        self.registry.page(LIST_MODELS, page, read).await
    }

    pub(in crate::adapters) async fn write(
        &self,
        method: Method,
        path: &str,
        what: String,
        body: Value,
    ) -> Outcome<()> {
        self.registry.json::<wire::Done>(client::write(method, &self.route(path), what, &body)).await.map(|_| ())
    }
}

/// A stage transition: the phrase for it, and what is sent.
///
/// # Errors
/// [`FailureKind::Rejected`] for a stage that archives no other versions.
pub(in crate::adapters) fn transition(
    model: &ModelName,
    number: VersionNumber,
    stage: &Stage,
    archive_existing: bool,
) -> Outcome<(String, Value)> {
    let what = format!("move version {number} of {model} to {stage}");
    if archive_existing && matches!(stage, Stage::None | Stage::Archived) {
        let reason =
            format!("MLflow archives other versions only when one moves to Staging or Production, not {stage}");
        return Err(Failure::new(FailureKind::Rejected, Service::Mlflow, what, reason));
    }
    let body = json!({
        "name": model.as_str(),
        // A string: numbers are rejected (measured on 2.22 and 3.18).
        "version": number.0.to_string(),
        "stage": stage.as_str(),
        "archive_existing_versions": archive_existing,
    });
    Ok((what, body))
}

pub(in crate::adapters) fn one_version(what: &str, answer: wire::OneVersion) -> Outcome<ModelVersion> {
    let version = convert::version(answer.model_version, &mut Interner::default()).ok_or_else(|| {
        Failure::new(
            FailureKind::Protocol,
            Service::Mlflow,
            what,
            "the server answered with a version without a number",
        )
    })?;
    if convert::is_prompt(&version.tags) {
        let reason = format!("{} is a prompt, not a model", version.model);
        return Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason)
            .with_hint("MLflow keeps prompts beside models; signoff reviews models only."));
    }
    Ok(version)
}

/// An unknown alias is a 400 with a message on both majors; so is an unknown model on 2.22 (measured). `latest` and
/// `v3` cannot be aliases, so they are unknown as well.
fn alias_is_unknown(failure: &Failure) -> bool {
    let said = failure.reason.to_ascii_lowercase();
    failure.kind == FailureKind::Rejected
        && (said.contains("not found") || said.contains("reserved") || said.contains("invalid alias"))
}
