//! MLflow's registry and tracking servers, 2.x and 3.x, over their REST API.
//!
//! Contains what is specific to MLflow: routes, wire types, filters, converters and error codes (`dialect`). Sending,
//! limits, retries and the classification of responses are in [`crate::adapters::http`].

pub(super) mod artifacts;
pub(super) mod client;
pub mod connection;
pub(super) mod convert;
mod dialect;
pub(super) mod filter;
mod histories;
mod info;
mod logged;
mod mlmodel;
pub(super) mod registry;
mod runs;
mod signature;
mod tracking;
mod versions;
pub(super) mod wire;

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use connection::{Auth, Connection, Endpoint};

use crate::adapters::http::Wire;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use client::Client;

/// Characters not encoded in the path of a web page.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Page sizes, which tests make small. The defaults suit the servers best.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Models per request. A page of 1,000 takes ten times as long to the first row as one of 100.
    pub models_per_page: usize,
    /// Versions per request when listing.
    pub versions_per_page: usize,
    /// Versions per request when all are read.
    pub versions_per_scan: usize,
    /// Run ids per filter. The servers' limit is some 5,000 (measured on 2.22 and 3.18).
    pub runs_per_search: usize,
    /// Logged models per request.
    pub models_per_search: usize,
    /// Experiments per request when all are read.
    pub experiments_per_page: usize,
    /// Experiments per request when listing.
    pub experiments_listed: usize,
    /// Runs per request when listing. A run costs some 6 kB and 3 ms (measured on 3.18).
    pub runs_per_page: usize,
    /// Points of a history per request if the server cannot sample. 25,000 are 3.2 MB.
    pub points_per_page: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            models_per_page: 100,
            versions_per_page: 200,
            versions_per_scan: 1_000,
            runs_per_search: 100,
            models_per_search: 50,
            experiments_per_page: 1_000,
            experiments_listed: 200,
            runs_per_page: 100,
            points_per_page: 25_000,
        }
    }
}

/// A registry server and its tracking server.
///
/// Creating one is free: sockets, certificates and caches are set up at the first request.
#[derive(Debug)]
pub struct Mlflow {
    pub(super) registry: Client,
    pub(super) tracking: Client,
    tuning: Tuning,
    /// Where the registry's routes begin, below `/api/2.0/mlflow/`: empty, or ends in a slash.
    registry_routes: &'static str,
    experiments: runs::KnownExperiments,
    aliases: versions::KnownAliases,
}

impl Mlflow {
    /// Creates the adapter for the servers of `connection` without any request.
    pub fn new(connection: &Connection) -> Self {
        Self::with_tuning(connection, Tuning::default())
    }

    /// The registry's routes begin with `routes`, which ends in a slash.
    pub(in crate::adapters) fn with_registry_routes(self, routes: &'static str) -> Self {
        Self { registry_routes: routes, ..self }
    }

    /// The path of one of the registry's routes, below `/api/2.0/mlflow/`.
    pub(in crate::adapters) fn route(&self, path: &str) -> String {
        format!("{}{path}", self.registry_routes)
    }

    /// As [`Self::new`], with other page sizes.
    pub fn with_tuning(connection: &Connection, tuning: Tuning) -> Self {
        let wire = Arc::new(Wire::new(connection.settings.clone()));
        let client = |endpoint: &Endpoint| Client::new(wire.clone(), endpoint.clone(), connection.workspace.clone());
        Self {
            registry: client(connection.registry.as_ref().unwrap_or(&connection.tracking)),
            tracking: client(&connection.tracking),
            tuning,
            registry_routes: "",
            experiments: runs::KnownExperiments::default(),
            aliases: versions::KnownAliases::default(),
        }
    }
}

fn version_page(base: &str, model: &ModelName, number: VersionNumber) -> String {
    format!("{base}/#/models/{}/versions/{}", utf8_percent_encode(model.as_str(), PATH), number.0)
}

/// A web page in a workspace: MLflow's pages take it as a parameter of the address behind the `#`.
fn in_workspace(page: String, workspace: Option<&str>) -> String {
    match workspace {
        Some(workspace) => format!("{page}?workspace={}", utf8_percent_encode(workspace, PATH)),
        None => page,
    }
}

fn run_page(base: &str, experiment: &ExperimentId, run: &RunId) -> String {
    let encode = |text| utf8_percent_encode(text, PATH);
    format!("{base}/#/experiments/{}/runs/{}", encode(experiment.as_str()), encode(run.as_str()))
}

fn experiment_page(base: &str, experiment: &ExperimentId) -> String {
    format!("{base}/#/experiments/{}", utf8_percent_encode(experiment.as_str(), PATH))
}

fn logged_model_page(base: &str, experiment: &ExperimentId, id: &str) -> String {
    format!("{}/models/{}", experiment_page(base, experiment), utf8_percent_encode(id, PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_pages_survive_every_name() {
        let page = |name: &str| version_page("http://h/x", &ModelName::new(name), VersionNumber(3));
        assert_eq!(page("telco-churn_1.2"), "http://h/x/#/models/telco-churn_1.2/versions/3");
        assert_eq!(page("a/b c?#%"), "http://h/x/#/models/a%2Fb%20c%3F%23%25/versions/3");
        assert_eq!(page("客 🚀\u{1b}"), "http://h/x/#/models/%E5%AE%A2%20%F0%9F%9A%80%1B/versions/3");
        let run = run_page("http://h", &ExperimentId::new("7"), &RunId::new("a/b"));
        assert_eq!(run, "http://h/#/experiments/7/runs/a%2Fb");
        let model = logged_model_page("http://h", &ExperimentId::new("7/"), "m-1 2");
        assert_eq!(model, "http://h/#/experiments/7%2F/models/m-1%202");
    }
}
