//! Deciding: the checklist; the forms for approving with others, override, reject, hold and rollback; and how decisions
//! are shown afterwards.

use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::query::{Query, Reply};
use signoff::app::route::{RecordAt, Route};
use signoff::domain::compare::Directions;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::identity::Identity;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::log::{Effect as LogEffect, FoundIn, Log, LogEntry};
use signoff::domain::policy::file::parse;
use signoff::domain::record::Decision;
use signoff::domain::rules::Rules;
use signoff::ui::skin::Theme;

use super::sample::sample;
use super::support::driver::{Driver, demo_rules, time};
use super::{pictures, samples, text, themed};

/// The demo on one screen, with everything loaded.
fn on(rules: Rules, route: Route) -> Driver {
    let mut driver = Driver::asking(rules, &[route], |_| {});
    driver.answer_all();
    driver
}

/// The demo's rules with another policy.
fn ruled(policy: &str) -> Rules {
    let mut rules = demo_rules();
    rules.policy.configured = parse(policy).unwrap();
    rules
}

fn uplift() -> (ModelName, VersionNumber) {
    (ModelName::new("churn-uplift"), VersionNumber(2))
}

fn review() -> Driver {
    on(demo_rules(), Route::Review(uplift().0, uplift().1))
}

fn approve(rules: Rules) -> Driver {
    on(rules, Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve))
}

