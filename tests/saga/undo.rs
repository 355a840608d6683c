//! Undo: possible until the tag may exist, limited to our own changes, and repeatable.

use signoff::adapters::demo::World;
use signoff::adapters::demo::github::TagObject;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::{FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::{Ending, Event, Phase, PromotionPlan, Step, StepState};
use signoff::domain::registry::{PromotionTarget, Stage};

use crate::doubles::{FORBIDDEN, Fault, Point, UNAVAILABLE};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, champion, production};
use crate::properties::Story;
use crate::reviews::why_undone;

/// A promotion that died with this many entries on disk.
fn dead_after(lab: &Lab, entries: usize) -> PromotionPlan {
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(entries - 1));
    lab.approve(&plan).unwrap_err();
    lab.journals.live_on();
    plan
}

/// Number of entries on disk when this step was just started.
fn started(step: Step) -> usize {
    3 + 2 * Step::sequence(&production(), CdTrigger::Release).iter().position(|s| *s == step).unwrap()
}

fn check_restored(lab: &Lab, plan: &PromotionPlan, before: &World) {
    let (after, journal) = (lab.world(), lab.journals.entries(plan.id));
    Story { before, after: &after, plan, journal: &journal, log: &lab.script.log() }.check_over().unwrap();
}

#[test]
fn an_undo_before_the_tag_restores_everything_wherever_it_died() {
    for target in [production(), champion()] {
        for entries in 1..started(Step::TagRef) {
            let lab = Lab::on(target.clone(), CdTrigger::Release);
            let before = lab.world();
            let plan = dead_after(&lab, entries);
            assert!(lab.state(plan.id).may_undo());
            let state = lab.undo(plan.id).unwrap();
            assert!(why_undone(&state).contains("undone at the request of rev1"), "{entries} entries");
            check_restored(&lab, &plan, &before);
        }
    }
}

#[test]
fn an_undo_after_the_tag_is_refused_and_changes_nothing() {
    for entries in started(Step::TagRef) + 1..=started(Step::Follow) {
        let lab = Lab::new();
        let plan = dead_after(&lab, entries);
        let (world, journal) = (lab.world(), lab.journals.entries(plan.id));
        assert!(!lab.state(plan.id).may_undo());
        let failure = lab.undo(plan.id).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Conflict);
        assert!(failure.hint.unwrap().contains("signoff resume"), "{entries} entries");
        assert_eq!(lab.world(), world);
        assert_eq!(lab.journals.entries(plan.id), journal);
        assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
    }
}

#[test]
fn where_the_fate_of_the_tag_is_unknown_an_undo_looks_first() {
    // It died right before the call, and right after it.
    for (point, cut) in [(Point::After(started(Step::TagRef) - 1), false), (Point::Before(started(Step::TagRef)), true)]
    {
        let lab = Lab::new();
        let before = lab.world();
        let plan = lab.plan(CANDIDATE);
        lab.journals.die_at(point);
        lab.approve(&plan).unwrap_err();
        lab.journals.live_on();
        assert_eq!(lab.world().repo.tags.contains_key(&plan.draft.tag), cut);
        let state = lab.state(plan.id);
        assert!(!state.may_undo() && state.is_tag_in_doubt());
        if cut {
            let failure = lab.undo(plan.id).unwrap_err();
            assert!(failure.reason.contains("its tag exists"), "{failure}");
            assert!(matches!(lab.state(plan.id).step(Step::TagRef), StepState::Done(_)), "the look is kept");
            assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
        } else {
            why_undone(&lab.undo(plan.id).unwrap());
            check_restored(&lab, &plan, &before);
        }
    }
}

#[test]
fn a_look_that_fails_pauses_the_undo_and_takes_nothing_back() {
    let lab = Lab::new();
    let plan = dead_after(&lab, started(Step::TagRef));
    lab.script.take_down(Service::Github);
    let state = lab.undo(plan.id).unwrap();
    let (failure, truth) = state.paused.clone().expect("nobody knows");
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(truth.iter().filter(|t| t.as_meant.is_none()).count(), 2, "{truth:?}");
    assert_eq!(lab.holders(), [CANDIDATE]);
    // A second attempt, with the server back, decides.
    lab.script.mend();
    why_undone(&lab.undo(plan.id).unwrap());
    assert_eq!(lab.holders(), [HOLDER]);
}

