//! Exit codes. Scripts depend on them: never change the meaning of a number.

use std::process::ExitCode;

use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::promotion::SagaState;
use crate::domain::promotion::Until;
use crate::present::promotion::{PromotionState, not_deployed, oddity, open_cd};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Done = 0,
    /// Refused or failed; nothing was left half-done.
    Refused = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Not signed in, or permission denied.
    Denied = 3,
    /// A server could not be reached, or gave an invalid answer.
    Unreachable = 4,
    /// The journal is unusable.
    Journal = 5,
    /// A promotion is unfinished and must be resumed or undone.
    Unfinished = 6,
    /// Promoted and released, but CD or the deployment job failed, or CD did not start.
    CdFailed = 7,
    Cancelled = 130,
}

impl Exit {
    /// Every exit code, in order.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Refused,
        Self::Usage,
        Self::Denied,
        Self::Unreachable,
        Self::Journal,
        Self::Unfinished,
        Self::CdFailed,
        Self::Cancelled,
    ];

    pub fn code(self) -> u8 {
        self as u8
    }

    /// Description for `--help` and the manual.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Success",
            Self::Refused => "Refused or failed; nothing is half-done",
            Self::Usage => "Wrong usage or configuration",
            Self::Denied => "Not signed in, or permission denied",
            Self::Unreachable => "A server could not be reached or gave an invalid answer",
            Self::Journal => "The journal cannot be used",
            Self::Unfinished => "A promotion is unfinished: resume or undo it",
            Self::CdFailed => {
                "Promoted and released, but not deployed: CD or the deployment job failed, or CD did not start (with --wait)"
            }
            Self::Cancelled => "Cancelled",
        }
    }

    /// The code for a failure that left nothing half-done.
    pub fn of(failure: &Failure) -> Self {
        match (failure.service, failure.kind) {
            (Service::Journal, FailureKind::NotFound) => Self::Refused,
            (Service::Journal, _) => Self::Journal,
            (_, kind) => Self::of_kind(kind),
        }
    }

    /// The code for a promotion driven `until`; `cancelled` if the user stopped it.
    pub fn of_promotion(state: &SagaState, until: Until, cancelled: bool) -> Self {
        match PromotionState::of(state, false) {
            PromotionState::Done if until == Until::CdEnded && not_deployed(state) => Self::CdFailed,
            // Jobs of it run again: it is not known yet whether it is deployed.
            PromotionState::Done if until == Until::CdEnded && open_cd(state).is_some() => Self::Unfinished,
            // The registry has moved on, or something that was written is gone.
            PromotionState::Done | PromotionState::Released if oddity(state).is_some() => Self::Refused,
            PromotionState::Done | PromotionState::Released if until == Until::Released => Self::Done,
            PromotionState::Done => Self::Done,
            // Released, but following CD ended early: the user stopped it, or it could not be read. That is no failed
            // release: `resume` looks again.
            PromotionState::Released if cancelled => Self::Cancelled,
            PromotionState::Released => Self::Unfinished,
            PromotionState::Undone | PromotionState::Refused | PromotionState::Superseded => Self::Refused,
            PromotionState::Unanswered
            | PromotionState::Paused
            | PromotionState::Interrupted
            | PromotionState::Running
            | PromotionState::Unreadable => Self::Unfinished,
        }
    }

    /// The code for a kind of failure.
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::cd::CdOutcome;
    use crate::domain::promotion::{Ending, Entry, Event, Receipt, Step, fold, samples};

    #[test]
    fn the_numbers_are_the_published_ones() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 130]);
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

    /// Journal events up to and including the release and its verification.
    fn released() -> Vec<Event> {
        let mut events = vec![Event::Opened { plan: Box::new(samples::plan()) }, Event::Verified];
        for (step, receipt) in [
            (Step::Mark, Receipt::Marked),
            (Step::Move, Receipt::Moved { archived: vec![] }),
            (Step::TagObject, Receipt::TagObject { sha: "a".into() }),
            (Step::TagRef, Receipt::TagRef { object: "a".into() }),
            (Step::Draft, Receipt::Drafted { id: 1 }),
            (Step::Release, Receipt::Released { id: 1, url: "https://x".into() }),
            (Step::Link, Receipt::Linked),
            (Step::Confirm, Receipt::Confirmed { truth: vec![] }),
        ] {
            events.extend([Event::Started { step }, Event::Succeeded { step, receipt }]);
        }
        events
    }

    fn state(events: Vec<Event>) -> SagaState {
        let entry = |(seq, event)| Entry { v: 1, seq, at: samples::now(), event };
        fold(&(0..).zip(events).map(entry).collect::<Vec<_>>()).unwrap()
    }

    fn after_cd(outcome: CdOutcome) -> SagaState {
        let mut events = released();
        let step = Step::Follow;
        events.extend([
            Event::Started { step },
            Event::Succeeded { step, receipt: Receipt::Cd { outcome } },
            Event::Ended { ending: Ending::Done, truth: vec![] },
        ]);
        state(events)
    }

    #[test]
    fn a_promotion_that_stopped_half_way_is_unfinished() {
        let mut events = released();
        events.truncate(6);
        let half = state(events);
        assert_eq!(PromotionState::of(&half, false), PromotionState::Interrupted);
        assert_eq!(PromotionState::of(&half, true), PromotionState::Running);
        assert_eq!(Exit::of_promotion(&half, Until::Released, true), Exit::Unfinished);
    }

    #[test]
    fn without_wait_a_release_is_enough_and_with_it_cd_decides() {
        assert_eq!(Exit::of_promotion(&state(released()), Until::Released, false), Exit::Done);
        assert_eq!(Exit::of_promotion(&state(released()), Until::CdEnded, true), Exit::Cancelled);
        let not_started = after_cd(CdOutcome::NotStarted { waited_s: 90 });
        assert_eq!(Exit::of_promotion(&not_started, Until::CdEnded, false), Exit::CdFailed);
        assert_eq!(Exit::of_promotion(&not_started, Until::Released, false), Exit::Done);
        assert_eq!(Exit::of_promotion(&after_cd(CdOutcome::NotExpected), Until::CdEnded, false), Exit::Done);
    }

    #[test]
    fn a_refusal_leaves_nothing_and_says_why() {
        let failure = Failure::new(FailureKind::Conflict, Service::Mlflow, "approve", "the stage changed");
        let refused = state(vec![
            Event::Opened { plan: Box::new(samples::plan()) },
            Event::Refused { failure: failure.clone() },
            Event::Ended { ending: Ending::Refused { why: failure.to_string() }, truth: vec![] },
        ]);
        assert_eq!(Exit::of_promotion(&refused, Until::Released, false), Exit::Refused);
        assert!(crate::present::promotion::why(&refused).0.unwrap().contains("the stage changed"));
    }
}
