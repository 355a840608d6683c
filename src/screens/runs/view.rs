//! Drawing of the runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Runs;
use super::arrange::{ListedRun, duration};
use super::picker::label;
use crate::app::action::Action;
use crate::app::prefs::{RunColumn, SortKey};
use crate::app::query::Query;
use crate::domain::run::Run;
use crate::domain::text::clean_line;
use crate::present::number;
use crate::present::time;
use crate::present::version;
use crate::present::version::run_label;
use crate::screens::parts::picker::{Picker, Purpose};
use crate::screens::parts::view as format;
use crate::screens::parts::{Component as _, Ctx, text_of};
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Sorted, Table};
use crate::ui::{Draw as _, Phrase};

/// Columns of every run list.
const FIXED: [SortKey; 5] = [SortKey::Status, SortKey::Name, SortKey::Started, SortKey::Duration, SortKey::User];
/// Maximum nesting level that is indented.
const DEEPEST: usize = 6;

impl Runs {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let query = self.needs(ctx).pop().unwrap_or(Query::SearchRuns { search: self.wanted.clone() });
        let loading = ctx.cache.is_loading(&query);
        // A rejected filter says nothing about the rows shown.
        let failed = ctx.cache.failure(&query).is_some() && self.search_failure(ctx).is_none();
        let list = self.found(ctx).map(|f| &f.list);
        let count = match list {
            // Some are filtered out or folded.
            Some(list) if self.lines.len() < list.items.len() => {
                let more = if list.has_more() { "+" } else { "" };
                Phrase::new(format!("{} of {}{more} runs", self.lines.len(), list.items.len()))
            }
            list => number::length(list.map(|l| l.items.len()), list.is_none_or(|l| l.has_more()), "run"),
        };
        let marks = match self.marks.len() {
            0 => Phrase::default(),
            n => Phrase::of(Role::Marked, format!("{n} marked")),
        };
        let columns = match (self.first_column, &self.columns) {
            (1.., Some(columns)) => {
                Phrase::of(Role::Muted, format!("columns {}-{}", self.first_column + 1, columns.len()))
            }
            _ => Phrase::default(),
        };
        let part = if self.sorts_a_part(ctx) { "sorted: what is loaded" } else { "" };
        let part = Phrase::of(Role::Muted, part);
        let right = vec![
            count,
            part,
            marks,
            columns,
            format::freshness(loading, failed, list.and_then(|l| l.read_at), ctx, skin),
        ];
        (Phrase::of(Role::Title, self.name.clone()), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        if let Some(picker) = &self.picker {
            return self.draw_picker(picker, area, buf, ctx, skin);
        }
        let area = self.draw_search(area, buf, ctx, skin);
        let list = self.found(ctx).map(|f| &f.list);
        let asked = self.needs(ctx);
        // The error of a filter is shown at its line.
        let failure = match self.search_failure(ctx) {
            Some(_) => None,
            None => asked.iter().find_map(|q| ctx.cache.failure(q)),
        };
        let area = format::banner(area, buf, ctx, skin, failure, list.and_then(|l| l.read_at));
        let Some(list) = list.filter(|_| !self.lines.is_empty()) else {
            let (message, keys): (&str, &[_]) = match (self.filter.query(), list.and_then(|l| l.read_at)) {
                (_, None) if failure.is_some() || self.search_failure(ctx).is_some() => ("", &[]),
                (_, None) => ("reading runs …", &[]),
                ("", Some(_)) if self.shown.filter.is_empty() => {
                    ("This experiment has no runs.", &[(Action::Refresh, "reads again")])
                }
                ("", Some(_)) => {
                    ("No run matches the filter.", &[(Action::Search, "changes it"), (Action::Back, "clears it")])
                }
                _ => ("No loaded run matches.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        };
        let chosen = self.columns.as_deref().unwrap_or_default();
        let chosen = chosen.get(self.first_column..).unwrap_or_default();
        let columns = columns(chosen);
        let widths = Widths::of(&columns, [sample(chosen)]);
        let row = |i: usize| {
            let line = self.lines.get(i);
            let run = line.and_then(|l| Some((l, list.items.get(l.item)?)));
            run.map(|(line, run)| row(run, *line, chosen, ctx, skin).marked(self.marks.contains(&run.id)))
                .unwrap_or_default()
        };
        let sorted = self.sort.as_ref().and_then(|sort| {
            let column = match &sort.key {
                SortKey::Column(column) => FIXED.len() + chosen.iter().position(|c| c == column)?,
                fixed => FIXED.iter().position(|f| f == fixed)?,
            };
            // Age grows as the start time falls.
            let descending = sort.descending != (sort.key == SortKey::Started);
            Some(Sorted { column, descending })
        });
        let table = Table::new(skin, &columns, &widths, self.lines.len(), &row).sorted(sorted).kept(ctx.kept);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    /// The server-side filter, and the server's response to it.
    fn draw_search(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
        if !self.has_search_line() {
            return area;
        }
        let below = if self.search.is_editing() {
            let hint = Phrase::of(Role::Muted, "metrics.auc > 0.9 and params.depth = '6' ");
            format::Prompt::new(skin, " search ", self.search.field()).hint(hint).draw(area, buf)
        } else {
            let (line, below) = format::split_top(area, 1);
            let phrase = Phrase::of(Role::Key, " search ").text(clean_line(&self.wanted.filter));
            phrase
                .add(Role::Key, format!("   {}", ctx.keys.named(Action::Back)))
                .add(Role::Muted, " clears it")
                .draw(line, buf, skin);
            below
        };
        let error = self.search_error(ctx);
        let (place, below) = format::split_top(below, error.len() as u16);
        let symbol = skin.symbols().block;
        let lines = error.into_iter().enumerate().map(|(i, line)| {
            let mark = if i == 0 { symbol } else { " " };
            Phrase::of(Role::Bad, format!(" {mark} {line}"))
        });
        format::lines(place, buf, skin, lines);
        below
    }

    fn draw_picker(&self, picker: &Picker<SortKey>, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let prompt = match picker.purpose() {
            Purpose::Columns => " columns ",
            Purpose::Sort => " sort by ",
        };
        let area = format::Prompt::new(skin, prompt, picker.field()).draw(area, buf);
        if picker.is_empty() {
            return format::empty(area, buf, ctx, skin, "No column matches.", &[(Action::Back, "back")]);
        }
        let columns = [Column::left("").min(20).stretch(), Column::left("").min(10)];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("x"), Phrase::new("descending")])]);
        let row = |i: usize| picker.entry(i).map(|key| self.picker_row(key, picker.purpose())).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, picker.len(), &row).without_header();
        let (cursor, offset) = picker.place();
        (&table.scrolled(offset).cursor(Some(cursor))).render(area, buf);
    }

    fn picker_row(&self, key: &SortKey, purpose: Purpose) -> Row<'static> {
        let kind = match key {
            SortKey::Column(RunColumn::Metric(_)) => "metric",
            SortKey::Column(RunColumn::Param(_)) => "param",
            _ => "",
        };
        let sort = self.sort.as_ref().filter(|s| purpose == Purpose::Sort && s.key == *key);
        let word = match sort {
            Some(sort) if sort.descending => "descending",
            Some(_) => "ascending",
            None => kind,
        };
        let chosen = match (purpose, key) {
            (Purpose::Columns, SortKey::Column(column)) => self.columns.iter().flatten().any(|c| c == column),
            _ => sort.is_some(),
        };
        let check = match (purpose, chosen) {
            (Purpose::Sort, _) => "",
            (Purpose::Columns, true) => "[x] ",
            (Purpose::Columns, false) => "[ ] ",
        };
        let name = Phrase::of(Role::Key, check).text(clean_line(label(key)));
        Row::new(vec![name, Phrase::of(Role::Muted, word)]).marked(chosen && purpose == Purpose::Sort)
    }
}

