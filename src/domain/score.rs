//! What a version scored: each metric with its value, whose it is, and what it was measured on.
//!
//! Everything that shows, judges, compares, signs or verifies metrics takes them from here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::logged::{DataRef, ModelMetric};
use super::provenance::Provenance;
use super::run::MetricValue;

/// Whose metrics count where the logged model and its run differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsFrom {
    /// The logged model's own; the run's only for metrics that the model does not have.
    #[default]
    Model,
    /// The latest ones of the training run; the model's only for metrics that the run does not have.
    Run,
}

impl MetricsFrom {
    /// Whether this is the default, which is not written down.
    pub fn is_model(&self) -> bool {
        *self == Self::Model
    }

    /// `the model`, `its run`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Model => "the model",
            Self::Run => "its run",
        }
    }

    /// The other of the two.
    pub fn other(self) -> Self {
        match self {
            Self::Model => Self::Run,
            Self::Run => Self::Model,
        }
    }
}

/// Where the value of a metric comes from. Absent if MLflow has only the run's, as all servers before 3.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricOrigin {
    /// Whose it is.
    pub of: MetricsFrom,
    /// The data set it was measured on, if MLflow was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataRef>,
    /// What the other of model and run has, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<MetricValue>,
}

/// One metric of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The metric, raw.
    pub metric: String,
    /// Its name in a list: the metric, and the data set where the model has several values of the metric.
    pub name: String,
    pub value: MetricValue,
    pub origin: Option<MetricOrigin>,
}

impl Score {
    /// The data set it was measured on.
    pub fn data(&self) -> Option<&DataRef> {
        self.origin.as_ref()?.data.as_ref()
    }

    /// The metric with its data set.
    pub fn full_name(&self) -> String {
        named(&self.metric, self.data())
    }

    /// Whether it is the latest of its metric, which a list calls by the metric's name alone.
    pub fn is_latest(&self) -> bool {
        self.name == self.metric
    }
}

/// All metrics of a version, by metric. The first of those of one metric is the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores(Vec<Score>);

impl Scores {
    /// What a version scored.
    pub fn of(said: Provenance<'_>, from: MetricsFrom) -> Self {
        let runs = |name: &str| said.run.and_then(|r| r.metrics.get(name)).map(|p| p.value);
        let Some(logged) = said.logged else {
            let plain = |name: &str| {
                let value = runs(name)?;
                Some(Score { metric: name.to_owned(), name: name.to_owned(), value, origin: None })
            };
            return Self(said.run.into_iter().flat_map(|r| r.metrics.names()).filter_map(plain).collect());
        };
        let mut of_model: BTreeMap<&str, Vec<&ModelMetric>> = BTreeMap::new();
        for metric in &logged.metrics {
            of_model.entry(&metric.name).or_default().push(metric);
        }
        // The latest first; the others by data set.
        for list in of_model.values_mut() {
            if let Some(latest) = (0..list.len()).max_by_key(|at| list[*at].age()) {
                list[..=latest].rotate_right(1);
            }
        }
        let names: BTreeSet<&str> =
            of_model.keys().copied().chain(said.run.into_iter().flat_map(|r| r.metrics.names())).collect();
        let mut scores = Vec::with_capacity(names.len());
        for name in names {
            let models = of_model.get(name).map(Vec::as_slice).unwrap_or_default();
            match (runs(name), models.first()) {
                (Some(run), latest) if from == MetricsFrom::Run || latest.is_none() => {
                    let other = latest.map(|m| m.value).filter(|value| *value != run);
                    let origin = MetricOrigin { of: MetricsFrom::Run, data: None, other };
                    scores.push(Score {
                        metric: name.to_owned(),
                        name: name.to_owned(),
                        value: run,
                        origin: Some(origin),
                    });
                }
                (run, _) => scores.extend(models.iter().enumerate().map(|(at, metric)| Score {
                    metric: name.to_owned(),
                    name: if at == 0 { name.to_owned() } else { label(metric, models) },
                    value: metric.value,
                    origin: Some(MetricOrigin {
                        of: MetricsFrom::Model,
                        data: metric.data.clone(),
                        // The run's value is of no data set in particular: it is laid beside the latest.
                        other: run.filter(|value| at == 0 && *value != metric.value),
                    }),
                })),
            }
        }
        Self(scores)
    }

