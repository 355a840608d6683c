//! Writes that take effect after the program gave them up or died: within the time they are waited for nothing is left
//! behind, and later it is noticed and can be taken back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::ids::ModelName;
use signoff::domain::preflight::CheckState;
use signoff::domain::promotion::plan::live_promotion;
use signoff::domain::promotion::{Ending, Event, Phase, PromotionPlan, SagaState, Step};
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::ports::Clock as _;
use signoff::present::promotion::{PromotionState, why};
use signoff::services::prepare;

use crate::doubles::{Call, Fault, Point};
use crate::lab::{CANDIDATE, CHURN, Lab, champion, now, production};
use crate::properties::Story;

/// The writes up to the tag.
const STEPS: [(Step, &str); 3] =
    [(Step::Mark, "set_version_tag"), (Step::Move, "move_stage"), (Step::TagRef, "create_tag_ref")];

fn steps(target: &PromotionTarget) -> impl Iterator<Item = (Step, &'static str)> {
    let of_plan = Step::sequence(target, CdTrigger::Release);
    STEPS.into_iter().filter(move |(step, _)| of_plan.contains(step))
}

/// Delays within what is waited for on both servers, and beyond it.
const SOON: [i64; 5] = [0, 1, 5, 14, 28];
const TOO_LATE: [i64; 3] = [200, 4_000, 40_000];

/// Requests on their way, with the time of their arrival.
#[derive(Clone, Default)]
struct OnTheirWay(Arc<Mutex<Vec<(Timestamp, Step)>>>);

fn apply(world: &mut World, step: Step, plan: &PromotionPlan, at: Timestamp) {
    let (model, draft) = (ModelName::new(CHURN), &plan.draft);
    match (step, &draft.promote_to) {
        (Step::Mark, _) => {
            world.set_version_tag(&model, CANDIDATE, "signoff.promotion", &plan.mark_promoting()).unwrap();
        }
        (Step::Move, PromotionTarget::Stage(_)) => {
            world.move_stage(&model, CANDIDATE, &Stage::Production, true, at).unwrap();
        }
        (Step::Move, PromotionTarget::Alias(alias)) => world.set_alias(&model, alias, CANDIDATE).unwrap(),
        _ => {
            let object = world.repo.tag_objects.iter().find(|(_, o)| o.message == plan.tag_message).unwrap().0.clone();
            // Refused if the name is taken by then.
            let _ = world.repo.create_tag_ref(&draft.tag, &object, at);
        }
    }
}

impl OnTheirWay {
    /// The first `times` writes of this step get no answer, and arrive `after_s` seconds later.
    fn delay(&self, lab: &Lab, plan: &PromotionPlan, step: Step, name: &'static str, after_s: i64, times: usize) {
        let (way, clock) = (self.0.clone(), lab.clock.clone());
        let alias = matches!(plan.draft.promote_to, PromotionTarget::Alias(_));
        let name = if step == Step::Move && alias { "set_alias" } else { name };
        let mut on = false;
        let mut over = false;
        lab.script.on_call(move |call: Call| {
            let hit = call.name == name && call.nth < times && !over;
            // Later writes of the same kind belong to other steps.
            over |= on && call.entry.is_some() && call.name != name;
            on |= hit;
            hit.then(|| {
                way.lock().unwrap().push((clock.now() + SignedDuration::from_secs(after_s), step));
                Fault::Lost
            })
        });
        self.arrive_in_time(lab, plan);
    }

    /// Whatever is due arrives before the next call.
    fn arrive_in_time(&self, lab: &Lab, plan: &PromotionPlan) {
        let (way, clock, store, plan) = (self.clone(), lab.clock.clone(), lab.store.clone(), plan.clone());
        lab.script.before_call(move |_| {
            let at = clock.now();
            let change = |w: &mut _| {
                way.arrive(w, &plan, at);
                Ok::<_, std::convert::Infallible>(())
            };
            store.change(change).unwrap().unwrap();
        });
    }

    fn arrive(&self, world: &mut World, plan: &PromotionPlan, at: Timestamp) {
        self.0.lock().unwrap().retain(|(due, step)| {
            if *due <= at {
                apply(world, *step, plan, at);
            }
            *due > at
        });
    }

    /// Days pass.
    fn arrive_all(&self, lab: &Lab, plan: &PromotionPlan, after: Duration) {
        lab.clock.advance(after);
        lab.meddle(|w, at| self.arrive(w, plan, at));
    }
}

