//! Drawing of the inbox.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::further::{self, hides};
use super::lines::{Entry, Line};
use super::{Inbox, has_pane, pane};
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::compare::metric_change;
use crate::domain::failure::Failure;
use crate::domain::inbox::Waiting;
use crate::domain::promotion::SagaState;
use crate::domain::registry::ModelVersion;
use crate::domain::run::MetricValue;
use crate::present::decision;
use crate::present::number;
use crate::present::version as words;
use crate::screens::parts::Ctx;
use crate::screens::parts::choice_view::{self, Chosen};
use crate::screens::parts::known::known;
use crate::screens::parts::{production, requests, text_of, version_view, view as format};
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};
use crate::ui::{Phrase, text};

impl Inbox {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let models = &ctx.cache.models;
        let failed = self.failure(ctx).is_some();
        let known = models.read_at.map(|_| self.undecided());
        let reading = models.has_more() && !failed;
        let unread = match self.silent.beyond(ctx) {
            0 => Phrase::default(),
            n => Phrase::of(Role::Warn, format!("{} not looked through", number::count(n as u64, "model"))),
        };
        let right = vec![
            number::length(known, self.is_partial(ctx), "waiting"),
            unread,
            format::age(reading, failed, models.read_at, ctx, skin),
        ];
        (Phrase::of(Role::Title, "Inbox"), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        if let Some(picker) = self.choice.picker() {
            return choice_view::draw(picker, self.choice.list(), area, buf, ctx, skin);
        }
        let unfinished: Vec<_> = ctx.cache.unfinished().take(3).map(|s| warning(s, ctx, skin)).collect();
        let used = format::lines(area, buf, skin, unfinished);
        let (_, area) = format::split_top(area, used);
        let failure = self.failure(ctx).or_else(|| self.run_failure(ctx)).or_else(|| self.unread(ctx));
        let area = format::banner(area, buf, ctx, skin, failure, ctx.cache.models.read_at);
        if self.list.is_empty() {
            return self.draw_empty(area, buf, ctx, skin);
        }
        let (area, pane) = if has_pane(ctx) { version_view::split(area) } else { (area, None) };
        let area = self.draw_request(area, buf, ctx, skin);
        let chosen = Chosen::of(columns(ctx), &self.choice, ctx);
        let widths = Widths::of(&chosen.columns, [chosen.row(sample(ctx))]);
        let row = |i: usize| self.draw_line(i, &chosen, ctx, skin);
        let table = Table::new(skin, &chosen.columns, &widths, self.lines.len(), &row);
        let table = table.sorted(chosen.sorted(&self.choice, ctx)).kept(ctx.kept);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
        if let Some((area, (place, waiting))) = pane.zip(self.row(self.list.cursor(), ctx)) {
            let facts = self.verdicts.facts(place, waiting.candidate.number);
            let lines = |width| pane::lines(&waiting, facts, width, ctx, skin);
            let draw = |buf: &mut _| version_view::draw_lines(pane::title(&waiting, skin), area, buf, skin, lines);
            version_view::beside(self.list.cursor(), area, buf, ctx, draw);
        }
    }

    /// The requests of the selected row in full, in a line of their own below the list on registries that keep any.
    fn draw_request(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
        if !ctx.cache.keeps_requests() {
            return area;
        }
        let (list, line) = format::split_bottom(area, 1);
        if let Some(candidate) = self.selected(ctx).map(|waiting| waiting.candidate) {
            let said = requests::lines(&candidate.model, candidate.number, ctx, skin);
            let more = said.len().saturating_sub(1);
            if let Some(first) = said.into_iter().next() {
                let more = if more == 0 { String::new() } else { format!("  (and {more} more)") };
                format::lines(line, buf, skin, [first.add(Role::Muted, more)]);
            }
        }
        list
    }

    fn draw_line(&self, line: usize, chosen: &Chosen, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
        match self.lines.get(line) {
            Some(Line::Heading(section)) => Row::across(Phrase::of(Role::Heading, section.heading())),
            Some(Line::Fold { newer, older }) => Row::across(Phrase::of(Role::Muted, fold(*newer, *older))),
            Some(Line::Row(_, is_under)) => match self.row(line, ctx) {
                Some((_, waiting)) if waiting.held().is_some() => Row::across(held(&waiting, ctx, skin)),
                Some((place, waiting)) => chosen.row(self.cells(place, &waiting, *is_under, ctx, skin)),
                None => Row::default(),
            },
            None => Row::default(),
        }
    }

