//! A decision is judged when it acts: what changed since it was signed is read again before the mark, the move and the
//! tag, and what is worse stops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::ModelName;
use signoff::domain::policy::file;
use signoff::domain::preflight::Preflight;
use signoff::domain::promotion::{Ending, Event, Phase, PromotionPlan, SagaState, Step, StepState};
use signoff::domain::record::{Decision, SignOff};
use signoff::domain::rules::Rules;
use signoff::services::decide::Decider;
use signoff::services::prepare;
use signoff::services::promote::Promoter;

use crate::doubles::{FaultyCode, Point};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, now, production, world};
use crate::support::rules::rules;

const TWO: &str = "[policy]\napprovals = 2\n";

fn ruled(policy: &str) -> Rules {
    let mut rules = rules();
    rules.policy.configured = file::parse(policy).unwrap();
    rules
}

/// The code host goes through the script, too.
fn lab(rules: Rules) -> Lab {
    let mut lab = Lab::of(world(CdTrigger::Release), rules);
    lab.services.code = Arc::new(FaultyCode { inner: lab.services.code.clone(), script: lab.script.clone() });
    lab.promoter = Promoter::new(lab.services.clone());
    lab
}

fn with_rules(lab: &mut Lab, policy: &str) {
    lab.services.rules = Arc::new(ruled(policy));
    lab.promoter = Promoter::new(lab.services.clone());
}

fn sign_in(lab: &Lab, login: &str, id: u64) {
    lab.meddle(|w, _| (w.identity.login, w.identity.id) = (login.to_owned(), id));
}

fn preflight(lab: &Lab) -> Preflight {
    now(prepare::promotion(&lab.services, &ModelName::new(CHURN), CANDIDATE, Decision::Approve)).unwrap()
}

/// Somebody else decides, in a comment on the commit and a tag on the version.
fn decides(lab: &Lab, login: &str, decision: Decision) {
    let me = lab.world().identity;
    sign_in(lab, login, 9_000 + login.len() as u64);
    let draft = match decision {
        Decision::Approve => preflight(lab).draft.unwrap().decision,
        _ => now(prepare::decision(&lab.services, &ModelName::new(CHURN), CANDIDATE, decision)).unwrap(),
    };
    lab.clock.advance(std::time::Duration::from_secs(2));
    now(Decider::new(lab.services.clone()).decide(&draft, &SignOff::because("I looked"))).unwrap();
    lab.clock.advance(std::time::Duration::from_secs(2));
    sign_in(lab, &me.login, me.id);
    lab.script.forget();
}

/// The second of two approvals, signed.
fn second_of_two(lab: &Lab) -> PromotionPlan {
    decides(lab, "rev2", Decision::Approve);
    let plan = lab.plan(CANDIDATE);
    assert_eq!(plan.draft.basis.approvals.len(), 1);
    plan
}

fn rejected(world: &mut World, at: Timestamp) {
    let mark =
        serde_json::json!({"decision": "reject", "by": "rev2", "at": at, "reason": "drifts", "record": "sha256:x"});
    world.set_version_tag(&ModelName::new(CHURN), CANDIDATE, "signoff.decision", &mark.to_string()).unwrap();
}

fn comment_gone(world: &mut World, _: Timestamp) {
    world.repo.comments.clear();
}

fn comment_edited(world: &mut World, at: Timestamp) {
    for comment in &mut world.repo.comments {
        comment.updated_at = at.checked_add(jiff::SignedDuration::from_secs(9)).unwrap();
    }
}

fn loses_write(world: &mut World, _: Timestamp) {
    world.repo.readers.push("rev2".into());
}

type Meddling = fn(&mut World, Timestamp);

/// What happens meanwhile, the call of the last guard before the tag that sees it, and the reason given.
const MEDDLINGS: [(&str, &str, Meddling, &str); 4] = [
    ("somebody rejects it", "version", rejected, "was rejected by rev2 meanwhile: drifts"),
    ("a comment is deleted", "comments", comment_gone, "its comment is gone"),
    ("a comment is edited", "comments", comment_edited, "edited"),
    ("an approver loses write access", "may_write", loses_write, "may not write to the repository"),
];

