//! What was decided from this machine, and what became of it?

pub mod entries;
pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::PromotionId;
use crate::screens::parts::{Ctx, Event, Step};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    cursor: Cursor<PromotionId>,
}

impl History {
    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        &[Context::History, Context::List, Context::Global]
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{Back, Copy, Help, Open, Refresh};
        &[Open, Copy, Refresh, Back, Help]
    }

    /// The journals and the records.
    #[must_use]
    pub fn needs(&self, _ctx: &Ctx<'_>) -> Vec<Query> {
        vec![Query::Promotions, Query::Records]
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        let entries = entries::entries(ctx.catalog);
        let keys: Vec<PromotionId> = entries.iter().map(|e| e.id).collect();
        let rows = ctx.rows(1);
        self.cursor.settle(&keys, rows);
        let Event::Action(action) = event else {
            return Step::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &keys, rows);
            return Step::none();
        }
        match (action, entries.get(self.cursor.index())) {
            (Action::Refresh, _) => Step::refresh(vec![Query::Promotions, Query::Records]),
            (Action::Open, Some(entry)) if entry.promotion.is_some() => Step::push(Route::Promotion(entry.id)),
            (Action::Open, Some(entry)) => Step::push(Route::Record(entry.id)),
            (Action::Copy, Some(entry)) => Step::copy(entry.id.to_string()),
            _ => Step::none(),
        }
    }
}
