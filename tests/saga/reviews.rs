//! What was reviewed is what is promoted: if anything differs at the moment of the act, nothing is promoted.

use std::sync::Arc;

use jiff::Timestamp;
use signoff::adapters::demo::World;
use signoff::adapters::demo::world::LoggedMetric;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::ModelName;
use signoff::domain::promotion::{Ending, Event, Phase, SagaState};
use signoff::domain::registry::Stage;
use signoff::domain::run::MetricValue;
use signoff::services::Services;
use signoff::services::promote::Promoter;

use crate::doubles::Point;
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, champion};
use crate::support::rules::rules;

pub fn why_refused(state: &SagaState) -> &str {
    match &state.phase {
        Phase::Ended(Ending::Refused { why }) => why,
        other => panic!("{other:?}"),
    }
}

pub fn why_undone(state: &SagaState) -> &str {
    match &state.phase {
        Phase::Ended(Ending::Undone { why }) => why,
        other => panic!("{other:?}"),
    }
}

pub fn writes(lab: &Lab) -> Vec<&'static str> {
    lab.script.log().iter().filter(|c| c.entry.is_some()).map(|c| c.name).collect()
}

type Meddling = fn(&mut World, Timestamp);

fn version(world: &mut World) -> &mut signoff::adapters::demo::world::Version {
    world.models.get_mut(&ModelName::new(CHURN)).unwrap().versions.get_mut(&CANDIDATE).unwrap()
}

/// Changes by others, and the message for each.
const MEDDLINGS: [(Meddling, &str); 9] = [
    (|w, now| w.move_stage(&ModelName::new(CHURN), CANDIDATE, &Stage::Archived, false, now).unwrap(), "the stage was"),
    (|w, _| drop(version(w).tags.insert("qa.status".into(), "rejected".into())), "tag qa.status was"),
    (|w, _| version(w).description.push_str(" No."), "the description was"),
    (|w, _| version(w).source.push_str("/other"), "the source was"),
    (|w, _| version(w).run_id = None, "the run was"),
    (|w, now| w.move_stage(&ModelName::new(CHURN), HOLDER, &Stage::Archived, false, now).unwrap(), "in production was"),
    (|w, _| w.set_alias(&ModelName::new(CHURN), "other", CANDIDATE).unwrap(), "the aliases was"),
    (
        |w, _| {
            let id = version(w).run_id.clone().unwrap();
            Arc::make_mut(&mut w.runs).get_mut(&id).unwrap().deleted = true;
        },
        "run's record was",
    ),
    (|w, _| version(w).logged.metrics.push(measured("auc", 0.1)), "metric of the model auc was"),
];

/// A metric of a logged model.
pub fn measured(name: &str, value: f64) -> LoggedMetric {
    LoggedMetric { name: name.into(), value: MetricValue(value), data: None }
}

#[test]
fn facts_that_changed_since_the_review_are_refused_and_nothing_is_written() {
    for (meddle, said) in MEDDLINGS {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.meddle(meddle);
        let before = lab.world();
        let state = lab.approve(&plan).unwrap();
        assert!(why_refused(&state).contains(said.trim_end_matches(" was")), "{said}: {}", why_refused(&state));
        assert_eq!(writes(&lab), Vec::<&str>::new(), "{said}");
        assert_eq!(lab.world(), before, "{said}");
    }
}

#[test]
fn facts_that_change_while_the_promotion_lies_interrupted_undo_it() {
    // Days pass between the mark and the move.
    for (meddle, said) in MEDDLINGS {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.journals.die_at(Point::After(3));
        lab.approve(&plan).unwrap_err();
        assert_eq!(
            lab.state(plan.id).next(),
            signoff::domain::promotion::Next::Run(signoff::domain::promotion::Step::Move)
        );
        lab.clock.advance(std::time::Duration::from_secs(3 * 86_400));
        lab.meddle(meddle);
        let state = lab.resume(plan.id).unwrap();
        assert!(
            why_undone(&state).contains("something changed since it was reviewed"),
            "{said}: {}",
            why_undone(&state)
        );
        assert_eq!(lab.script.count("move_stage"), 0, "{said}");
        assert!(!version(&mut lab.world()).tags.contains_key("signoff.promotion"), "{said}: the mark is gone");
    }
}

#[test]
fn facts_that_change_between_the_move_and_the_tag_undo_the_move() {
    for target in [rules().promote_to, champion()] {
        let lab = Lab::on(target, CdTrigger::Release);
        let plan = lab.plan(CANDIDATE);
        let held = lab.holders();
        let store = lab.store.clone();
        lab.script.before_call(move |call| {
            if call.name == "create_tag_object" {
                let done: Result<(), ()> = store
                    .change(|w| {
                        version(w).tags.insert("qa.status".into(), "rejected".into());
                        Ok(())
                    })
                    .unwrap();
                done.unwrap();
            }
        });
        let state = lab.approve(&plan).unwrap();
        assert!(why_undone(&state).contains("qa.status"), "{}", why_undone(&state));
        assert_eq!(lab.script.count("create_tag_ref"), 0);
        assert_eq!(lab.holders(), held);
    }
}

