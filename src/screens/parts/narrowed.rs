//! A filtered list with a cursor.

use super::{Filter, ScreenEvent, hold};
use crate::app::action::Action;
use crate::app::list::Cursor;
use crate::app::prefs::Chosen;

/// The visible part of a list of items with keys `K`.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed<K> {
    /// Indices of the items shown, in row order.
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
    /// The filter line.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// As [`Self::filter`], for what is typed.
    pub fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    /// What is chosen, for a saved view.
    pub fn chosen(&self) -> Chosen {
        Chosen { filter: self.filter.query().to_owned(), ..Chosen::default() }
    }

    /// Filters by this text. The rows must then be rebuilt.
    pub fn choose(&mut self, filter: &str) {
        self.filter.set(filter);
    }

    /// Number of items shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no item is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Indices of the items shown.
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// Row of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.index()
    }

    /// The first visible row.
    pub fn offset(&self) -> usize {
        self.cursor.offset()
    }

    /// The item in this row, from the items the list was built from.
    pub fn item<'a, T>(&self, row: usize, items: &'a [T]) -> Option<&'a T> {
        items.get(*self.shown.get(row)?)
    }

    /// The item under the cursor.
    pub fn selected<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        self.item(self.cursor(), items)
    }

    /// Whether the visible rows, `visible` of them, are near the end of the list: time for the next page.
    pub fn is_near_end(&self, visible: usize) -> bool {
        self.offset() + 2 * visible.max(1) >= self.len()
    }

    /// Whether the filter is another one than when this was asked last: the rows must then be rebuilt.
    pub fn is_refiltered(&mut self) -> bool {
        self.filter.is_changed()
    }

    /// Indices of the items that fit the filter, see [`Filter::pick`].
    pub fn pick<T>(&mut self, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
        self.filter.pick(items, text)
    }

    /// Shows the items at these indices. `key` gives the key of an item.
    pub fn show(&mut self, shown: Vec<usize>, key: impl Fn(usize) -> K) {
        self.keys = shown.iter().map(|item| key(*item)).collect();
        self.shown = shown;
    }

    /// Moves the cursor to the row with this key.
    pub fn aim(&mut self, key: K) {
        self.cursor.aim(key);
    }

    /// Keeps the cursor on its row, with `visible` rows on screen, and moves it. Returns the action if it was not a
    /// movement.
    pub fn act(&mut self, event: ScreenEvent<'_>, visible: usize) -> Option<Action> {
        self.act_among(event, visible, |_| true)
    }

    /// As [`Self::act`], where the cursor stands only on lines that `is_row` says are rows.
    pub fn act_among(
        &mut self,
        event: ScreenEvent<'_>,
        visible: usize,
        is_row: impl Fn(usize) -> bool,
    ) -> Option<Action> {
        hold(&mut self.cursor, event);
        self.cursor.settle(&self.keys, visible);
        self.cursor.avoid(&self.keys, visible, false, &is_row);
        match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.keys, visible);
                let upwards = matches!(action, Action::Up | Action::PageUp | Action::Top);
                self.cursor.avoid(&self.keys, visible, upwards, &is_row);
                None
            }
            ScreenEvent::Action(action) => Some(action),
            _ => None,
        }
    }
}
