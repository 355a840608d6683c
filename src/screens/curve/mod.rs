//! How did this metric develop? Its history, candidate and baseline together.

pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::{Route, Subject as Named};
use crate::app::under::Under;
use crate::domain::history::Point;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::screens::parts::plot::{self, Axis, PlotLine};
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// Factor of one zoom step.
const ZOOM: f64 = 0.5;
/// The smallest visible fraction of the axis.
const NARROWEST: f64 = 1e-6;

/// The runs whose curves are shown.
#[derive(Clone, Debug, PartialEq)]
enum Subject {
    /// A version, compared with production.
    Version(ModelName, VersionNumber),
    /// Several runs, the first in front.
    Runs(Vec<(String, RunId)>),
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    subject: Subject,
    metric: String,
    axis: Axis,
    log: bool,
    /// Visible part of the axis, from 0 to 1.
    sight: (f64, f64),
    /// Cursor position on the whole axis, from 0 to 1.
    cursor: f64,
    /// First and last step of the whole history, once known: a zoom requests a part of them.
    steps: Option<(i64, i64)>,
    sampled: bool,
}

impl Curve {
    /// The curve of `metric` for one version, compared with production.
    pub fn new(model: ModelName, version: VersionNumber, metric: String) -> Self {
        Self::over(Subject::Version(model, version), metric)
    }

    /// The curves of `metric` in several runs.
    pub fn of_runs(subjects: &[Named], metric: String) -> Self {
        let runs = subjects.iter().filter_map(|s| Some((s.label.clone(), s.run.clone()?))).collect();
        Self::over(Subject::Runs(runs), metric)
    }

    fn over(subject: Subject, metric: String) -> Self {
        Self {
            subject,
            metric,
            axis: Axis::Steps,
            log: false,
            sight: (0.0, 1.0),
            cursor: 1.0,
            steps: None,
            sampled: false,
        }
    }

    /// The lines to draw, at the finest resolution loaded, the baseline first.
    pub fn lines<'a>(&self, ctx: &Ctx<'a>) -> Vec<PlotLine<'a>> {
        let runs = self.runs(ctx);
        let detail = self.window().map(|window| Query::Histories {
            runs: runs.clone(),
            metric: self.metric.clone(),
            window: Some(window),
        });
        let found = detail
            .and_then(|q| ctx.cache.histories(&q))
            .or_else(|| ctx.cache.histories(&self.whole(runs)))
            .unwrap_or_default();
        let mut lines: Vec<_> = found
            .iter()
            .filter_map(|history| {
                let (place, label) = self.place_of(ctx, &history.run)?;
                Some(PlotLine { label, place, history })
            })
            .collect();
        // The front line is drawn last.
        lines.sort_by_key(|line| std::cmp::Reverse(line.place));
        lines
    }

    /// The point of each line nearest to the cursor, the candidate's first.
    pub fn at_cursor(&self, ctx: &Ctx<'_>) -> Vec<Point> {
        let lines = self.lines(ctx);
        let (low, high) = self.range(&lines);
        let at = low + self.cursor * (high - low);
        lines
            .iter()
            .rev()
            .filter_map(|line| {
                let start = plot::start(line.history);
                let distance = |p: &&Point| (self.axis.x(p, start) - at).abs();
                line.history.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
            })
            .collect()
    }

    /// The whole axis.
    fn range(&self, lines: &[PlotLine<'_>]) -> (f64, f64) {
        if let (Axis::Steps, Some((low, high))) = (self.axis, self.steps) {
            #[expect(clippy::cast_precision_loss, reason = "for drawing")]
            return (low as f64, (high as f64).max(low as f64 + 1.0));
        }
        self.axis.range(lines)
    }

    fn learn(&mut self, ctx: &Ctx<'_>) {
        let Some(whole) = ctx.cache.histories(&self.whole(self.runs(ctx))) else {
            return;
        };
        let steps = || whole.iter().flat_map(|h| h.points.iter().map(|p| p.step));
        self.steps = steps().min().zip(steps().max());
        self.sampled = whole.iter().any(|h| h.sampled);
    }

    fn whole(&self, runs: Vec<RunId>) -> Query {
        Query::Histories { runs, metric: self.metric.clone(), window: None }
    }

    /// The visible steps, rounded outwards to eighths of the zoom, so that small moves need no new query. None unless
    /// the history is sampled: a complete one has no more points.
    fn window(&self) -> Option<(i64, i64)> {
        let (low, high) = self.steps?;
        let width = self.sight.1 - self.sight.0;
        if !self.sampled || self.axis != Axis::Steps || width > 0.75 {
            return None;
        }
        let grid = width / 8.0;
        let (from, to) = ((self.sight.0 / grid).floor() * grid, (self.sight.1 / grid).ceil() * grid);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "steps are far below 2^52")]
        let step = |place: f64| low + ((high - low) as f64 * place.clamp(0.0, 1.0)).round() as i64;
        Some((step(from), step(to)))
    }

    fn move_cursor(&mut self, by: f64) {
        self.cursor = (self.cursor + by).clamp(0.0, 1.0);
        let width = self.sight.1 - self.sight.0;
        // Panning: the visible part follows the cursor.
        if self.cursor < self.sight.0 {
            self.sight = (self.cursor, self.cursor + width);
        } else if self.cursor > self.sight.1 {
            self.sight = (self.cursor - width, self.cursor);
        }
    }

    fn zoom(&mut self, width: f64) {
        let from = (self.cursor - width / 2.0).clamp(0.0, 1.0 - width);
        self.sight = (from, from + width);
    }

    /// The query that names the runs, if needed.
    fn facts(&self) -> Option<Query> {
        match &self.subject {
            Subject::Version(model, version) => Some(Query::Facts { model: model.clone(), version: *version }),
            Subject::Runs(_) => None,
        }
    }

    /// The runs to draw, the front one first.
    fn named(&self, ctx: &Ctx<'_>) -> Vec<(String, RunId)> {
        match &self.subject {
            Subject::Runs(runs) => runs.clone(),
            Subject::Version(model, version) => {
                let Some(facts) = ctx.cache.facts(model, *version) else {
                    return Vec::new();
                };
                let baseline = facts.baseline.as_ref().and_then(|b| Some((b.version.number, b.run.known()?)));
                let candidate = facts.run.known().map(|r| (*version, r));
                // A version compared with itself, or two versions with the same run, are one line.
                let mut named: Vec<(String, RunId)> = Vec::new();
                for (number, run) in candidate.into_iter().chain(baseline) {
                    if !named.iter().any(|(_, id)| *id == run.id) {
                        named.push((number.to_string(), run.id.clone()));
                    }
                }
                named
            }
        }
    }

    fn runs(&self, ctx: &Ctx<'_>) -> Vec<RunId> {
        self.named(ctx).into_iter().map(|(_, id)| id).collect()
    }

    fn place_of(&self, ctx: &Ctx<'_>, run: &RunId) -> Option<(usize, String)> {
        self.named(ctx).into_iter().enumerate().find(|(_, (_, id))| id == run).map(|(at, (label, _))| (at, label))
    }
}

