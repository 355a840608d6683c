//! One word for how far a promotion is, and the exit code that goes with it.

use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::Role;
use crate::domain::cd::{CdOutcome, CdState};
use crate::domain::promotion::Until;
use crate::domain::promotion::{Ending, Phase, SagaState};

/// How far a promotion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Promoted, released, and CD ended or was not expected.
    Done,
    /// Promoted and released; CD was not followed to its end.
    Released,
    /// Everything written was taken back.
    Undone,
    /// Nothing was written.
    Refused,
    /// Another promotion released this version first.
    Superseded,
    /// Stopped; a person has to look, then resume or undo it.
    Paused,
    /// Nobody drives it, and it is not over: resume or undo it.
    Interrupted,
    /// A process drives it right now.
    Running,
    /// Its journal cannot be read.
    Unreadable,
}

impl Word {
    /// The word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Released => "released",
            Self::Undone => "undone",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::Running => "running",
            Self::Unreadable => "unreadable",
        }
    }

    /// What it means.
    pub fn role(self) -> Role {
        match self {
            Self::Done | Self::Released => Role::Good,
            Self::Undone | Self::Refused | Self::Superseded => Role::Muted,
            Self::Paused | Self::Interrupted | Self::Running => Role::Warn,
            Self::Unreadable => Role::Bad,
        }
    }

    /// Whether somebody has to resume or undo it.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Paused | Self::Interrupted)
    }
}

/// How far `state` is; `driven` if another process works on it.
pub fn word(state: &SagaState, driven: bool) -> Word {
    match &state.phase {
        Phase::Ended(Ending::Done) => Word::Done,
        Phase::Ended(Ending::Undone { .. }) => Word::Undone,
        Phase::Ended(Ending::Refused { .. }) => Word::Refused,
        Phase::Ended(Ending::Superseded { .. }) => Word::Superseded,
        _ if driven => Word::Running,
        _ if state.is_released() => Word::Released,
        _ if state.paused.is_some() => Word::Paused,
        _ => Word::Interrupted,
    }
}

/// Why it is not done, and what to do next.
pub fn why(state: &SagaState) -> (Option<String>, Option<String>) {
    if let Some((failure, _)) = &state.paused {
        return (Some(failure.to_string()), failure.hint.clone());
    }
    match &state.phase {
        Phase::Ended(Ending::Undone { why } | Ending::Refused { why })
        | Phase::Backward { why, superseded_by: None } => (Some(why.clone()), None),
        Phase::Ended(Ending::Superseded { by }) | Phase::Backward { superseded_by: Some(by), .. } => {
            (Some(by.clone()), None)
        }
        _ => (None, None),
    }
}

/// The exit code of a promotion that was driven `until`; `cancelled` if the user stopped it.
pub fn exit(state: &SagaState, until: Until, cancelled: bool) -> Exit {
    match word(state, false) {
        Word::Done | Word::Released if until == Until::Released => Exit::Done,
        Word::Done => match &state.cd {
            Some(CdOutcome::Run(run)) if run.state == CdState::Success => Exit::Done,
            Some(CdOutcome::NotExpected) | None => Exit::Done,
            Some(CdOutcome::Run(_) | CdOutcome::NotStarted { .. }) => Exit::CdFailed,
        },
        // Released, but following CD was given up: by the user, or because it could not be read.
        Word::Released if cancelled => Exit::Cancelled,
        Word::Released => Exit::Unreachable,
        Word::Undone | Word::Refused | Word::Superseded => Exit::Refused,
        Word::Paused | Word::Interrupted | Word::Running | Word::Unreadable => Exit::Unfinished,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::{Entry, Event, Receipt, Step, fold, samples};

    /// A journal up to and including the release and the re-reading.
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
        assert_eq!(word(&half, false), Word::Interrupted);
        assert_eq!(word(&half, true), Word::Running);
        assert_eq!(exit(&half, Until::Released, true), Exit::Unfinished);
    }

    #[test]
    fn without_wait_a_release_is_enough_and_with_it_cd_decides() {
        assert_eq!(exit(&state(released()), Until::Released, false), Exit::Done);
        assert_eq!(exit(&state(released()), Until::CdEnded, true), Exit::Cancelled);
        let not_started = after_cd(CdOutcome::NotStarted { waited_s: 90 });
        assert_eq!(exit(&not_started, Until::CdEnded, false), Exit::CdFailed);
        assert_eq!(exit(&not_started, Until::Released, false), Exit::Done);
        assert_eq!(exit(&after_cd(CdOutcome::NotExpected), Until::CdEnded, false), Exit::Done);
    }

    #[test]
    fn a_refusal_leaves_nothing_and_says_why() {
        let failure = crate::domain::failure::Failure::new(
            crate::domain::failure::FailureKind::Conflict,
            crate::domain::failure::Service::Mlflow,
            "approve",
            "the stage changed",
        );
        let refused = state(vec![
            Event::Opened { plan: Box::new(samples::plan()) },
            Event::Refused { failure: failure.clone() },
            Event::Ended { ending: Ending::Refused { why: failure.to_string() }, truth: vec![] },
        ]);
        assert_eq!(exit(&refused, Until::Released, false), Exit::Refused);
        assert!(why(&refused).0.unwrap().contains("the stage changed"));
    }
}
