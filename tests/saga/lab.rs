//! One reviewer with a world, a journal directory, a clock and a promoter.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use signoff::adapters::demo::github::{JobScript, Repo, StepScript};
use signoff::adapters::demo::{Latency, Store, World, open};
use signoff::adapters::released::{ReleasedRegistry, Sources};
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::Outcome;
use signoff::domain::ids::{ModelName, PromotionId, VersionNumber};
use signoff::domain::promotion::Until;
use signoff::domain::promotion::{PromotionPlan, SagaState, fold};
use signoff::domain::record::{ASSET, Sealed};
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::domain::rules::Rules;
use signoff::ports::records::RecordStore;
use signoff::ports::{Clock, Desktop, JournalStore, ModelRegistry, OtherTarget, ReleaseHost};
use signoff::services::Services;
use signoff::services::prepare;
use signoff::services::promote::{Promoter, Watch};

use crate::databricks::Workspace;
use crate::doubles::{FaultyHost, FaultyRegistry, Journals, Script};
use crate::support::clock::ManualClock;
use crate::support::rules::{rules, rules_for};

pub const NOW: &str = "2026-11-23T09:00:00Z";
pub const CHURN: &str = "telco-churn";
/// In Staging, with a commit on the default branch.
pub const CANDIDATE: VersionNumber = VersionNumber(42);
/// In Production.
pub const HOLDER: VersionNumber = VersionNumber(39);

pub fn production() -> PromotionTarget {
    PromotionTarget::Stage(Stage::Production)
}

pub fn champion() -> PromotionTarget {
    PromotionTarget::Alias("champion".into())
}

/// No wait is real in these tests: every promotion is over at the first poll.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}

/// The demo's telco-churn only, reduced to what a promotion reads, because it is copied a few hundred thousand times.
/// Its CD takes two seconds and is started by `trigger`.
pub fn world(trigger: CdTrigger) -> World {
    static FRESH: OnceLock<World> = OnceLock::new();
    let mut world = FRESH
        .get_or_init(|| {
            let mut world = World::new(NOW.parse().unwrap()).unwrap();
            world.models.retain(|name, _| name.as_str() == CHURN);
            let model = world.models.values_mut().next().unwrap();
            model.versions.retain(|number, _| number.0 >= 39);
            let runs = Arc::make_mut(&mut world.runs);
            runs.retain(|id, _| model.versions.values().any(|v| v.run_id.as_ref() == Some(id)));
            for run in runs.values_mut() {
                run.metrics.retain(|name, _| name == "auc");
                run.params.clear();
                run.tags.retain(|name, _| name.starts_with("mlflow.source.git"));
                run.datasets.clear();
            }
            let Repo { tags, tag_objects, releases, runs, workflows, .. } = &mut world.repo;
            tags.retain(|name, _| name.as_str() == "telco-churn-v39");
            tag_objects.retain(|id, _| tags.values().any(|to| to == id));
            releases.retain(|r| tags.contains_key(&r.tag));
            runs.retain(|r| tags.contains_key(&r.tag));
            let steps = vec![StepScript { name: "roll out".into(), ms: 1500 }];
            workflows[0].queue_ms = 500;
            workflows[0].jobs =
                vec![JobScript { name: "deploy".into(), steps, fails_with: Vec::new(), environment: None }];
            world
        })
        .clone();
    world.repo.listen_to(trigger);
    world
}

struct NoDesktop;

#[async_trait]
impl Desktop for NoDesktop {
    async fn open_url(&self, _url: &str) -> Outcome<()> {
        Ok(())
    }
}

/// Another target, which has a copy of everything already. v39 is in production there.
fn copied(clock: &Arc<dyn Clock>) -> OtherTarget {
    let mut world = world(CdTrigger::Release);
    world.set_alias(&ModelName::new(CHURN), "champion", HOLDER).unwrap();
    let (registry, _) = open(&Store::memory(world), clock, Latency::NONE);
    OtherTarget { registry, promote_to: champion(), names: None }
}

