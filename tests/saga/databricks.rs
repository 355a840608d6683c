//! Promotions over both registries of a Databricks workspace: the real adapter, over HTTP, to a double of the workspace
//! that shows the same world.
//!
//! The families of `exhaustive` run over them too. Here the faults are those of the network: every request of an
//! approval is the one whose reply is lost, and the one that fails in all its attempts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use signoff::adapters::databricks::{self, KnownRegistry, Registry, SignIn};
use signoff::adapters::demo::World;
use signoff::adapters::mlflow::Connection;
use signoff::domain::cd::CdTrigger;
use signoff::domain::ids::ModelName;
use signoff::domain::registry::PromotionTarget;
use signoff::ports::ModelRegistry;

use crate::exhaustive::{Course, Depth};
use crate::lab::{CHURN, champion, production};
use crate::support::fake_databricks::{FakeDatabricks, Fault, PERSON, Rule, SCHEMA};
use crate::support::rules::rules_for;

/// A registry of a workspace, in place of the demo's.
pub struct Workspace {
    pub fake: FakeDatabricks,
    pub registry: Arc<dyn ModelRegistry>,
    kind: Registry,
    /// These promotions wait for answers.
    pub runtime: tokio::runtime::Runtime,
}

#[derive(Debug)]
struct Nothing;

#[async_trait]
impl KnownRegistry for Nothing {
    async fn knows(&self, _url: &str) -> bool {
        false
    }
}

impl Workspace {
    pub fn start(kind: Registry) -> Arc<Self> {
        let fake = FakeDatabricks::start();
        let mut settings = Connection::settings();
        settings.repeat.pause = Duration::ZERO;
        settings.paced = false;
        let sign_in = SignIn::Token(PERSON.to_owned().into());
        let endpoint = databricks::endpoint(&fake.url().parse().unwrap(), &sign_in, &settings).unwrap();
        let mut connection = Connection::new(endpoint);
        connection.settings = settings;
        let (registry, _) = databricks::ports(&connection, kind, Arc::new(Nothing));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Arc::new(Self { fake, registry, kind, runtime })
    }

    fn is_catalog(&self) -> bool {
        self.kind == Registry::Catalog
    }

    /// The name of telco-churn here.
    pub fn model(&self) -> ModelName {
        ModelName::new(if self.is_catalog() { format!("{SCHEMA}{CHURN}") } else { CHURN.to_owned() })
    }

    /// The world with the keys of our tags as everywhere else.
    pub fn plainly(&self, mut world: World) -> World {
        let versions = world.models.values_mut().flat_map(|m| m.versions.values_mut());
        for version in versions.filter(|_| self.is_catalog()) {
            let keys: Vec<String> = version.tags.keys().filter(|k| k.starts_with("signoff_")).cloned().collect();
            for key in keys {
                let value = version.tags.remove(&key).unwrap();
                version.tags.insert(key.replacen("signoff_", "signoff.", 1), value);
            }
        }
        world
    }
}

#[test]
fn whichever_request_to_a_workspace_registry_is_lost_there_is_at_most_one_release() {
    whichever_is_lost(Registry::Workspace, production());
}

#[test]
fn whichever_request_to_unity_catalog_is_lost_there_is_at_most_one_release() {
    whichever_is_lost(Registry::Catalog, champion());
}

fn whichever_is_lost(kind: Registry, target: PromotionTarget) {
    let place = Workspace::start(kind);
    let course = Course::at(Arc::clone(&place), rules_for(target, CdTrigger::Release), Depth::Registry);
    let calm = course.fresh();
    place.fake.forget();
    calm.approve(&course.plan).unwrap();
    let (requests, writes) = (place.fake.requests().len(), place.fake.writes().len());
    assert!(requests > 10 && writes > 3, "{kind:?}: {requests} requests, {writes} writes");

    let mut endings = std::collections::BTreeMap::<String, usize>::new();
    for n in 0..u32::try_from(requests).unwrap() {
        for rule in [
            Rule::new("*", "*", Fault::DropAfterApply).after(n),
            Rule::new("*", "*", Fault::DropBefore).after(n).times(3),
            Rule::new("*", "*", Fault::StatusAfterApply(504, serde_json::json!({}))).after(n).times(3),
        ] {
            let lab = course.fresh();
            place.fake.fault(rule.clone());
            let _ = lab.approve(&course.plan);
            place.fake.heal();
            let ending = course.finish(&lab, &[], || format!("{kind:?}: {rule:?}"));
            *endings.entry(format!("{ending:?}").split([' ', '{']).next().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(endings["Done"] > 20, "{endings:?}");
}
