//! Experiments and run searches.

use jiff::Timestamp;

use super::ids::ExperimentId;
use super::run::Run;

/// An experiment: a folder of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub id: ExperimentId,
    /// Cleaned.
    pub name: String,
    /// The experiment is in the server's trash.
    pub deleted: bool,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// The attribute by which the server sorts runs. Attributes only: sorting 20,000 runs by one takes MLflow a third of a
/// second, by a param or tag 12 s, by a metric 24 s (measured on 3.17 with SQLite).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunAttribute {
    /// Start time.
    #[default]
    Started,
    Name,
    /// By the status text.
    Status,
}

/// The sort order of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunOrder {
    pub by: RunAttribute,
    pub descending: bool,
}

impl Default for RunOrder {
    /// Newest first.
    fn default() -> Self {
        Self { by: RunAttribute::Started, descending: true }
    }
}

/// A run search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunQuery {
    pub experiments: Vec<ExperimentId>,
    /// MLflow's filter syntax, as typed; empty for all.
    pub filter: String,
    pub order: RunOrder,
    /// Page token; `None` for the first page.
    pub page: Option<String>,
}

impl RunQuery {
    /// All runs of an experiment, newest first.
    pub fn of(experiment: ExperimentId) -> Self {
        Self { experiments: vec![experiment], filter: String::new(), order: RunOrder::default(), page: None }
    }

    /// The child runs of `run`. MLflow's own clients create them in the same experiment.
    pub fn children_of(run: &Run) -> Self {
        // Ids are hexadecimal on every known server; one that could break out of the quotes matches nothing.
        let id: String = run.id.as_str().chars().filter(|c| !matches!(c, '\'' | '\\')).collect();
        let filter = format!("tags.`mlflow.parentRunId` = '{id}'");
        Self { filter, ..Self::of(run.experiment.clone()) }
    }
}
