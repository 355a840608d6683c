//! Drawing of the promotions of this machine.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::History;
use crate::app::query::{Promotion, Query};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl History {
    /// What the title line says: left, and pieces at the right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let read = ctx.catalog.slot(&Query::Promotions).is_some_and(|s| s.read_at.is_some());
        let known = read.then_some(ctx.catalog.promotions.len());
        let right = vec![format::count(known, false, "promotion", "promotions")];
        (Phrase::of(Role::Title, "Promotions from this machine"), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let promotions = &ctx.catalog.promotions;
        let slot = ctx.catalog.slot(&Query::Promotions);
        let failure = ctx.catalog.failure(&Query::Promotions);
        let area = format::banner(area, buf, skin, failure, slot.and_then(|s| s.read_at));
        if promotions.is_empty() {
            let (message, keys): (&str, &[_]) = match (ctx.catalog.is_loading(&Query::Promotions), failure) {
                (true, _) => ("reading the journal …", &[]),
                (_, Some(_)) => ("", &[]),
                _ => ("Nothing was promoted from this machine yet.", &[("i", "inbox"), ("Esc", "back")]),
            };
            return format::empty(area, buf, skin, message, keys);
        }
        let narrow = ctx.width < 80;
        let columns = columns(narrow);
        let widths = Widths::of(&columns, [sample()]);
        let row = |i: usize| promotions.get(i).map(|p| row(p, ctx, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, promotions.len(), &row);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn columns(narrow: bool) -> Vec<Column<'static>> {
    vec![
        // What is cut of the time on narrow terminals is the year.
        Column::left("WHEN (UTC)").max(if narrow { 11 } else { 16 }),
        Column::left("MODEL").min(12).max(40),
        Column::right("VER"),
        Column::left("BY").rank(2).min(6),
        Column::left("TAG").rank(3).min(12),
        Column::left("HOW IT ENDED").min(22).stretch(),
    ]
}

fn sample() -> Row<'static> {
    let cells = [
        "2026-11-23 09:10",
        "telco-churn-classifier",
        "v1234",
        "reviewer",
        "telco-churn-v1234",
        "! UNFINISHED: interrupted",
    ];
    Row::new(cells.map(Phrase::new).to_vec())
}

fn row(promotion: &Promotion, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
    let state = match (ctx.catalog.promotion(promotion.id), &promotion.state) {
        (Some(state), _) => state,
        (None, Ok(state)) => state,
        (None, Err(failure)) => {
            return Row::new(vec![
                Phrase::of(Role::Muted, promotion.id.short()),
                Phrase::of(Role::Bad, "unreadable"),
                Phrase::default(),
                Phrase::default(),
                Phrase::default(),
                Phrase::of(Role::Bad, failure.reason.clone()),
            ]);
        }
    };
    let draft = &state.plan.draft;
    let when = state.opened_at.strftime(if ctx.width < 80 { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M" }).to_string();
    Row::new(vec![
        Phrase::of(Role::Muted, when),
        Phrase::new(draft.model().to_string()),
        Phrase::new(draft.version().to_string()),
        Phrase::new(draft.signer.login.clone()),
        Phrase::of(Role::Muted, draft.tag.to_string()),
        format::promotion_status(state, promotion.driven, skin),
    ])
}