/// A reviewer at a terminal.
pub struct Lab {
    pub clock: Arc<ManualClock>,
    pub store: Store,
    pub script: Script,
    pub host: Arc<FaultyHost>,
    pub journals: Journals,
    pub services: Services,
    pub promoter: Promoter,
    /// Where its registry is, if that is not the demo's.
    place: Option<Arc<Workspace>>,
}

impl Lab {
    /// Stage Production, CD on the release.
    pub fn new() -> Self {
        Self::of(world(CdTrigger::Release), rules())
    }

    pub fn on(target: PromotionTarget, trigger: CdTrigger) -> Self {
        Self::of(world(trigger), rules_for(target, trigger))
    }

    pub fn of(world: World, rules: Rules) -> Self {
        Self::wired(Store::memory(world), Arc::new(ManualClock::at(NOW)), Journals::default(), rules)
    }

    pub fn wired(store: Store, clock: Arc<ManualClock>, journals: Journals, rules: Rules) -> Self {
        let shelf = Arc::new(journals.clone());
        Self::keeping(store, clock, journals, shelf, rules)
    }

    /// With other journals than the in-memory ones.
    pub fn keeping(
        store: Store,
        clock: Arc<ManualClock>,
        journals: Journals,
        kept: Arc<dyn JournalStore>,
        rules: Rules,
    ) -> Self {
        let shared: Arc<dyn Clock> = clock.clone();
        let (registry, host) = open(&store, &shared, Latency::NONE);
        let (tracking, code) = (registry.clone(), host.clone());
        let script = Script::new(&store);
        let registry: Arc<dyn ModelRegistry> =
            Arc::new(FaultyRegistry { inner: registry, script: script.clone(), workspace: None });
        let host = Arc::new(FaultyHost::new(host, script.clone()));
        let records: Arc<dyn RecordStore> = Arc::new(crate::support::records::Records::default());
        let rules = Arc::new(rules);
        let registry = match rules.promote_to.is_told_by_releases() {
            true => {
                let (host, code) = (host.clone(), code.clone());
                let other = match &rules.promote_to {
                    PromotionTarget::Elsewhere(_) => Some(copied(&shared)),
                    _ => None,
                };
                let sources = Sources { host, code, records: records.clone(), rules: rules.clone(), other };
                Arc::new(ReleasedRegistry::new(registry, sources)) as Arc<dyn ModelRegistry>
            }
            false => registry,
        };
        let services = Services {
            witnesses: Default::default(),
            outbox: None,
            names: None,
            registry,
            tracking,
            host: host.clone() as Arc<dyn ReleaseHost>,
            code,
            journals: kept,
            records,
            signer: Arc::new(signoff::adapters::ssh::NoKey),
            clock: shared,
            desktop: Arc::new(NoDesktop),
            rules,
        };
        Self { clock, store, script, host, journals, promoter: Promoter::new(services.clone()), services, place: None }
    }

    /// The same reviewer on the same world, which is a workspace of a server that has several.
    pub fn in_workspace(mut self, name: &str) -> Self {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (inner, _) = open(&self.store, &clock, Latency::NONE);
        let workspace = Some(name.to_owned());
        self.services.registry = Arc::new(FaultyRegistry { inner, script: self.script.clone(), workspace });
        self.promoter = Promoter::new(self.services.clone());
        self
    }

    /// The same reviewer, whose CD copies versions to this target.
    pub fn copied_to(mut self, other: OtherTarget) -> Self {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (inner, _) = open(&self.store, &clock, Latency::NONE);
        let registry = Arc::new(FaultyRegistry { inner, script: self.script.clone(), workspace: None });
        let Services { code, records, rules, .. } = self.services.clone();
        let sources = Sources { host: self.host.clone(), code, records, rules, other: Some(other) };
        self.services.registry = Arc::new(ReleasedRegistry::new(registry, sources));
        self.promoter = Promoter::new(self.services.clone());
        self
    }

