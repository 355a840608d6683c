//! The history of a metric within a run, and its statistics.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::run::MetricValue;

/// One logged value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Resumed runs may log a step twice.
    pub step: i64,
    pub at: Option<Timestamp>,
    /// May be NaN or infinite.
    pub value: MetricValue,
}

/// The points of one metric of one run, by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub run: RunId,
    pub metric: String,
    /// By step, then time.
    pub points: Vec<Point>,
    /// The server returned a sample, which always includes the first and the last point.
    pub sampled: bool,
}

/// Statistics of a history. Points that are not finite are only counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub count: usize,
    /// Number of points that are NaN or infinite.
    pub not_finite: usize,
    /// Smallest finite value, with its step.
    pub min: Option<(f64, i64)>,
    /// Largest finite value, with its step.
    pub max: Option<(f64, i64)>,
    /// Mean of the finite values.
    pub mean: Option<f64>,
    /// Value of the last point.
    pub last: Option<MetricValue>,
}

impl History {
    /// Statistics over all points present.
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

/// Indices of at most `max` out of `total` items, evenly spread, including the first and the last. All if `total` is no
/// more than `max`; only the last if `max` is 1.
pub fn even_sample(total: usize, max: usize) -> impl Iterator<Item = usize> {
    let kept = total.min(max);
    (0..kept).map(move |i| {
        if kept == 1 {
            return total - 1;
        }
        // Rounds to the nearest; u128 cannot overflow here.
        let (i, last, steps) = (i as u128, (total - 1) as u128, (kept - 1) as u128);
        usize::try_from((i * last + steps / 2) / steps).unwrap_or(total - 1)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sample_keeps_both_ends() {
        assert_eq!(even_sample(3, 5).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(even_sample(11, 3).collect::<Vec<_>>(), [0, 5, 10]);
        assert_eq!(even_sample(11, 1).collect::<Vec<_>>(), [10]);
        assert_eq!(even_sample(0, 3).count() + even_sample(3, 0).count(), 0);
    }

    proptest! {
        #[test]
        fn a_sample_is_even_whatever_the_sizes(total in 2usize..2_000_000, max in 2usize..3_000) {
            let kept: Vec<_> = even_sample(total, max).collect();
            prop_assert_eq!(kept.len(), total.min(max));
            prop_assert_eq!((kept[0], *kept.last().unwrap()), (0, total - 1));
            let gaps = || kept.windows(2).map(|w| w[1] - w[0]);
            prop_assert!(gaps().min().unwrap() >= 1 && gaps().max().unwrap() - gaps().min().unwrap() <= 1);
        }
    }

    #[test]
    fn statistics_count_what_is_no_number_and_leave_it_out() {
        let values = [1.0, f64::NAN, 4.0, f64::INFINITY, 1.0];
        let points = (0..).zip(values).map(|(step, v)| Point { step, at: None, value: MetricValue(v) }).collect();
        let history = History { run: RunId::new("r"), metric: "m".to_owned(), points, sampled: false };
        let s = history.statistics();
        assert_eq!((s.count, s.not_finite, s.min, s.max, s.mean), (5, 2, Some((1.0, 0)), Some((4.0, 2)), Some(2.0)));
    }
}
