//! Histories of one metric as lines over a common axis: what the curve screen and the pane beside a list share.

use jiff::Timestamp;

use crate::domain::history::{History, Point};

/// What is said where [`Axis::is_curve`] says no.
pub const NO_CURVE: &str = "Logged at one step only, so there is no curve.";

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axis {
    #[default]
    Steps,
    /// Time since the first point, in seconds.
    Time,
}

/// One run's line.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotLine<'a> {
    /// Whose: a version, or the name of a run.
    pub label: String,
    /// Its place among the lines: 0 is the candidate or the first run, 1 the baseline or the second.
    pub place: usize,
    pub history: &'a History,
}

impl Axis {
    /// Place of a point on the axis; `start` is the time of the first of its line.
    pub fn x(self, point: &Point, start: Option<Timestamp>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for drawing")]
        match (self, point.at, start) {
            (Self::Time, Some(at), Some(start)) => at.duration_since(start).as_millis() as f64 / 1000.0,
            (Self::Time, _, _) => f64::NAN,
            (Self::Steps, _, _) => point.step as f64,
        }
    }

    /// From the first point of any line to the last; of some length, even if there is but one place.
    pub fn range(self, lines: &[PlotLine<'_>]) -> (f64, f64) {
        let (low, high) = self.ends(lines);
        if low < high { (low, high) } else { (0.0, 1.0) }
    }

    /// Whether the lines take more than one place: a value that was logged once is no curve.
    pub fn is_curve(self, lines: &[PlotLine<'_>]) -> bool {
        let (low, high) = self.ends(lines);
        low < high
    }

    fn ends(self, lines: &[PlotLine<'_>]) -> (f64, f64) {
        let ends = lines.iter().flat_map(|line| {
            let start = start(line.history);
            line.history.points.iter().map(move |p| self.x(p, start)).filter(|x| x.is_finite())
        });
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
    }
}

/// When the first point was logged.
pub fn start(history: &History) -> Option<Timestamp> {
    history.points.iter().filter_map(|p| p.at).min()
}
