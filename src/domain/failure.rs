//! The error type used across modules: its kind, the attempted operation, and what to do next.
//!
//! Adapters create failures; no other layer looks at HTTP statuses or error texts. The kind matters to the promotion:
//! [`FailureKind::Unavailable`] certainly had no effect, [`FailureKind::Unknown`] may have had one.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The origin of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The MLflow tracking or registry server.
    Mlflow,
    /// GitHub, or a GitHub Enterprise Server.
    Github,
    /// The journal on this machine.
    Journal,
    /// The configuration.
    Config,
    /// This program or this machine.
    Local,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mlflow => "MLflow",
            Self::Github => "GitHub",
            Self::Journal => "the journal",
            Self::Config => "the configuration",
            Self::Local => "signoff",
        })
    }
}

/// The kind of failure, which decides what may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    Config,
    /// The server does not know who is asking.
    Unauthenticated,
    /// The user is authenticated but not permitted.
    Forbidden,
    /// The object does not exist or is not visible to this user.
    NotFound,
    /// The state changed since it was read.
    Conflict,
    /// The server refused the request as invalid. It had no effect.
    Rejected,
    /// Too many requests; had no effect.
    RateLimited {
        /// Earliest retry, if the server names a time.
        until: Option<Timestamp>,
    },
    /// The server was not reached; the request certainly had no effect.
    Unavailable,
    /// The request was sent and its outcome is unknown.
    Unknown,
    /// The response is invalid. A write that got such a response may have had an effect.
    Protocol,
    /// Disk, lock, terminal.
    Local,
    /// A bug in signoff.
    Bug,
}

impl FailureKind {
    /// Whether a *write* that failed this way may have been applied.
    pub fn may_be_applied(self) -> bool {
        matches!(self, Self::Unknown | Self::Protocol | Self::Bug)
    }

    /// Whether the same request may succeed later without anyone's intervention.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable | Self::Unknown | Self::Protocol)
    }
}

/// A failure ready for display: a sentence, and a hint for what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub service: Service,
    /// The attempted operation, as a phrase after "could not": `read version v3 of telco-churn`.
    pub operation: String,
    /// What happened, as a sentence without a period. Cleaned text, without secrets.
    pub reason: String,
    /// What to do next, as a sentence.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: FailureKind, service: Service, operation: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, service, operation: operation.into(), reason: reason.into(), hint: None }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether both failed for one cause, whatever was attempted: what hinders many things is said once.
    pub fn same_cause(&self, other: &Self) -> bool {
        self.service == other.service && self.reason == other.reason
    }

    /// What happened and what to do about it, on one line.
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}. {hint}"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, self.reason)
    }
}

impl std::error::Error for Failure {}

/// Said beside a list: what was left out, or does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    Said(String),
    /// A source that could not be read.
    Unread(Failure),
}

impl Note {
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Said(_) => None,
            Self::Unread(failure) => Some(failure),
        }
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::Unread(failure) => f.write_str(&failure.sentence()),
        }
    }
}

/// The result type used across modules.
pub type Outcome<T> = Result<T, Failure>;
