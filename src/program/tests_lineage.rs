//! Flows through the review's tab on lineage: when it asks, and when it stops asking.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::simulator::Simulator;
use super::tests::screen_text;
use crate::app::effect::{Effect, Place};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::screens::Screen;

/// On the review of the sample version, its facts read; from here on nobody answers.
fn on_review() -> Simulator {
    let mut simulator = Simulator::new(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    simulator.state.rules.repository.fixed = Some("acme/churn-model".parse().unwrap());
    simulator.asked();
    simulator.answering = false;
    simulator
}

fn fetched(effects: &[Effect]) -> Vec<&Query> {
    effects.iter().filter_map(|e| if let Effect::Fetch(_, query) = e { Some(query) } else { None }).collect()
}

#[test]
fn nothing_is_asked_before_the_tab_is_opened_and_then_each_question_once() {
    let mut simulator = on_review();
    simulator.keys("jd3");
    assert_eq!(fetched(&simulator.asked()), Vec::<&Query>::new());
    simulator.keys("2");
    let effects = simulator.asked();
    let asked = fetched(&effects);
    assert!(asked.iter().any(|q| matches!(q, Query::Trace(_))), "{asked:?}");
    assert!(asked.iter().any(|q| matches!(q, Query::SearchRuns(_))), "{asked:?}");
    simulator.keys("jj<enter><space>k");
    assert_eq!(simulator.asked(), [], "moving and folding ask nothing");
}

#[test]
fn leaving_the_tab_or_the_screen_cancels_what_was_asked() {
    for leave in ["1", "<esc>"] {
        let mut simulator = on_review();
        simulator.keys("2");
        let ids = |effects: Vec<Effect>| -> BTreeSet<_> {
            effects
                .into_iter()
                .filter_map(|e| match e {
                    Effect::Fetch(id, _) | Effect::Cancel(id) => Some(id),
                    _ => None,
                })
                .collect()
        };
        let asked = ids(simulator.asked());
        simulator.keys(leave);
        let left = simulator.asked();
        let cancelled = ids(left.iter().filter(|e| matches!(e, Effect::Cancel(_))).cloned().collect());
        assert!(!asked.is_empty());
        assert_eq!(cancelled, asked, "{leave}");
    }
}

#[test]
fn what_was_read_is_not_asked_again_until_a_refresh() {
    let mut simulator = on_review();
    simulator.answering = true;
    simulator.keys("2");
    simulator.answering = false;
    simulator.keys("12");
    assert_eq!(fetched(&simulator.asked()), Vec::<&Query>::new(), "what failed is not asked again by itself either");
    simulator.keys("r");
    let effects = simulator.asked();
    let asked = fetched(&effects);
    assert!(asked.iter().any(|q| matches!(q, Query::Trace(_))), "{asked:?}");
    assert!(asked.iter().any(|q| matches!(q, Query::Facts { .. })), "{asked:?}");
}

#[test]
fn every_node_has_its_page_its_id_and_runs_are_shown_in_here() {
    let mut simulator = on_review();
    simulator.answering = true;
    simulator.keys("2");
    let picture = screen_text(&simulator.state, 80, 24);
    let line = |label: &str| picture.lines().position(|l| l.contains(&format!("  {label}  "))).unwrap() - 3;
    simulator.keys(&"j".repeat(line("experiment")));
    simulator.keys("oy");
    let effects = simulator.asked();
    assert!(effects.contains(&Effect::Browse(Place::Experiment(ExperimentId::new("1")))), "{effects:?}\n{picture}");
    assert!(effects.contains(&Effect::Copy("churn".into())), "{effects:?}");
    simulator.keys("R");
    assert!(matches!(simulator.state.top(), Screen::Run(_)));
    assert_eq!(simulator.state.cache.run(&RunId::new("run42")).flatten().unwrap().name, "train-42");
    simulator.keys("<esc>a");
    assert!(matches!(simulator.state.top(), Screen::Approve(_)), "a approves from every tab");
}

#[test]
fn a_run_asks_what_it_belongs_to_only_on_its_tab_of_facts() {
    let mut simulator = Simulator::new(&[Route::Run(RunId::new("run42"))]);
    simulator.asked();
    simulator.answering = false;
    simulator.keys("23");
    assert_eq!(fetched(&simulator.asked()), Vec::<&Query>::new());
    simulator.answering = true;
    simulator.keys("4");
    let picture = screen_text(&simulator.state, 80, 24);
    assert!(picture.contains("churn (id 1)"), "{picture}");
    assert!(picture.lines().any(|l| l.contains("child runs") && l.contains('1')), "{picture}");
    simulator.answering = false;
    simulator.keys("14");
    assert_eq!(fetched(&simulator.asked()), Vec::<&Query>::new(), "once");
}
