//! What the screens need: asked once each, and cancelled when none of them needs it any more.

use crate::app::effect::Effect;
use crate::app::query::Query;
use crate::program::saving::stop_saving;
use crate::program::state::State;
use crate::screens::parts::Ctx;

/// Sends the queries that the screens on the stack need, top screen first, and cancels those that none of them needs any
/// more.
pub fn ask(state: &mut State) -> Vec<Effect> {
    let mut needs: Vec<Query> = state.has_target().then_some(Query::Session).into_iter().collect();
    for (depth, screen) in state.screens.iter().rev().enumerate() {
        needs.extend(screen.needs(&Ctx { covered: depth > 0, ..state.ctx_of(screen) }));
    }
    let dropped: Vec<_> = state
        .cache
        .in_flight()
        .filter(|(query, _)| !needs.contains(query))
        .map(|(query, id)| (query.clone(), id))
        .collect();
    let mut effects = Vec::new();
    if state.screens.iter().all(|screen| screen.save().is_none()) {
        effects.extend(stop_saving(state));
    }
    if state.runs_own() && !state.screens.iter().any(|screen| screen.runs_own()) {
        state.own = None;
        effects.push(Effect::StopOwn);
    }
    for (query, id) in dropped {
        state.edition += 1;
        state.cache.abandon(&query);
        effects.push(Effect::Cancel(id));
    }
    for query in needs {
        if state.cache.is_due(&query) {
            state.edition += 1;
            let id = state.request_id();
            state.cache.begin(&query, id);
            effects.push(Effect::Fetch(id, query));
        }
    }
    effects
}
