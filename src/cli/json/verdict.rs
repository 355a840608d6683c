//! The verdict in `signoff check --json` and `signoff show --json`.

use serde::Serialize;

use crate::cli::json::Where;
pub use crate::domain::policy::told::ToldVerdict as Verdict;

/// `signoff check`.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// `signoff.check/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub model: String,
    pub version: u64,
    pub verdict: Verdict,
    /// What to know before any number is read, one sentence each; left out if there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
    /// Digest of the facts the verdict is based on.
    pub facts_digest: String,
}
