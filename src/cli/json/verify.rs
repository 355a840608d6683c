//! The output of `signoff verify --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::verification::LineState;
use crate::domain::verification::Verification;

/// `signoff verify`.
#[derive(Clone, Debug, Serialize)]
pub struct Verify {
    /// `signoff.verification/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// `OWNER/NAME`.
    pub repository: String,
    pub tag: String,
    /// Whether all checks hold; the exit code is 0 exactly then.
    pub holds: bool,
    pub checks: Vec<Check>,
    /// The contents of the record; `null` if there is no record. Trustworthy only if `holds`.
    pub record: Option<Record>,
}

/// One check. A name may occur several times: each failure is an entry.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Such as `tag`, `record`, `author`, `policy`.
    pub check: &'static str,
    /// `pass`, `note` (informational), `fail` or `unreadable`.
    pub state: LineState,
    pub detail: String,
    /// How to fix it.
    pub hint: Option<String>,
}

/// Summary of a record.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// `sha256:<hex>`.
    pub hash: String,
    /// Id of the record and of its promotion.
    pub id: String,
    /// `approve` or `rollback`.
    pub decision: &'static str,
    pub model: String,
    pub version: u64,
    /// The signed commit.
    pub commit: Option<String>,
    /// Login.
    pub signer: String,
    /// Logins of all approvers, the signer last.
    pub approvers: Vec<String>,
    pub reason: String,
    pub signed_at: Timestamp,
}

impl Verify {
    pub fn new(place: Where, found: &Verification) -> Self {
        let check = |l: &crate::domain::verification::VerifyCheck| Check {
            check: l.check,
            state: l.state,
            detail: l.detail.clone(),
            hint: l.hint.clone(),
        };
        let record = found.record.as_ref().map(|sealed| Record {
            hash: sealed.record_hash.clone(),
            id: sealed.record.record_id.to_string(),
            decision: sealed.record.decision.word(),
            model: sealed.record.model.name.as_str().to_owned(),
            version: sealed.record.model.version.0,
            commit: sealed.record.change.as_ref().map(|c| c.commit.to_string()),
            signer: sealed.record.signer.login.clone(),
            approvers: sealed.record.approvers().into_iter().map(str::to_owned).collect(),
            reason: sealed.record.reason.clone(),
            signed_at: sealed.record.signed_at,
        });
        Self {
            schema: "signoff.verification/1",
            place,
            repository: found.place.repo.to_string(),
            tag: found.place.tag.to_string(),
            holds: found.holds(),
            checks: found.lines.iter().map(check).collect(),
            record,
        }
    }
}
