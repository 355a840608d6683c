//! Promotions that write nothing to the registry: the decision lives in Git tag, release and record. What is in production,
//! and what was decided, is read from there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::Service;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::inbox::{all_waiting, production as in_production};
use signoff::domain::preflight::CheckState;
use signoff::domain::promotion::{Ending, Phase, SagaState, Until};
use signoff::domain::record::{Decision, DecisionMark, SignOff};
use signoff::domain::registry::PromotionTarget;
use signoff::ports::Clock as _;
use signoff::services::audit::log;
use signoff::services::decide::Decider;
use signoff::services::promote::Watch;
use signoff::services::{evidence, prepare, rollback};

use crate::doubles::FORBIDDEN;
use crate::lab::{CANDIDATE, CHURN, Lab, now};

/// The other candidate.
const RIVAL: VersionNumber = VersionNumber(41);

/// A reviewer who may only read the registry: it refuses every write.
fn lab() -> Lab {
    let lab = Lab::on(PromotionTarget::Release, CdTrigger::Release);
    reads_only(&lab);
    lab
}

fn reads_only(lab: &Lab) {
    lab.script.on_call(|call| (call.service == Service::Mlflow && call.entry.is_some()).then_some(FORBIDDEN));
}

fn churn() -> ModelName {
    ModelName::new(CHURN)
}

fn released(lab: &Lab, number: VersionNumber) -> SagaState {
    let state = lab.approve(&lab.plan(number)).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done), "{:?}", state.paused);
    lab.clock.advance(std::time::Duration::from_secs(60));
    state
}

/// What the registry is told: everything about the versions but who read them.
fn of_registry(world: &World) -> String {
    let versions: BTreeMap<_, _> = world.models[&churn()].versions.iter().collect();
    format!("{versions:?} {:?}", world.models[&churn()].aliases)
}

fn decide(lab: &Lab, decision: Decision) {
    let draft = now(prepare::decision(&lab.services, &churn(), CANDIDATE, decision)).unwrap();
    let decided = now(Decider::new(lab.services.clone()).decide(&draft, &SignOff::because("drifts"))).unwrap();
    assert!(decided.comment.is_some() && decided.notes.is_empty(), "{:?}", decided.notes);
}

#[test]
fn what_was_released_last_is_in_production_on_every_machine() {
    let lab = lab();
    let before = of_registry(&lab.world());
    let facts = now(evidence::facts(lab.services.registry.as_ref(), &PromotionTarget::Release, &churn(), CANDIDATE));
    assert_eq!(facts.unwrap().holders, [], "the demo's older releases carry no record");

    released(&lab, RIVAL);
    let plan = lab.plan(CANDIDATE);
    assert_eq!(plan.draft.facts.holders, [RIVAL]);
    assert_eq!(plan.draft.facts.baseline.as_ref().map(|b| b.version.number), Some(RIVAL));
    assert_eq!(plan.record.record.change.as_ref().unwrap().leaving, [RIVAL]);
    released(&lab, CANDIDATE);
    assert_eq!(of_registry(&lab.world()), before, "nothing was written");

    for reader in [&lab, &lab.colleague()] {
        let registry = &reader.services.registry;
        let held = now(registry.holders(&churn(), &PromotionTarget::Release)).unwrap();
        assert_eq!(held.iter().map(|v| v.number).collect::<Vec<_>>(), [CANDIDATE]);
        let model = now(registry.model(&churn())).unwrap();
        assert_eq!(in_production(&model, &PromotionTarget::Release), Some(CANDIDATE));
        let versions = now(registry.versions(&churn(), None)).unwrap().items;
        let waiting = all_waiting(&model, &versions, &PromotionTarget::Release);
        let numbers: Vec<_> = waiting.iter().map(|w| w.candidate.number).collect();
        assert!(!numbers.contains(&CANDIDATE) && !numbers.contains(&RIVAL), "{numbers:?}");
        let rival = versions.iter().find(|v| v.number == RIVAL).unwrap();
        assert_eq!(DecisionMark::on(rival).map(|m| m.decision), Some(Decision::Approve));
        // By the log as well.
        let log = now(log::read(&reader.services, Some(&churn())));
        assert_eq!(log.in_production[&churn()], [CANDIDATE]);
        assert_eq!(log.contradictions(), Vec::<String>::new());
    }
}

#[test]
fn a_version_that_was_replaced_can_be_rolled_back_to() {
    let lab = lab();
    released(&lab, RIVAL);
    released(&lab, CANDIDATE);
    let chosen = now(rollback::choose(&lab.services, &churn(), RIVAL)).unwrap();
    assert_eq!(chosen.tag.as_ref().map(ToString::to_string).as_deref(), Some("telco-churn-v41"));
    let refused = now(rollback::choose(&lab.services, &churn(), CANDIDATE)).unwrap_err();
    assert!(refused.reason.contains("v42 is in production (by release) now"), "{refused}");

    let preflight = now(prepare::promotion(&lab.services, &churn(), RIVAL, Decision::Rollback)).unwrap();
    assert!(preflight.may_confirm(), "{:?}", preflight.blocking().collect::<Vec<_>>());
    let draft = preflight.draft.unwrap();
    let plan = draft.sign(lab.clock.new_id(), lab.clock.now(), &SignOff::because("v42 drifts")).unwrap();
    assert_eq!(lab.approve(&plan).unwrap().phase, Phase::Ended(Ending::Done));
    assert_eq!(lab.holders(), [RIVAL]);
    let held = now(lab.services.registry.holders(&churn(), &PromotionTarget::Release)).unwrap();
    assert_eq!(held[0].number, RIVAL);
    assert_eq!(held[0].own_tag("tag"), Some("telco-churn-v41-r2"));
}

