//! A cursor in a changing list: it stays on the first row until a key is pressed, and then on its row, and the row on its
//! screen line.

use super::action::Action;

/// The selected row and the scroll offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<K> {
    key: Option<K>,
    index: usize,
    offset: usize,
    /// Whether somebody chose the row. Until then rows that arrive may come before it.
    held: bool,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self { key: None, index: 0, offset: 0, held: false }
    }
}

impl<K: Clone + PartialEq> Cursor<K> {
    /// Index of the selected row.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The first visible row.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Keeps the cursor on its row from now on: a key was pressed.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Moves as `action` says in a list of `keys`, of which `visible` rows fit on screen.
    pub fn step(&mut self, action: Action, keys: &[K], visible: usize) {
        self.held = true;
        let last = keys.len().saturating_sub(1);
        let page = visible.saturating_sub(1).max(1);
        self.index = match action {
            Action::Up => self.index.saturating_sub(1),
            Action::Down => self.index.saturating_add(1),
            Action::PageUp => self.index.saturating_sub(page),
            Action::PageDown => self.index.saturating_add(page),
            Action::Top => 0,
            Action::Bottom => last,
            _ => self.index,
        }
        .min(last);
        self.key = keys.get(self.index).cloned();
        self.reveal(keys.len(), visible);
    }

    /// Updates the cursor for new rows: finds the selected row again and keeps it on its screen line. The first row is
    /// selected until a key was pressed.
    pub fn settle(&mut self, keys: &[K], visible: usize) {
        if !self.held {
            (self.key, self.index, self.offset) = (keys.first().cloned(), 0, 0);
            return;
        }
        // Usually the row did not move, so a list of 20,000 is not searched on every key.
        let still = self.key.is_some() && keys.get(self.index) == self.key.as_ref();
        let found = match &self.key {
            _ if still => Some(self.index),
            Some(key) => keys.iter().position(|k| k == key),
            None => None,
        };
        if let Some(index) = found {
            let line = self.index.saturating_sub(self.offset);
            self.index = index;
            self.offset = index.saturating_sub(line);
        }
        self.index = self.index.min(keys.len().saturating_sub(1));
        self.key = keys.get(self.index).cloned();
        self.reveal(keys.len(), visible);
    }

    /// Moves the cursor off a line that cannot be selected, such as a heading, to the nearest one that can: below it, or
    /// above it after a movement `upwards`. A heading right above the cursor stays in sight.
    pub fn avoid(&mut self, keys: &[K], visible: usize, upwards: bool, is_row: impl Fn(usize) -> bool) {
        let below = || (self.index..keys.len()).find(|i| is_row(*i));
        let above = || (0..self.index).rev().find(|i| is_row(*i));
        let found = if upwards && !is_row(self.index) { above().or_else(below) } else { below().or_else(above) };
        if let Some(index) = found {
            self.index = index;
            self.key = keys.get(index).cloned();
            self.reveal(keys.len(), visible);
            if visible > 1 && self.offset == index && index > 0 && !is_row(index - 1) {
                self.offset = index - 1;
            }
        }
    }

    /// Moves the cursor to the row with this key once it is in the list.
    pub fn aim(&mut self, key: K) {
        self.held = true;
        self.key = Some(key);
    }

