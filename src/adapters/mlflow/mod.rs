//! MLflow's registry and tracking servers, 2.x and 3.x, over their REST interface.
//!
//! Owns what is particular to MLflow: routes, wire types, filters, converters, and its words for errors ([`dialect`]).
//! Sending, limits, repetition and the meaning of answers are [`crate::adapters::http`]'s.

mod artifacts;
mod client;
pub mod connection;
mod convert;
mod dialect;
mod filter;
mod histories;
mod info;
mod mlmodel;
mod registry;
mod runs;
mod signature;
mod tracking;
mod versions;
mod wire;

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use connection::{Auth, Connection, Endpoint};

use crate::adapters::http::Wire;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use client::Client;

/// What stays readable in the path of a web page.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Sizes that tests make small. The defaults are what the servers like best.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Models asked for at once. One page of 1,000 takes ten times as long to its first row as one of 100.
    pub models_per_page: usize,
    /// Versions asked for at once when listing.
    pub versions_per_page: usize,
    /// Versions asked for at once when all must be seen.
    pub versions_per_scan: usize,
    /// Run ids in one filter. The servers' limit is some 5,000 (measured on 2.22 and 3.18).
    pub runs_per_search: usize,
    /// Experiments asked for at once when all must be known.
    pub experiments_per_page: usize,
    /// Experiments asked for at once when listing.
    pub experiments_listed: usize,
    /// Runs asked for at once when listing. A run costs some 6 kB and 3 ms (measured on 3.18).
    pub runs_per_page: usize,
    /// Points of a history asked for at once where the server cannot sample. 25,000 are 3.2 MB.
    pub points_per_page: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            models_per_page: 100,
            versions_per_page: 200,
            versions_per_scan: 1_000,
            runs_per_search: 100,
            experiments_per_page: 1_000,
            experiments_listed: 200,
            runs_per_page: 100,
            points_per_page: 25_000,
        }
    }
}

/// A registry server and the tracking server behind it.
///
/// Making one costs nothing: sockets, certificates and caches come with the first request.
#[derive(Debug)]
pub struct Mlflow {
    registry: Client,
    tracking: Client,
    tuning: Tuning,
    experiments: runs::KnownExperiments,
    aliases: versions::KnownAliases,
}

impl Mlflow {
    /// Wires the adapter to the servers of `connection` without talking to them.
    pub fn new(connection: &Connection) -> Self {
        Self::with_tuning(connection, Tuning::default())
    }

    /// As [`Self::new`], with sizes of one's own.
    pub fn with_tuning(connection: &Connection, tuning: Tuning) -> Self {
        let wire = Arc::new(Wire::new(connection.settings.clone()));
        let client = |endpoint: &Endpoint| Client::new(wire.clone(), endpoint.clone(), connection.workspace.clone());
        Self {
            registry: client(connection.registry.as_ref().unwrap_or(&connection.tracking)),
            tracking: client(&connection.tracking),
            tuning,
            experiments: runs::KnownExperiments::default(),
            aliases: versions::KnownAliases::default(),
        }
    }
}

fn version_page(base: &str, model: &ModelName, number: VersionNumber) -> String {
    format!("{base}/#/models/{}/versions/{}", utf8_percent_encode(model.as_str(), PATH), number.0)
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
