//! Pausing and resuming: unreachable servers, requested stops, and changed journals.

use signoff::cli::exit::Exit;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::{FailureKind, Service};
use signoff::domain::ids::PromotionId;
use signoff::domain::promotion::{Ending, Event, Next, Phase, Step};
use signoff::domain::promotion::{Progress, Until};
use signoff::ports::{Clock as _, JournalStore as _};
use signoff::present::{UNICODE, promotion};
use signoff::services::promote::Watch;
use tokio_util::sync::CancellationToken;

use crate::doubles::{Fault, Point, UNAVAILABLE};
use crate::lab::{CANDIDATE, HOLDER, Lab, now};
use crate::reviews::why_undone;

#[test]
fn a_host_that_goes_away_before_the_tag_leaves_the_version_where_it_was() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.on_call(|call| call.name.starts_with("create_").then_some(UNAVAILABLE));
    let state = lab.approve(&plan).unwrap();
    assert!(why_undone(&state).contains("create_tag_object"));
    assert_eq!(lab.script.count("create_tag_object"), 3);
    assert_eq!(lab.holders(), [HOLDER]);
}

#[test]
fn a_host_that_goes_away_after_the_tag_pauses_it_however_often_it_is_resumed() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.on_call(|call| (call.name == "create_release").then_some(UNAVAILABLE));
    let mut state = lab.approve(&plan).unwrap();
    for _ in 0..3 {
        let (failure, truth) = state.paused.clone().expect("it can only wait");
        assert_eq!((failure.kind, failure.service), (FailureKind::Unavailable, Service::Github));
        assert!(!failure.reason.is_empty());
        let release = truth.iter().find(|t| t.what == "release").unwrap();
        assert_eq!((release.is.as_str(), release.as_meant), ("no release", Some(false)));
        assert_eq!(state.next(), Next::Rest);
        state = lab.resume(plan.id).unwrap();
    }
    lab.script.mend();
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_tag_that_no_look_can_find_out_about_waits_for_the_server() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.on_call(|call| match call.name {
        "create_tag_ref" if call.nth == 0 => Some(Fault::ReplyLost),
        "tag" if call.nth > 0 => Some(UNAVAILABLE),
        _ => None,
    });
    let state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some() && state.may_be_cut() && !state.may_undo());
    assert_eq!(lab.holders(), [CANDIDATE]);
    lab.script.mend();
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
    assert_eq!(lab.script.count("create_tag_ref"), 1);
}

#[test]
fn the_registry_gone_after_the_release_is_linked_later() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.on_call(|call| (call.name == "set_version_tag" && call.nth > 2).then_some(UNAVAILABLE));
    let state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some() && !state.is_released());
    lab.script.mend();
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_stop_takes_effect_after_the_step_at_work_and_resuming_completes_it() {
    let mut stopped_at = Vec::new();
    for at in 0..60 {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        let stop = CancellationToken::new();
        let trigger = stop.clone();
        lab.script.before_call(move |call| {
            if call.n == at {
                trigger.cancel();
            }
        });
        let watch = Watch { stop, ..Watch::default() };
        let state = now(lab.promoter.approve(plan.clone(), Until::CdEnded, watch)).unwrap();
        if state.is_over() {
            continue;
        }
        let last = lab.journals.entries(plan.id).pop().unwrap().event;
        let settled = !matches!(last, Event::Started { step } if step != Step::Follow);
        assert!(settled, "stopped at call {at} in the middle of a step: {last:?}");
        assert!(state.paused.is_none());
        stopped_at.push(format!("{:?}", state.next()));
        assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done), "call {at}");
    }
    stopped_at.dedup();
    assert!(stopped_at.len() > 6, "{stopped_at:?}");
}

#[test]
fn a_stop_does_not_wait_for_a_patient_look() {
    let lab = Lab::on(crate::lab::production(), CdTrigger::Dispatch);
    let plan = lab.plan(CANDIDATE);
    let stop = CancellationToken::new();
    let trigger = stop.clone();
    lab.script.on_call(move |call| {
        // The first query is the one before the dispatch.
        if call.name == "cd_runs" && call.nth == 1 {
            trigger.cancel();
        }
        (call.name == "dispatch").then_some(Fault::Lost)
    });
    let before = lab.clock.now();
    let watch = Watch { stop, ..Watch::default() };
    let state = now(lab.promoter.approve(plan.clone(), Until::CdEnded, watch)).unwrap();
    assert_eq!(state.next(), Next::Probe(Step::Dispatch));
    assert!(lab.clock.now().duration_since(before).as_secs() < 5);
}

