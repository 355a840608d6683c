//! What waits for me? The home screen.

mod further;
mod lines;
mod order;
mod pane;
pub mod verdict;
pub mod view;

use std::collections::{BTreeSet, HashMap};

use crate::app::action::Action;
use crate::app::eager_pages::Extent;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::prefs::{Chosen, ListSort, Remember};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::{Section, Waiting, folded};
use crate::domain::name::shown;
use crate::domain::preflight::CheckState;
use crate::domain::record::{Decision, DecisionMark};
use crate::domain::registry::{RegisteredModel, There};
use crate::screens::parts::choice::{Choice, Choosable};
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::waiting::waiting_in;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, production};
use crate::ui::layout::Breadth;
use further::{Silent, hides, next_versions, waiting_as};
use lines::{Entry, Key, Line};
use verdict::{Settled, Verdicts};

/// The columns, in their order; see [`Choice`].
const COLUMNS: &[Choosable] = &[
    Choosable::new("MODEL").needed().sorted(false),
    Choosable::new("VER").needed(),
    Choosable::new("AGE").sorted(true),
    Choosable::new("AUTHOR").sorted(false),
    Choosable::new("STAGE").sorted(false),
    Choosable::new("METRIC"),
    Choosable::new("VALUE").sorted(true),
    Choosable::new("Δ PROD").sorted(false),
    Choosable::new("REQUEST"),
    Choosable::new("VERDICT"),
    Choosable::new(production::HEADING),
];

/// What each row is found by, by its model's index and its version.
type Texts = HashMap<(usize, VersionNumber), String>;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbox {
    choice: Choice,
    /// The order that the lines are in.
    sorted: Option<ListSort>,
    /// The waiting versions, in list order.
    rows: Vec<Entry>,
    /// The models without a row.
    silent: Silent,
    /// Whether models with a row have versions that may wait and were not read: those out of sight.
    more: bool,
    /// The rows that match the filter, under their headings.
    lines: Vec<Line>,
    list: Narrowed<Key>,
    /// The models that were read, and the changes of lists of versions.
    made_from: Option<(Extent, u64)>,
    /// What each row is found by; empty without a filter.
    texts: Texts,
    verdicts: Verdicts,
    /// The last complete verdict of each version: a row stays in its section until there is another.
    settled: HashMap<(ModelName, VersionNumber), CheckState>,
    /// Models whose versions all have a line.
    unfolded: BTreeSet<ModelName>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            choice: Choice::new("inbox", COLUMNS),
            sorted: None,
            rows: Vec::new(),
            silent: Silent::default(),
            more: false,
            lines: Vec::new(),
            list: Narrowed::default(),
            made_from: None,
            texts: Texts::default(),
            verdicts: Verdicts::default(),
            settled: HashMap::new(),
            unfolded: BTreeSet::new(),
        }
    }
}

impl Inbox {
    fn handle(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if let Some(step) = self.choice.update(event, ctx) {
            if let Some(Remember::List(_, chosen)) = &step.remember {
                self.sorted = chosen.sort.clone();
                self.arrange(ctx);
                self.moved(ScreenEvent::Changed, ctx);
            }
            return step;
        }
        let refiltered = self.list.is_refiltered();
        let is_sorted = self.choice.sort(ctx) == self.sorted.as_ref();
        if self.collect(ctx) || refiltered || !is_sorted {
            self.sorted = self.choice.sort(ctx).cloned();
            self.arrange(ctx);
        }
        let Some(action) = self.moved(event, ctx) else {
            return Response::none();
        };
        if action == Action::Refresh {
            let mut anew = vec![Query::Models { page: None }, Query::Promotions, Query::Session];
            anew.extend(self.unlisted(ctx));
            anew.extend(self.read_models(ctx));
            let keys: Vec<_> = self.keys_in_sight(ctx).collect();
            anew.extend(self.verdicts.anew(keys.into_iter(), ctx));
            let models = &ctx.cache.models.items;
            anew.extend(production::anew(self.in_sight(ctx).map(|(at, _)| &models[at].name), ctx));
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
            Action::Fold => self.fold(model, ctx),
            other => Response::pass(other),
        }
    }

