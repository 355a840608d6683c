//! Choosing columns to show, or the sort column, by typing.

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::fuzzy;
use crate::app::lazy_pages::FoundRuns;
use crate::app::list::Cursor;
use crate::app::prefs::{RunColumn, SortKey};
use crate::screens::parts::{Ctx, ScreenEvent};

/// What is being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The columns shown; stays open.
    Columns,
    /// The sort column; closes after one choice.
    Sort,
}

/// State of the picker.
#[derive(Clone, Debug)]
pub struct Picker {
    purpose: Purpose,
    entries: Vec<SortKey>,
    field: Field,
    shown: Vec<usize>,
    cursor: Cursor<usize>,
}

impl PartialEq for Picker {
    fn eq(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.entries == other.entries
            && self.field.value() == other.field.value()
            && self.cursor == other.cursor
    }
}

impl Picker {
    /// A picker over all columns of the loaded runs, with the cursor on `at`.
    pub fn new(purpose: Purpose, found: &FoundRuns, at: Option<&SortKey>) -> Self {
        let mut entries = match purpose {
            Purpose::Columns => Vec::new(),
            Purpose::Sort => {
                vec![SortKey::Started, SortKey::Duration, SortKey::Name, SortKey::Status, SortKey::User]
            }
        };
        let metrics = found.metrics.iter().cloned().map(RunColumn::Metric);
        entries.extend(metrics.chain(found.params.iter().cloned().map(RunColumn::Param)).map(SortKey::Column));
        let shown: Vec<usize> = (0..entries.len()).collect();
        let at = at.and_then(|key| entries.iter().position(|e| e == key));
        let mut cursor = Cursor::default();
        for _ in 0..at.unwrap_or(0) {
            cursor.step(Action::Down, &shown, 1);
        }
        Self { purpose, entries, field: Field::default(), shown, cursor }
    }

    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The input line, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The matching entry in this row.
    pub fn entry(&self, row: usize) -> Option<&SortKey> {
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
    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<SortKey> {
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
        self.shown = fuzzy::best(self.field.value(), &self.entries, |entry| label(entry).to_owned());
        self.cursor = Cursor::default();
    }
}

/// Display name of a sort key; names of metrics and params are raw.
pub fn label(key: &SortKey) -> &str {
    match key {
        SortKey::Status => "status",
        SortKey::Name => "name",
        SortKey::Started => "started",
        SortKey::Duration => "duration",
        SortKey::User => "user",
        SortKey::Column(column) => column.name(),
    }
}
