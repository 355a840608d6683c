//! A registry that does not say what is in production: releases do. What was decided, and what is in production, is read
//! from the releases of the repository and the records of this machine, and shown as if the registry said it. It is not
//! written to, except for the tags around an approval in a deployment job.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::{try_join, try_join_all};

use crate::domain::commit::ReleaseState;
use crate::domain::deployment::{ApprovalTask, DeploymentRun};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::Home;
use crate::domain::ids::{ExperimentId, ModelName, RepoSlug, RunId, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::limits;
use crate::domain::logged::LoggedModel;
use crate::domain::origin::repository_at;
use crate::domain::page::Page;
use crate::domain::provenance::Provenance;
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{ASSET, Sealed};
use crate::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, RegistryUser, SignInEnd, Stage, There,
    Told, TransitionRequest,
};
use crate::domain::release::version_of_tag;
use crate::domain::released::{Released, released};
use crate::domain::rules::Rules;
use crate::domain::run::Run;
use crate::ports::code::CodeHost;
use crate::ports::records::RecordStore;
use crate::ports::{Journaled, ModelRegistry, OtherTarget, ReleaseHost, unsupported};

/// Most pages of a hundred releases that are looked at.
const RELEASE_PAGES: usize = 10;
/// Most records of one model that are read for a list of its versions, newest first.
const RECORDS: usize = 50;
/// Concurrent requests.
const AT_ONCE: usize = 6;

/// Where the decisions are.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Sources {
    pub host: Arc<dyn ReleaseHost>,
    pub code: Arc<dyn CodeHost>,
    pub records: Arc<dyn RecordStore>,
    pub rules: Arc<Rules>,
    /// The target that CD copies versions to.
    pub other: Option<OtherTarget>,
}

/// A registry whose versions carry what releases and records say of them.
#[allow(missing_debug_implementations)]
pub struct ReleasedRegistry {
    registry: Arc<dyn ModelRegistry>,
    sources: Sources,
    /// The files that were read: they never change.
    read: Mutex<Files>,
}

/// Records by the repository and the id of their file; none for a file that is no record.
type Files = HashMap<(RepoSlug, u64), Option<Arc<Sealed>>>;

/// The published releases of a repository, newest first.
type Releases = Arc<Vec<ReleaseState>>;

/// What is read once for all models that are told.
struct Here {
    home: Home,
    chain: Vec<ChainLine>,
}

impl ReleasedRegistry {
    pub fn new(registry: Arc<dyn ModelRegistry>, sources: Sources) -> Self {
        Self { registry, sources, read: Mutex::default() }
    }

    async fn here(&self) -> Outcome<Here> {
        let (workspace, chain) = try_join(self.registry.workspace(), self.sources.records.read()).await?;
        // The registry's address may be settled by asking it.
        Ok(Here { home: Home { registry: self.registry.url(), workspace }, chain })
    }

    /// # Errors
    /// If the configuration names no repository for the model: nobody knows then what is in production.
    fn repository(&self, model: &ModelName) -> Outcome<RepoSlug> {
        let Sources { rules, host, .. } = &self.sources;
        repository_at(rules, Some(model), Provenance::default(), &host.host()).map_err(|why| {
            let operation = format!("read which version of {model} was released last");
            Failure::new(FailureKind::Config, Service::Config, operation, why)
                .with_hint("Set `repository` for this target, or for this model in [models].")
        })
    }

    async fn releases(&self, repo: &RepoSlug) -> Outcome<Releases> {
        let (mut all, _) = self.sources.host.recent_releases(repo, RELEASE_PAGES).await?;
        all.retain(|release| !release.draft);
        // The host lists them by the time of their commit. Of two in one second every machine takes the same one.
        all.sort_by_key(|release| std::cmp::Reverse((release.published_at, release.id)));
        Ok(Arc::new(all))
    }

