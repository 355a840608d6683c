//! The user's own keys, and the help that lists what works.

use crate::sample::sample;
use crate::support::driver::Driver;
use signoff::app::action::Action;
use signoff::app::effect::Effect;
use signoff::app::keymap::{Context, Rebound, parse_key};
use signoff::screens::Screen;

fn rebound(driver: &mut Driver, context: Context, action: Action, keys: &[&str]) {
    let keys = keys.iter().map(|key| parse_key(key).unwrap()).collect();
    let mistakes = driver.state.keymap.rebind(&[Rebound { context, action, keys, line: 1 }]);
    assert_eq!(mistakes, []);
}

#[test]
fn another_key_works_and_footer_help_and_palette_show_it() {
    let mut driver = sample(&[]);
    rebound(&mut driver, Context::Inbox, Action::Approve, &["A"]);
    driver.keys("a");
    assert!(matches!(driver.state.top(), Screen::Inbox(_)), "the old key does nothing");
    driver.sees(&["A approve"]);
    driver.keys("?");
    assert!(driver.picture().lines().any(|line| line.contains(" A ") && line.contains("approve: show the plan")));
    driver.keys("<esc>:approve");
    assert!(driver.picture().lines().any(|line| line.contains("approve") && line.contains("command  A ")));
    driver.keys("<esc>A");
    assert!(matches!(driver.state.top(), Screen::Approve(_)));
}

#[test]
fn what_is_unbound_is_nowhere_offered() {
    let mut driver = sample(&[]);
    rebound(&mut driver, Context::Inbox, Action::Reject, &[]);
    driver.misses(&["reject"]);
    driver.keys("x?");
    driver.misses(&["reject"]);
}

#[test]
fn help_is_in_groups_lists_what_works_here_and_is_searched() {
    let mut driver = sample(&[]);
    driver.resize(100, 60);
    driver.keys("?");
    driver.sees(&["On this screen", "Decide", "Move", "Go somewhere else", "Everywhere", "versions: all versions"]);
    driver.keys("/bring nothing");
    driver.sees(&["No key matches"]);
    driver.keys("<esc>/browser<enter>");
    driver.sees(&["On this screen", "browser: open this in the browser", "1 of "]);
    driver.misses(&["Decide", "quit"]);
    driver.keys("<esc>");
    driver.sees(&["Decide"]);
    driver.keys("<esc>");
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
    // Nothing is under the cursor: nothing of it can be done.
    driver.keys("/zzz<enter>?");
    driver.misses(&["approve", "browser"]);
    driver.sees(&["filter", "quit"]);
}

#[test]
fn what_a_chart_cannot_do_is_not_in_its_help() {
    let mut driver = sample(&[]);
    driver.resize(100, 60);
    driver.keys("<enter><enter>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)));
    driver.keys("?");
    driver.sees(&["zoom out", "log: logarithmic"]);
    let listed = |text: &str| text.lines().any(|line| line.trim_start().starts_with("/  "));
    assert!(!listed(&driver.picture()), "{}", driver.picture());
    driver.keys("<esc><esc>?");
    assert!(listed(&driver.picture()), "{}", driver.picture());
}

#[test]
fn filters_negate_take_regular_expressions_and_count() {
    let mut driver = sample(&[]);
    driver.keys("m/telco");
    driver.sees(&["1 of 1"]);
    driver.keys("<esc>/!telco");
    driver.sees(&["0 of 1"]);
    driver.keys("<esc>//^TELCO/");
    driver.sees(&["0 of 1"]);
    driver.keys("<esc>//^tel.o-/<enter>");
    driver.sees(&["1 of 1", "telco-churn", "Esc clears it"]);
    driver.keys("<esc>//(");
    driver.sees(&["This is no regular expression yet", "telco-churn"]);
    driver.asked();
    driver.keys("<esc>y");
    assert!(matches!(driver.asked().as_slice(), [Effect::Copy(text)] if text == "telco-churn"));
}
