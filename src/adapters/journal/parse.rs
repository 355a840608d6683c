//! Parses bytes into entries: what is complete, what is a torn tail, and what is damage.

use std::path::Path;

use serde::Deserialize;

use super::say;
use crate::domain::failure::Outcome;
use crate::domain::ids::PromotionId;
use crate::domain::promotion::event::JOURNAL_VERSION;
use crate::domain::promotion::{Entry, Event, fold};

/// The content of a journal.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The complete entries. Empty if even the first is torn.
    pub(super) entries: Vec<Entry>,
    /// Length in bytes of the complete entries; anything after them is a torn tail.
    pub(super) whole: usize,
}

/// The part of an entry that every format has: enough to tell a newer format from damage.
#[derive(Deserialize)]
struct Format {
    v: u64,
}

/// Parses a whole journal and checks that its entries are consecutive.
///
/// The last line is torn and left out if it has no newline or is not JSON: an append is one write, and nothing relied
/// on an entry whose append did not return. A complete JSON line that is not an entry cannot come from a crash, so it
/// is damage anywhere.
///
/// # Errors
/// Names file and line for damage before the tail, and for entries of a newer format.
pub(super) fn parse(bytes: &[u8], path: &Path, id: PromotionId) -> Outcome<Parsed> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut whole = 0;
    for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let number = index + 1;
        let last = whole + line.len() == bytes.len();
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let damaged = |what: &str| say::damaged(path, number, what);
        match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
            Ok(_) => {}
            Err(_) if last => break,
            Err(e) => return Err(damaged(&what(&e))),
        }
        match serde_json::from_slice::<Format>(text) {
            Ok(Format { v }) if v > u64::from(JOURNAL_VERSION) => {
                return Err(say::newer(path, number, v, JOURNAL_VERSION));
            }
            Ok(_) => {}
            Err(e) => return Err(damaged(&what(&e))),
        }
        let entry: Entry = serde_json::from_slice(text).map_err(|e| damaged(&what(&e)))?;
        if entry.seq != index as u64 {
            return Err(damaged(&format!("entry {index} is missing, entry {} stands in its place", entry.seq)));
        }
        if let Event::Opened { plan } = &entry.event
            && plan.id != id
        {
            return Err(damaged(&format!("it belongs to promotion {}", plan.id)));
        }
        entries.push(entry);
        whole += line.len();
    }
    if !entries.is_empty() {
        fold(&entries).map_err(|e| say::damaged(path, e.seq as usize + 1, &e.what))?;
    }
    Ok(Parsed { entries, whole })
}

/// The error without serde's line and column: every entry is line 1 to serde, which would mislead the reader.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}