fn mark(lab: &Lab) -> Option<String> {
    lab.world().version(&ModelName::new(CHURN), CANDIDATE).unwrap().tags.get("signoff.promotion").cloned()
}

/// The end matches the servers, whatever came late.
fn check(lab: &Lab, plan: &PromotionPlan, before: &World, what: &str) {
    let (after, journal, log) = (lab.world(), lab.journals.entries(plan.id), lab.script.log());
    let story = Story { before, after: &after, plan, journal: &journal, log: &log };
    // Writes sent by the process that died are not in this log's journal order; everything else is.
    story.check_over().unwrap_or_else(|e| {
        let events: Vec<_> = journal.iter().skip(1).map(|e| format!("{} {:?}", e.at, e.event)).collect();
        panic!("{what}: {e}\n{}", events.join("\n"));
    });
}

/// One write without an answer; the program dies right after sending it, or goes on.
fn story(
    target: &PromotionTarget,
    (step, name): (Step, &'static str),
    after_s: i64,
    dies: bool,
) -> (Lab, PromotionPlan, OnTheirWay, World) {
    let lab = Lab::on(target.clone(), CdTrigger::Release);
    let before = lab.world();
    let plan = lab.plan(CANDIDATE);
    let way = OnTheirWay::default();
    way.delay(&lab, &plan, step, name, after_s, if dies { 1 } else { 3 });
    if dies {
        let started = 3 + 2 * Step::sequence(target, CdTrigger::Release).iter().position(|s| *s == step).unwrap();
        lab.journals.die_at(Point::Before(started));
        lab.approve(&plan).unwrap_err();
        lab.journals.live_on();
        lab.script.on_call(|_| None);
    }
    (lab, plan, way, before)
}

#[test]
fn a_write_that_arrives_while_it_is_waited_for_leaves_no_trace_that_the_journal_does_not_tell() {
    let (mut undone, mut done) = (0, 0);
    for target in [production(), champion(), PromotionTarget::Release] {
        for step in steps(&target) {
            for after_s in SOON {
                for (dies, undo) in [(true, true), (true, false), (false, false)] {
                    let what = format!("{target}, {step:?} {after_s} s late, dies: {dies}, undo: {undo}");
                    let (lab, plan, way, before) = story(&target, step, after_s, dies);
                    let mut state = match (dies, undo) {
                        (true, true) => match lab.undo(plan.id) {
                            Ok(state) => state,
                            Err(failure) => {
                                assert!(failure.reason.contains("its tag exists"), "{what}: {failure}");
                                lab.resume(plan.id).unwrap()
                            }
                        },
                        (true, false) => lab.resume(plan.id).unwrap(),
                        (false, _) => lab.approve(&plan).unwrap(),
                    };
                    if state.paused.is_some() {
                        lab.script.on_call(|_| None);
                        state = lab.resume(plan.id).unwrap();
                    }
                    way.arrive_all(&lab, &plan, Duration::from_secs(100_000));
                    check(&lab, &plan, &before, &what);
                    match state.phase {
                        Phase::Ended(Ending::Done) => done += 1,
                        _ => undone += 1,
                    }
                }
            }
        }
    }
    // Two targets, two steps and five delays are undone; everything else goes forward.
    assert_eq!((undone, done), (20, 85));
}

#[test]
fn a_write_that_was_never_answered_is_an_end_of_its_own_and_looked_at_again() {
    for target in [production(), champion(), PromotionTarget::Release] {
        for (step, name) in steps(&target) {
            for after_s in TOO_LATE {
                let what = format!("{target}, {step:?} {after_s} s late");
                let (lab, plan, way, before) = story(&target, (step, name), after_s, true);
                let started = lab.clock.now();
                let state = lab.undo(plan.id).unwrap();
                let waited = lab.clock.now().duration_since(started).as_secs();
                assert!((25..=70).contains(&waited), "{what}: waited {waited} s");
                assert_eq!(PromotionState::of(&state, false), PromotionState::Unanswered, "{what}: {:?}", state.phase);
                let (said, hint) = why(&state);
                assert!(said.unwrap().contains(&format!("'{step}' asked for at 09:00:0")), "{what}");
                assert!(hint.unwrap().contains("signoff undo"), "{what}");
                check(&lab, &plan, &before, &what);
                // Nothing there yet: asked again, nothing changes.
                let entries = lab.journals.len(plan.id);
                assert_eq!(lab.undo(plan.id).unwrap().phase, state.phase, "{what}");
                now(lab.promoter.look_again()).unwrap();
                assert_eq!(lab.journals.len(plan.id), entries, "{what}");
                // Then it arrives.
                way.arrive_all(&lab, &plan, Duration::from_secs(after_s.unsigned_abs()));
                now(lab.promoter.look_again()).unwrap();
                let state = lab.state(plan.id);
                assert_eq!(PromotionState::of(&state, false), PromotionState::Paused, "{what}");
                let (failure, _) = state.paused.clone().unwrap();
                assert!(failure.reason.contains("took effect after it was undone"), "{what}: {failure}");
                if step == Step::TagRef {
                    assert!(lab.undo(plan.id).unwrap_err().reason.contains("its tag exists"), "{what}");
                    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done), "{what}");
                } else {
                    let state = lab.undo(plan.id).unwrap();
                    assert_eq!(PromotionState::of(&state, false), PromotionState::Undone, "{what}");
                }
                check(&lab, &plan, &before, &what);
            }
        }
    }
}

