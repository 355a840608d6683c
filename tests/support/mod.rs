//! Shared by the integration tests: real MLflow servers, a GitHub double, clocks, journals, screens. Each test binary
//! uses a part of it.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used)]

pub mod airflow;
pub mod clock;
pub mod double;
pub mod driver;
pub mod fake_databricks;
pub mod fake_github;
pub mod group;
pub mod http;
pub mod install;
pub mod journal;
pub mod log;
pub mod mlflow_server;
pub mod plan;
pub mod proxy;
pub mod pty;
pub mod receiver;
pub mod records;
pub mod rules;
pub mod s3_server;
pub mod screen;
pub mod seed;
pub mod stub;
pub mod uc_server;
