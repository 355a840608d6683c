//! What waits for me? The home screen.

mod further;
pub mod verdict;
pub mod view;

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::eager_pages::Extent;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::Waiting;
use crate::domain::record::Decision;
use crate::domain::registry::RegisteredModel;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::waiting::waiting_in;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use further::{Silent, hides, next_versions, waiting_as};
use verdict::Verdicts;

/// A waiting version. Sort order: held versions last; otherwise oldest first, versions without a date after the dated
/// ones because their age is unknown. Ties are sorted by model name and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    held: bool,
    undated: bool,
    created: Option<Timestamp>,
    /// Index of the model among those read.
    model: usize,
    version: VersionNumber,
}

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    /// The waiting versions, in list order.
    rows: Vec<Entry>,
    /// The models without a row.
    silent: Silent,
    /// Whether models with a row have versions that may wait and were not read: those out of sight.
    more: bool,
    /// The rows that match the filter.
    list: Narrowed<(ModelName, VersionNumber)>,
    /// The models that were read, and the changes of lists of versions.
    made_from: Option<(Extent, u64)>,
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
            anew.extend(self.read_models(ctx));
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
            Action::Rollback => Response::push(Route::Rollback(model)),
            Action::Browse => Response::effect(Effect::Browse(Place::Version(model, version))),
            Action::Copy => Response::copy(format!("models:/{}/{}", model.as_str(), version.0)),
            other => Response::pass(other),
        }
    }

    /// Collects waiting versions from newly read models. Returns whether there were any.
    fn collect(&mut self, ctx: &Ctx<'_>) -> bool {
        let (extent, changes) = (ctx.cache.models.extent(), ctx.cache.version_changes());
        if self.made_from == Some((extent, changes)) {
            return false;
        }
        // Process only the new page, so that a page added to a list of thousands stays cheap.
        let before = self.made_from.filter(|(_, known)| *known == changes).map(|(extent, _)| extent);
        let kept = extent.kept_from(before);
        self.made_from = Some((extent, changes));
        self.rows.retain(|entry| entry.model < kept);
        self.silent.truncate(kept);
        self.more &= kept > 0;
        for (model, read) in ctx.cache.models.items.iter().enumerate().skip(kept) {
            let waiting = waiting_in(read, ctx);
            if waiting.is_empty() {
                self.silent.add(model, read, ctx);
            } else {
                self.more |= hides(read, ctx);
            }
            self.rows.extend(waiting.into_iter().map(|waiting| {
                let (created, version) = (waiting.candidate.created_at, waiting.candidate.number);
                Entry { held: waiting.held().is_some(), undated: created.is_none(), created, model, version }
            }));
        }
        self.rows.sort();
        true
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let models = &ctx.cache.models.items;
        let name = |entry: &Entry| &models[entry.model].name;
        let text = |entry: &Entry| format!("{} {}", name(entry), entry.version);
        let shown = self.list.pick(&self.rows, text);
        self.list.show(shown, |i| (name(&self.rows[i]).clone(), self.rows[i].version));
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
        Some((entry.model, waiting_as(ctx.cache.models.items.get(entry.model)?, entry.version, ctx)?))
    }

    fn in_sight<'a>(&self, ctx: &Ctx<'a>) -> impl Iterator<Item = (usize, Waiting<'a>)> {
        let first = self.list.offset();
        (first..first + self.visible_rows(ctx)).filter_map(|i| self.row(i, ctx))
    }

    /// Queries for the production versions of the visible rows, where the list of models does not include them.
    fn unlisted(&self, ctx: &Ctx<'_>) -> impl Iterator<Item = Query> {
        self.in_sight(ctx).filter_map(|(place, waiting)| {
            let (model, number) = (&ctx.cache.models.items[place], waiting.production?);
            let known = waiting.production_version.is_some_and(|v| v.number == number);
            let listed = known && ctx.cache.version(&model.name, number).is_none();
            (!listed).then(|| version_query(&model.name, number))
        })
    }

    /// Queries for the versions of models that may hide some: of those in sight, and of a few without a row.
    fn hidden(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let models = &ctx.cache.models.items;
        let mut in_sight: Vec<usize> = self.in_sight(ctx).map(|(model, _)| model).collect();
        in_sight.sort_unstable();
        in_sight.dedup();
        let asked = in_sight.into_iter().map(|at| &models[at]).filter(|model| hides(model, ctx));
        asked.chain(self.silent.next(ctx)).map(|model| next_versions(model, ctx)).collect()
    }

    /// Queries for the lists of versions that were read, or could not be, to read them anew.
    fn read_models(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let models = ctx.cache.models.items.iter();
        let read = models.filter(|m| ctx.cache.versions(&m.name).is_some() || further::failure(m, ctx).is_some());
        read.map(|model| Query::Versions { model: model.name.clone(), page: None }).collect()
    }

    /// Whether more may wait than the rows show.
    fn is_partial(&self, ctx: &Ctx<'_>) -> bool {
        !ctx.cache.models.complete || !self.silent.is_done() || self.more
    }

    fn selected_model<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a RegisteredModel> {
        ctx.cache.models.items.get(self.row(self.list.cursor(), ctx)?.0)
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<Waiting<'a>> {
        self.row(self.list.cursor(), ctx).map(|(_, waiting)| waiting)
    }

    fn visible_rows(&self, ctx: &Ctx<'_>) -> usize {
        let banners = u16::try_from(ctx.cache.unfinished().count().min(3)).unwrap_or(0);
        let filter = u16::from(self.list.filter().is_active());
        let line = u16::from(self.undecided() < self.rows.len());
        ctx.rows(1 + banners + filter + line + u16::from(ctx.cache.keeps_requests()))
    }
}

impl Component for Inbox {
    fn heading(&self) -> &'static str {
        "inbox"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Inbox)
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let row = self.selected(ctx).map(|row| (row.candidate.model.clone(), row.candidate.number));
        row.map(|(model, version)| Under::version(model, version)).unwrap_or_default()
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

    /// All models, page by page; production versions, runs, requests and further versions of the visible rows; and further
    /// versions of models without a row.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions];
        if ctx.cache.models.has_more() {
            needs.push(Query::Models { page: ctx.cache.models.next_page() });
        }
        needs.extend(self.unlisted(ctx));
        needs.extend(self.hidden(ctx));
        let versions = self.in_sight(ctx).flat_map(|(_, w)| std::iter::once(w.candidate).chain(w.production_version));
        needs.extend(ctx.cache.said_to_ask(versions));
        let rows = self.in_sight(ctx).map(|(_, w)| (w.candidate.model.clone(), w.candidate.number));
        needs.extend(ctx.cache.requests_to_ask(rows));
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
