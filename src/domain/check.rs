//! A check and its result: of a preflight, a policy or a release.

use serde::{Deserialize, Serialize};

use crate::domain::failure::FailureKind;

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Pass,
    /// Could not be determined; does not block.
    Unknown,
    /// Needs attention; does not block.
    Warn,
    /// Blocks approval until fixed.
    Block,
}

impl CheckState {
    /// Its name in records and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// One check with its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked, in a few words.
    pub title: String,
    pub state: CheckState,
    /// The finding, as a sentence.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The kind of the underlying failure, if any; decides the exit code of the command line.
    #[serde(default)]
    pub failure: Option<FailureKind>,
    /// Whether it is a policy rule that may be overridden with a reason.
    #[serde(default)]
    pub overridable: bool,
}