impl Component for Curve {
    fn heading(&self) -> &'static str {
        "curve"
    }

    fn route(&self) -> Option<Route> {
        Some(match &self.subject {
            Subject::Version(model, version) => Route::Curve(model.clone(), *version, self.metric.clone()),
            Subject::Runs(runs) => {
                let named = |(label, run): &(String, RunId)| Named {
                    label: label.clone(),
                    version: None,
                    run: Some(run.clone()),
                };
                Route::Curves(runs.iter().map(named).collect(), self.metric.clone())
            }
        })
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        match &self.subject {
            Subject::Version(model, version) => Under::version(model.clone(), *version),
            Subject::Runs(_) => Under::default(),
        }
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Curve, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Copy, CursorLeft, CursorRight, Help, LogScale, TimeAxis, Trend, ZoomIn, ZoomOut};
        match self.subject {
            Subject::Version(..) => {
                &[CursorLeft, CursorRight, ZoomIn, ZoomOut, LogScale, TimeAxis, Trend, Copy, Back, Help]
            }
            Subject::Runs(_) => &[CursorLeft, CursorRight, ZoomIn, ZoomOut, LogScale, TimeAxis, Copy, Back, Help],
        }
    }

    /// The facts that name the runs, the whole history in one sampled request, and the visible part if a sampled
    /// history is zoomed.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs: Vec<Query> = self.facts().into_iter().collect();
        let runs = self.runs(ctx);
        if !runs.is_empty() {
            needs.push(self.whole(runs.clone()));
            if let Some(window) = self.window() {
                needs.push(Query::Histories { runs, metric: self.metric.clone(), window: Some(window) });
            }
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        self.learn(ctx);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        let width = self.sight.1 - self.sight.0;
        let column = width / f64::from(ctx.width.max(20));
        match action {
            Action::CursorLeft => self.move_cursor(-2.0 * column),
            Action::CursorRight => self.move_cursor(2.0 * column),
            Action::Top => self.move_cursor(-1.0),
            Action::Bottom => self.move_cursor(1.0),
            Action::ZoomIn if width * ZOOM >= NARROWEST => self.zoom(width * ZOOM),
            Action::ZoomOut => self.zoom((width / ZOOM).min(1.0)),
            Action::LogScale => self.log = !self.log,
            Action::TimeAxis => {
                self.axis = if self.axis == Axis::Steps { Axis::Time } else { Axis::Steps };
                self.sight = (0.0, 1.0);
            }
            Action::Refresh => return Response::refresh(self.needs(ctx)),
            Action::Trend => {
                return match &self.subject {
                    Subject::Version(model, version) => {
                        Response::push(Route::Trend(model.clone(), *version, self.metric.clone()))
                    }
                    Subject::Runs(_) => Response::vain(Action::Trend, "A trend needs a model; these are runs."),
                };
            }
            Action::Rollback => {
                return match &self.subject {
                    Subject::Version(model, _) => Response::push(Route::Rollback(model.clone())),
                    Subject::Runs(_) => Response::vain(Action::Rollback, "A rollback needs a model; these are runs."),
                };
            }
            Action::Copy => {
                if let Some(point) = self.at_cursor(ctx).into_iter().next() {
                    return Response::copy(point.value.0.to_string());
                }
            }
            other => return Response::pass(other),
        }
        Response::none()
    }
}
