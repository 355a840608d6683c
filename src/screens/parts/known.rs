//! A version's value of a metric, or why there is none.

use super::Ctx;
use super::view::{Reading, reading_of};
use crate::domain::registry::ModelVersion;
use crate::domain::run::MetricValue;
use crate::domain::score::latest;

/// The metric of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Its latest value.
    Value(MetricValue),
    /// Run or logged model are loading.
    Underway,
    /// Run or logged model could not be read.
    Unread,
    /// The version names no run, and no model that says anything.
    NoRun,
    /// The server has no such run.
    RunGone,
    /// Neither has this metric.
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
    let said = ctx.cache.said(version);
    match reading_of(version, ctx) {
        Reading::Underway => return Known::Underway,
        Reading::Failed => return Known::Unread,
        Reading::Done => {}
    }
    match latest(said, metric, ctx.rules.metrics_from(&version.model)) {
        Some(value) => Known::Value(value),
        None if said.is_known() => Known::NoMetric,
        None if version.run_id.is_some() => Known::RunGone,
        None => Known::NoRun,
    }
}
