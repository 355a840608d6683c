//! Adapters: the ports implemented over real services. Nothing above this layer names an HTTP crate.

mod append;
pub mod clock;
pub mod demo;
pub mod desktop;
pub mod github;
pub mod http;
pub mod journal;
pub mod mlflow;
pub mod records;
pub mod ssh;
