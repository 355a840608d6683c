//! The list of targets: opened from anywhere, or before any target is chosen.

use insta::assert_snapshot;
use signoff::app::effect::Effect;
use signoff::app::keymap::{DEFAULT_KEYMAP, Keymap};
use signoff::app::query::{Query, Reply};
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::target::{TargetEntry, WaitingCount};
use signoff::program::state::State;

use super::pictures;
use super::support::driver::{Driver, rules};

fn entry(name: &str, production: bool) -> TargetEntry {
    let servers = Ok(format!("https://{name}.cloud.databricks.com (Unity Catalog), acme/churn-model"));
    TargetEntry { name: name.to_owned(), production, colour: None, servers }
}

fn half() -> TargetEntry {
    let failure = Failure::new(FailureKind::Config, Service::Config, "use the target 'dev'", "DEV_TOKEN is not set");
    TargetEntry { servers: Err(failure), ..entry("dev", false) }
}

/// The program in 'staging', beside 'prod' and one that lacks a variable.
fn three() -> Driver {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.state.targets = vec![half(), entry("prod", true), entry("staging", false)];
    driver.answer_with(|query| match query {
        Query::WaitingIn { target } => {
            let count =
                WaitingCount { models: 40, waiting: if target == "prod" { 0 } else { 4 }, held: 1, more: false };
            let count = if target == "prod" { WaitingCount { held: 0, ..count } } else { count };
            Some(Reply::WaitingIn { target: target.clone(), answer: Ok(count) })
        }
        _ => None,
    });
    driver.answer_all();
    driver
}

fn switched(driver: &mut Driver) -> Vec<Effect> {
    driver.asked().into_iter().filter(|effect| matches!(effect, Effect::Switch(_))).collect()
}

#[test]
fn it_opens_from_anywhere_and_says_what_waits_in_each() {
    let mut driver = three();
    driver.keys("T");
    assert_snapshot!(pictures(&mut driver));
    driver.sees(&["DEV_TOKEN is not set", "3 waiting, 1 held back", "nothing waits"]);
}

#[test]
fn enter_opens_another_target_and_goes_back_to_the_same() {
    let mut driver = three();
    driver.keys("Tj");
    driver.keys("<enter>");
    assert_eq!(switched(&mut driver), [Effect::Switch("prod".to_owned())]);
    driver.keys("j<enter>");
    assert_eq!(switched(&mut driver), []);
    driver.sees(&["Inbox"]);
}

#[test]
fn a_target_that_cannot_be_used_says_why() {
    let mut driver = three();
    driver.keys("Tg<enter>");
    assert_eq!(switched(&mut driver), []);
    driver.sees(&["DEV_TOKEN is not set"]);
}

#[test]
fn a_target_that_cannot_be_read_is_listed_with_the_reason() {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.state.targets = vec![entry("prod", true), entry("staging", false)];
    let down = Failure::new(FailureKind::Unavailable, Service::Mlflow, "list the models", "the connection was refused");
    driver.refuse(|query| matches!(query, Query::WaitingIn { target } if target == "prod"), down);
    driver.answer_all();
    driver.keys("T");
    driver.sees(&["cannot be read", "the connection was refused"]);
}

/// Nothing is asked of any server but what the list shows, and nothing else can be opened.
#[test]
fn before_a_target_is_chosen_there_is_only_the_list() {
    let mut driver = three();
    let targets = std::mem::take(&mut driver.state.targets);
    let keymap = Keymap::parse(DEFAULT_KEYMAP).unwrap();
    driver.state = State::choosing(rules("no target"), keymap, driver.state.now);
    driver.state.targets = targets;
    driver.asked();
    driver.resize(100, 30);
    for key in ["i", "m", "e", "H"] {
        driver.keys(key);
        driver.sees(&["Choose a target first."]);
    }
    driver.keys("T<esc>G");
    let asked = driver.asked();
    assert!(
        asked.iter().all(|effect| matches!(effect, Effect::Fetch(_, Query::WaitingIn { .. }) | Effect::Cancel(_))),
        "{asked:?}"
    );
    driver.keys("<enter>");
    assert_eq!(switched(&mut driver), [Effect::Switch("staging".to_owned())]);
}
