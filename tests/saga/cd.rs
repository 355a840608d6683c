//! Following CD: the status shown is the host's, and the release does not depend on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signoff::cli::exit::Exit;
use signoff::domain::cd::{CdOutcome, CdState, CdTrigger};
use signoff::domain::failure::FailureKind;
use signoff::domain::promotion::Until;
use signoff::domain::promotion::{Ending, Event, Phase, SagaState, Step, StepState};
use signoff::services::promote::Watch;

use crate::doubles::{FORBIDDEN, Fault, Point, UNAVAILABLE};
use crate::lab::{self, CANDIDATE, Lab, now, production};
use crate::support::rules::rules;

fn states(lab: &Lab, state: &SagaState) -> Vec<CdState> {
    let entries = lab.journals.entries(state.plan.id);
    entries
        .iter()
        .filter_map(|e| match &e.event {
            Event::CdSeen { outcome: CdOutcome::Run(runs) } => Some(runs.decides.state.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn cd_that_fails_is_the_end_of_a_promotion_that_stands() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    *lab.host.cd_run.lock().unwrap() = Some(Box::new(|run| {
        if run.state == CdState::Success {
            run.state = CdState::Failed("failure".into());
        }
    }));
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let Some(CdOutcome::Run(run)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!(run.decides.state, CdState::Failed("failure".into()));
    assert_eq!(lab.holders(), [CANDIDATE], "CD that fails takes nothing back");
}

#[test]
fn cd_that_does_not_start_in_time_is_an_end_of_its_own() {
    for trigger in [CdTrigger::Release, CdTrigger::Tag] {
        let lab = Lab::on(production(), trigger);
        let plan = lab.plan(CANDIDATE);
        lab.meddle(|w, _| w.repo.listen_to(CdTrigger::None));
        let before = signoff::ports::Clock::now(&*lab.clock);
        let state = lab.approve(&plan).unwrap();
        assert_eq!(state.phase, Phase::Ended(Ending::Done));
        assert_eq!(state.cd, Some(CdOutcome::NotStarted { waited_s: 4 }));
        let waited = signoff::ports::Clock::now(&*lab.clock).duration_since(before).as_secs();
        assert!((4..8).contains(&waited), "{waited} s");
    }
}

#[test]
fn a_rerun_is_followed_to_its_end_through_every_state() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let looks = AtomicUsize::new(0);
    *lab.host.cd_run.lock().unwrap() = Some(Box::new(move |run| {
        // Somebody re-runs it while it is running: same id, next attempt, queued again.
        (run.attempt, run.state) = match looks.fetch_add(1, Ordering::Relaxed) {
            0 => (1, CdState::Running),
            1 => (2, CdState::Queued),
            2 => (2, CdState::Waiting),
            3 => (2, CdState::Other("paused_by_aliens".into())),
            _ => (2, CdState::Success),
        };
    }));
    let state = lab.approve(&plan).unwrap();
    let Some(CdOutcome::Run(run)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!((run.decides.attempt, &run.decides.state), (2, &CdState::Success));
    let expected = [
        CdState::Running,
        CdState::Queued,
        CdState::Waiting,
        CdState::Other("paused_by_aliens".into()),
        CdState::Success,
    ];
    assert_eq!(states(&lab, &state), expected);
}

/// A world with a second workflow `docs.yml`, listening to `docs_on`, and no workflow named in the configuration.
fn with_docs(docs_on: CdTrigger) -> Lab {
    let mut world = lab::world(CdTrigger::Release);
    let mut docs = world.repo.workflows[0].clone();
    docs.file = "docs.yml".to_owned();
    docs.starts_on = vec![docs_on];
    docs.jobs[0].name = "docs".to_owned();
    world.repo.workflows.insert(0, docs);
    let mut rules = rules();
    rules.cd.workflow = None;
    Lab::of(world, rules)
}

/// Whatever order the host lists them in, and whichever ends first.
#[test]
fn one_red_run_among_green_ones_is_red() {
    for docs_on in [CdTrigger::Release, CdTrigger::Tag] {
        for red in ["deploy", "docs"] {
            let lab = with_docs(docs_on);
            let plan = lab.plan(CANDIDATE);
            lab.meddle(|w, _| {
                let commits = Arc::make_mut(&mut w.repo.commits);
                commits.get_mut(plan.commit()).unwrap().cd_fails_at = Some(red.to_owned());
            });
            let state = lab.approve(&plan).unwrap();
            let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
            assert_eq!(runs.iter().count(), 2, "{docs_on:?} {red}");
            assert_eq!(runs.decides.state, CdState::Failed("failure".into()), "{docs_on:?} {red}");
            assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::CdFailed);
        }
    }
}

#[test]
fn a_run_that_was_cancelled_for_another_of_its_workflow_is_no_failure() {
    let mut world = lab::world(CdTrigger::Release);
    world.repo.workflows[0].starts_on.push(CdTrigger::Tag);
    let lab = Lab::of(world, rules());
    let plan = lab.plan(CANDIDATE);
    let (store, tag) = (lab.store.clone(), plan.draft.tag.clone());
    lab.script.before_call(move |call| {
        if call.name == "publish_release" {
            let cancel = |w: &mut signoff::adapters::demo::World| {
                w.repo.runs.iter_mut().filter(|r| r.tag == tag).for_each(|r| r.conclusion = Some("cancelled".into()));
                Ok::<_, ()>(())
            };
            store.change(cancel).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!(runs.iter().count(), 2);
    assert!(runs.succeeded(), "{runs:?}");
}

#[test]
fn a_rerun_after_the_end_is_seen_by_the_next_resume_and_kept() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.meddle(|w, _| {
        let commits = Arc::make_mut(&mut w.repo.commits);
        commits.get_mut(plan.commit()).unwrap().cd_fails_at = Some("deploy".to_owned());
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::CdFailed);
    let length = lab.journals.len(plan.id);
    assert_eq!(lab.resume(plan.id).unwrap(), state, "nothing changed");
    assert_eq!(lab.journals.len(plan.id), length, "and nothing is written");
    lab.meddle(|w, now| {
        let run = w.repo.runs.last().unwrap().id;
        w.repo.rerun(run, now).unwrap();
    });
    let running = lab.resume(plan.id).unwrap();
    assert_eq!(running.phase, Phase::Ended(Ending::Done));
    lab.clock.advance(Duration::from_secs(60));
    let state = lab.resume(plan.id).unwrap();
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!((runs.decides.attempt, runs.succeeded()), (2, true));
    assert_eq!(lab.state(plan.id), state, "the journal says so too");
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::Done);
}

#[test]
fn cd_that_started_late_is_found_after_the_end() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.meddle(|w, _| w.repo.listen_to(CdTrigger::None));
    let state = lab.approve(&plan).unwrap();
    assert!(matches!(state.cd, Some(CdOutcome::NotStarted { .. })));
    lab.meddle(|w, now| w.repo.start("cd.yml", CdTrigger::Release, &plan.draft.tag, now));
    lab.clock.advance(Duration::from_secs(60));
    let state = lab.resume(plan.id).unwrap();
    assert!(matches!(&state.cd, Some(CdOutcome::Run(runs)) if runs.succeeded()), "{:?}", state.cd);
}

#[test]
fn a_run_that_filtered_lists_do_not_show_is_found_before_it_is_said_that_none_started() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.host.blind.store(true, Ordering::Relaxed);
    let state = lab.approve(&plan).unwrap();
    assert!(matches!(&state.cd, Some(CdOutcome::Run(runs)) if runs.succeeded()), "{:?}", state.cd);
}

#[test]
fn a_chain_that_does_not_go_on_is_no_success() {
    let mut rules = rules();
    rules.cd.chain = vec!["deploy.yml".to_owned()];
    let lab = Lab::of(lab::world(CdTrigger::Release), rules);
    let plan = lab.plan(CANDIDATE);
    let state = lab.approve(&plan).unwrap();
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!(runs.missing, ["deploy.yml"]);
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::CdFailed);
}

#[test]
fn a_host_that_stops_answering_pauses_the_watch_and_resuming_goes_on_with_the_same_run() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("cd_run", UNAVAILABLE);
    let state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some() && state.is_released());
    let seen = state.cd.clone();
    assert!(matches!(&seen, Some(CdOutcome::Run(run)) if !run.is_final()));
    lab.script.mend();
    lab.script.forget();
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let ids = |cd: &Option<CdOutcome>| match cd {
        Some(CdOutcome::Run(runs)) => runs.iter().map(|r| r.id).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(ids(&state.cd), ids(&seen));
}

#[test]
fn a_token_that_may_not_read_runs_pauses_after_everything_else_is_done_and_resume_looks_again() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("cd_runs", FORBIDDEN);
    let state = lab.approve(&plan).unwrap();
    assert!(state.is_released());
    assert_eq!(state.paused.as_ref().unwrap().0.kind, FailureKind::Forbidden);
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::Unfinished, "no failed release");
    lab.script.mend();
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::Done);
}

