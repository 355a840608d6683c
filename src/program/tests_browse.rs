//! Flows through experiments, runs and comparisons: keys in, questions and pictures out.
#![allow(clippy::unwrap_used)]

use super::simulator::Simulator;
use super::tests::screen_text;
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::app::query::{Answer, Query};
use crate::app::route::Route;
use crate::domain::experiment::{RunAttribute, RunOrder};
use crate::domain::ids::{ExperimentId, ModelName, RunId};
use crate::domain::page::Page;
use crate::domain::promotion::samples;
use crate::screens::Screen;

/// In the runs of the one experiment, the first page read.
fn in_runs() -> Simulator {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("e<enter>");
    assert!(matches!(simulator.state.top(), Screen::Runs(_)));
    simulator.asked();
    simulator
}

/// Whether anything was asked of a server since the last look.
fn asks(simulator: &mut Simulator) -> bool {
    simulator.asked().iter().any(|e| matches!(e, Effect::Fetch(..)))
}

fn picture(simulator: &Simulator) -> String {
    screen_text(&simulator.state, 80, 24)
}

/// The row of the table below its header.
fn row(simulator: &Simulator, n: usize) -> String {
    let text = picture(simulator);
    let header = text.lines().position(|l| l.contains("STATUS")).unwrap();
    text.lines().nth(header + 1 + n).unwrap().to_owned()
}

#[test]
fn experiments_lead_to_their_runs_and_children_stand_below_their_parents() {
    let simulator = in_runs();
    assert!(row(&simulator, 0).contains(" train-1000 "), "{}", picture(&simulator));
    assert!(row(&simulator, 1).contains("   train-1001 "), "{}", picture(&simulator));
}

#[test]
fn more_runs_are_read_only_when_one_scrolls() {
    let mut simulator = in_runs();
    assert!(picture(&simulator).contains("100+ runs"), "{}", picture(&simulator));
    simulator.keys("G");
    assert!(picture(&simulator).contains("200+ runs"), "{}", picture(&simulator));
    simulator.keys("GG");
    assert!(picture(&simulator).contains(" 300 runs"), "{}", picture(&simulator));
    simulator.keys("G");
    assert!(picture(&simulator).contains("train-1299"), "{}", picture(&simulator));
}

#[test]
fn folding_hides_the_children_and_the_cursor_goes_to_the_parent() {
    let mut simulator = in_runs();
    simulator.keys("jjz");
    assert!(row(&simulator, 0).contains("▸ ✓ finished  train-1000 +9"), "{}", picture(&simulator));
    assert!(row(&simulator, 1).contains(" train-1010"), "{}", picture(&simulator));
    simulator.keys("z");
    assert!(row(&simulator, 1).contains("   train-1001"), "{}", picture(&simulator));
}

#[test]
fn a_filter_goes_to_the_server_as_typed_and_is_remembered() {
    let mut simulator = in_runs();
    simulator.keys("fmetrics.auc > 0.5<enter>");
    let text = picture(&simulator);
    assert!(text.contains("metrics.auc > 0.5") && text.contains("1 run") && text.contains("train-1007"), "{text}");
    simulator.keys("<esc>");
    assert!(picture(&simulator).contains("100+ runs"), "{}", picture(&simulator));
    simulator.keys("f<up>");
    assert!(picture(&simulator).contains("metrics.auc > 0.5"), "{}", picture(&simulator));
}

#[test]
fn a_filter_the_server_refuses_says_why_at_the_field_and_keeps_the_rows() {
    let mut simulator = in_runs();
    simulator.keys("fbroken<enter>");
    let text = picture(&simulator);
    assert!(text.contains("Invalid clause(s)") && text.contains("train-1000"), "{text}");
    let line = |word| text.lines().position(|l: &str| l.contains(word)).unwrap();
    assert_eq!(line("Invalid clause"), line(" f broken") + 1, "{text}");
    simulator.answering = false;
    simulator.keys("f<enter>");
    let asked = simulator.asked();
    assert!(
        matches!(asked.as_slice(), [.., Effect::Fetch(_, Query::SearchRuns(s))] if s.filter == "broken"),
        "{asked:?}"
    );
}

