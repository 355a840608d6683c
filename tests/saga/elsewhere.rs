//! Promotions from one workspace to another: the candidate is here, production is there, and CD copies it.

use std::sync::Arc;

use signoff::adapters::demo::{Latency, Store, World, open};
use signoff::domain::cd::CdTrigger;
use signoff::domain::elsewhere::{Arrival, NameThere};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::inbox::all_waiting;
use signoff::domain::promotion::{Ending, Phase, Receipt, Step, StepState, Until};
use signoff::domain::registry::PromotionTarget;
use signoff::domain::rules::Rules;
use signoff::ports::{Clock, OtherTarget};
use signoff::present::promotion::not_deployed;
use signoff::services::promote::Watch;

use crate::doubles::Call;
use crate::exhaustive::{Course, Depth};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, champion, now, world};
use crate::support::rules::rules_for;

const THERE: &str = "prod.telco-churn";

fn rules() -> Rules {
    rules_for(PromotionTarget::Elsewhere("prod".to_owned()), CdTrigger::Release)
}

/// The other target: v7 of the model, under another name, is its champion.
fn there() -> Store {
    let mut world = world(CdTrigger::Release);
    let mut model = world.models.remove(&ModelName::new(CHURN)).unwrap();
    let mut seven = model.versions[&HOLDER].clone();
    seven.source = "s3://prod/7".to_owned();
    model.versions = [(VersionNumber(7), seven)].into();
    model.aliases = [("champion".to_owned(), VersionNumber(7))].into();
    world.models.insert(ModelName::new(THERE), model);
    Store::memory(world)
}

fn lab(there: &Store) -> Lab {
    let lab = Lab::of(world(CdTrigger::Release), rules());
    let clock: Arc<dyn Clock> = lab.clock.clone();
    let (registry, _) = open(there, &clock, Latency::NONE);
    let names = Some(NameThere::new("prod.{model}").unwrap());
    lab.copied_to(OtherTarget { registry, promote_to: champion(), names })
}

/// As CD does: a version there that names the signed one by its source.
fn copy(there: &Store) {
    let change = |world: &mut World| {
        let model = world.models.get_mut(&ModelName::new(THERE)).unwrap();
        let mut copied = model.versions[&VersionNumber(7)].clone();
        (copied.source, copied.run_id) = (format!("models:/{CHURN}/42"), None);
        model.versions.insert(VersionNumber(8), copied);
        Ok::<_, std::convert::Infallible>(())
    };
    there.change(change).unwrap().unwrap();
}

#[test]
fn a_promotion_to_another_target_survives_everything() {
    let tally = Course::from(world(CdTrigger::Release), rules(), Depth::Short).run();
    assert!(tally.done > 500 && tally.undone > 10 && tally.refused > 10, "{tally:?}");
}

#[test]
fn the_baseline_is_what_is_in_production_there() {
    let lab = lab(&there());
    let plan = lab.plan(CANDIDATE);
    let baseline = plan.draft.facts.baseline.as_ref().unwrap();
    assert_eq!((baseline.version.model.as_str(), baseline.version.number), (THERE, VersionNumber(7)));
    assert!(baseline.run.known().is_some(), "its run is read");
    let kept = plan.record.record.baseline_identity().unwrap();
    assert_eq!((kept.name.as_str(), kept.number), (THERE, VersionNumber(7)));
    let last = plan.draft.lines().pop().unwrap();
    assert_eq!((last.object.as_str(), last.subject.as_str(), last.old.as_str()), ("Target", "prod", "v7"));
}

#[test]
fn it_marks_tags_and_releases_moves_nothing_and_waits_for_the_copy() {
    let there = there();
    let lab = lab(&there);
    let plan = lab.plan(CANDIDATE);
    let before = there.snapshot().unwrap();
    let (cd, seen) = (there.clone(), Arc::new(std::sync::Mutex::new(false)));
    lab.script.before_call(move |call: Call| {
        // While CD runs.
        if call.name == "cd_run" && !std::mem::replace(&mut *seen.lock().unwrap(), true) {
            copy(&cd);
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let came = Arrival::Came { model: ModelName::new(THERE), version: VersionNumber(8) };
    assert_eq!(state.step(Step::Arrive), &StepState::Done(Receipt::Arrival { outcome: came }));
    assert!(!not_deployed(&state));
    for name in ["move_stage", "set_alias", "delete_alias"] {
        assert_eq!(lab.script.count(name), 0, "{name}");
    }
    let after = there.snapshot().unwrap();
    let model = |world: &World| world.models[&ModelName::new(THERE)].clone();
    assert_eq!(model(&after).aliases, model(&before).aliases);
    assert_eq!(model(&after).versions[&VersionNumber(7)], model(&before).versions[&VersionNumber(7)]);
}

#[test]
fn a_version_that_does_not_come_in_time_is_not_deployed() {
    let lab = lab(&there());
    let plan = lab.plan(CANDIDATE);
    let state = now(lab.promoter.approve(plan.clone(), Until::Released, Watch::default())).unwrap();
    assert!(state.is_released() && !not_deployed(&state));
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let missing = Arrival::Missing { model: ModelName::new(THERE), waited_s: plan.draft.cd.wait_s };
    assert_eq!(state.step(Step::Arrive), &StepState::Done(Receipt::Arrival { outcome: missing }));
    assert!(not_deployed(&state));
}

#[test]
fn the_inbox_here_leaves_out_what_has_a_release() {
    let lab = lab(&there());
    let waits = || {
        let registry = &lab.services.registry;
        let model = now(registry.model(&ModelName::new(CHURN))).unwrap();
        let versions = now(registry.versions(&ModelName::new(CHURN), None)).unwrap().items;
        let found = all_waiting(&model, &versions, &lab.services.rules.promote_to);
        found.iter().any(|waiting| waiting.candidate.number == CANDIDATE)
    };
    assert!(waits());
    lab.approve(&lab.plan(CANDIDATE)).unwrap();
    assert!(!waits());
}

#[test]
fn a_model_that_is_not_there_yet_has_no_baseline() {
    let there = there();
    let change = |world: &mut World| {
        world.models.clear();
        Ok::<_, std::convert::Infallible>(())
    };
    there.change(change).unwrap().unwrap();
    assert_eq!(lab(&there).plan(CANDIDATE).draft.facts.baseline, None);
}
