//! Views that are saved under a name, and where the last session ended.

use crate::app::effect::Effect;
use crate::app::prefs::{Remember, SavedView};
use crate::app::route::{Nav, Route};
use crate::program::places::{place_of, route_of, trail};
use crate::program::state::State;

/// What is chosen on the top screen, as a view with this name; none where there is nothing to choose.
pub(super) fn saved(state: &State, name: &str) -> Option<Remember> {
    let (place, chosen) = (state.place()?, state.top().chosen(&state.ctx())?);
    Some(Remember::View(SavedView { name: name.to_owned(), place, chosen }))
}

/// How to get to the screen of a view; none if it is open.
pub(super) fn way_to(view: &SavedView, state: &State) -> Option<Nav> {
    if state.place().as_ref() == Some(&view.place) {
        return None;
    }
    Some(match route_of(&view.place) {
        route @ (Route::Inbox | Route::Models | Route::Experiments) => Nav::Home(route),
        route => Nav::Push(route),
    })
}

/// Where the last session ended, above the inbox, if that is wanted and nothing was done yet.
pub(super) fn to_restore(state: &mut State) -> Vec<Route> {
    let untouched = !std::mem::replace(&mut state.touched, true) && state.screens.len() == 1;
    let wanted = state.restore && untouched && state.has_target();
    state.prefs.last.iter().filter(|_| wanted).map(route_of).collect()
}

/// Keeps where the session ends.
pub(super) fn last(state: &State) -> Option<Effect> {
    let places: Vec<_> = trail(&state.screens).iter().skip(1).filter_map(place_of).collect();
    (state.restore && state.has_target() && places != state.prefs.last)
        .then_some(Effect::SavePrefs(Remember::Last(places)))
}
