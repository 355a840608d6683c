//! The built-in world behind `signoff demo`: a model registry and a release host without a network.
//!
//! [`World`] is the pure state and behaves as the real servers do; [`Store`] is where it lives (in memory, or in a file
//! shared by several processes); [`DemoRegistry`] (registry and tracking server, like MLflow) and [`DemoHost`] are the
//! ports over it. The promotion tests use the same world as a fast double. It injects no faults: tests wrap the ports.
//!
//! The world is made from `assets/demo/*.json` (see [`fixture`] for the format) with ages relative to the moment it is
//! first made.

mod code;
mod convert;
pub mod fixture;
pub mod github;
mod host;
mod latency;
mod registry;
mod server;
mod store;
mod tracking;
pub mod world;

use std::sync::Arc;

pub use host::DemoHost;
pub use latency::Latency;
pub use registry::DemoRegistry;
pub use server::Refusal;
pub use store::Store;
pub use world::World;

use crate::domain::policy::file::{self, PolicyFile};
use crate::ports::Clock;

/// The host of the demo's repository. It does not exist.
pub const HOST: &str = "github.demo";

pub const REPOSITORY: &str = "acme/churn-models";

/// URL of the demo's registry.
pub const REGISTRY_URL: &str = "demo://mlflow";

/// The policy of the built-in world. A test checks that it can be parsed; otherwise it would require nothing.
pub fn policy() -> PolicyFile {
    file::parse(POLICY).unwrap_or_default()
}

const POLICY: &str = include_str!("../../../assets/demo/policy.toml");

/// The ports over one world; the registry is also the tracking server. Every call takes `latency`, so that progress is
/// visible.
pub fn open(store: &Store, clock: &Arc<dyn Clock>, latency: Latency) -> (Arc<DemoRegistry>, Arc<DemoHost>) {
    (
        Arc::new(DemoRegistry::new(store.clone(), Arc::clone(clock), latency)),
        Arc::new(DemoHost::new(store.clone(), Arc::clone(clock), latency)),
    )
}
