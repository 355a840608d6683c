//! What waits for me? The home screen.

pub mod verdict;
pub mod view;

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::eager_pages::Extent;
use crate::app::effect::{Effect, Place};
use crate::app::fuzzy;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::{Waiting, waiting};
use crate::domain::record::Decision;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use verdict::Verdicts;

/// A model with a waiting version. Sort order: held versions last; otherwise oldest first, versions without a date
/// after the dated ones because their age is unknown. Ties are sorted by model name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    held: bool,
    undated: bool,
    created: Option<Timestamp>,
    /// Index of the model among those read.
    model: usize,
}

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    /// Models with a waiting version, in list order.
    rows: Vec<Entry>,
    /// The rows that match the filter.
    list: Narrowed<ModelName>,
    made_from: Option<Extent>,
    verdicts: Verdicts,
}

impl Inbox {
    fn handle(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let typed = self.list.hear(event);
        if self.collect(ctx) || typed {
            self.narrow(ctx);
        }
        let rows = self.visible_rows(ctx);
        let Some(action) = self.list.act(event, rows).filter(|_| !typed) else {
            return Response::none();
        };
        if action == Action::Refresh {
            let mut anew = vec![Query::Models { page: None }, Query::Promotions, Query::Session];
            anew.extend(self.unlisted(ctx));
            return Response::refresh(anew);
        }
        let Some(row) = self.selected(ctx) else {
            return Response::pass(action);
        };
        let (model, version) = (row.candidate.model.clone(), row.candidate.number);
        match action {
            Action::Review => Response::push(Route::Review(model, version)),
            Action::Approve => Response::push(Route::Approve(model, version, Decision::Approve)),
            Action::Reject => Response::push(Route::Decide(model, version, Decision::Reject)),
            Action::Hold => Response::push(Route::Decide(model, version, Decision::Hold)),
            Action::Versions => Response::push(Route::Versions(model)),
            Action::Browse => Response::effect(Effect::Browse(Place::Version(model, version))),
            Action::Copy => Response::copy(format!("models:/{}/{}", model.as_str(), version.0)),
            other => Response::pass(other),
        }
    }

    /// Collects waiting versions from newly read models. Returns whether there were any.
    fn collect(&mut self, ctx: &Ctx<'_>) -> bool {
        let extent = ctx.cache.models.extent();
        if self.made_from == Some(extent) {
            return false;
        }
        // Process only the new page, so that a page added to a list of thousands stays cheap.
        let kept = extent.kept_from(self.made_from);
        self.made_from = Some(extent);
        self.rows.retain(|entry| entry.model < kept);
        self.rows.extend(ctx.cache.models.items.iter().enumerate().skip(kept).filter_map(|(model, read)| {
            let waiting = waiting(read, &ctx.rules.promote_to)?;
            let created = waiting.candidate.created_at;
            Some(Entry { held: waiting.held().is_some(), undated: created.is_none(), created, model })
        }));
        self.rows.sort();
        true
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let models = &ctx.cache.models.items;
        let name = |entry: &Entry| &models[entry.model].name;
        let shown = fuzzy::filter(self.list.filter().query(), &self.rows, |entry| name(entry).to_string());
        self.list.show(shown, |i| name(&self.rows[i]).clone());
    }

    /// Number of waiting versions that are not held.
    fn undecided(&self) -> usize {
        self.rows.partition_point(|entry| !entry.held)
    }

    /// Index of the first held row among the filtered ones; none if nothing is held.
    fn line(&self) -> Option<usize> {
        self.list.shown().iter().position(|i| self.rows[*i].held)
    }

    /// The filtered row at `index`: the model's index, and its waiting version.
    fn row<'a>(&self, index: usize, ctx: &Ctx<'a>) -> Option<(usize, Waiting<'a>)> {
        let entry = self.list.item(index, &self.rows)?;
        let mut waiting = waiting(ctx.cache.models.items.get(entry.model)?, &ctx.rules.promote_to)?;
        if let (None, Some(number)) = (waiting.production_version, waiting.production) {
            waiting.production_version = ctx.cache.version(&waiting.candidate.model, number);
        }
        Some((entry.model, waiting))
    }

    fn in_sight<'a>(&self, ctx: &Ctx<'a>) -> impl Iterator<Item = (usize, Waiting<'a>)> {
        let first = self.list.offset();
        (first..first + self.visible_rows(ctx)).filter_map(|i| self.row(i, ctx))
    }

    /// Queries for the production versions of the visible rows, where the list of models does not include them.
    fn unlisted(&self, ctx: &Ctx<'_>) -> impl Iterator<Item = Query> {
        self.in_sight(ctx).filter_map(|(place, waiting)| {
            let (model, number) = (&ctx.cache.models.items[place], waiting.production?);
            let listed = model.latest.iter().any(|v| v.number == number);
            (!listed).then(|| version_query(&model.name, number))
        })
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<Waiting<'a>> {
        self.row(self.list.cursor(), ctx).map(|(_, waiting)| waiting)
    }

    fn visible_rows(&self, ctx: &Ctx<'_>) -> usize {
        let banners = u16::try_from(ctx.cache.unfinished().count().min(3)).unwrap_or(0);
        ctx.rows(
            1 + banners + u16::from(self.list.filter().is_active()) + u16::from(self.undecided() < self.rows.len()),
        )
    }
}

impl Component for Inbox {
    fn heading(&self) -> &'static str {
        "inbox"
    }

    fn contexts(&self) -> &'static [Context] {
        self.list.contexts(&[Context::Inbox, Context::List, Context::Global])
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Approve, Filter, Help, History, Hold, Models, Palette, Reject, Review, Versions};
        &[Review, Approve, Reject, Hold, Versions, Filter, Models, History, Palette, Help]
    }

    fn captures_text(&self) -> bool {
        self.list.filter().is_editing()
    }

    fn takes_back(&self) -> bool {
        self.list.filter().is_active()
    }

    /// All models, page by page, and production versions and runs of the visible rows.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions];
        if ctx.cache.models.has_more() {
            needs.push(Query::Models { page: ctx.cache.models.next_page() });
        }
        needs.extend(self.unlisted(ctx));
        let versions = self.in_sight(ctx).flat_map(|(_, w)| std::iter::once(w.candidate).chain(w.production_version));
        needs.extend(ctx.cache.said_to_ask(versions));
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let step = self.handle(event, ctx);
        if verdict::is_shown(ctx) {
            let in_sight: Vec<_> = self.in_sight(ctx).collect();
            self.verdicts.judge(in_sight, ctx);
        }
        step
    }
}

/// The query for one version.
fn version_query(model: &ModelName, version: VersionNumber) -> Query {
    Query::ModelVersion { model: model.clone(), version }
}
