//! The approval form.

use signoff::domain::record::Decision;
use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::msg::Msg;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules, rules};
use super::{pictures, text, themed};

fn form(model: &str, number: u64) -> Driver {
    let route = Route::Approve(ModelName::new(model), VersionNumber(number), Decision::Approve);
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver
}

#[test]
fn the_plan() {
    let mut driver = form("telco-churn", 42);
    assert_snapshot!("the_plan", pictures(&mut driver));
    assert_snapshot!("the_plan_without_colour", themed(&mut driver, Theme::NoColor));
    assert_snapshot!("the_plan_on_a_light_ground", themed(&mut driver, Theme::Light));
}

#[test]
fn the_plan_being_read() {
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    assert_snapshot!(pictures(&mut Driver::asking(demo_rules(), &[route], |_| {})));
}

#[test]
fn a_plan_for_production() {
    let mut production = rules("prod-eu");
    (production.production, production.colour) = (true, Some("#aa0000".to_owned()));
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    let mut driver = Driver::asking(production, &[route], |_| {});
    driver.answer_all();
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_reason_and_half_a_version() {
    let mut driver = form("telco-churn", 42);
    driver.keys("<tab>recall is down, accepted by the retention team for one month<tab>v4");
    assert_snapshot!("a_reason_and_half_a_version", pictures(&mut driver));
    driver.keys("3<enter>");
    assert_snapshot!("a_wrong_version", text(&mut driver, 80, 24));
}

#[test]
fn a_long_reason_is_typed_at_its_end() {
    let mut driver = form("telco-churn", 42);
    driver.keys("<tab>one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
    assert_snapshot!(text(&mut driver, 60, 15));
}

#[test]
fn checks_that_block() {
    let mut driver = form("pricing-elasticity", 17);
    driver.keys("v17<enter>");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_head_of_a_branch_instead_of_a_commit() {
    let mut lenient = demo_rules();
    lenient.commit_from_branch = Some("main".to_owned());
    lenient.repository.fixed = Some("acme/churn-models".parse().unwrap());
    let route = Route::Approve(ModelName::new("pricing-elasticity"), VersionNumber(17), Decision::Approve);
    let mut driver = Driver::asking(lenient, &[route], |_| {});
    driver.answer_all();
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_release_notes() {
    let mut driver = form("telco-churn", 42);
    driver.keys("<ctrl-p>");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_version_that_changed_since_it_was_reviewed() {
    let mut driver = Driver::demo();
    driver.keys("/telco v42<enter><enter>");
    driver.world(|world| {
        let telco = world.models.get_mut(&ModelName::new("telco-churn")).unwrap();
        telco.versions.get_mut(&VersionNumber(42)).unwrap().description = "Deeper trees, second try.".into();
    });
    driver.keys("av42<enter>");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_plan_that_cannot_be_read() {
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    let mut driver = Driver::asking(rules("staging"), &[route], |_| {});
    let failure = Failure::new(
        FailureKind::Unavailable,
        Service::Mlflow,
        "read version v42 of telco-churn",
        "the server did not answer within 10 s",
    );
    driver.refuse(|query| matches!(query, Query::Preflight { .. }), failure.with_hint("Try again with Ctrl-R."));
    driver.answer_all();
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_promotion_that_could_not_begin() {
    let mut driver = form("telco-churn", 42);
    driver.keys("v42<enter>");
    assert_snapshot!("a_confirmed_plan", text(&mut driver, 80, 24));
    let failure = Failure::new(
        FailureKind::Local,
        Service::Journal,
        "create the journal of a promotion",
        "no space left on device",
    );
    let outcome = Err(failure.with_hint("Make room, then try again."));
    driver.send(Msg::PromotionSettled { id: None, outcome });
    assert_snapshot!("a_promotion_that_could_not_begin", text(&mut driver, 80, 24));
    driver.wait(Duration::from_secs(1));
}

#[test]
fn a_plan_is_confirmed_only_after_all_of_it_was_on_screen() {
    let mut lenient = demo_rules();
    lenient.commit_from_branch = Some("main".to_owned());
    lenient.repository.fixed = Some("acme/churn-models".parse().unwrap());
    let route = Route::Approve(ModelName::new("pricing-elasticity"), VersionNumber(17), Decision::Approve);
    let mut driver = Driver::asking(lenient, &[route], |_| {});
    driver.resize(60, 15);
    driver.answer_all();
    driver.keys("v17<enter>");
    assert_eq!(driver.asked(), []);
    driver.sees(&["Not all of the plan was on screen yet", "more lines: PgDn"]);
    driver.keys("<enter>");
    assert_eq!(driver.asked(), [], "nothing was scrolled");
    driver.keys("<pagedown><pagedown><pagedown><enter>");
    assert_eq!(driver.asked().len(), 1);
}

#[test]
fn a_plan_that_cannot_be_approved_asks_for_nothing_and_does_not_say_that_the_policy_holds() {
    let mut driver = form("card-fraud", 9);
    driver.resize(100, 40);
    driver.sees(&["✗ policy", "v9 cannot be approved"]);
    driver.misses(&["Type v9", "Reason", "rules hold\n", "✓ policy"]);
    let picture = driver.picture();
    let passed = picture.lines().find(|line| line.contains("✓ version")).unwrap_or_default();
    assert!(!passed.contains("policy"), "{picture}");
    driver.keys("v9<enter>");
    assert_eq!(driver.asked(), []);
}

#[test]
fn what_the_lineage_warns_of_stands_in_the_plan() {
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    let mut driver = Driver::asking(demo_rules(), &[route], |world| {
        let run = world.models[&ModelName::new("telco-churn")].versions[&VersionNumber(42)].run_id.clone().unwrap();
        let older = world.repo.commits.iter().min_by_key(|(_, commit)| commit.at).unwrap().0.clone();
        let run = std::sync::Arc::make_mut(&mut world.runs).get_mut(&run).unwrap();
        run.tags.insert("mlflow.source.git.commit".into(), older.to_string());
        run.tags.insert("mlflow.source.git.repoURL".into(), "https://github.com/dana/fork.git".into());
    });
    driver.answer_all();
    driver.resize(140, 40);
    driver.sees(&["of v39 are missing here: this code is older"]);
    driver.sees(&["but the run names another repository:", "github.com/dana/fork"]);
}

#[test]
fn enter_that_comes_with_a_paste_is_told_of_only_where_it_would_confirm() {
    let pasted = |driver: &mut Driver| {
        let enter = Key { rushed: true, ..Key::plain(KeyCode::Enter) };
        driver.send(Msg::Input(Input::Key(enter)));
    };
    let mut driver = form("card-fraud", 9);
    driver.sees(&["cannot be approved"]);
    driver.keys("v9");
    pasted(&mut driver);
    driver.misses(&["as in a paste"]);
    let mut driver = form("telco-churn", 42);
    driver.keys("v42");
    pasted(&mut driver);
    driver.sees(&["Enter came together with the text before it", "Press Enter to"]);
}
