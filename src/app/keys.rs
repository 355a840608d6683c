//! The keys of a place, to be named in what is said there.

use super::action::Action;
use super::keymap::{Context, Keymap};

/// The keys that work on a screen.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    keymap: &'a Keymap,
    contexts: &'a [Context],
}

impl<'a> Keys<'a> {
    pub fn new(keymap: &'a Keymap, contexts: &'a [Context]) -> Self {
        Self { keymap, contexts }
    }

    /// The keys of another place.
    pub fn of(self, contexts: &'a [Context]) -> Self {
        Self { contexts, ..self }
    }

    /// The key of an action, as lists show it; none if it has no key here.
    pub fn label(&self, action: Action) -> Option<String> {
        self.keymap.label(self.contexts, action)
    }

    /// The key of an action, as sentences name it; the name of the action if it has no key here, as `:` finds it.
    pub fn named(&self, action: Action) -> String {
        match self.label(action) {
            Some(key) => key.replace('⏎', "Enter"),
            None => format!("'{}'", action.name()),
        }
    }

    /// `Press r to try again.`
    pub fn press(&self, action: Action, to: &str) -> String {
        let verb = if self.label(action).is_some() { "Press" } else { "Choose" };
        format!("{verb} {} to {to}.", self.named(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_where_there_is_one_and_the_action_where_there_is_none() {
        let keymap = Keymap::built_in();
        let inbox = Keys::new(&keymap, &[Context::Inbox, Context::List, Context::Global]);
        assert_eq!(inbox.press(Action::Refresh, "try again"), "Press r to try again.");
        assert_eq!(inbox.named(Action::Review), "Enter");
        let approve = Keys::new(&keymap, &[Context::Approve, Context::Global]);
        assert_eq!(approve.press(Action::Refresh, "try again"), "Press Ctrl-R to try again.");
        assert_eq!(approve.press(Action::History, "see it"), "Choose 'history' to see it.");
    }
}
