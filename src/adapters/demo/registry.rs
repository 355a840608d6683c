//! The demo's model registry.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::latency::Wire;
use super::server::server_time;
use super::world::World;
use super::{Latency, REGISTRY_URL, Refusal, Store, convert};
use crate::domain::deployment::{ApprovalTask, DeploymentRun};
use crate::domain::failure::{Outcome, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::RegistryInfo;
use crate::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel, Stage, UserKind};
use crate::domain::run::Run;
use crate::domain::text;
use crate::ports::{Clock, Journaled, ModelRegistry};

/// Entries per page of a list, as on the real servers.
const PAGE_SIZE: usize = 100;

/// A model registry and tracking server over a [`Store`].
#[allow(missing_debug_implementations)]
pub struct DemoRegistry {
    store: Store,
    wire: Wire,
    page_size: usize,
}

impl DemoRegistry {
    pub fn new(store: Store, clock: Arc<dyn Clock>, latency: Latency) -> Self {
        Self { store, wire: Wire::new(clock, latency), page_size: PAGE_SIZE }
    }

    /// Sets the most entries per page (at least one).
    pub fn with_page_size(mut self, size: usize) -> Self {
        self.page_size = size.max(1);
        self
    }

    pub(super) fn page_size(&self) -> usize {
        self.page_size
    }

    /// Waits for the latency of a call.
    pub(super) async fn pass(&self) {
        self.wire.pass().await;
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: String,
        f: impl FnOnce(&World) -> Result<T, Refusal> + Send + 'static,
    ) -> Outcome<T> {
        self.wire.pass().await;
        self.store.look_async(f).await?.map_err(|r| r.into_failure(Service::Mlflow, operation))
    }

    async fn write(
        &self,
        operation: String,
        f: impl FnOnce(&mut World, Timestamp) -> Result<(), Refusal> + Send + 'static,
    ) -> Outcome<()> {
        self.wire.pass().await;
        let now = server_time(self.wire.clock().now());
        let done = self.store.change_async(move |world| f(world, now)).await?;
        done.map_err(|r| r.into_failure(Service::Mlflow, operation))
    }
}

