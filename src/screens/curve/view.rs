//! Drawing of a curve.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Axis, Curve, Subject};
use crate::domain::run::format_significant;
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::scale::Scale;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Chart, Series};

/// Lines of statistics below the chart.
const STATISTICS: u16 = 4;

impl Curve {
    /// What the title line says: left, and pieces at the right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let symbols = skin.symbols();
        let mut left = Phrase::of(Role::Title, clean_line(&self.metric));
        match &self.subject {
            Subject::Version(model, version) => {
                left = left
                    .add(Role::Muted, format!("  {model}"))
                    .add(Role::Candidate, format!(" {} {version}", symbols.candidate));
                if let Some(base) = self.lines(ctx).iter().find(|l| l.place == 1) {
                    left = left.add(Role::Production, format!("  {} {}", symbols.production, base.label));
                }
            }
            Subject::Runs(runs) => {
                for (place, (label, _)) in runs.iter().enumerate() {
                    left = left.add(role(place), format!("  {} {label}", self.symbol(place, skin)));
                }
            }
        }
        (left, Vec::new())
    }

    /// Draws the body: values under the cursor, the chart, statistics.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let lines = self.lines(ctx);
        let query = self.whole(self.runs(ctx));
        let facts = self.facts();
        let failure = ctx.catalog.failure(&query).or_else(|| ctx.catalog.failure(facts.as_ref()?));
        let area = format::banner(area, buf, skin, failure, ctx.catalog.slot(&query).and_then(|s| s.read_at));
        if lines.iter().all(|l| l.history.points.is_empty()) {
            let message = match (failure, ctx.catalog.histories(&query)) {
                (Some(_), _) => "",
                (None, None) => "reading the history …",
                (None, Some(_)) => "This metric has no history.",
            };
            return format::empty(area, buf, skin, message, &[]);
        }
        let (first, rest) = format::split_top(area, 1);
        let (chart, below) = format::split_bottom(rest, STATISTICS);
        format::lines(first, buf, skin, [self.under_cursor(ctx)]);
        self.chart(chart, buf, &lines, skin);
        let width = usize::from(area.width);
        format::lines(below, buf, skin, lines.iter().rev().flat_map(|l| self.statistics(l, skin).wrap(width, 4)));
    }

    /// A version's symbol says what it is; several runs are counted.
    fn symbol(&self, place: usize, skin: &Skin) -> String {
        match (&self.subject, place) {
            (Subject::Version(..), 0) => skin.symbols().candidate.to_owned(),
            (Subject::Version(..), _) => skin.symbols().production.to_owned(),
            (Subject::Runs(_), place) => (place + 1).to_string(),
        }
    }

    fn under_cursor(&self, ctx: &Ctx<'_>) -> Phrase<'static> {
        let points = self.at_cursor(ctx);
        let Some(candidate) = points.first() else {
            return Phrase::default();
        };
        let mut phrase = Phrase::of(Role::Muted, format!(" step {}   ", candidate.step));
        if let Some(at) = candidate.at {
            phrase = phrase.add(Role::Muted, at.strftime("%Y-%m-%d %H:%M:%S   ").to_string());
        }
        for (line, point) in self.lines(ctx).iter().rev().zip(&points) {
            phrase = phrase.add(role(line.place), format!("{}   ", point.value.0));
        }
        let scale = if self.log { "log scale   " } else { "" };
        phrase.add(Role::Muted, scale)
    }

    fn chart(&self, area: Rect, buf: &mut Buffer, lines: &[super::Line<'_>], skin: &Skin) {
        let (low, high) = self.range(lines);
        let place = |at: f64| low + at * (high - low);
        let x = Scale::between(place(self.sight.0), place(self.sight.1));
        let points: Vec<Vec<(f64, f64)>> = lines
            .iter()
            .map(|line| {
                let start = self.start(line.history);
                let all = line.history.points.iter().map(|p| (self.x(p, start), p.value.0));
                all.filter(|(at, _)| at.is_finite()).collect()
            })
            .collect();
        let seen = points.iter().flatten().filter(|(at, _)| x.place(*at).is_some_and(|p| (0.0..=1.0).contains(&p)));
        let y = Scale::over(seen.map(|(_, v)| *v), self.log);
        let series: Vec<Series<'_>> = lines
            .iter()
            .zip(&points)
            .map(|(line, points)| Series {
                // The baseline stands back; several runs are told apart.
                role: match (&self.subject, line.place) {
                    (Subject::Version(..), 1) => Role::Muted,
                    (_, place) => role(place),
                },
                points,
            })
            .collect();
        let x_label = |v: f64| match self.axis {
            Axis::Steps => format_significant(v, 6),
            Axis::Time => seconds(v),
        };
        let y_label = |v: f64| format_significant(v, 4);
        let chart = Chart {
            skin,
            series: &series,
            flags: &[],
            x,
            y,
            cursor: Some(place(self.cursor)),
            x_label: &x_label,
            y_label: &y_label,
        };
        (&chart).render(area, buf);
    }

    fn statistics(&self, line: &super::Line<'_>, skin: &Skin) -> Phrase<'static> {
        let s = line.history.statistics();
        let (role, symbol) = (role(line.place), self.symbol(line.place, skin));
        let end = |e: Option<(f64, i64)>| {
            e.map_or_else(|| "-".to_owned(), |(v, step)| format!("{} at {step}", format_significant(v, 6)))
        };
        let mean = s.mean.map_or_else(|| "-".to_owned(), |m| format_significant(m, 6));
        let odd = if s.not_finite > 0 { format!("   {} not finite", s.not_finite) } else { String::new() };
        let sampled = if line.history.sampled { " sampled by the server" } else { "" };
        Phrase::of(role, format!(" {symbol} {}  ", line.label)).add(
            Role::Muted,
            format!("min {}   max {}   mean {mean}   {} points{sampled}{odd}", end(s.min), end(s.max), s.count),
        )
    }
}

/// The role of the line at a place.
fn role(place: usize) -> Role {
    const ROLES: [Role; 6] = [Role::Candidate, Role::Production, Role::Unknown, Role::Warn, Role::Good, Role::Bad];
    ROLES[place % ROLES.len()]
}

/// A span of time in its largest unit.
fn seconds(value: f64) -> String {
    let (value, unit) = match value.abs() {
        v if v < 120.0 => (value, "s"),
        v if v < 7200.0 => (value / 60.0, "m"),
        v if v < 172_800.0 => (value / 3600.0, "h"),
        _ => (value / 86_400.0, "d"),
    };
    format!("{}{unit}", format_significant(value, 4))
}
