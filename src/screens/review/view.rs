//! Drawing of a review.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::diff::READING;
use super::rows::TabRow;
use super::{Review, Tab, caution, standing, verdict};
use crate::app::action::Action;
use crate::app::cache::Slot;
use crate::app::keymap::Context;
use crate::domain::name::oddities;
use crate::screens::parts::view as format;
use crate::screens::parts::{Component as _, Ctx, requests};
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Tab as TabLabel, Table, Tabs};
use crate::ui::{Draw as _, Phrase};

impl Review {
    /// The title line: candidate against production on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let symbols = skin.symbols();
        let number = format::number(&self.model, self.version, ctx, skin);
        let mut left = Phrase::of(Role::Title, self.model.to_string()).join(number);
        if let [odd, ..] = oddities(self.model.as_str()).as_slice() {
            left = left.add(Role::Warn, format!("  {} {odd}", symbols.warn));
        }
        left = left.join(self.diff.title(ctx, skin));
        let right = ctx
            .cache
            .slot(&self.query())
            .map(|slot| format::freshness(self.is_reading(ctx), slot.failure.is_some(), slot.read_at, ctx, skin));
        (left, right.into_iter().collect())
    }

    /// Draws the body: the tab line, and the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (line, area) = format::split_top(area, 1);
        self.draw_tabs(line, buf, ctx, skin);
        let verdict = verdict::line(&self.model, self.version, ctx, skin);
        let standing = standing::line(self.facts(ctx), ctx, skin);
        let requests = requests::lines(&self.model, self.version, ctx, skin);
        let cautions = caution::lines(self.facts(ctx), ctx, skin);
        let above = verdict.into_iter().chain(standing).chain(requests).chain(cautions);
        let used = format::lines(area, buf, skin, above);
        let (_, area) = format::split_top(area, used);
        let slot = ctx.cache.slot(&self.query());
        let failure = slot.and_then(|s| s.failure.as_ref());
        let area = format::banner(area, buf, ctx, skin, failure, slot.and_then(|s: &Slot| s.read_at));
        match (self.facts(ctx), failure, self.tab) {
            (None, Some(_), _) => {}
            // The diff tab handles its own loading state: it may need another baseline.
            (_, _, Tab::Diff) => self.diff.draw(area, buf, ctx, skin),
            (None, None, _) => {
                format::empty(area, buf, ctx, skin, READING, &[]);
            }
            (_, _, Tab::Lineage) => self.lineage.draw(area, buf, skin),
            (Some(facts), _, Tab::Artifacts) => self.artifacts.draw(&facts.version, area, buf, ctx, skin),
            (_, _, Tab::Checklist) => self.checklist.draw(area, buf, ctx, skin),
            (_, _, Tab::Description | Tab::Verdict) => self.draw_rows(area, buf, skin),
        }
    }

    /// Whether the current tab is loading. A tree loads in many parts; a curve beside the diff shows its own loading
    /// state, which would make the title flicker with every row.
    fn is_reading(&self, ctx: &Ctx<'_>) -> bool {
        match self.tab {
            Tab::Lineage | Tab::Artifacts => self.needs(ctx).iter().any(|query| ctx.cache.is_loading(query)),
            Tab::Diff | Tab::Description | Tab::Verdict | Tab::Checklist => ctx.cache.is_loading(&self.query()),
        }
    }

    fn draw_rows(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let columns = columns(self.tab);
        let widths = Widths::of(&columns, [sample(self.tab)]);
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    fn draw_tabs(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        // Also while something is typed in front of them.
        let keys = ctx.keys.of(&[Context::Review]);
        let keys: Vec<String> = Action::TABS.iter().map(|tab| keys.label(*tab).unwrap_or_default()).collect();
        let badge = |tab| if tab == Tab::Checklist { self.checklist.badge(ctx) } else { Phrase::default() };
        let label = |(key, tab): (&'_ String, Tab)| (key.clone(), tab.title(), badge(tab));
        let labels: Vec<_> = keys.iter().zip(Tab::ALL).map(label).collect();
        let tabs: Vec<_> =
            labels.iter().map(|(key, label, badge)| TabLabel { key, label, badge: badge.clone() }).collect();
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
        Tab::Verdict => vec![Column::left("").min(16).max(34), Column::left("").stretch()],
        Tab::Diff | Tab::Lineage | Tab::Artifacts | Tab::Description | Tab::Checklist => {
            vec![Column::left("").stretch()]
        }
    }
}

fn sample(tab: Tab) -> Row<'static> {
    match tab {
        Tab::Verdict => Row::new(vec![Phrase::new("x metric.auc.max_loss_percent"), Phrase::new("x")]),
        Tab::Diff | Tab::Lineage | Tab::Artifacts | Tab::Description | Tab::Checklist => {
            Row::new(vec![Phrase::new("x")])
        }
    }
}

fn draw_row(row: &TabRow, skin: &Skin) -> Row<'static> {
    match row {
        TabRow::Gap => Row::default(),
        TabRow::Fact { label, value, warn } => {
            let value = match warn {
                true => Phrase::of(Role::Warn, format!("{} {value}", skin.symbols().warn)),
                false => Phrase::new(value.clone()),
            };
            Row::new(vec![Phrase::of(Role::Muted, format!("  {label}")), value])
        }
        TabRow::Finding(finding) => Row::new(verdict::cells(finding, skin)),
        TabRow::Line(line) => Row::across(Phrase::new(line.clone())),
    }
}
