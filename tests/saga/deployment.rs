//! Approvals that a deployment job waits for: tag, release, then the task's tag, then the repair that deploys.

use std::sync::Arc;

use signoff::adapters::databricks::Registry;
use signoff::adapters::demo::World;
use signoff::adapters::demo::world::JobRun;
use signoff::domain::cd::CdTrigger;
use signoff::domain::deployment::JobOutcome;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::ModelName;
use signoff::domain::preflight::Preflight;
use signoff::domain::promotion::{Ending, Event, Phase, Receipt, Step, StepState, Until};
use signoff::domain::record::{Decision, SignOff};
use signoff::domain::registry::PromotionTarget;
use signoff::domain::rules::Rules;
use signoff::present::promotion::not_deployed;
use signoff::services::decide::Decider;
use signoff::services::prepare;
use signoff::services::promote::Watch;

use crate::databricks::Workspace;
use crate::doubles::{Call, FORBIDDEN, Fault};
use crate::exhaustive::{Course, Depth};
use crate::lab::{CANDIDATE, CHURN, Lab, NOW, now, world};
use crate::support::rules::rules_for;

const TASK: &str = "Approval_Check";
const RUN: &str = "7003";

fn churn() -> ModelName {
    ModelName::new(CHURN)
}

fn rules() -> Rules {
    rules_for(PromotionTarget::DeploymentJob, CdTrigger::Release)
}

/// The world in which the job of the candidate waits in these approval tasks.
fn waiting(approvals: &[&str], beside: bool) -> World {
    let mut world = world(CdTrigger::Release);
    world.jobs.push(JobRun::waiting((&churn(), CANDIDATE), approvals, beside, NOW.parse().unwrap()));
    world
}

fn lab() -> Lab {
    Lab::of(waiting(&[TASK], false), rules())
}

fn preflight(lab: &Lab) -> Preflight {
    now(prepare::promotion(&lab.services, &churn(), CANDIDATE, Decision::Approve)).unwrap()
}

fn run(lab: &Lab) -> JobRun {
    lab.world().job_run(RUN).unwrap().clone()
}

fn tag(lab: &Lab, task: &str) -> Option<String> {
    lab.world().models[&churn()].versions[&CANDIDATE].tags.get(task).cloned()
}

#[test]
fn an_approval_of_a_deployment_job_survives_everything() {
    let tally = Course::from(waiting(&[TASK], false), rules(), Depth::Short).run();
    assert!(tally.done > 1000 && tally.undone > 10 && tally.refused > 10, "{tally:?}");
}

#[test]
fn an_approval_of_a_deployment_job_in_a_workspace_survives_everything() {
    let place = Workspace::start(Registry::Catalog);
    let tally = Course::at_with(place, waiting(&[TASK], false), rules(), Depth::Registry).run();
    assert!(tally.done > 200 && tally.undone > 5, "{tally:?}");
}

#[test]
fn it_releases_first_and_repairs_last() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let lines: Vec<_> =
        plan.draft.lines().into_iter().map(|l| format!("{} {} {}", l.number, l.object, l.subject)).collect();
    assert_eq!(
        lines,
        [
            "1 Git tag telco-churn-v42",
            "2 GitHub release acme/churn-models",
            "3 Job task Approval_Check",
            "4 Job run run 7003 of job 991",
            "5 CD ",
        ]
    );
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let order = ["create_tag_ref", "publish_release", "repair_deployment"];
    let at = |name: &str| lab.script.log().iter().position(|call: &Call| call.name == name).unwrap();
    assert!(order.map(at).is_sorted(), "{:?}", lab.script.log());
    assert_eq!((tag(&lab, TASK).as_deref(), run(&lab).result()), (Some("Approved"), "SUCCESS"));
    assert_eq!(state.job, Some(JobOutcome::Succeeded { page: None }));
    assert!(lab.script.count("move_stage") + lab.script.count("set_alias") == 0, "nothing moves");
    assert_eq!(lab.holders(), [CANDIDATE]);
}

#[test]
fn without_a_waiting_task_there_is_nothing_to_approve() {
    let mut running = waiting(&[TASK], false);
    running.jobs[0].takes_ms = 60_000;
    let mut passed = waiting(&[TASK], false);
    passed.jobs[0].tasks.iter_mut().for_each(|task| task.result = "SUCCESS".to_owned());
    for (world, why) in [
        (world(CdTrigger::Release), "no deployment job has run for v42"),
        (running, "run 7003 of job 991 waits for no approval"),
        (passed, "run 7003 of job 991 waits for no approval"),
    ] {
        let preflight = preflight(&Lab::of(world, rules()));
        let blocking: Vec<_> = preflight.blocking().map(|check| check.detail.as_str()).collect();
        assert_eq!(blocking, [why]);
    }
}

