//! The `--json` document of a decision that does not promote; see [`crate::cli::json`] for the rules it follows.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::record::Decision;

/// `signoff reject`, `signoff hold`, and an approval that needs more approvals.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// `signoff.decision/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// `approve`, `reject` or `hold`.
    pub decision: Decision,
    pub model: String,
    pub version: u64,
    pub signer: String,
    pub signed_at: Timestamp,
    pub reason: String,
    /// Always false.
    pub promoted: bool,
    /// Logins whose approvals count, the signer last; empty for a rejection or hold.
    pub approvals: Vec<String>,
    pub approvals_needed: u32,
    pub record_id: String,
    /// Hash of the record.
    pub record: String,
    /// The commit comment that vouches for the record; `null` if none is required.
    pub comment_url: Option<String>,
    /// What could not be done, one sentence each. The decision stands regardless.
    pub notes: Vec<String>,
}

impl Decided {
    pub fn new(place: Where, decided: &crate::domain::decision::Decided) -> Self {
        let record = &decided.sealed.record;
        Self {
            schema: "signoff.decision/1",
            place,
            decision: record.decision,
            model: record.model.name.as_str().to_owned(),
            version: record.model.version.0,
            signer: record.signer.login.clone(),
            signed_at: record.signed_at,
            reason: record.reason.clone(),
            promoted: false,
            approvals: match record.decision.promotes() {
                true => record.approvers().into_iter().map(str::to_owned).collect(),
                false => Vec::new(),
            },
            approvals_needed: record.quorum,
            record_id: record.record_id.to_string(),
            record: decided.sealed.record_hash.clone(),
            comment_url: decided.comment.as_ref().map(|c| c.web_url.clone()),
            notes: decided.notes.clone(),
        }
    }
}
