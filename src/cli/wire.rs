//! Turns a configured target into the ports that everything else works with.

use std::sync::Arc;

use crate::adapters::clock::SystemClock;
use crate::adapters::demo;
use crate::adapters::desktop::SystemDesktop;
use crate::adapters::journal::JournalDir;
use crate::config::{GithubConnection, MlflowConnection, Paths, Target};
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::{Clock, ModelRegistry, ReleaseHost};
use crate::services::Services;

/// The ports of `target`. Talks to nobody yet.
///
/// # Errors
/// [`FailureKind::Config`] if a value cannot be turned into a connection.
pub fn services(paths: &Paths, target: &Target) -> Outcome<Services> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (registry, host): (Arc<dyn ModelRegistry>, Arc<dyn ReleaseHost>) = match &target.connections {
        None => {
            let (registry, host) = demo::open(&demo_store(paths, &clock), &clock, demo::Latency::DEMO);
            (registry, host)
        }
        Some(connections) => (mlflow(&connections.mlflow)?, github(&connections.github)?),
    };
    Ok(Services {
        registry,
        host,
        journals: Arc::new(JournalDir::new(&paths.state_of(target.rules.demo))),
        clock,
        desktop: Arc::new(SystemDesktop),
        rules: Arc::new(target.rules.clone()),
    })
}

/// Starts the demo over: a fresh world, and no history.
///
/// # Errors
/// [`FailureKind::Local`] if the disk refuses.
pub fn reset_demo(paths: &Paths) -> Outcome<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    demo_store(paths, &clock).reset()?;
    paths.clear_demo_history()
}

fn demo_store(paths: &Paths, clock: &Arc<dyn Clock>) -> demo::Store {
    demo::Store::file(paths.state_of(true).join("world.json"), Arc::clone(clock))
}

fn mlflow(_connection: &MlflowConnection) -> Outcome<Arc<dyn ModelRegistry>> {
    Err(not_yet(Service::Mlflow))
}

fn github(_connection: &GithubConnection) -> Outcome<Arc<dyn ReleaseHost>> {
    Err(not_yet(Service::Github))
}

fn not_yet(service: Service) -> Failure {
    Failure::new(FailureKind::Bug, service, format!("talk to {service}"), "it is not wired yet")
}
