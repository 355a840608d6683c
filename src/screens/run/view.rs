//! Drawing of one run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::rows::RunRow;
use super::{RunDetail, Tab};
use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::domain::text::clean_line;
use crate::present::version;
use crate::present::version::run_label;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Tab as TabLabel, Table, Tabs};

impl RunDetail {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        match self.run(ctx) {
            Some(run) => (
                Phrase::of(Role::Title, run_label(run)).add(Role::Muted, format!("  run {}", run.id.short())),
                vec![version::run_status(run, skin.symbols())],
            ),
            None => (Phrase::of(Role::Title, format!("run {}", self.id.short())), Vec::new()),
        }
    }

    /// Draws the body: the tab line, and the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (line, area) = format::split_top(area, 1);
        // Also while something is typed in front of them.
        let keys = ctx.keys.of(&[Context::Run]);
        let keys: Vec<String> = Action::TABS.iter().map(|tab| keys.label(*tab).unwrap_or_default()).collect();
        let tabs: Vec<_> = keys.iter().zip(Tab::ALL).map(|(key, tab)| TabLabel::new(key, tab.title())).collect();
        let active = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        (&Tabs { skin, tabs: &tabs, active }).render(line, buf);
        let failure = ctx.cache.run_failure(&self.id);
        let area = format::banner(area, buf, ctx, skin, failure, None);
        if self.tab == Tab::Lineage && ctx.cache.run(&self.id).flatten().is_some() {
            return self.lineage.draw(area, buf, skin);
        }
        if self.rows.is_empty() {
            let message = match (ctx.cache.run(&self.id), self.tab) {
                _ if failure.is_some() => "",
                (None, _) => "reading the run …",
                (Some(None), _) => "No such run, or permission denied.",
                (Some(_), _) if self.filter.narrows() => "Nothing matches.",
                (_, Tab::Metrics) => "This run has no metrics.",
                (_, Tab::Params) => "This run has no params.",
                (_, Tab::Description) => "This run has no description (tag mlflow.note.content).",
                (_, Tab::Tags | Tab::Lineage) => "This run has no tags.",
            };
            return format::empty(area, buf, ctx, skin, message, &[]);
        }
        let columns = columns(self.tab);
        let widths = Widths::of(&columns, [sample(self.tab)]);
        let row = |i: usize| self.rows.get(i).map(|r| row(r, self.tab, ctx)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).kept(ctx.kept);
        let table = if self.tab == Tab::Description { table.without_header() } else { table };
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn columns(tab: Tab) -> Vec<Column<'static>> {
    match tab {
        Tab::Metrics => vec![
            Column::left("METRIC").min(20).max(60),
            Column::point("LATEST"),
            Column::right("STEP").rank(1),
            Column::right("AGE").rank(2),
        ],
        Tab::Params => vec![Column::left("PARAM").min(16).max(40), Column::left("VALUE").stretch()],
        Tab::Tags => vec![Column::left("TAG").min(16).max(40), Column::left("VALUE").stretch()],
        Tab::Lineage | Tab::Description => vec![Column::left("").stretch()],
    }
}

fn sample(tab: Tab) -> Row<'static> {
    let cells: &[&str] = match tab {
        Tab::Metrics => &["validation_macro_f1_score_of_all", "12345.123456", "1234567", "59m"],
        Tab::Params | Tab::Tags => &["validation_macro_f1_score", "x"],
        Tab::Lineage | Tab::Description => &["x"],
    };
    Row::new(cells.iter().map(|c| Phrase::new(*c)).collect())
}

fn row(row: &RunRow, tab: Tab, ctx: &Ctx<'_>) -> Row<'static> {
    match row {
        RunRow::Group { prefix, count, open } => {
            let mark = if *open { "-" } else { "+" };
            Row::across(Phrase::of(Role::Link, format!("{mark} {}* ({count})", clean_line(prefix))))
        }
        RunRow::Metric { name, point, inside } => Row::new(vec![
            Phrase::new(format!("{}{}", if *inside { "  " } else { "" }, clean_line(name))),
            Phrase::new(point.value.to_string()),
            Phrase::of(Role::Muted, point.step.to_string()),
            Phrase::of(Role::Muted, ctx.now.age(point.at)),
        ]),
        RunRow::Text { name, value } => Row::new(vec![Phrase::new(clean_line(name)), Phrase::new(clean_line(value))]),
        RunRow::Line(line) if tab == Tab::Description => Row::across(Phrase::new(line.clone())),
        RunRow::Line(line) => Row::across(Phrase::of(Role::Muted, format!("    {line}"))),
    }
}
