//! The checks before confirmation: each one where it passes, and where it blocks or warns.

use std::sync::Arc;

use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::commit::CommitOrigin;
use signoff::domain::failure::{FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::policy::file;
use signoff::domain::preflight::{CheckState, Preflight};
use signoff::domain::promotion::Until;
use signoff::domain::registry::Stage;
use signoff::domain::rules::{PolicyFrom, RepositoryRule, Rules};
use signoff::services::evidence::{self, Scope};
use signoff::services::prepare;
use signoff::services::promote::Watch;
use signoff::services::rollback;

use crate::doubles::{FORBIDDEN, Fault, FaultyCode, Point, UNAVAILABLE};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, NOW, champion, now};
use crate::support::rules::rules;
use CheckState::{Block, Pass, Unknown, Warn};

/// The whole demo world.
fn lab() -> Lab {
    lab_by(|_| {})
}

fn lab_by(change: impl FnOnce(&mut Rules)) -> Lab {
    let mut rules = rules();
    change(&mut rules);
    Lab::of(World::new(NOW.parse().unwrap()).unwrap(), rules)
}

fn preflight(lab: &Lab, model: &str, number: u64) -> Preflight {
    let found = now(prepare::promotion(
        &lab.services,
        &ModelName::new(model),
        VersionNumber(number),
        signoff::domain::record::Decision::Approve,
    ))
    .unwrap();
    assert!(lab.script.log().iter().all(|c| c.entry.is_none()), "a preflight writes nothing");
    found
}

fn churn(lab: &Lab) -> Preflight {
    preflight(lab, CHURN, CANDIDATE.0)
}

/// Asserts that there is such a check, and that a blocked one prevents confirming.
#[track_caller]
fn expect(found: &Preflight, title: &str, state: CheckState, detail: &str) {
    let there = found.checks.iter().any(|c| c.title == title && c.state == state && c.detail.contains(detail));
    assert!(there, "no '{title}' {state:?} '{detail}' in {:#?}", found.checks);
    assert_eq!(found.may_confirm(), found.worst() < Block && found.draft.is_some());
    if state == Block {
        assert!(!found.may_confirm());
    }
    for check in found.blocking() {
        assert!(check.hint.is_some() || check.failure.is_some(), "what to do about it? {check:?}");
    }
}

fn edit(lab: &Lab, number: u64, change: impl FnOnce(&mut signoff::adapters::demo::world::Version)) {
    lab.meddle(|w, _| {
        let model = w.models.get_mut(&ModelName::new(CHURN)).unwrap();
        change(model.versions.get_mut(&VersionNumber(number)).unwrap());
    });
}

fn edit_run(lab: &Lab, change: impl FnOnce(&mut signoff::adapters::demo::world::TrainingRun)) {
    lab.meddle(|w, _| {
        let id = w.version(&ModelName::new(CHURN), CANDIDATE).unwrap().run_id.clone().unwrap();
        change(Arc::make_mut(&mut w.runs).get_mut(&id).unwrap());
    });
}

#[test]
fn a_clean_candidate_passes_every_check_and_gets_a_plan() {
    let found = churn(&lab());
    let passed: Vec<_> = found.checks.iter().map(|c| (c.title.as_str(), c.state, c.detail.as_str())).collect();
    assert_eq!(
        passed,
        [
            ("version", Pass, "v42 is ready"),
            ("run", Pass, "the training run is readable"),
            ("signer", Pass, "signing as rev1"),
            ("repository", Pass, "can write to acme/churn-models"),
            ("commit", Pass, "3f9c1ab Tune threshold"),
            ("branch", Pass, "the commit is on main"),
            ("tag", Pass, "telco-churn-v42 is free"),
        ]
    );
    assert!(found.may_confirm());
    let draft = found.draft.unwrap();
    assert_eq!((draft.tag.as_str(), draft.title.as_str()), ("telco-churn-v42", "telco-churn v42"));
    assert_eq!(draft.commit_origin, CommitOrigin::Run);
    assert_eq!((draft.signer.login.as_str(), draft.signer.id), ("rev1", 4711));
    assert_eq!(draft.signer.email, "4711+rev1@users.noreply.github.demo");
    assert_eq!(draft.leaving(), [HOLDER]);
}

