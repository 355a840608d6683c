//! Drawing of a review.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::rows::Row as ReviewRow;
use super::{Review, Tab, verdict};
use crate::app::catalog::Slot;
use crate::domain::compare::Change;
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Tab as TabLabel, Table, Tabs};

impl Review {
    /// What the title line says: candidate against production, and pieces at the right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let symbols = skin.symbols();
        let mut left = Phrase::of(Role::Title, self.model.to_string())
            .add(Role::Candidate, format!("  {} {}", symbols.candidate, self.version));
        if let Some(facts) = ctx.catalog.facts(&self.model, self.version) {
            let target = &ctx.rules.promote_to;
            left = match &facts.baseline {
                Some(base) => left
                    .add(Role::Muted, "  against  ")
                    .add(Role::Production, format!("{} {}", symbols.production, base.version.number))
                    .add(Role::Muted, if ctx.width < 100 { String::new() } else { format!(" in {target}") }),
                None if target.is_held_by(&facts.version) => left.add(Role::Production, format!("  in {target}")),
                None => left.add(Role::Muted, format!("  nothing in {target} yet")),
            };
        }
        let reading = self.needs(ctx).iter().any(|query| ctx.catalog.is_loading(query));
        let right = ctx
            .catalog
            .slot(&self.query())
            .map(|slot| format::freshness(reading, slot.failure.is_some(), slot.read_at, skin));
        (left, right.into_iter().collect())
    }

    /// Draws the body: a line of tabs, and the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (line, area) = format::split_top(area, 1);
        self.draw_tabs(line, buf, skin);
        let verdict = verdict::line(&self.model, self.version, ctx, skin);
        let used = format::lines(area, buf, skin, verdict);
        let (_, area) = format::split_top(area, used);
        let slot = ctx.catalog.slot(&self.query());
        let failure = slot.and_then(|s| s.failure.as_ref());
        let area = format::banner(area, buf, skin, failure, slot.and_then(|s: &Slot| s.read_at));
        if self.tab == Tab::Lineage && !self.lineage.rows().is_empty() {
            return self.lineage.draw(area, buf, skin);
        }
        if self.rows.is_empty() {
            if failure.is_none() {
                format::empty(area, buf, skin, "reading the version, its run and what is in production …", &[]);
            }
            return;
        }
        let columns = columns(self.tab, ctx);
        let widths = Widths::of(&columns, [sample(self.tab)]);
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, self.tab, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    fn draw_tabs(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let keys: Vec<String> = (1..=Tab::ALL.len()).map(|n| n.to_string()).collect();
        let tabs: Vec<_> = keys.iter().zip(Tab::ALL).map(|(key, tab)| TabLabel::new(key, tab.title())).collect();
        let active = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        let tabs = Tabs { skin, tabs: &tabs, active };
        let word = match (self.tab, self.differences_only) {
            (Tab::Diff, true) => Phrase::of(Role::Muted, "only differences "),
            (Tab::Diff, false) => Phrase::of(Role::Muted, "everything "),
            _ => Phrase::default(),
        };
        let room = area.width.saturating_sub(tabs.width());
        if usize::from(room) > word.width() {
            let width = word.width() as u16;
            word.draw(Rect { x: area.right() - width, width, ..area }, buf, skin);
        }
        (&tabs).render(area, buf);
    }
}

fn columns(tab: Tab, ctx: &Ctx<'_>) -> Vec<Column<'static>> {
    match tab {
        Tab::Diff => {
            let value = if ctx.width >= 120 { 34 } else { 20 };
            vec![
                Column::left("").min(16).max(40),
                Column::point("").min(10).max(value),
                Column::point("").min(10).max(value),
                Column::left("").rank(1).stretch(),
            ]
        }
        Tab::Lineage | Tab::Description => vec![Column::left("").stretch()],
        Tab::Verdict => vec![Column::left("").min(16).max(34), Column::left("").stretch()],
    }
}

fn sample(tab: Tab) -> Row<'static> {
    match tab {
        Tab::Diff => {
            let cells = ["validation_macro_f1_score", "telco-2026-0.123456", "telco-2026-0.123456", "▲ +0.123456"];
            Row::new(cells.map(Phrase::new).to_vec())
        }
        Tab::Lineage | Tab::Description => Row::new(vec![Phrase::new("x")]),
        Tab::Verdict => Row::new(vec![Phrase::new("x metric.auc.max_loss_percent"), Phrase::new("x")]),
    }
}

fn draw_row(row: &ReviewRow, tab: Tab, skin: &Skin) -> Row<'static> {
    let symbols = skin.symbols();
    match row {
        ReviewRow::Gap => Row::default(),
        ReviewRow::Section { title, word, old, new } => Row::new(vec![
            Phrase::of(Role::Heading, title.clone()),
            Phrase::of(Role::Production, old.clone()),
            Phrase::of(Role::Candidate, new.clone()),
            Phrase::of(Role::Muted, word.clone()),
        ]),
        ReviewRow::Metric(metric) => Row::new(vec![
            Phrase::new(format!("  {}", metric.name)),
            Phrase::of(Role::Muted, metric.old.map(|v| v.to_string()).unwrap_or_default()),
            Phrase::new(metric.new.map(|v| v.to_string()).unwrap_or_default()),
            format::delta(metric.change, metric.delta, skin),
        ]),
        ReviewRow::Text(text) => {
            let one_line = |s: &Option<String>| clean_line(s.as_deref().unwrap_or_default());
            let mark = match text.change {
                Change::Same => Phrase::of(Role::Muted, symbols.same),
                Change::Added => Phrase::of(Role::Unknown, "+ new"),
                Change::Removed => Phrase::of(Role::Warn, "- gone"),
                _ => Phrase::of(Role::Unknown, "~ changed"),
            };
            Row::new(vec![
                Phrase::new(format!("  {}", clean_line(&text.name))),
                Phrase::of(Role::Muted, one_line(&text.old)),
                Phrase::new(one_line(&text.new)),
                mark,
            ])
        }
        // Among differences a fact is a warning: it has more to say than a column holds.
        ReviewRow::Fact { label, value, .. } if tab == Tab::Diff => {
            Row::across(Phrase::of(Role::Warn, format!("{} {label}: {value}", symbols.warn)))
        }
        ReviewRow::Fact { label, value, place, warn } => {
            let value = match (warn, place) {
                (true, _) => Phrase::of(Role::Warn, format!("{} {value}", symbols.warn)),
                (false, Some(_)) => Phrase::of(Role::Link, value.clone()),
                (false, None) => Phrase::new(value.clone()),
            };
            Row::new(vec![Phrase::of(Role::Muted, format!("  {label}")), value])
        }
        ReviewRow::Finding(finding) => Row::new(verdict::cells(finding, skin)),
        ReviewRow::Line(line) => Row::across(Phrase::new(line.clone())),
    }
}