    /// The same reviewer, whose registry is that of a workspace which shows the same world.
    pub fn at(mut self, place: Arc<Workspace>) -> Self {
        let store = self.store.clone();
        place.fake.change(|state| {
            state.store = store;
            state.transitions.clear();
            state.activities.clear();
        });
        let (inner, script) = (place.registry.clone(), self.script.clone());
        let registry: Arc<dyn ModelRegistry> = Arc::new(FaultyRegistry { inner, script, workspace: None });
        self.services.registry = match self.services.rules.promote_to.is_told_by_releases() {
            true => {
                let (host, code) = (self.host.clone(), self.services.code.clone());
                let (records, rules) = (self.services.records.clone(), self.services.rules.clone());
                Arc::new(ReleasedRegistry::new(registry, Sources { host, code, records, rules, other: None }))
            }
            false => registry,
        };
        self.promoter = Promoter::new(self.services.clone());
        self.place = Some(place);
        self
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        match &self.place {
            Some(place) => place.runtime.block_on(future),
            None => now(future),
        }
    }

    /// Another reviewer at another machine: same servers and clock, other journal directory, other token.
    pub fn colleague(&self) -> Self {
        let rules = (*self.services.rules).clone();
        let other = Self::wired(self.store.clone(), self.clock.clone(), Journals::default(), rules);
        *other.host.identity.lock().unwrap() = Some(Box::new(|me| {
            me.login = "rev2".into();
            me.id = 4712;
            me.name = None;
        }));
        other
    }

    /// The plan the reviewer signs after a clean preflight.
    pub fn plan(&self, number: VersionNumber) -> PromotionPlan {
        let model = self.place.as_ref().map_or_else(|| ModelName::new(CHURN), |place| place.model());
        let preflight = self
            .run(prepare::promotion(&self.services, &model, number, signoff::domain::record::Decision::Approve))
            .unwrap();
        assert!(preflight.may_confirm(), "{:?}", preflight.blocking().collect::<Vec<_>>());
        self.script.forget();
        preflight
            .draft
            .unwrap()
            .sign(self.clock.new_id(), self.clock.now(), &signoff::domain::record::SignOff::because("looks right"))
            .unwrap()
    }

    pub fn approve(&self, plan: &PromotionPlan) -> Outcome<SagaState> {
        self.run(self.promoter.approve(plan.clone(), Until::CdEnded, Watch::default()))
    }

    pub fn resume(&self, id: PromotionId) -> Outcome<SagaState> {
        self.run(self.promoter.resume(id, Until::CdEnded, Watch::default()))
    }

    pub fn undo(&self, id: PromotionId) -> Outcome<SagaState> {
        self.run(self.promoter.undo(id, "rev1", Watch::default()))
    }

    pub fn state(&self, id: PromotionId) -> SagaState {
        fold(&self.journals.entries(id)).unwrap()
    }

    pub fn world(&self) -> World {
        let world = self.store.snapshot().unwrap();
        match &self.place {
            Some(place) => place.plainly(world),
            None => world,
        }
    }

    /// A change made by somebody else.
    pub fn meddle<T>(&self, f: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        self.store.change(|w| Ok::<_, std::convert::Infallible>(f(w, now))).unwrap().unwrap()
    }

    /// The versions in production.
    pub fn holders(&self) -> Vec<VersionNumber> {
        holders(&self.world(), &self.services.rules.promote_to)
    }
}

/// The versions of telco-churn that are in production by `target`.
pub fn holders(world: &World, target: &PromotionTarget) -> Vec<VersionNumber> {
    let model = &world.models[&ModelName::new(CHURN)];
    match target {
        PromotionTarget::Stage(stage) => {
            model.versions.iter().filter(|(_, v)| v.stage == *stage).map(|(n, _)| *n).collect()
        }
        PromotionTarget::Alias(alias) => model.aliases.get(alias).copied().into_iter().collect(),
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
            let record = |r: &signoff::adapters::demo::github::Release| {
                let file = r.assets.iter().find(|a| a.name == ASSET)?;
                Sealed::from_bytes(&file.content.0).ok().map(|sealed| sealed.record.model.version)
            };
            let published = world.repo.releases.iter().filter(|r| !r.draft);
            published
                .filter_map(|r| Some((r.published_at, r.id, record(r)?)))
                .max()
                .map(|(_, _, number)| number)
                .into_iter()
                .collect()
        }
    }
}