    /// The record that a release carries, if it is one.
    async fn record(&self, repo: &RepoSlug, release: &ReleaseState) -> Outcome<Option<Arc<Sealed>>> {
        let Some(file) = release.assets.iter().find(|a| a.complete && a.name == ASSET) else { return Ok(None) };
        let key = (repo.clone(), file.id);
        // A poisoned lock costs a request only.
        if let Some(known) = self.read.lock().ok().and_then(|read| read.get(&key).cloned()) {
            return Ok(known);
        }
        let bytes = self.sources.code.asset(repo, file.id, limits::RECORD).await?;
        let sealed = Sealed::from_bytes(&bytes).ok().map(Arc::new);
        if let Ok(mut read) = self.read.lock() {
            read.insert(key, sealed.clone());
        }
        Ok(sealed)
    }

    /// The record of a release of `model`, if it is about this registry and was made for this very tag.
    async fn of_model(
        &self,
        (home, model): (&Home, &ModelName),
        repo: &RepoSlug,
        release: &ReleaseState,
    ) -> Outcome<Option<Arc<Sealed>>> {
        let sealed = self.record(repo, release).await?;
        Ok(sealed.filter(|sealed| {
            let record = &sealed.record;
            record.elsewhere(home, self.sources.rules.demo).is_none()
                && record.model.name == *model
                && released(sealed).is_some_and(|(_, tag)| tag.as_str() == release.tag)
        }))
    }

    /// What is said of a model: which version was released last, and the decisions on those with these numbers.
    async fn said(
        &self,
        Here { home, chain }: &Here,
        model: &ModelName,
        repo: &RepoSlug,
        all: &Releases,
        numbers: &BTreeSet<VersionNumber>,
    ) -> Outcome<Released> {
        let number = |release: &ReleaseState| version_of_tag(&self.sources.rules.tag_template, model, &release.tag);
        let ours: Vec<_> = all.iter().filter_map(|release| Some((number(release)?, release))).collect();
        let mut said = Released::default();
        for (_, release) in &ours {
            if let Some(sealed) = self.of_model((home, model), repo, release).await? {
                said.last = released(&sealed);
                said.decided(&sealed);
                break;
            }
        }
        let asked = ours.iter().filter(|(number, _)| numbers.contains(number)).take(RECORDS);
        let reads: Vec<_> = asked.map(|(_, release)| self.of_model((home, model), repo, release)).collect();
        let read: Vec<_> = futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await;
        for sealed in read.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten() {
            said.decided(&sealed);
        }
        for line in chain {
            let ChainLine::Record(sealed) = line else { continue };
            let record = &sealed.record;
            let here = record.elsewhere(home, self.sources.rules.demo).is_none() && record.model.name == *model;
            // An approval that is not released yet is no decision in force.
            if here && !record.decision.promotes() {
                said.decided(sealed);
            }
        }
        Ok(said)
    }

    /// As [`Self::said`], reading the releases of `repo`.
    async fn said_in(
        &self,
        repo: &RepoSlug,
        model: &ModelName,
        numbers: BTreeSet<VersionNumber>,
    ) -> Outcome<(Home, Released)> {
        let (here, all) = try_join(self.here(), self.releases(repo)).await?;
        let said = self.said(&here, model, repo, &all, &numbers).await?;
        Ok((here.home, said))
    }

    /// Says what is known on versions of a model: nothing, if it has no repository.
    async fn told(&self, model: &ModelName, mut versions: Vec<ModelVersion>) -> Outcome<Vec<ModelVersion>> {
        let Ok(repo) = self.repository(model) else { return Ok(versions) };
        let (home, said) = self.said_in(&repo, model, versions.iter().map(|v| v.number).collect()).await?;
        versions.iter_mut().for_each(|version| said.tell(&home, version));
        Ok(versions)
    }

    async fn told_one(&self, version: ModelVersion) -> Outcome<ModelVersion> {
        let untold = version.clone();
        Ok(self.told(&untold.model, vec![version]).await?.pop().unwrap_or(untold))
    }