    /// Passes an event to the list, whose cursor stands on versions only.
    fn moved(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<Action> {
        let (rows, lines) = (self.visible_rows(ctx), &self.lines);
        self.list.act_among(event, rows, |i| matches!(lines.get(i), Some(Line::Row(..))))
    }

    /// Folds or unfolds the versions of the model that have no row of their own.
    fn fold(&mut self, model: ModelName, ctx: &Ctx<'_>) -> Response {
        let is_it = |entry: &&Entry| ctx.cache.models.items[entry.model].name == model;
        let of_model: Vec<Entry> = self.rows.iter().filter(is_it).copied().collect();
        let Some(head) = of_model.iter().find_map(|entry| entry.under) else {
            return Response::vain(Action::Fold, format!("Nothing is folded under {}.", shown(model.as_str())));
        };
        if !self.list.filter().query().is_empty() {
            return Response::vain(Action::Fold, "What a filter finds is not folded.");
        }
        if self.unfolded.remove(&model) {
            let on = self.entry(self.list.cursor());
            if on.is_some_and(|entry| entry.under.is_some()) {
                self.list.aim(Key::Row(model, head));
            }
        } else {
            self.unfolded.insert(model);
        }
        self.arrange(ctx);
        self.moved(ScreenEvent::Changed, ctx);
        Response::none()
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
        self.texts.retain(|(model, _), _| *model < kept);
        self.more &= kept > 0;
        for (model, read) in ctx.cache.models.items.iter().enumerate().skip(kept) {
            let waiting = waiting_in(read, ctx);
            if waiting.is_empty() {
                self.silent.add(model, read, ctx);
                continue;
            }
            self.more |= hides(read, ctx);
            let (head, under) = folded(read, &waiting, &ctx.rules.promote_to).unzip();
            let under = under.unwrap_or_default();
            for Waiting { candidate, .. } in &waiting {
                let (created, version) = (candidate.created_at, candidate.number);
                let state = self.settled.get(&(read.name.clone(), version)).copied();
                let is_held = DecisionMark::on(candidate).is_some_and(|mark| mark.decision == Decision::Hold);
                self.rows.push(Entry {
                    section: Section::of(is_held, state),
                    undated: created.is_none(),
                    created,
                    model,
                    version,
                    under: head.filter(|_| under.contains(&version)),
                });
            }
        }
        self.rows.sort();
        true
    }

    /// The rows that the filter leaves. What they are found by is made once for all that is typed.
    fn narrow(&mut self, ctx: &Ctx<'_>) -> Vec<usize> {
        if !self.list.filter().narrows() {
            self.texts = Texts::default();
        } else {
            let new: Vec<_> = self.rows.iter().filter(|entry| !self.texts.contains_key(&entry.key())).collect();
            let new: Vec<_> = new.into_iter().map(|entry| (entry.key(), self.text(entry, ctx))).collect();
            self.texts.extend(new);
        }
        let texts = &self.texts;
        self.list.pick(&self.rows, |entry| texts.get(&entry.key()).cloned().unwrap_or_default())
    }

    /// Whether rows in sight show something else than they are found by: it was read meanwhile.
    fn is_found_by_more(&mut self, ctx: &Ctx<'_>) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        let in_sight: Vec<Entry> = self.lines_in_sight(ctx).filter_map(|i| self.entry(i)).copied().collect();
        let now = in_sight.iter().map(|entry| (entry.key(), self.text(entry, ctx))).collect::<Vec<_>>();
        let changed = now.iter().any(|(key, text)| self.texts.get(key) != Some(text));
        self.texts.extend(now);
        changed
    }

    /// Makes the lines anew.
    fn arrange(&mut self, ctx: &Ctx<'_>) {
        let models = &ctx.cache.models.items;
        let name = |entry: &Entry| &models[entry.model].name;
        let mut found = self.narrow(ctx);
        let query = self.list.filter().query();
        if let Some(sort) = &self.sorted {
            order::sort(&mut found, &self.rows, sort, ctx);
        }
        let unfolded = (0..models.len()).filter(|at| self.unfolded.contains(&models[*at].name));
        let unfolded = if self.unfolded.is_empty() { BTreeSet::new() } else { unfolded.collect() };
        let lines = lines::arrange(&self.rows, &found, query.is_empty(), &unfolded);
        let mut above = None;
        let keys: Vec<Key> = lines
            .iter()
            .map(|line| match line {
                Line::Heading(section) => Key::Heading(*section),
                Line::Row(i, _) => {
                    above = Some(name(&self.rows[*i]).clone());
                    Key::Row(name(&self.rows[*i]).clone(), self.rows[*i].version)
                }
                Line::Fold { .. } => Key::Fold(above.clone().unwrap_or_else(|| ModelName::new(""))),
            })
            .collect();
        self.list.show((0..lines.len()).collect(), |i| keys[i].clone());
        self.lines = lines;
    }

    /// Judges the rows in sight, and moves those whose verdict is complete now to their sections. Returns whether there
    /// were any.
    fn judge(&mut self, ctx: &Ctx<'_>) -> bool {
        let in_sight: Vec<_> = self.in_sight(ctx).collect();
        let mut moves = false;
        for Settled { model, version, state } in self.verdicts.judge(in_sight, ctx) {
            let key = (ctx.cache.models.items[model].name.clone(), version);
            if self.settled.insert(key, state) == Some(state) {
                continue;
            }
            let is_it = |entry: &&mut Entry| (entry.model, entry.version) == (model, version);
            let entry = self.rows.iter_mut().find(is_it).filter(|entry| entry.section != Section::Held);
            if let Some(entry) = entry {
                let section = Section::of(false, Some(state));
                moves |= entry.section != section;
                entry.section = section;
            }
        }
        if self.is_found_by_more(ctx) || moves {
            self.rows.sort();
            self.arrange(ctx);
            self.moved(ScreenEvent::Changed, ctx);
        }
        moves
    }

    /// Number of waiting versions that are not held.
    fn undecided(&self) -> usize {
        self.rows.partition_point(|entry| entry.section != Section::Held)
    }

    fn entry(&self, line: usize) -> Option<&Entry> {
        match self.lines.get(line)? {
            Line::Row(i, _) => self.rows.get(*i),
            Line::Heading(_) | Line::Fold { .. } => None,
        }
    }

    /// The version in this line: its model's index, and the waiting version.
    fn row<'a>(&self, line: usize, ctx: &Ctx<'a>) -> Option<(usize, Waiting<'a>)> {
        let entry = self.entry(line)?;
        Some((entry.model, self.waiting(entry, ctx)?))
    }

