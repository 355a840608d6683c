//! What surrounds a decision: what became of it, the approvals so far, and the versions to roll back to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::commit::CommitComment;
use super::failure::Note;
use super::ids::{TagName, VersionNumber};
use super::record::vouch::Void;
use super::record::{Approval, Sealed};
use super::text::clean;

/// A decision that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub sealed: Sealed,
    /// The comment that vouches for it, if one was needed.
    pub comment: Option<CommitComment>,
    /// What could not be done, one sentence each. The decision is valid all the same.
    pub notes: Vec<String>,
}

/// The current approvals of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalTally {
    /// Those that count, one per person, oldest first.
    pub counting: Vec<Approval>,
    /// Those that do not count, with the reason.
    pub void: Vec<Void>,
}

impl ApprovalTally {
    /// The approvals of everyone but the person with this id.
    pub fn of_others(&self, id: u64) -> Vec<Approval> {
        self.counting.iter().filter(|a| a.id != id).cloned().collect()
    }
}

/// A version that was in production before and is not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub version: VersionNumber,
    /// When it was last put into production, if known.
    pub at: Option<Timestamp>,
    /// When it was seen there last, as another version was put in its place.
    pub until: Option<Timestamp>,
    /// Login of whoever put it there.
    pub by: Option<String>,
    /// The reason; empty if unknown.
    pub reason: String,
    /// Tag of its latest release.
    pub tag: Option<TagName>,
    /// The evidence that it was in production, as phrases.
    pub sources: Vec<String>,
    /// Warnings before a rollback, as phrases: that it was rejected since, or is not ready.
    pub notes: Vec<String>,
}

/// The rollback candidates, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest version first.
    pub candidates: Vec<Candidate>,
    /// Versions that evidence names and that are no candidates, with the reason as a phrase: the registry has another
    /// version under that number now, or none, or it cannot be told.
    pub doubts: BTreeMap<VersionNumber, String>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

impl Candidate {
    /// A version without further data.
    pub fn new(version: VersionNumber) -> Self {
        let (sources, notes) = (Vec::new(), Vec::new());
        Self { version, at: None, until: None, by: None, reason: String::new(), tag: None, sources, notes }
    }

    /// Records that it was there at this time.
    pub fn seen(&mut self, at: Timestamp) {
        self.until = self.until.max(Some(at));
    }

    /// When it was known to be there last.
    pub fn last_known(&self) -> Option<Timestamp> {
        self.at.max(self.until)
    }

    /// Records who put it into production, if later than what is known.
    pub fn put(&mut self, at: Timestamp, by: &str, reason: &str) {
        if self.at.is_none_or(|known| known < at) {
            (self.at, self.by, self.reason) = (Some(at), Some(clean(by)), clean(reason));
        }
    }
}
