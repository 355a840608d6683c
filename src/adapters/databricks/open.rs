//! Open-source Unity Catalog by its native API: models and versions, without stages, aliases and tags. Nothing is
//! written to it (read at the servers `unitycatalog` 0.3 and `olai-uc-server` 0.0.11).

use std::sync::Arc;

use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use super::scope::Scope;
use super::wire;
use crate::adapters::http::{Call, Int, Part, read_pages};
use crate::adapters::mlflow::registry::LIST_MODELS;
use crate::adapters::mlflow::wire as mlflow;
use crate::adapters::mlflow::{Mlflow, client, convert, filter};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel, RegistryInfo, Stage, UserKind};
use crate::domain::run::Run;
use crate::domain::sorted_map::Interner;
use crate::ports::{Journaled, ModelRegistry, told_by_releases, unsupported};

const CATALOGS: &str = "api/2.1/unity-catalog/catalogs";
const SCHEMAS: &str = "api/2.1/unity-catalog/schemas";
const MODELS: &str = "api/2.1/unity-catalog/models";
/// Rows in one answer.
const PER_PAGE: &str = "100";

#[derive(Debug)]
pub(super) struct OpenCatalog {
    api: Arc<Mlflow>,
    /// The part whose models are listed.
    scope: Option<Scope>,
}

fn reads_only(operation: String) -> Failure {
    unsupported(Service::Mlflow, operation, "open-source Unity Catalog has neither stages nor aliases nor tags")
        .with_hint("Set promote_to = \"release\" for this target.")
}

/// The path of a model.
fn model_path(model: &ModelName, rest: &str) -> String {
    format!("{MODELS}/{}{rest}", utf8_percent_encode(model.as_str(), NON_ALPHANUMERIC))
}

fn model(dto: wire::NativeModel, pool: &mut Interner) -> RegisteredModel {
    RegisteredModel { told: false, ..convert::model(dto.plain(), pool) }
}

/// A version; none if the server sent no usable number.
fn version(of: &ModelName, dto: wire::NativeVersion, pool: &mut Interner) -> Option<ModelVersion> {
    let plain = mlflow::Version {
        name: of.as_str().to_owned(),
        version: dto.version,
        creation_timestamp: dto.created_at,
        last_updated_timestamp: dto.updated_at,
        user_id: dto.created_by,
        description: dto.comment,
        source: dto.source,
        run_id: dto.run_id,
        status: dto.status,
        ..mlflow::Version::default()
    };
    convert::version(plain, pool)
}

impl OpenCatalog {
    pub(super) fn new(api: Arc<Mlflow>, scope: Option<Scope>) -> Self {
        Self { api, scope }
    }

    /// Every row of a list. A page may be empty and still go on.
    async fn all<A: DeserializeOwned, T: Send>(
        &self,
        first: Call,
        what: &str,
        items: impl Fn(A) -> (Vec<T>, String) + Send + Sync,
    ) -> Outcome<Vec<T>> {
        let first = first.query("max_results", PER_PAGE);
        let items = &items;
        let all = read_pages(Service::Mlflow, what, usize::MAX, |token| {
            let call = if token.is_empty() { first.clone() } else { first.clone().query("page_token", token) };
            async move {
                let (answer, bytes) = self.api.registry.sized::<A>(call).await?;
                let (items, next) = items(answer);
                Ok(Part::new(items, next, bytes))
            }
        });
        Ok(all.await?.items)
    }

    async fn names(&self, first: Call) -> Outcome<Vec<String>> {
        let names = |page: wire::Names| {
            (page.catalogs.into_iter().map(|named| named.name).collect::<Vec<_>>(), page.next_page_token)
        };
        self.all(first, LIST_MODELS, names).await
    }

