//! Promotions that move nothing in the registry: to a release, and to another target.

use insta::assert_snapshot;
use signoff::app::route::Route;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::record::Decision;
use signoff::domain::registry::PromotionTarget;

use super::pictures;
use super::support::driver::{Driver, demo_rules};

fn plan(promote_to: PromotionTarget) -> Driver {
    let mut rules = demo_rules();
    rules.promote_to = promote_to;
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    let mut driver = Driver::asking(rules, &[route], |_| {});
    driver.answer_all();
    driver
}

#[test]
fn a_plan_that_only_releases_says_so() {
    assert_snapshot!("only_a_release", pictures(&mut plan(PromotionTarget::Release)));
}

#[test]
fn a_released_version_is_told_from_a_moved_one() {
    let mut driver = plan(PromotionTarget::Release);
    driver.keys("v42<enter>");
    let entries = driver.promote();
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_snapshot!("released", pictures(&mut driver));
}

#[test]
fn a_plan_for_another_target_says_that_cd_copies_it_there() {
    assert_snapshot!("to_another_target", pictures(&mut plan(PromotionTarget::Elsewhere("prod".to_owned()))));
}
