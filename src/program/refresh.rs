//! Reads again what is on screen from time to time, and says what arrived.

use crate::app::action::Action;
use crate::app::arrivals::Alert;
use crate::app::effect::Effect;
use crate::app::query::Query;
use crate::domain::name::shown;
use crate::program::state::{Driving, Notice, State};
use crate::screens::Screen;

/// Looks for arrivals, and says in the footer what arrived, unless the inbox shows it.
pub(super) fn look(state: &mut State) {
    let new = state.arrivals.look(&state.cache, &state.rules.promote_to);
    let Some((model, version)) = new.first() else { return };
    let others = match new.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let what = format!("{} {version}{others}", shown(model.as_str()));
    let wait = if new.len() == 1 { "waits" } else { "wait" };
    state.alert = Some(Alert { arrived: new.clone(), text: format!("{what} {wait} for review") });
    if !matches!(state.top(), Screen::Inbox(_)) && state.notice.is_none() {
        let key = state.keymap.label(state.contexts(), Action::Inbox);
        let go = key.map(|key| format!("; {key} goes to the inbox")).unwrap_or_default();
        state.notice = Some(Notice::Word(format!("{what} {wait} for review{go}.")));
    }
}

/// Says in the inbox, once, which channels gave up messages.
pub(super) fn tell_given_up(state: &mut State) {
    let is_free = matches!(state.top(), Screen::Inbox(_)) && state.notice.is_none();
    if let Some((said, told)) = state.given_up.as_mut().filter(|(_, told)| is_free && !told) {
        *told = true;
        state.notice = Some(Notice::Word(said.clone()));
    }
}

/// What the timer has screens read again: nothing while somebody types, approves or waits.
pub(super) fn due(state: &State) -> Option<Due> {
    let is_free = state.has_target() && !state.leaving && state.driving == Driving::Idle && !state.cache.is_busy();
    if !is_free || state.captures_text() || state.saving.is_some() {
        return None;
    }
    match state.top() {
        Screen::Inbox(_) => Some(Due::Screen),
        Screen::Review(_) | Screen::Promotion(_) => Some(Due::ScreenAndModels),
        Screen::Approve(_) | Screen::Decide(_) | Screen::Rollback(_) | Screen::Palette(_) => None,
        _ => Some(Due::Models),
    }
}

/// What is to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Screen,
    ScreenAndModels,
    /// The list of models, which says what arrived.
    Models,
}

/// Reads the list of models again.
pub(super) fn read_models(state: &mut State) -> Vec<Effect> {
    state.cache.refresh(&Query::Models { page: None });
    Vec::new()
}
