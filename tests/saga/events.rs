//! The fold alone: with any journal, it never panics, never half-applies an event, and keeps its invariants.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use signoff::domain::cd::{CdOutcome, CdTrigger};
use signoff::domain::deployment::JobOutcome;
use signoff::domain::elsewhere::Arrival;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::promotion::event::JOURNAL_VERSION;
use signoff::domain::promotion::{
    Ending, Entry, Event, Finding, Next, Phase, Receipt, SagaState, Step, StepState, fold,
};

use crate::support::plan;

const STEPS: [Step; 10] = [
    Step::Mark,
    Step::Move,
    Step::TagObject,
    Step::TagRef,
    Step::Draft,
    Step::Release,
    Step::Dispatch,
    Step::Link,
    Step::Confirm,
    Step::Follow,
];

const KINDS: [FailureKind; 8] = [
    FailureKind::Unavailable,
    FailureKind::Unknown,
    FailureKind::Protocol,
    FailureKind::Forbidden,
    FailureKind::Rejected,
    FailureKind::Conflict,
    FailureKind::RateLimited { until: None },
    FailureKind::Bug,
];

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, Service::Github, "do it", "it went wrong")
}

fn receipt(step: Step) -> Receipt {
    match step {
        Step::Mark => Receipt::Marked,
        Step::Move => Receipt::Moved { archived: Vec::new() },
        Step::TagObject => Receipt::TagObject { sha: "a".into() },
        Step::TagRef => Receipt::TagRef { object: "a".into() },
        Step::Draft => Receipt::Drafted { id: 1 },
        Step::Release => Receipt::Released { id: 1, url: "u".into() },
        Step::Dispatch => Receipt::Dispatched,
        Step::Link => Receipt::Linked,
        Step::Clear => Receipt::Cleared,
        Step::Assent => Receipt::Assented { after: None },
        Step::Repair => Receipt::Repaired { repair: None },
        Step::Arrive => Receipt::Arrival {
            outcome: Arrival::Missing { model: signoff::domain::ids::ModelName::new("m"), waited_s: 1 },
        },
        Step::Deploy => Receipt::Job { outcome: JobOutcome::Succeeded { page: None } },
        Step::Confirm => Receipt::Confirmed { truth: Vec::new() },
        Step::Follow => Receipt::Cd { outcome: CdOutcome::NotExpected },
    }
}

/// The next act of a driver or a person; most do not fit most states.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// The due step succeeds.
    Well,
    /// The due step fails.
    Badly(FailureKind),
    /// A check finds an object of somebody else.
    Foreign(bool),
    /// An undo is requested.
    Undo,
    /// It is resumed.
    Resume,
    /// Any event, about any step.
    Stray(u8, Step, FailureKind),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        8 => Just(Move::Well),
        4 => select(&KINDS[..]).prop_map(Move::Badly),
        1 => any::<bool>().prop_map(Move::Foreign),
        1 => Just(Move::Undo),
        2 => Just(Move::Resume),
        3 => (any::<u8>(), select(&STEPS[..]), select(&KINDS[..])).prop_map(|(n, s, k)| Move::Stray(n, s, k)),
    ];
    vec(one, 1..80)
}

/// The event for a move in this state.
fn event(state: &SagaState, step: Move) -> Event {
    match step {
        Move::Undo => Event::UndoRequested { by: "rev1".into() },
        Move::Resume => Event::Resumed,
        Move::Stray(n, step, kind) => stray(n, step, failure(kind)),
        Move::Foreign(same_version) => match state.next() {
            Next::Probe(step) => {
                Event::Probed { step, finding: Finding::Foreign { what: "theirs".into(), same_version } }
            }
            _ => Event::Resumed,
        },
        Move::Well | Move::Badly(_) => {
            due(state, if let Move::Badly(kind) = step { Some(failure(kind)) } else { None })
        }
    }
}