#[test]
fn approving_without_waiting_for_cd_comes_back_once_the_release_stands() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let state = now(lab.promoter.approve(plan.clone(), Until::Released, Watch::default())).unwrap();
    assert!(state.is_released() && !state.is_over() && state.paused.is_none());
    assert_eq!(lab.script.count("cd_runs"), 0);
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_dispatch_that_nobody_answered_is_looked_for_and_never_sent_again() {
    for (fault, started) in [(Fault::ReplyLost, true), (Fault::Lost, false)] {
        let lab = Lab::on(production(), CdTrigger::Dispatch);
        let plan = lab.plan(CANDIDATE);
        lab.script.fail_every("dispatch", fault);
        let state = lab.approve(&plan).unwrap();
        assert_eq!(state.phase, Phase::Ended(Ending::Done));
        assert_eq!(lab.script.count("dispatch"), 1);
        match (started, &state.cd, state.step(Step::Dispatch)) {
            (true, Some(CdOutcome::Run(_)), StepState::Done(_)) => {}
            // The journal does not claim that CD was started.
            (false, Some(CdOutcome::NotStarted { .. }), StepState::Unknown(failure)) => {
                assert_eq!(failure.reason, "the connection was lost");
            }
            other => panic!("{fault:?}: {other:?}"),
        }
    }
}

