//! The `--json` document about a decision that promotes nothing; see [`crate::cli::json`] for the rules it follows.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::record::Decision;

/// `signoff reject`, `signoff hold`, and an approval that others have to add to.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// `signoff.decision/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// `approve`, `reject` or `hold`.
    pub decision: Decision,
    /// The model's name.
    pub model: String,
    pub version: u64,
    /// Who decided.
    pub signer: String,
    /// When.
    pub signed_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Always false: nothing was promoted by it.
    pub promoted: bool,
    /// Logins whose approvals count now, the signer last; empty for a rejection or hold.
    pub approvals: Vec<String>,
    /// How many approvals are needed.
    pub approvals_needed: u32,
    pub record_id: String,
    /// Hash of the record.
    pub record: String,
    /// The comment on the commit that vouches for it; `null` where none is needed.
    pub comment_url: Option<String>,
    /// What could not be done, one sentence each. The decision stands all the same.
    pub notes: Vec<String>,
}

impl Decided {
    /// A decision that was just taken.
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