fn due(state: &SagaState, bad: Option<Failure>) -> Event {
    let running = state.steps.iter().find(|r| r.state == StepState::Running).map(|r| r.step);
    let undoing = state.steps.iter().find(|r| r.state == StepState::Undoing).map(|r| r.step);
    let back = matches!(state.phase, Phase::Backward { .. });
    match (state.next(), running.filter(|_| !back), bad) {
        (Next::Rest | Next::Finished, ..) => Event::Resumed,
        (Next::Pause(failure), ..) => Event::Paused { failure, truth: Vec::new() },
        (Next::Close(ending), ..) => Event::Ended { ending, truth: Vec::new() },
        (Next::Verify, _, None) => Event::Verified,
        (Next::Verify, _, Some(failure)) => Event::Refused { failure },
        (Next::Undo(step), _, None) if undoing == Some(step) => {
            Event::Undone { step, note: "done".into(), seen: true, answered: true }
        }
        (Next::Undo(step), _, Some(failure)) if undoing == Some(step) => Event::UndoFailed { step, failure },
        (Next::Undo(step), ..) => Event::UndoStarted { step },
        (_, Some(step), None) => Event::Succeeded { step, receipt: receipt(step) },
        (_, Some(step), Some(failure)) if failure.kind.may_be_applied() => Event::Unknown { step, failure },
        (_, Some(step), Some(failure)) => Event::Failed { step, failure },
        (Next::Probe(step), None, None) => Event::Probed { step, finding: Finding::Applied { receipt: receipt(step) } },
        (Next::Probe(step), None, Some(failure)) if failure.kind == FailureKind::Unavailable => {
            Event::ProbeFailed { step, failure }
        }
        (Next::Probe(step), None, Some(_)) => Event::Probed { step, finding: Finding::NotApplied },
        (Next::Run(step), None, _) => Event::Started { step },
    }
}

fn stray(n: u8, step: Step, failure: Failure) -> Event {
    match n % 21 {
        0 => Event::Opened { plan: Box::new(plan::plan(1)) },
        1 => Event::Verified,
        2 => Event::Refused { failure },
        3 => Event::Started { step },
        4 => Event::Succeeded { step, receipt: receipt(step) },
        5 => Event::Failed { step, failure },
        6 => Event::Unknown { step, failure },
        7 => Event::Probed { step, finding: Finding::Applied { receipt: receipt(step) } },
        8 => Event::Probed { step, finding: Finding::NotApplied },
        9 => Event::ProbeFailed { step, failure },
        10 => Event::UndoStarted { step },
        11 => Event::Undone { step, note: "done".into(), seen: true, answered: true },
        12 => Event::UndoFailed { step, failure },
        13 => Event::Paused { failure, truth: Vec::new() },
        14 => Event::CdSeen { outcome: CdOutcome::NotExpected },
        15 => Event::Ended { ending: Ending::Done, truth: Vec::new() },
        16 => Event::Ended { ending: Ending::Undone { why: "x".into() }, truth: Vec::new() },
        17 => Event::Noted { step, what: vec!["x".into()] },
        18 => Event::Found { step, receipt: receipt(step) },
        19 => Event::Lost { step },
        _ => Event::Arrived { step, what: "x".into() },
    }
}

fn entry(seq: u64, event: Event) -> Entry {
    Entry { v: JOURNAL_VERSION, seq, at: plan::now(), event }
}

fn trigger() -> impl Strategy<Value = CdTrigger> {
    select(&[CdTrigger::Release, CdTrigger::Tag, CdTrigger::Dispatch, CdTrigger::None][..])
}

fn opened(trigger: CdTrigger) -> Entry {
    entry(0, Event::Opened { plan: Box::new(plan::plan_with(1, |draft| draft.cd.trigger = trigger)) })
}