#[test]
fn the_undo_that_starts_by_itself_waits_and_looks_after_too() {
    // Three writes without an answer; the last one arrives while the first undo is over already.
    for (step, name) in [STEPS[0], STEPS[1]] {
        for (after_s, end) in [(40, PromotionState::Undone), (4_000, PromotionState::Unanswered)] {
            let (lab, plan, way, before) = story(&production(), (step, name), after_s, false);
            let state = lab.approve(&plan).unwrap();
            let seen = PromotionState::of(&state, false);
            // A write that arrives before it is given up for the third time is no reason to undo anything.
            assert!(seen == end || seen == PromotionState::Done, "{step:?} {after_s} s: {:?}", state.phase);
            if seen == PromotionState::Unanswered {
                way.arrive_all(&lab, &plan, Duration::from_secs(5_000));
                now(lab.promoter.look_again()).unwrap();
                lab.undo(plan.id).unwrap();
            }
            check(&lab, &plan, &before, &format!("{step:?} {after_s} s"));
        }
    }
}

#[test]
fn a_mark_whose_promotion_has_ended_does_not_block_the_version() {
    let (lab, plan, way, _) = story(&production(), STEPS[0], 40_000, true);
    lab.undo(plan.id).unwrap();
    way.arrive_all(&lab, &plan, Duration::from_secs(40_001));
    assert_eq!(mark(&lab).as_deref().and_then(live_promotion).map(|(id, _)| id), Some(plan.id));
    let found = now(prepare::promotion(
        &lab.services,
        &ModelName::new(CHURN),
        CANDIDATE,
        signoff::domain::record::Decision::Approve,
    ))
    .unwrap();
    assert!(found.may_confirm(), "{:?}", found.blocking().collect::<Vec<_>>());
    let told =
        found.checks.iter().any(|c| c.state == CheckState::Warn && c.detail.contains("it has ended: it is replaced"));
    assert!(told, "{:?}", found.checks);
    // Elsewhere nobody knows that it has ended, and is told how to take it over.
    let other = lab.colleague();
    let found = now(prepare::promotion(
        &other.services,
        &ModelName::new(CHURN),
        CANDIDATE,
        signoff::domain::record::Decision::Approve,
    ))
    .unwrap();
    let blocked = found.blocking().find(|c| c.title == "promotion").unwrap();
    assert!(blocked.hint.as_ref().unwrap().contains("delete the tag 'signoff.promotion'"), "{blocked:?}");
    // Approving again replaces it, and undoing that does not put it back.
    lab.script.mend();
    let again = lab.plan(CANDIDATE);
    lab.script.fail_every("create_tag_ref", crate::doubles::FORBIDDEN);
    let state: SagaState = lab.approve(&again).unwrap();
    assert!(matches!(state.phase, Phase::Ended(Ending::Undone { .. })), "{:?}", state.phase);
    assert_eq!(mark(&lab), None);
}