#[test]
fn who_may_tag_and_not_repair_is_told_before_the_first_write() {
    let place = Workspace::start(Registry::Catalog);
    let lab = Lab::of(waiting(&[TASK], false), rules()).at(Arc::clone(&place));
    place.fake.change(|state| state.job_access = Some(vec![("dana@acme.example", "CAN_VIEW")]));
    place.fake.forget();
    let model = place.model();
    let read = || place.runtime.block_on(prepare::promotion(&lab.services, &model, CANDIDATE, Decision::Approve));
    let preflight = read().unwrap();
    let check = preflight.blocking().next().unwrap();
    assert_eq!(check.failure, Some(FailureKind::Forbidden));
    assert!(check.detail.contains("you have Can View on job 991, and this needs Can Manage Run"), "{}", check.detail);
    assert_eq!(place.fake.writes().len(), 0);
    // A workspace that does not say is no reason to stop.
    place.fake.change(|state| state.job_access = None);
    let preflight = read().unwrap();
    assert!(preflight.may_confirm(), "{:?}", preflight.blocking().collect::<Vec<_>>());
    assert!(preflight.checks.iter().any(|c| c.detail.contains("does not say whether you may repair")));
}

#[test]
fn a_version_without_room_for_every_tag_is_refused_before_the_first_write() {
    let place = Workspace::start(Registry::Catalog);
    for (has, fits) in [(42, true), (43, false)] {
        let mut world = waiting(&[TASK], false);
        let tags = &mut world.models.get_mut(&churn()).unwrap().versions.get_mut(&CANDIDATE).unwrap().tags;
        *tags = (0..has).map(|n| (format!("tag_{n}"), "x".to_owned())).collect();
        let lab = Lab::of(world, rules()).at(Arc::clone(&place));
        let model = place.model();
        let read = prepare::promotion(&lab.services, &model, CANDIDATE, Decision::Approve);
        let preflight = place.runtime.block_on(read).unwrap();
        let blocking: Vec<_> = preflight.blocking().map(|check| check.detail.clone()).collect();
        let why = "v42 has 43 tags, 8 would be added, and 50 are taken".to_owned();
        assert_eq!(blocking, if fits { vec![] } else { vec![why] });
    }
}

/// Passes the tasks one after the other, and returns what each approval releases.
fn pass_all(lab: &Lab, tasks: usize) -> Vec<bool> {
    let mut released = Vec::new();
    for _ in 0..tasks {
        let draft = preflight(lab).draft.unwrap();
        let last = draft.completes();
        if last {
            let plan = lab.plan(CANDIDATE);
            assert_eq!(lab.approve(&plan).unwrap().phase, Phase::Ended(Ending::Done));
        } else {
            let decider = Decider::new(lab.services.clone());
            now(decider.decide(&draft.decision, &SignOff::because("fine"))).unwrap();
        }
        released
            .push(!lab.world().repo.releases.iter().filter(|r| r.tag.as_str() == "telco-churn-v42").all(|r| r.draft));
    }
    released
}

#[test]
fn of_several_approval_tasks_the_last_one_releases() {
    let tasks = ["Approval_Legal", "Approval_Risk", "approval_final"];
    for beside in [false, true] {
        let lab = Lab::of(waiting(&tasks, beside), rules());
        let before = preflight(&lab);
        let said = before.checks.iter().find(|check| check.title == "deployment job").unwrap();
        assert!(said.detail.contains("Approval_Legal of run 7003"), "{}", said.detail);
        assert!(said.detail.contains("Approval_Risk and approval_final is left after it"), "{}", said.detail);
        assert_eq!(pass_all(&lab, 3), [false, false, true], "beside: {beside}");
        let run = run(&lab);
        assert_eq!((run.repairs.len(), run.result()), (3, "SUCCESS"));
        assert!(tasks.iter().all(|task| tag(&lab, task).as_deref() == Some("Approved")));
    }
}

