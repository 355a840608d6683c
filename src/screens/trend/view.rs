//! Drawing of a trend.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::points::{Point, summary};
use super::{Trend, nearest};
use crate::app::eager_pages::EagerPages;
use crate::domain::compare::metric_change;
use crate::domain::failure::Failure;
use crate::domain::run::format_significant;
use crate::domain::text::clean_line;
use crate::present::number;
use crate::present::version::{author, run_label};
use crate::screens::parts::known::Known;
use crate::screens::parts::{Component as _, Ctx, view as format};
use crate::ui::Phrase;
use crate::ui::scale::Scale;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Chart, Flag, Series};

/// Lines below the chart.
const BELOW: u16 = 2;

impl Trend {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let left = Phrase::of(Role::Title, clean_line(&self.metric))
            .add(Role::Muted, format!("  {} from version to version", self.model));
        let versions = ctx.cache.versions(&self.model);
        let part = self.part(ctx);
        let count = part.versions.len();
        let more = part.older || part.newer || versions.is_none_or(|v| !v.complete);
        let needs = self.needs(ctx);
        let loading = needs.iter().any(|q| ctx.cache.is_loading(q));
        let failed = self.failure(ctx).is_some();
        let all = summary(&self.points(ctx));
        let progress = match (versions, all.underway) {
            (Some(_), underway) if underway > 0 => {
                Phrase::of(Role::Muted, format!("{} of {count} read …", count - underway))
            }
            _ => format::freshness(loading, failed, versions.and_then(|v| v.read_at), ctx, skin),
        };
        (left, vec![number::length(versions.map(|_| count), more, "version"), progress])
    }

    /// Why the next page, or any of the runs, could not be read.
    fn failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        let versions = ctx.cache.versions(&self.model);
        let mut runs = self.part(ctx).versions.iter().filter_map(|v| v.run_id.as_ref());
        let page = self.query(versions.and_then(EagerPages::next_page));
        ctx.cache.failure(&page).or_else(|| runs.find_map(|id| ctx.cache.run_failure(id)))
    }

    /// Draws the body: the version under the cursor, the chart, and the summary.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let versions = ctx.cache.versions(&self.model);
        let failure = self.failure(ctx);
        let area = format::banner(area, buf, ctx, skin, failure, versions.and_then(|v| v.read_at));
        let points = self.points(ctx);
        if points.is_empty() {
            let message = match (failure, versions) {
                (Some(_), _) => "",
                (None, None) => "reading versions …",
                (None, Some(_)) => "This model has no versions.",
            };
            return format::empty(area, buf, ctx, skin, message, &[]);
        }
        let (first, rest) = format::split_top(area, 2);
        let (chart, below) = format::split_bottom(rest, BELOW);
        let width = usize::from(area.width);
        let under_cursor = self.under_cursor(&points, ctx, skin);
        format::lines(first, buf, skin, under_cursor);
        let any = points.iter().any(|p| p.known.value().is_some_and(crate::domain::run::MetricValue::is_finite));
        if any {
            self.chart(chart, buf, &points, ctx, skin);
        } else {
            let has = |known| points.iter().any(|p| p.known == known);
            let message = match (has(Known::Underway), has(Known::Unread)) {
                (true, _) => "reading the versions' runs …".to_owned(),
                (_, true) => "The versions' runs could not be read.".to_owned(),
                _ => format!("No version has a value of {}.", clean_line(&self.metric)),
            };
            format::empty(chart, buf, ctx, skin, &message, &[]);
        }
        format::lines(below, buf, skin, self.summary(&points, ctx).wrap(width, 1));
    }

    /// The version under the cursor with its exact value, compared with production.
    fn under_cursor(&self, points: &[Point<'_>], ctx: &Ctx<'_>, skin: &Skin) -> [Phrase<'static>; 2] {
        let Some(point) = self.at_cursor(points) else {
            return [Phrase::default(), Phrase::default()];
        };
        let symbols = skin.symbols();
        let (role, symbol) = self.look(point, ctx, skin);
        let mut first = Phrase::of(role, format!(" {symbol} {}  ", point.number()));
        first = match point.known {
            Known::Value(value) => first.add(Role::Text, value.0.to_string()),
            Known::Underway => first.add(Role::Muted, "…"),
            Known::Unread => first.add(Role::Stale, "its run could not be read"),
            Known::NoRun => first.add(Role::Warn, format!("{} it names no run", symbols.warn)),
            Known::RunGone => first.add(Role::Warn, format!("{} the server has no such run", symbols.warn)),
            Known::NoMetric => {
                first.add(Role::Warn, format!("{} its run has no {}", symbols.warn, clean_line(&self.metric)))
            }
        };
        if let Some(production) = self.in_production(points, ctx) {
            let base = Phrase::of(Role::Production, format!("{} {}", symbols.production, production.number()));
            if production.number() == point.number() {
                first = first.add(Role::Production, format!("   in {}", ctx.rules.promote_to));
            } else if let (Some(new), Some(old)) = (point.known.value(), production.known.value()) {
                let (change, delta) =
                    metric_change(Some(old), Some(new), ctx.rules.directions_for(&self.model).of(&self.metric));
                first = first
                    .text("   ")
                    .join(number::delta(change, delta, skin.symbols()))
                    .add(Role::Muted, " against ")
                    .join(base)
                    .add(Role::Muted, format!(" {}", old.0));
            }
        }
        [first, details(point, ctx)]
    }

    fn chart(&self, area: Rect, buf: &mut Buffer, points: &[Point<'_>], ctx: &Ctx<'_>, skin: &Skin) {
        let places: Vec<(f64, f64)> = points.iter().map(Point::place).collect();
        #[expect(clippy::cast_precision_loss, reason = "for drawing")]
        let x = match self.sight {
            Some((low, high)) => Scale::between(low as f64, high as f64),
            None => Scale::over(places.iter().map(|p| p.0), false),
        };
        let seen = |place: &&(f64, f64)| x.place(place.0).is_some_and(|p| (0.0..=1.0).contains(&p));
        let production = self.in_production(points, ctx);
        // The production value is always in view, even when looking at other versions.
        let level = production.map(|p| p.place().1).filter(|v| v.is_finite());
        let y = Scale::over(places.iter().filter(seen).map(|p| p.1).chain(level), self.log);
        let level: Vec<(f64, f64)> = level.into_iter().flat_map(|v| [(x.low(), v), (x.high(), v)]).collect();
        let series = [Series { role: Role::Muted, points: &level }, Series { role: Role::Text, points: &places }];
        let flags: Vec<Flag<'_>> = points
            .iter()
            .filter(|p| is_production(p, ctx) || p.number() == self.from)
            .map(|p| {
                let (role, symbol) = self.look(p, ctx, skin);
                Flag { at: p.place(), role, symbol }
            })
            .collect();
        let chart = Chart {
            skin,
            series: &series,
            flags: &flags,
            x,
            y,
            cursor: self.at_cursor(points).map(|p| p.place().0),
            x_label: &version_label,
            y_label: &|v| format_significant(v, 4),
        };
        (&chart).render(area, buf);
    }

    /// Counts of the values, and of the missing ones with the reason.
    fn summary(&self, points: &[Point<'_>], ctx: &Ctx<'_>) -> Phrase<'static> {
        let all = summary(points);
        let end = |word: &str, e: Option<(f64, crate::domain::ids::VersionNumber)>| {
            e.map(|(v, number)| format!("{word} {} at {number}", format_significant(v, 6)))
        };
        let some = |n: usize, word: &str| (n > 0).then(|| format!("{n} {word}"));
        let said = [
            end("min", all.min),
            end("max", all.max),
            (all.values > 0).then(|| number::count(all.values, "value")),
            some(all.not_finite, "not finite"),
            some(all.no_run, "without a run"),
            some(all.no_metric, "without this metric"),
            some(all.unread, "could not be read"),
            self.log.then(|| "log scale".to_owned()),
        ];
        let words: Vec<_> = said.into_iter().flatten().collect();
        let mut phrase = Phrase::of(Role::Muted, format!(" {}", words.join("   ")));
        if !points.iter().any(|p| is_production(p, ctx)) {
            let target = &ctx.rules.promote_to;
            let text = match self.in_production(points, ctx) {
                Some(older) => format!("   {}, which is in {target}, is not among these", older.number()),
                None => format!("   none of these is in {target}"),
            };
            phrase = phrase.add(Role::Muted, text);
        }
        let part = self.part(ctx);
        let older = if part.older { "   more at the left end" } else { "" };
        let newer = if part.newer { "   newer versions are not shown here" } else { "" };
        phrase.add(Role::Muted, older).add(Role::Muted, newer)
    }

    /// The newest production version, which may be older than all versions shown.
    fn in_production<'a>(&self, points: &[Point<'a>], ctx: &Ctx<'a>) -> Option<Point<'a>> {
        let shown = points.iter().rev().find(|p| is_production(p, ctx)).copied();
        shown.or_else(|| self.listed_production(ctx).map(|v| Point::new(v, &self.metric, ctx)))
    }

    fn at_cursor<'a, 'b>(&self, points: &'b [Point<'a>]) -> Option<&'b Point<'a>> {
        let numbers: Vec<_> = points.iter().map(Point::number).collect();
        points.get(nearest(&numbers, self.cursor))
    }

    /// Style of a version: production, the one the screen was opened from, or another.
    fn look(&self, point: &Point<'_>, ctx: &Ctx<'_>, skin: &Skin) -> (Role, &'static str) {
        match point.number() {
            _ if is_production(point, ctx) => (Role::Production, skin.symbols().production),
            number if number == self.from => (Role::Candidate, skin.symbols().candidate),
            _ => (Role::Text, " "),
        }
    }
}

fn is_production(point: &Point<'_>, ctx: &Ctx<'_>) -> bool {
    ctx.rules.promote_to.is_held_by(point.version)
}

/// Stage, time, author and run of the version under the cursor.
fn details(point: &Point<'_>, ctx: &Ctx<'_>) -> Phrase<'static> {
    let version = point.version;
    let said = ctx.cache.said(version);
    let (run, author) = (said.run, author(version, said).map(str::to_owned));
    let said = [
        Some(version.stage.to_string()),
        version.created_at.map(|at| ctx.zone.second(at)),
        author,
        run.map(run_label),
        Some(crate::domain::text::first_line(&version.description).to_owned()),
    ];
    let words: Vec<_> = said.into_iter().flatten().filter(|w| !w.is_empty()).collect();
    Phrase::of(Role::Muted, format!("   {}", words.join("   ")))
}

/// Labels whole numbers only, as only those are versions.
fn version_label(number: f64) -> String {
    if (number - number.round()).abs() < 1e-6 { format!("v{number:.0}") } else { String::new() }
}