    /// Every model: the server lists them by catalog and schema only.
    async fn all_models(&self) -> Outcome<Vec<RegisteredModel>> {
        let mut found = Vec::new();
        let wanted = |has: fn(&Scope, &str) -> bool, name: &str| self.scope.as_ref().is_none_or(|s| has(s, name));
        for catalog in self.names(client::get_raw(CATALOGS, LIST_MODELS)).await? {
            if !wanted(Scope::has_catalog, &catalog) {
                continue;
            }
            let schemas = client::get_raw(SCHEMAS, LIST_MODELS).query("catalog_name", catalog.as_str());
            for schema in self.names(schemas).await? {
                if !wanted(Scope::has_schema, &schema) {
                    continue;
                }
                let models = client::get_raw(MODELS, LIST_MODELS)
                    .query("catalog_name", catalog.as_str())
                    .query("schema_name", schema.as_str());
                let of_page = |page: wire::NativePage| (page.registered_models, page.next_page_token);
                let mut pool = Interner::default();
                let listed = self.all(models, LIST_MODELS, of_page).await?;
                found.extend(listed.into_iter().map(|dto| model(dto, &mut pool)));
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

#[async_trait]
impl ModelRegistry for OpenCatalog {
    fn url(&self) -> String {
        format!("uc:{}", self.api.registry.base())
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        // Says whether the server is there.
        self.names(client::get_raw(CATALOGS, "ask the catalog what it is")).await?;
        Ok(RegistryInfo {
            version: "open-source Unity Catalog".to_owned(),
            user: None,
            user_kind: UserKind::Person,
            workspace: None,
            stages: false,
            aliases: false,
            tag_value_limit: 0,
            requests: false,
            chosen: None,
            holes: Vec::new(),
        })
    }

    async fn models(&self, name_like: Option<&str>, _page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let mut items = self.all_models().await?;
        let wanted = name_like.filter(|part| !part.is_empty());
        items.retain(|model| wanted.is_none_or(|part| filter::contains(model.name.as_str(), part)));
        Ok(Page { items, next: None })
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        let call = client::get_raw(&model_path(name, ""), format!("read the model {name}"));
        Ok(model(self.api.registry.json(call).await?, &mut Interner::default()))
    }

    /// All at once, newest first: the server sorts by nothing.
    async fn versions(&self, model: &ModelName, _page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let what = format!("list the versions of {model}");
        let call = client::get_raw(&model_path(model, "/versions"), &what);
        let of_page = |page: wire::NativeVersions| (page.model_versions, page.next_page_token);
        let listed = self.all(call, &what, of_page).await?;
        let mut pool = Interner::default();
        let read = |dto| {
            // An unreadable version might be the one in production: no silent gaps.
            version(model, dto, &mut pool).ok_or_else(|| {
                let reason = "the server lists a version without a number";
                Failure::new(FailureKind::Protocol, Service::Mlflow, &what, reason)
            })
        };
        let mut items = listed.into_iter().map(read).collect::<Outcome<Vec<_>>>()?;
        items.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(Page { items, next: None })
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        let what = format!("read version {number} of {model}");
        let call = client::get_raw(&model_path(model, &format!("/versions/{}", number.0)), &what);
        let dto: wire::NativeVersion = self.api.registry.json(call).await?;
        let got = dto.version;
        version(model, dto, &mut Interner::default()).filter(|version| version.number == number).ok_or_else(|| {
            let reason = match got {
                Int(Some(got)) => format!("the server answered with version {got}"),
                Int(None) => "the server answered with a version without a number".to_owned(),
            };
            Failure::new(FailureKind::Protocol, Service::Mlflow, what, reason)
        })
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        Err(reads_only(format!(
            "read the version that @{} of {model} points to",
            crate::domain::text::clean_line(alias)
        )))
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        match target {
            PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
                Err(told_by_releases(model))
            }
            PromotionTarget::Stage(_) | PromotionTarget::Alias(_) => {
                Err(reads_only(format!("read which version of {model} is in {target}")))
            }
        }
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        self.api.runs(ids).await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        self.api.logged_models(ids).await
    }

    fn version_page(&self, _model: &ModelName, _number: VersionNumber) -> Option<String> {
        None
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        self.api.run_page(experiment, run)
    }

    async fn set_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        _key: &str,
        _value: &str,
    ) -> Outcome<()> {
        Err(reads_only(format!("set a tag on version {number} of {model}")))
    }

    async fn delete_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        _key: &str,
    ) -> Outcome<()> {
        Err(reads_only(format!("delete a tag of version {number} of {model}")))
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
        Err(reads_only(format!("move version {number} of {model} to {stage}")))
    }

    async fn set_alias(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        Err(reads_only(format!("point the alias {alias} of {model} to version {number}")))
    }

    async fn delete_alias(&self, _journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        Err(reads_only(format!("delete the alias {alias} of {model}")))
    }
}
