//! A list that a filter narrows, with a cursor on it: which items are shown, and which of them is meant.

use super::{Filter, ScreenEvent};
use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::list::Cursor;

/// What is shown of a list of items with keys `K`.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed<K> {
    /// Positions of the items that are shown, in the order of the rows.
    shown: Vec<usize>,
    keys: Vec<K>,
    cursor: Cursor<K>,
    filter: Filter,
}

impl<K> Default for Narrowed<K> {
    fn default() -> Self {
        Self { shown: Vec::new(), keys: Vec::new(), cursor: Cursor::default(), filter: Filter::default() }
    }
}

impl<K: Clone + PartialEq> Narrowed<K> {
    /// Contexts from the innermost outwards, of a screen whose own are `own`.
    pub fn contexts(&self, own: &'static [Context]) -> &'static [Context] {
        if self.filter.is_editing() { &[Context::Prompt, Context::Global] } else { own }
    }

    /// The line that narrows the list.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many items are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Positions of the items that are shown.
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// Row of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.index()
    }

    /// The first row in sight.
    pub fn offset(&self) -> usize {
        self.cursor.offset()
    }

    /// The item in this row, of those the list was made from.
    pub fn item<'a, T>(&self, row: usize, items: &'a [T]) -> Option<&'a T> {
        items.get(*self.shown.get(row)?)
    }

    /// The item under the cursor.
    pub fn selected<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        self.item(self.cursor(), items)
    }

    /// Whether the rows in sight, `visible` of them, end near the end of the list: time for the next page.
    pub fn is_near_end(&self, visible: usize) -> bool {
        self.offset() + 2 * visible.max(1) >= self.len()
    }

    /// Lets the filter hear an event. Returns true if it was meant for the filter: then the rows must be made again, and
    /// the event is nobody else's. The Enter that keeps a filter is not one that opens.
    pub fn hear(&mut self, event: ScreenEvent<'_>) -> bool {
        self.filter.update(event)
    }

    /// Shows the items at these positions, whose keys are `key`'s.
    pub fn show(&mut self, shown: Vec<usize>, key: impl Fn(usize) -> K) {
        self.keys = shown.iter().map(|item| key(*item)).collect();
        self.shown = shown;
    }

    /// Keeps the cursor on its row, `visible` being in sight, and moves it. Returns the action that was no movement.
    pub fn act(&mut self, event: ScreenEvent<'_>, visible: usize) -> Option<Action> {
        self.cursor.settle(&self.keys, visible);
        match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.keys, visible);
                None
            }
            ScreenEvent::Action(action) => Some(action),
            _ => None,
        }
    }
}
