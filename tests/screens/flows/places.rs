//! Going anywhere by `:`, and through the places that were visited.

use crate::sample::{quiet, sample};
use crate::support::driver::{Driver, demo_rules};
use signoff::app::effect::Effect;
use signoff::app::input::Input;
use signoff::app::msg::Msg;
use signoff::app::query::Query;
use signoff::app::route::{RecordAt, Route};
use signoff::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use signoff::domain::target::TargetEntry;
use signoff::screens::Screen;

fn review(number: u64) -> Route {
    Route::Review(ModelName::new("telco-churn"), VersionNumber(number))
}

fn here(driver: &Driver) -> Option<Route> {
    driver.state.top().route()
}

/// Goes where a pasted text leads.
fn pasted(driver: &mut Driver, text: &str) {
    driver.keys(":");
    driver.send(Msg::Input(Input::Paste(text.to_owned())));
    driver.keys("<enter>");
}

#[test]
fn every_spelling_of_a_thing_goes_there() {
    let run = "0123456789abcdef0123456789abcdef";
    for (typed, route) in [
        ("telco-churn", review(42)),
        ("telco-churn/39", review(39)),
        ("telco-churn/v39", review(39)),
        ("telco-churn v39", review(39)),
        ("models:/telco-churn/39", review(39)),
        ("http://mlflow:5000/#/models/telco-churn/versions/39", review(39)),
        ("http://mlflow:5000/?workspace=default#/models/telco-churn/versions/39", review(39)),
        ("http://mlflow:5000/#/models/telco-churn", review(42)),
        (run, Route::Run(RunId::new(run))),
        ("http://mlflow:5000/#/experiments/1/runs/run42", Route::Run(RunId::new("run42"))),
        ("http://mlflow:5000/#/experiments/1", Route::Runs(ExperimentId::new("1"), "churn".into())),
        ("churn", Route::Runs(ExperimentId::new("1"), "churn".into())),
        ("telco-churn-v39", review(39)),
        ("telco-churn-v39-r2", review(39)),
        // The letters alone: the model's best match.
        ("tlco chrn", review(42)),
        ("models", Route::Models),
    ] {
        let mut driver = sample(&[]);
        pasted(&mut driver, typed);
        assert_eq!(here(&driver), Some(route.clone()), "pasted {typed}:\n{}", driver.picture());
        let mut driver = sample(&[]);
        driver.keys(&format!(":{typed}<enter>"));
        assert_eq!(here(&driver), Some(route), "typed {typed}:\n{}", driver.picture());
    }
}

#[test]
fn the_last_of_the_three_names_of_a_model_is_enough() {
    let whole = ModelName::new("prod.telco.churn");
    let mut driver = Driver::asking(demo_rules(), &[], |world| {
        let model = world.models.remove(&ModelName::new("telco-churn")).unwrap();
        world.models.insert(ModelName::new("prod.telco.churn"), model);
    });
    driver.keys(":");
    driver.answer_all();
    driver.keys("churn/39<enter>");
    assert_eq!(here(&driver), Some(Route::Review(whole, VersionNumber(39))), "{}", driver.picture());
}

#[test]
fn a_release_of_a_known_version_goes_to_its_review_and_any_other_to_what_was_signed() {
    let mut driver = Driver::demo();
    pasted(&mut driver, "https://github.demo/acme/churn-models/releases/tag/telco-churn-v39");
    assert_eq!(here(&driver), Some(review(39)), "{}", driver.picture());
    driver.keys(":telco-churn-v39<down><enter>");
    let (repo, tag) = ("acme/churn-models".parse().unwrap(), "telco-churn-v39".parse().unwrap());
    assert_eq!(here(&driver), Some(Route::Record(RecordAt::Release(repo, tag))), "{}", driver.picture());
    pasted(&mut driver, "https://github.demo/acme/other/releases/tag/telco-churn-v39");
    let (repo, tag) = ("acme/other".parse().unwrap(), "telco-churn-v39".parse().unwrap());
    assert_eq!(here(&driver), Some(Route::Record(RecordAt::Release(repo, tag))), "the tag of a namesake");
}

#[test]
fn an_address_of_another_server_is_refused_and_says_which_target_is_there() {
    let mut driver = sample(&[]);
    let entry = |name: &str, servers: &str| TargetEntry {
        name: name.into(),
        production: false,
        colour: None,
        servers: Ok(servers.into()),
    };
    driver.state.targets =
        vec![entry("staging", "http://mlflow:5000"), entry("prod", "https://mlflow.prod, github.com")];
    pasted(&mut driver, "https://mlflow.prod/#/models/telco-churn/versions/39");
    driver.sees(&["That page is on https://mlflow.prod, which is", "The target prod is there."]);
    assert!(matches!(driver.state.top(), Screen::Palette(_)), "one may correct it");
    driver.keys("<esc>:prod<enter>");
    assert!(driver.asked().contains(&Effect::Switch("prod".into())));
}