    fn waiting<'a>(&self, entry: &Entry, ctx: &Ctx<'a>) -> Option<Waiting<'a>> {
        waiting_as(ctx.cache.models.items.get(entry.model)?, entry.version, ctx)
    }

    fn lines_in_sight(&self, ctx: &Ctx<'_>) -> std::ops::Range<usize> {
        let first = self.list.offset();
        first..first + self.visible_rows(ctx)
    }

    fn in_sight<'a>(&self, ctx: &Ctx<'a>) -> impl Iterator<Item = (usize, Waiting<'a>)> {
        self.lines_in_sight(ctx).filter_map(|i| self.row(i, ctx))
    }

    fn keys_in_sight(&self, ctx: &Ctx<'_>) -> impl Iterator<Item = (usize, VersionNumber)> {
        self.lines_in_sight(ctx).filter_map(|i| self.entry(i)).map(|entry| (entry.model, entry.version))
    }

    /// Queries for the production versions of the visible rows, where the list of models does not include them.
    fn unlisted(&self, ctx: &Ctx<'_>) -> impl Iterator<Item = Query> {
        self.in_sight(ctx).filter_map(|(place, waiting)| {
            let (model, number) = (&ctx.cache.models.items[place], waiting.production?);
            // At the other target it is read with the model.
            if model.there != There::Here {
                return None;
            }
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

    /// What takes several requests a row: the verdicts, the code of the selected row for its pane, and what is in
    /// production. Only while the list is seen.
    fn in_the_background(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = self.verdicts.needs(self.keys_in_sight(ctx), ctx);
        if let Some(entry) = self.entry(self.list.cursor()).filter(|_| has_pane(ctx)) {
            let facts = self.verdicts.facts(entry.model, entry.version);
            needs.extend(facts.map(|facts| pane::needs(facts, ctx)).unwrap_or_default());
        }
        let models = &ctx.cache.models.items;
        let in_sight = self.in_sight(ctx).filter(|(_, w)| w.production.is_some()).map(|(at, _)| &models[at].name);
        needs.extend(production::to_ask(in_sight, ctx));
        needs
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
        ctx.rows(1 + banners + u16::from(ctx.cache.keeps_requests()))
    }
}

impl Component for Inbox {
    fn heading(&self) -> &'static str {
        "inbox"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Inbox)
    }

    fn chosen(&self, ctx: &Ctx<'_>) -> Option<Chosen> {
        Some(Chosen { list: Some(self.choice.chosen(ctx)), ..self.list.chosen() })
    }

    fn choose(&mut self, chosen: &Chosen) -> Option<Remember> {
        self.list.choose(&chosen.filter);
        self.made_from = None;
        chosen.list.clone().map(|list| self.choice.remembered(list))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let row = self.selected(ctx).map(|row| (row.candidate.model.clone(), row.candidate.number));
        row.map(|(model, version)| Under::version(model, version)).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        match self.choice.picker() {
            Some(_) => &[Context::Prompt, Context::Global],
            None => &[Context::Inbox, Context::List, Context::Global],
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{
            Approve, Columns, Filter, Fold, Help, History, Hold, Models, Palette, Reject, Review, Sort, Versions,
        };
        if self.list.is_empty() {
            return &[Filter, Models, History, Palette, Help];
        }
        &[Review, Approve, Reject, Hold, Versions, Filter, Fold, Models, History, Palette, Sort, Columns, Help]
    }

    fn captures_text(&self) -> bool {
        self.choice.picker().is_some()
    }

    fn finder(&self) -> Option<&Filter> {
        self.choice.picker().is_none().then(|| self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        self.choice.picker().is_none().then(|| self.list.filter_mut())
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        self.choice.prompt_words().unwrap_or_default()
    }

    fn takes_back(&self) -> bool {
        self.choice.picker().is_some()
    }

    /// All models, page by page; production versions, runs, requests, further versions and verdicts of the visible rows;
    /// and further versions of models without a row.
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
        if !ctx.covered {
            needs.extend(self.in_the_background(ctx));
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let step = self.handle(event, ctx);
        Response { rearranged: self.judge(ctx), ..step }
    }
}

/// Columns from which on what one will find stands beside the list.
const PANE_FROM: u16 = 120;

fn has_pane(ctx: &Ctx<'_>) -> bool {
    ctx.width >= PANE_FROM && Breadth::of(ctx.width, ctx.height) >= Breadth::Normal
}

/// The query for one version.
fn version_query(model: &ModelName, version: VersionNumber) -> Query {
    Query::ModelVersion { model: model.clone(), version }
}
