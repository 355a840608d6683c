//! Logged models (MLflow 3.x): what MLflow says of a model itself, apart from the run that logged it.
//!
//! A run may log several models, such as checkpoints, and a model may be logged outside any run. So metrics, params,
//! tags and data sets of a model are its own; the run's are those of its last step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifact::{ArtifactRoot, logged_model};
use super::ids::{ExperimentId, RunId};
use super::registry::ModelVersion;
use super::run::MetricValue;
use super::sorted_map::Tags;

/// A logged model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// `m-...`.
    pub id: String,
    pub name: String,
    /// As the server spells it: `LOGGED_MODEL_READY`, ...
    pub status: String,
    pub experiment: Option<ExperimentId>,
    /// The run that logged it; `None` if it was logged outside a run.
    pub source_run: Option<RunId>,
    /// The latest value of each metric on each data set, by name and data set.
    pub metrics: Vec<ModelMetric>,
    pub params: Tags,
    /// Tags, including MLflow's own (`mlflow.*`), without the list of versions made from it.
    pub tags: Tags,
}

/// One metric of a logged model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMetric {
    pub name: String,
    pub value: MetricValue,
    /// The step it was logged at.
    pub step: i64,
    pub at: Option<Timestamp>,
    /// The run that measured it, which need not be the one that logged the model.
    pub run: Option<RunId>,
    /// The data set it was measured on, if MLflow was told.
    pub data: Option<DataRef>,
}

/// A data set that a metric was measured on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DataRef {
    pub name: String,
    /// The digest computed by MLflow; may be empty.
    pub digest: String,
}

impl LoggedModel {
    /// The latest value of each metric on each data set. Values of one metric come from different runs, whose steps
    /// are not comparable, so time decides before step, as in MLflow's own searches.
    pub fn latest(mut metrics: Vec<ModelMetric>) -> Vec<ModelMetric> {
        metrics.sort_by(|a, b| {
            let place = |m: &ModelMetric| (m.name.clone(), m.data.clone());
            place(a).cmp(&place(b)).then_with(|| b.age().cmp(&a.age()))
        });
        metrics.dedup_by(|later, kept| later.name == kept.name && later.data == kept.data);
        metrics
    }

    /// The values of its metrics as text, by name and data set.
    pub fn values(&self) -> Tags {
        let name = |m: &ModelMetric| match &m.data {
            Some(data) => format!("{} on {} {}", m.name, data.name, data.digest),
            None => m.name.clone(),
        };
        self.metrics.iter().map(|m| (name(m), m.value.to_string())).collect()
    }

    /// Whether MLflow says anything of this model that a run could say as well.
    pub fn is_silent(&self) -> bool {
        self.metrics.is_empty() && self.params.is_empty() && self.tags.is_empty()
    }
}

impl ModelMetric {
    /// What decides which of two values is the later one. Total, so that the order of a server's list does not matter.
    pub fn age(&self) -> (Option<Timestamp>, i64, MetricValue) {
        (self.at, self.step, self.value)
    }
}

/// The id of the logged model a version was made from: by its source `models:/m-...`, or as the registry names it.
/// Servers before 3.0 have none.
pub fn logged_model_of(version: &ModelVersion) -> Option<String> {
    logged_model(&version.source).map(str::to_owned).or_else(|| version.logged_model.clone())
}

/// Where the files of a version are: those of its run, then those of its logged model, then those that the registry keeps
/// of the version itself.
pub fn file_roots(version: &ModelVersion) -> Vec<ArtifactRoot> {
    let run = version.run_id.clone().map(ArtifactRoot::Run);
    let own = version.keeps_files.then(|| ArtifactRoot::Version(version.model.clone(), version.number));
    run.into_iter().chain(logged_model_of(version).map(ArtifactRoot::LoggedModel)).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, data: Option<&str>, at: i64, step: i64, value: f64) -> ModelMetric {
        ModelMetric {
            name: name.to_owned(),
            value: MetricValue(value),
            step,
            at: Timestamp::from_second(at).ok(),
            run: None,
            data: data.map(|name| DataRef { name: name.to_owned(), digest: "d".to_owned() }),
        }
    }

    #[test]
    fn the_latest_value_on_each_data_set_is_kept_whatever_order_the_server_lists() {
        let all = [
            metric("auc", None, 1, 9, 0.5),
            metric("auc", None, 2, 0, 0.6),
            metric("auc", Some("holdout"), 1, 0, 0.7),
            metric("loss", None, 1, 0, 0.1),
            metric("auc", Some("holdout"), 1, 1, 0.8),
        ];
        let kept = |list: Vec<ModelMetric>| LoggedModel::latest(list).iter().map(|m| m.value.0).collect::<Vec<_>>();
        for turn in 0..all.len() {
            let mut turned = all.to_vec();
            turned.rotate_left(turn);
            assert_eq!(kept(turned.clone()), [0.6, 0.8, 0.1]);
            turned.reverse();
            assert_eq!(kept(turned), [0.6, 0.8, 0.1]);
        }
    }
}
