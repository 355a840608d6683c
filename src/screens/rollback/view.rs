//! Drawing of the rollback candidates.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Rollback;
use crate::app::action::Action;
use crate::domain::decision::Candidate;
use crate::domain::text::clean_line;
use crate::present::number;
use crate::present::time::Zone;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};
use crate::ui::{Draw as _, Phrase};

impl Rollback {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let known = self.found(ctx).map(|found| found.candidates.len());
        let slot = ctx.cache.slot(&self.query());
        let fresh = slot.map(|s| format::freshness(s.loading.is_some(), s.failure.is_some(), s.read_at, ctx, skin));
        let right = std::iter::once(number::length(known, false, "candidate")).chain(fresh).collect();
        (Phrase::of(Role::Title, "Roll back").text(format!("  {}", self.model)), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let slot = ctx.cache.slot(&self.query());
        let failure = ctx.cache.failure(&self.query());
        let area = format::banner(
            area,
            buf,
            ctx,
            skin,
            failure,
            slot.and_then(|s| s.read_at).filter(|_| self.found(ctx).is_some()),
        );
        let (area, below) = format::split_bottom(area, self.below(ctx));
        let notes = self.notes(ctx);
        let unread = !notes.is_empty();
        format::lines(below, buf, skin, notes);
        let candidates = self.candidates(ctx);
        if candidates.is_empty() {
            let found = if unread { "was found in what could be read" } else { "was in production" };
            let none = format!("No earlier version of {} {found}.", self.model);
            let (message, keys): (&str, &[_]) = match (self.found(ctx).is_some(), failure) {
                (_, Some(_)) => ("", &[]),
                (false, None) => ("reading what was in production …", &[]),
                (true, None) => (&none, &[(Action::Back, "back"), (Action::Refresh, "reads again")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let (line, area) = format::split_top(area, 1);
        let open = ctx.keys.press(Action::Open, "see what a rollback would do");
        let text = format!(" Earlier versions that were in production. {open}");
        Phrase::of(Role::Muted, text).draw(line, buf, skin);
        let columns = columns(candidates.iter().any(|c| !c.reason.is_empty()), ctx.zone);
        let tags = candidates.iter().filter_map(|candidate| candidate.tag.as_ref());
        let tags = tags.map(|tag| Row::new([vec![Phrase::default(); 4], vec![Phrase::new(tag.to_string())]].concat()));
        let widths = Widths::of(&columns, std::iter::once(sample()).chain(tags));
        let row = |i: usize| candidates.get(i).map(|c| row(c, ctx, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, candidates.len(), &row);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn columns(reasons: bool, zone: Zone<'_>) -> Vec<Column<'static>> {
    let mut columns = vec![
        Column::right("VER"),
        Column::left(format!("LAST KNOWN ({})", zone.word())),
        Column::right("AGE"),
        Column::left("BY").rank(2).min(6),
        Column::left("TAG").rank(3).min(12).max(48).middle(),
        Column::left("KNOWN FROM").min(24).stretch(),
        Column::left("REASON THEN").rank(4).min(16).stretch(),
    ];
    // Usually no reasons are known.
    if !reasons {
        columns.pop();
    }
    columns
}

fn sample() -> Row<'static> {
    let cells = [
        "v1234",
        "2026-11-23 09:10",
        "59m",
        "reviewer",
        "telco-churn-v1234",
        "tag on the version",
        "a few words on why",
    ];
    Row::new(cells.map(Phrase::new).to_vec())
}

fn row(candidate: &Candidate, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
    let or_none = |value: Option<String>| value.map_or_else(|| Phrase::of(Role::Muted, "-"), Phrase::new);
    let notes = match candidate.notes.is_empty() {
        true => Phrase::default(),
        false => Phrase::of(Role::Warn, format!("{} {}   ", skin.symbols().warn, candidate.notes.join(", "))),
    };
    Row::new(vec![
        Phrase::of(Role::Candidate, candidate.version.to_string()),
        or_none(candidate.last_known().map(|at| ctx.zone.cell(at))),
        Phrase::new(ctx.now.age(candidate.last_known())),
        or_none(candidate.by.clone()),
        or_none(candidate.tag.as_ref().map(ToString::to_string)),
        notes.add(Role::Muted, candidate.sources.join(", ")),
        Phrase::of(Role::Muted, clean_line(&candidate.reason)),
    ])
}
