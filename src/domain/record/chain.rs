//! The signer's journal of records. Each record holds the hash of the previous one, so removals and edits show.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sealed;
use crate::domain::ids::PromotionId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "line")]
pub enum ChainLine {
    /// A decision, written before anything is sent to a server.
    Record(Box<Sealed>),
    /// What became of a decision: of one that starts no promotion, what was written (a promotion's own journal says
    /// that); of one that promoted, what runs since and what was changed behind it.
    Outcome(Outcome),
}

/// The outcome of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub record_id: PromotionId,
    /// When the outcome was known, by this machine's clock.
    pub at: Timestamp,
    /// Everything the decision writes is on the servers.
    pub done: bool,
    /// What was written, or why it was not, one sentence each.
    pub notes: Vec<String>,
    /// URL of the comment that vouches for the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// It is what a person asked of CD, and says nothing of what is on the servers.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked: bool,
    /// Login of whoever noted it, if it is a sentence that a person added. `asked` is set with it: versions of the program
    /// that do not know notes would take it for what is on the servers otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted_by: Option<String>,
}

impl Outcome {
    /// A sentence that `by` adds to what became of a decision.
    pub fn note(record_id: PromotionId, at: Timestamp, by: &str, text: &str) -> Self {
        let (notes, noted_by) = (vec![text.to_owned()], Some(by.to_owned()));
        Self { record_id, at, done: true, notes, comment: None, asked: true, noted_by }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What became of the decision with this id, as it was noted last.
pub fn last(lines: &[ChainLine], id: PromotionId) -> Option<&Outcome> {
    outcomes(lines, id).filter(|outcome| !outcome.asked).last()
}

/// What people added since, oldest first: what they asked of CD, and what they noted.
pub fn added(lines: &[ChainLine], id: PromotionId) -> impl Iterator<Item = &Outcome> {
    outcomes(lines, id).filter(|outcome| outcome.asked)
}

fn outcomes(lines: &[ChainLine], id: PromotionId) -> impl Iterator<Item = &Outcome> {
    lines.iter().filter_map(move |line| match line {
        ChainLine::Outcome(outcome) => (outcome.record_id == id).then_some(outcome),
        ChainLine::Record(_) => None,
    })
}

/// Hash of the newest record; `None` without records.
pub fn head(lines: &[ChainLine]) -> Option<String> {
    lines.iter().rev().find_map(|line| match line {
        ChainLine::Record(sealed) => Some(sealed.record_hash.clone()),
        ChainLine::Outcome(_) => None,
    })
}

/// Whether the record with this id is there.
pub fn has(lines: &[ChainLine], id: PromotionId) -> bool {
    lines.iter().any(|line| matches!(line, ChainLine::Record(sealed) if sealed.record.record_id == id))
}

/// What is wrong with a record that must be in the chain, as a phrase; `None` if it is there as it is.
pub fn unlike(lines: &[ChainLine], sealed: &Sealed) -> Option<&'static str> {
    let there = lines.iter().find_map(|line| match line {
        ChainLine::Record(there) if there.record.record_id == sealed.record.record_id => Some(there),
        ChainLine::Record(_) | ChainLine::Outcome(_) => None,
    });
    match there {
        None => Some("its record is missing from the records of this machine"),
        Some(there) if there.record_hash != sealed.record_hash => Some("its record was replaced by another"),
        Some(_) => None,
    }
}

/// Breaks in the chain, one sentence each. Empty if every record is intact and follows the previous one, and every
/// outcome belongs to one before it.
pub fn breaks(lines: &[ChainLine]) -> Vec<String> {
    let mut out = Vec::new();
    let mut before: Option<String> = None;
    let mut seen = BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        let sealed = match line {
            ChainLine::Record(sealed) => sealed,
            ChainLine::Outcome(outcome) => {
                if !seen.contains(&outcome.record_id) {
                    out.push(format!("line {number}: the record that this outcome belongs to is missing"));
                }
                continue;
            }
        };
        if !seen.insert(sealed.record.record_id) {
            out.push(format!("line {number}: the record is there twice"));
        }
        let computed = Sealed::new(sealed.record.clone()).record_hash;
        if computed != sealed.record_hash {
            out.push(format!("line {number}: the record was changed after it was signed"));
        }
        if sealed.record.prev_hash != before {
            out.push(format!("line {number}: the record does not follow the one before it"));
        }
        before = Some(sealed.record_hash.clone());
    }
    out
}