#[test]
fn a_version_that_is_not_ready_blocks() {
    expect(&preflight(&lab(), CHURN, 38), "version", Block, "v38 is not ready: registration failed");
    expect(&preflight(&lab(), "churn-uplift", 3), "version", Block, "v3 is not ready: registration pending");
}

#[test]
fn a_version_that_is_not_there_is_an_error() {
    let lab = lab();
    let found = now(prepare::promotion(
        &lab.services,
        &ModelName::new(CHURN),
        VersionNumber(99),
        signoff::domain::record::Decision::Approve,
    ));
    assert_eq!(found.unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn a_run_without_a_commit_blocks_unless_a_branch_may_stand_in() {
    expect(&preflight(&lab(), "pricing-elasticity", 17), "commit", Block, "recorded no commit");
    let allowed = lab_by(|rules| rules.commit_from_branch = Some("main".into()));
    let found = preflight(&allowed, "pricing-elasticity", 17);
    expect(&found, "commit", Warn, "the run recorded NO commit: the head of main, d7228be, would be tagged");
    assert_eq!(found.draft.unwrap().commit_origin, CommitOrigin::BranchHead("main".into()));
    // An allowed branch does not replace a recorded commit.
    assert_eq!(churn(&allowed).draft.unwrap().commit_origin, CommitOrigin::Run);
}

#[test]
fn a_run_that_cannot_be_read_is_not_a_run_without_a_commit() {
    let lab = lab_by(|rules| rules.commit_from_branch = Some("main".into()));
    lab.script.fail_every("runs", UNAVAILABLE);
    let found = churn(&lab);
    // One cause is said once, where it is worst.
    expect(&found, "commit", Block, "the double says Unavailable");
    assert!(!found.may_confirm());
}

#[test]
fn a_version_without_a_run_may_use_the_branch_that_is_allowed() {
    let lab = lab_by(|rules| rules.commit_from_branch = Some("main".into()));
    edit(&lab, CANDIDATE.0, |v| v.run_id = None);
    let found = churn(&lab);
    expect(&found, "run", Warn, "names no training run");
    expect(&found, "commit", Warn, "NO commit");
    assert!(found.may_confirm());
}

#[test]
fn a_run_that_was_deleted_or_did_not_finish_is_worth_a_look() {
    let lab = lab();
    edit_run(&lab, |run| run.deleted = true);
    expect(&churn(&lab), "run", Warn, "the training run was deleted");
    edit_run(&lab, |run| (run.deleted, run.status) = (false, "FAILED".into()));
    expect(&churn(&lab), "run", Warn, "the training run is FAILED");
}

#[test]
fn a_commit_the_repository_does_not_know_blocks() {
    let lab = lab();
    edit_run(&lab, |run| drop(run.tags.insert("mlflow.source.git.commit".into(), "0123abc".repeat(5) + "01234")));
    expect(&churn(&lab), "commit", Block, "acme/churn-models does not have commit 0123abc");
}

#[test]
fn a_commit_that_cannot_be_looked_up_blocks() {
    let lab = lab();
    lab.script.fail_every("commit", UNAVAILABLE);
    expect(&churn(&lab), "commit", Block, "could not commit");
}

#[test]
fn a_commit_off_the_default_branch_blocks() {
    expect(&preflight(&lab(), "churn-uplift", 1), "branch", Block, "commit ce25e8b is not on main");
    let lab = lab();
    lab.script.fail_every("ancestry", UNAVAILABLE);
    expect(&churn(&lab), "branch", Block, "could not ancestry");
}

#[test]
fn a_tag_that_is_taken_blocks_and_so_does_one_that_cannot_be_looked_up() {
    expect(&preflight(&lab(), CHURN, 39), "tag", Block, "the tag telco-churn-v39 exists already, at f4bd59e");
    let lab = lab();
    lab.script.fail_every("tag", UNAVAILABLE);
    expect(&churn(&lab), "tag", Block, "could not tag");
}

#[test]
fn a_tag_template_that_makes_no_tag_blocks() {
    let lab = lab_by(|rules| rules.tag_template = "release {model} {version}".into());
    expect(&churn(&lab), "tag", Block, "");
}

#[test]
fn what_is_in_production_already_and_what_is_older_is_worth_a_look() {
    let lab = lab_by(|rules| rules.tag_template = "again-{model}-v{version}".into());
    let found = preflight(&lab, CHURN, 39);
    expect(&found, "target", Warn, "v39 is in Production already: only the release will be cut");
    assert!(found.may_confirm());
    expect(&preflight(&lab, CHURN, 37), "target", Warn, "v39 in Production is newer than v37");
    lab.meddle(|w, now| {
        let model = ModelName::new(CHURN);
        w.move_stage(&model, VersionNumber(41), &Stage::Production, false, now).unwrap();
    });
    expect(&churn(&lab), "target", Warn, "more than one version is in Production: v39, v41");
}

#[test]
fn a_token_that_may_not_write_blocks() {
    let lab = lab();
    *lab.host.repository.lock().unwrap() = Some(Box::new(|repo| repo.can_push = Some(false)));
    let found = churn(&lab);
    expect(&found, "repository", Block, "the GitHub token cannot write to acme/churn-models");
    assert!(found.blocking().any(|c| c.failure == Some(FailureKind::Forbidden)));
    *lab.host.repository.lock().unwrap() = Some(Box::new(|repo| repo.can_push = None));
    let found = churn(&lab);
    expect(&found, "repository", Unknown, "does not say whether the token can write");
    assert!(found.may_confirm());
}

#[test]
fn an_archived_or_missing_repository_blocks() {
    let lab = lab();
    *lab.host.repository.lock().unwrap() = Some(Box::new(|repo| repo.archived = true));
    expect(&churn(&lab), "repository", Block, "is archived and takes no releases");
    let lab = lab_by(|rules| rules.repository.fixed = Some("acme/elsewhere".parse().unwrap()));
    expect(&churn(&lab), "repository", Block, "the demo has no repository acme/elsewhere");
}

#[test]
fn a_token_of_no_person_or_none_at_all_blocks() {
    let lab = lab();
    lab.script.fail_every("whoami", FORBIDDEN);
    let found = churn(&lab);
    expect(&found, "signer", Block, "could not whoami");
    let signer = found.checks.iter().find(|c| c.title == "signer").unwrap();
    assert_eq!(signer.failure, Some(FailureKind::Forbidden));
    lab.script.fail_every("whoami", Fault::Refused(FailureKind::Unauthenticated));
    let found = churn(&lab);
    expect(&found, "signer", Block, "could not whoami");
    assert!(found.blocking().any(|c| c.failure == Some(FailureKind::Unauthenticated)));
    assert!(found.draft.is_none());
}

#[test]
fn a_promotion_of_the_same_version_at_work_somewhere_else_blocks() {
    let lab = lab();
    let theirs = lab.colleague().plan(CANDIDATE);
    edit(&lab, CANDIDATE.0, |v| drop(v.tags.insert("signoff.promotion".into(), theirs.mark_promoting())));
    expect(&churn(&lab), "promotion", Block, "rev2 is promoting this version (promotion ");
    // A released one is history.
    edit(&lab, CANDIDATE.0, |v| drop(v.tags.insert("signoff.promotion".into(), theirs.mark_released())));
    assert!(churn(&lab).may_confirm());
}

#[test]
fn an_unfinished_promotion_of_the_same_model_on_this_machine_blocks_until_it_is_settled() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(4));
    lab.approve(&plan).unwrap_err();
    lab.script.forget();
    for number in [CANDIDATE.0, 41] {
        expect(&preflight(&lab, CHURN, number), "promotion", Block, "the promotion of v42 is unfinished");
    }
    let hint = format!("`signoff resume {0}` or `signoff undo {0}`", plan.id);
    assert!(churn(&lab).blocking().any(|c| c.hint.as_ref().is_some_and(|h| h.contains(&hint))));
    // Another model is not affected.
    assert!(preflight(&lab, "card-fraud", 9).may_confirm());
    lab.undo(plan.id).unwrap();
    lab.script.forget();
    assert!(churn(&lab).may_confirm());
}