fn why(state: &SagaState) -> String {
    match &state.phase {
        Phase::Ended(Ending::Undone { why } | Ending::Refused { why }) => why.clone(),
        _ => String::new(),
    }
}

#[test]
fn what_voids_a_decision_between_any_two_calls_stops_it_before_the_tag() {
    for (name, guard, meddle, reason) in MEDDLINGS {
        let calm = lab(ruled(TWO));
        let plan = second_of_two(&calm);
        assert_eq!(calm.approve(&plan).unwrap().phase, Phase::Ended(Ending::Done), "{name}");
        let log = calm.script.log();
        let cut = log.iter().position(|c| c.name == "create_tag_ref").unwrap();
        let seen = log[..cut].iter().rposition(|c| c.name == guard).unwrap_or_else(|| panic!("{name}: no {guard}"));
        // After `seen` there is the window of one round trip that no server can close.
        for (k, call) in log.iter().enumerate().take(seen + 1) {
            let lab = lab(ruled(TWO));
            let plan = second_of_two(&lab);
            let before = lab.holders();
            let (store, clock, done) = (lab.store.clone(), lab.clock.clone(), AtomicBool::new(false));
            lab.script.before_call(move |call| {
                if call.n == k && !done.swap(true, Ordering::SeqCst) {
                    let at = signoff::ports::Clock::now(&*clock);
                    let change = |w: &mut _| {
                        meddle(w, at);
                        Ok::<_, std::convert::Infallible>(())
                    };
                    store.change(change).unwrap().unwrap();
                }
            });
            let state = lab.approve(&plan).unwrap();
            let when = format!("{name} before call {k} ({})", call.name);
            assert!(!lab.world().repo.tags.contains_key(&plan.draft.tag), "{when}: a tag was cut");
            assert!(why(&state).contains(reason), "{when}: {:?}", state.phase);
            assert_eq!(lab.holders(), before, "{when}");
        }
    }
}

#[test]
fn what_voids_a_decision_while_it_lies_interrupted_stops_the_resume() {
    for (name, _, meddle, reason) in MEDDLINGS {
        // After the mark, the move, and the tag object.
        for entries in [4, 6, 8] {
            let lab = lab(ruled(TWO));
            let plan = second_of_two(&lab);
            let before = lab.holders();
            lab.journals.die_at(Point::After(entries - 1));
            lab.approve(&plan).unwrap_err();
            lab.journals.live_on();
            lab.clock.advance(std::time::Duration::from_secs(86_400));
            lab.meddle(meddle);
            let state = lab.resume(plan.id).unwrap();
            assert!(why(&state).contains(reason), "{name} after {entries} entries: {:?}", state.phase);
            assert_eq!(lab.holders(), before, "{name} after {entries} entries");
            assert!(!lab.world().repo.tags.contains_key(&plan.draft.tag));
        }
    }
}

#[test]
fn a_policy_that_became_stricter_stops_the_resume_and_another_one_is_told() {
    for (policy, stops) in [
        ("[policy.metrics.auc]\nfloor = 0.999\n", Some("0.999")),
        ("[policy]\napprovals = 3\n", Some("1 of 3 approvals count now")),
        ("[policy]\nrequire_reason = true\n", None),
    ] {
        for entries in [4, 6, 8] {
            let mut lab = lab(rules());
            let plan = lab.plan(CANDIDATE);
            lab.journals.die_at(Point::After(entries - 1));
            lab.approve(&plan).unwrap_err();
            lab.journals.live_on();
            with_rules(&mut lab, policy);
            let state = lab.resume(plan.id).unwrap();
            match stops {
                Some(reason) => {
                    assert!(why(&state).contains(reason), "{policy}: {:?}", state.phase);
                    assert_eq!(lab.holders(), [HOLDER]);
                }
                None => {
                    assert_eq!(state.phase, Phase::Ended(Ending::Done), "{policy}");
                    let told = lab.journals.entries(plan.id).into_iter().any(|e| match e.event {
                        Event::Noted { what, .. } => what.iter().any(|w| w.contains("the policy is another one")),
                        _ => false,
                    });
                    assert!(told, "{policy}: {:?}", lab.journals.entries(plan.id).last());
                }
            }
        }
    }
}

