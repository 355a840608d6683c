//! Configuration: the effective values and their origins.
//!
//! Layers: built-in defaults < file < environment < flags. Every value keeps its origin. This is the only module that
//! reads the environment, the configuration file, MLflow's credentials file and the templates they name.
//! Secrets stay in [`secrecy::SecretString`] and are sent only to the server they are meant for (see `servers.rs`).

pub mod address;
pub mod commands;
pub mod connections;
mod credentials;
mod databricks;
pub mod defaults;
mod drift;
mod env;
pub mod example;
mod found;
mod github;
mod images;
mod keys;
mod load;
pub mod model;
pub mod notify;
mod origin;
mod paths;
mod place;
mod profile;
mod promote;
mod reader;
mod resolve;
pub mod running;
mod servers;
mod show;
pub mod signing;
mod stores;
mod themes;
mod timing;
pub mod watch;

pub use connections::{
    GithubConnection, GithubToken, MlflowAuth, MlflowConnection, RegistryApi, TargetConnections, Timing, Tls,
    TrackingApi,
};
pub use env::Env;
pub use images::Images;
pub use load::{Loaded, UiSettings, load};
pub use model::{DEMO_TARGET, SymbolSet, Theme};
pub use origin::{Origin, Sourced};
pub use paths::Paths;
pub use resolve::{Flags, Target, promotion_target_name};
pub use running::{WitnessAuth, WitnessKind, WitnessServer, WitnessSettings};
pub use show::Shown;
pub use signing::Signing;
pub use stores::Cloud;
pub use watch::WatchSettings;
