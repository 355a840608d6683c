//! CD of a released promotion as it is now, not as its journal saw it last: somebody may have started a run again.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Ctx;
use crate::app::query::Query;
use crate::domain::promotion::SagaState;

/// What to ask. Nothing of a promotion that this process is driving: its journal is read as it grows.
pub fn query(state: &SagaState, ctx: &Ctx<'_>) -> Option<Query> {
    let driven = ctx.busy && !state.is_over();
    (!driven && state.may_differ_in_cd(ctx.now.read())).then_some(Query::Cd { promotion: state.plan.id })
}

/// The promotion with CD as it is now, as far as that was read.
pub fn now<'a>(state: &'a SagaState, ctx: &Ctx<'_>) -> Cow<'a, SagaState> {
    let id = state.plan.id;
    let read_at = ctx.cache.slot(&Query::Cd { promotion: id }).and_then(|slot| slot.read_at);
    // A resume since then has seen more.
    let fresh = read_at.is_some_and(|at| at >= state.updated_at);
    match ctx.cache.cd(id) {
        Some(Some(now)) if fresh => Cow::Owned(state.with_cd(now)),
        _ => Cow::Borrowed(state),
    }
}

/// When CD was seen, if it may not be any more as it is shown.
pub fn seen_at(state: &SagaState, ctx: &Ctx<'_>) -> Option<Timestamp> {
    let query = query(state, ctx)?;
    let slot = ctx.cache.slot(&query);
    let read_at = slot.and_then(|slot| slot.read_at).filter(|_| matches!(ctx.cache.cd(state.plan.id), Some(Some(_))));
    match (read_at, slot.is_some_and(|slot| slot.failure.is_some())) {
        (Some(_), false) => None,
        (Some(at), true) => Some(at.max(state.updated_at)),
        (None, _) => Some(state.updated_at),
    }
}
