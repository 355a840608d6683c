//! The MLflow adapter against real servers (2.22.5 and 3.17.2), and against a stub for faults that real servers do not
//! show on demand. The first run installs both servers into a cache outside the checkout.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod evidence;
mod faults;
mod files;
mod histories;
mod lineage;
mod odd;
mod reads;
mod scores;
mod sign_in;
mod stores;
mod tls;
mod writes;

use std::time::Duration;

use signoff::adapters::mlflow::{Auth, Connection, Endpoint, Mlflow, Tuning};
use signoff::domain::failure::Failure;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::page::Page;
use signoff::ports::ModelRegistry;
use support::mlflow_server::{Server, Version};
use support::seed::World;

/// Generates one test per server from each `async fn(Version)`.
macro_rules! on_real_servers {
    ($($name:ident),* $(,)?) => {
        mod on_2_22 {
            $(#[tokio::test] async fn $name() { super::$name(crate::support::mlflow_server::Version::V2_22).await; })*
        }
        mod on_3_17 {
            $(#[tokio::test] async fn $name() { super::$name(crate::support::mlflow_server::Version::V3_17).await; })*
        }
    };
}
pub(crate) use on_real_servers;

/// The adapter on the shared, seeded server.
fn adapter(version: Version) -> Mlflow {
    tuned(version, Tuning::default())
}

fn tuned(version: Version, tuning: Tuning) -> Mlflow {
    World::shared(version);
    Mlflow::with_tuning(&connection(&Server::shared(version).url(), Auth::None), tuning)
}

fn connection(url: &str, auth: Auth) -> Connection {
    let mut connection = Connection::new(Endpoint::parse(url, auth).unwrap());
    connection.settings.timeout = Duration::from_secs(60);
    connection.settings.repeat.pause = Duration::from_millis(5);
    connection
}

fn name(name: &str) -> ModelName {
    ModelName::new(name)
}

fn v(number: u64) -> VersionNumber {
    VersionNumber(number)
}

/// Reads all pages.
async fn all<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Vec<Vec<T>>
where
    F: Future<Output = Result<Page<T>, Failure>>,
{
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let got = page(token).await.unwrap();
        pages.push(got.items);
        token = got.next;
        if token.is_none() {
            return pages;
        }
        assert!(pages.len() < 1_000, "endless pages");
    }
}

async fn all_models(mlflow: &Mlflow, name_like: Option<&str>) -> Vec<String> {
    let pages = all(|token| async move { mlflow.models(name_like, token.as_deref()).await }).await;
    pages.into_iter().flatten().map(|m| m.name.as_str().to_owned()).collect()
}
