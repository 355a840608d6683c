//! What a person asks of CD after the release: journaled before it is sent, looked at before, kept with the record.

use std::time::Duration;

use signoff::adapters::demo::github::Protected;
use signoff::domain::cd::{CdOutcome, CdState, CdTrigger};
use signoff::domain::cd_act::{CdAct, Environment};
use signoff::domain::failure::FailureKind;
use signoff::domain::promotion::{Ending, Event, Phase, PromotionPlan, SagaState, Until};
use signoff::domain::record::chain::{self, ChainLine};
use signoff::services::annotate::annotate;
use signoff::services::cd;
use signoff::services::promote::Watch;

use crate::doubles::{FORBIDDEN, Fault, Point};
use crate::lab::{self, CANDIDATE, Lab, now};
use crate::support::rules::rules;

/// CD that deploys to an environment whose reviewers are these.
fn guarded(reviewers: &[&str]) -> (Lab, PromotionPlan, SagaState) {
    let mut world = lab::world(CdTrigger::Release);
    let reviewers = reviewers.iter().map(|login| (*login).to_owned()).collect();
    world.repo.workflows[0].jobs[0].environment = Some(Protected { id: 77, name: "production".into(), reviewers });
    let lab = Lab::of(world, rules());
    let plan = lab.plan(CANDIDATE);
    now(lab.promoter.approve(plan.clone(), Until::Released, Watch::default())).unwrap();
    lab.clock.advance(Duration::from_secs(5));
    // As a person does who leaves while it waits.
    let watch = Watch::default();
    let (stop, script) = (watch.stop.clone(), lab.script.clone());
    script.before_call(move |call| {
        if call.name == "cd_runs" {
            stop.cancel();
        }
    });
    let state = now(lab.promoter.resume(plan.id, Until::CdEnded, watch)).unwrap();
    lab.script.before_call(|_| {});
    lab.script.forget();
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    assert_eq!(runs.decides.state, CdState::Waiting);
    (lab, plan, state)
}

fn approval(lab: &Lab, state: &SagaState) -> CdAct {
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    let pending = now(lab.services.host.pending_deployments(&state.plan.draft.repo, runs.decides.id)).unwrap();
    assert_eq!(pending.len(), 1);
    CdAct::Approve { run: runs.decides.id, environments: vec![pending[0].environment.clone()] }
}

fn ask(lab: &Lab, plan: &PromotionPlan, act: CdAct) -> signoff::domain::failure::Outcome<SagaState> {
    now(lab.promoter.ask_cd(plan.id, act, Until::CdEnded, Watch::default()))
}

fn notes(lab: &Lab) -> Vec<String> {
    let lines = now(lab.services.records.read()).unwrap();
    let notes = lines.into_iter().filter_map(|line| match line {
        ChainLine::Outcome(outcome) => Some(outcome.notes),
        ChainLine::Record(_) => None,
    });
    notes.flatten().collect()
}

#[test]
fn an_environment_is_approved_journaled_and_kept_and_cd_goes_on_to_its_end() {
    let (lab, plan, state) = guarded(&["rev1", "lee"]);
    let act = approval(&lab, &state);
    let state = ask(&lab, &plan, act.clone()).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert!(matches!(&state.cd, Some(CdOutcome::Run(runs)) if runs.succeeded()), "{:?}", state.cd);
    let entries = lab.journals.entries(plan.id);
    let asked =
        entries.iter().position(|e| matches!(&e.event, Event::CdAsked { act: a, by } if *a == act && by == "rev1"));
    let asked = asked.expect("it is journaled");
    assert_eq!(entries[asked].v, 4);
    assert_eq!(entries[asked + 1].event, Event::CdAnswered { failure: None });
    assert_eq!(lab.state(plan.id).asked_of_cd.len(), 1);
    let run = act.run();
    assert_eq!(notes(&lab), [format!("rev1 asked GitHub to approve the deployment of run {run} to production")]);
    let again = ask(&lab, &plan, act).unwrap_err();
    assert_eq!((again.kind, again.reason.as_str()), (FailureKind::Conflict, "production does not wait for it now"));
    assert_eq!(lab.script.count("approve_deployments"), 1);
}

#[test]
fn a_note_is_kept_with_the_record_and_says_nothing_of_the_servers() {
    let (lab, plan, _) = guarded(&["rev1"]);
    let before = now(lab.services.records.read()).unwrap();
    now(annotate(&lab.services, plan.id, "  smoke test is\nflaky  ")).unwrap();
    let lines = now(lab.services.records.read()).unwrap();
    assert_eq!((lines.len(), &lines[..before.len()]), (before.len() + 1, &before[..]));
    let added: Vec<_> = chain::added(&lines, plan.id).collect();
    let [note] = added.as_slice() else { panic!("{added:?}") };
    assert_eq!((note.noted_by.as_deref(), note.notes.join("|")), (Some("rev1"), "smoke test is⏎flaky".to_owned()));
    assert_eq!(chain::last(&lines, plan.id), chain::last(&before, plan.id));
    assert_eq!((chain::head(&lines), chain::breaks(&lines)), (chain::head(&before), Vec::new()));
    let as_earlier_versions_read = serde_json::to_value(note).unwrap();
    assert_eq!(as_earlier_versions_read["asked"], true, "they do not take it for the outcome");
}