#[test]
fn evidence_that_cannot_be_read_at_the_last_moment_is_asked_for_again_and_then_undone() {
    for times in [1, 100] {
        let lab = lab(ruled(TWO));
        let plan = second_of_two(&lab);
        let calm = std::sync::Mutex::new(0);
        lab.script.on_call(move |call| {
            let mut failed = calm.lock().unwrap();
            // The first look is that of step 0.
            (call.name == "comments" && call.nth > 0 && *failed < times).then(|| {
                *failed += 1;
                crate::doubles::UNAVAILABLE
            })
        });
        let state = lab.approve(&plan).unwrap();
        match times {
            1 => assert_eq!(state.phase, Phase::Ended(Ending::Done)),
            _ => assert!(why(&state).contains("cannot be read now"), "{:?}", state.phase),
        }
    }
}

#[test]
fn only_the_signer_resumes_until_the_release_is_drafted() {
    let drafted =
        3 + 2 * Step::sequence(&production(), CdTrigger::Release).iter().position(|s| *s == Step::Draft).unwrap();
    for entries in 1..=drafted + 1 {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        lab.journals.die_at(Point::After(entries - 1));
        lab.approve(&plan).unwrap_err();
        lab.journals.live_on();
        let (journal, before) = (lab.journals.entries(plan.id), lab.world());
        *lab.host.identity.lock().unwrap() = Some(Box::new(|me| {
            me.login = "rev2".into();
            me.id += 1;
        }));
        if matches!(lab.state(plan.id).step(Step::Draft), StepState::Done(_)) {
            assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
            let release = lab.world().repo.releases.into_iter().find(|r| r.tag == plan.draft.tag).unwrap();
            assert_eq!(release.author, "rev1", "whoever drafted it stays its author");
            continue;
        }
        let failure = lab.resume(plan.id).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Conflict, "{entries} entries");
        assert!(failure.reason.contains("rev1 signed it, and the token belongs to rev2"), "{failure}");
        assert!(failure.hint.unwrap().contains("with a token of rev1"));
        assert_eq!((lab.journals.entries(plan.id), lab.world()), (journal, before), "{entries} entries");
        // The signer goes on, or a colleague takes it back.
        *lab.host.identity.lock().unwrap() = None;
        assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done), "{entries} entries");
    }
}

#[test]
fn only_those_who_may_write_approve_or_stop_unless_a_list_names_others() {
    for (policy, counts) in [(TWO, false), ("[policy]\napprovals = 2\napprovers = [\"rev1\", \"guest\"]\n", true)] {
        let lab = lab(ruled(policy));
        lab.meddle(|w, _| w.repo.readers.push("guest".into()));
        decides(&lab, "guest", Decision::Approve);
        let found = preflight(&lab);
        assert_eq!(found.draft.as_ref().unwrap().basis.approvals.len(), usize::from(counts), "{policy}");
        let told = found.checks.iter().any(|c| c.detail.contains("guest may not write to the repository"));
        assert_eq!(told, !counts, "{policy}");
    }
    // A stranger's comment stops nobody; that of somebody who may write does.
    for (login, stops) in [("guest", false), ("rev3", true)] {
        let lab = lab(ruled(TWO));
        lab.meddle(|w, _| w.repo.readers.push("guest".into()));
        decides(&lab, "rev2", Decision::Approve);
        decides(&lab, login, Decision::Reject);
        // Anybody may comment; only few may edit tags.
        lab.meddle(|w, _| {
            let model = w.models.get_mut(&ModelName::new(CHURN)).unwrap();
            model.versions.get_mut(&CANDIDATE).unwrap().tags.retain(|k, _| k != "signoff.decision");
        });
        assert_eq!(preflight(&lab).draft.unwrap().basis.approvals.is_empty(), stops, "{login}");
    }
}

#[test]
fn an_approval_prepared_before_a_rejection_is_not_recorded_over_it() {
    let lab = lab(ruled(TWO));
    let draft = preflight(&lab).draft.unwrap().decision;
    lab.meddle(rejected);
    let failure = now(Decider::new(lab.services.clone()).decide(&draft, &SignOff::because("fine"))).unwrap_err();
    assert!(failure.reason.contains("was rejected by rev2 meanwhile"), "{failure}");
    assert!(lab.world().repo.comments.is_empty());
}
