//! Drawing of a review.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::rows::Row as ReviewRow;
use super::{Review, Tab};
use crate::app::catalog::Slot;
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
        left = left.join(self.diff.title(ctx, skin));
        let right = ctx
            .catalog
            .slot(&self.query())
            .map(|slot| format::freshness(slot.loading.is_some(), slot.failure.is_some(), slot.read_at, skin));
        (left, right.into_iter().collect())
    }

    /// Draws the body: a line of tabs, and the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (line, area) = format::split_top(area, 1);
        self.draw_tabs(line, buf, skin);
        let slot = ctx.catalog.slot(&self.query());
        let failure = slot.and_then(|s| s.failure.as_ref());
        let area = format::banner(area, buf, skin, failure, slot.and_then(|s: &Slot| s.read_at));
        if self.tab == Tab::Diff {
            if failure.is_none() || ctx.catalog.facts(&self.model, self.version).is_some() {
                self.diff.draw(area, buf, ctx, skin);
            }
            return;
        }
        if self.rows.is_empty() {
            if failure.is_none() {
                format::empty(area, buf, skin, "reading the version, its run and what is in production …", &[]);
            }
            return;
        }
        let columns = columns(self.tab);
        let widths = Widths::of(&columns, [sample(self.tab)]);
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    fn draw_tabs(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let keys: Vec<String> = (1..=Tab::ALL.len()).map(|n| n.to_string()).collect();
        let tabs: Vec<_> = keys.iter().zip(Tab::ALL).map(|(key, tab)| TabLabel::new(key, tab.title())).collect();
        let active = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        let tabs = Tabs { skin, tabs: &tabs, active };
        let word = match self.tab {
            Tab::Diff => Phrase::of(Role::Muted, self.diff.word()),
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

fn columns(tab: Tab) -> Vec<Column<'static>> {
    match tab {
        Tab::Facts => vec![Column::left("").min(12).max(18), Column::left("").stretch()],
        _ => vec![Column::left("").stretch()],
    }
}

fn sample(tab: Tab) -> Row<'static> {
    match tab {
        Tab::Facts => Row::new(vec![Phrase::new("candidate's run"), Phrase::new("x")]),
        _ => Row::new(vec![Phrase::new("x")]),
    }
}

fn draw_row(row: &ReviewRow, skin: &Skin) -> Row<'static> {
    let symbols = skin.symbols();
    match row {
        ReviewRow::Gap => Row::default(),
        ReviewRow::Section { title, word } => {
            let word = if word.is_empty() { String::new() } else { format!("  {word}") };
            Row::across(Phrase::of(Role::Heading, title.clone()).add(Role::Muted, word))
        }
        ReviewRow::Fact { label, value, place, warn } => {
            let value = match (warn, place) {
                (true, _) => Phrase::of(Role::Warn, format!("{} {value}", symbols.warn)),
                (false, Some(_)) => Phrase::of(Role::Link, value.clone()),
                (false, None) => Phrase::new(value.clone()),
            };
            Row::new(vec![Phrase::of(Role::Muted, format!("  {label}")), value])
        }
        ReviewRow::Line(line) => Row::across(Phrase::new(line.clone())),
    }
}