/// Another version with the number of the one that was released is not in production.
#[test]
fn a_version_made_again_is_not_what_was_released() {
    let lab = lab();
    released(&lab, CANDIDATE);
    lab.meddle(|world, at| {
        let version = world.models.get_mut(&churn()).unwrap().versions.get_mut(&CANDIDATE).unwrap();
        version.created_at = at;
    });
    let held = now(lab.services.registry.holders(&churn(), &PromotionTarget::Release)).unwrap();
    assert_eq!(held, []);
    lab.meddle(|world, _| drop(world.models.get_mut(&churn()).unwrap().versions.remove(&CANDIDATE)));
    let held = now(lab.services.registry.holders(&churn(), &PromotionTarget::Release)).unwrap();
    assert_eq!(held, []);
}

/// A release that nobody's record backs changes nothing.
#[test]
fn a_release_without_a_record_of_its_own_puts_nothing_into_production() {
    let lab = lab();
    released(&lab, CANDIDATE);
    lab.meddle(|world, at| {
        let ours = world.repo.releases.iter().find(|r| r.tag.as_str() == "telco-churn-v42").unwrap().clone();
        for (nth, change) in [(1, "telco-churn-v41"), (2, "telco-churn-v42-r2")] {
            let mut forged = ours.clone();
            (forged.id, forged.tag, forged.published_at) = (ours.id + 1_000 + nth, change.parse().unwrap(), Some(at));
            if nth == 1 {
                forged.assets.clear();
            }
            world.repo.releases.push(forged);
        }
    });
    let held = now(lab.services.registry.holders(&churn(), &PromotionTarget::Release)).unwrap();
    assert_eq!(held.iter().map(|v| v.number).collect::<Vec<_>>(), [CANDIDATE]);
    assert_eq!(held[0].own_tag("tag"), Some("telco-churn-v42"));
}

#[test]
fn a_rejection_stands_on_the_commit_and_everybody_is_told() {
    let lab = lab();
    let before = of_registry(&lab.world());
    decide(&lab, Decision::Reject);
    assert_eq!(of_registry(&lab.world()), before, "nothing was written");
    let version = now(lab.services.registry.version(&churn(), CANDIDATE)).unwrap();
    assert_eq!(DecisionMark::on(&version).map(|m| m.decision), Some(Decision::Reject));
    // Others are told by the comment.
    let other = lab.colleague();
    let found = now(prepare::promotion(&other.services, &churn(), CANDIDATE, Decision::Approve)).unwrap();
    let told = found.checks.iter().find(|c| c.title == "decision").unwrap();
    assert!(told.state == CheckState::Warn && told.detail.contains("v42 was rejected by"), "{told:?}");
    // Who decides all the same decides knowing it, and the release is in force then.
    other.clock.advance(std::time::Duration::from_secs(2));
    released(&other, CANDIDATE);
    let version = now(other.services.registry.version(&churn(), CANDIDATE)).unwrap();
    assert_eq!(DecisionMark::on(&version).map(|m| m.decision), Some(Decision::Approve));
}

#[test]
fn a_rejection_between_any_two_calls_stops_it_before_the_tag() {
    // The comment of somebody who rejects it.
    let twin = lab();
    decide(&twin.colleague(), Decision::Reject);
    let comment = twin.world().repo.comments.last().unwrap().clone();

    let calm = lab();
    calm.approve(&calm.plan(CANDIDATE)).unwrap();
    let log = calm.script.log();
    let cut = log.iter().position(|c| c.name == "create_tag_ref").unwrap();
    // The last guard reads the comments after everything else. Then there is the window of one round trip.
    for k in 0..cut {
        let lab = lab();
        let plan = lab.plan(CANDIDATE);
        let (store, done, comment) = (lab.store.clone(), AtomicBool::new(false), comment.clone());
        lab.script.before_call(move |call| {
            if call.n == k && !done.swap(true, Ordering::SeqCst) {
                let change = |w: &mut World| {
                    w.repo.comments.push(comment.clone());
                    Ok::<_, std::convert::Infallible>(())
                };
                store.change(change).unwrap().unwrap();
            }
        });
        let state = lab.approve(&plan).unwrap();
        assert!(!lab.world().repo.tags.contains_key(&plan.draft.tag), "call {k}: a tag was cut");
        let why = format!("{:?}", state.phase);
        assert!(why.contains("was rejected by") && why.contains("meanwhile"), "call {k}: {why}");
    }
}

#[test]
fn what_goes_to_production_meanwhile_stops_it_before_the_tag() {
    let first = lab();
    let second = first.colleague();
    let plan = first.plan(CANDIDATE);
    released(&second, RIVAL);
    let state = first.approve(&plan).unwrap();
    let why = format!("{:?}", state.phase);
    assert!(why.contains("what is in production was 'nothing' and is now 'v41'"), "{why}");
    assert!(!first.world().repo.tags.contains_key(&plan.draft.tag));
}

#[test]
fn a_plan_says_that_the_registry_stays_as_it_is_and_its_undo_needs_no_registry() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let lines: Vec<_> = plan.draft.lines().into_iter().map(|l| format!("{} {}", l.object, l.new)).collect();
    assert_eq!(lines[0], "MLflow nothing is written to the registry");
    lab.script.fail_first("create_tag_ref", FORBIDDEN);
    let state = now(lab.promoter.approve(plan.clone(), Until::CdEnded, Watch::default())).unwrap();
    assert!(matches!(state.phase, Phase::Ended(Ending::Undone { .. })), "{:?}", state.phase);
    assert_eq!(state.truth.iter().map(|t| t.what.as_str()).collect::<Vec<_>>(), ["live", "tag", "release"]);
}
