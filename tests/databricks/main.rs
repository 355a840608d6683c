//! The Databricks adapter against a stateful double of a workspace, which MLflow's own client and the Databricks SDK
//! drive too (installed by the tests).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod both;
mod catalog;
mod clients;
mod credentials;
mod double;
mod faults;
mod files;
mod open;
mod sight;
mod witness;
mod workspace;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use signoff::adapters::databricks::{self, KnownRegistry, Registry, SignIn};
use signoff::adapters::mlflow::Connection;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::ports::ModelRegistry;
use signoff::ports::tracking::TrackingServer;

use support::fake_databricks::{FakeDatabricks, PERSON, SCHEMA};

/// What the journals and records of this machine know.
#[derive(Debug)]
struct Known(&'static str);

#[async_trait]
impl KnownRegistry for Known {
    async fn knows(&self, url: &str) -> bool {
        !self.0.is_empty() && url.starts_with(self.0)
    }
}

type Ports = (Arc<dyn ModelRegistry>, Arc<dyn TrackingServer>);

/// The ports of a workspace, without pauses between retries.
fn ports_as(url: &str, registry: Registry, sign_in: &SignIn, known: &'static str) -> Ports {
    let mut settings = Connection::settings();
    settings.repeat.pause = Duration::ZERO;
    settings.paced = false;
    let endpoint = databricks::endpoint(&url.parse().unwrap(), sign_in, &settings).unwrap();
    let mut connection = Connection::new(endpoint);
    connection.settings = settings;
    databricks::ports(&connection, registry, Arc::new(Known(known)))
}

/// The jobs of a workspace.
fn jobs(fake: &FakeDatabricks) -> Arc<databricks::Jobs> {
    let mut settings = Connection::settings();
    settings.repeat.pause = Duration::ZERO;
    settings.paced = false;
    let endpoint = databricks::endpoint(&fake.url().parse().unwrap(), &token(PERSON), &settings).unwrap();
    let connection = Connection { settings, ..Connection::new(endpoint) };
    databricks::Jobs::new(&connection).unwrap()
}

fn token(token: &str) -> SignIn {
    SignIn::Token(token.to_owned().into())
}

fn ports(fake: &FakeDatabricks, registry: Registry) -> Ports {
    ports_as(&fake.url(), registry, &token(PERSON), "")
}

/// The two registries.
const BOTH: [Registry; 2] = [Registry::Workspace, Registry::Catalog];

/// The demo's candidate, by its name in this registry.
fn churn(registry: Registry) -> ModelName {
    match registry {
        Registry::Catalog | Registry::Assumed => ModelName::new(format!("{SCHEMA}telco-churn")),
        Registry::Workspace | Registry::Server | Registry::Open => ModelName::new("telco-churn"),
    }
}

/// What promotion moves in this registry.
fn target(registry: Registry) -> PromotionTarget {
    match registry {
        Registry::Catalog | Registry::Assumed => PromotionTarget::Alias("champion".to_owned()),
        Registry::Workspace | Registry::Server => PromotionTarget::Stage(Stage::Production),
        Registry::Open => PromotionTarget::Release,
    }
}

const CANDIDATE: VersionNumber = VersionNumber(42);
const HOLDER: VersionNumber = VersionNumber(39);