    /// The scores, by metric.
    pub fn iter(&self) -> impl Iterator<Item = &Score> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latest value of `metric`.
    pub fn get(&self, metric: &str) -> Option<&Score> {
        self.all(metric).first()
    }

    /// All values of `metric`, the latest first.
    pub fn all(&self, metric: &str) -> &[Score] {
        let from = self.0.partition_point(|s| s.metric.as_str() < metric);
        let count = self.0[from..].partition_point(|s| s.metric == metric);
        &self.0[from..from + count]
    }

    /// The score here to lay beside `other`, which is of another version: measured on the same data, or else on data
    /// of the same name, or else the latest, unless `other` itself is one of several and not the latest.
    pub fn beside(&self, other: &Score) -> Option<&Score> {
        let mine = self.all(&other.metric);
        let name = |s: &Score| s.data().map(|d| d.name.clone());
        let same = mine.iter().find(|s| s.data() == other.data());
        let alike = || mine.iter().find(|s| name(s) == name(other));
        same.or_else(alike).or_else(|| mine.first().filter(|_| other.is_latest()))
    }
}

/// The latest value of `metric`, without building all of them: lists ask it for every row.
pub fn latest(said: Provenance<'_>, metric: &str, from: MetricsFrom) -> Option<MetricValue> {
    let run = || said.run.and_then(|r| r.metrics.get(metric)).map(|p| p.value);
    let model = || {
        let of = said.logged.into_iter().flat_map(|l| &l.metrics).filter(|m| m.name == metric);
        of.max_by_key(|m| m.age()).map(|m| m.value)
    };
    match from {
        MetricsFrom::Model => model().or_else(run),
        MetricsFrom::Run => run().or_else(model),
    }
}

/// The name of one of several values of a metric, with the digest where two data sets share a name.
fn label(metric: &ModelMetric, all: &[&ModelMetric]) -> String {
    let name = named(&metric.name, metric.data.as_ref());
    let set = |m: &ModelMetric| m.data.as_ref().map(|d| d.name.clone());
    let namesakes = all.iter().filter(|m| set(m) == set(metric)).count();
    match &metric.data {
        Some(data) if namesakes > 1 => format!("{name} {}", data.digest),
        _ => name,
    }
}

