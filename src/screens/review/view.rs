//! Drawing of a review.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::rows::Row as ReviewRow;
use super::{Review, Tab};
use crate::domain::compare::Change;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Review {
    /// What the title line says: candidate against production.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Phrase<'static>) {
        let symbols = skin.symbols();
        let mut left = Phrase::of(Role::Title, self.model.to_string())
            .add(Role::Candidate, format!("  {} {}", symbols.candidate, self.version));
        let facts = ctx.catalog.facts(&self.model, self.version);
        let mut right = Phrase::default();
        if let Some(facts) = facts {
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
        if let Some(slot) = ctx.catalog.slot(&self.query()) {
            if slot.loading.is_some() {
                right = Phrase::of(Role::Muted, "reading …");
            } else if let (Some(_), Some(at)) = (&slot.failure, slot.read_at) {
                right = Phrase::of(Role::Stale, format!("stale, read {}", format::clock(at)));
            } else if let Some(at) = slot.read_at {
                right = Phrase::of(Role::Muted, format!("read {}", format::clock(at)));
            }
        }
        (left, right)
    }

    /// Draws the body: a line of tabs, and the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let mut tabs = Phrase::default();
        for (i, tab) in Tab::ALL.into_iter().enumerate() {
            let role = if tab == self.tab { Role::TabActive } else { Role::Tab };
            tabs = tabs.add(Role::Muted, format!("  {} ", i + 1)).add(role, tab.title());
        }
        if self.tab == Tab::Diff {
            tabs = tabs
                .add(Role::Muted, if self.differences_only { "      differences only" } else { "      everything" });
        }
        format::lines(area, buf, skin, [tabs]);
        let area = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
        let failure = ctx.catalog.failure(&self.query());
        if self.rows.is_empty() {
            if failure.is_none() {
                format::empty(area, buf, skin, "reading the version, its run and what is in production …");
            }
        } else {
            let columns = columns(self.tab, ctx);
            let widths = Widths::of(&columns, [sample(self.tab)]);
            let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, skin)).unwrap_or_default();
            let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
            (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
        }
        if let Some(failure) = failure {
            format::banner(area, buf, skin, failure, !self.rows.is_empty());
        }
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
        Tab::Facts => vec![Column::left("").min(12).max(18), Column::left("").stretch()],
        Tab::Description => vec![Column::left("").stretch()],
    }
}

fn sample(tab: Tab) -> Row<'static> {
    match tab {
        Tab::Diff => {
            let cells = ["validation_macro_f1_score", "telco-2026-0.123456", "telco-2026-0.123456", "▲ +0.123456"];
            Row::new(cells.map(Phrase::new).to_vec())
        }
        Tab::Facts => Row::new(vec![Phrase::new("candidate's run"), Phrase::new("x")]),
        Tab::Description => Row::new(vec![Phrase::new("x")]),
    }
}

fn draw_row(row: &ReviewRow, skin: &Skin) -> Row<'static> {
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
            let one_line = |s: &Option<String>| crate::domain::text::clean_line(s.as_deref().unwrap_or_default());
            let mark = match text.change {
                Change::Same => Phrase::of(Role::Muted, symbols.same),
                Change::Added => Phrase::of(Role::Unknown, "+ new"),
                Change::Removed => Phrase::of(Role::Warn, "- gone"),
                _ => Phrase::of(Role::Unknown, "~ changed"),
            };
            Row::new(vec![
                Phrase::new(format!("  {}", crate::domain::text::clean_line(&text.name))),
                Phrase::of(Role::Muted, one_line(&text.old)),
                Phrase::new(one_line(&text.new)),
                mark,
            ])
        }
        ReviewRow::Fact { label, value, place, warn } => {
            let value = match (warn, place) {
                (true, _) => Phrase::of(Role::Warn, format!("{} {value}", symbols.warn)),
                (false, Some(_)) => Phrase::of(Role::Link, value.clone()),
                (false, None) => Phrase::new(value.clone()),
            };
            Row::new(vec![Phrase::of(Role::Muted, format!("  {label}")), value])
        }
        ReviewRow::Line(line) => Row::new(vec![Phrase::new(line.clone())]),
    }
}
