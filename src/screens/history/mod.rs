//! Which promotions were made from this machine, and how did they end?

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

    /// The journals.
    #[must_use]
    pub fn needs(&self, _ctx: &Ctx<'_>) -> Vec<Query> {
        vec![Query::Promotions]
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        let keys: Vec<PromotionId> = ctx.catalog.promotions.iter().map(|p| p.id).collect();
        let rows = ctx.rows(1);
        self.cursor.settle(&keys, rows);
        let Event::Action(action) = event else {
            return Step::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &keys, rows);
            return Step::none();
        }
        match (action, keys.get(self.cursor.index())) {
            (Action::Refresh, _) => Step::refresh(vec![Query::Promotions]),
            (Action::Open, Some(id)) => Step::push(Route::Promotion(*id)),
            (Action::Copy, Some(id)) => Step::copy(id.to_string()),
            _ => Step::none(),
        }
    }
}
