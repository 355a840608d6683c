//! The signer's journal of records: each names the hash of the one before it, so that none can be taken out or changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sealed;
use crate::domain::ids::PromotionId;

/// One line of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "line")]
pub enum ChainLine {
    /// A decision, written before any server was.
    Record(Box<Sealed>),
    /// What became of a decision that starts no promotion; a promotion's outcome is in its own journal.
    Outcome(Outcome),
}

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub record_id: PromotionId,
    /// When it was known, by this machine's clock.
    pub at: Timestamp,
    /// Everything the decision wrote is on the servers.
    pub done: bool,
    /// What was written or why it was not, one sentence each.
    pub notes: Vec<String>,
    /// Address of the comment that vouches for the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Hash of the newest record.
pub fn head(lines: &[ChainLine]) -> Option<String> {
    lines.iter().rev().find_map(|line| match line {
        ChainLine::Record(sealed) => Some(sealed.record_hash.clone()),
        ChainLine::Outcome(_) => None,
    })
}

/// Where the chain is broken, one sentence each. Empty: every record is whole and follows the one before it.
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