#[test]
fn a_dispatch_that_shows_only_while_cd_is_looked_for_is_known_to_have_been_taken() {
    let lab = Lab::on(production(), CdTrigger::Dispatch);
    let plan = lab.plan(CANDIDATE);
    // Not seen by any check around the dispatch, nor by the first search for the run.
    lab.script.lag(8);
    lab.script.fail_every("dispatch", Fault::ReplyLost);
    let mut state = lab.approve(&plan).unwrap();
    while !state.is_over() {
        state = lab.resume(plan.id).unwrap();
    }
    assert!(matches!(state.cd, Some(CdOutcome::Run(_))), "{:?}", state.cd);
    assert!(matches!(state.step(Step::Dispatch), StepState::Done(_)));
    assert_eq!(lab.script.count("dispatch"), 1);
}

#[test]
fn a_dispatch_that_died_with_the_process_is_not_sent_again() {
    let lab = Lab::on(production(), CdTrigger::Dispatch);
    let plan = lab.plan(CANDIDATE);
    let sent =
        3 + 2 * Step::sequence(&production(), CdTrigger::Dispatch).iter().position(|s| *s == Step::Dispatch).unwrap();
    lab.journals.die_at(Point::Before(sent));
    lab.approve(&plan).unwrap_err();
    assert_eq!(lab.script.count("dispatch"), 1);
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert!(matches!(state.cd, Some(CdOutcome::Run(_))));
    assert_eq!(lab.script.count("dispatch"), 1);
}

#[test]
fn a_refused_dispatch_is_asked_about_and_a_run_started_by_hand_will_do() {
    let lab = Lab::on(production(), CdTrigger::Dispatch);
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("dispatch", FORBIDDEN);
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.paused.as_ref().unwrap().0.kind, FailureKind::Forbidden);
    lab.meddle(|w, now| w.repo.dispatch("cd.yml", &plan.draft.tag, now).unwrap());
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert_eq!(lab.script.count("dispatch"), 1, "it was started already");
}
