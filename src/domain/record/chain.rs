//! The signer's journal of records. Each record holds the hash of the previous one, so removals and edits show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sealed;
use crate::domain::ids::PromotionId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "line")]
pub enum ChainLine {
    /// A decision, written before anything is sent to a server.
    Record(Box<Sealed>),
    /// The outcome of a decision that starts no promotion; a promotion's outcome is in its own journal.
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
}

/// Hash of the newest record; `None` without records.
pub fn head(lines: &[ChainLine]) -> Option<String> {
    lines.iter().rev().find_map(|line| match line {
        ChainLine::Record(sealed) => Some(sealed.record_hash.clone()),
        ChainLine::Outcome(_) => None,
    })
}

/// Breaks in the chain, one sentence each. Empty if every record is intact and follows the previous one.
pub fn breaks(lines: &[ChainLine]) -> Vec<String> {
    let mut out = Vec::new();
    let mut before: Option<String> = None;
    for (index, line) in lines.iter().enumerate() {
        let ChainLine::Record(sealed) = line else { continue };
        let number = index + 1;
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
