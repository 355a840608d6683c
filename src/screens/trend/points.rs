//! The value of a trend in each version, or why there is none.

use crate::domain::ids::VersionNumber;
use crate::domain::registry::ModelVersion;
use crate::screens::parts::Ctx;
use crate::screens::parts::known::{Known, known};

/// A version of a trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point<'a> {
    pub version: &'a ModelVersion,
    pub known: Known,
}

impl<'a> Point<'a> {
    /// Looks up the metric of this version.
    pub fn new(version: &'a ModelVersion, metric: &str, ctx: &Ctx<'_>) -> Self {
        Self { version, known: known(version, metric, ctx) }
    }

    /// Its version number.
    pub fn number(&self) -> VersionNumber {
        self.version.number
    }

    /// Its position in a chart; a gap if there is no value.
    #[expect(clippy::cast_precision_loss, reason = "for drawing")]
    pub fn place(&self) -> (f64, f64) {
        (self.version.number.0 as f64, self.known.value().map_or(f64::NAN, |v| v.0))
    }
}

/// The metric in these versions, oldest first.
pub fn points<'a>(versions: &'a [ModelVersion], metric: &str, ctx: &Ctx<'_>) -> Vec<Point<'a>> {
    let mut points: Vec<_> = versions.iter().map(|version| Point::new(version, metric, ctx)).collect();
    points.sort_by_key(Point::number);
    points
}

/// Counts of points by kind, and the range of the finite values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Versions with a value.
    pub values: usize,
    /// Versions whose run is loading.
    pub underway: usize,
    /// Versions whose run could not be read.
    pub unread: usize,
    /// Versions without a run, or whose run the server does not have.
    pub no_run: usize,
    /// Versions whose run did not log the metric.
    pub no_metric: usize,
    /// NaN or infinite values: gaps in the line.
    pub not_finite: usize,
    /// The smallest finite value, and the newest version with it.
    pub min: Option<(f64, VersionNumber)>,
    /// The largest finite value, and the newest version with it.
    pub max: Option<(f64, VersionNumber)>,
}

/// Summarizes points.
pub fn summary(points: &[Point<'_>]) -> Summary {
    let mut all = Summary::default();
    for point in points {
        match point.known {
            Known::Value(value) if value.is_finite() => {
                let here = (value.0, point.number());
                all.values += 1;
                all.min = Some(all.min.filter(|m| m.0 < here.0).unwrap_or(here));
                all.max = Some(all.max.filter(|m| m.0 > here.0).unwrap_or(here));
            }
            Known::Value(_) => all.not_finite += 1,
            Known::Underway => all.underway += 1,
            Known::Unread => all.unread += 1,
            Known::NoRun | Known::RunGone => all.no_run += 1,
            Known::NoMetric => all.no_metric += 1,
        }
    }
    all
}