#[test]
fn a_promotion_that_only_waits_for_cd_hinders_nobody() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    now(lab.promoter.approve(plan, Until::Released, Watch::default())).unwrap();
    lab.script.forget();
    assert!(preflight(&lab, CHURN, 41).may_confirm());
}

#[test]
fn a_promotion_of_the_same_model_to_another_place_hinders_nobody() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(1));
    lab.approve(&plan).unwrap_err();
    let mut rules = rules();
    rules.promote_to = champion();
    let other = Lab::wired(lab.store.clone(), lab.clock.clone(), lab.journals.clone(), rules);
    assert!(churn(&other).may_confirm());
}

#[test]
fn a_journal_that_cannot_be_read_is_worth_a_look_and_one_that_never_began_is_nothing() {
    let lab = lab();
    let plan = lab.plan(CANDIDATE);
    lab.approve(&plan).unwrap();
    lab.script.forget();
    let entries = lab.journals.entries(plan.id);
    lab.journals.put(plan.id, &[]);
    assert!(preflight(&lab, CHURN, 41).checks.iter().all(|c| c.title != "journal"));
    lab.journals.put(plan.id, &entries[1..]);
    let found = preflight(&lab, CHURN, 41);
    expect(&found, "journal", Warn, "cannot be read, and may be unfinished");
    assert!(found.may_confirm());
}

