//! The history of a metric within a run, and what can be said of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::run::MetricValue;

/// One logged value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The step; resumed runs may log a step twice.
    pub step: i64,
    /// When it was logged.
    pub at: Option<Timestamp>,
    /// The value; may be not-a-number or infinite.
    pub value: MetricValue,
}

/// The points of one metric of one run, in the order of their steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The run.
    pub run: RunId,
    /// The metric.
    pub metric: String,
    /// Its points, by step, then time.
    pub points: Vec<Point>,
    /// The server picked these points out of more. The first and the last are always among them.
    pub sampled: bool,
}

/// What the points of a history say, those that are no finite number left out but counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Number of points.
    pub count: usize,
    /// How many of them are not-a-number or infinite.
    pub not_finite: usize,
    /// Smallest finite value and its step.
    pub min: Option<(f64, i64)>,
    /// Largest finite value and its step.
    pub max: Option<(f64, i64)>,
    /// Mean of the finite values.
    pub mean: Option<f64>,
    /// The last point's value.
    pub last: Option<MetricValue>,
}

impl History {
    /// Statistics over all points that are here.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let finite = || self.points.iter().filter(|p| p.value.is_finite()).map(|p| (p.value.0, p.step));
        let count = finite().count();
        #[expect(clippy::cast_precision_loss, reason = "a count of points is far below 2^52")]
        let mean = (count > 0).then(|| finite().map(|(v, _)| v).sum::<f64>() / count as f64);
        Statistics {
            count: self.points.len(),
            not_finite: self.points.len() - count,
            min: finite().min_by(|a, b| a.0.total_cmp(&b.0)),
            max: finite().max_by(|a, b| a.0.total_cmp(&b.0)),
            mean,
            last: self.points.last().map(|p| p.value),
        }
    }
}
