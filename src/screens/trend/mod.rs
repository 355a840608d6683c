//! How does this metric change from version to version? Its value in each version of a model, as a line.
//!
//! Versions are read page by page, newest first, and their runs a hundred at a time: as many as can be told apart on a
//! screen, and more only when the cursor moves to the oldest one.

pub mod points;
pub mod view;

use crate::app::action::Action;
use crate::app::batch_cache::{RUNS_AT_ONCE, RUNS_KEPT};
use crate::app::eager_pages::EagerPages;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::production;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// Versions read initially: four queries for their runs.
const AT_FIRST: usize = 400;
/// Maximum versions of a line. With more, the runs on screen would evict one another from the cache and be requested
/// endlessly.
const MOST: usize = RUNS_KEPT / 2;
/// Concurrent queries for runs, so that the newest part of the line arrives first.
const QUESTIONS: usize = 2;
/// Minimum range of version numbers when zoomed in.
const NARROWEST: u64 = 4;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    model: ModelName,
    metric: String,
    /// The version the screen was opened from.
    from: VersionNumber,
    /// The version under the cursor.
    cursor: VersionNumber,
    log: bool,
    /// The first and last visible version number; none for all of them.
    sight: Option<(u64, u64)>,
    /// Number of versions to show, from the newest on.
    wanted: usize,
    /// A version that must be included.
    with: VersionNumber,
}

/// The versions on the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part<'a> {
    /// The versions, newest first.
    pub versions: &'a [ModelVersion],
    /// Whether there are older ones.
    pub older: bool,
    /// Whether there are newer ones.
    pub newer: bool,
}

impl Trend {
    /// The trend of `metric` over the versions of `model`, with the cursor on version `from`.
    pub fn new(model: ModelName, from: VersionNumber, metric: String) -> Self {
        Self { model, metric, from, cursor: from, log: false, sight: None, wanted: AT_FIRST, with: from }
    }

    /// Actions that leave the screen, or use the version under the cursor.
    fn leave(&self, action: Action, numbers: &[VersionNumber], at: usize, ctx: &Ctx<'_>) -> Response {
        let Some(version) = numbers.get(at).copied() else {
            return Response::pass(action);
        };
        match action {
            Action::Review => Response::push(Route::Review(self.model.clone(), version)),
            Action::Rollback => Response::push(Route::Rollback(self.model.clone())),
            Action::Browse => Response::effect(Effect::Browse(Place::Version(self.model.clone(), version))),
            Action::Copy => match self.points(ctx).iter().find(|p| p.number() == version).and_then(|p| p.known.value())
            {
                Some(value) => Response::copy(value.0.to_string()),
                None => Response::vain(Action::Copy, format!("{version} has no value to copy.")),
            },
            other => Response::pass(other),
        }
    }

    /// The metric in the versions read so far, oldest first.
    pub fn points<'a>(&self, ctx: &Ctx<'a>) -> Vec<points::Point<'a>> {
        points::points(self.part(ctx).versions, &self.metric, ctx)
    }

    /// The newest versions, as many as wanted, or as needed to include the required version.
    pub fn part<'a>(&self, ctx: &Ctx<'a>) -> Part<'a> {
        let versions = ctx.cache.versions(&self.model);
        let items = versions.map(|v| v.items.as_slice()).unwrap_or_default();
        let upto_here = items.partition_point(|v| v.number >= self.with);
        let end = self.wanted.max(upto_here).min(items.len());
        let start = end.saturating_sub(MOST);
        let unread = versions.is_some_and(EagerPages::has_more) && items.len() >= self.wanted;
        Part { versions: &items[start..end], older: unread || end < items.len(), newer: start > 0 }
    }

    /// The production version according to the list of models, if that was read: it may be older than the versions
    /// here.
    fn listed_production<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a ModelVersion> {
        let number = self.listed_number(ctx)?;
        let listed = self.listed(ctx).and_then(|m| m.latest.iter().find(|v| v.number == number));
        listed.or_else(|| ctx.cache.version(&self.model, number))
    }

    fn listed_number(&self, ctx: &Ctx<'_>) -> Option<VersionNumber> {
        production(self.listed(ctx)?, &ctx.rules.promote_to)
    }

    fn listed<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a RegisteredModel> {
        ctx.cache.models.items.iter().find(|m| m.name == self.model)
    }

    fn query(&self, page: Option<String>) -> Query {
        Query::Versions { model: self.model.clone(), page }
    }

    /// Moves the cursor to a version. On the oldest one loaded, requests more.
    fn go(&mut self, at: usize, numbers: &[VersionNumber], older: bool) {
        let at = at.min(numbers.len().saturating_sub(1));
        let Some(number) = numbers.get(at) else {
            return;
        };
        self.cursor = *number;
        if at == 0 && older {
            self.wanted = self.wanted.max(numbers.len()) + AT_FIRST;
        }
        // Panning: the visible part follows the cursor.
        if let Some((low, high)) = self.sight {
            if number.0 < low {
                self.sight = Some((number.0, number.0 + (high - low)));
            } else if number.0 > high {
                self.sight = Some((number.0 - (high - low), number.0));
            }
        }
    }

    fn zoom(&mut self, numbers: &[VersionNumber], change: impl Fn(u64) -> u64) {
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
            return;
        };
        let whole = last.0 - first.0;
        let width = self.sight.map_or(whole, |(low, high)| high - low);
        let width = change(width).max(NARROWEST);
        if width >= whole {
            self.sight = None;
            return;
        }
        let cursor = numbers[nearest(numbers, self.cursor)].0;
        let low = cursor.saturating_sub(width / 2).clamp(first.0, last.0 - width);
        self.sight = Some((low, low + width));
    }
}