#[test]
fn a_plan_that_was_signed_before_another_task_waited_releases_nothing() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.meddle(|world, _| world.jobs[0].tasks[1].result = "SUCCESS".to_owned());
    let state = lab.approve(&plan).unwrap();
    let Phase::Ended(Ending::Refused { why }) = &state.phase else { panic!("{:?}", state.phase) };
    assert!(why.contains("does not wait any more"), "{why}");
    // Between the mark and the tag, too.
    let lab = Lab::of(waiting(&[TASK], false), rules());
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call: Call| {
        if call.name == "create_tag_object" {
            let change = |w: &mut World| {
                w.jobs[0].tasks[1].result = "SUCCESS".to_owned();
                Ok::<_, std::convert::Infallible>(())
            };
            store.change(change).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert!(matches!(state.phase, Phase::Ended(Ending::Undone { .. })), "{:?}", state.phase);
    assert_eq!(lab.script.count("create_tag_ref"), 0);
}

#[test]
fn a_partial_approval_whose_repair_is_lost_repairs_once() {
    for fault in [Fault::ReplyLost, Fault::Lost] {
        let lab = Lab::of(waiting(&["Approval_Legal", "Approval_Risk"], false), rules());
        let draft = preflight(&lab).draft.unwrap();
        lab.script.fail_first("repair_deployment", fault);
        let decided = now(Decider::new(lab.services.clone()).decide(&draft.decision, &SignOff::because("fine")));
        assert_eq!(decided.is_ok(), fault == Fault::ReplyLost, "{decided:?}");
        lab.script.mend();
        assert_eq!(run(&lab).repairs.len(), usize::from(fault == Fault::ReplyLost));
        assert!(!lab.world().repo.tags.keys().any(|tag| tag.as_str() == "telco-churn-v42"), "nothing is released");
    }
}

#[test]
fn a_rejection_keeps_the_task_failing() {
    let lab = lab();
    let draft = now(prepare::decision(&lab.services, &churn(), CANDIDATE, Decision::Reject)).unwrap();
    now(Decider::new(lab.services.clone()).decide(&draft, &SignOff::because("too slow"))).unwrap();
    assert_eq!(tag(&lab, TASK).as_deref(), Some("Rejected"));
    assert_eq!(run(&lab).repairs.len(), 0);
    // A hold leaves it as it is.
    let lab = Lab::of(waiting(&[TASK], false), rules());
    let draft = now(prepare::decision(&lab.services, &churn(), CANDIDATE, Decision::Hold)).unwrap();
    now(Decider::new(lab.services.clone()).decide(&draft, &SignOff::because("wait"))).unwrap();
    assert_eq!(tag(&lab, TASK), None);
}

#[test]
fn a_job_that_fails_after_the_approval_is_released_and_not_deployed() {
    let mut world = waiting(&[TASK], false);
    world.jobs[0].tasks.last_mut().unwrap().ends = "FAILED".to_owned();
    world.jobs[0].takes_ms = 7_000;
    world.jobs[0].begun_at = "2026-11-23T08:00:00Z".parse().unwrap();
    let lab = Lab::of(world, rules());
    let state = lab.approve(&lab.plan(CANDIDATE)).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let Some(JobOutcome::Failed { why, .. }) = &state.job else { panic!("{:?}", state.job) };
    assert_eq!(why, "deploy ended as FAILED");
    assert!(not_deployed(&state));
    // It was seen at work beside CD.
    let seen = |event: &Event| matches!(event, Event::JobSeen { outcome: JobOutcome::Running { .. } });
    assert!(lab.journals.entries(state.plan.id).iter().any(|entry| seen(&entry.event)));
}

#[test]
fn a_run_that_somebody_repaired_is_not_repaired_again() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call: Call| {
        if call.name == "repair_deployment" {
            store.change(|w| w.repair_job(RUN, TASK, None, NOW.parse().unwrap())).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert_eq!(run(&lab).repairs.len(), 1);
    assert_eq!(state.job, Some(JobOutcome::Succeeded { page: None }));
}

#[test]
fn a_rejection_by_somebody_else_after_the_release_stops_it() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call: Call| {
        if call.name == "publish_release" {
            store.change(|w| w.set_version_tag(&churn(), CANDIDATE, TASK, "Rejected")).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    let (failure, _) = state.paused.clone().unwrap();
    assert!(failure.reason.contains("somebody set Approval_Check of v42 to 'Rejected'"), "{failure}");
    assert_eq!(run(&lab).repairs.len(), 0);
    lab.script.mend();
    lab.meddle(|world, _| world.delete_version_tag(&churn(), CANDIDATE, TASK).unwrap());
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn who_lost_the_permission_meanwhile_is_told_and_may_resume() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.script.fail_every("repair_deployment", FORBIDDEN);
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.paused.as_ref().map(|(failure, _)| failure.kind), Some(FailureKind::Forbidden));
    assert!(!state.may_undo());
    lab.script.mend();
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
    assert_eq!(run(&lab).repairs.len(), 1);
}

#[test]
fn a_run_that_is_gone_cannot_go_on_and_the_release_stands() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let store = lab.store.clone();
    lab.script.before_call(move |call: Call| {
        if call.name == "publish_release" {
            let change = |w: &mut World| {
                w.jobs.clear();
                Ok::<_, std::convert::Infallible>(())
            };
            store.change(change).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert!(matches!(state.step(Step::Repair), StepState::Done(Receipt::Withheld { .. })));
    assert!(not_deployed(&state));
}

#[test]
fn released_is_not_followed_and_a_resume_follows_it() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    let state = now(lab.promoter.approve(plan.clone(), Until::Released, Watch::default())).unwrap();
    assert!(state.is_released() && state.job.is_none());
    assert_eq!(run(&lab).repairs.len(), 1, "it deploys without anybody watching");
    assert_eq!(lab.resume(plan.id).unwrap().job, Some(JobOutcome::Succeeded { page: None }));
}