/// `auc on holdout`
fn named(metric: &str, data: Option<&DataRef>) -> String {
    match data {
        Some(data) => format!("{metric} on {}", data.name),
        None => format!("{metric} on no named data"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::logged::LoggedModel;
    use crate::domain::promotion::samples;
    use crate::domain::run::{MetricPoint, Run};

    fn metric(name: &str, value: f64, at: i64, data: Option<(&str, &str)>) -> ModelMetric {
        ModelMetric {
            name: name.to_owned(),
            value: MetricValue(value),
            step: 0,
            at: Timestamp::from_second(at).ok(),
            run: None,
            data: data.map(|(name, digest)| DataRef { name: name.to_owned(), digest: digest.to_owned() }),
        }
    }

    fn logged(metrics: Vec<ModelMetric>) -> LoggedModel {
        LoggedModel { metrics: LoggedModel::latest(metrics), ..LoggedModel::default() }
    }

    fn run(metrics: &[(&str, f64)]) -> Run {
        let point = |value: f64| MetricPoint { value: MetricValue(value), step: 0, at: None };
        Run { metrics: metrics.iter().map(|(n, v)| ((*n).to_owned(), point(*v))).collect(), ..samples::run(1, 0.9) }
    }

    fn shown(scores: &Scores) -> Vec<(String, f64, Option<f64>)> {
        let other = |s: &Score| s.origin.as_ref()?.other.map(|v| v.0);
        scores.iter().map(|s| (s.name.clone(), s.value.0, other(s))).collect()
    }

    #[test]
    fn a_checkpoint_scored_what_the_model_says_and_not_what_its_run_ended_with() {
        let (run, model) = (run(&[("accuracy", 0.8), ("epochs", 3.0)]), logged(vec![metric("accuracy", 0.6, 1, None)]));
        let said = Provenance { run: Some(&run), logged: Some(&model) };
        let row = |name: &str, value, other| (name.to_owned(), value, other);
        let models = Scores::of(said, MetricsFrom::Model);
        assert_eq!(shown(&models), [row("accuracy", 0.6, Some(0.8)), row("epochs", 3.0, None)]);
        let runs = Scores::of(said, MetricsFrom::Run);
        assert_eq!(shown(&runs), [row("accuracy", 0.8, Some(0.6)), row("epochs", 3.0, None)]);
        let of = |s: &Scores, name: &str| s.get(name).unwrap().origin.clone().unwrap().of;
        assert_eq!((of(&models, "accuracy"), of(&models, "epochs")), (MetricsFrom::Model, MetricsFrom::Run));
    }

    #[test]
    fn a_model_without_a_run_has_its_own_scores_and_a_run_alone_has_no_origin() {
        let model = logged(vec![metric("auc", 0.7, 1, None)]);
        let alone = Scores::of(Provenance { run: None, logged: Some(&model) }, MetricsFrom::Run);
        assert_eq!(alone.get("auc").unwrap().origin.as_ref().unwrap().of, MetricsFrom::Model);
        let run = run(&[("auc", 0.9)]);
        assert_eq!(Scores::of(Provenance::from(&run), MetricsFrom::Model).get("auc").unwrap().origin, None);
    }

    #[test]
    fn several_data_sets_are_several_rows_and_meet_their_like_on_the_other_side() {
        let new = logged(vec![
            metric("auc", 0.9, 1, None),
            metric("auc", 0.7, 3, Some(("holdout", "a"))),
            metric("auc", 0.8, 2, Some(("test", "b"))),
        ]);
        let old = logged(vec![metric("auc", 0.6, 1, Some(("test", "b"))), metric("auc", 0.5, 2, Some(("other", "c")))]);
        let scores = |model| Scores::of(Provenance { run: None, logged: Some(model) }, MetricsFrom::Model);
        let (new, old) = (scores(&new), scores(&old));
        let names: Vec<_> = new.iter().map(|s| (s.name.as_str(), old.beside(s).map(|o| o.value.0))).collect();
        assert_eq!(names, [("auc", Some(0.5)), ("auc on no named data", None), ("auc on test", Some(0.6))]);
    }

    proptest! {
        /// Names are unique, no value of the model is lost, and the short way to the latest value agrees.
        #[test]
        fn every_value_of_the_model_has_a_row_of_its_own(
            of_model in prop::collection::vec(("[ab]", 0..4i64, 0..3i64, prop::option::of(("[xy]", "[12]"))), 0..8),
            of_run in prop::collection::vec(("[abc]", 0..4i64), 0..4),
            by_run in any::<bool>(),
        ) {
            let data = |d: &Option<(String, String)>| d.clone();
            let model = logged(of_model.iter().map(|(n, v, at, d)| {
                let d = data(d);
                metric(n, *v as f64, *at + 1, d.as_ref().map(|(n, g)| (n.as_str(), g.as_str())))
            }).collect());
            let pairs: Vec<_> = of_run.iter().map(|(n, v)| (n.as_str(), *v as f64)).collect();
            let run = run(&pairs);
            let said = Provenance { run: Some(&run), logged: Some(&model) };
            let from = if by_run { MetricsFrom::Run } else { MetricsFrom::Model };
            let scores = Scores::of(said, from);
            let names: BTreeSet<_> = scores.iter().map(|s| s.name.clone()).collect();
            prop_assert_eq!(names.len(), scores.len());
            for score in scores.iter().filter(|s| s.is_latest()) {
                prop_assert_eq!(latest(said, &score.metric, from), Some(score.value));
            }
            if from == MetricsFrom::Model {
                for metric in &model.metrics {
                    let has = |s: &Score| s.metric == metric.name && s.value == metric.value && s.data() == metric.data.as_ref();
                    prop_assert!(scores.iter().any(has), "{:?}", metric);
                }
            }
        }
    }
}