    fn reveal(&mut self, len: usize, visible: usize) {
        let visible = visible.max(1);
        if self.index < self.offset {
            self.offset = self.index;
        } else if self.index >= self.offset + visible {
            self.offset = self.index + 1 - visible;
        }
        self.offset = self.offset.min(len.saturating_sub(visible));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cursor_follows_its_row_when_rows_arrive_above_it() {
        let mut cursor = Cursor::default();
        cursor.settle(&["b", "c"], 10);
        cursor.step(Action::Down, &["b", "c"], 10);
        cursor.settle(&["a", "b", "c"], 10);
        assert_eq!(cursor.index(), 2);
    }

    #[test]
    fn the_first_row_is_selected_until_a_key_is_pressed() {
        let mut cursor = Cursor::default();
        cursor.settle(&["b", "c"], 10);
        cursor.settle(&["a", "b", "c"], 10);
        assert_eq!(cursor.index(), 0);
        cursor.hold();
        cursor.settle(&["_", "a", "b", "c"], 10);
        assert_eq!(cursor.index(), 1);
        let mut cursor = Cursor::default();
        cursor.aim("c");
        cursor.settle(&["b", "c"], 10);
        assert_eq!(cursor.index(), 1, "where somebody was sent");
    }

    #[test]
    fn a_key_in_a_list_of_thousands_looks_at_few_rows() {
        thread_local!(static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
        #[derive(Clone)]
        struct Key(usize);
        impl PartialEq for Key {
            fn eq(&self, other: &Self) -> bool {
                LOOKS.set(LOOKS.get() + 1);
                self.0 == other.0
            }
        }
        let keys: Vec<_> = (0..20_000).map(Key).collect();
        let mut cursor = Cursor::default();
        cursor.settle(&keys, 20);
        cursor.step(Action::Bottom, &keys, 20);
        LOOKS.set(0);
        for _ in 0..100 {
            cursor.settle(&keys, 20);
            cursor.step(Action::Up, &keys, 20);
        }
        assert_eq!(cursor.index(), 19_899);
        assert!(LOOKS.get() <= 200, "{} looks", LOOKS.get());
    }

    #[test]
    fn a_vanished_row_leaves_the_cursor_on_its_neighbour() {
        let mut cursor = Cursor::default();
        cursor.step(Action::Bottom, &[1, 2, 3], 10);
        cursor.settle(&[1, 2], 10);
        assert_eq!(cursor.index(), 1);
        cursor.settle(&[], 10);
        assert_eq!(cursor.index(), 0);
    }

    #[test]
    fn headings_are_passed_over_and_seen() {
        let keys = ["READY", "a", "b", "HELD", "c"];
        let is_row = |i: usize| !matches!(keys.get(i), Some(&"READY" | &"HELD"));
        let mut cursor = Cursor::default();
        cursor.settle(&keys, 3);
        cursor.avoid(&keys, 3, false, is_row);
        assert_eq!((cursor.index(), cursor.offset()), (1, 0));
        let mut step = |action, upwards| {
            cursor.step(action, &keys, 3);
            cursor.avoid(&keys, 3, upwards, is_row);
            (keys[cursor.index()], cursor.offset())
        };
        assert_eq!(step(Action::Down, false), ("b", 0));
        assert_eq!(step(Action::Down, false), ("c", 2));
        assert_eq!(step(Action::Up, true), ("b", 2));
        assert_eq!(step(Action::Up, true), ("a", 0), "with the heading");
        assert_eq!(step(Action::Up, true), ("a", 0));
        assert_eq!(step(Action::Bottom, false), ("c", 2));
        assert_eq!(step(Action::Top, true), ("a", 0));
    }

    #[test]
    fn a_list_of_headings_alone_has_no_row_to_go_to() {
        let mut cursor = Cursor::default();
        cursor.settle(&["READY"], 3);
        cursor.avoid(&["READY"], 3, false, |_| false);
        assert_eq!(cursor.index(), 0);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_in_sight(moves in prop::collection::vec(0usize..6, 0..60), len in 0usize..50, visible in 0usize..20) {
            let keys: Vec<usize> = (0..len).collect();
            let mut cursor = Cursor::default();
            cursor.settle(&keys, visible);
            let all = [Action::Up, Action::Down, Action::PageUp, Action::PageDown, Action::Top, Action::Bottom];
            for m in moves {
                cursor.step(all[m], &keys, visible);
                prop_assert!(cursor.index() < len.max(1));
                prop_assert!(cursor.index() >= cursor.offset());
                prop_assert!(cursor.index() < cursor.offset() + visible.max(1));
            }
        }
    }
}