    fn cells(
        &self,
        place: usize,
        waiting: &Waiting<'_>,
        is_under: bool,
        ctx: &Ctx<'_>,
        skin: &Skin,
    ) -> Vec<Phrase<'static>> {
        let candidate = waiting.candidate;
        let reading = format::reading_of(candidate, ctx);
        let said = ctx.cache.said(candidate);
        let name = ctx.rules.main_metric(said);
        let value = name.and_then(|name| known(candidate, name, ctx).value());
        let author = words::author(candidate, said);
        let author = author.map(|a| text::fit(a, 16, skin.symbols().ellipsis));
        let indent = if is_under { "  " } else { "" };
        let mut cells = vec![
            Phrase::new(indent).join(marked_name(candidate, ctx, skin)),
            Phrase::of(Role::Candidate, candidate.number.to_string()),
            Phrase::new(ctx.now.age(candidate.created_at)),
            format::known_or(author, reading),
            words::standing(candidate, ctx.rules.put_forward(candidate)),
            format::known_or(name.map(str::to_owned), reading),
            format::known_or(value.map(|v| v.to_string()), reading),
            against(waiting, name, value, ctx, skin),
        ];
        if ctx.cache.keeps_requests() {
            cells.push(requests::cell(candidate, ctx));
        }
        cells.push(self.verdicts.cell(place, waiting, skin));
        cells.push(match waiting.production {
            Some(_) => production::cell(&candidate.model, ctx, skin.symbols()),
            None => Phrase::of(Role::Muted, "-"),
        });
        cells
    }

    /// The text a filter matches against: all that the row shows, and its section.
    pub(super) fn text(&self, entry: &Entry, ctx: &Ctx<'_>) -> String {
        let skin = Skin::plain();
        let name = ctx.cache.models.items.get(entry.model).map(|model| model.name.to_string()).unwrap_or_default();
        let mut cells = vec![format!("{name} {}", entry.version).into(), entry.section.heading().into()];
        if let Some(waiting) = self.waiting(entry, ctx) {
            let author = words::author(waiting.candidate, ctx.cache.said(waiting.candidate));
            cells.extend(author.map(|author| Phrase::new(author.to_owned())));
            match waiting.held() {
                Some(_) => cells.push(held(&waiting, ctx, &skin)),
                None => cells.extend(self.cells(entry.model, &waiting, false, ctx, &skin)),
            }
        }
        text_of(&cells)
    }

    fn draw_empty(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let target = &ctx.rules.promote_to;
        let none = format!("Nothing to review: no undecided version is staged or newer than the one in {target}.");
        let (message, keys): (&str, &[_]) =
            match (self.list.filter().query(), ctx.cache.models.has_more() || self.silent.next(ctx).next().is_some()) {
                ("", true) if self.failure(ctx).is_none() => ("reading models …", &[]),
                ("", true) => ("", &[]),
                ("", false) => (
                    &none,
                    &[(Action::Models, "all models"), (Action::History, "history"), (Action::Refresh, "reads again")],
                ),
                _ => ("Nothing waiting matches.", &[(Action::Back, "clears the filter")]),
            };
        format::empty(area, buf, ctx, skin, message, keys);
    }

    fn failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        ctx.cache.failure(&Query::Models { page: ctx.cache.models.next_page() })
    }

    /// Why older versions that may wait could not be read: of the selected row's model, or of one without a row.
    fn unread<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        let selected = self.selected_model(ctx).filter(|model| hides(model, ctx));
        selected.and_then(|model| further::failure(model, ctx)).or_else(|| self.silent.failure(ctx))
    }

    /// Why the run of the selected row could not be read.
    fn run_failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        ctx.cache.run_failure(self.selected(ctx)?.candidate.run_id.as_ref()?)
    }
}

