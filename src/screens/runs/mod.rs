//! Which runs does this experiment have, and which are worth a closer look?

pub mod arrange;
pub mod picker;
pub mod search;
pub mod view;

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::lazy_pages::FoundRuns;
use crate::app::list::Cursor;
use crate::app::prefs::{Chosen, Remember, RunColumn, Sort, SortKey};
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::app::under::Under;
use crate::domain::experiment::RunQuery;
use crate::domain::failure::Failure;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::pattern::matches;
use crate::domain::run::Run;
use crate::present::version::run_label;
use crate::screens::parts::picker::{Picker, Purpose};
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, hold};
use arrange::ListedRun;
use picker::picker;
use search::SearchLine;

/// Metrics shown by default.
const METRICS: usize = 4;
/// Params shown by default.
const PARAMS: usize = 3;
/// Maximum lines of the server's error about a filter.
const ERROR_ROWS: usize = 3;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    experiment: ExperimentId,
    name: String,
    /// The latest search: filter and order.
    wanted: RunQuery,
    /// The search whose runs are shown: the last one the server answered without error.
    shown: RunQuery,
    search: SearchLine,
    filter: Filter,
    picker: Option<Picker<SortKey>>,
    columns: Option<Vec<RunColumn>>,
    /// The first visible column of the chosen ones.
    first_column: usize,
    sort: Option<Sort>,
    folded: HashSet<RunId>,
    marks: Vec<RunId>,
    lines: Vec<ListedRun>,
    keys: Vec<RunId>,
    made_from: Option<(RunQuery, u64)>,
    cursor: Cursor<RunId>,
}

impl Runs {
    /// The runs of `experiment`, whose name is `name`.
    pub fn new(experiment: ExperimentId, name: String) -> Self {
        let all = RunQuery::of(experiment.clone());
        Self {
            experiment,
            name,
            wanted: all.clone(),
            shown: all,
            search: SearchLine::default(),
            filter: Filter::default(),
            picker: None,
            columns: None,
            first_column: 0,
            sort: None,
            folded: HashSet::new(),
            marks: Vec::new(),
            lines: Vec::new(),
            keys: Vec::new(),
            made_from: None,
            cursor: Cursor::default(),
        }
    }

