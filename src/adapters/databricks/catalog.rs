//! Unity Catalog by MLflow's own dialect of it: three-level names, aliases, no stages.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt as _;

use super::deployment::Deployments;
use super::identity::{self, Identity};
use super::scope::Scope;
use super::{Places, links, wire};
use crate::adapters::http::{self, Answer, Call, Part};
use crate::adapters::mlflow::registry::LIST_MODELS;
use crate::adapters::mlflow::{self, Mlflow, client};
use crate::domain::deployment::{ApprovalTask, DeploymentRun};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{
    ModelVersion, OWN_TAG_PREFIX, Permission, PromotionTarget, RegisteredModel, RegistryInfo, SignInEnd, Stage,
    join_aliases,
};
use crate::domain::run::Run;
use crate::domain::sorted_map::Interner;
use crate::domain::text::clean_line;
use crate::ports::{Journaled, ModelRegistry, told_by_releases, unsupported};

/// Where the routes begin, below `/api/2.0/mlflow/`.
pub(super) const ROUTES: &str = "unity-catalog/";
/// Prefix of our own tags here: keys must not contain a dot.
const OWN_PREFIX: &str = "signoff_";
/// Most characters of a tag's value.
const TAG_VALUE_LIMIT: usize = 1_000;
const VERSIONS_PER_PAGE: usize = 1_000;
/// The newest versions of a list that are read one by one, for their tags.
const READ_WHOLE: usize = 10;
/// Concurrent requests.
const PARALLEL: usize = 4;
/// Most tags of a version.
const MOST_TAGS: usize = 50;
/// Most logged models that are kept.
const MOST_EMBEDDED: usize = 5_000;

/// What the server answers where Unity Catalog is not enabled.
pub(super) const NO_METASTORE: &str = "METASTORE_DOES_NOT_EXIST";

#[derive(Debug)]
pub(super) struct Catalog {
    api: Arc<Mlflow>,
    identity: Arc<Identity>,
    places: Places,
    embedded: Embedded,
    /// The part whose models are listed.
    scope: Option<Scope>,
}

impl Catalog {
    pub(super) fn new(api: Arc<Mlflow>, identity: Arc<Identity>, places: Places, scope: Option<Scope>) -> Self {
        Self { api, identity, places, embedded: Embedded::default(), scope }
    }

    /// The models of one schema, by the native dialect: MLflow's lists the whole metastore. With those that may only be
    /// browsed.
    async fn models_of(
        &self,
        catalog: &str,
        schema: &str,
        wanted: Option<&str>,
        page: Option<&str>,
    ) -> Outcome<Page<RegisteredModel>> {
        let first = client::get_raw("api/2.1/unity-catalog/models", LIST_MODELS)
            .query("catalog_name", catalog)
            .query("schema_name", schema)
            .query("include_browse", "true")
            .query("max_results", "1000");
        let read = |token: String| async move {
            let call = if token.is_empty() { first } else { first.query("page_token", token) };
            let (answer, bytes) = self.api.registry.sized::<wire::NativePage>(call).await?;
            let mut pool = Interner::default();
            let items = answer
                .registered_models
                .into_iter()
                .map(|model| mlflow::convert::model(model.plain(), &mut pool))
                .filter(|m| wanted.is_none_or(|part| mlflow::filter::contains(m.name.as_str(), part)))
                .collect();
            Ok(Part::new(items, answer.next_page_token, bytes))
        };
        self.api.registry.page(LIST_MODELS, page, read).await
    }