#[test]
fn a_missing_workflow_is_worth_a_look_where_one_is_expected() {
    let missing = |trigger| {
        let lab = lab_by(|rules| {
            rules.cd.trigger = trigger;
            rules.cd.workflow = Some("deploy.yml".into());
        });
        churn(&lab)
    };
    expect(&missing(CdTrigger::Release), "CD", Warn, "acme/churn-models has no workflow 'deploy.yml'");
    assert!(missing(CdTrigger::None).checks.iter().all(|c| c.title != "CD"));
    let lab = lab();
    lab.script.fail_every("workflow", UNAVAILABLE);
    let found = churn(&lab);
    expect(&found, "CD", Unknown, "could not workflow");
    assert!(found.may_confirm());
}

#[test]
fn notes_that_cannot_be_rendered_block() {
    let lab = lab_by(|rules| rules.notes_template = "{{ model".into());
    expect(&churn(&lab), "notes", Block, "the release notes template cannot be rendered");
}

#[test]
fn a_read_only_target_blocks() {
    expect(&churn(&lab_by(|rules| rules.readonly = true)), "target", Block, "target 'demo' is read-only");
}

#[test]
fn the_repository_comes_from_the_run_only_where_that_is_allowed_and_on_the_same_host() {
    let by_rule = |repository: RepositoryRule| churn(&lab_by(|rules| rules.repository = repository));
    let nothing = RepositoryRule::default();
    expect(&by_rule(nothing.clone()), "repository", Block, "taking it from the run is not allowed");
    let from_run = RepositoryRule { from_run: true, ..nothing };
    let found = by_rule(from_run.clone());
    expect(&found, "repository", Pass, "can write to acme/churn-models");
    // A run on another host cannot name a repository here, even if the name matches.
    let on = |url: &str| {
        let lab = lab_by(|rules| rules.repository = from_run.clone());
        edit_run(&lab, |run| drop(run.tags.insert("mlflow.source.git.repoURL".into(), url.to_owned())));
        churn(&lab)
    };
    expect(
        &on("https://github.com/acme/churn-models"),
        "repository",
        Block,
        "on github.com, but this target uses github.demo",
    );
    expect(&on("file:///home/dana/churn"), "repository", Block, "");
    expect(&on("git@github.demo:acme/churn-models.git"), "repository", Pass, "acme/churn-models");
    let lab = lab_by(|rules| rules.repository = from_run.clone());
    edit_run(&lab, |run| drop(run.tags.remove("mlflow.source.git.repoURL")));
    expect(&churn(&lab), "repository", Block, "the run does not name one");
    // The configuration overrides what the run says.
    let model_rule = vec![("telco-*".to_owned(), "acme/special".parse().unwrap())];
    let found = by_rule(RepositoryRule { per_model: model_rule, ..from_run });
    expect(&found, "repository", Block, "acme/special");
}

