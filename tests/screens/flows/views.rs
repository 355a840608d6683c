//! Saved views, the place of the last session, and what the header says.

use crate::sample::sample;
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::prefs::{Prefs, Remember};
use signoff::app::route::Route;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::screens::Screen;

fn kept(driver: &mut Driver) -> Vec<Remember> {
    let saved = |effect| match effect {
        Effect::SavePrefs(what) => Some(what),
        _ => None,
    };
    driver.asked().into_iter().filter_map(saved).collect()
}

/// A new session with the preferences that were kept.
fn again(kept: Vec<Remember>) -> Driver {
    let mut prefs = Prefs::default();
    kept.into_iter().for_each(|what| prefs.remember(what));
    let mut driver = sample(&[]);
    driver.send(Msg::Prefs(Prefs::from_text(&prefs.to_text()).unwrap()));
    driver
}

#[test]
fn a_view_is_saved_under_a_name_listed_shown_in_a_later_session_and_forgotten() {
    let mut driver = sample(&[]);
    driver.keys("m/tel<enter>:save my models");
    driver.sees(&["save my models", "filter, sort and columns of this screen"]);
    driver.keys("<enter>");
    driver.sees(&["Saved: `:my models` shows it again."]);
    let mut later = again(kept(&mut driver));
    later.keys(":my mod");
    later.sees(&["my models", "view", "yours, models: tel"]);
    later.keys("<enter>");
    assert!(matches!(later.state.top(), Screen::Models(_)));
    later.sees(&["tel", "1 of 1", "Esc clears it"]);
    later.keys(":forget my models<enter>");
    later.sees(&["The view 'my models' is forgotten."]);
    later.keys(":my mod");
    later.misses(&["yours, models"]);
}

#[test]
fn the_view_of_runs_has_search_order_and_columns() {
    let mut driver = sample(&[]);
    driver.keys("e<enter>Clatency<enter><esc>sauc<enter>fmetrics.auc > 0.5<enter>:save good ones<enter>");
    let mut later = again(kept(&mut driver).into_iter().filter(|what| matches!(what, Remember::View(_))).collect());
    later.keys(":good ones<enter>");
    later.sees(&["↓auc", "metrics.auc > 0.5", "train-1007"]);
    later.misses(&["latency_"]);
}

#[test]
fn the_word_view_is_no_name() {
    let mut driver = sample(&[]);
    driver.keys("m:save view <enter>");
    driver.sees(&["Type a name for the view: save NAME"]);
    assert_eq!(kept(&mut driver), []);
    driver.keys("mine");
    driver.sees(&["save mine"]);
    driver.keys("<enter>");
    driver.sees(&["Saved: `:mine` shows it again."]);
    driver.keys(":forget view mine<enter>");
    driver.sees(&["The view 'mine' is forgotten."]);
}

#[test]
fn a_screen_without_a_view_offers_none() {
    let mut driver = sample(&[]);
    driver.keys("<enter>:save x");
    driver.misses(&["filter, sort and columns"]);
}

#[test]
fn the_last_place_is_restored_if_that_is_wanted_and_nothing_was_pressed() {
    let mut driver = sample(&[]);
    driver.state.restore = true;
    driver.keys("m<enter><enter>q");
    let kept = kept(&mut driver);
    assert!(kept.iter().any(|what| matches!(what, Remember::Last(places) if places.len() == 3)), "{kept:?}");
    let mut prefs = Prefs::default();
    kept.into_iter().for_each(|what| prefs.remember(what));
    let review = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    for (restore, key, expected) in [(true, "", review), (false, "", Route::Inbox), (true, "j", Route::Inbox)] {
        let mut later = sample(&[]);
        later.state.restore = restore;
        later.keys(key);
        later.send(Msg::Prefs(prefs.clone()));
        assert_eq!(later.state.top().route(), Some(expected), "{restore} {key}");
    }
}

#[test]
fn the_header_says_that_a_target_is_read_only() {
    let mut driver = sample(&[]);
    driver.misses(&["read-only"]);
    driver.state.rules.readonly = true;
    assert!(driver.picture().lines().next().unwrap().contains("read-only"), "{}", driver.picture());
}