fn columns(chosen: &[RunColumn]) -> Vec<Column<'static>> {
    let mut columns = vec![
        Column::left("STATUS"),
        Column::left("NAME").min(24).max(40).middle(),
        Column::right("AGE"),
        Column::right("TOOK").rank(3),
        Column::left("USER").rank(4).min(6).max(16),
    ];
    columns.extend(chosen.iter().enumerate().map(|(i, column)| {
        // The first two come before duration and user; columns that do not fit can be scrolled to.
        let rank = if i < 2 { i } else { 4 + i };
        let rank = u8::try_from(rank).unwrap_or(u8::MAX);
        let column = match column {
            RunColumn::Metric(name) => Column::point(clean_line(name)),
            RunColumn::Param(name) => Column::left(clean_line(name)),
        };
        column.rank(rank).min(9).max(20)
    }));
    columns
}

fn sample(chosen: &[RunColumn]) -> Row<'static> {
    let mut cells: Vec<Phrase<'static>> =
        ["✓ finished", "bright-shark-with-a-name-812", "59m", "12:34:56", "ci-trainer"].map(Phrase::new).to_vec();
    cells.extend(chosen.iter().map(|column| match column {
        RunColumn::Metric(_) => Phrase::new("1234.123456"),
        RunColumn::Param(_) => Phrase::new("some-value"),
    }));
    Row::new(cells)
}

fn row(run: &Run, line: ListedRun, chosen: &[RunColumn], ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
    let mut cells = cells(run, chosen, ctx, skin);
    let indent = Phrase::new("  ".repeat(line.depth.min(DEEPEST)));
    let name = indent.join(std::mem::take(&mut cells[NAME]));
    cells[NAME] = if line.folded { name.add(Role::Muted, format!(" +{}", line.children)) } else { name };
    Row::new(cells)
}

/// The text a filter matches against: every column, also those out of sight.
pub(super) fn text(run: &Run, chosen: &[RunColumn], ctx: &Ctx<'_>) -> String {
    let mut cells = cells(run, chosen, ctx, &Skin::plain());
    cells.swap(0, NAME);
    cells.push(Phrase::new(run.id.to_string()));
    text_of(&cells)
}

/// Index of the name among the cells.
const NAME: usize = 1;

fn cells(run: &Run, chosen: &[RunColumn], ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let took = duration(run).map_or_else(|| "-".to_owned(), time::span);
    let mut cells = vec![
        version::run_status(run, skin.symbols()),
        Phrase::new(run_label(run)),
        Phrase::of(Role::Muted, ctx.now.age(run.started_at)),
        Phrase::of(Role::Muted, took),
        Phrase::new(run.user.clone().unwrap_or_default()),
    ];
    cells.extend(chosen.iter().map(|column| match column {
        RunColumn::Metric(name) => match run.metrics.get(name) {
            Some(point) => Phrase::new(point.value.to_string()),
            None => Phrase::of(Role::Muted, "-"),
        },
        RunColumn::Param(name) => match run.params.get(name) {
            Some(value) => Phrase::new(clean_line(value)),
            None => Phrase::of(Role::Muted, "-"),
        },
    }));
    cells
}
