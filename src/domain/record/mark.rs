//! The decision as it stands on the model version: one small tag, so that every reviewer of every machine sees it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decision, Sealed};
use crate::domain::registry::ModelVersion;
use crate::domain::text::{clean, shorten};

/// Name (without prefix) of the tag that holds the decision in force.
pub const DECISION: &str = "decision";

/// Name (without prefix) of the tags that point to approvals which do not yet promote, one for each login.
pub const APPROVAL: &str = "approval.";

/// Characters of the reason that the tag repeats. Some 2.x stores take 500 characters a value, and the rest takes some 250.
const REASON: usize = 200;

/// The decision in force on a version, as its tag says. A pointer, not a proof: whoever may edit tags can write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionMark {
    /// What was decided.
    pub decision: Decision,
    /// Login of the signer.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, cut to some 200 characters.
    #[serde(default)]
    pub reason: String,
    /// Hash of the record.
    pub record: String,
}

impl DecisionMark {
    /// The mark of a record.
    pub fn of(sealed: &Sealed) -> Self {
        let record = &sealed.record;
        Self {
            decision: record.decision,
            by: record.signer.login.clone(),
            at: record.signed_at,
            reason: shorten(&record.reason, REASON),
            record: sealed.record_hash.clone(),
        }
    }

    /// The tag's value.
    pub fn to_value(&self) -> String {
        // Plain data: nothing in it can fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a tag's value; none if it is not of this form.
    pub fn parse(value: &str) -> Option<Self> {
        let mark: Self = serde_json::from_str(value).ok()?;
        Some(Self { by: clean(&mark.by), reason: clean(&mark.reason), ..mark })
    }

    /// The decision in force on `version`.
    pub fn on(version: &ModelVersion) -> Option<Self> {
        version.own_tag(DECISION).and_then(Self::parse)
    }

    /// Whether the version waits for nobody by it: rejected, or held back.
    pub fn sets_aside(&self) -> bool {
        matches!(self.decision, Decision::Reject | Decision::Hold)
    }
}
