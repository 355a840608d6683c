//! Parts around and over the screens: help, palette, notices, and a terminal that is too small.

use insta::assert_snapshot;
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply, Session};
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::registry::RegistryInfo;

use super::support::driver::{Driver, rules};
use super::{pictures, text};

#[test]
fn the_help_of_the_inbox() {
    let mut driver = Driver::demo();
    driver.keys("?");
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn the_commands() {
    let mut driver = Driver::demo();
    driver.keys(":");
    assert_snapshot!("the_commands", pictures(&mut driver));
    driver.keys("mod");
    assert_snapshot!("a_command_being_looked_for", text(&mut driver, 80, 24));
    driver.keys("zzz");
    assert_snapshot!("a_command_that_does_not_exist", text(&mut driver, 80, 24));
}

#[test]
fn a_terminal_that_is_too_small() {
    let mut driver = Driver::demo();
    assert_snapshot!(text(&mut driver, 50, 10));
}

#[test]
fn a_word_in_the_footer() {
    let mut driver = Driver::demo();
    driver.keys("y");
    assert_snapshot!("a_word_in_the_footer", text(&mut driver, 80, 24));
    let failure = Failure::new(FailureKind::Local, Service::Local, "open the browser", "there is none on this machine")
        .with_hint("Copy the address with y.");
    driver.send(Msg::Failed(failure));
    assert_snapshot!("a_failure_in_the_footer", text(&mut driver, 60, 15));
}

#[test]
fn nobody_signed_in_to_github() {
    let mut driver = Driver::asking(rules("staging"), &[], |_| {});
    driver.answer_with(|query| {
        let registry = RegistryInfo {
            user_kind: signoff::domain::registry::UserKind::Person,
            version: "3.17.2".into(),
            user: None,
            workspace: None,
            stages: true,
            aliases: true,
            tag_value_limit: 5000,
            requests: false,
            chosen: None,
            holes: Vec::new(),
        };
        let host = Failure::new(FailureKind::Unauthenticated, Service::Github, "ask who I am", "there is no token");
        let session = Session { registry: Ok(registry), host: Err(host.with_hint("Set GH_TOKEN.")) };
        matches!(query, Query::Session).then_some(Reply::Session { answer: Ok(session) })
    });
    driver.answer_all();
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn the_way_out_is_always_in_the_footer() {
    for keys in ["m", "m<enter>", "<enter>", "<enter>2", "a", "a<ctrl-p>", "H", "?", ":"] {
        for (width, height) in [(60, 15), (80, 24), (160, 50)] {
            let mut driver = Driver::demo();
            driver.keys(keys);
            let screen = text(&mut driver, width, height);
            let footer = screen.lines().last().unwrap();
            assert!(footer.contains("Esc back"), "{keys} at {width}x{height}: {footer}");
        }
    }
}
