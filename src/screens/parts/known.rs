//! A version's value of a metric, or why there is none.

use super::Ctx;
use super::view::{Reading, reading};
use crate::domain::registry::ModelVersion;
use crate::domain::run::MetricValue;

/// The metric of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The latest value its run logged.
    Value(MetricValue),
    /// The run is loading.
    Underway,
    /// The run could not be read.
    Unread,
    /// The version names no run.
    NoRun,
    /// The server has no such run.
    RunGone,
    /// The run did not log this metric.
    NoMetric,
}

impl Known {
    /// The value, if there is one; it may be NaN or infinite.
    pub fn value(self) -> Option<MetricValue> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// Looks up `metric` of this version in the cache.
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
