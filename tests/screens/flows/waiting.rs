//! Waiting for a server that does not answer: it is told, and Esc cancels it.

use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::route::Route;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::waiting::Waiting;
use signoff::screens::Screen;

use crate::sample::unanswered;
use crate::support::driver::Driver;

/// The program on these screens, with every read unanswered for this long.
fn waiting(routes: &[Route], waited_s: u64) -> Driver {
    let mut driver = unanswered(routes);
    tell(&mut driver, waited_s);
    driver.asked();
    driver
}

fn tell(driver: &mut Driver, waited_s: u64) {
    let (place, operation) = ("http://h:5000".to_owned(), "list the models".to_owned());
    driver.send(Msg::Waiting(Some(Waiting { place, operation, waited_s, at_most_s: 30, paused: false })));
}

fn review() -> Route {
    Route::Review(ModelName::new("telco-churn"), VersionNumber(42))
}

#[test]
fn a_wait_is_told_once_it_is_long_and_until_it_ends() {
    let mut driver = waiting(&[], 1);
    driver.misses(&["Waiting for"]);
    tell(&mut driver, 12);
    driver.sees(&["Waiting for http://h:5000 since 12 s (at most 30 s; Esc cancels), to list the models"]);
    driver.answer_all();
    driver.misses(&["Waiting for"]);
}

#[test]
fn esc_cancels_every_read_and_r_reads_again() {
    let mut driver = waiting(&[], 12);
    let open = driver.open().count();
    assert!(open > 1);
    driver.keys("<esc>");
    let cancelled = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Cancel(_))).count();
    let effects = driver.asked();
    assert_eq!(cancelled(&effects), open, "{effects:?}");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Fetch(..))), "nothing is asked again by itself");
    driver.sees(&["you cancelled it; http://h:5000 had not answered for 12 s"]);
    driver.misses(&["Waiting for"]);
    driver.keys("r");
    assert!(driver.asked().iter().any(|e| matches!(e, Effect::Fetch(..))));
}

#[test]
fn the_first_esc_cancels_and_the_second_goes_back() {
    let mut driver = waiting(&[review()], 12);
    driver.keys("<esc>");
    assert!(matches!(driver.state.top(), Screen::Review(_)));
    driver.keys("<esc>");
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
    let mut short = waiting(&[review()], 1);
    short.keys("<esc>");
    assert!(matches!(short.state.top(), Screen::Inbox(_)), "a short wait is not in the way");
}

#[test]
fn what_was_typed_comes_first() {
    let mut driver = waiting(&[], 12);
    driver.keys("/churn<esc>");
    driver.sees(&["Waiting for"]);
}

/// On every screen the key that the hint names reads again; where `r` means something else it is another one.
#[test]
fn the_hint_after_esc_names_a_key_that_reads_again() {
    let promotion = Route::Promotion(crate::support::plan::plan(1).id);
    for (routes, key, press) in
        [(vec![], "r", "r"), (vec![review()], "r", "r"), (vec![promotion], "Ctrl-R", "<ctrl-r>")]
    {
        let mut driver = waiting(&routes, 12);
        let open: Vec<_> = driver.state.cache.in_flight().map(|(query, _)| query.clone()).collect();
        driver.keys("<esc>");
        driver.asked();
        let contexts = driver.state.top().contexts();
        let hint = format!("Press {key} to read again.");
        for query in open {
            let failure = driver.state.cache.failure(&query).expect("a cancelled read");
            assert_eq!(failure.hint.as_deref(), Some(hint.as_str()), "{query:?}");
        }
        driver.keys(press);
        let effects = driver.asked();
        assert!(effects.iter().any(|e| matches!(e, Effect::Fetch(..))), "{contexts:?}: {effects:?}");
        assert!(!effects.iter().any(|e| matches!(e, Effect::Resume(_))), "{contexts:?}");
    }
}
