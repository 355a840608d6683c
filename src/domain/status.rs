//! What is in production, measured against what was signed, and against what runs.

use serde::Serialize;

use super::drift::Finding;
use super::failure::{Failure, Note};
use super::ids::{ModelName, PromotionId, VersionNumber};
use super::witness::{Says, Testimony};

/// Whether approved, deployed and serving agree, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// A witness says that it is not there yet.
    Pending,
    /// It cannot be told.
    Unknown,
    /// A witness says that something else runs.
    Disagrees,
    /// What is in production is not what was signed.
    Drift,
}

impl State {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Disagrees => "disagrees",
            Self::Drift => "drift",
        }
    }

    /// Whether something certainly differs.
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Disagrees | Self::Drift)
    }
}

/// One model that has a version in production, or had one by a sign-off whose version is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStatus {
    /// The name that was signed; without a sign-off, the one in the registry.
    pub model: ModelName,
    /// The version that was signed last; without a sign-off, the newest in production.
    pub version: VersionNumber,
    /// The record in force, if there is one.
    pub record_id: Option<PromotionId>,
    /// Hash of the record in force.
    pub record_hash: Option<String>,
    /// The Git tag that released it.
    pub tag: Option<String>,
    pub drift: Vec<Finding>,
    pub running: Vec<Testimony>,
    /// What cannot be told, one phrase each.
    pub unknown: Vec<String>,
    /// Versions in production, ascending.
    pub holders: Vec<VersionNumber>,
    /// Versions in production of which no sign-off is known.
    pub unsigned: Vec<VersionNumber>,
    /// Why the record does not count, if there is one that does not.
    pub invalid: Option<String>,
}

impl ModelStatus {
    pub fn state(&self) -> State {
        let any = |says: Says| self.running.iter().any(|t| t.state == says);
        let witness_is_silent = !self.running.is_empty() && !any(Says::Agrees);
        if !self.drift.is_empty() {
            State::Drift
        } else if any(Says::Disagrees) {
            State::Disagrees
        } else if any(Says::NotYet) {
            State::Pending
        } else if witness_is_silent || !self.unknown.is_empty() {
            State::Unknown
        } else {
            State::Ok
        }
    }

    /// Every witness that can tell agrees, and at least one does.
    pub fn is_seen(&self) -> bool {
        let can_tell = || self.running.iter().filter(|t| t.state != Says::Unknown);
        can_tell().count() > 0 && can_tell().all(|t| t.state == Says::Agrees)
    }
}

/// One look at all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// By name.
    pub models: Vec<ModelStatus>,
    /// What was left out or could not be read.
    pub notes: Vec<Note>,
}

impl Status {
    /// The worst state; none without models.
    pub fn state(&self) -> Option<State> {
        self.models.iter().map(ModelStatus::state).max()
    }

    /// How many versions are in production.
    pub fn production(&self) -> usize {
        self.models.iter().map(|m| m.holders.len()).sum()
    }

    /// Why something could not be read.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.notes.iter().filter_map(Note::failure)
    }
}

/// One line of an audit: what is in production without a valid sign-off, or not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    pub model: String,
    pub version: u64,
    /// `record_missing`, `record_invalid` or a kind of drift.
    pub kind: &'static str,
    pub reason: String,
}

impl Status {
    /// Everything that is in production without a valid sign-off, or not as it was signed.
    pub fn audit(&self) -> Vec<AuditFinding> {
        let mut out = Vec::new();
        for model in &self.models {
            let line = |version: VersionNumber, kind, reason: String| AuditFinding {
                model: model.model.as_str().to_owned(),
                version: version.0,
                kind,
                reason,
            };
            if let Some(why) = &model.invalid {
                out.push(line(model.version, "record_invalid", why.clone()));
            }
            let missing = super::drift::Kind::RecordMissing;
            out.extend(
                model
                    .drift
                    .iter()
                    .filter(|f| f.kind != missing)
                    .map(|finding| line(model.version, finding.kind.name(), finding.reason.clone())),
            );
            out.extend(model.unsigned.iter().map(|version| {
                let reason = format!("{version} is in production, and no sign-off of it is known");
                line(*version, missing.name(), reason)
            }));
        }
        out
    }
}
