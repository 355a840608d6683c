//! The zone of times: the reader's own or UTC, by one key, never one taken for the other.

use jiff::tz::{TimeZone, offset};
use signoff::app::effect::Effect;
use signoff::app::prefs::{Remember, ShownTime};

use crate::support::driver::Driver;

fn berlin() -> Driver {
    let mut driver = Driver::demo();
    driver.state.local = TimeZone::fixed(offset(1));
    driver.resize(110, 30);
    driver
}

fn remembered(driver: &mut Driver) -> Vec<Option<ShownTime>> {
    let times = driver.asked().into_iter().filter_map(|effect| match effect {
        Effect::SavePrefs(Remember::Time(time)) => Some(time),
        _ => None,
    });
    times.collect()
}

#[test]
fn times_are_local_until_a_key_shows_utc_and_the_choice_is_remembered() {
    let mut driver = berlin();
    // Before midnight in UTC, after it here.
    driver.state.local = TimeZone::fixed(offset(15));
    driver.keys("xThe largest segment loses.<ctrl-s>");
    driver.decide();
    driver.keys("H");
    driver.sees(&["WHEN (local)", "2026-11-24 00:00", "read 00:00:00 +15:00"]);
    driver.asked();
    driver.keys("<ctrl-t>");
    driver.sees(&[
        "WHEN (UTC)",
        "2026-11-23 09:00",
        "read 09:00:00Z",
        "Times are shown in UTC. Ctrl-T shows local time.",
    ]);
    assert_eq!(remembered(&mut driver), [Some(ShownTime::Utc)]);
    driver.keys("<enter>");
    driver.sees(&["signed at", "2026-11-23 09:00:00 UTC"]);
    driver.keys("<ctrl-t>");
    driver.sees(&["2026-11-24 00:00:00 +15:00", "Times are shown in local time (+15:00). Ctrl-T shows UTC."]);
    assert_eq!(remembered(&mut driver), [None], "what the configuration says is not kept");
}

#[test]
fn what_is_configured_holds_until_the_key() {
    let mut driver = berlin();
    driver.state.time = ShownTime::Utc;
    driver.keys("m");
    driver.sees(&["read 09:00:00Z"]);
    driver.asked();
    driver.keys("<ctrl-t>");
    driver.sees(&["read 10:00:00 +01:00"]);
    assert_eq!(remembered(&mut driver), [Some(ShownTime::Local)]);
}

#[test]
fn a_machine_in_utc_has_nothing_to_toggle() {
    let mut driver = Driver::demo();
    driver.keys("m");
    driver.asked();
    driver.keys("<ctrl-t>");
    driver.sees(&["The zone of this machine is UTC"]);
    driver.keys("<down>");
    driver.sees(&["read 09:00:00Z"]);
    assert_eq!(remembered(&mut driver), []);
}

#[test]
fn a_day_that_is_typed_says_that_it_is_one_of_utc() {
    let mut driver = berlin();
    driver.keys("z");
    driver.sees(&["Until (UTC)", "the end of a day", "read 10:00:00 +01:00"]);
    driver.keys("<ctrl-t>");
    driver.sees(&["read 09:00:00Z"]);
}

#[test]
fn the_origin_of_a_version_says_its_zone() {
    let mut driver = berlin();
    driver.keys(":telco-churn/42<enter>2");
    driver.sees(&[" +01:00"]);
    driver.misses(&[" UTC"]);
    driver.keys("<ctrl-t><down>");
    driver.sees(&[" UTC"]);
    driver.misses(&["+01:00"]);
}
