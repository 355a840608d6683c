//! Keys typed to filter a screen that has no filter.

use crate::app::action::Action;
use crate::app::input::{Key, KeyCode};
use crate::program::state::State;

/// Whether a key belongs to what somebody types to filter where nothing can be filtered. Enter and Esc end that, and so
/// does any key that is not typed.
pub(super) fn is_for_the_filter(state: &mut State, key: Key, action: Option<Action>) -> bool {
    let ends = matches!(key.code, KeyCode::Enter | KeyCode::Esc);
    let typed = key.typed().is_some() || key.code == KeyCode::Backspace;
    if ends || !typed || action == Some(Action::Quit) && key.ctrl {
        state.ignores_typing = false;
        state.notice = None;
    }
    ends || typed
}
