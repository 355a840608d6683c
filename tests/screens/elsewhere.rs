//! Promotions that move nothing in the registry: to a release, and to another target.

use insta::assert_snapshot;
use signoff::app::route::Route;
use signoff::domain::elsewhere::Arrival;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::{Ending, Event, Receipt, Step};
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

#[test]
fn a_copy_that_did_not_come_is_said_and_nothing_is_called_as_signed() {
    let mut driver = plan(PromotionTarget::Elsewhere("prod".to_owned()));
    driver.keys("v42<enter>");
    let entries = driver.promote();
    let id = entries[0].id;
    // This world has no other target to look at.
    let until = entries.iter().position(|p| matches!(p.entry.event, Event::Failed { step: Step::Arrive, .. })).unwrap();
    driver.show(&entries[..until]);
    let model = ModelName::new("telco-churn");
    let outcome = Arrival::Missing { model, waited_s: 60 };
    driver.show_events(
        id,
        [
            Event::Succeeded { step: Step::Arrive, receipt: Receipt::Arrival { outcome } },
            Event::Ended { ending: Ending::Done, truth: Vec::new() },
        ],
    );
    driver.settle(id);
    driver.resize(140, 40);
    driver.sees(&[
        "Released, but no copy of it has come to the other target.",
        "no version of telco-churn in prod names this one after 60 s",
        "WHAT IS TRUE NOW",
        "roll back",
    ]);
    driver.misses(&["in production:", "deployment job"]);
}
