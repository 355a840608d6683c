//! Whether the version in production of a model is what was signed, as `signoff status` says: a column of lists.
//!
//! It takes a handful of requests a model. So it is read for what is in sight, one model at a time, and kept for a while.

use jiff::{SignedDuration, Timestamp};

use super::Ctx;
use crate::app::query::Query;
use crate::domain::ids::ModelName;
use crate::domain::status::State;
use crate::present::{Mark, Symbols};
use crate::ui::Phrase;
use crate::ui::skin::Role;

/// Heading of the column.
pub const HEADING: &str = "IN PROD";
/// The widest cell.
pub const WIDEST: &str = "✗ disagrees";

/// What the timer reads again once it is older.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(15);

fn query(model: &ModelName) -> Query {
    Query::InProduction { model: model.clone() }
}

/// The query for the first of these models that was not read yet.
pub fn to_ask<'a>(models: impl Iterator<Item = &'a ModelName>, ctx: &Ctx<'_>) -> Option<Query> {
    let mut due = None;
    for query in models.map(query) {
        if ctx.cache.is_loading(&query) {
            return Some(query);
        }
        if due.is_none() && ctx.cache.is_due(&query) {
            due = Some(query);
        }
    }
    due
}

/// The queries to read again: all that somebody asks for, and old ones if the timer does.
pub fn anew<'a>(models: impl Iterator<Item = &'a ModelName>, ctx: &Ctx<'_>) -> Vec<Query> {
    let is_old = |at: Timestamp| ctx.now.read().duration_since(at) >= READ_AGAIN_AFTER;
    let tried_at = |query: &Query| ctx.cache.slot(query).and_then(|slot| slot.tried_at);
    models.map(query).filter(|query| tried_at(query).is_some_and(|at| !ctx.by_timer || is_old(at))).collect()
}

/// The cell of a model that has a version in production.
pub fn cell(model: &ModelName, ctx: &Ctx<'_>, symbols: &Symbols) -> Phrase<'static> {
    match ctx.cache.in_production(model) {
        Some(Some(status)) => {
            let state = status.state();
            Mark::from(state).say(state.name(), symbols)
        }
        Some(None) => Phrase::of(Role::Muted, "-"),
        None if ctx.cache.failure(&query(model)).is_some() => Mark::from(State::Unknown).say("unknown", symbols),
        None => Phrase::of(Role::Muted, symbols.ellipsis),
    }
}
