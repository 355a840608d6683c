//! Flows through the lineage tab of the review: when it starts and stops querying.

use std::collections::BTreeSet;

use crate::sample::sample;
use crate::support::driver::Driver;
use signoff::app::effect::{Effect, Place};
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use signoff::screens::Screen;

/// On the review of the sample version, with its facts loaded; later queries stay unanswered.
fn on_review() -> Driver {
    let mut driver = sample(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    driver.state.rules.repository.fixed = Some("acme/churn-model".parse().unwrap());
    driver.asked();
    driver.answering = false;
    driver
}

fn fetched(effects: &[Effect]) -> Vec<&Query> {
    effects.iter().filter_map(|e| if let Effect::Fetch(_, query) = e { Some(query) } else { None }).collect()
}

#[test]
fn nothing_is_asked_before_the_tab_is_opened_and_then_each_question_once() {
    let mut driver = on_review();
    driver.keys("jd6");
    assert_eq!(fetched(&driver.asked()), Vec::<&Query>::new());
    driver.keys("2");
    let effects = driver.asked();
    let asked = fetched(&effects);
    assert!(asked.iter().any(|q| matches!(q, Query::Experiment { .. })), "{asked:?}");
    assert!(asked.iter().any(|q| matches!(q, Query::SearchRuns { .. })), "{asked:?}");
    driver.keys("jj<enter><space>k");
    assert_eq!(driver.asked(), [], "moving and folding ask nothing");
}

#[test]
fn leaving_the_tab_or_the_screen_cancels_what_was_asked() {
    for leave in ["1", "<esc>"] {
        let mut driver = on_review();
        driver.keys("2");
        let ids = |effects: Vec<Effect>| -> BTreeSet<_> {
            effects
                .into_iter()
                .filter_map(|e| match e {
                    Effect::Fetch(id, _) | Effect::Cancel(id) => Some(id),
                    _ => None,
                })
                .collect()
        };
        let asked = ids(driver.asked());
        driver.keys(leave);
        let left = driver.asked();
        let cancelled = ids(left.iter().filter(|e| matches!(e, Effect::Cancel(_))).cloned().collect());
        assert!(!asked.is_empty());
        assert_eq!(cancelled, asked, "{leave}");
    }
}

#[test]
fn what_was_read_is_not_asked_again_until_a_refresh() {
    let mut driver = on_review();
    driver.answering = true;
    driver.keys("2");
    driver.answering = false;
    driver.keys("12");
    assert_eq!(fetched(&driver.asked()), Vec::<&Query>::new(), "what failed is not asked again by itself either");
    driver.keys("r");
    let effects = driver.asked();
    let asked = fetched(&effects);
    assert!(asked.iter().any(|q| matches!(q, Query::Experiment { .. })), "{asked:?}");
    assert!(asked.iter().any(|q| matches!(q, Query::Facts { .. })), "{asked:?}");
}

#[test]
fn every_node_has_its_page_its_id_and_runs_are_shown_in_here() {
    let mut driver = on_review();
    driver.answering = true;
    driver.keys("2");
    let picture = driver.picture_at(80, 24);
    let line = |label: &str| picture.lines().position(|l| l.contains(&format!("  {label}  "))).unwrap() - 3;
    driver.keys(&"j".repeat(line("experiment")));
    driver.keys("oy");
    let effects = driver.asked();
    assert!(effects.contains(&Effect::Browse(Place::Experiment(ExperimentId::new("1")))), "{effects:?}\n{picture}");
    assert!(effects.contains(&Effect::Copy("churn".into())), "{effects:?}");
    driver.keys("O");
    assert!(matches!(driver.state.top(), Screen::Run(_)));
    assert_eq!(driver.state.cache.run(&RunId::new("run42")).flatten().unwrap().name, "train-42");
    driver.keys("<esc>a");
    assert!(matches!(driver.state.top(), Screen::Approve(_)), "a approves from every tab");
}

#[test]
fn a_run_asks_what_it_belongs_to_only_on_its_tab_of_facts() {
    let mut driver = sample(&[Route::Run(RunId::new("run42"))]);
    driver.asked();
    driver.answering = false;
    driver.keys("23");
    assert_eq!(fetched(&driver.asked()), Vec::<&Query>::new());
    driver.answering = true;
    driver.keys("4");
    let picture = driver.picture_at(80, 24);
    assert!(picture.contains("churn (id 1)"), "{picture}");
    assert!(picture.lines().any(|l| l.contains("child runs") && l.contains('1')), "{picture}");
    driver.answering = false;
    driver.keys("14");
    assert_eq!(fetched(&driver.asked()), Vec::<&Query>::new(), "once");
}
