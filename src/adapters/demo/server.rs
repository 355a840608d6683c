//! What the demo's two servers share: refusals and state.

use jiff::Timestamp;

use crate::domain::failure::{Failure, FailureKind, Service};

/// Why a server refused a request. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The object does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The object to create exists already.
    #[error("{0}")]
    Exists(String),
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
}

impl Refusal {
    /// The failure as a port reports it.
    pub(super) fn into_failure(self, service: Service, operation: impl Into<String>) -> Failure {
        let kind = match self {
            Self::NotFound(_) => FailureKind::NotFound,
            Self::Exists(_) => FailureKind::Conflict,
            Self::Invalid(_) => FailureKind::Rejected,
        };
        Failure::new(kind, service, operation, self.to_string())
    }
}

/// `now` as servers report it: in whole milliseconds.
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

/// Serializes shared values as if they were owned.
pub(super) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, s: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, s)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(d).map(Arc::new)
    }
}
