//! Flows through the differences of a review: keys in, questions and pictures out.
#![allow(clippy::unwrap_used)]

use super::simulator::{Simulator, answer};
use super::tests::screen_text;
use crate::app::effect::Effect;
use crate::app::input::Input;
use crate::app::msg::Msg;
use crate::app::query::{Answer, Query};
use crate::app::route::Route;
use crate::domain::facts::{Baseline, ReviewedFacts};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::promotion::samples;
use crate::screens::Screen;

fn review() -> Simulator {
    Simulator::new(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))])
}

fn picture(simulator: &Simulator) -> String {
    screen_text(&simulator.state, 80, 24)
}

fn digest(simulator: &Simulator) -> Option<String> {
    simulator.state.cache.facts(&ModelName::new("telco-churn"), VersionNumber(42)).map(ReviewedFacts::digest)
}

#[test]
fn another_baseline_is_said_on_screen_and_leaves_what_an_approval_rests_on_alone() {
    let mut simulator = review();
    let before = digest(&simulator);
    simulator.keys("b");
    assert!(picture(&simulator).contains("against version"), "{}", picture(&simulator));
    simulator.keys("<tab>train-1003<enter>");
    let text = picture(&simulator);
    assert!(text.contains("vs  train-1003") && text.contains("not what is in production"), "{text}");
    assert!(text.contains("approval rests on v42 against v39"), "{text}");
    assert_eq!(digest(&simulator), before);
    simulator.keys("a");
    assert!(matches!(simulator.state.top(), Screen::Approve(_)));
    simulator.keys("<esc>b<enter>");
    let text = picture(&simulator);
    assert!(text.contains("● v39") && !text.contains("not what is in production"), "{text}");
}

#[test]
fn the_id_of_any_run_can_be_pasted() {
    let mut simulator = review();
    simulator.keys("b");
    let id = "0123456789abcdef0123456789abcdef";
    simulator.answering = false;
    simulator.send(Msg::Input(Input::Paste(format!("runs:/{id}"))));
    simulator.asked();
    simulator.keys("<enter>");
    let wanted = vec![RunId::new(id)];
    let asked = simulator.asked();
    let asked_for_it = |e: &Effect| matches!(e, Effect::Fetch(_, Query::Runs { ids }) if *ids == wanted);
    assert!(asked.iter().any(asked_for_it), "{asked:?}");
    assert!(picture(&simulator).contains("reading run 01234567"), "{}", picture(&simulator));
}

#[test]
fn esc_leaves_the_picker_and_not_the_review() {
    let mut simulator = review();
    simulator.keys("b<esc>");
    assert!(picture(&simulator).contains("METRICS"), "{}", picture(&simulator));
    simulator.keys("<esc>");
    assert!(!matches!(simulator.state.top(), Screen::Review(_)));
}

#[test]
fn a_held_key_asks_for_one_curve_at_a_time_and_at_last_for_the_one_under_the_cursor() {
    let mut simulator = review();
    simulator.keys("d");
    simulator.answering = false;
    simulator.send(Msg::Input(Input::Resize { width: 150, height: 40 }));
    simulator.keys("jjk");
    let curves = |asked: Vec<Effect>| -> Vec<(crate::app::query::RequestId, Query)> {
        let curve = |e| match e {
            Effect::Fetch(id, query @ Query::Histories { .. }) => Some((id, query)),
            _ => None,
        };
        asked.into_iter().filter_map(curve).collect()
    };
    let first = curves(simulator.asked());
    assert!(matches!(&first[..], [(_, Query::Histories { metric, .. })] if metric == "auc"), "{first:?}");
    let (id, query) = first[0].clone();
    simulator.send(Msg::Reply { id, query, answer: Ok(Answer::Histories(Vec::new())) });
    let next = curves(simulator.asked());
    assert!(matches!(&next[..], [(_, Query::Histories { metric, .. })] if metric == "latency_ms"), "{next:?}");
}

#[test]
fn a_narrow_terminal_asks_for_no_curve_and_no_other_tab_for_a_signature() {
    let mut simulator = Simulator::new(&[]);
    simulator.answering = false;
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let screen = simulator.state.make(&route);
    simulator.state.screens.push(screen);
    simulator.keys("2");
    let facts = Query::Facts { model: ModelName::new("telco-churn"), version: VersionNumber(42) };
    let id = simulator.state.cache.in_flight().find_map(|(query, id)| (*query == facts).then_some(id)).unwrap();
    simulator.send(Msg::Reply { id, answer: answer(&facts), query: facts });
    let signature = |e: &Effect| matches!(e, Effect::Fetch(_, Query::Signature { .. } | Query::Histories { .. }));
    assert!(!simulator.asked().iter().any(signature));
    simulator.keys("1jjj");
    let asked = simulator.asked();
    let count = |asked: &[Effect]| asked.iter().filter(|e| signature(e)).count();
    assert_eq!(count(&asked), 2, "{asked:?}");
}

#[test]
fn a_param_of_six_thousand_characters_can_be_read_to_its_end() {
    let mut simulator = Simulator::new(&[]);
    simulator.answering = false;
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let screen = simulator.state.make(&route);
    simulator.state.screens.push(screen);
    simulator.keys("k");
    let facts = Query::Facts { model: ModelName::new("telco-churn"), version: VersionNumber(42) };
    let id = simulator.state.cache.in_flight().find_map(|(query, id)| (*query == facts).then_some(id)).unwrap();
    let mut long = samples::facts();
    let run = |end: &str| {
        let mut run = samples::run(42, 0.9);
        run.params.insert("features", format!("{}{end}", "tenure,".repeat(857)));
        crate::domain::facts::RunFacts::Known(Box::new(run))
    };
    long.run = run("END");
    long.baseline = Some(Baseline { version: long.baseline.unwrap().version, run: run("OLD") });
    simulator.send(Msg::Reply { id, query: facts, answer: Ok(Answer::Facts(Box::new(long))) });
    let text = picture(&simulator);
    let row = text.lines().find(|l| l.contains('▸')).unwrap().to_owned();
    assert!(row.contains("features"), "{text}");
    simulator.keys("<enter>");
    let text = picture(&simulator);
    assert!(text.contains("6002 characters") && text.contains("the first 5999"), "{text}");
    simulator.keys("G");
    assert!(picture(&simulator).contains("tenure,END"), "{}", picture(&simulator));
    simulator.keys("<esc>");
    assert!(picture(&simulator).contains("PARAMS"), "{}", picture(&simulator));
}

#[test]
fn a_version_that_is_named_stands_first_whether_its_page_was_read_or_not() {
    let mut simulator = review();
    simulator.answering = false;
    simulator.keys("b7");
    let text = picture(&simulator);
    assert!(text.contains("▸ v7 ") && text.contains("by its number"), "{text}");
    simulator.asked();
    simulator.keys("<enter>");
    let model = ModelName::new("telco-churn");
    let wanted = Query::Facts { model, version: VersionNumber(7) };
    let asked = simulator.asked();
    assert!(asked.iter().any(|e| matches!(e, Effect::Fetch(_, query) if *query == wanted)), "{asked:?}");

    let mut simulator = review();
    simulator.keys("bv3");
    let text = picture(&simulator);
    assert!(!text.contains("by its number"), "all pages were read, and there is no v3: {text}");
    simulator.keys("9");
    assert!(picture(&simulator).contains("▸◆ v39"), "{}", picture(&simulator));
}