#[test]
fn the_checklist() {
    let mut driver = review();
    driver.keys("5");
    assert_snapshot!("the_checklist", pictures(&mut driver));
    driver.keys("yn<up>");
    assert_snapshot!("the_checklist_half_answered", pictures(&mut driver));
    assert_snapshot!("the_checklist_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("easked lee, who is away");
    assert_snapshot!("a_note_being_typed", text(&mut driver, 80, 24));
    driver.keys("<enter>");
    assert_snapshot!("a_note_beside_an_answer", text(&mut driver, 120, 40));
}

#[test]
fn no_checklist() {
    let mut driver = on(demo_rules(), Route::Review(ModelName::new("telco-churn"), VersionNumber(42)));
    driver.keys("5");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn the_verdict() {
    let mut driver = on(demo_rules(), Route::Review(ModelName::new("card-fraud"), VersionNumber(9)));
    driver.keys("4");
    assert_snapshot!("the_verdict", pictures(&mut driver));
    assert_snapshot!("the_verdict_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn an_approval_with_open_questions() {
    let mut driver = on(demo_rules(), Route::Approve(uplift().0, uplift().1, Decision::Approve));
    driver.keys("v2<enter>");
    assert_eq!(driver.asked(), []);
    assert_snapshot!("an_approval_with_open_questions", pictures(&mut driver));
    assert_snapshot!("an_approval_with_open_questions_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn an_approval_past_failing_rules() {
    let policy = "[policy]\nallow_override = true\n[policy.metrics.auc]\ndirection = 'higher'\nfloor = 0.95\n\
                  [policy.metrics.psi_max]\nceiling = 0.01\n";
    let mut driver = approve(ruled(policy));
    assert_snapshot!("an_approval_past_failing_rules", pictures(&mut driver));
    assert_snapshot!("an_approval_past_failing_rules_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("v42<enter>");
    assert_eq!(driver.asked(), []);
    assert_snapshot!("an_override_without_a_reason", text(&mut driver, 80, 24));
}

#[test]
fn the_first_of_two_approvals() {
    let mut driver = approve(ruled("[policy]\napprovals = 2\n"));
    assert_snapshot!("the_first_of_two_approvals", pictures(&mut driver));
    assert_snapshot!("the_first_of_two_approvals_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("v42<enter>");
    driver.decide();
    assert_snapshot!("the_first_of_two_approvals_is_recorded", text(&mut driver, 80, 24));
}

#[test]
fn a_rejection() {
    let mut driver = Driver::demo();
    driver.keys("x");
    assert_snapshot!("a_rejection", pictures(&mut driver));
    driver.keys("The largest segment loses.<enter>See the ticket about it, and the run of last week that did not.");
    assert_snapshot!("a_rejection_with_its_reason", pictures(&mut driver));
    assert_snapshot!("a_rejection_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("<ctrl-s>");
    assert_snapshot!("a_rejection_being_written", text(&mut driver, 80, 24));
    driver.decide();
    driver.wait(Duration::from_secs(120));
    assert_snapshot!("the_inbox_after_a_rejection", text(&mut driver, 80, 24));
    driver.keys("m<down><enter>");
    assert_snapshot!("the_versions_with_a_rejected_one", pictures(&mut driver));
    driver.keys("<down><enter>");
    assert_snapshot!("the_review_of_a_rejected_version", text(&mut driver, 80, 24));
}

#[test]
fn a_rejection_that_rests_on_nothing_yet() {
    let route = Route::Decide(uplift().0, uplift().1, Decision::Reject);
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.asked();
    driver.keys("words come first<ctrl-s>");
    assert_eq!(driver.asked(), []);
    assert_snapshot!("a_rejection_being_read", text(&mut driver, 80, 24));
    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "read version v2", "connection refused");
    driver.refuse(|query| matches!(query, Query::Decision { .. }), failure);
    driver.answer_all();
    assert_snapshot!("a_rejection_that_cannot_be_read", pictures(&mut driver));
}

#[test]
fn what_is_held_back_stands_below_a_line() {
    let mut driver = Driver::demo();
    driver.keys("<down><down>zWaiting for legal.<ctrl-s>");
    driver.decide();
    driver.wait(Duration::from_secs(60));
    driver.keys("g");
    assert_snapshot!("the_inbox_with_a_held_version", pictures(&mut driver));
    assert_snapshot!("the_inbox_with_a_held_version_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("Gx");
    assert_snapshot!("a_rejection_of_what_was_held", text(&mut driver, 80, 24));
}

#[test]
fn a_rollback() {
    let mut driver = on(demo_rules(), Route::Rollback(ModelName::new("telco-churn")));
    assert_snapshot!("the_candidates_of_a_rollback", pictures(&mut driver));
    assert_snapshot!("the_candidates_of_a_rollback_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("<enter>");
    assert_snapshot!("a_rollback", pictures(&mut driver));
    driver.keys("v42 loses calls at night<enter>");
    assert_snapshot!("a_rollback_with_its_reason", text(&mut driver, 80, 24));
}

#[test]
fn nothing_to_roll_back_to() {
    let mut driver = on(demo_rules(), Route::Rollback(uplift().0));
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn the_history_of_decisions() {
    let mut driver = Driver::demo();
    driver.keys("xThe largest segment loses.<ctrl-s>");
    driver.decide();
    driver.wait(Duration::from_secs(60));
    driver.keys("zWaiting for legal.<ctrl-s>");
    driver.decide();
    driver.keys("H");
    assert_snapshot!("the_history_of_decisions", pictures(&mut driver));
    assert_snapshot!("the_history_of_decisions_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("<down><enter>");
    assert_snapshot!("a_record", text(&mut driver, 80, 24));
}

#[test]
fn the_history_of_one_model_is_there_before_the_rest_is_read_and_keeps_its_row() {
    let mut driver = Driver::demo();
    driver.keys("jjzWaiting for legal.<ctrl-s>");
    driver.decide();
    driver.answering = false;
    driver.keys("m<down><enter>");
    driver.answer_only(|query| matches!(query, Query::Versions { .. }));
    driver.keys("H");
    driver.answer_only(|query| matches!(query, Query::Promotions | Query::Records));
    assert_snapshot!("the_history_of_one_model_being_read", text(&mut driver, 80, 24));
    driver.answer_with(|query| {
        let Query::Log { model: of } = query.clone() else { return None };
        let model = of.clone().expect("it is that of one model");
        let elsewhere = |at: &str, version, decision, effect, source| LogEntry {
            at: time(at),
            model: model.clone(),
            version: VersionNumber(version),
            decision,
            by: "lee".into(),
            also: Vec::new(),
            reason: "the reason of lee".into(),
            tag: None,
            repository: None,
            record_id: None,
            record_hash: Some(format!("sha256:{at}")),
            effect,
            sources: vec![source],
            identity: Identity::named(model.clone(), VersionNumber(version)),
            about: None,
            place: None,
            renamed: None,
        };
        let entries = vec![
            elsewhere("2026-11-23T10:00:00Z", 7, Decision::Reject, LogEffect::Said, FoundIn::VersionTag),
            LogEntry {
                tag: Some("churn-uplift-v6".into()),
                repository: Some("acme/churn-models".parse().unwrap()),
                ..elsewhere("2026-11-20T10:00:00Z", 6, Decision::Rollback, LogEffect::Production, FoundIn::Release)
            },
            elsewhere("2026-11-19T10:00:00Z", 6, Decision::Approve, LogEffect::Production, FoundIn::GitTag),
            elsewhere(
                "2026-11-18T10:00:00Z",
                5,
                Decision::Approve,
                LogEffect::Failed("taken back".into()),
                FoundIn::Release,
            ),
        ];
        let in_production = [(model.clone(), vec![VersionNumber(6)])].into();
        let notes = vec!["could not read the releases of acme/churn: the connection was refused".to_owned().into()];
        Some(Reply::Log { model: of, answer: Ok(Log { entries, in_production, notes, ..Log::default() }) })
    });
    driver.answer_all();
    assert_snapshot!("the_history_of_one_model", pictures(&mut driver));
    driver.keys("g<enter>");
    assert_snapshot!("a_decision_whose_record_is_elsewhere", text(&mut driver, 80, 24));
    driver.keys("jj<enter>");
    assert_eq!(driver.state.top().heading(), "record", "it is on its release");
}

#[test]
fn the_record_of_another_machine_is_read_from_its_release_and_verified_there() {
    let draft = samples::draft();
    let mut driver = sample(&[Route::Record(RecordAt::Release(draft.repo, draft.tag))]);
    assert_snapshot!("a_record_from_its_release", pictures(&mut driver));
    driver.keys("v");
    driver.answer_all();
    assert_snapshot!("a_record_that_does_not_hold", text(&mut driver, 80, 24));
}

#[test]
fn what_the_policy_calls_better_is_so_in_inbox_review_and_side_by_side() {
    let mut rules = ruled("[policy.metrics.auc]\ndirection = 'lower'\n");
    rules.directions = Directions::default();
    let mut driver = Driver::with_rules(rules);
    let line = |driver: &mut Driver, what: &str| {
        let screen = text(driver, 120, 40);
        screen.lines().find(|l| l.contains(what)).unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    let inbox = line(&mut driver, "v42");
    assert!(inbox.contains("▼ +0.012"), "{inbox}");
    driver.keys("/telco v42<enter><enter>");
    let review = line(&mut driver, "0.902");
    assert!(review.contains("▼ +0.012"), "{review}");
    let other = line(&mut driver, "brier");
    assert!(other.contains("? -0.006"), "nobody says which way it should go: {other}");
    driver.keys("<esc>v <down> c");
    let beside = line(&mut driver, "auc");
    assert!(beside.contains("▲") || beside.contains("▼"), "{beside}");
}
