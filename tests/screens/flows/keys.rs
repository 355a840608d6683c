//! The user's own keys, and the help that lists what works.

use crate::sample::sample;
use crate::support::driver::Driver;
use signoff::app::action::Action;
use signoff::app::effect::Effect;
use signoff::app::input::Input;
use signoff::app::keymap::{Context, Rebound, parse_key};
use signoff::app::msg::Msg;
use signoff::app::query::Query;
use signoff::domain::failure::{Failure, FailureKind, Service};
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
    driver.sees(&["On this screen", "Decide", "Go somewhere else", "Everywhere", "versions: all versions"]);
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

#[test]
fn what_is_said_of_a_key_names_the_one_that_is_bound() {
    let mut driver = sample(&[]);
    driver.resize(100, 40);
    rebound(&mut driver, Context::Global, Action::Back, &["f9"]);
    rebound(&mut driver, Context::Prompt, Action::Back, &["f9"]);
    rebound(&mut driver, Context::Review, Action::Tab1, &["f1"]);
    rebound(&mut driver, Context::Approve, Action::Confirm, &["f2"]);
    rebound(&mut driver, Context::Approve, Action::NextField, &["f3"]);
    driver.keys("/zzz<enter>");
    driver.sees(&["F9 clears it", "F9 clears the filter"]);
    driver.misses(&["Esc"]);
    driver.send(pressed("f9"));
    driver.keys("<enter>");
    driver.sees(&["F1 Diff", "2 Lineage"]);
    driver.keys("a");
    driver.sees(&["press F2:", "F3 goes here"]);
}

fn pressed(key: &str) -> Msg {
    Msg::Input(Input::Key(parse_key(key).unwrap()))
}

#[test]
fn a_failure_names_the_key_that_reads_again() {
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    rebound(&mut driver, Context::Global, Action::Refresh, &["f5"]);
    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "list the models", "no server answers");
    driver.refuse(|query| matches!(query, Query::Models { .. }), failure);
    driver.send(pressed("f5"));
    driver.sees(&["no server answers", "Press F5 to try again."]);
    driver.misses(&["Press r"]);
    rebound(&mut driver, Context::Global, Action::Refresh, &[]);
    driver.sees(&["Choose 'refresh' to try again."]);
}

/// What the help lists where it is asked for.
fn help(driver: &mut Driver) -> String {
    driver.resize(120, 90);
    driver.keys("?");
    assert!(matches!(driver.state.top(), Screen::Help(_)));
    let picture = driver.picture();
    driver.keys("<esc>");
    picture
}

#[track_caller]
fn lists(help: &str, some: &[&str], none: &[&str]) {
    some.iter().for_each(|word| assert!(help.contains(word), "'{word}' is missing:\n{help}"));
    none.iter().for_each(|word| assert!(!help.contains(word), "'{word}' is listed:\n{help}"));
}

#[test]
fn help_lists_nothing_that_does_nothing() {
    let mut driver = Driver::demo();
    driver.keys(":telco-churn/99<enter>");
    assert!(matches!(driver.state.top(), Screen::Review(_)), "{}", driver.picture());
    driver.misses(&["a approve", "x reject"]);
    lists(&help(&mut driver), &["versions:"], &["approve:", "reject:", "hold:", "files:", "copy:"]);
    driver.keys("5");
    lists(&help(&mut driver), &["versions:"], &["yes: answer", "note:", "next answer"]);
    driver.keys("a");
    driver.sees(&["There is no v99 of telco-churn."]);
    // A trend is of a metric.
    driver.keys("i<enter>3");
    lists(&help(&mut driver), &["approve:"], &["trend:"]);
    driver.keys("1");
    lists(&help(&mut driver), &["page down"], &[]);
    // Nothing to go back to, and nothing to page through.
    driver.keys(":churn-uplift/2<enter>R");
    assert!(matches!(driver.state.top(), Screen::Rollback(_)));
    driver.sees(&["No earlier version"]);
    driver.misses(&["⏎ open", "o browser"]);
    lists(&help(&mut driver), &["refresh:"], &["open", "page down", "first", "last\n"]);
}

#[test]
fn a_record_that_is_not_there_offers_nothing_of_it() {
    let id = signoff::domain::promotion::samples::id(77);
    let at = signoff::app::route::RecordAt::Machine(id);
    let mut driver =
        Driver::asking(crate::support::driver::demo_rules(), &[signoff::app::route::Route::Record(at)], |_| {});
    driver.answer_all();
    driver.sees(&["No such record on this machine."]);
    driver.misses(&["E export", "y copy", "PgDn"]);
    lists(&help(&mut driver), &["refresh:"], &["export:", "copy:", "verify:", "page down"]);
    driver.keys("E");
    driver.sees(&["There is no record to do that with."]);
}
