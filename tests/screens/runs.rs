//! Experiments, their runs, comparisons, curves and trends.

use insta::assert_snapshot;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules, rules};
use super::{pictures, text, themed};

/// A screen of the demo, with everything loaded.
fn at(route: Route) -> Driver {
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver
}

fn telco() -> ModelName {
    ModelName::new("telco-churn")
}

/// The runs of the demo's largest experiment.
fn runs() -> Driver {
    let mut driver = at(Route::Experiments);
    driver.keys("G<enter>");
    driver
}

#[test]
fn the_experiments() {
    let mut driver = at(Route::Experiments);
    assert_snapshot!("the_experiments", pictures(&mut driver));
    assert_snapshot!("the_experiments_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn the_runs_of_an_experiment() {
    let mut driver = runs();
    assert_snapshot!("the_runs", pictures(&mut driver));
    assert_snapshot!("the_runs_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("s");
    assert_snapshot!("the_runs_while_a_sort_key_is_chosen", text(&mut driver, 80, 24));
}

#[test]
fn a_filter_the_server_refuses() {
    let mut driver = runs();
    driver.keys("fmetrics.auc >> 1<enter>");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn one_run() {
    let mut driver = runs();
    driver.keys("<enter>");
    assert_snapshot!("a_run", pictures(&mut driver));
    assert_snapshot!("a_run_without_colour", themed(&mut driver, Theme::NoColor));
    for (tab, name) in
        [("2", "a_run_its_params"), ("3", "a_run_its_tags"), ("4", "a_run_its_lineage"), ("5", "a_run_its_description")]
    {
        driver.keys(tab);
        assert_snapshot!(name, text(&mut driver, 80, 24));
    }
}

#[test]
fn three_versions_side_by_side() {
    let mut driver = at(Route::Versions(telco()));
    driver.keys("   c");
    assert_snapshot!("side_by_side", pictures(&mut driver));
    assert_snapshot!("side_by_side_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("dS");
    assert_snapshot!("side_by_side_everything_by_size", text(&mut driver, 80, 24));
}

#[test]
fn a_curve_against_production() {
    let mut driver = at(Route::Curve(telco(), VersionNumber(42), "auc".into()));
    assert_snapshot!("a_curve", pictures(&mut driver));
    assert_snapshot!("a_curve_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("++hhL");
    assert_snapshot!("a_curve_zoomed_in_on_a_log_scale", text(&mut driver, 80, 24));
}

fn trend(version: u64) -> Route {
    Route::Trend(telco(), VersionNumber(version), "auc".into())
}

#[test]
fn a_metric_from_version_to_version() {
    let mut driver = at(trend(42));
    assert_snapshot!("a_trend", pictures(&mut driver));
    assert_snapshot!("a_trend_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("hhh");
    assert_snapshot!("a_trend_with_the_cursor_on_production", text(&mut driver, 80, 24));
    driver.keys("g");
    assert_snapshot!("a_trend_with_the_cursor_on_a_gap", text(&mut driver, 80, 24));
}

#[test]
fn a_trend_that_is_being_read() {
    let mut driver = Driver::asking(rules("staging"), &[trend(42)], |_| {});
    driver.answer_only(|query| !matches!(query, Query::Runs { .. }));
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_trend_that_could_not_be_read() {
    let mut driver = Driver::asking(rules("staging"), &[trend(42)], |_| {});
    let why = Failure::new(FailureKind::Unavailable, Service::Mlflow, "read runs", "the connection was refused")
        .with_hint("Is the server up? `signoff doctor` looks at everything.");
    driver.refuse(|query| matches!(query, Query::Runs { .. }), why);
    driver.answer_all();
    assert_snapshot!(text(&mut driver, 80, 24));
}
