//! The columns of runs that can be shown, or sorted by.

use crate::app::lazy_pages::FoundRuns;
use crate::app::prefs::{RunColumn, SortKey};
use crate::screens::parts::picker::{Picker, Purpose};

/// A picker over all columns of the loaded runs, with the cursor on `at`.
pub fn picker(purpose: Purpose, found: &FoundRuns, at: Option<&SortKey>) -> Picker<SortKey> {
    let mut entries = match purpose {
        Purpose::Columns => Vec::new(),
        Purpose::Sort => {
            vec![SortKey::Started, SortKey::Duration, SortKey::Name, SortKey::Status, SortKey::User]
        }
    };
    let metrics = found.metrics.iter().cloned().map(RunColumn::Metric);
    entries.extend(metrics.chain(found.params.iter().cloned().map(RunColumn::Param)).map(SortKey::Column));
    let at = at.and_then(|key| entries.iter().position(|entry| entry == key)).unwrap_or(0);
    Picker::new(purpose, entries, at, label)
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
