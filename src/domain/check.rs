//! One check with its finding: of a preflight, of a policy, of a release.

use serde::{Deserialize, Serialize};

use crate::domain::failure::FailureKind;

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Fine.
    Pass,
    /// Could not be found out; does not hinder.
    Unknown,
    /// Worth a look; does not hinder.
    Warn,
    /// Nothing can be approved until this is mended.
    Block,
}

/// One check with its finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked, in a few words.
    pub title: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, as a sentence.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The kind of failure behind it, where there is one: decides the command line's exit code.
    #[serde(default)]
    pub failure: Option<FailureKind>,
    /// It is a rule of the policy that may be passed with a reason.
    #[serde(default)]
    pub overridable: bool,
}