    /// As [`Self::told`], for the models of a list, reading the releases of each repository once.
    async fn told_models(&self, models: &mut [RegisteredModel]) -> Outcome<()> {
        let repos: Vec<Option<RepoSlug>> = models.iter().map(|model| self.repository(&model.name).ok()).collect();
        let distinct: BTreeSet<&RepoSlug> = repos.iter().flatten().collect();
        let (here, releases) = try_join(
            self.here(),
            try_join_all(distinct.into_iter().map(|repo| async move { Ok((repo, self.releases(repo).await?)) })),
        )
        .await?;
        let tell = |(model, repo): (&mut RegisteredModel, &Option<RepoSlug>)| {
            let all = repo.as_ref().and_then(|repo| releases.iter().find(|(of, _)| *of == repo));
            let (here, all) = (&here, all.cloned());
            let (name, latest) = (model.name.clone(), std::mem::take(&mut model.latest));
            async move {
                let Some((repo, all)) = all else { return Ok(latest) };
                self.told_latest(here, &name, repo, &all, latest).await
            }
        };
        let reads: Vec<_> = models.iter_mut().zip(&repos).map(tell).collect();
        let read: Vec<_> = futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await;
        for (model, latest) in models.iter_mut().zip(read) {
            model.latest = latest?;
        }
        Ok(())
    }

    /// The versions that a list carries, and the one in production with them.
    async fn told_latest(
        &self,
        here: &Here,
        model: &ModelName,
        repo: &RepoSlug,
        all: &Releases,
        mut latest: Vec<ModelVersion>,
    ) -> Outcome<Vec<ModelVersion>> {
        let numbers = latest.iter().map(|v| v.number).collect();
        let said = self.said(here, model, repo, all, &numbers).await?;
        if let Some(number) = said.last_number().filter(|last| !numbers.contains(last)) {
            match self.registry.version(model, number).await {
                Ok(version) => latest.push(version),
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        latest.iter_mut().for_each(|version| said.tell(&here.home, version));
        Ok(latest)
    }
}

impl ReleasedRegistry {
    /// Says on models what is in production at the other target.
    async fn compared(&self, models: &mut [RegisteredModel]) -> Outcome<()> {
        let Some(other) = &self.sources.other else { return Ok(()) };
        let asked: Vec<_> = models.iter_mut().filter(|model| !model.browse_only).collect();
        let names: Vec<_> = asked.iter().map(|model| model.name.clone()).collect();
        let reads: Vec<_> = names.iter().map(|name| other.in_production(name)).collect();
        let read: Vec<_> = futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await;
        for (model, read) in asked.into_iter().zip(read) {
            model.there = match read {
                Ok(there) => there.into_iter().next_back().map_or(There::Nothing, |v| There::Version(Box::new(v))),
                // Of one model. Whoever opens its version is told.
                Err(failure) if matches!(failure.kind, FailureKind::Forbidden | FailureKind::Config) => There::Nothing,
                Err(failure) => return Err(failure),
            };
        }
        Ok(())
    }

    /// The registry, if this target writes tags to it.
    fn written(&self, operation: String) -> Outcome<&dyn ModelRegistry> {
        match self.sources.rules.promote_to.spares_registry() {
            true => Err(refused(operation)),
            false => Ok(self.registry.as_ref()),
        }
    }
}

fn refused(operation: String) -> Failure {
    unsupported(Service::Mlflow, operation, "nothing is moved in the registry of this target")
}

#[async_trait]
impl ModelRegistry for ReleasedRegistry {
    fn url(&self) -> String {
        self.registry.url()
    }

    async fn workspace(&self) -> Outcome<Option<String>> {
        self.registry.workspace().await
    }

    fn named_workspace(&self) -> Option<String> {
        self.registry.named_workspace()
    }

    async fn info(&self) -> Outcome<RegistryInfo> {
        self.registry.info().await
    }

    async fn user(&self) -> Outcome<RegistryUser> {
        self.registry.user().await
    }

    /// Reading is enough where nothing is written.
    async fn permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        match self.sources.rules.promote_to.spares_registry() {
            true => Ok(None),
            false => self.registry.permission(model).await,
        }
    }

    async fn sign_in_ends(&self) -> Outcome<Option<SignInEnd>> {
        self.registry.sign_in_ends().await
    }

    fn most_tags(&self) -> Option<usize> {
        self.registry.most_tags().filter(|_| !self.sources.rules.promote_to.spares_registry())
    }

    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        self.registry.deployment_run(job, run).await
    }