#[test]
fn a_version_somebody_put_beside_ours_turns_the_promotion_back() {
    // Another client, or MLflow's own race: two versions in Production after the move.
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    let rival = signoff::domain::ids::VersionNumber(41);
    lab.script.before_call(move |call| {
        if call.name == "holders" && call.nth == 2 {
            let at = "2026-11-23T09:00:01Z".parse().unwrap();
            let model = ModelName::new(CHURN);
            store.change(|w| w.move_stage(&model, rival, &Stage::Production, false, at)).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert!(why_undone(&state).contains("somebody put v41 into Production"), "{}", why_undone(&state));
    // Ours is moved out again; theirs stays, and the version they replaced stays archived.
    assert_eq!(lab.holders(), [rival]);
    let stage = state.truth.iter().find(|t| t.what == "stage").unwrap();
    assert_eq!((stage.is.as_str(), stage.as_meant), ("v41 in Production", Some(false)));
}

#[test]
fn a_token_of_somebody_else_cannot_carry_out_a_signed_plan() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    *lab.host.identity.lock().unwrap() = Some(Box::new(|me| {
        me.login = "rev2".into();
        me.id += 1;
    }));
    let state = lab.approve(&plan).unwrap();
    assert!(why_refused(&state).contains("signed by rev1, but the token now belongs to rev2"));
    assert_eq!(writes(&lab), Vec::<&str>::new());
}

#[test]
fn a_tag_that_appeared_since_the_review_is_refused() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let commit = plan.commit().to_string();
    lab.meddle(|w, now| w.repo.create_tag_ref(&plan.draft.tag, &commit, now).unwrap());
    let state = lab.approve(&plan).unwrap();
    assert!(why_refused(&state).contains("the tag telco-churn-v42 exists now"), "{}", why_refused(&state));
}

#[test]
fn a_promotion_of_the_same_version_by_somebody_else_is_refused() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let theirs = lab.colleague().plan(CANDIDATE);
    lab.meddle(|w, _| version(w).tags.insert("signoff.promotion".into(), theirs.mark_promoting()));
    let state = lab.approve(&plan).unwrap();
    assert!(why_refused(&state).contains("rev2 is promoting this version right now"), "{}", why_refused(&state));
    assert_eq!(writes(&lab), Vec::<&str>::new());
}

#[test]
fn a_mark_somebody_set_since_the_facts_were_compared_is_not_overwritten() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let theirs = lab.colleague().plan(CANDIDATE).mark_promoting();
    let (store, mark) = (lab.store.clone(), theirs.clone());
    lab.script.before_call(move |call| {
        if call.name == "tag" {
            let key = "signoff.promotion";
            store.change(|w| w.set_version_tag(&ModelName::new(CHURN), CANDIDATE, key, &mark)).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert!(why_undone(&state).contains("rev2 is promoting this version at the same time"), "{}", why_undone(&state));
    assert_eq!(writes(&lab), Vec::<&str>::new());
    assert_eq!(version(&mut lab.world()).tags.get("signoff.promotion"), Some(&theirs));
}

#[test]
fn a_server_that_cannot_be_read_at_the_last_moment_is_a_refusal() {
    for name in ["version", "holders", "whoami", "tag"] {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.script.fail_every(name, crate::doubles::UNAVAILABLE);
        let state = lab.approve(&plan).unwrap();
        assert!(!why_refused(&state).is_empty());
        assert_eq!(writes(&lab), Vec::<&str>::new(), "{name}");
    }
}

fn with(lab: &Lab, change: impl FnOnce(&mut signoff::domain::rules::Rules)) -> Promoter {
    let mut rules = (*lab.services.rules).clone();
    change(&mut rules);
    Promoter::new(Services { rules: Arc::new(rules), ..lab.services.clone() })
}

#[test]
fn a_read_only_target_is_neither_approved_on_nor_resumed_nor_undone() {
    let mut lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(4));
    lab.approve(&plan).unwrap_err();
    let entries = lab.journals.len(plan.id);
    lab.promoter = with(&lab, |rules| rules.readonly = true);
    for refused in [lab.approve(&plan), lab.resume(plan.id), lab.undo(plan.id)] {
        let failure = refused.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.reason.contains("read-only"), "{failure}");
    }
    assert_eq!(lab.journals.len(plan.id), entries, "not even the journal is written to");
}

#[test]
fn a_promotion_is_only_driven_on_the_servers_its_plan_names() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(4));
    lab.approve(&plan).unwrap_err();
    let mut entries = lab.journals.entries(plan.id);
    if let Event::Opened { plan } = &mut entries[0].event {
        plan.draft.decision.registry_url = "https://mlflow.prod".into();
        plan.draft.decision.target_name = "prod".into();
    }
    lab.journals.put(plan.id, &entries);
    for refused in [lab.resume(plan.id), lab.undo(plan.id)] {
        let failure = refused.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(
            failure.reason.contains("target 'prod' (Production in https://mlflow.prod and github.demo)"),
            "{failure}"
        );
        assert_eq!(failure.hint.as_deref(), Some("Use `--target prod`."));
    }
    assert_eq!(lab.journals.len(plan.id), entries.len());
    let elsewhere = signoff::domain::promotion::PromotionPlan {
        draft: signoff::domain::promotion::PlanDraft { host: "github.com".into(), ..plan.draft.clone() },
        id: signoff::ports::Clock::new_id(&*lab.clock),
        ..plan
    };
    assert_eq!(lab.approve(&elsewhere).unwrap_err().kind, FailureKind::Config);
}
