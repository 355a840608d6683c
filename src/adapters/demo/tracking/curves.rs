//! The computed history of a metric, up to its final value.
//!
//! Every point costs the same, so a window of a million points costs only what it shows.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::adapters::demo::world::TrainingRun;
use crate::domain::history::{Point, even_sample};
use crate::domain::ids::RunId;
use crate::domain::run::MetricValue;

/// Assumed duration so far of a run that has not ended.
const SO_FAR: SignedDuration = SignedDuration::from_mins(5);

/// The shape of a metric's curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Improves upwards, like an accuracy.
    Rises,
    /// Improves downwards, like a loss.
    Falls,
    /// Like a loss, with gaps of NaN.
    FallsWithGaps,
    /// Measured once, at the end.
    Once,
}

fn shape(metric: &str, last: i64) -> Shape {
    let has = |parts: &[&str]| parts.iter().any(|p| metric.contains(p));
    if last < 2 || has(&["latency", "size", "psi", "drift", "lift", "savings", "coverage", "tokens", "elasticity"]) {
        Shape::Once
    } else if has(&["gap"]) {
        Shape::FallsWithGaps
    } else if has(&["loss", "brier", "error", "rmse", "mae", "mape", "bias", "false_positive", "residual", "_bp"]) {
        Shape::Falls
    } else {
        Shape::Rises
    }
}

/// One metric of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    shape: Shape,
    seed: u64,
    /// The last step. The first is 0, or also this one if it was measured once.
    last: i64,
    value: f64,
    started_at: Timestamp,
    ran: SignedDuration,
}

impl Curve {
    /// None if the run does not have the metric.
    pub(super) fn of(id: &RunId, run: &TrainingRun, metric: &str) -> Option<Self> {
        let value = run.metrics.get(metric)?.0;
        let last = run.last_step(metric).max(0);
        let digest = Sha256::digest(format!("{}/{metric}", id.as_str()));
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest[..8]);
        let ran = run.ended_at.map_or(SO_FAR, |end| end.duration_since(run.started_at));
        Some(Self {
            shape: shape(metric, last),
            seed: u64::from_be_bytes(seed),
            last,
            value,
            started_at: run.started_at,
            ran,
        })
    }

    /// At most `max` points of the window, and whether there are more.
    pub(super) fn sample(&self, window: Option<(i64, i64)>, max: usize) -> (Vec<Point>, bool) {
        let first = if self.shape == Shape::Once { self.last } else { 0 };
        let (from, to) = window.map_or((first, self.last), |(a, b)| (a.min(b).max(first), a.max(b).min(self.last)));
        let total = usize::try_from(to - from + 1).unwrap_or(0);
        let step = |i: usize| from + i64::try_from(i).unwrap_or(0);
        (even_sample(total, max).map(|i| self.at(step(i))).collect(), total > max)
    }

    fn at(&self, step: i64) -> Point {
        #[expect(clippy::cast_precision_loss, reason = "a million steps")]
        let share = if self.last == 0 { 1.0 } else { step as f64 / self.last as f64 };
        let passed = SignedDuration::try_from_secs_f64(self.ran.as_secs_f64() * share).unwrap_or_default();
        let at = self.started_at.checked_add(passed).ok();
        Point { step, at, value: MetricValue(if step == self.last { self.value } else { self.before(step, share) }) }
    }

    /// The value at a step before the last.
    fn before(&self, step: i64, share: f64) -> f64 {
        if self.shape == Shape::FallsWithGaps && self.last > 20 && self.chance(step / 25) < 0.2 {
            return f64::NAN;
        }
        // A run that ended badly still had a goal.
        let goal = if self.value.is_finite() { self.value } else { 0.3 };
        let bent = (1.0 - (-5.0 * share).exp()) / (1.0 - (-5.0_f64).exp());
        let start = match self.shape {
            Shape::Rises => 0.5 + 0.2 * self.chance(-1),
            _ => 2.0 + 1.5 * self.chance(-1),
        };
        let smooth = goal * (start + (1.0 - start) * bent);
        // Less noise towards the end, where the final value is reached.
        let noise = (self.chance(step + 7) - 0.5) * 0.06 * (1.0 - share).sqrt() * (1.0 - 0.7 * bent);
        let value = smooth + goal * noise;
        if (0.0..=1.0).contains(&goal) && self.shape == Shape::Rises { value.clamp(0.0, 1.0) } else { value }
    }

    /// A number from 0 to 1 derived from the seed and `n`.
    fn chance(&self, n: i64) -> f64 {
        let mut x = self.seed ^ n.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((x ^ (x >> 31)) >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}
