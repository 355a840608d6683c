//! The one error that crosses module boundaries: what kind it is, what was attempted, and what to do next.
//!
//! Adapters make failures; nothing above them looks at HTTP statuses or error texts. The kinds matter to
//! the promotion: [`FailureKind::Unavailable`] surely had no effect, [`FailureKind::Unknown`] may have.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who said no.
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

/// What kind of failure it is, which decides what may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The configuration does not allow it.
    Config,
    /// The server does not know who is asking.
    Unauthenticated,
    /// The server knows, and says no.
    Forbidden,
    /// The thing is not there, or may not be seen.
    NotFound,
    /// The world changed since it was looked at.
    Conflict,
    /// The server refused the request as wrong. It had no effect.
    Rejected,
    /// Too many requests; had no effect.
    RateLimited {
        /// When the server says it may be tried again.
        until: Option<Timestamp>,
    },
    /// The server could not be reached; the request surely had no effect.
    Unavailable,
    /// The request was sent and its fate is not known.
    Unknown,
    /// The answer makes no sense. A write that got such an answer may have had effect.
    Protocol,
    /// Disk, lock, terminal.
    Local,
    /// A mistake in signoff.
    Bug,
}

impl FailureKind {
    /// Whether a *write* that ended this way may have been applied.
    pub fn may_be_applied(self) -> bool {
        matches!(self, Self::Unknown | Self::Protocol | Self::Bug)
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable | Self::Unknown | Self::Protocol)
    }
}

/// One failure, ready to be shown: a sentence, and a hint for what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// Who said no.
    pub service: Service,
    /// What was attempted, as a phrase after "could not": `read version v3 of telco-churn`.
    pub operation: String,
    /// What happened, as a sentence without the final stop. Cleaned text, without secrets.
    pub reason: String,
    /// What to do next, as a sentence.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint yet.
    pub fn new(kind: FailureKind, service: Service, operation: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, service, operation: operation.into(), reason: reason.into(), hint: None }
    }

    /// Adds what to do next.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened and what to do about it, in one line.
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

/// Shorthand for results that cross module boundaries.
pub type Outcome<T> = Result<T, Failure>;