/// The invariants of every state.
fn check(state: &SagaState) -> Result<(), TestCaseError> {
    let is = |step| state.step(step).clone();
    let cut = matches!(is(Step::TagRef), StepState::Done(_));
    let undone = |s: &StepState| matches!(s, StepState::Undoing | StepState::Undone(_));
    let backward = matches!(state.phase, Phase::Backward { .. });
    if cut {
        prop_assert!(!backward && !state.steps.iter().any(|r| undone(&r.state)), "undone after the tag: {state:?}");
        prop_assert!(!state.may_undo());
    }
    if matches!(is(Step::TagRef), StepState::Running | StepState::Unknown(_)) {
        prop_assert!(!backward && !state.may_undo(), "turned back while the tag may exist: {state:?}");
    }
    prop_assert!(state.steps.iter().filter(|r| r.state == StepState::Running).count() <= 1 + usize::from(backward));
    prop_assert!(state.steps.iter().all(|r| !undone(&r.state) || r.step.is_reversible()));
    // Steps are started in order.
    let first_open = state.steps.iter().position(|r| {
        let passed = r.step == Step::Dispatch && matches!(r.state, StepState::Unknown(_));
        !matches!(r.state, StepState::Done(_)) && !passed
    });
    // Unless the tag was found while it was undone, or was cut by another copy of the journal.
    if let (Some(first), Phase::Forward, false) = (first_open, &state.phase, state.is_reopened()) {
        let later = &state.steps[first + 1..];
        prop_assert!(later.iter().all(|r| r.state == StepState::Waiting), "{:?}", state.steps);
    }
    match &state.phase {
        Phase::Ended(Ending::Done) => prop_assert!(cut && state.is_released()),
        Phase::Ended(Ending::Refused { .. }) => {
            prop_assert!(state.steps.iter().all(|r| r.state == StepState::Waiting));
        }
        Phase::Ended(Ending::Undone { .. }) => {
            let left = |s: StepState| matches!(s, StepState::Done(_) | StepState::Running | StepState::Unknown(_));
            prop_assert!(!cut && !left(is(Step::Mark)) && !left(is(Step::Move)));
        }
        _ => {}
    }
    if let Next::Pause(failure) = state.next() {
        prop_assert!(!failure.reason.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_in_any_order_keep_the_rules(trigger in trigger(), moves in moves()) {
        let mut journal = vec![opened(trigger)];
        let mut state = fold(&journal).unwrap();
        let (mut dispatches, mut dispatch_open) = (0, false);
        for step in moves {
            let (before, event) = (state.clone(), event(&state, step));
            let next = entry(state.next_seq, event.clone());
            match state.apply(&next) {
                Err(_) => prop_assert_eq!(&state, &before, "half of {:?} was applied", event),
                Ok(()) => {
                    let late = matches!(event, Event::Arrived { .. }) && !before.unanswered().is_empty();
                    // A release stays; its runs can be started again.
                    let rerun = matches!(before.phase, Phase::Ended(Ending::Done)) && matches!(event, Event::CdSeen { .. });
                    prop_assert!(!before.is_over() || late || rerun, "{event:?} after the end");
                    journal.push(next);
                    match event {
                        Event::Started { step: Step::Dispatch } => {
                            prop_assert!(!dispatch_open, "sent again after it may have been taken");
                            dispatches += 1;
                            dispatch_open = true;
                        }
                        // Refused without effect: it may be sent again.
                        Event::Failed { step: Step::Dispatch, .. } => dispatch_open = false,
                        Event::Probed { step: Step::Dispatch, finding: Finding::NotApplied } => {
                            dispatch_open = matches!(state.step(Step::Dispatch), StepState::Unknown(_));
                        }
                        _ => {}
                    }
                }
            }
            check(&state)?;
            if state.paused.is_some() {
                let at_work = state.steps.iter().map(|r| r.step).filter(|s| *state.step(*s) != StepState::Waiting);
                for (step, n) in at_work.flat_map(|step| (0..21).map(move |n| (step, n))) {
                    let stray = stray(n, step, failure(FailureKind::Unknown));
                    let refused = state.clone().apply(&entry(state.next_seq, stray.clone())).is_err();
                    prop_assert!(refused, "{stray:?} while paused");
                }
            }
        }
        prop_assert!(dispatches == 0 || trigger == CdTrigger::Dispatch);
        // The state is exactly the fold of the accepted events.
        prop_assert_eq!(fold(&journal).unwrap(), state);
    }

    #[test]
    fn whatever_happened_before_it_comes_to_an_end_once_all_goes_well(trigger in trigger(), moves in moves()) {
        let mut state = fold(&[opened(trigger)]).unwrap();
        for step in moves {
            let _ = state.clone().apply(&entry(state.next_seq, event(&state, step))).map(|()| {
                state.apply(&entry(state.next_seq, event(&state, step))).unwrap();
            });
        }
        for _ in 0..60 {
            if state.is_over() {
                break;
            }
            let event = event(&state, Move::Well);
            state.apply(&entry(state.next_seq, event.clone())).unwrap_or_else(|e| panic!("{event:?}: {e}"));
        }
        prop_assert!(state.is_over(), "{:?}", state.next());
    }
}

#[test]
fn a_journal_that_is_not_one_is_refused() {
    let first = opened(CdTrigger::Release);
    let newer = Entry { v: JOURNAL_VERSION + 1, ..first.clone() };
    let started = entry(0, Event::Verified);
    let gap = entry(2, Event::Verified);
    let twice = entry(1, first.event.clone());
    for (journal, what) in [
        (vec![], "no entries"),
        (vec![newer], "is newer than this program's"),
        (vec![started], "must be 'opened'"),
        (vec![first.clone(), gap], "expected position 1"),
        (vec![first, twice], "stands twice"),
    ] {
        let error = fold(&journal).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
