//! The alias that puts a version forward is taken off it once it is released.

use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::{Ending, Phase, Receipt, Step, StepState};
use signoff::domain::registry::PromotionTarget;
use signoff::domain::rules::Rules;
use signoff::present::promotion::receipt;

use crate::doubles::{Call, FORBIDDEN};
use crate::exhaustive::{Course, Depth};
use crate::lab::{CANDIDATE, CHURN, Lab, champion, production, world};
use crate::support::rules::rules_for;

const CHALLENGER: &str = "challenger";

fn churn() -> ModelName {
    ModelName::new(CHURN)
}

fn on(world: &mut World, number: VersionNumber) {
    world.set_alias(&churn(), CHALLENGER, number).unwrap();
}

/// A world in which training put the candidate forward, and a target that looks for that.
fn parts(target: PromotionTarget) -> (World, Rules) {
    let mut world = world(CdTrigger::Release);
    on(&mut world, CANDIDATE);
    (world, Rules { candidate_alias: Some(CHALLENGER.to_owned()), ..rules_for(target, CdTrigger::Release) })
}

fn lab() -> Lab {
    let (world, rules) = parts(champion());
    Lab::of(world, rules)
}

fn challenger(lab: &Lab) -> Option<VersionNumber> {
    lab.world().models[&churn()].aliases.get(CHALLENGER).copied()
}

#[test]
fn the_alias_is_cleared_after_the_release_whatever_fails() {
    for target in [champion(), production()] {
        let (world, rules) = parts(target);
        let tally = Course::from(world, rules, Depth::Short).run();
        assert!(tally.done > 1000 && tally.undone > 50 && tally.refused > 10, "{tally:?}");
    }
}

#[test]
fn only_a_version_that_carries_the_alias_has_the_step() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let line = plan.draft.lines().into_iter().find(|l| l.subject == "@challenger").unwrap();
    assert_eq!((line.old.as_str(), line.new.as_str(), line.irreversible), ("v42", "none", true));
    lab.meddle(|world, _| on(world, VersionNumber(41)));
    let without = lab.plan(CANDIDATE);
    assert!(!without.draft.steps().contains(&Step::Clear) && without.draft.clears.is_none());
    // Nor has one of a target that names no such alias.
    let (world, rules) = parts(champion());
    let unnamed = Lab::of(world, Rules { candidate_alias: None, ..rules });
    assert!(unnamed.plan(CANDIDATE).draft.clears.is_none());
    assert_eq!(unnamed.approve(&unnamed.plan(CANDIDATE)).unwrap().phase, Phase::Ended(Ending::Done));
    assert_eq!(challenger(&unnamed), Some(CANDIDATE));
}

#[test]
fn an_alias_that_somebody_gave_to_another_version_meanwhile_stays_there() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call: Call| {
        if call.name == "publish_release" {
            let change = |w: &mut World| {
                on(w, VersionNumber(41));
                Ok::<_, std::convert::Infallible>(())
            };
            store.change(change).unwrap().unwrap();
        }
    });
    assert_eq!(lab.approve(&plan).unwrap().phase, Phase::Ended(Ending::Done));
    assert_eq!(challenger(&lab), Some(VersionNumber(41)));
    assert_eq!(lab.script.count("delete_alias"), 0);
}

#[test]
fn who_may_not_clear_it_has_released_all_the_same_and_is_told() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("delete_alias", FORBIDDEN);
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let StepState::Done(left @ Receipt::Uncleared { .. }) = state.step(Step::Clear) else {
        panic!("{:?}", state.steps)
    };
    assert!(receipt(left, &plan.draft).starts_with("@challenger is still on v42: "), "{left:?}");
    assert_eq!(challenger(&lab), Some(CANDIDATE));
}
