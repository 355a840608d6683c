//! Adapters: the ports implemented for real services. No layer above names an HTTP crate.

mod append;
pub mod clock;
pub mod databricks;
pub mod demo;
pub mod desktop;
pub mod github;
pub mod hook;
pub mod http;
pub mod journal;
pub mod mlflow;
pub mod names;
pub mod notify;
pub mod outbox;
pub mod records;
pub mod released;
pub mod ssh;
pub mod stores;
pub mod witness;
