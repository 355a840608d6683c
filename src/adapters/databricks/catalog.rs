//! Unity Catalog by MLflow's own dialect of it: three-level names, aliases, no stages.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;

use super::identity::Identity;
use super::links;
use crate::adapters::http::{self, Answer};
use crate::adapters::mlflow::registry::LIST_MODELS;
use crate::adapters::mlflow::{self, Mlflow, client};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{
    ModelVersion, OWN_TAG_PREFIX, PromotionTarget, RegisteredModel, RegistryInfo, Stage, join_aliases,
};
use crate::domain::run::Run;
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

/// What the server answers where Unity Catalog is not enabled.
pub(super) const NO_METASTORE: &str = "METASTORE_DOES_NOT_EXIST";

#[derive(Debug)]
pub(super) struct Catalog {
    api: Arc<Mlflow>,
    identity: Arc<Identity>,
    /// Of the workspace with the runs.
    of_runs: Arc<Identity>,
}

impl Catalog {
    pub(super) fn new(api: Arc<Mlflow>, identity: Arc<Identity>, of_runs: Arc<Identity>) -> Self {
        Self { api, identity, of_runs }
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
        })
    }

    /// The search takes neither a filter nor an order; names are filtered here.
    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let wanted = name_like.filter(|part| !part.is_empty());
        let first = client::get(&self.api.route("registered-models/search"), LIST_MODELS).query("max_results", "100");
        let mut page = self.api.model_page(first, wanted, page).await?;
        for model in &mut page.items {
            model.told = false;
        }
        Ok(page)
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        self.api.one_model(name).await.map_err(three_levels)
    }

    /// All at once: the search sorts by nothing, and filters by the name only. Aliases are joined from the model. Tags
    /// come with the newest versions and those with an alias, which are read one by one: a decision is in a tag.
    async fn versions(&self, model: &ModelName, _page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let read =
            futures_util::future::try_join(self.api.all_versions(model, VERSIONS_PER_PAGE), self.api.one_model(model));
        let (mut items, of) = read.await.map_err(three_levels)?;
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
        self.api.version(model, number).await.map(named).map_err(three_levels)
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        self.api.version_by_alias(model, alias).await.map(named).map_err(three_levels)
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        match target {
            PromotionTarget::Stage(stage) => Err(no_stages(format!("read the versions of {model} in {stage}"))),
            PromotionTarget::Release => Err(told_by_releases(model)),
            PromotionTarget::Alias(_) => {
                let held = self.api.holders(model, target).await.map_err(three_levels)?;
                Ok(held.into_iter().map(named).collect())
            }
        }
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.api.runs(ids).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.api.logged_models(ids).await
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        let (host, id) = (self.api.registry.base(), self.identity.workspace_id());
        Some(links::version_in_catalog(host, id, model, number))
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        Some(links::run(self.api.tracking.base(), self.of_runs.workspace_id(), experiment, run))
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
        self.api.set_version_tag(journaled, model, number, &sent(key), value).await
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        self.api.delete_version_tag(journaled, model, number, &sent(key)).await
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
        self.api.set_alias(journaled, model, alias, number).await
    }

    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        self.api.delete_alias(journaled, model, alias).await
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
