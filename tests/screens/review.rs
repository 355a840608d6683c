//! The review of one version.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use signoff::adapters::demo::World;
use signoff::adapters::demo::world::LoggedMetric;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::run::MetricValue;
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules, rules};
use super::{pictures, text, themed};

fn review(model: &str, number: u64) -> Driver {
    let route = Route::Review(ModelName::new(model), VersionNumber(number));
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver
}

#[test]
fn the_differences_to_production() {
    let mut driver = review("telco-churn", 42);
    assert_snapshot!("the_differences", pictures(&mut driver));
    assert_snapshot!("the_differences_without_colour", themed(&mut driver, Theme::NoColor));
    assert_snapshot!("the_differences_on_a_light_ground", themed(&mut driver, Theme::Light));
}

#[test]
fn everything_and_not_only_differences() {
    let mut driver = review("telco-churn", 42);
    driver.keys("d");
    assert_snapshot!(text(&mut driver, 80, 40));
}

#[test]
fn the_description() {
    let mut driver = review("telco-churn", 42);
    driver.keys("6");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_model_that_was_never_in_production() {
    assert_snapshot!(pictures(&mut review("churn-uplift", 2)));
}

#[test]
fn a_version_that_is_worse() {
    assert_snapshot!(pictures(&mut review("card-fraud", 9)));
}

#[test]
fn a_version_without_a_run() {
    let mut driver = review("telco-churn", 35);
    assert_snapshot!("a_version_without_a_run", pictures(&mut driver));
    driver.keys("2");
    assert_snapshot!("a_version_without_a_run_lineage", text(&mut driver, 80, 24));
}

#[test]
fn a_version_whose_run_was_deleted() {
    let mut driver = review("telco-churn", 36);
    driver.keys("2");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn hostile_text_is_only_text() {
    let mut driver = review("客户流失 🚀", 3);
    assert_snapshot!("hostile_text_differences", pictures(&mut driver));
    driver.keys("2");
    assert_snapshot!("hostile_text_lineage", text(&mut driver, 80, 40));
    driver.keys("6");
    assert_snapshot!("hostile_text_description", text(&mut driver, 80, 24));
}

#[test]
fn a_review_being_read() {
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    assert_snapshot!(pictures(&mut Driver::asking(rules("staging"), &[route], |_| {})));
}

#[test]
fn a_review_that_could_not_be_read_again() {
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let mut driver = Driver::asking(rules("staging"), &[route], |_| {});
    driver.answer_all();
    driver.wait(Duration::from_secs(240));
    let failure = Failure::new(
        FailureKind::Unauthenticated,
        Service::Mlflow,
        "read version v42 of telco-churn",
        "the server does not know this user",
    );
    let hint = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.";
    driver.refuse(|query| matches!(query, Query::Facts { .. }), failure.with_hint(hint));
    driver.keys("r");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_differences_beside_the_curve_of_the_selected_metric() {
    let mut driver = review("telco-churn", 42);
    driver.resize(150, 40);
    driver.keys("j");
    assert_snapshot!("the_differences_in_two_panes", text(&mut driver, 150, 40));
    driver.keys("<pagedown>");
    assert_snapshot!("a_text_in_the_pane", text(&mut driver, 150, 40));
}

#[test]
fn the_largest_change_first() {
    let mut driver = review("telco-churn", 42);
    driver.keys("S");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn another_baseline_is_chosen() {
    let mut driver = review("telco-churn", 42);
    driver.keys("b");
    assert_snapshot!("the_choice_of_a_baseline", pictures(&mut driver));
    driver.keys("<tab>");
    assert_snapshot!("the_choice_of_a_run", text(&mut driver, 80, 24));
    driver.keys("<tab>v38<enter>");
    assert_snapshot!("another_baseline", pictures(&mut driver));
    assert_snapshot!("another_baseline_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn a_baseline_that_cannot_be_read() {
    let mut driver = review("telco-churn", 42);
    let failure =
        Failure::new(FailureKind::Forbidden, Service::Mlflow, "read version v38 of telco-churn", "no permission");
    driver.refuse(|query| matches!(query, Query::Facts { version: VersionNumber(38), .. }), failure);
    driver.keys("bv38<enter>");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_text_is_read_in_full() {
    let mut driver = review("客户流失 🚀", 3);
    driver.keys("d");
    driver.resize(80, 60);
    while !text(&mut driver, 80, 60).lines().any(|l| l.contains('▸') && (l.contains("changed") || l.contains("new")))
    {
        driver.keys("j");
    }
    driver.keys("<enter>");
    assert_snapshot!(pictures(&mut driver));
}

/// telco-churn v42 as a checkpoint: its model scored less than its run ended with, on other data than v39's.
fn checkpoint(route: Route, change: impl FnOnce(&mut World)) -> Driver {
    let mut driver = Driver::asking(demo_rules(), &[route], |world| {
        let model = world.models.get_mut(&ModelName::new("telco-churn")).unwrap();
        for (number, auc, data) in [(42, 0.6, "holdout-09"), (39, 0.7, "holdout-08")] {
            let logged = &mut model.versions.get_mut(&VersionNumber(number)).unwrap().logged;
            let measured = |name: &str, value, data: Option<&str>| LoggedMetric {
                name: name.to_owned(),
                value: MetricValue(value),
                data: data.map(|name| (name.to_owned(), "d1g357".to_owned())),
            };
            logged.metrics = vec![measured("auc", auc, Some(data)), measured("rural_auc", auc - 0.1, None)];
        }
        change(world);
    });
    driver.answer_all();
    driver
}

#[test]
fn a_checkpoint_that_scored_less_than_its_run_ended_with() {
    let mut driver = checkpoint(Route::Review(ModelName::new("telco-churn"), VersionNumber(42)), |_| {});
    assert_snapshot!("a_checkpoint", pictures(&mut driver));
}

#[test]
fn a_run_that_is_not_over_or_failed_is_said_on_the_first_screen() {
    for (status, deleted, said) in [
        ("RUNNING", false, "the training run is RUNNING"),
        ("FAILED", false, "the training run is FAILED"),
        ("KILLED", false, "the training run is KILLED"),
        ("FINISHED", true, "the training run was deleted"),
    ] {
        let driver = checkpoint(Route::Review(ModelName::new("telco-churn"), VersionNumber(42)), |world| {
            let id = world.models[&ModelName::new("telco-churn")].versions[&VersionNumber(42)].run_id.clone().unwrap();
            let run = Arc::make_mut(&mut world.runs).get_mut(&id).unwrap();
            (run.status, run.deleted) = (status.to_owned(), deleted);
            run.tags.insert("mlflow.source.git.dirty".into(), "true".into());
        });
        for (width, height) in [(80, 24), (160, 50)] {
            let picture = driver.picture_at(width, height);
            assert!(picture.contains(said) && picture.contains("not committed"), "{picture}");
        }
    }
}

#[test]
fn lists_show_what_the_model_scored() {
    let picture = checkpoint(Route::Inbox, |_| {}).picture_at(160, 50);
    let row = picture.lines().find(|line| line.contains("telco-churn") && line.contains("v42")).unwrap();
    assert!(row.contains("0.6 ") && row.contains("-0.1"), "{picture}");
    let picture = checkpoint(Route::Versions(ModelName::new("telco-churn")), |_| {}).picture_at(160, 50);
    let row = picture.lines().find(|line| line.contains("v42")).unwrap();
    assert!(row.contains("0.6 "), "{picture}");
    let trend = Route::Trend(ModelName::new("telco-churn"), VersionNumber(42), "auc".into());
    let picture = checkpoint(trend, |_| {}).picture_at(160, 50);
    assert!(picture.contains("0.6"), "{picture}");
}