    /// Handles events for picker and search line; none if the event is for the list.
    fn type_into(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<Response> {
        if self.picker.is_some() {
            return Some(self.pick(event, ctx));
        }
        if self.search.is_editing() {
            let sent = self.search.update(event, &ctx.prefs.filters);
            return Some(sent.map_or_else(Response::none, |filter| self.send(filter)));
        }
        match event {
            ScreenEvent::Action(Action::Search) => self.search.begin(&self.wanted.filter),
            ScreenEvent::Action(Action::Back) => self.wanted.filter.clear(),
            ScreenEvent::Action(_) | ScreenEvent::Key(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => return None,
        }
        Some(Response::none())
    }

    fn send(&mut self, filter: String) -> Response {
        let mut step = Response::none();
        if filter == self.wanted.filter {
            // Submitted again: query again, whatever the last answer was.
            step.refresh = vec![Query::SearchRuns { search: self.wanted.clone() }];
        }
        if !filter.is_empty() {
            step.remember = Some(Remember::Filter(filter.clone()));
        }
        self.wanted.filter = filter;
        step
    }

    fn pick(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if matches!(event, ScreenEvent::Action(Action::Back)) {
            self.picker = None;
            return Response::none();
        }
        let Some(picker) = &mut self.picker else {
            return Response::none();
        };
        let purpose = picker.purpose();
        match (picker.update(event, ctx), purpose) {
            (Some(key), Purpose::Sort) => {
                self.picker = None;
                let again = self.sort.as_ref().filter(|s| s.key == key).map(|s| !s.descending);
                // Numbers sort from the largest, names alphabetically.
                let usual = !matches!(key, SortKey::Name | SortKey::Status | SortKey::User);
                let sort = Sort { descending: again.unwrap_or(usual), key };
                self.sort = Some(sort.clone());
                self.made_from = None;
                self.let_the_server_sort(ctx);
                // After sorting, show the top.
                self.cursor = Cursor::default();
                Response { remember: Some(Remember::Sort(self.experiment.clone(), sort)), ..Response::none() }
            }
            (Some(SortKey::Column(column)), Purpose::Columns) => {
                let columns = self.columns.get_or_insert_default();
                match columns.iter().position(|c| *c == column) {
                    Some(at) => {
                        columns.remove(at);
                    }
                    None => columns.push(column),
                }
                self.first_column = self.first_column.min(columns.len().saturating_sub(1));
                let remember = Some(Remember::Columns(self.experiment.clone(), columns.clone()));
                Response { remember, ..Response::none() }
            }
            // Nothing chosen yet. Only metrics and params are offered as columns.
            (Some(_), Purpose::Columns) | (None, _) => Response::none(),
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        let columns = self.columns.as_ref().map_or(0, Vec::len);
        match action {
            Action::Refresh => return Response::refresh(vec![Query::SearchRuns { search: self.wanted.clone() }]),
            Action::CursorLeft => self.first_column = self.first_column.saturating_sub(1),
            Action::CursorRight => self.first_column = (self.first_column + 1).min(columns.saturating_sub(1)),
            Action::Sort | Action::Columns => {
                if let Some(found) = self.found(ctx) {
                    let purpose = if action == Action::Sort { Purpose::Sort } else { Purpose::Columns };
                    self.picker = Some(picker(purpose, found, self.sort.as_ref().map(|s| &s.key)));
                }
            }
            Action::Compare => return self.compare(ctx),
            other => return self.act_on_run(other, ctx),
        }
        Response::none()
    }

    fn act_on_run(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        let Some(run) = self.selected(ctx) else {
            return Response::pass(action);
        };
        match action {
            Action::Open => Response::push(Route::Run(run.id.clone())),
            Action::Mark => {
                match self.marks.iter().position(|m| *m == run.id) {
                    Some(at) => {
                        self.marks.remove(at);
                    }
                    None => self.marks.push(run.id.clone()),
                }
                let rows = self.rows(ctx);
                self.cursor.step(Action::Down, &self.keys, rows);
                Response::none()
            }
            Action::Fold => {
                self.fold(&run);
                self.settle(ctx);
                Response::none()
            }
            Action::Browse => Response::effect(Effect::Browse(Place::Run(run.experiment.clone(), run.id.clone()))),
            Action::Copy => Response::copy(run.id.as_str().to_owned()),
            other => Response::pass(other),
        }
    }

    /// Folds or unfolds the children of this run; on a child, those of its parent.
    fn fold(&mut self, run: &Run) {
        let line = self.lines.get(self.cursor.index());
        let id = match (line, run.parent()) {
            (Some(line), _) if line.children > 0 => run.id.clone(),
            (Some(line), Some(parent)) if line.depth > 0 => parent,
            _ => return,
        };
        if !self.folded.remove(&id) {
            let rows = self.keys.len();
            // The cursor follows the rows.
            if let Some(at) = self.keys.iter().position(|k| *k == id) {
                while self.cursor.index() > at {
                    self.cursor.step(Action::Up, &self.keys, rows);
                }
            }
            self.folded.insert(id);
        }
        self.made_from = None;
    }

    fn compare(&self, ctx: &Ctx<'_>) -> Response {
        let mut ids = self.marks.clone();
        if let [only] = self.marks.as_slice()
            && let Some(run) = self.selected(ctx)
            && run.id != *only
        {
            ids.push(run.id.clone());
        }
        if ids.len() < 2 {
            let mark = ctx.keys.named(Action::Mark);
            return Response::notice(format!("Mark at least two runs with {mark}, then compare them."));
        }
        let subject = |id: RunId| {
            let label = ctx.cache.run(&id).flatten().map_or_else(|| id.short(), run_label);
            Subject { label, version: None, run: Some(id) }
        };
        Response::push(Route::Compare(ids.into_iter().map(subject).collect()))
    }

    /// Rebuilds the rows if their inputs changed, and puts the cursor back on its row.
    fn settle(&mut self, ctx: &Ctx<'_>) {
        // The rows stay until the server has accepted and answered the filter.
        let answered = ctx.cache.found_runs(&self.wanted).is_some_and(|f| f.list.read_at.is_some());
        if self.wanted != self.shown && answered {
            if self.wanted.order != self.shown.order {
                self.cursor = Cursor::default();
            }
            self.shown.clone_from(&self.wanted);
            self.made_from = None;
        }
        let Some(found) = self.found(ctx) else {
            return;
        };
        if self.columns.is_none() && !found.list.items.is_empty() {
            let chosen = ctx.prefs.columns.get(&self.experiment).cloned();
            if self.sort.is_none() {
                self.sort = ctx.prefs.sort.get(&self.experiment).cloned();
                self.let_the_server_sort(ctx);
            }
            self.columns = Some(chosen.unwrap_or_else(|| usual_columns(found, &ctx.rules.main_metrics)));
        }
        let made_from = (self.shown.clone(), found.list.changed);
        if self.filter.is_changed() || self.made_from.as_ref() != Some(&made_from) {
            self.made_from = Some(made_from);
            let runs = &found.list.items;
            let kept = self.filter.pick(runs, |r| view::text(r, self.columns.as_deref().unwrap_or_default(), ctx));
            // While filtering nothing is folded, so that all matches are visible.
            let nothing = HashSet::new();
            let folded = if self.filter.query().is_empty() { &self.folded } else { &nothing };
            self.lines = arrange::arrange(runs, &kept, self.sort.as_ref(), folded);
            self.keys = self.lines.iter().map(|l| runs[l.item].id.clone()).collect();
        }
        let rows = self.rows(ctx);
        self.cursor.settle(&self.keys, rows);
    }

    /// Uses the server's sorting if that is cheap for it and it has more runs than are loaded. Everything else is
    /// sorted here, among the loaded runs only.
    fn let_the_server_sort(&mut self, ctx: &Ctx<'_>) {
        let order = self.sort.as_ref().and_then(arrange::by_the_server);
        let more = self.found(ctx).is_some_and(|found| found.list.has_more());
        if let Some(order) = order.filter(|_| more) {
            self.wanted.order = order;
        }
    }

    /// Whether the server has more runs, some of which might sort first.
    fn sorts_a_part(&self, ctx: &Ctx<'_>) -> bool {
        let Some(sort) = &self.sort else { return false };
        let by_us = arrange::by_the_server(sort) != Some(self.shown.order);
        by_us && self.found(ctx).is_some_and(|found| found.list.has_more())
    }

    /// The results of the search shown.
    fn found<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a FoundRuns> {
        ctx.cache.found_runs(&self.shown)
    }

    fn selected(&self, ctx: &Ctx<'_>) -> Option<Arc<Run>> {
        let line = self.lines.get(self.cursor.index())?;
        self.found(ctx)?.list.items.get(line.item).map(Arc::clone)
    }

    fn has_search_line(&self) -> bool {
        self.search.is_editing() || !self.wanted.filter.is_empty()
    }

    /// Why the latest search failed.
    fn search_failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        if self.wanted.filter.is_empty() {
            return None;
        }
        ctx.cache.failure(&Query::SearchRuns { search: self.wanted.clone() })
    }

    /// The server's error about the filter, in lines.
    fn search_error(&self, ctx: &Ctx<'_>) -> Vec<String> {
        let Some(failure) = self.search_failure(ctx) else {
            return Vec::new();
        };
        let width = usize::from(ctx.width.saturating_sub(6)).max(20);
        let mut lines = crate::ui::text::wrap(&failure.to_string(), width);
        lines.truncate(ERROR_ROWS);
        lines
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        let mut above = 1 + u16::from(self.has_search_line());
        above += self.search_error(ctx).len() as u16;
        ctx.rows(above)
    }
}

impl Component for Runs {
    fn heading(&self) -> &'static str {
        "runs"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Runs(self.experiment.clone(), self.name.clone()))
    }

