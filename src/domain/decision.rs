//! A decision as it is prepared and taken: what it rests on, who approved so far, and what can be rolled back to.

use jiff::Timestamp;

use super::commit::CommitComment;
use super::compare::Directions;
use super::facts::ReviewedFacts;
use super::ids::{CommitSha, RepoSlug, TagName, VersionNumber};
use super::promotion::PlanDraft;
use super::record::build::Ingredients;
use super::record::vouch::Void;
use super::record::{Approval, Basis, Sealed};
use super::registry::PromotionTarget;
use super::signer::Signer;
use super::text::clean;

/// A decision before the human says yes to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionDraft {
    pub facts: ReviewedFacts,
    /// Who decides.
    pub signer: Signer,
    /// What it rests on.
    pub basis: Basis,
    /// The commit behind the version, where it is known: there the host vouches for the decision.
    pub source: Option<(RepoSlug, CommitSha)>,
    /// The configured target.
    pub target_name: String,
    /// No real server is involved.
    pub demo: bool,
    /// The registry, without credentials.
    pub registry_url: String,
    /// What "in production" means.
    pub promote_to: PromotionTarget,
    /// Directions of metrics.
    pub directions: Directions,
}

impl DecisionDraft {
    /// What its record is made from. Nothing is promoted by it.
    pub fn ingredients(&self) -> Ingredients<'_> {
        Ingredients {
            target: &self.target_name,
            demo: self.demo,
            registry: &self.registry_url,
            promote_to: &self.promote_to,
            facts: &self.facts,
            directions: &self.directions,
            signer: &self.signer,
            basis: &self.basis,
            change: None,
        }
    }
}

/// A decision that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The record.
    pub sealed: Sealed,
    /// The comment that vouches for it, if one was needed.
    pub comment: Option<CommitComment>,
    /// What could not be done, one sentence each. The decision stands all the same.
    pub notes: Vec<String>,
}

impl From<&PlanDraft> for DecisionDraft {
    /// An approval that others have to add to.
    fn from(draft: &PlanDraft) -> Self {
        Self {
            facts: draft.facts.clone(),
            signer: draft.signer.clone(),
            basis: draft.basis.clone(),
            source: Some((draft.repo.clone(), draft.commit.sha.clone())),
            target_name: draft.target_name.clone(),
            demo: draft.demo,
            registry_url: draft.registry_url.clone(),
            promote_to: draft.promote_to.clone(),
            directions: draft.directions.clone(),
        }
    }
}

/// The approvals of a version as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalTally {
    /// Those that count, one a person, oldest first.
    pub counting: Vec<Approval>,
    /// Those that do not, with the reason.
    pub void: Vec<Void>,
}

impl ApprovalTally {
    /// The approvals of everybody but the person with this id.
    pub fn of_others(&self, id: u64) -> Vec<Approval> {
        self.counting.iter().filter(|a| a.id != id).cloned().collect()
    }
}

/// A version that was in production before, and is not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub version: VersionNumber,
    /// When it was last put into production, as far as anything says.
    pub at: Option<Timestamp>,
    /// Login of who put it there.
    pub by: Option<String>,
    /// Why; empty where nothing says.
    pub reason: String,
    /// The release that was cut for it last.
    pub tag: Option<TagName>,
    /// What says that it was in production, as phrases.
    pub sources: Vec<String>,
    /// What to know before bringing it back, as phrases: that it was rejected since, or is not ready.
    pub notes: Vec<String>,
}

/// The candidates, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest version first.
    pub candidates: Vec<Candidate>,
    /// What could not be read or is gone, one sentence each.
    pub notes: Vec<String>,
}

impl Candidate {
    /// A version of which nothing is known yet.
    pub fn new(version: VersionNumber) -> Self {
        let (sources, notes) = (Vec::new(), Vec::new());
        Self { version, at: None, by: None, reason: String::new(), tag: None, sources, notes }
    }

    /// Takes over who put it into production, if that is later than what is known.
    pub fn put(&mut self, at: Timestamp, by: &str, reason: &str) {
        if self.at.is_none_or(|known| known < at) {
            (self.at, self.by, self.reason) = (Some(at), Some(clean(by)), clean(reason));
        }
    }
}