#[test]
fn a_stop_before_anything_began_leaves_only_the_decision() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let watch = Watch::default();
    watch.stop.cancel();
    let state = now(lab.promoter.approve(plan.clone(), Until::CdEnded, watch)).unwrap();
    assert_eq!((state.phase, lab.script.calls()), (Phase::Opened, 0));
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn resuming_what_has_ended_is_a_no_op() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.approve(&plan).unwrap();
    let (world, journal) = (lab.world(), lab.journals.entries(plan.id));
    lab.script.forget();
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
    // Only CD is looked at again: its runs can be started again.
    assert_eq!((lab.world(), lab.journals.entries(plan.id)), (world, journal));
    assert!(lab.script.log().iter().all(|call| call.entry.is_none()), "{:?}", lab.script.log());
}

#[test]
fn every_entry_is_told_after_it_is_on_disk_and_in_order() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let (progress, mut told) = tokio::sync::mpsc::unbounded_channel::<Progress>();
    let watch = Watch { progress: Some(progress), ..Watch::default() };
    now(lab.promoter.approve(plan.clone(), Until::CdEnded, watch)).unwrap();
    let mut seen = Vec::new();
    while let Ok(progress) = told.try_recv() {
        assert_eq!(progress.id, plan.id);
        seen.push(progress.entry);
    }
    assert_eq!(seen, lab.journals.entries(plan.id));
}

#[test]
fn a_promotion_that_is_driven_elsewhere_cannot_be_taken_over() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(4));
    lab.approve(&plan).unwrap_err();
    let _driver = now(lab.journals.open(plan.id)).unwrap();
    assert_eq!(lab.resume(plan.id).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(lab.undo(plan.id).unwrap_err().kind, FailureKind::Conflict);
}

#[test]
fn a_plan_cannot_be_carried_out_twice() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.approve(&plan).unwrap();
    lab.script.forget();
    assert_eq!(lab.approve(&plan).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(lab.script.calls(), 0);
}

#[test]
fn a_journal_without_its_first_entry_says_that_nothing_was_done() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::Before(0));
    lab.approve(&plan).unwrap_err();
    for failure in [lab.resume(plan.id).unwrap_err(), now(lab.promoter.state(plan.id)).unwrap_err()] {
        assert!(failure.reason.contains("nothing was written to any server"), "{failure}");
    }
    assert_eq!(lab.resume(PromotionId::from_uuid(uuid::Uuid::nil())).unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn a_disk_that_refuses_stops_everything_before_the_next_write() {
    for n in 0..19 {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.journals.die_at(Point::Before(n));
        let failure = lab.approve(&plan).unwrap_err();
        assert_eq!((failure.kind, failure.service), (FailureKind::Local, Service::Journal));
        let last = lab.script.log().iter().filter_map(|c| c.entry).max();
        assert!(last.is_none_or(|entry| entry < n as u64), "a write on the strength of entry {last:?} of {n}");
    }
}

#[test]
fn the_ending_tells_the_truth_of_its_own_moment() {
    // CD runs for an hour, while somebody moves the version.
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call| {
        if call.name == "cd_runs" && call.nth == 0 {
            let (model, at) =
                (signoff::domain::ids::ModelName::new(crate::lab::CHURN), "2026-11-23T10:00:00Z".parse().unwrap());
            let archive = signoff::domain::registry::Stage::Archived;
            store.change(|w| w.move_stage(&model, CANDIDATE, &archive, false, at)).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let stage = state.truth.iter().find(|t| t.what == "stage").unwrap();
    assert_eq!((stage.is.as_str(), stage.as_meant), ("nothing in Production", Some(false)));
    let headline = promotion::headline(&state, false, &UNICODE).plain().into_owned();
    let (why, _) = promotion::why(&state);
    for said in [headline, why.unwrap()] {
        assert!(said.contains("nothing in Production"), "{said}");
    }
    assert_eq!(Exit::of_promotion(&state, Until::CdEnded, false), Exit::Refused, "it is not in production");
}