#[async_trait]
impl ModelRegistry for DemoRegistry {
    fn url(&self) -> String {
        REGISTRY_URL.to_owned()
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        self.read("ask the registry about itself".to_owned(), |world| {
            Ok(RegistryInfo {
                version: "demo".to_owned(),
                user_kind: UserKind::Person,
                user: Some(text::clean_line(&world.identity.login)),
                workspace: None,
                stages: true,
                aliases: true,
                tag_value_limit: World::TAG_VALUE_LIMIT,
                requests: false,
                chosen: None,
                holes: Vec::new(),
            })
        })
        .await
    }

    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let (like, page, size) = (name_like.unwrap_or("").to_lowercase(), page.map(str::to_owned), self.page_size);
        self.read("list models".to_owned(), move |world| {
            let fits = |name: &ModelName| name.as_str().to_lowercase().contains(&like);
            let found = world.models.iter().filter(|(name, _)| fits(name));
            cut(found, page.as_deref(), size, |(name, model)| convert::registered_model(name, model))
        })
        .await
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        let key = name.clone();
        self.read(format!("read model '{name}'"), move |world| Ok(convert::registered_model(&key, world.model(&key)?)))
            .await
    }

    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let (key, page, size) = (model.clone(), page.map(str::to_owned), self.page_size);
        self.read(format!("list the versions of '{model}'"), move |world| {
            let model = world.model(&key)?;
            cut(model.versions.iter().rev(), page.as_deref(), size, |(number, version)| {
                convert::version_with_aliases(&key, model, *number, version)
            })
        })
        .await
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        let (key, now) = (model.clone(), server_time(self.wire.clock().now()));
        self.read(format!("read version {number} of '{model}'"), move |world| {
            let deployment = world.job_of(&key, number).map(|run| convert::deployment(run, now));
            Ok(ModelVersion { deployment, ..version(world, &key, number)? })
        })
        .await
    }

    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        let (id, now) = (run.to_owned(), server_time(self.wire.clock().now()));
        self.read(
            format!("read run {} of the deployment job {}", text::clean_line(run), text::clean_line(job)),
            move |world| Ok(convert::job_run(world.job_run(&id)?, now)),
        )
        .await
    }

    async fn repair_deployment(
        &self,
        _journaled: &Journaled,
        asked: &ApprovalTask,
        after: Option<&str>,
    ) -> Outcome<()> {
        let (wanted, after) = (asked.clone(), after.map(str::to_owned));
        self.write(format!("repair {}", text::clean_line(&asked.name())), move |world, now| {
            world.repair_job(&wanted.run, &wanted.task, after.as_deref(), now).map(drop)
        })
        .await
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        let run = run.clone();
        self.read(format!("find the versions of run {run}"), move |world| {
            let all =
                world.models.iter().flat_map(|(name, model)| model.versions.iter().map(move |v| (name, model, v)));
            let found = all.filter(|(_, _, (_, version))| version.run_id.as_ref() == Some(&run));
            Ok(found
                .map(|(name, model, (n, version))| convert::version_with_aliases(name, model, *n, version))
                .collect())
        })
        .await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        let (key, wanted) = (model.clone(), alias.to_owned());
        let shown = text::clean_line(alias);
        self.read(format!("read the version of '{model}' with the alias '{shown}'"), move |world| {
            match world.model(&key)?.aliases.get(&wanted) {
                Some(number) => version(world, &key, *number),
                None => Err(Refusal::NotFound(format!("model '{key}' has no alias '{}'", text::clean_line(&wanted)))),
            }
        })
        .await
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        let (key, target) = (model.clone(), target.clone());
        self.read(format!("read what of '{model}' is in production"), move |world| {
            let model = world.model(&key)?;
            let all = model.versions.iter().map(|(n, v)| convert::version_with_aliases(&key, model, *n, v));
            Ok(all.filter(|v| target.is_held_by(v)).collect())
        })
        .await
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        let ids = ids.to_vec();
        self.read("read runs".to_owned(), move |world| {
            let found = ids.iter().collect::<std::collections::BTreeSet<_>>().into_iter();
            Ok(found.filter_map(|id| world.runs.get(id).map(|run| convert::run(id, run))).collect())
        })
        .await
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        let ids = ids.to_vec();
        self.read("read logged models".to_owned(), move |world| {
            let one = |id: &String| {
                let (model, number) = world.made_from(id).ok()?;
                Some(convert::logged_model(world, id, world.version(&model, number).ok()?))
            };
            Ok(ids.iter().filter_map(one).collect())
        })
        .await
    }

    fn version_page(&self, _model: &ModelName, _number: VersionNumber) -> Option<String> {
        None
    }

    fn run_page(&self, _experiment: &ExperimentId, _run: &RunId) -> Option<String> {
        None
    }

    async fn set_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        let (name, tag, value) = (model.clone(), key.to_owned(), value.to_owned());
        self.write(format!("tag version {number} of '{model}' with {}", text::clean_line(key)), move |world, _| {
            world.set_version_tag(&name, number, &tag, &value)
        })
        .await
    }

    async fn delete_version_tag(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        let (name, tag) = (model.clone(), key.to_owned());
        let shown = text::clean_line(key);
        self.write(format!("remove the tag {shown} from version {number} of '{model}'"), move |world, _| {
            world.delete_version_tag(&name, number, &tag)
        })
        .await
    }

    async fn move_stage(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        _comment: &str,
    ) -> Outcome<()> {
        let (name, to) = (model.clone(), stage.clone());
        let shown = text::clean_line(stage.as_str());
        self.write(format!("move version {number} of '{model}' to {shown}"), move |world, now| {
            world.move_stage(&name, number, &to, archive_existing, now)
        })
        .await
    }

    async fn set_alias(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        let (name, wanted) = (model.clone(), alias.to_owned());
        let shown = text::clean_line(alias);
        self.write(format!("point the alias '{shown}' to version {number} of '{model}'"), move |world, _| {
            world.set_alias(&name, &wanted, number)
        })
        .await
    }

    async fn delete_alias(&self, _journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        let (name, wanted) = (model.clone(), alias.to_owned());
        let shown = text::clean_line(alias);
        self.write(format!("remove the alias '{shown}' of '{model}'"), move |world, _| {
            world.delete_alias(&name, &wanted)
        })
        .await
    }
}

fn version(world: &World, model: &ModelName, number: VersionNumber) -> Result<ModelVersion, Refusal> {
    let version = world.version(model, number)?;
    Ok(convert::version_with_aliases(model, world.model(model)?, number, version))
}

/// One page of the entries. The token is the position of the first entry, as on the real servers.
pub(super) fn cut<T, U>(
    all: impl Iterator<Item = T>,
    token: Option<&str>,
    size: usize,
    convert: impl Fn(T) -> U,
) -> Result<Page<U>, Refusal> {
    let bad = |t: &str| Refusal::Invalid(format!("'{}' is not a page token", text::clean_line(t)));
    let start = token.map_or(Ok(0), |t| t.parse::<usize>().map_err(|_| bad(t)))?;
    let mut rest = all.skip(start);
    let items: Vec<U> = rest.by_ref().take(size).map(convert).collect();
    let next = rest.next().map(|_| start.saturating_add(size).to_string());
    Ok(Page { items, next })
}