    fn jobs(&self) -> Deployments<'_> {
        Deployments { api: &self.api, workspace: &self.places.registry, identity: &self.identity }
    }

    /// Reads one version, with what the registry keeps of its logged model.
    async fn one_version(&self, call: Call, what: &str) -> Outcome<ModelVersion> {
        let mut answer: mlflow::wire::OneVersion = self.api.registry.json(call).await.map_err(three_levels)?;
        if let Some(model) = mlflow::convert::embedded(&mut answer.model_version, &mut Interner::default()) {
            self.embedded.learn(model);
        }
        Ok(self.placed(mlflow::registry::one_version(what, answer)?))
    }

    /// The version with the names of our tags, and where its run is only if that is elsewhere.
    fn placed(&self, version: ModelVersion) -> ModelVersion {
        let here = |id: &String| self.places.of_runs.get() == Some(id.as_str());
        let run_elsewhere = version.run_elsewhere.clone().filter(|id| !here(id));
        self.places.others.learn(&version, &self.places.of_runs);
        ModelVersion { run_elsewhere, keeps_files: true, ..named(version) }
    }

    /// Whether the workspace has a metastore. Only the server's own word for "none" counts.
    pub(super) async fn has_metastore(&self) -> Outcome<bool> {
        let call = client::get(&self.api.route("registered-models/search"), "ask the workspace for its metastore")
            .query("max_results", "1");
        let (server, call) = self.api.registry.ready(call).await?;
        let answer = server.answer(&call.also(says_no_metastore)).await?;
        Ok(!says_no_metastore(&answer))
    }
}

fn says_no_metastore(answer: &Answer) -> bool {
    let said = || http::parse::<mlflow::wire::ErrorBody>(&answer.body);
    !answer.is_success() && said().is_ok_and(|said| said.error_code.0 == NO_METASTORE)
}

/// What the registry keeps of logged models, by id: whoever may read the version may read it, and not all of them the
/// run's workspace.
#[derive(Debug, Default)]
struct Embedded(Mutex<HashMap<String, LoggedModel>>);

impl Embedded {
    fn learn(&self, model: LoggedModel) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_EMBEDDED {
            known.clear();
        }
        known.insert(model.id.clone(), model);
    }

    fn get(&self, id: &str) -> Option<LoggedModel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

fn no_stages(operation: String) -> Failure {
    unsupported(Service::Mlflow, operation, "Unity Catalog has no stages")
        .with_hint("Set promote_to = \"alias:champion\" for this target.")
}

/// The key of a tag as Unity Catalog takes it. In keys of our own, what is not allowed there is written as `~` and two
/// hexadecimal digits, so that every key can be read back.
fn sent(key: &str) -> String {
    let Some(name) = key.strip_prefix(OWN_TAG_PREFIX) else { return key.to_owned() };
    let mut out = OWN_PREFIX.to_owned();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "~{byte:02x}");
            }
        }
    }
    out
}

/// The key of a tag as it is called everywhere else.
fn read(key: &str) -> Arc<str> {
    let Some(name) = key.strip_prefix(OWN_PREFIX) else { return Arc::from(key) };
    let mut parts = name.split('~');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            // Not written by us.
            None => return Arc::from(key),
        }
    }
    String::from_utf8(bytes).map_or_else(|_| Arc::from(key), |name| Arc::from(format!("{OWN_TAG_PREFIX}{name}")))
}

/// A version with the keys of our own tags as everywhere else.
fn named(mut version: ModelVersion) -> ModelVersion {
    if version.tags.names().any(|name| name.starts_with(OWN_PREFIX)) {
        version.tags = version.tags.iter().map(|(name, value)| (read(name), value.clone())).collect();
    }
    version
}

/// Adds what to do about a name without catalog and schema.
fn three_levels(failure: Failure) -> Failure {
    if failure.reason.contains("all three levels") {
        return failure.with_hint("Models in Unity Catalog are named CATALOG.SCHEMA.MODEL.");
    }
    failure
}

/// Says which privilege is missing on what, for a call that needs `privilege` on the model.
fn needs(failure: Failure, model: &ModelName, privilege: &str) -> Failure {
    if failure.kind != FailureKind::Forbidden {
        return failure;
    }
    let mut levels = model.as_str().splitn(3, '.').map(clean_line);
    let (catalog, schema) = (levels.next().unwrap_or_default(), levels.next().unwrap_or_default());
    let or_owner = if privilege == "MANAGE" { " or ownership" } else { "" };
    failure.with_hint(format!(
        "This needs {privilege}{or_owner} on the model {model}, with USE CATALOG on {catalog} and USE SCHEMA on \
         {catalog}.{schema}."
    ))
}