    async fn may_repair(&self, job: &str) -> Outcome<Option<Permission>> {
        self.registry.may_repair(job).await
    }

    async fn repair_deployment(&self, journaled: &Journaled, asked: &ApprovalTask, after: Option<&str>) -> Outcome<()> {
        self.written(format!("repair {}", asked.name()))?.repair_deployment(journaled, asked, after).await
    }

    async fn requests(&self, model: &ModelName, number: VersionNumber) -> Outcome<Vec<TransitionRequest>> {
        self.registry.requests(model, number).await
    }

    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        let mut page = self.registry.models(name_like, page).await?;
        self.told_models(&mut page.items).await?;
        self.compared(&mut page.items).await?;
        Ok(page)
    }

    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        let mut model = self.registry.model(name).await?;
        self.told_models(std::slice::from_mut(&mut model)).await?;
        self.compared(std::slice::from_mut(&mut model)).await?;
        Ok(model)
    }

    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let mut page = self.registry.versions(model, page).await?;
        page.items = self.told(model, page.items).await?;
        Ok(page)
    }

    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion> {
        self.told_one(self.registry.version(model, number).await?).await
    }

    async fn versions_of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        self.registry.versions_of_run(run).await
    }

    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion> {
        self.told_one(self.registry.version_by_alias(model, alias).await?).await
    }

    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>> {
        if !target.is_told_by_releases() {
            return self.registry.holders(model, target).await;
        }
        let (home, said) = self.said_in(&self.repository(model)?, model, BTreeSet::new()).await?;
        let Some(number) = said.last_number() else { return Ok(Vec::new()) };
        match self.registry.version(model, number).await {
            Ok(mut version) => {
                said.tell(&home, &mut version);
                // Another version may have the number by now.
                Ok(if target.is_held_by(&version) { vec![version] } else { Vec::new() })
            }
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        let found = self.registry.runs(ids).await?;
        Ok(match &self.sources.other {
            Some(other) => other.with_runs(ids, found).await,
            None => found,
        })
    }

    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        let found = self.registry.logged_models(ids).await?;
        Ok(match &self.sources.other {
            Some(other) => other.with_logged(ids, found).await,
            None => found,
        })
    }

    fn other(&self) -> Option<&OtherTarget> {
        self.sources.other.as_ref()
    }

    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        self.registry.version_page(model, number)
    }

    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String> {
        self.registry.run_page(experiment, run)
    }

    fn job_page(&self, job: &JobRun) -> Option<String> {
        self.registry.job_page(job)
    }

    fn tags_hold_text(&self) -> bool {
        self.registry.tags_hold_text()
    }

    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()> {
        let registry = self.written(format!("set a tag on version {number} of {model}"))?;
        registry.set_version_tag(journaled, model, number, key, value).await
    }

    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()> {
        let registry = self.written(format!("delete a tag of version {number} of {model}"))?;
        registry.delete_version_tag(journaled, model, number, key).await
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
        Err(refused(format!("move version {number} of {model} to {stage}")))
    }

    /// The comment on the commit tells others.
    async fn tell(
        &self,
        _journaled: &Journaled,
        _model: &ModelName,
        _number: VersionNumber,
        _told: &Told,
    ) -> Outcome<()> {
        Ok(())
    }

    async fn set_alias(
        &self,
        _journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()> {
        Err(refused(format!("point the alias {alias} of {model} to version {number}")))
    }

    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()> {
        self.written(format!("delete the alias {alias} of {model}"))?.delete_alias(journaled, model, alias).await
    }
}