#[test]
fn who_may_approve_and_a_policy_file_that_cannot_be_read_block_with_their_kind() {
    let team = file::parse("[policy]\napprovers = [\"@acme/qa\"]\n").unwrap();
    let configured = lab_by(|rules| rules.policy.configured = team);
    let in_repository = lab_by(|rules| rules.policy.from = PolicyFrom::Repository);
    for (mut lab, call, check, detail) in [
        (configured, "is_member", "approver", "could not is_member"),
        (in_repository, "file", "policy", "signoff.toml cannot be used"),
    ] {
        lab.services.code = Arc::new(FaultyCode { inner: lab.services.code.clone(), script: lab.script.clone() });
        lab.script.fail_every(call, UNAVAILABLE);
        let found = churn(&lab);
        expect(&found, check, Block, detail);
        assert_eq!(found.blocking().map(|c| c.failure).collect::<Vec<_>>(), [Some(FailureKind::Unavailable)]);
    }
}

#[test]
fn a_rollback_that_could_not_look_everywhere_fails_as_what_it_could_not_read() {
    let choose =
        |lab: &Lab| now(rollback::choose(&lab.services, &ModelName::new(CHURN), VersionNumber(41))).unwrap_err();
    assert_eq!(choose(&lab()).kind, FailureKind::Rejected);
    let lab = lab();
    lab.script.fail_every("tag", UNAVAILABLE);
    let failure = choose(&lab);
    assert_eq!((failure.kind, failure.service), (FailureKind::Unavailable, Service::Github));
    assert!(failure.reason.contains("no evidence that v41 was ever in Production (could not tag"), "{failure}");
}

#[test]
fn servers_that_are_down_are_said_so_and_nothing_is_guessed() {
    let lab = lab();
    lab.script.take_down(Service::Github);
    let found = churn(&lab);
    expect(&found, "signer", Block, "could not whoami");
    // What the same outage hinders is not said again.
    assert!(!found.checks.iter().any(|check| check.title == "repository"), "{:?}", found.checks);
    assert!(found.draft.is_none());
    lab.script.take_down(Service::Mlflow);
    let failure = now(prepare::promotion(
        &lab.services,
        &ModelName::new(CHURN),
        CANDIDATE,
        signoff::domain::record::Decision::Approve,
    ))
    .unwrap_err();
    assert_eq!((failure.kind, failure.service), (FailureKind::Unavailable, Service::Mlflow));
}

/// By the verdict of `check` and by the plan of `approve`, whatever the policy says and wherever the commit is.
#[test]
fn check_and_plan_agree_on_a_commit_off_the_default_branch() {
    let policies = [None, Some(""), Some("default_branch = true"), Some("default_branch = false")].into_iter().chain([
        Some("default_branch = \"block\""),
        Some("default_branch = \"warn\""),
        Some("default_branch = \"ignore\""),
        Some("allow_override = true"),
        Some("default_branch = true\nunknown = \"warn\""),
    ]);
    for policy in policies {
        for (number, model, readable) in
            [(CANDIDATE.0, CHURN, true), (1, "churn-uplift", true), (CANDIDATE.0, CHURN, false)]
        {
            let lab = lab_by(|rules| {
                if let Some(policy) = policy {
                    rules.policy.configured = file::parse(&format!("[policy]\n{policy}\n")).unwrap();
                }
            });
            if !readable {
                lab.script.fail_every("ancestry", UNAVAILABLE);
            }
            let (name, version) = (ModelName::new(model), VersionNumber(number));
            let read = evidence::read(&lab.services, &name, version, Scope::Rules);
            let verdict = now(read).unwrap().verdict.state();
            let plan = preflight(&lab, model, number);
            let branch = plan.checks.iter().find(|c| c.title == "branch").unwrap();
            let what = format!("{policy:?} {model} {readable}: {branch:?}, {verdict:?}");
            assert_eq!(branch.state == Block, verdict == Block, "{what}");
            assert_eq!(branch.state == Warn, verdict == Warn, "{what}");
            assert_eq!(branch.overridable, branch.state == Block && policy == Some("allow_override = true"), "{what}");
        }
    }
}

