//! The world changes between any two reads of one act: nothing is released that differs from its record.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use signoff::adapters::demo::World;
use signoff::domain::cd::{CdState, CdTrigger};
use signoff::domain::failure::Outcome;
use signoff::domain::ids::{CommitSha, ModelName};
use signoff::domain::policy::file;
use signoff::domain::promotion::{SagaState, Until};
use signoff::domain::record::{ASSET, Decision, Record, Sealed, SignOff};
use signoff::domain::registry::Stage;
use signoff::domain::rules::Rules;
use signoff::domain::run::MetricValue;
use signoff::services::prepare;
use signoff::services::promote::{Promoter, Watch};

use crate::doubles::{FaultyCode, FaultyTracking};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, now, world};
use crate::reviews::measured;
use crate::support::rules::rules;

type Meddling = fn(&mut World, Timestamp);

const BRANCH: &str = "main";
const COMMIT: &str = "mlflow.source.git.commit";

fn churn() -> ModelName {
    ModelName::new(CHURN)
}

fn run_of(world: &mut World) -> &mut signoff::adapters::demo::world::TrainingRun {
    let id = world.models[&churn()].versions[&CANDIDATE].run_id.clone().unwrap();
    Arc::make_mut(&mut world.runs).get_mut(&id).unwrap()
}

/// The branch gets another head commit, whose checks fail.
fn branch_moves(world: &mut World, _: Timestamp) {
    let head = world.repo.branches[BRANCH].clone();
    let before = world.repo.commits[&head].parent.clone().unwrap();
    let commits = Arc::make_mut(&mut world.repo.commits);
    for check in &mut commits.get_mut(&before).unwrap().checks {
        check.conclusion = Some("failure".into());
    }
    world.repo.branches.insert(BRANCH.into(), before);
}

/// What changes, and the call of the last guard before the tag that reads it. No server has a compare-and-set: what changes
/// between that call and the tag is the window of one round trip that the README names.
const MEDDLINGS: [(&str, &str, Meddling); 9] = [
    ("the branch moves", "create_tag_ref", branch_moves),
    ("the metric changes", "runs", |w, _| {
        run_of(w).metrics.insert("auc".into(), MetricValue(0.1));
    }),
    ("the model is measured again", "logged_models", |w, _| {
        let model = w.models.get_mut(&churn()).unwrap();
        model.versions.get_mut(&CANDIDATE).unwrap().logged.metrics.push(measured("auc", 0.1));
    }),
    ("the run names another commit", "runs", |w, _| {
        let head = w.repo.branches[BRANCH].clone();
        let before = w.repo.commits[&head].parent.clone().unwrap();
        run_of(w).tags.insert(COMMIT.into(), before.to_string());
    }),
    ("the run is deleted", "runs", |w, _| run_of(w).deleted = true),
    ("the source changes", "version", |w, _| {
        let model = w.models.get_mut(&churn()).unwrap();
        model.versions.get_mut(&CANDIDATE).unwrap().source.push_str("/other");
    }),
    ("the candidate is archived", "version", |w, now| {
        w.move_stage(&churn(), CANDIDATE, &Stage::Archived, false, now).unwrap();
    }),
    ("production moves", "holders", |w, now| {
        w.move_stage(&churn(), HOLDER, &Stage::Archived, false, now).unwrap();
    }),
    ("somebody else signs in", "whoami", |w, _| {
        w.identity.login = "rev2".into();
        w.identity.id += 1;
    }),
];

/// All four ports go through the script.
fn lab(rules: Rules, change: Meddling) -> Lab {
    let mut lab = Lab::of(world(CdTrigger::Release), rules);
    lab.services.code = Arc::new(FaultyCode { inner: lab.services.code.clone(), script: lab.script.clone() });
    lab.services.tracking =
        Arc::new(FaultyTracking { inner: lab.services.tracking.clone(), script: lab.script.clone() });
    lab.promoter = Promoter::new(lab.services.clone());
    lab.meddle(change);
    lab
}

/// A reviewer who confirms any plan.
fn act(lab: &Lab) -> Option<Outcome<SagaState>> {
    let preflight = now(prepare::promotion(&lab.services, &churn(), CANDIDATE, Decision::Approve)).ok()?;
    let draft = preflight.draft.as_ref().filter(|_| preflight.may_confirm())?;
    let clock = &lab.services.clock;
    let plan = draft.sign(clock.new_id(), clock.now(), &SignOff::because("looks right")).unwrap();
    assert_eq!(
        plan.record.record.code.source,
        Ok((plan.draft.repo.clone(), plan.draft.commit.sha.clone())),
        "record and plan name one commit"
    );
    Some(now(lab.promoter.approve(plan, Until::Released, Watch::default())))
}