#[test]
fn a_name_that_is_not_read_yet_is_waited_for_and_nothing_that_resembles_it_is_run() {
    let mut driver = quiet(&[]);
    driver.keys(":telco-churn<enter>");
    assert!(matches!(driver.state.top(), Screen::Palette(_)));
    driver.sees(&["reading …"]);
    driver.answer_only(|query| matches!(query, Query::Models { .. } | Query::Experiments { .. }));
    assert_eq!(here(&driver), Some(review(42)));
}

#[test]
fn what_is_called_so_comes_first_and_tab_completes_it() {
    let mut driver = sample(&[]);
    driver.keys(":approve");
    let text = driver.picture();
    assert!(text.lines().nth(3).unwrap().contains("▸   approve"), "{text}");
    driver.keys("<esc>:telco<tab>");
    driver.sees(&[" : telco-churn", "v42 waits: its review", "○ telco-churn v42", "● telco-churn v39"]);
    driver.keys("<enter>");
    assert_eq!(here(&driver), Some(review(42)));
}

#[test]
fn a_name_that_nothing_has_is_said_and_does_nothing() {
    let mut driver = sample(&[]);
    driver.keys(":no such thing<enter>");
    driver.sees(&["Nothing here is called 'no such thing'."]);
    assert!(matches!(driver.state.top(), Screen::Palette(_)));
}

#[test]
fn a_theme_is_put_on() {
    let mut driver = sample(&[]);
    driver.state.themes = vec!["dark".into(), "light".into()];
    driver.keys(":light<enter>");
    assert_eq!(driver.asked(), [Effect::Dress("light".into())]);
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
}

#[test]
fn the_last_place_is_there_and_back_and_is_as_it_was_left() {
    let mut driver = Driver::demo();
    driver.keys("-");
    driver.sees(&["There is no last place yet."]);
    driver.keys(":telco-churn<enter>2");
    driver.keys(":credit-limit/5<enter>");
    let credit = Some(Route::Review(ModelName::new("credit-limit"), VersionNumber(5)));
    assert_eq!(here(&driver), credit);
    driver.keys("-");
    assert_eq!(here(&driver), Some(review(42)));
    driver.keys("-");
    assert_eq!(here(&driver), credit);
    driver.keys("m");
    assert_eq!(here(&driver), Some(Route::Models));
    driver.keys("--");
    assert_eq!(here(&driver), Some(Route::Models));
    driver.keys("-:telco-churn<enter>");
    assert_eq!(here(&driver), Some(review(42)));
    driver.sees(&["version "]);
}

#[test]
fn brackets_step_through_the_places_and_a_new_one_forgets_those_after_it() {
    let mut driver = sample(&[]);
    driver.keys("mi<enter>v");
    let versions = Some(Route::Versions(ModelName::new("telco-churn")));
    assert_eq!(here(&driver), versions);
    driver.keys("[");
    assert_eq!(here(&driver), Some(review(42)));
    driver.keys("[[");
    assert_eq!(here(&driver), Some(Route::Models));
    driver.keys("[");
    assert_eq!(here(&driver), Some(Route::Inbox));
    driver.keys("[");
    driver.sees(&["This is the first place."]);
    driver.keys("]]]]");
    assert_eq!(here(&driver), versions);
    driver.keys("]");
    driver.sees(&["This is the latest place."]);
    driver.keys("[[e]");
    driver.sees(&["This is the latest place."]);
    assert_eq!(here(&driver), Some(Route::Experiments));
}

#[test]
fn forms_are_no_places_and_the_keys_keep_their_meaning_where_they_have_one() {
    let mut driver = Driver::demo();
    driver.keys("<enter>x-[]");
    assert!(matches!(driver.state.top(), Screen::Decide(_)));
    driver.sees(&["-[]"]);
    driver.keys("<esc>-");
    assert_eq!(here(&driver), Some(Route::Inbox), "not the form");
    driver.keys("-");
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)), "{}", driver.picture());
    driver.keys("-");
    assert!(matches!(driver.state.top(), Screen::Curve(_)), "it zooms out");
    driver.keys("/-");
    assert!(matches!(driver.state.top(), Screen::Curve(_)));
}
