//! What is known of a metric of a version: a value, or why there is none.

use super::Ctx;
use super::view::{Reading, reading};
use crate::domain::registry::ModelVersion;
use crate::domain::run::MetricValue;

/// What is known of the metric of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The latest value its run logged.
    Value(MetricValue),
    /// Its run is on its way.
    Underway,
    /// Its run could not be read.
    Unread,
    /// The version names no run.
    NoRun,
    /// The server has no such run to show.
    RunGone,
    /// Its run did not log this metric.
    NoMetric,
}

impl Known {
    /// The value, if there is one; it may be not-a-number or infinite.
    pub fn value(self) -> Option<MetricValue> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// What is known of `metric` of this version.
pub fn known(version: &ModelVersion, metric: &str, ctx: &Ctx<'_>) -> Known {
    let Some(id) = &version.run_id else {
        return Known::NoRun;
    };
    match ctx.cache.run(id) {
        Some(Some(run)) => run.metrics.get(metric).map_or(Known::NoMetric, |p| Known::Value(p.value)),
        Some(None) => Known::RunGone,
        None if reading(Some(id), ctx) == Reading::Failed => Known::Unread,
        None => Known::Underway,
    }
}
