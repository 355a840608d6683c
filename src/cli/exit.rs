//! Exit codes: a contract with scripts. Never change the meaning of a number.

use std::process::ExitCode;

use crate::domain::failure::{Failure, FailureKind, Service};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Refused or failed, with nothing half-done.
    Refused = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Not authenticated or not permitted.
    Denied = 3,
    /// A server could not be reached, or answered nonsense.
    Unreachable = 4,
    /// The journal cannot be used.
    Journal = 5,
    /// A promotion is unfinished: resume or undo it.
    Unfinished = 6,
    /// Promoted and released, but CD failed or did not start.
    CdFailed = 7,
    /// Cancelled by the user.
    Cancelled = 130,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code of a failure, of which nothing is left half-done.
    pub fn of(failure: &Failure) -> Self {
        match (failure.service, failure.kind) {
            (Service::Journal, FailureKind::NotFound) => Self::Refused,
            (Service::Journal, _) => Self::Journal,
            (_, kind) => Self::of_kind(kind),
        }
    }

    /// The code of a kind of failure, wherever it happened.
    pub fn of_kind(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Config => Self::Usage,
            FailureKind::Unauthenticated | FailureKind::Forbidden => Self::Denied,
            FailureKind::Unavailable
            | FailureKind::Unknown
            | FailureKind::Protocol
            | FailureKind::RateLimited { .. } => Self::Unreachable,
            FailureKind::NotFound
            | FailureKind::Conflict
            | FailureKind::Rejected
            | FailureKind::Local
            | FailureKind::Bug => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_published_ones() {
        let all = [
            Exit::Done,
            Exit::Refused,
            Exit::Usage,
            Exit::Denied,
            Exit::Unreachable,
            Exit::Journal,
            Exit::Unfinished,
            Exit::CdFailed,
            Exit::Cancelled,
        ];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 130]);
    }

    #[test]
    fn failures_get_the_code_of_their_kind_and_the_journal_one_of_its_own() {
        let exit = |kind, service| Exit::of(&Failure::new(kind, service, "x", "y"));
        assert_eq!(exit(FailureKind::Config, Service::Config), Exit::Usage);
        assert_eq!(exit(FailureKind::Forbidden, Service::Github), Exit::Denied);
        assert_eq!(exit(FailureKind::RateLimited { until: None }, Service::Github), Exit::Unreachable);
        assert_eq!(exit(FailureKind::Protocol, Service::Mlflow), Exit::Unreachable);
        assert_eq!(exit(FailureKind::NotFound, Service::Mlflow), Exit::Refused);
        assert_eq!(exit(FailureKind::Local, Service::Journal), Exit::Journal);
        assert_eq!(exit(FailureKind::NotFound, Service::Journal), Exit::Refused);
    }
}
