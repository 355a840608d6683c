//! What exactly was decided, by whom, on what evidence? One sign-off record of this machine.

pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::domain::ids::PromotionId;
use crate::domain::record::text::plain;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use crate::ui::text::wrap;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    id: PromotionId,
    /// The first visible line.
    offset: usize,
}

impl Record {
    /// The record with this id.
    pub fn new(id: PromotionId) -> Self {
        Self { id, offset: 0 }
    }

    /// The record as text and its outcome, wrapped.
    fn lines(&self, ctx: &Ctx<'_>) -> Vec<String> {
        let Some(sealed) = ctx.cache.record(self.id) else {
            return Vec::new();
        };
        let mut text = plain(sealed);
        if let Some(outcome) = ctx.cache.record_outcome(self.id) {
            let promotes = ctx.cache.record(self.id).is_some_and(|sealed| sealed.record.change.is_some());
            let word = match (promotes, outcome.done) {
                (true, true) => "Since then, as it was signed:",
                (true, false) => "Since then, NOT as it was signed:",
                (false, true) => "Written to the servers.",
                (false, false) => "NOT fully written.",
            };
            text.push_str(&format!("\n{word}\n"));
            for note in outcome.comment.iter().chain(&outcome.notes) {
                text.push_str(&format!("- {note}\n"));
            }
        }
        wrap(text.trim_end(), usize::from(ctx.width.saturating_sub(2)).max(20))
    }
}

impl Component for Record {
    fn heading(&self) -> &'static str {
        "record"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::List, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Copy, Help, PageDown, Refresh};
        &[PageDown, Copy, Refresh, Back, Help]
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        vec![Query::Records]
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let rows = ctx.rows(0);
        let most = self.lines(ctx).len().saturating_sub(rows);
        let page = rows.saturating_sub(1).max(1);
        self.offset = self.offset.min(most);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        self.offset = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            Action::Top => 0,
            Action::Bottom => most,
            Action::Refresh => return Response::refresh(vec![Query::Records]),
            Action::Copy => {
                let hash = ctx.cache.record(self.id).map(|s| s.record_hash.clone());
                return hash.map_or_else(Response::none, Response::copy);
            }
            other => return Response::pass(other),
        }
        .min(most);
        Response::none()
    }
}