#[test]
fn a_token_that_loses_the_repository_undoes_nothing_and_says_so() {
    // The tag is cut, its answer lost, and then everything in the repository is hidden, from any call on.
    let calm = Lab::new();
    let plan = calm.plan(CANDIDATE);
    calm.approve(&plan).unwrap();
    let calls = calm.script.calls();
    let cut = calm.script.log().iter().position(|c| c.name == "create_tag_ref").unwrap();
    for lost_at in cut + 1..calls {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.script.on_call(move |call| {
            let hidden = call.n >= lost_at && call.service == signoff::domain::failure::Service::Github;
            match call.name {
                "create_tag_ref" => Some(Fault::ReplyLost),
                "whoami" => None,
                _ => hidden.then_some(crate::doubles::FORBIDDEN),
            }
        });
        let state = lab.approve(&plan).unwrap();
        if state.is_over() {
            continue;
        }
        for _ in 0..2 {
            // Nothing is said about what cannot be seen.
            match lab.undo(plan.id) {
                Ok(state) => assert!(state.paused.is_some(), "call {lost_at}: {:?}", state.phase),
                Err(failure) => assert!(
                    failure.reason.contains("its tag exists") || failure.reason.contains("Forbidden"),
                    "{failure}"
                ),
            }
            assert_eq!(lab.holders(), [CANDIDATE], "call {lost_at}: the tag stands, so the version stays");
        }
        let undone = lab.journals.entries(plan.id).iter().any(|e| matches!(e.event, Event::UndoStarted { .. }));
        assert!(!undone, "call {lost_at}");
        lab.script.mend();
        assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done), "call {lost_at}");
    }
}

/// The undo's own request, lost on its way: another one undoes the step, and the first may still be carried out.
#[test]
fn an_undo_that_was_never_answered_is_an_end_of_its_own_too() {
    for (target, name) in [(production(), "move_stage"), (champion(), "set_alias")] {
        for (lost, fault, times) in [(true, Fault::Lost, 1), (true, Fault::Lost, 2), (false, Fault::ReplyLost, 1)] {
            let what = format!("{target}, {fault:?} {times} times");
            let lab = Lab::on(target.clone(), CdTrigger::Release);
            let plan = lab.plan(CANDIDATE);
            let before = lab.world();
            // Undone because the tag is refused; then the first requests to move the version back get no answer.
            let mut refused = false;
            let mut left = times;
            lab.script.on_call(move |call: Call| {
                refused |= call.name == "create_tag_object";
                match (refused, call.name) {
                    (true, "create_tag_object") => Some(crate::doubles::FORBIDDEN),
                    (true, called) if called == name && left > 0 => {
                        left -= 1;
                        Some(fault)
                    }
                    _ => None,
                }
            });
            let started = lab.clock.now();
            let state = lab.approve(&plan).unwrap();
            let waited = lab.clock.now().duration_since(started).as_secs();
            assert!(matches!(state.phase, Phase::Ended(Ending::Undone { .. })), "{what}: {:?}", state.phase);
            assert_ne!(lab.holders(), [CANDIDATE], "{what}");
            // In a stage the version goes back first and the former holder after it, so the answer to the first is told
            // by nothing that the second leaves behind.
            let seen = !lost && name == "set_alias";
            let wanted = if seen { PromotionState::Undone } else { PromotionState::Unanswered };
            assert_eq!(PromotionState::of(&state, false), wanted, "{what}: {:?}", state.unanswered());
            assert_eq!(PromotionState::of(&lab.state(plan.id), false), wanted, "{what}: as the journal tells");
            if seen {
                continue;
            }
            assert!((25..=70).contains(&waited), "{what}: waited {waited} s");
            let (said, hint) = why(&state);
            assert!(
                said.as_ref().unwrap().contains("but the undo of the step 'move target' asked for at 09:00:"),
                "{said:?}"
            );
            let once_more = format!("takes {CANDIDATE} out of");
            assert!(hint.as_ref().unwrap().contains(&once_more), "{hint:?}");
            check(&lab, &plan, &before, &what);
            // It stays so, and whoever approves the version anew is told.
            let entries = lab.journals.len(plan.id);
            now(lab.promoter.look_again()).unwrap();
            assert_eq!(lab.undo(plan.id).unwrap().phase, state.phase, "{what}");
            assert_eq!(lab.journals.len(plan.id), entries, "{what}");
            lab.script.mend();
            let found = now(prepare::promotion(
                &lab.services,
                &ModelName::new(CHURN),
                CANDIDATE,
                signoff::domain::record::Decision::Approve,
            ))
            .unwrap();
            let told =
                found.checks.iter().any(|c| c.state == CheckState::Warn && c.detail.contains("the undo of the step"));
            assert!(told && found.may_confirm(), "{what}: {:?}", found.checks);
        }
    }
}
