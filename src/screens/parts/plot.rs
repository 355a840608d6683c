//! Histories of one metric as lines over a common axis, shared by the curve screen and the pane beside a list.

use jiff::Timestamp;

use crate::domain::history::{History, Point};

/// Shown when [`Axis::is_curve`] is false.
pub const NO_CURVE: &str = "Logged at one step only, so there is no curve.";

/// The unit of the horizontal axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axis {
    #[default]
    Steps,
    /// Time since the first point, in seconds.
    Time,
}

/// The line of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotLine<'a> {
    /// A version, or the name of a run.
    pub label: String,
    /// Index of the line: 0 is the candidate or the first run, 1 the baseline or the second.
    pub place: usize,
    pub history: &'a History,
}

impl Axis {
    /// Position of a point on the axis; `start` is the time of the first point of its line.
    pub fn x(self, point: &Point, start: Option<Timestamp>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for drawing")]
        match (self, point.at, start) {
            (Self::Time, Some(at), Some(start)) => at.duration_since(start).as_millis() as f64 / 1000.0,
            (Self::Time, _, _) => f64::NAN,
            (Self::Steps, _, _) => point.step as f64,
        }
    }

    /// From the first point of any line to the last; never empty, even with a single position.
    pub fn range(self, lines: &[PlotLine<'_>]) -> (f64, f64) {
        let (low, high) = self.ends(lines);
        if low < high { (low, high) } else { (0.0, 1.0) }
    }

    /// Whether the points have more than one position: a value logged once is no curve.
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

/// Time of the first point.
pub fn start(history: &History) -> Option<Timestamp> {
    history.points.iter().filter_map(|p| p.at).min()
}