/// The model's name, marked while nobody looked at a version that arrived or changed since the screens were opened.
fn marked_name(version: &ModelVersion, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let is_fresh = ctx.fresh.iter().any(|(model, number)| *model == version.model && *number == version.number);
    let name = format::name(&version.model, Role::Text, skin);
    if is_fresh { Phrase::of(Role::Marked, format!("{} ", skin.symbols().marked)).join(name) } else { name }
}

fn warning(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let draft = &state.plan.draft;
    let word = if ctx.busy { "is running" } else { "is unfinished" };
    let text = format!(" {} the promotion of {} {} {word}", skin.symbols().warn, draft.model(), draft.version());
    match ctx.keys.label(Action::History) {
        Some(key) => Phrase::of(Role::Warn, text).add(Role::Key, format!("   {key}")).add(Role::Muted, " history"),
        None => Phrase::of(Role::Warn, text),
    }
}

/// Least columns of a difference.
const DELTA: u16 = 10;

/// Columns dropped on narrow terminals, in this order: STAGE, IN PROD, AUTHOR, METRIC, REQUEST, VERDICT, Δ PROD.
fn columns(ctx: &Ctx<'_>) -> Vec<Column<'static>> {
    // The author matters less than the model and the difference.
    let mut columns = vec![
        Column::left("MODEL").min(18).max(44).stretch().middle(),
        Column::right("VER"),
        Column::right("AGE"),
        Column::left("AUTHOR").rank(5).min(8),
        Column::left("STAGE").rank(7),
        Column::left("METRIC").rank(4).min(8),
        Column::point("VALUE"),
        Column::left("Δ PROD").rank(1).min(DELTA),
    ];
    if ctx.cache.keeps_requests() {
        columns.push(Column::left("REQUEST").rank(3).min(10).max(24));
    }
    columns.push(Column::left("VERDICT").rank(2));
    columns.push(Column::left(production::HEADING).rank(6));
    columns
}

/// Widths are fixed once, from a typical row, so that columns do not move when data arrives.
fn sample(ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
    let requests = ctx.cache.keeps_requests();
    ["telco-churn-classifier", "v1234", "59m", "ci-trainer", "Staging", "test_accuracy", "123.4567", "▲ +0.001234"]
        .into_iter()
        .chain(requests.then_some("Production quinn.lee"))
        .chain(["✗ 2 blocking", production::WIDEST])
        .map(Phrase::new)
        .collect()
}

/// What is folded under the row above.
fn fold(newer: usize, older: usize) -> String {
    let parts = [(newer, "newer"), (older, "older")].into_iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
    format!("  + {}, not staged", parts.join(", "))
}

/// A held row: who holds it and why, instead of the numbers.
fn held(waiting: &Waiting<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let candidate = waiting.candidate;
    let age = ctx.now.age(candidate.created_at);
    let author = candidate.author.clone().map(|a| format!("   {a}")).unwrap_or_default();
    let why = waiting.held().map(|mark| decision::mark(&mark, ctx.now.read())).unwrap_or_default();
    format::name(&candidate.model, Role::Muted, skin)
        .add(Role::Candidate, format!("   {}", candidate.number))
        .add(Role::Muted, format!("   {age}{author}   "))
        .add(Role::Warn, format!("{} {why}", skin.symbols().warn))
}

/// The main metric's difference from production, or why there is none.
fn against(
    waiting: &Waiting<'_>,
    name: Option<&str>,
    value: Option<MetricValue>,
    ctx: &Ctx<'_>,
    skin: &Skin,
) -> Phrase<'static> {
    let Some(production) = waiting.production else {
        return Phrase::of(Role::Muted, "first");
    };
    let nothing = |version: &&ModelVersion| version.run_id.is_none() && !ctx.cache.said(version).is_known();
    let Some(version) = waiting.production_version.filter(|version| !nothing(version)) else {
        // Loading, failed, or without a run.
        return Phrase::of(Role::Muted, format!("vs {production}"));
    };
    let reading = format::reading_of(version, ctx);
    match (reading, name) {
        (format::Reading::Done, Some(name)) if ctx.cache.said(version).is_known() => {
            let old = known(version, name, ctx).value();
            let (change, delta) =
                metric_change(old, value, ctx.rules.directions_for(&waiting.candidate.model).of(name));
            number::delta_within(usize::from(DELTA), change, delta, skin.symbols())
        }
        (reading, _) => format::known_or(None, reading),
    }
}
