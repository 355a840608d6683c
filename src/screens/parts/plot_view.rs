//! Drawing of histories as a line chart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::plot::{Axis, PlotLine, start};
use crate::domain::run::format_significant;
use crate::present::number;
use crate::ui::Phrase;
use crate::ui::scale::Scale;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Chart, Series};

/// The role of the line with index `place`.
pub fn role(place: usize) -> Role {
    const ROLES: [Role; 6] = [Role::Candidate, Role::Production, Role::Unknown, Role::Warn, Role::Good, Role::Bad];
    ROLES[place % ROLES.len()]
}

/// A line chart.
#[derive(Clone, Copy, Debug)]
pub struct Plot<'a> {
    /// Later lines are drawn over earlier ones.
    pub lines: &'a [PlotLine<'a>],
    pub axis: Axis,
    /// Visible part of the axis.
    pub sight: (f64, f64),
    /// Whether the vertical axis is logarithmic.
    pub log: bool,
    /// Cursor position on the horizontal axis.
    pub cursor: Option<f64>,
    /// Whether the second line is a baseline, drawn dimmed.
    pub baseline: bool,
}

impl Plot<'_> {
    /// Draws the chart with its axes.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let x = Scale::between(self.sight.0, self.sight.1);
        let points: Vec<Vec<(f64, f64)>> = self
            .lines
            .iter()
            .map(|line| {
                let start = start(line.history);
                let all = line.history.points.iter().map(|p| (self.axis.x(p, start), p.value.0));
                all.filter(|(at, _)| at.is_finite()).collect()
            })
            .collect();
        let seen = points.iter().flatten().filter(|(at, _)| x.place(*at).is_some_and(|p| (0.0..=1.0).contains(&p)));
        let y = Scale::over(seen.map(|(_, v)| *v), self.log);
        let series: Vec<Series<'_>> = self
            .lines
            .iter()
            .zip(&points)
            .map(|(line, points)| Series {
                role: if self.baseline && line.place == 1 { Role::Muted } else { role(line.place) },
                points,
            })
            .collect();
        let x_label = |v: f64| match self.axis {
            Axis::Steps => format_significant(v, 6),
            Axis::Time => seconds(v),
        };
        let y_label = |v: f64| format_significant(v, 4);
        let cursor = self.cursor;
        let chart = Chart { skin, series: &series, flags: &[], x, y, cursor, x_label: &x_label, y_label: &y_label };
        (&chart).render(area, buf);
    }
}

/// Statistics of a series, as text after its symbol and name.
pub fn statistics(line: &PlotLine<'_>, symbol: &str) -> Phrase<'static> {
    let s = line.history.statistics();
    let end = |e: Option<(f64, i64)>| {
        e.map_or_else(|| "-".to_owned(), |(v, step)| format!("{} at {step}", format_significant(v, 6)))
    };
    let mean = s.mean.map_or_else(|| "-".to_owned(), |m| format_significant(m, 6));
    let odd = if s.not_finite > 0 { format!("   {} not finite", s.not_finite) } else { String::new() };
    let points = number::count(s.count, "point");
    let sampled = if line.history.sampled { " sampled by the server" } else { "" };
    Phrase::of(role(line.place), format!(" {symbol} {}  ", line.label))
        .add(Role::Muted, format!("min {}   max {}   mean {mean}   {points}{sampled}{odd}", end(s.min), end(s.max)))
}

/// A duration in its largest unit.
fn seconds(value: f64) -> String {
    let (value, unit) = match value.abs() {
        v if v < 120.0 => (value, "s"),
        v if v < 7200.0 => (value / 60.0, "m"),
        v if v < 172_800.0 => (value / 3600.0, "h"),
        _ => (value / 86_400.0, "d"),
    };
    format!("{}{unit}", format_significant(value, 4))
}