#[test]
fn a_note_needs_a_sentence_a_name_and_a_record() {
    let (lab, plan, _) = guarded(&["rev1"]);
    let before = now(lab.services.records.read()).unwrap();
    assert_eq!(now(annotate(&lab.services, plan.id, " \n")).unwrap_err().reason, "it is empty");
    let elsewhere = now(annotate(&lab.services, lab.services.clock.new_id(), "x")).unwrap_err();
    assert_eq!(elsewhere.kind, FailureKind::NotFound);
    lab.script.fail_every("whoami", FORBIDDEN);
    assert!(now(annotate(&lab.services, plan.id, "x")).is_err());
    assert_eq!(now(lab.services.records.read()).unwrap(), before);
}

#[test]
fn who_is_no_reviewer_is_told_who_is_and_nothing_is_sent() {
    let (lab, plan, state) = guarded(&["lee", "mio"]);
    let length = lab.journals.len(plan.id);
    let refused = ask(&lab, &plan, approval(&lab, &state)).unwrap_err();
    assert!(refused.reason.contains("does not let you approve production"), "{refused}");
    assert!(refused.hint.unwrap().contains("lee, mio"));
    assert_eq!((lab.script.count("approve_deployments"), lab.journals.len(plan.id)), (0, length));
    assert_eq!(notes(&lab), Vec::<String>::new());
}

#[test]
fn an_approval_without_an_answer_is_looked_for_and_not_sent_again() {
    let (lab, plan, state) = guarded(&["rev1"]);
    let act = approval(&lab, &state);
    lab.script.fail_every("approve_deployments", Fault::ReplyLost);
    let unknown = ask(&lab, &plan, act.clone()).unwrap_err();
    assert!(unknown.kind.may_be_applied(), "{unknown}");
    assert!(notes(&lab)[0].contains("without success"));
    lab.script.mend();
    let there = ask(&lab, &plan, act).unwrap_err();
    assert_eq!(there.reason, "production does not wait for it now");
    assert_eq!(lab.script.count("approve_deployments"), 1);
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_crash_at_either_entry_leaves_a_journal_that_goes_on() {
    for (entry, sent) in [(0, [0, 0]), (1, [1, 1])] {
        for (point, sent) in [Point::Before as fn(usize) -> Point, Point::After].into_iter().zip(sent) {
            let (lab, plan, state) = guarded(&["rev1"]);
            let act = approval(&lab, &state);
            lab.journals.die_at(point(lab.journals.len(plan.id) + entry));
            ask(&lab, &plan, act.clone()).unwrap_err();
            assert_eq!(lab.script.count("approve_deployments"), sent, "{entry}");
            if lab.script.count("approve_deployments") == 0 {
                ask(&lab, &plan, act).unwrap();
            }
            assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
            assert_eq!(lab.script.count("approve_deployments"), 1);
        }
    }
}

#[test]
fn failed_jobs_run_again_and_what_is_not_of_the_release_or_did_not_fail_does_not() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.meddle(|w, _| {
        let commits = std::sync::Arc::make_mut(&mut w.repo.commits);
        commits.get_mut(plan.commit()).unwrap().cd_fails_at = Some("deploy".to_owned());
    });
    let state = lab.approve(&plan).unwrap();
    let Some(CdOutcome::Run(runs)) = &state.cd else { panic!("{:?}", state.cd) };
    let run = runs.decides.id;
    let other = ask(&lab, &plan, CdAct::Rerun { run: run + 1 }).unwrap_err();
    assert!(other.reason.contains("no run of the release"), "{other}");
    lab.script.fail_every("rerun_failed", FORBIDDEN);
    assert_eq!(ask(&lab, &plan, CdAct::Rerun { run }).unwrap_err().kind, FailureKind::Forbidden);
    lab.script.mend();
    let asked = ask(&lab, &plan, CdAct::Rerun { run }).unwrap();
    assert_eq!(
        asked.asked_of_cd.iter().map(|a| a.answer.as_ref().map(Result::is_ok)).collect::<Vec<_>>(),
        [Some(false), Some(true)]
    );
    let running = ask(&lab, &plan, CdAct::Rerun { run }).unwrap_err();
    assert_eq!(running.kind, FailureKind::Conflict, "{running}");
    lab.clock.advance(Duration::from_secs(60));
    let seen = now(cd::now(&lab.services, &lab.state(plan.id))).unwrap();
    assert!(matches!(&seen, Some(CdOutcome::Run(runs)) if runs.succeeded() && runs.decides.attempt == 2), "{seen:?}");
    assert_eq!(notes(&lab).len(), 2);
}

#[test]
fn before_the_release_there_is_no_cd_to_ask() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::Before(9));
    lab.approve(&plan).unwrap_err();
    let environments = vec![Environment { id: 77, name: "production".into() }];
    for act in [CdAct::Rerun { run: 1 }, CdAct::Approve { run: 1, environments }] {
        assert_eq!(ask(&lab, &plan, act).unwrap_err().reason, "the release is not finished");
    }
}