#[test]
fn sorting_works_on_what_is_loaded_asks_nothing_and_reverses() {
    let mut simulator = in_runs();
    simulator.answering = false;
    simulator.keys("z");
    simulator.keys("slatency<enter>");
    assert!(!asks(&mut simulator));
    simulator.keys("sauc<enter>");
    assert!(picture(&simulator).contains("↓auc"), "{}", picture(&simulator));
    simulator.keys("g");
    assert!(row(&simulator, 0).contains("train-1000"), "{}", picture(&simulator));
    simulator.keys("sauc<enter>g");
    assert!(row(&simulator, 0).contains("train-1090"), "{}", picture(&simulator));
    assert!(row(&simulator, 1).contains("train-1099"), "{}", picture(&simulator));
    assert!(!asks(&mut simulator));
}

#[test]
fn the_server_sorts_where_that_is_cheap_and_it_has_more() {
    let mut simulator = in_runs();
    simulator.keys("jj");
    simulator.answering = false;
    simulator.keys("sname<enter>");
    let asked = simulator.asked();
    let ordered = |e: &Effect| match e {
        Effect::Fetch(_, Query::SearchRuns(s)) => s.order == RunOrder { by: RunAttribute::Name, descending: false },
        _ => false,
    };
    assert!(asked.iter().any(ordered), "{asked:?}");
    assert!(row(&simulator, 0).contains("train-1000"), "the rows stay until it answers: {}", picture(&simulator));
    simulator.answering = true;
    for effect in asked.into_iter().filter(ordered) {
        let Effect::Fetch(id, query) = effect else { continue };
        let answer = super::simulator::answer(&query);
        simulator.send(Msg::Reply { id, query, answer });
    }
    assert!(row(&simulator, 0).contains("▸ ✓ finished  train-1200"), "{}", picture(&simulator));
    assert!(!picture(&simulator).contains("what is loaded"), "{}", picture(&simulator));
    simulator.keys("sauc<enter>");
    assert!(picture(&simulator).contains("sorted: what is loaded"), "{}", picture(&simulator));
}

#[test]
fn what_is_loaded_as_a_whole_is_sorted_without_asking() {
    let mut simulator = in_runs();
    simulator.keys("GGG");
    assert!(picture(&simulator).contains(" 300 runs"), "{}", picture(&simulator));
    simulator.asked();
    simulator.keys("sname<enter>");
    assert!(!asks(&mut simulator));
}

#[test]
fn chosen_columns_are_found_again_when_one_comes_back() {
    let mut simulator = in_runs();
    assert!(picture(&simulator).contains("latency_"), "{}", picture(&simulator));
    simulator.keys("Clatency<enter><esc>");
    assert!(!picture(&simulator).contains("latency_"), "{}", picture(&simulator));
    simulator.keys("<esc><enter>");
    assert!(
        picture(&simulator).contains("auc") && !picture(&simulator).contains("latency_"),
        "{}",
        picture(&simulator)
    );
}

#[test]
fn marked_runs_are_laid_side_by_side() {
    let mut simulator = in_runs();
    simulator.keys("c");
    assert!(picture(&simulator).contains("Mark at least two runs"), "{}", picture(&simulator));
    simulator.keys("<space>j<space>c");
    let text = picture(&simulator);
    assert!(text.contains("train-1000 and train-1002") && text.contains("~ auc") && text.contains("-0.002"), "{text}");
    assert!(!text.contains("latency_ms"), "{text}");
    simulator.keys("d");
    assert!(picture(&simulator).contains("latency_ms"), "{}", picture(&simulator));
    simulator.keys("j<enter>");
    assert!(matches!(simulator.state.top(), Screen::Curve(_)), "{}", picture(&simulator));
}

#[test]
fn many_subjects_scroll_below_the_fixed_names() {
    let mut simulator = in_runs();
    simulator.keys("<space><space><space><space><space><space><space>c");
    let text = picture(&simulator);
    assert!(text.contains("7 side by side") && text.contains("train-1000") && !text.contains("train-1006"), "{text}");
    simulator.keys("<right><right><right>");
    let text = picture(&simulator);
    assert!(text.contains("train-1006") && !text.contains("train-1000") && text.contains("~ auc"), "{text}");
}

#[test]
fn marked_versions_are_laid_side_by_side() {
    let mut simulator = Simulator::new(&[Route::Versions(ModelName::new("telco-churn"))]);
    simulator.keys("<space><space>c");
    let text = picture(&simulator);
    assert!(text.contains("v42 and v39") && text.contains("telco-churn") && text.contains("0.914"), "{text}");
}