#[test]
fn a_look_at_an_earlier_moment_does_not_allow_an_undo_later() {
    // It paused with no visible tag; by the time of the undo the tag is there.
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("create_tag_ref", Fault::Lost);
    let state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some() && !state.may_undo());
    lab.script.mend();
    cut_late(&lab, &plan);
    assert_eq!(lab.undo(plan.id).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn the_look_of_a_process_that_died_is_too_old_to_undo_by() {
    // It checked, saw no tag, and died. The tag appeared later.
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("create_tag_ref", Fault::Lost);
    lab.journals.die_at(Point::After(started(Step::TagRef) + 1));
    lab.approve(&plan).unwrap_err();
    lab.journals.live_on();
    lab.script.mend();
    let last = lab.journals.entries(plan.id).pop().unwrap().event;
    assert!(matches!(last, Event::Probed { step: Step::TagRef, .. }), "{last:?}");
    cut_late(&lab, &plan);
    assert_eq!(lab.undo(plan.id).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(lab.holders(), [CANDIDATE]);
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

/// A request that was given up takes effect after all.
fn cut_late(lab: &Lab, plan: &PromotionPlan) {
    lab.meddle(|w, now| {
        let object = w.repo.tag_objects.iter().find(|(_, o)| o.message == plan.tag_message).unwrap().0.clone();
        w.repo.create_tag_ref(&plan.draft.tag, &object, now).unwrap();
    });
}

#[test]
fn a_move_that_takes_effect_after_it_was_given_up_is_taken_back_too() {
    // The first attempt is lost; while the second is refused, the first takes effect.
    let lab = Lab::new();
    let before = lab.world();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.on_call(move |call| match (call.name, call.nth) {
        ("move_stage", 0) => Some(Fault::Lost),
        ("move_stage", 1) => {
            let (model, at) = (ModelName::new(CHURN), "2026-11-23T09:00:09Z".parse().unwrap());
            store.change(|w| w.move_stage(&model, CANDIDATE, &Stage::Production, true, at)).unwrap().unwrap();
            Some(FORBIDDEN)
        }
        _ => None,
    });
    let state = lab.approve(&plan).unwrap();
    assert!(why_undone(&state).contains("the double says Forbidden"), "{}", why_undone(&state));
    check_restored(&lab, &plan, &before);
}

#[test]
fn the_target_is_left_to_a_colleague_who_is_promoting_the_same_version() {
    // Theirs may be only the mark, or the tag under our mark.
    for tagged in [false, true] {
        let lab = Lab::new();
        let plan = dead_after(&lab, started(Step::TagRef) - 1);
        let theirs = PromotionPlan { id: signoff::ports::Clock::new_id(&*lab.clock), ..plan.clone() };
        lab.meddle(|w, now| {
            if tagged {
                let message = plan.tag_message.replace(&plan.id.to_string(), &theirs.id.to_string());
                let object = w.repo.tag_objects.values().find(|o| o.message == plan.tag_message).unwrap().clone();
                let id = w.repo.create_tag_object(TagObject { message, ..object }).unwrap();
                w.repo.create_tag_ref(&plan.draft.tag, &id, now).unwrap();
            } else {
                let mark = theirs.mark_promoting();
                w.set_version_tag(&ModelName::new(CHURN), CANDIDATE, "signoff.promotion", &mark).unwrap();
            }
        });
        let state = lab.undo(plan.id).unwrap();
        assert_eq!(lab.holders(), [CANDIDATE], "tagged: {tagged}");
        let StepState::Undone(note) = state.step(Step::Move) else { panic!("{:?}", state.step(Step::Move)) };
        assert!(note.contains("Production is left to it"), "{note}");
        // The ending does not claim that the target was restored: released by another promotion, it is meant to be there.
        let stage = state.truth.iter().find(|t| t.what == "stage").unwrap();
        assert_eq!((stage.is.as_str(), stage.as_meant), ("v42 in Production", Some(tagged)));
        assert_eq!(matches!(state.phase, Phase::Ended(Ending::Superseded { .. })), tagged, "{:?}", state.phase);
    }
}

#[test]
fn the_hosts_word_that_the_tag_is_there_outweighs_a_look_that_does_not_show_it() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.lag(30);
    assert!(lab.approve(&plan).unwrap().paused.is_some());
    for _ in 0..2 {
        let failure = lab.undo(plan.id).unwrap_err();
        assert_eq!(failure.reason, "GitHub reported that the tag exists, but does not show it");
        assert_eq!(lab.holders(), [CANDIDATE]);
    }
    while !lab.resume(plan.id).unwrap().is_over() {}
    assert_eq!(lab.state(plan.id).phase, Phase::Ended(Ending::Done));
}

#[test]
fn an_undo_whose_own_write_is_lost_reads_and_tries_again() {
    for target in [production(), champion()] {
        for fault in [Fault::Lost, Fault::ReplyLost, UNAVAILABLE] {
            let mut at = 0;
            loop {
                let lab = Lab::on(target.clone(), CdTrigger::Release);
                let before = lab.world();
                let plan = dead_after(&lab, started(Step::TagRef) - 1);
                let earlier = lab.script.log();
                lab.script.forget();
                lab.script.fail_at(at, fault);
                let mut state = lab.undo(plan.id).unwrap();
                if lab.script.calls() <= at {
                    break;
                }
                // Nothing is undone while the tag cannot be looked for; it is then asked for again.
                if state.paused.is_some() {
                    state = lab.undo(plan.id).unwrap();
                }
                why_undone(&state);
                let (after, journal) = (lab.world(), lab.journals.entries(plan.id));
                let log = [earlier, lab.script.log()].concat();
                let story = Story { before: &before, after: &after, plan: &plan, journal: &journal, log: &log };
                story.check_over().unwrap_or_else(|e| panic!("{target}: {fault:?} at {at}: {e}"));
                at += 1;
            }
            assert!(at > 6, "an undo makes more than {at} calls");
        }
    }
}

#[test]
fn an_undo_that_is_refused_pauses_and_goes_on_when_asked_again() {
    let lab = Lab::new();
    let before = lab.world();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    lab.script.fail_every("move_stage", FORBIDDEN);
    let state = lab.undo(plan.id).unwrap();
    let (failure, truth) = state.paused.clone().expect("it cannot be taken back now");
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(matches!(state.phase, Phase::Backward { .. }));
    let stage = truth.iter().find(|t| t.what == "stage").unwrap();
    assert_eq!((stage.is.as_str(), stage.as_meant), ("v42 in Production", Some(false)));
    // Undo and resume now do the same: there is only one way left.
    assert!(lab.undo(plan.id).unwrap().paused.is_some());
    assert!(lab.resume(plan.id).unwrap().paused.is_some());
    lab.script.mend();
    why_undone(&lab.resume(plan.id).unwrap());
    check_restored(&lab, &plan, &before);
}

#[test]
fn a_server_that_is_down_for_long_pauses_the_way_back_too() {
    let lab = Lab::new();
    let before = lab.world();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    lab.script.take_down(Service::Mlflow);
    assert!(lab.undo(plan.id).unwrap().paused.is_some());
    let tries = lab.journals.entries(plan.id).iter().filter(|e| matches!(e.event, Event::UndoStarted { .. })).count();
    assert_eq!(tries, 3);
    lab.script.mend();
    why_undone(&lab.undo(plan.id).unwrap());
    check_restored(&lab, &plan, &before);
}

#[test]
fn an_undo_touches_only_what_is_still_ours() {
    let model = ModelName::new(CHURN);
    // Somebody put a newer version into production: ours is moved out, the old one stays archived.
    let lab = Lab::new();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    let newer = VersionNumber(41);
    lab.meddle(|w, now| w.move_stage(&model, newer, &Stage::Production, true, now).unwrap());
    let state = lab.undo(plan.id).unwrap();
    assert_eq!(lab.holders(), [newer]);
    let StepState::Undone(note) = state.step(Step::Move) else { panic!("{:?}", state.step(Step::Move)) };
    assert_eq!(note, "v42 is in Archived already; v41 holds Production now: the old holders stay archived");
    // The old production version was moved on purpose.
    let lab = Lab::new();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    lab.meddle(|w, now| w.move_stage(&model, HOLDER, &Stage::Staging, false, now).unwrap());
    let state = lab.undo(plan.id).unwrap();
    let StepState::Undone(note) = state.step(Step::Move) else { panic!("{:?}", state.step(Step::Move)) };
    assert_eq!(note, "v42 is back in Staging; v39 was moved by somebody: left alone");
    let stage = state.truth.iter().find(|t| t.what == "stage").unwrap();
    assert_eq!((stage.is.as_str(), stage.as_meant), ("nothing in Production", Some(false)));
    // The alias points elsewhere by now.
    let lab = Lab::on(champion(), CdTrigger::Release);
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    lab.meddle(|w, _| w.set_alias(&model, "champion", newer).unwrap());
    lab.undo(plan.id).unwrap();
    assert_eq!(lab.holders(), [newer]);
}

#[test]
fn an_alias_that_was_not_there_before_is_gone_after_an_undo() {
    let lab = Lab::on(PromotionTarget::Alias("live".into()), CdTrigger::Release);
    let before = lab.world();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    assert_eq!(lab.holders(), [CANDIDATE]);
    lab.undo(plan.id).unwrap();
    assert_eq!(lab.holders(), []);
    check_restored(&lab, &plan, &before);
}

#[test]
fn several_holders_all_come_back() {
    let lab = Lab::new();
    lab.meddle(|w, now| {
        w.move_stage(&ModelName::new(CHURN), VersionNumber(40), &Stage::Production, false, now).unwrap()
    });
    let before = lab.world();
    let plan = dead_after(&lab, started(Step::TagRef) - 1);
    assert_eq!(lab.holders(), [CANDIDATE]);
    lab.undo(plan.id).unwrap();
    assert_eq!(lab.holders(), [HOLDER, VersionNumber(40)]);
    check_restored(&lab, &plan, &before);
}

#[test]
fn what_has_ended_cannot_be_undone() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.approve(&plan).unwrap();
    let journal = lab.journals.entries(plan.id);
    let failure = lab.undo(plan.id).unwrap_err();
    assert!(failure.reason.contains("ended already"), "{failure}");
    assert_eq!(lab.journals.entries(plan.id), journal);
}

#[test]
fn an_undo_of_a_refused_promotion_only_closes_it() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.meddle(|w, now| w.move_stage(&ModelName::new(CHURN), CANDIDATE, &Stage::Archived, false, now).unwrap());
    lab.journals.die_at(Point::After(1));
    lab.approve(&plan).unwrap_err();
    assert!(matches!(lab.undo(plan.id).unwrap().phase, Phase::Ended(Ending::Refused { .. })));
}
