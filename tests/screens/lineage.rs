//! The lineage tab of the review.

use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::rules::{PolicyRule, RepositoryRule, Rules};
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules, rules};
use super::{pictures, text, themed};

fn opening(number: u64) -> Driver {
    reviewing(number, demo_rules())
}

/// Without a policy nothing of the code is read for a verdict.
fn opening_without_policy(number: u64) -> Driver {
    reviewing(number, Rules { policy: PolicyRule::default(), ..demo_rules() })
}

fn reviewing(number: u64, rules: Rules) -> Driver {
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(number));
    let mut driver = Driver::asking(rules, &[route], |_| {});
    driver.answer_all();
    driver
}

fn forbidden(operation: &str) -> Failure {
    Failure::new(FailureKind::Forbidden, Service::Github, operation, "the token may not read pull requests")
        .with_hint("Give the token `pull requests: read`.")
}

#[test]
fn where_a_version_came_from() {
    let mut driver = opening(42);
    driver.keys("2");
    assert_snapshot!("lineage", pictures(&mut driver));
    assert_snapshot!("lineage_without_colour", themed(&mut driver, Theme::NoColor));
    assert_snapshot!("lineage_on_a_light_ground", themed(&mut driver, Theme::Light));
}

#[test]
fn everything_unfolded() {
    let mut driver = opening(42);
    driver.keys("2  ");
    assert_snapshot!("lineage_unfolded", text(&mut driver, 80, 70));
    driver.keys("  ");
    assert_snapshot!("lineage_unfolded_again", text(&mut driver, 80, 24));
}

#[test]
fn everything_folded() {
    let mut driver = opening(42);
    driver.keys("2 ");
    assert_snapshot!("lineage_folded", text(&mut driver, 80, 24));
}

#[test]
fn nodes_on_their_way() {
    let mut driver = opening_without_policy(42);
    driver.answering = false;
    driver.keys("2");
    assert_snapshot!("lineage_being_read", pictures(&mut driver));
    driver.answer_only(|query| matches!(query, Query::Commit { .. } | Query::Experiment { .. }));
    assert_snapshot!("lineage_read_in_part", text(&mut driver, 80, 24));
}

#[test]
fn a_node_that_may_not_be_read_and_one_that_cannot_be_read_again() {
    let mut driver = opening_without_policy(42);

    driver.refuse(|query| matches!(query, Query::PullRequest { .. }), forbidden("find the pull request"));
    driver.keys("2");
    driver.wait(Duration::from_secs(240));
    let unreachable = Failure::new(FailureKind::Unavailable, Service::Github, "read the checks", "it took too long");
    driver.refuse(|query| matches!(query, Query::Checks { .. }), unreachable);
    driver.keys("r");
    assert_snapshot!("lineage_with_failures", pictures(&mut driver));
    assert_snapshot!("lineage_with_failures_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn what_the_verdict_was_read_from_is_not_asked_again() {
    let mut driver = opening(42);
    driver.answering = false;
    driver.keys("2");
    let seen = std::cell::Cell::new(0);
    driver.answer_only(|query| {
        let again = matches!(query, Query::PullRequest { .. } | Query::Checks { .. } | Query::Workflow { .. })
            || matches!(query, Query::Commit { rev, .. } if rev.starts_with("3f9c1ab"));
        assert!(!again, "asked again: {query:?}");
        seen.set(seen.get() + 1);
        false
    });
    assert!(seen.get() > 0, "the rest of the lineage is asked");
}

#[test]
fn a_repository_nobody_configured() {
    let mut rules = rules("staging");
    rules.repository = RepositoryRule::default();
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let mut driver = Driver::asking(rules, &[route], |_| {});
    driver.answer_all();
    driver.keys("2G");
    assert_snapshot!("lineage_without_a_repository", pictures(&mut driver));
}

#[test]
fn a_run_that_recorded_no_commit() {
    let route = Route::Review(ModelName::new("pricing-elasticity"), VersionNumber(17));
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver.keys("2");
    assert_snapshot!("lineage_without_a_commit", text(&mut driver, 80, 24));
}

#[test]
fn the_keys_of_the_tab() {
    let mut driver = opening(42);
    driver.keys("2?");
    assert_snapshot!("lineage_help", text(&mut driver, 80, 40));
}