#[test]
fn runs_that_could_not_be_read_are_read_with_the_next_refresh_and_shown_until_the_one_after() {
    let mut simulator = Simulator::unanswered(&[]);
    let runs_are_asked = |asked: &[Query]| asked.iter().filter(|q| matches!(q, Query::Runs { .. })).count();
    let broken = |query: &Query| match query {
        Query::Runs { .. } => Err(super::simulator::refused()),
        other => super::simulator::answer(other),
    };
    assert_eq!(runs_are_asked(&simulator.answer_from(broken)), 1);
    let text = picture(&simulator);
    assert!(text.contains("connection was refused") && !text.contains("0.914"), "{text}");
    simulator.keys("jk");
    assert_eq!(runs_are_asked(&simulator.answer_from(broken)), 0, "nothing is repeated behind the reader's back");

    simulator.keys("r");
    assert_eq!(runs_are_asked(&simulator.answer_from(super::simulator::answer)), 1);
    assert!(picture(&simulator).contains("0.914"), "{}", picture(&simulator));

    simulator.keys("r");
    assert_eq!(runs_are_asked(&simulator.answer_from(broken)), 1, "what was read before may have changed");
    let text = picture(&simulator);
    assert!(text.contains("connection was refused") && text.contains("0.914"), "{text}");
}

#[test]
fn a_run_shows_its_tabs_and_its_curves() {
    let mut simulator = in_runs();
    simulator.keys("j<enter>");
    let text = picture(&simulator);
    assert!(text.contains("train-1001") && text.contains("0.899"), "{text}");
    simulator.keys("2");
    assert!(picture(&simulator).contains("depth"), "{}", picture(&simulator));
    simulator.keys("4");
    assert!(picture(&simulator).contains("parent run          ✓ train-1000"), "{}", picture(&simulator));
    simulator.keys("1<enter>");
    let runs = vec![RunId::new("run1001")];
    let asked = Query::Histories { runs, metric: "auc".into(), window: None };
    assert!(simulator.state.cache.histories(&asked).is_some());
}

#[test]
fn twenty_thousand_runs_are_walked_through() {
    let mut simulator = Simulator::new(&[]);
    simulator.answering = false;
    simulator.keys("e");
    simulator.state.screens.pop();
    let route = Route::Runs(ExperimentId::new("1"), "churn".into());
    let screen = simulator.state.make(&route);
    simulator.state.screens.push(screen);
    simulator.keys("j");
    let (id, query) = simulator
        .asked()
        .into_iter()
        .find_map(|e| match e {
            Effect::Fetch(id, query @ Query::SearchRuns(_)) => Some((id, query)),
            _ => None,
        })
        .unwrap();
    let items = (0..20_000).map(|i| samples::run(i, 0.5)).collect();
    let answer = Ok(Answer::SearchRuns(Page { items, next: None }));
    simulator.send(Msg::Reply { id, query, answer });
    simulator.keys("G");
    simulator.keys(&"k".repeat(200));
    let text = picture(&simulator);
    assert!(text.contains("20000 runs") && text.contains("▸ ✓ finished  train-19799"), "{text}");
}

#[test]
fn columns_sorting_and_filters_of_an_earlier_session_are_found_again() {
    let mut first = in_runs();
    first.keys("Clatency<enter><esc>sauc<enter>fmetrics.auc > 0.5<enter>");
    let kept: Vec<_> = first.asked();
    let items = kept.iter().filter_map(|e| match e {
        Effect::SavePrefs(what) => Some(what.clone()),
        _ => None,
    });
    let mut prefs = crate::app::prefs::Prefs::default();
    items.for_each(|what| prefs.remember(what));
    let mut second = Simulator::new(&[]);
    second.send(Msg::Prefs(crate::app::prefs::Prefs::from_text(&prefs.to_text()).unwrap()));
    second.keys("e<enter>");
    let text = picture(&second);
    assert!(text.contains("↓auc") && !text.contains("latency_"), "{text}");
    assert!(matches!(second.state.top(), Screen::Runs(_)));
    second.keys("f<up>");
    assert!(picture(&second).contains("metrics.auc > 0.5"), "{}", picture(&second));
}