    fn chosen(&self, _: &Ctx<'_>) -> Option<Chosen> {
        Some(Chosen {
            filter: self.filter.query().to_owned(),
            search: self.wanted.filter.clone(),
            sort: self.sort.clone(),
            columns: self.columns.clone(),
            list: None,
        })
    }

    fn choose(&mut self, chosen: &Chosen) -> Option<Remember> {
        self.filter.set(&chosen.filter);
        self.wanted.filter.clone_from(&chosen.search);
        (self.sort, self.columns) = (chosen.sort.clone(), chosen.columns.clone());
        self.made_from = None;
        None
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let line = self.lines.get(self.cursor.index());
        let run = line.and_then(|line| self.found(ctx)?.list.items.get(line.item));
        run.map(|run| Under::run(run.id.clone())).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        if self.captures_text() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Runs, Context::List, Context::Global]
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Columns, Compare, Filter, Help, Mark, Open, Search, Sort};
        &[Open, Search, Filter, Sort, Mark, Compare, Columns, Back, Help]
    }

    fn captures_text(&self) -> bool {
        self.picker.is_some() || self.search.is_editing()
    }

    fn finder(&self) -> Option<&Filter> {
        self.picker.is_none().then_some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        self.picker.is_none().then_some(&mut self.filter)
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        match &self.picker {
            Some(p) if p.purpose() == Purpose::Columns => ("show or hide", "done"),
            Some(_) => ("sort by it", "leave it"),
            None => ("ask the server", "leave it"),
        }
    }

    /// Whether Esc has something to close or clear.
    fn takes_back(&self) -> bool {
        self.captures_text() || !self.wanted.filter.is_empty()
    }

    /// The first page of the latest search, and the next page when the cursor nears the end.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut search = self.wanted.clone();
        if let Some(found) = ctx.cache.found_runs(&search) {
            // The `/` filter searches loaded runs only, and loads nothing.
            let near_end = self.cursor.offset() + 2 * self.rows(ctx).max(1) >= self.lines.len();
            let more = found.list.has_more() && near_end && self.filter.query().is_empty();
            if !found.list.is_due() && !more {
                return Vec::new();
            }
            search.page = found.list.next_page();
        }
        vec![Query::SearchRuns { search }]
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        hold(&mut self.cursor, event);
        let typed = self.type_into(event, ctx);
        self.settle(ctx);
        if let Some(step) = typed {
            return step;
        }
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if action.is_movement() {
            let rows = self.rows(ctx);
            self.cursor.step(action, &self.keys, rows);
            return Response::none();
        }
        self.act(action, ctx)
    }
}

/// The default columns: main metrics, some other metrics, and params that differ.
fn usual_columns(found: &FoundRuns, main_metrics: &[String]) -> Vec<RunColumn> {
    let main = main_metrics.iter().flat_map(|p| found.metrics.iter().filter(move |m| matches(p, m)));
    let mut metrics: Vec<&String> = Vec::new();
    for name in main.chain(&found.metrics) {
        if metrics.len() < METRICS && !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let runs = &found.list.items;
    let differs = |name: &&String| {
        let first = runs.first().and_then(|r| r.params.get(name));
        runs.iter().any(|r| r.params.get(name) != first)
    };
    let params = found.params.iter().filter(differs).take(PARAMS);
    let metrics = metrics.into_iter().cloned().map(RunColumn::Metric);
    metrics.chain(params.cloned().map(RunColumn::Param)).collect()
}
