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
    /// What the title line says: left and right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>) -> (Phrase<'static>, Phrase<'static>) {
        let count = ctx.catalog.promotions.len();
        (Phrase::of(Role::Title, "Promotions from this machine"), Phrase::new(format!("{count} promotions")))
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let promotions = &ctx.catalog.promotions;
        if promotions.is_empty() {
            let reading = ctx.catalog.is_loading(&Query::Promotions);
            let message =
                if reading { "reading the journal …" } else { "Nothing was promoted from this machine yet." };
            format::empty(area, buf, skin, message);
        } else {
            let columns = columns();
            let widths = Widths::of(&columns, [sample()]);
            let row = |i: usize| promotions.get(i).map(|p| row(p, ctx, skin)).unwrap_or_default();
            let table = Table::new(skin, &columns, &widths, promotions.len(), &row);
            (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
        }
        if let Some(failure) = ctx.catalog.failure(&Query::Promotions) {
            format::banner(area, buf, skin, failure, !promotions.is_empty());
        }
    }
}

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::left("WHEN"),
        Column::left("MODEL").min(14).max(40),
        Column::right("VER"),
        Column::left("BY").rank(2).min(6),
        Column::left("TAG").rank(3).min(12),
        Column::left("HOW IT ENDED").min(20).stretch(),
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
    Row::new(vec![
        Phrase::of(Role::Muted, state.opened_at.strftime("%Y-%m-%d %H:%M").to_string()),
        Phrase::new(draft.model().to_string()),
        Phrase::new(draft.version().to_string()),
        Phrase::new(draft.signer.login.clone()),
        Phrase::of(Role::Muted, draft.tag.to_string()),
        format::promotion_status(state, promotion.driven, skin),
    ])
}
