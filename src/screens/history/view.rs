//! Drawing of what was decided from this machine.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::History;
use super::entries::{Entry, entries};
use crate::app::query::Query;
use crate::domain::record::Decision;
use crate::domain::text::clean_line;
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
        let known = read.then(|| entries(ctx.catalog).len());
        let right = vec![format::count(known, false, "decision", "decisions")];
        (Phrase::of(Role::Title, "Decisions from this machine"), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let entries = entries(ctx.catalog);
        let slot = ctx.catalog.slot(&Query::Promotions);
        let failure = ctx.catalog.failure(&Query::Promotions).or_else(|| ctx.catalog.failure(&Query::Records));
        let area = format::banner(area, buf, skin, failure, slot.and_then(|s| s.read_at));
        if entries.is_empty() {
            let reading = ctx.catalog.is_loading(&Query::Promotions) || ctx.catalog.is_loading(&Query::Records);
            let (message, keys): (&str, &[_]) = match (reading, failure) {
                (true, _) => ("reading the journal …", &[]),
                (_, Some(_)) => ("", &[]),
                _ => ("Nothing was decided from this machine yet.", &[("i", "inbox"), ("Esc", "back")]),
            };
            return format::empty(area, buf, skin, message, keys);
        }
        let narrow = ctx.width < 80;
        let columns = columns(narrow);
        let widths = Widths::of(&columns, [sample()]);
        let row = |i: usize| entries.get(i).map(|e| row(e, ctx, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, entries.len(), &row);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn columns(narrow: bool) -> Vec<Column<'static>> {
    vec![
        // What is cut of the time on narrow terminals is the year.
        Column::left("WHEN (UTC)").max(if narrow { 11 } else { 16 }),
        Column::left("DECISION"),
        Column::left("MODEL").min(12).max(40),
        Column::right("VER"),
        Column::left("BY").rank(2).min(6),
        Column::left("TAG").rank(3).min(12),
        Column::left("HOW IT ENDED, OR WHY").min(22).stretch(),
    ]
}

fn sample() -> Row<'static> {
    let cells = [
        "2026-11-23 09:10",
        "rollback",
        "telco-churn-classifier",
        "v1234",
        "reviewer",
        "telco-churn-v1234",
        "! UNFINISHED: interrupted",
    ];
    Row::new(cells.map(Phrase::new).to_vec())
}

fn row(entry: &Entry<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
    let pattern = if ctx.width < 80 { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M" };
    let reason = |text: &str| if text.is_empty() { String::new() } else { format!("  \"{}\"", clean_line(text)) };
    if let (Some(state), Some(promotion)) = (entry.state, entry.promotion) {
        let draft = &state.plan.draft;
        let ended = format::promotion_status(state, promotion.driven, skin);
        return Row::new(vec![
            Phrase::of(Role::Muted, state.opened_at.strftime(pattern).to_string()),
            Phrase::new(draft.basis.decision.word()),
            Phrase::new(draft.model().to_string()),
            Phrase::new(draft.version().to_string()),
            Phrase::new(draft.signer.login.clone()),
            Phrase::of(Role::Muted, draft.tag.to_string()),
            ended.add(Role::Muted, reason(&state.plan.sign_off.reason)),
        ]);
    }
    if let Some(record) = entry.record {
        let role = if record.decision == Decision::Approve { Role::Text } else { Role::Warn };
        let nth = match (record.decision, record.quorum) {
            (Decision::Approve, of @ 2..) => format!("{} of {of}", record.approvals.len() + 1),
            _ => String::new(),
        };
        let done = ctx.catalog.decisions.outcome(entry.id).is_none_or(|o| o.done);
        let ended = if done {
            Phrase::new(nth)
        } else {
            Phrase::of(Role::Bad, format!("{} not wholly written", skin.symbols().block))
        };
        return Row::new(vec![
            Phrase::of(Role::Muted, record.signed_at.strftime(pattern).to_string()),
            Phrase::of(role, record.decision.word()),
            Phrase::new(record.model.name.to_string()),
            Phrase::new(record.model.version.to_string()),
            Phrase::new(record.signer.login.clone()),
            Phrase::of(Role::Muted, "-"),
            ended.add(Role::Muted, reason(&record.reason).trim_start().to_owned()),
        ]);
    }
    let why = entry.promotion.and_then(|p| p.state.as_ref().err()).map(|f| f.reason.clone()).unwrap_or_default();
    Row::new(vec![
        Phrase::of(Role::Muted, entry.id.short()),
        Phrase::of(Role::Bad, "unreadable"),
        Phrase::default(),
        Phrase::default(),
        Phrase::default(),
        Phrase::default(),
        Phrase::of(Role::Bad, why),
    ])
}
