//! The demo's world through its ports: it matches its fixtures, behaves like the real servers, and is shared by all
//! processes that open it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod code;
mod fixtures;
mod host;
mod lineage;
mod registry;
mod store;
mod tracking;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use signoff::adapters::demo::{DemoHost, DemoRegistry, Latency, Store, World, open};
use signoff::domain::cd::CdPlan;
use signoff::domain::cd::CdQuery;
use signoff::domain::cd::{CdState, CdTrigger};
use signoff::domain::commit::Ancestry;
use signoff::domain::commit::CommitOrigin;
use signoff::domain::compare::Directions;
use signoff::domain::failure::{FailureKind, Outcome};
use signoff::domain::ids::{ModelName, RepoSlug, RunId, VersionNumber};
use signoff::domain::inbox::waiting;
use signoff::domain::promotion::{PlanDraft, PromotionPlan};
use signoff::domain::record::{Basis, Decision, DecisionDraft, SignOff};
use signoff::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel, Stage};
use signoff::domain::release;
use signoff::domain::run::Run;
use signoff::domain::signer::Signer;
use signoff::ports::{Clock, ModelRegistry, ReleaseHost};
use signoff::services::evidence;
use support::clock::ManualClock;
use support::journal::journaled;

const NOW: &str = "2026-11-23T09:00:00Z";
const CHURN: &str = "telco-churn";

struct Demo {
    clock: Arc<ManualClock>,
    store: Store,
    registry: Arc<DemoRegistry>,
    host: Arc<DemoHost>,
}

impl Demo {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let store = Store::memory(World::new(clock.now()).unwrap());
        let shared: Arc<dyn Clock> = clock.clone();
        let (registry, host) = open(&store, &shared, Latency::NONE);
        Self { clock, store, registry, host }
    }

    async fn version(&self, model: &str, number: u64) -> ModelVersion {
        self.registry.version(&name(model), VersionNumber(number)).await.unwrap()
    }

    async fn run_of(&self, version: &ModelVersion) -> Option<Run> {
        let id = version.run_id.clone()?;
        self.registry.runs(&[id]).await.unwrap().pop()
    }

    /// A signed plan for a version of the demo.
    async fn plan(&self, model: &str, number: u64, trigger: CdTrigger) -> PromotionPlan {
        let target = PromotionTarget::Stage(Stage::Production);
        let (model, number) = (name(model), VersionNumber(number));
        let facts = evidence::facts(&*self.registry, &target, &model, number).await.unwrap();
        let me = self.host.whoami().await.unwrap();
        let rev = facts.run.known().and_then(Run::source_commit).unwrap_or("main");
        let commit = self.host.commit(&repo(), rev).await.unwrap();
        let draft = PlanDraft {
            decision: DecisionDraft {
                target_name: "demo".into(),
                demo: true,
                registry_url: self.registry.url(),
                workspace: None,
                promote_to: target,
                facts,
                directions: Directions::default(),
                signer: Signer {
                    email: format!("{}@example.org", me.login),
                    login: me.login,
                    id: me.id,
                    name: me.name,
                    registry_user: None,
                },
                basis: Basis::bare(Decision::Approve),
                deployment: None,
                baseline_at: None,
            },
            host: self.host.host(),
            repo: repo(),
            commit,
            commit_origin: CommitOrigin::Run,
            tag: release::tag_name("{model}-v{version}", &model, number).unwrap(),
            supersedes: None,
            title: release::title("{model} v{version}", &model, number),
            clears: None,
            notes_template: release::DEFAULT_NOTES_TEMPLATE.into(),
            cd: CdPlan { trigger, workflow: Some("cd.yml".into()), wait_s: 90, chain: Vec::new() },
        };
        draft.sign(self.clock.new_id(), self.clock.now(), &SignOff::because("looks right")).unwrap()
    }

    /// Tags and releases as a promotion does; returns the CD query that follows.
    async fn release(&self, plan: &PromotionPlan) -> CdQuery {
        let j = journaled().await;
        let object = self.host.create_tag_object(&j, plan).await.unwrap();
        self.host.create_tag_ref(&j, plan, &object).await.unwrap();
        let draft = self.host.create_release(&j, plan).await.unwrap();
        self.host.publish_release(&j, &plan.draft.repo, draft.id).await.unwrap();
        query(plan)
    }
}

fn name(model: &str) -> ModelName {
    ModelName::new(model)
}

fn repo() -> RepoSlug {
    "acme/churn-models".parse().unwrap()
}

fn query(plan: &PromotionPlan) -> CdQuery {
    CdQuery {
        trigger: plan.draft.cd.trigger,
        workflow: plan.draft.cd.workflow.clone(),
        tag: plan.draft.tag.clone(),
        commit: plan.commit().clone(),
        since: Some(plan.signed_at),
        chain: Vec::new(),
        wide: false,
    }
}

fn kind<T: std::fmt::Debug>(outcome: Outcome<T>) -> FailureKind {
    outcome.unwrap_err().kind
}

async fn all_models(registry: &DemoRegistry) -> Vec<RegisteredModel> {
    registry.models(None, None).await.unwrap().items
}

async fn all_versions(registry: &DemoRegistry) -> Vec<ModelVersion> {
    let mut all = Vec::new();
    for model in all_models(registry).await {
        all.extend(registry.versions(&model.name, None).await.unwrap().items);
    }
    all
}

#[tokio::test]
async fn latency_passes_on_the_clock_given_and_does_not_hold_up_the_first_list() {
    let clock = Arc::new(ManualClock::at(NOW));
    let shared: Arc<dyn Clock> = clock.clone();
    let store = Store::memory(World::new(clock.now()).unwrap());
    let before = clock.now();
    let (registry, host) = open(&store, &shared, Latency::DEMO);
    all_versions(&registry).await;
    assert_eq!(clock.now(), before, "a page of models, and the versions of each");
    registry.info().await.unwrap();
    host.whoami().await.unwrap();
    let passed = clock.now().duration_since(before).as_millis();
    assert!((40..=150).contains(&passed), "{passed} ms: the host is another connection");
}
