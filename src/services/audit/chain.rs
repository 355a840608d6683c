//! Checks the records of this machine: each follows the one before it, and none is missing.

use crate::domain::failure::Outcome;
use crate::domain::promotion::Event;
use crate::domain::record::chain::{self, ChainLine};
use crate::services::Services;

/// What is known about the records of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many there are.
    pub records: usize,
    /// What is wrong with them, one sentence each; empty if every record is whole and in its place.
    pub breaks: Vec<String>,
}

/// Reads records and journals, and compares them.
///
/// # Errors
/// If the records cannot be read.
pub async fn check(services: &Services) -> Outcome<Checked> {
    let lines = services.records.read().await?;
    let mut breaks = chain::breaks(&lines);
    // A promotion's record is kept before its journal begins, so a journal proves that there was one. A journal that
    // cannot be read is reported by whoever needs it.
    for promotion in services.journals.list().await.unwrap_or_default() {
        let Ok(entries) = &promotion.entries else { continue };
        if let Some(Event::Opened { plan }) = entries.first().map(|entry| &entry.event) {
            breaks.extend(chain::unlike(&lines, &plan.record).map(|why| {
                format!("promotion {}: {why} (its journal has {})", promotion.id.short(), plan.record.short_hash())
            }));
        }
    }
    let records = lines.iter().filter(|line| matches!(line, ChainLine::Record(_))).count();
    Ok(Checked { records, breaks })
}
