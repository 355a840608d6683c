//! What was checked before a promotion may be planned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::check::{Check, CheckState};
use super::promotion::PlanDraft;

/// Title of the check that the journal can be used: the command line has an exit code for it.
pub const JOURNAL: &str = "journal";

/// All checks, and the plan if there can be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preflight {
    /// Every check that was made.
    pub checks: Vec<Check>,
    /// The plan; none if a check blocks it.
    pub draft: Option<PlanDraft>,
    /// When the servers were read.
    pub read_at: Timestamp,
}

impl Preflight {
    /// The worst finding.
    pub fn worst(&self) -> CheckState {
        self.checks.iter().map(|c| c.state).max().unwrap_or(CheckState::Unknown)
    }

    /// The checks that hinder.
    pub fn blocking(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.state == CheckState::Block)
    }

    /// Whether a person may confirm this plan; passing rules that fail, where the policy allows that.
    pub fn may_confirm(&self) -> bool {
        self.draft.is_some() && self.blocking().all(|c| c.overridable)
    }

    /// Whether confirming passes rules that fail.
    pub fn needs_override(&self) -> bool {
        self.may_confirm() && self.blocking().next().is_some()
    }
}