#[test]
fn a_clock_a_minute_off_is_said() {
    for (seconds, said) in [(0, None), (59, None), (60, Some("1 min 0 s ahead of")), (-300, Some("5 min 0 s behind"))] {
        let lab = lab();
        let host = lab.services.clock.now().checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
        *lab.host.identity.lock().unwrap() = Some(Box::new(move |me| me.host_time = Some(host)));
        let found = churn(&lab);
        let clock = found.checks.iter().find(|c| c.title == "clock");
        assert_eq!(clock.map(|c| (c.state, c.detail.contains(said.unwrap_or("?")))), said.map(|_| (Warn, true)));
        assert_eq!(found.draft.unwrap().basis.clock.skew_ms, Some(seconds * 1000));
    }
}

#[test]
fn whose_identity_is_not_known_is_told_once_and_nobody_else_is_blamed() {
    let lab = lab_by(|rules| {
        let four_eyes = "[policy.metrics.auc]\nfloor = 0.1\n[policy.four_eyes]\nunknown = \"block\"\n";
        rules.policy.configured = file::parse(four_eyes).unwrap();
    });
    lab.script.fail_every("whoami", UNAVAILABLE);
    let found = churn(&lab);
    assert!(!found.may_confirm());
    let of_people: Vec<_> = found.checks.iter().filter(|c| c.title == "four eyes").collect();
    assert!(of_people.is_empty(), "{of_people:#?}");
    assert_eq!(found.blocking().count(), 1, "{:#?}", found.checks);
}

#[test]
fn rules_are_said_to_hold_only_where_all_of_them_do() {
    for (floor, holds) in [("0.1", true), ("0.999", false)] {
        let lab = lab_by(|rules| {
            let policy = format!("[policy.metrics.auc]\nfloor = {floor}\n");
            rules.policy.configured = file::parse(&policy).unwrap();
        });
        let found = churn(&lab);
        let passed = found.checks.iter().any(|c| c.title == "policy" && c.state == Pass);
        assert_eq!(passed, holds, "{:#?}", found.checks);
    }
}

#[test]
fn the_preflight_says_what_the_lineage_warns_of() {
    let lab = lab_by(|rules| rules.repository.fixed = Some("acme/churn-models".parse().unwrap()));
    expect_not(&churn(&lab), "code");
    lab.meddle(|w, _| {
        let id = w.version(&ModelName::new(CHURN), CANDIDATE).unwrap().run_id.clone().unwrap();
        let older = w.repo.commits.iter().min_by_key(|(_, commit)| commit.at).unwrap().0.clone();
        let run = Arc::make_mut(&mut w.runs).get_mut(&id).unwrap();
        run.tags.insert("mlflow.source.git.commit".into(), older.to_string());
        run.tags.insert("mlflow.source.git.repoURL".into(), "https://github.demo/dana/fork.git".into());
    });
    let found = churn(&lab);
    expect(&found, "code", Warn, "are missing here: this code is older");
    expect(&found, "code", Warn, "but the run names another repository: github.demo/dana/fork");
}

fn expect_not(found: &Preflight, title: &str) {
    assert!(!found.checks.iter().any(|c| c.title == title), "{:#?}", found.checks);
}
