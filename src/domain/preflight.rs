//! The checks made before a promotion can be planned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::check::{Check, CheckState};
use super::promotion::PlanDraft;

/// Title of the check that the journal is usable, which has its own exit code.
pub const JOURNAL: &str = "journal";

/// All checks, and the plan if nothing blocks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preflight {
    pub checks: Vec<Check>,
    /// `None` if a check blocks it.
    pub draft: Option<PlanDraft>,
    /// When the servers were read.
    pub read_at: Timestamp,
    /// The default branch of the repository, as it was read.
    #[serde(default)]
    pub default_branch: Option<String>,
}

impl Preflight {
    /// The worst result.
    pub fn worst(&self) -> CheckState {
        self.checks.iter().map(|c| c.state).max().unwrap_or(CheckState::Unknown)
    }

    /// The blocking checks.
    pub fn blocking(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.state == CheckState::Block)
    }

    /// Whether a person may confirm this plan, if need be by overriding failing rules where the policy allows it.
    pub fn may_confirm(&self) -> bool {
        self.draft.is_some() && self.blocking().all(|c| c.overridable)
    }

    /// Whether confirming overrides failing rules.
    pub fn needs_override(&self) -> bool {
        self.may_confirm() && self.blocking().next().is_some()
    }
}
