//! The demo's state, and what may be done with it. Pure: time comes in as an argument.
//!
//! Texts are kept raw, hostile ones included, as a server keeps them; they are cleaned where they leave
//! (`convert.rs`).

pub mod cd;
pub mod code;
mod registry;
mod repo;
pub mod vouch;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use registry::{Column, DataSet, Experiment, Feature, Model, TrainingRun, Version};
pub use repo::{NewRelease, Release, Repo, StoredCommit, TagObject};

use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::ids::{ExperimentId, ModelName, RunId};

/// Format of a stored world. Raised whenever an older program could not read it, or would get it wrong.
pub const FORMAT: u32 = 2;

/// Everything the demo's two servers know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// Always [`FORMAT`] in a world this program made.
    pub format: u32,
    /// When it was made from the fixtures.
    pub made_at: Timestamp,
    /// Who the demo's token belongs to.
    pub identity: Identity,
    /// Registered models.
    pub models: BTreeMap<ModelName, Model>,
    pub experiments: BTreeMap<ExperimentId, Experiment>,
    /// Training runs. Nothing writes them, so that copies of a world share them.
    #[serde(with = "shared")]
    pub runs: Arc<BTreeMap<RunId, TrainingRun>>,
    /// The one repository.
    pub repo: Repo,
}

/// A person as a release host knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub login: String,
    /// Numeric id.
    pub id: u64,
    /// Printed name.
    pub name: String,
}

/// Why a server says no. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// What was to be created is there already.
    #[error("{0}")]
    Exists(String),
    /// The request makes no sense to the server.
    #[error("{0}")]
    Invalid(String),
}

impl Refusal {
    /// The failure that a port reports.
    pub(super) fn into_failure(self, service: Service, operation: impl Into<String>) -> Failure {
        let kind = match self {
            Self::NotFound(_) => FailureKind::NotFound,
            Self::Exists(_) => FailureKind::Conflict,
            Self::Invalid(_) => FailureKind::Rejected,
        };
        Failure::new(kind, service, operation, self.to_string())
    }
}

/// `now` as servers report times: in whole milliseconds.
pub(super) fn server_time(now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Serialises what copies share as if it were owned.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, s: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, s)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(d).map(Arc::new)
    }
}
