//! Choosing columns to show, or the one to sort by, by typing.

use tui_input::Input as Field;

use super::{Ctx, ScreenEvent};
use crate::app::action::Action;
use crate::app::edit;
use crate::app::fuzzy;
use crate::app::list::Cursor;

/// What is being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The columns shown; stays open.
    Columns,
    /// The column to sort by; closes after one choice.
    Sort,
}

/// A list of columns that is searched by typing.
#[derive(Clone, Debug)]
pub struct Picker<E> {
    purpose: Purpose,
    entries: Vec<E>,
    /// The text of an entry that is searched.
    label: fn(&E) -> &str,
    field: Field,
    shown: Vec<usize>,
    cursor: Cursor<usize>,
}

impl<E: PartialEq> PartialEq for Picker<E> {
    fn eq(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.entries == other.entries
            && self.field.value() == other.field.value()
            && self.cursor == other.cursor
    }
}

impl<E: Clone> Picker<E> {
    /// A picker over `entries`, with the cursor on the one at index `at`.
    pub fn new(purpose: Purpose, entries: Vec<E>, at: usize, label: fn(&E) -> &str) -> Self {
        let shown: Vec<usize> = (0..entries.len()).collect();
        let mut cursor = Cursor::default();
        for _ in 0..at {
            cursor.step(Action::Down, &shown, 1);
        }
        Self { purpose, entries, label, field: Field::default(), shown, cursor }
    }

    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The input line, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The matching entry in this row.
    pub fn entry(&self, row: usize) -> Option<&E> {
        self.entries.get(*self.shown.get(row)?)
    }

    /// Number of matching entries.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether nothing matches.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The row of the cursor, and the first visible row.
    pub fn place(&self) -> (usize, usize) {
        (self.cursor.index(), self.cursor.offset())
    }

    /// Handles one event. Returns the chosen entry, if any.
    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<E> {
        let rows = ctx.rows(1);
        match event {
            ScreenEvent::Key(key) => {
                edit::edit(&mut self.field, key);
                self.narrow();
            }
            ScreenEvent::Paste(text) => {
                edit::paste(&mut self.field, text);
                self.narrow();
            }
            ScreenEvent::Action(Action::Open) => return self.entry(self.cursor.index()).cloned(),
            ScreenEvent::Action(action) if action.is_movement() => self.cursor.step(action, &self.shown, rows),
            ScreenEvent::Action(_) | ScreenEvent::Changed => {}
        }
        self.cursor.settle(&self.shown, rows);
        None
    }

    fn narrow(&mut self) {
        self.shown = fuzzy::best(self.field.value(), &self.entries, |entry| (self.label)(entry).to_owned());
        self.cursor = Cursor::default();
    }
}
