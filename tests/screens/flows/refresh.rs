//! The timer: what it has read again, what arrived or changed meanwhile, and what channels gave up.

use std::time::Duration;

use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::query::Query;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::Stage;
use signoff::screens::Screen;

use crate::support::driver::Driver;

fn churn() -> ModelName {
    ModelName::new("telco-churn")
}

/// A version of telco-churn is registered and staged.
fn arrives(driver: &Driver, number: u64) {
    driver.world(|world| {
        let model = world.models.get_mut(&churn()).unwrap();
        let mut version = model.versions[&VersionNumber(42)].clone();
        version.stage = Stage::Staging;
        model.versions.insert(VersionNumber(number), version);
    });
}

fn describes(driver: &Driver, number: u64, text: &str) {
    driver.world(|world| {
        let version = world.models.get_mut(&churn()).unwrap().versions.get_mut(&VersionNumber(number)).unwrap();
        version.description = text.to_owned();
    });
}

/// The timer fires. Returns what is asked for that.
fn refresh(driver: &mut Driver) -> Vec<Query> {
    driver.wait(Duration::from_secs(1));
    driver.asked();
    driver.answering = false;
    driver.send(Msg::Refresh);
    let asked = |effect: Effect| if let Effect::Fetch(_, query) = effect { Some(query) } else { None };
    let asked = driver.asked().into_iter().filter_map(asked).collect();
    driver.answer_all();
    asked
}

fn reads_models(queries: &[Query]) -> bool {
    queries.contains(&Query::Models { page: None })
}

/// The line of the version in the inbox.
fn line(driver: &Driver, version: &str) -> String {
    let picture = driver.picture();
    let row = |line: &&str| line.contains("telco-churn") && line.split_whitespace().any(|word| word == version);
    picture.lines().find(row).unwrap_or_else(|| panic!("{version}: {picture}")).to_owned()
}

#[test]
fn the_timer_reads_the_inbox_again_and_on_other_screens_what_arrived() {
    let mut driver = Driver::demo();
    assert!(reads_models(&refresh(&mut driver)));
    driver.keys("e");
    assert_eq!(refresh(&mut driver), [Query::Models { page: None }], "only what arrived");
    driver.keys("i<enter>");
    assert!(matches!(driver.state.top(), Screen::Review(_)));
    let asked = refresh(&mut driver);
    assert!(reads_models(&asked) && asked.iter().any(|query| matches!(query, Query::Facts { .. })), "{asked:?}");
}

#[test]
fn the_timer_waits_while_somebody_types_or_approves() {
    for keys in ["/churn", "a", "x", "C", ":"] {
        let mut driver = Driver::demo();
        driver.keys(keys);
        assert_eq!(refresh(&mut driver), [], "{keys}");
    }
    let mut driver = Driver::demo();
    driver.answering = false;
    driver.keys("r");
    driver.asked();
    driver.send(Msg::Refresh);
    assert_eq!(driver.asked(), [], "what is being read is not read again");
}

#[test]
fn a_refresh_says_nothing_and_moves_nothing() {
    let mut driver = Driver::demo();
    driver.keys("G");
    let before = driver.picture();
    refresh(&mut driver);
    assert_eq!(driver.picture(), before);
    driver.wait(Duration::from_secs(8));
    driver.sees(&[" · 8s ago"]);
    refresh(&mut driver);
    driver.sees(&[" · 0s ago"]);
}

/// What the terminal is to tell of, and that it is about one version.
fn alert(driver: &mut Driver) -> Option<String> {
    let alert = driver.state.alert.take()?;
    assert_eq!(alert.arrived[0].0.as_str(), "telco-churn");
    Some(alert.text)
}

#[test]
fn what_arrives_is_marked_in_the_inbox_and_told_on_other_screens() {
    let mut driver = Driver::demo();
    driver.keys("m");
    arrives(&driver, 50);
    refresh(&mut driver);
    driver.sees(&["telco-churn v50 waits for review; i goes to the inbox."]);
    assert_eq!(alert(&mut driver).as_deref(), Some("telco-churn v50 waits for review"));
    driver.keys("i");
    driver.misses(&["goes to the inbox"]);
    assert!(line(&driver, "v50").contains('◆'), "{}", line(&driver, "v50"));
    assert!(!line(&driver, "v42").contains('◆'));
    // Told once.
    refresh(&mut driver);
    assert_eq!(driver.state.alert, None);
    driver.keys("/telco v50<enter><enter><esc><esc>");
    assert!(!line(&driver, "v50").contains('◆'), "somebody looked at it");
}

#[test]
fn several_arrivals_are_one_line_and_a_word_that_is_there_already_stays() {
    let mut driver = Driver::demo();
    driver.keys("e");
    arrives(&driver, 50);
    arrives(&driver, 51);
    refresh(&mut driver);
    // The list of models carries the newest of each stage.
    driver.sees(&["waits for review; i goes to the inbox."]);
    driver.send(Msg::Notice("a word".to_owned()));
    arrives(&driver, 52);
    refresh(&mut driver);
    driver.sees(&["a word"]);
    assert_eq!(alert(&mut driver).as_deref(), Some("telco-churn v52 waits for review"));
}

#[test]
fn what_changes_is_marked_until_it_is_looked_at_and_is_no_arrival() {
    let mut driver = Driver::demo();
    refresh(&mut driver);
    assert!(!driver.picture().contains('◆'), "nothing changed");
    describes(&driver, 42, "Another text.");
    refresh(&mut driver);
    assert!(line(&driver, "v42").contains('◆'), "{}", line(&driver, "v42"));
    assert_eq!(driver.state.alert, None);
    driver.keys("/telco v42<enter><enter><esc><esc>");
    assert!(!line(&driver, "v42").contains('◆'));
    // A decision of our own is no change to be pointed out.
    driver.keys("/telco v42<enter>zLater.<ctrl-s>");
    driver.decide();
    driver.keys("<esc>");
    refresh(&mut driver);
    driver.sees(&["HELD BACK"]);
    assert!(!driver.picture().contains('◆'), "{}", driver.picture());
}

#[test]
fn a_channel_that_gives_up_is_told_in_the_inbox_once() {
    let mut driver = Driver::demo();
    let said = || Msg::GivenUp(Some("Messages of mail were given up; `signoff doctor` says more.".to_owned()));
    driver.keys("m");
    driver.send(said());
    driver.misses(&["were given up"]);
    driver.keys("i");
    driver.sees(&["Messages of mail were given up"]);
    driver.keys("j");
    driver.send(said());
    driver.misses(&["were given up"]);
    driver.send(Msg::GivenUp(Some("Messages of mail, chat were given up; `signoff doctor` says more.".to_owned())));
    driver.sees(&["Messages of mail, chat were given up"]);
    driver.send(Msg::GivenUp(None));
    driver.keys("j");
    driver.send(said());
    driver.sees(&["Messages of mail were given up"]);
}
