//! Signatures for `signoff show` and `signoff compare`.

use crate::domain::artifact::Signature;
use crate::domain::compare::signature::{FieldRow, field_rows};
use crate::domain::failure::Outcome;
use crate::domain::ids::VersionNumber;
use crate::domain::registry::ModelVersion;
use crate::present::compare::NO_SIGNATURE;
use crate::services::Services;

/// A signature, or why there is none. Neither if the model has no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    who: String,
    read: Result<Option<Signature>, String>,
}

impl Signed {
    /// Reads the signature in a version's `MLmodel` file.
    pub async fn read(services: &Services, version: &ModelVersion) -> Self {
        let read = services.tracking.mlmodel(version).await.and_then(|file| file.signature);
        Self::of(version.number, read)
    }

    /// What reading the signature of a version gave.
    pub fn of(version: VersionNumber, read: Outcome<Option<Signature>>) -> Self {
        Self { who: version.to_string(), read: read.map_err(|failure| failure.sentence()) }
    }

    /// The signature, if it was read and the model has one.
    pub fn known(&self) -> Option<&Signature> {
        self.read.as_ref().ok()?.as_ref()
    }

    /// Why there is no signature.
    pub fn missing(&self) -> Option<String> {
        match &self.read {
            Ok(Some(_)) => None,
            Ok(None) => Some(format!("{}: {NO_SIGNATURE}", self.who)),
            Err(why) => Some(format!("{}: {why}", self.who)),
        }
    }
}

/// The signatures side by side; empty if either could not be read, because the differences are then unknown.
pub fn compared(old: Option<&Signed>, new: &Signed) -> Vec<FieldRow> {
    match (old.map(|old| &old.read), &new.read) {
        (None, Ok(new)) => field_rows(None, new.as_ref()),
        (Some(Ok(old)), Ok(new)) => field_rows(old.as_ref(), new.as_ref()),
        _ => Vec::new(),
    }
}
