//! Types of `signoff inbox --json`.

use jiff::Timestamp;
use serde::Serialize;

use super::verdict::Verdict;
use super::{Metric, Request, Version, Where};
use crate::domain::inbox::Section;
use crate::domain::record::{Decision, DecisionMark};

/// `signoff inbox`.
#[derive(Clone, Debug, Serialize)]
pub struct Inbox {
    /// `signoff.inbox/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// Oldest first.
    pub waiting: Vec<Waiting>,
    /// Versions that somebody holds back, oldest first.
    pub held: Vec<Waiting>,
    /// Whether there are more than `--limit`.
    pub truncated: bool,
}

/// A version waiting for a decision.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    #[serde(flatten)]
    pub version: Version,
    pub production: Option<u64>,
    /// `ready`, `needs_a_look`, `cannot_be_approved` or `held`.
    pub section: Section,
    /// As in `signoff.check/1`.
    pub verdict: Verdict,
    /// Who holds it back; left out for what is not held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Its main metric.
    pub main_metric: Option<Metric>,
    /// Open requests to move it to a stage; left out if there are none, or the registry keeps none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
}

/// A hold.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    /// When it is to be looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl From<&DecisionMark> for Held {
    fn from(mark: &DecisionMark) -> Self {
        Self { by: mark.by.clone(), at: mark.at, reason: mark.reason.clone(), until: mark.until }
    }
}

/// The decision in force on a version, as its tag says.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// `approve`, `reject`, `hold` or `rollback`.
    pub decision: Decision,
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
    /// When a hold is to be looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Hash of the record.
    pub record: String,
}

impl From<&DecisionMark> for Decided {
    fn from(mark: &DecisionMark) -> Self {
        let DecisionMark { decision, by, at, reason, until, record, .. } = mark.clone();
        Self { decision, by, at, reason, until, record }
    }
}
