//! What several test binaries share: real MLflow servers, data to put on them, an in-memory journal.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod http;
pub mod install;
pub mod journal;
pub mod mlflow_server;
pub mod seed;