/// The record of what was released, and the commit under its tag.
fn released(lab: &Lab) -> Option<(Record, CommitSha)> {
    let world = lab.world();
    let release = world.repo.releases.iter().find(|r| !r.draft && r.tag.as_str() == "telco-churn-v42")?;
    let asset = release.assets.iter().find(|a| a.name == ASSET).unwrap();
    let object = &world.repo.tag_objects[&world.repo.tags[&release.tag]];
    Some((Sealed::from_bytes(&asset.content.0).unwrap().record, object.commit.clone()))
}

/// Asserts that everything the record says about the release matches the servers' data on that commit and run.
fn describes(lab: &Lab, record: &Record, tagged: &CommitSha, when: &str) {
    let mut world = lab.world();
    let change = record.change.as_ref().unwrap();
    assert_eq!(change.commit, *tagged, "{when}: the tag stands where the record says");
    assert_eq!(record.code.source.as_ref().unwrap().1, *tagged, "{when}: what was checked is what was tagged");
    let checks = record.code.checks.as_ref().unwrap();
    let on_host = &world.repo.commits[tagged].checks;
    for check in on_host {
        let said = checks.iter().find(|c| c.name == check.name).unwrap();
        assert_eq!(
            said.state == CdState::Success,
            check.conclusion.as_deref() == Some("success"),
            "{when}: {}",
            check.name
        );
    }
    assert!(
        on_host.iter().all(|c| c.conclusion.as_deref() == Some("success")),
        "{when}: the policy asks for green checks"
    );
    assert_eq!(record.signer.id, world.identity.id, "{when}: the signer is who holds the token");
    let version = world.models[&churn()].versions[&CANDIDATE].clone();
    assert_eq!((&record.model.source, &record.model.run_id), (&version.source, &version.run_id), "{when}");
    let of_the_model = version.logged.metrics.iter().find(|m| m.name == "auc").map(|m| m.value);
    let of_the_run = run_of(&mut world).metrics.get("auc").copied();
    let auc = record.metrics.iter().find(|m| m.name == "auc").unwrap();
    assert_eq!(
        auc.candidate,
        of_the_model.or(of_the_run),
        "{when}: the numbers are those of the model, or else its run"
    );
}

fn with_policy() -> Rules {
    let mut rules = rules();
    rules.commit_from_branch = Some(BRANCH.into());
    rules.policy.configured = file::parse("[policy]\nchecks = [\"*\"]\ndefault_branch = true\n").unwrap();
    rules
}

/// Runs the act with `meddle` before call number `k`, for every `k`, and counts how often it led to a release.
fn everywhere(fresh: &dyn Fn() -> Lab, name: &str, guard: &str, meddle: Meddling) -> (usize, usize) {
    let calm = fresh();
    act(&calm).expect("a calm world is released").unwrap();
    let calls = calm.script.calls();
    let mut releases = 0;
    for k in 0..calls {
        let lab = fresh();
        let (store, at, done) = (lab.store.clone(), lab.clock.clone(), AtomicUsize::new(0));
        lab.script.before_call(move |call| {
            if call.n == k && done.fetch_add(1, Ordering::SeqCst) == 0 {
                let now = signoff::ports::Clock::now(&*at);
                let change = |w: &mut World| {
                    meddle(w, now);
                    Ok::<_, std::convert::Infallible>(())
                };
                store.change(change).unwrap().unwrap();
            }
        });
        let _ = act(&lab);
        let when = format!("{name} before call {k} ({})", calm.script.log()[k].name);
        if let Some((record, tagged)) = released(&lab) {
            // A change after the last guard that reads it cannot be noticed.
            let log = lab.script.log();
            let tag_cut = log.iter().position(|c| c.name == "create_tag_ref").unwrap();
            if log[..=tag_cut].iter().rposition(|c| c.name == guard).is_some_and(|seen| k <= seen) {
                describes(&lab, &record, &tagged, &when);
            }
            releases += 1;
        }
    }
    (calls, releases)
}

#[test]
fn nothing_is_released_that_the_record_does_not_describe() {
    for (name, guard, meddle) in MEDDLINGS {
        let (calls, releases) = everywhere(&|| lab(with_policy(), |_, _| {}), name, guard, meddle);
        assert!(calls > 20 && releases > 0, "{name}: {calls} calls, {releases} releases");
    }
}

#[test]
fn the_head_of_a_branch_that_moves_is_judged_where_it_is_tagged() {
    let no_commit: Meddling = |w, _| drop(run_of(w).tags.remove(COMMIT));
    let (calls, releases) =
        everywhere(&|| lab(with_policy(), no_commit), "the branch moves", "create_tag_ref", branch_moves);
    assert!(calls > 20 && releases > 0, "{calls} calls, {releases} releases");
}
