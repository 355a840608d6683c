//! The lists: inbox, models, versions, promotions.

use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::page::Page;
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules, rules};
use super::{pictures, text, themed};

fn refused(operation: &str) -> Failure {
    Failure::new(FailureKind::Unavailable, Service::Mlflow, operation, "the connection was refused")
        .with_hint("Is the server up? `signoff doctor` looks at everything.")
}

#[test]
fn the_inbox_before_anything_was_read() {
    assert_snapshot!(pictures(&mut Driver::asking(demo_rules(), &[], |_| {})));
}

#[test]
fn the_inbox_while_runs_are_being_read() {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.refuse(|query| matches!(query, Query::Runs { .. }), refused("read runs"));
    // The models arrive; the queries for their runs stay unanswered.
    driver.answer_only(|query| !matches!(query, Query::Runs { .. }));
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_inbox() {
    let mut driver = Driver::demo();
    assert_snapshot!("the_inbox", pictures(&mut driver));
    assert_snapshot!("the_inbox_without_colour", themed(&mut driver, Theme::NoColor));
    assert_snapshot!("the_inbox_on_a_light_ground", themed(&mut driver, Theme::Light));
    assert_snapshot!("the_inbox_in_two_panes", text(&mut driver, 150, 40));
}

#[test]
fn the_inbox_of_a_production_target() {
    let mut production = rules("prod-eu");
    (production.production, production.colour) = (true, Some("#aa0000".to_owned()));
    assert_snapshot!(pictures(&mut Driver::with_rules(production)));
}

#[test]
fn the_inbox_when_nothing_waits() {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.answer_with(|query| {
        let Query::Models { page } = query.clone() else { return None };
        Some(Reply::Models { page, answer: Ok(Page { items: Vec::new(), next: None }) })
    });
    driver.answer_all();
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_inbox_while_a_filter_is_typed() {
    let mut driver = Driver::demo();
    driver.keys("/cr");
    assert_snapshot!(pictures(&mut driver));
    driver.keys("zz<enter>");
    assert_snapshot!("the_inbox_when_the_filter_matches_nothing", text(&mut driver, 80, 24));
}

#[test]
fn the_inbox_after_a_refresh_that_failed() {
    let mut driver = Driver::with_rules(rules("staging"));
    driver.wait(Duration::from_secs(900));
    driver.refuse(|query| matches!(query, Query::Models { .. }), refused("list models"));
    driver.keys("r");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_inbox_when_nothing_could_be_read() {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.refuse(|query| matches!(query, Query::Models { .. }), refused("list models"));
    driver.answer_all();
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_models() {
    let mut driver = Driver::demo();
    driver.keys("mjj");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_versions_of_a_model() {
    let mut driver = Driver::demo();
    driver.keys("mjjjjj<enter>");
    assert_snapshot!(pictures(&mut driver));
    assert_snapshot!("the_versions_of_a_model_in_two_panes", text(&mut driver, 150, 40));
}

#[test]
fn versions_that_cannot_be_read() {
    let telco = Route::Versions(ModelName::new("telco-churn"));
    let mut driver = Driver::asking(rules("staging"), &[telco], |_| {});
    driver.refuse(|query| matches!(query, Query::Versions { .. }), refused("list versions"));
    driver.answer_all();
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_long_list_under_a_failure() {
    let mut driver = Driver::asking(rules("staging"), &[], |world| {
        let one = world.models[&ModelName::new("telco-churn")].clone();
        world.models = (0..60).map(|n| (ModelName::new(format!("model-{n:02}")), one.clone())).collect();
    });
    driver.answer_all();
    driver.refuse(|query| matches!(query, Query::Models { .. }), refused("list models"));
    driver.keys("Gr");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn the_inbox_of_an_alias_says_how_what_waits_differs_from_what_it_points_to() {
    let mut champion = rules("staging");
    champion.promote_to = PromotionTarget::Alias("champion".to_owned());
    let churn = ModelName::new("telco-churn");
    let mut driver = Driver::asking(champion, &[], |world| {
        for (name, model) in &mut world.models {
            // Without stages the list carries only the newest version.
            model.versions.values_mut().for_each(|v| v.stage = Stage::None);
            model.aliases = [("champion".to_owned(), *model.versions.keys().next().unwrap())].into();
            if *name == churn {
                model.aliases = [("champion".to_owned(), VersionNumber(39))].into();
            }
        }
    });
    driver.answer_with(|query| {
        let refused = matches!(query, Query::ModelVersion { model, .. } if model.as_str() == "card-fraud");
        let failure =
            Failure::new(FailureKind::Unavailable, Service::Mlflow, "read v1 of card-fraud", "no server answers");
        refused.then_some(Reply::failed(query.clone(), failure))
    });
    driver.answer_all();
    driver.keys("g");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_verdict_waits_for_the_version_an_alias_points_to_and_for_nothing_more() {
    let mut champion = rules("staging");
    champion.promote_to = PromotionTarget::Alias("champion".to_owned());
    let mut driver = Driver::asking(champion, &[], |world| {
        for model in world.models.values_mut() {
            model.versions.values_mut().for_each(|v| v.stage = Stage::None);
            let (first, version) = model.versions.iter_mut().next().unwrap();
            // It comes last, and its run never arrives.
            version.run_id = None;
            model.aliases = [("champion".to_owned(), *first)].into();
        }
    });
    driver.answer_only(|query| !matches!(query, Query::ModelVersion { .. } | Query::Versions { .. }));
    let waiting = text(&mut driver, 80, 24);
    assert!(waiting.contains("telco-churn") && !waiting.contains("pass") && !waiting.contains("warn"), "{waiting}");
    driver.answer_all();
    let judged = text(&mut driver, 80, 24);
    assert!(judged.lines().any(|line| line.contains("telco-churn") && line.contains("! 1 warn")), "{judged}");
}
