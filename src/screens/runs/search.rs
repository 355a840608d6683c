//! The input line for a server-side filter, with a history of earlier filters.

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::screens::parts::ScreenEvent;

/// State of the search line.
#[derive(Clone, Debug, Default)]
pub struct SearchLine {
    field: Field,
    editing: bool,
    /// Index of the recalled filter, counted from the latest.
    recalled: Option<usize>,
    /// The text typed before an earlier filter was recalled.
    draft: String,
}

impl PartialEq for SearchLine {
    fn eq(&self, other: &Self) -> bool {
        (self.field.value(), self.editing, self.recalled) == (other.field.value(), other.editing, other.recalled)
    }
}

impl SearchLine {
    /// Whether keys go into it.
    pub fn is_editing(&self) -> bool {
        self.editing
    }

    /// The field, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Starts typing, with the current filter.
    pub fn begin(&mut self, in_force: &str) {
        self.field = Field::new(in_force.to_owned());
        (self.editing, self.recalled) = (true, None);
    }

    /// Handles an event while typing. Returns the filter to send, if any.
    pub fn update(&mut self, event: ScreenEvent<'_>, earlier: &[String]) -> Option<String> {
        match event {
            ScreenEvent::Action(Action::Open) => {
                self.editing = false;
                return Some(self.field.value().trim().to_owned());
            }
            ScreenEvent::Action(Action::Back) => self.editing = false,
            ScreenEvent::Action(Action::Up) => self.recall(self.recalled.map_or(0, |n| n + 1), earlier),
            ScreenEvent::Action(Action::Down) => match self.recalled {
                Some(0) => {
                    self.recalled = None;
                    self.field = Field::new(std::mem::take(&mut self.draft));
                }
                Some(n) => self.recall(n - 1, earlier),
                None => {}
            },
            ScreenEvent::Key(key) => {
                edit::edit(&mut self.field, key);
            }
            ScreenEvent::Paste(text) => {
                edit::paste(&mut self.field, text);
            }
            ScreenEvent::Action(_) | ScreenEvent::Changed => {}
        }
        None
    }

    fn recall(&mut self, back: usize, earlier: &[String]) {
        let Some(filter) = earlier.iter().rev().nth(back) else {
            return;
        };
        if self.recalled.is_none() {
            self.draft = self.field.value().to_owned();
        }
        self.recalled = Some(back);
        self.field = Field::new(filter.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::input::Key;

    #[test]
    fn earlier_filters_come_back_and_so_does_what_was_being_typed() {
        let earlier = ["old".to_owned(), "new".to_owned()];
        let mut line = SearchLine::default();
        line.begin("");
        line.update(ScreenEvent::Key(Key::char('x')), &earlier);
        let mut press = |action| {
            line.update(ScreenEvent::Action(action), &earlier);
            line.field().value().to_owned()
        };
        assert_eq!(press(Action::Up), "new");
        assert_eq!(press(Action::Up), "old");
        assert_eq!(press(Action::Up), "old");
        assert_eq!(press(Action::Down), "new");
        assert_eq!(press(Action::Down), "x");
    }
}