impl Component for Trend {
    fn heading(&self) -> &'static str {
        "trend"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Trend(self.model.clone(), self.from, self.metric.clone()))
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        Under::version(self.model.clone(), self.cursor)
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Trend, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, CursorLeft, CursorRight, Help, LogScale, Review, ZoomIn, ZoomOut};
        &[CursorLeft, CursorRight, Review, ZoomIn, ZoomOut, LogScale, Copy, Browse, Back, Help]
    }

    /// The next page of versions until there are enough, and the runs of those loaded.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let Some(versions) = ctx.cache.versions(&self.model) else {
            return vec![self.query(None)];
        };
        let mut needs = Vec::new();
        if versions.has_more() && versions.items.len() < self.wanted {
            needs.push(self.query(versions.next_page()));
        }
        let unread = |v: &ModelVersion| v.run_id.as_ref().is_some_and(|id| ctx.cache.run(id).is_none());
        let unsaid = |v: &ModelVersion| unread(v) || ctx.cache.said_of_model(v).is_none();
        let part = self.part(ctx).versions;
        if !part.iter().any(|v| ctx.rules.promote_to.is_held_by(v)) {
            match (self.listed_production(ctx), self.listed_number(ctx)) {
                (Some(version), _) => needs.extend(ctx.cache.said_to_ask([version])),
                (None, Some(version)) => needs.push(Query::ModelVersion { model: self.model.clone(), version }),
                (None, None) => {}
            }
        }
        for part in part.chunks(RUNS_AT_ONCE).filter(|part| part.iter().any(unsaid)).take(QUESTIONS) {
            for query in ctx.cache.said_to_ask(part) {
                if !needs.contains(&query) {
                    needs.push(query);
                }
            }
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        let part = self.part(ctx);
        let mut numbers: Vec<VersionNumber> = part.versions.iter().map(|v| v.number).collect();
        numbers.sort_unstable();
        let page = (numbers.len() / 10).max(2);
        let at = nearest(&numbers, self.cursor);
        match action {
            Action::CursorLeft => self.go(at.saturating_sub(1), &numbers, part.older),
            Action::CursorRight => self.go(at + 1, &numbers, part.older),
            Action::PageUp => self.go(at.saturating_sub(page), &numbers, part.older),
            Action::PageDown => self.go(at + page, &numbers, part.older),
            Action::Top => self.go(0, &numbers, part.older),
            Action::Bottom if part.newer => {
                // Back to the newest, which this line does not include.
                self.wanted = AT_FIRST;
                if let Some(newest) = ctx.cache.versions(&self.model).and_then(|v| v.items.first()) {
                    (self.with, self.cursor, self.sight) = (newest.number, newest.number, None);
                }
            }
            Action::Bottom => self.go(usize::MAX, &numbers, part.older),
            Action::ZoomIn => self.zoom(&numbers, |width| width / 2),
            Action::ZoomOut => self.zoom(&numbers, |width| width.saturating_mul(2)),
            Action::LogScale => self.log = !self.log,
            Action::Refresh => return Response::refresh(vec![self.query(None)]),
            other => return self.leave(other, &numbers, at, ctx),
        }
        Response::none()
    }
}

/// Index of the number nearest to `wanted` in an ascending list.
fn nearest(numbers: &[VersionNumber], wanted: VersionNumber) -> usize {
    let after = numbers.partition_point(|n| *n < wanted).min(numbers.len().saturating_sub(1));
    let distance = |at: usize| numbers[at].0.abs_diff(wanted.0);
    if after > 0 && distance(after - 1) < distance(after) { after - 1 } else { after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_version_stands_in_for_one_that_is_not_there() {
        let numbers: Vec<_> = [3, 5, 9].map(VersionNumber).to_vec();
        for (wanted, at) in [(1, 0), (3, 0), (4, 1), (6, 1), (8, 2), (99, 2)] {
            assert_eq!(nearest(&numbers, VersionNumber(wanted)), at, "{wanted}");
        }
        assert_eq!(nearest(&[], VersionNumber(1)), 0);
    }
}