pub(super) fn needs_reading(failure: Failure, model: &ModelName) -> Failure {
    needs(failure, model, "EXECUTE")
}

#[async_trait]
impl ModelRegistry for Catalog {
    fn url(&self) -> String {
        format!("uc:{}", self.api.registry.base())
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        let told = self.identity.told(&self.api).await?;
        Ok(RegistryInfo {
            version: "Unity Catalog".to_owned(),
            user: told.user,
            user_kind: told.kind,
            workspace: None,
            stages: false,
            aliases: true,
            tag_value_limit: TAG_VALUE_LIMIT,
            requests: false,
            chosen: None,
            holes: vec![
                "Unity Catalog does not compare before it moves an alias: of two people who move one at once, the later \
                 wins there. Only the Git tag is created once."
                    .to_owned(),
                "Whoever has MANAGE on a model, or owns it, may move its aliases without signoff; APPLY TAG is enough to \
                 delete signoff's tags. Its audit log names who did; signoff does not read it."
                    .to_owned(),
            ],
        })
    }

    /// The search takes neither a filter nor an order; names are filtered here, and so is the catalog. Only a whole schema
    /// can be asked for.
    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let wanted = name_like.filter(|part| !part.is_empty());
        let first = client::get(&self.api.route("registered-models/search"), LIST_MODELS).query("max_results", "100");
        let mut page = match &self.scope {
            Some(Scope { catalog, schema: Some(schema) }) => self.models_of(catalog, schema, wanted, page).await?,
            Some(Scope { schema: None, .. }) | None => self.api.model_page(first, wanted, page).await?,
        };
        page.items.retain(|model| self.scope.as_ref().is_none_or(|scope| scope.holds(&model.name)));
        for model in &mut page.items {
            model.told = false;
        }
        Ok(page)
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.api.one_model(name).await.map_err(|f| needs_reading(three_levels(f), name))
    }

    /// All at once: the search sorts by nothing, and filters by the name only. Aliases are joined from the model. Tags
    /// come with the newest versions and those with an alias, which are read one by one: a decision is in a tag.
    async fn versions(&self, model: &ModelName, _page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let read =
            futures_util::future::try_join(self.api.all_versions(model, VERSIONS_PER_PAGE), self.api.one_model(model));
        let (mut items, of) = read.await.map_err(|f| needs_reading(three_levels(f), model))?;
        join_aliases(&mut items, &of.aliases);
        let telling = |(at, version): (usize, &ModelVersion)| {
            (at < READ_WHOLE || !version.aliases.is_empty()).then_some(version.number)
        };
        let whole: Vec<VersionNumber> = items.iter().enumerate().filter_map(telling).collect();
        let reads = whole.into_iter().map(|number| self.version(model, number));
        for read in futures_util::stream::iter(reads).buffered(PARALLEL).collect::<Vec<_>>().await {
            match read {
                Ok(version) => {
                    if let Some(listed) = items.iter_mut().find(|listed| listed.number == version.number) {
                        *listed = version;
                    }
                }
                // Deleted since it was listed.
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(Page { items, next: None })
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        let what = format!("read version {number} of {model}");
        let call = client::get(&self.api.route("model-versions/get"), &what)
            .query("name", model.as_str())
            .query("version", number.0.to_string());
        let version = self.one_version(call, &what).await.map_err(|f| needs_reading(f, model))?;
        if version.number != number || version.model != *model {
            let got = format!("the server answered with {} of {}", version.number, version.model);
            return Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, got));
        }
        Ok(version)
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        let found = self.api.version_by_alias(model, alias).await;
        found.map(|version| self.placed(version)).map_err(|f| needs_reading(three_levels(f), model))
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        match target {
            PromotionTarget::Stage(stage) => Err(no_stages(format!("read the versions of {model} in {stage}"))),
            PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
                Err(told_by_releases(model))
            }
            PromotionTarget::Alias(_) => {
                let held = self.api.holders(model, target).await.map_err(|f| needs_reading(three_levels(f), model))?;
                Ok(held.into_iter().map(|version| self.placed(version)).collect())
            }
        }
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.places.others.add_runs(ids, self.api.runs(ids).await).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        let found = self.api.logged_models(ids).await;
        let mut read = match self.places.others.add_models(ids, found).await {
            Ok(read) => read,
            // Whoever may read the model need not be one of the workspace with the runs.
            Err(f) if f.kind == FailureKind::Forbidden && ids.iter().any(|id| self.embedded.get(id).is_some()) => {
                Vec::new()
            }
            Err(failure) => return Err(failure),
        };
        let missing = ids.iter().filter(|id| !read.iter().any(|model| model.id == **id));
        let embedded: Vec<LoggedModel> = missing.filter_map(|id| self.embedded.get(id)).collect();
        read.extend(embedded);
        Ok(read)
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        let (host, id) = (self.api.registry.base(), self.places.registry.get());
        Some(links::version_in_catalog(host, id, model, number))
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

    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        self.jobs().run(job, run).await
    }

    async fn may_repair(&self, job: &str) -> Outcome<Option<Permission>> {
        self.jobs().may_repair(job).await
    }

    async fn repair_deployment(
        &self,
        _journaled: &Journaled,
        asked: &ApprovalTask,
        after: Option<&str>,
    ) -> Outcome<()> {
        self.jobs().repair(asked, after).await
    }

    fn most_tags(&self) -> Option<usize> {
        Some(MOST_TAGS)
    }

    async fn sign_in_ends(&self) -> Outcome<Option<SignInEnd>> {
        identity::sign_in_ends(&self.api).await
    }

    /// Tags are replicated in plain text, and more people can read them than the record.
    fn tags_hold_text(&self) -> bool {
        false
    }

    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        let what = || format!("set the tag {} of version {number} of {model}", clean_line(key));
        if value.chars().count() > TAG_VALUE_LIMIT {
            let reason = format!("a tag's value has at most {TAG_VALUE_LIMIT} characters in Unity Catalog");
            return Err(Failure::new(FailureKind::Rejected, Service::Mlflow, what(), reason));
        }
        self.api
            .set_version_tag(journaled, model, number, &sent(key), value)
            .await
            .map_err(|f| needs(f, model, "APPLY TAG"))
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        self.api
            .delete_version_tag(journaled, model, number, &sent(key))
            .await
            .map_err(|f| needs(f, model, "APPLY TAG"))
    }

    async fn move_stage(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        _archive_existing: bool,
        _comment: &str,
    ) -> Outcome<()> {
        Err(no_stages(format!("move version {number} of {model} to {stage}")))
    }

    async fn set_alias(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        self.api.set_alias(journaled, model, alias, number).await.map_err(|f| needs(f, model, "MANAGE"))
    }

    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        self.api.delete_alias(journaled, model, alias).await.map_err(|f| needs(f, model, "MANAGE"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_keys_are_allowed_there_and_read_back() {
        for key in [
            "signoff.promotion",
            "signoff.approved_by",
            "signoff.approval.dana-k",
            "signoff.a~b:c=d/e,f g",
            "signoff.é",
        ] {
            let sent = sent(key);
            assert!(sent.starts_with(OWN_PREFIX) && !sent.contains(['.', ',', '-', '=', '/', ':', ' ']), "{sent}");
            assert_eq!(&*read(&sent), key);
        }
        assert_eq!(sent("signoff.promotion"), "signoff_promotion");
        assert_eq!(sent("task.note"), "task.note");
        assert_eq!(&*read("signoff_odd~zz"), "signoff_odd~zz");
    }
}
