//! The output of `signoff status --json` and `signoff audit --json`.

use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::drift::Finding;
use crate::domain::status::{self, AuditFinding, ModelStatus};
use crate::domain::witness::Testimony;

/// `signoff status`.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// `signoff.status/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// Every model that has a version in production, or had one by a sign-off whose version is gone.
    pub models: Vec<Model>,
    /// What was left out or could not be read.
    pub notes: Vec<String>,
}

/// One model.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// The name that was signed.
    pub model: String,
    /// The version that was signed last; without a sign-off, the newest in production.
    pub version: u64,
    /// `ok`, `pending`, `drift`, `disagrees` or `unknown`.
    pub state: status::State,
    pub record_id: Option<String>,
    /// Git tag of the release.
    pub tag: Option<String>,
    pub drift: Vec<Finding>,
    pub running: Vec<Testimony>,
    /// What cannot be told, and why.
    pub unknown: Vec<String>,
    /// The versions in production.
    pub production: Vec<u64>,
}

impl Status {
    pub fn new(place: Where, status: &status::Status) -> Self {
        Self {
            schema: "signoff.status/1",
            place,
            models: status.models.iter().map(Model::from).collect(),
            notes: status.notes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&ModelStatus> for Model {
    fn from(model: &ModelStatus) -> Self {
        Self {
            model: model.model.as_str().to_owned(),
            version: model.version.0,
            state: model.state(),
            record_id: model.record_id.map(|id| id.to_string()),
            tag: model.tag.clone(),
            drift: model.drift.clone(),
            running: model.running.clone(),
            unknown: model.unknown.clone(),
            production: model.holders.iter().map(|number| number.0).collect(),
        }
    }
}

/// `signoff audit`.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// `signoff.audit/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// How many versions are in production.
    pub production: usize,
    pub findings: Vec<AuditFinding>,
    /// What was left out or could not be read.
    pub notes: Vec<String>,
}

impl Audit {
    pub fn new(place: Where, status: &status::Status) -> Self {
        Self {
            schema: "signoff.audit/1",
            place,
            production: status.production(),
            findings: status.audit(),
            notes: status.notes.iter().map(ToString::to_string).collect(),
        }
    }
}
