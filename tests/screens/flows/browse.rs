//! Flows through experiments, runs and comparisons: keys in, queries and screens out.

use crate::sample::{quiet, sample, unanswered};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::experiment::{RunAttribute, RunOrder};
use signoff::domain::ids::{ExperimentId, ModelName, RunId};
use signoff::domain::page::Page;
use signoff::screens::Screen;

/// On the runs of the only experiment, with the first page loaded.
fn in_runs() -> Driver {
    let mut driver = sample(&[]);
    driver.keys("e<enter>");
    assert!(matches!(driver.state.top(), Screen::Runs(_)));
    driver.asked();
    driver
}

/// Whether there was a query since the last call.
fn asks(driver: &mut Driver) -> bool {
    driver.asked().iter().any(|e| matches!(e, Effect::Fetch(..)))
}

/// Row `n` of the table, below its header.
fn row(driver: &Driver, n: usize) -> String {
    let text = driver.picture();
    let header = text.lines().position(|l| l.contains("STATUS")).unwrap();
    text.lines().nth(header + 1 + n).unwrap().to_owned()
}

#[test]
fn experiments_lead_to_their_runs_and_children_stand_below_their_parents() {
    let driver = in_runs();
    assert!(row(&driver, 0).contains(" train-1000 "), "{}", driver.picture());
    assert!(row(&driver, 1).contains("   train-1001 "), "{}", driver.picture());
}

#[test]
fn more_runs_are_read_only_when_one_scrolls() {
    let mut driver = in_runs();
    driver.sees(&["100+ runs"]);
    driver.keys("G");
    driver.sees(&["200+ runs"]);
    driver.keys("GG");
    driver.sees(&[" 300 runs"]);
    driver.keys("G");
    driver.sees(&["train-1299"]);
}

#[test]
fn folding_hides_the_children_and_the_cursor_goes_to_the_parent() {
    let mut driver = in_runs();
    driver.keys("jjz");
    assert!(row(&driver, 0).contains("▸ ✓ finished  train-1000 +9"), "{}", driver.picture());
    assert!(row(&driver, 1).contains(" train-1010"), "{}", driver.picture());
    driver.keys("z");
    assert!(row(&driver, 1).contains("   train-1001"), "{}", driver.picture());
}

#[test]
fn a_filter_goes_to_the_server_as_typed_and_is_remembered() {
    let mut driver = in_runs();
    driver.keys("fmetrics.auc > 0.5<enter>");
    driver.sees(&["metrics.auc > 0.5", "1 run", "train-1007"]);
    driver.keys("<esc>");
    driver.sees(&["100+ runs"]);
    driver.keys("f<up>");
    driver.sees(&["metrics.auc > 0.5"]);
}

#[test]
fn a_filter_the_server_refuses_says_why_at_the_field_and_keeps_the_rows() {
    let mut driver = in_runs();
    driver.keys("fbroken<enter>");
    driver.sees(&["Invalid clause(s)", "train-1000"]);
    let text = driver.picture();
    let line = |word| text.lines().position(|l: &str| l.contains(word)).unwrap();
    assert_eq!(line("Invalid clause"), line(" search broken") + 1, "{text}");
    driver.answering = false;
    driver.keys("f<enter>");
    let asked = driver.asked();
    assert!(
        matches!(asked.as_slice(), [.., Effect::Fetch(_, Query::SearchRuns { search: s })] if s.filter == "broken"),
        "{asked:?}"
    );
}

#[test]
fn sorting_works_on_what_is_loaded_asks_nothing_and_reverses() {
    let mut driver = in_runs();
    driver.answering = false;
    driver.keys("z");
    driver.keys("slatency<enter>");
    assert!(!asks(&mut driver));
    driver.keys("sauc<enter>");
    driver.sees(&["↓auc"]);
    driver.keys("g");
    assert!(row(&driver, 0).contains("train-1000"), "{}", driver.picture());
    driver.keys("sauc<enter>g");
    assert!(row(&driver, 0).contains("train-1090"), "{}", driver.picture());
    assert!(row(&driver, 1).contains("train-1099"), "{}", driver.picture());
    assert!(!asks(&mut driver));
}

#[test]
fn the_server_sorts_where_that_is_cheap_and_it_has_more() {
    let mut driver = in_runs();
    driver.keys("jj");
    driver.answering = false;
    driver.keys("sname<enter>");
    let asked = driver.asked();
    let ordered = |e: &Effect| match e {
        Effect::Fetch(_, Query::SearchRuns { search: s }) => {
            s.order == RunOrder { by: RunAttribute::Name, descending: false }
        }
        _ => false,
    };
    assert!(asked.iter().any(ordered), "{asked:?}");
    assert!(row(&driver, 0).contains("train-1000"), "the rows stay until it answers: {}", driver.picture());
    driver.answering = true;
    for effect in asked.into_iter().filter(ordered) {
        let Effect::Fetch(id, query) = effect else { continue };
        driver.send(Msg::Reply(id, Box::new(crate::sample::answer(&query))));
    }
    assert!(row(&driver, 0).contains("▸ ✓ finished  train-1200"), "{}", driver.picture());
    driver.misses(&["what is loaded"]);
    driver.keys("sauc<enter>");
    driver.sees(&["sorted: what is loaded"]);
}

#[test]
fn what_is_loaded_as_a_whole_is_sorted_without_asking() {
    let mut driver = in_runs();
    driver.keys("GGG");
    driver.sees(&[" 300 runs"]);
    driver.asked();
    driver.keys("sname<enter>");
    assert!(!asks(&mut driver));
}

#[test]
fn chosen_columns_are_found_again_when_one_comes_back() {
    let mut driver = in_runs();
    driver.sees(&["latency_"]);
    driver.keys("Clatency<enter><esc>");
    driver.misses(&["latency_"]);
    driver.keys("<esc><enter>");
    assert!(driver.picture().contains("auc") && !driver.picture().contains("latency_"), "{}", driver.picture());
}

#[test]
fn marked_runs_are_laid_side_by_side() {
    let mut driver = in_runs();
    driver.keys("c");
    driver.sees(&["Mark at least two runs"]);
    driver.keys("<space>j<space>c");
    let text = driver.picture();
    assert!(text.contains("train-1000 and train-1002") && text.contains("~ auc") && text.contains("-0.002"), "{text}");
    assert!(!text.contains("latency_ms"), "{text}");
    driver.keys("d");
    driver.sees(&["latency_ms"]);
    driver.keys("j<enter>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)), "{}", driver.picture());
}

#[test]
fn many_subjects_scroll_below_the_fixed_names() {
    let mut driver = in_runs();
    driver.keys("<space><space><space><space><space><space><space>c");
    driver.sees(&["7 side by side", "train-1000"]);
    driver.misses(&["train-1006"]);
    driver.keys("<right><right><right>");
    driver.sees(&["train-1006", "~ auc"]);
    driver.misses(&["train-1000"]);
}

#[test]
fn marked_versions_are_laid_side_by_side() {
    let mut driver = sample(&[Route::Versions(ModelName::new("telco-churn"))]);
    driver.keys("<space><space>c");
    driver.sees(&["v42 and v39", "telco-churn", "0.914"]);
}

#[test]
fn runs_that_could_not_be_read_are_read_with_the_next_refresh_and_shown_until_the_one_after() {
    let mut driver = unanswered(&[]);
    let runs_are_asked = |asked: &[Query]| asked.iter().filter(|q| matches!(q, Query::Runs { .. })).count();
    let broken = |query: &Query| match query {
        Query::Runs { .. } => Reply::failed(query.clone(), crate::sample::refused()),
        other => crate::sample::answer(other),
    };
    assert_eq!(runs_are_asked(&driver.answer_from(broken)), 1);
    driver.sees(&["connection was refused"]);
    driver.misses(&["0.914"]);
    driver.keys("jk");
    assert_eq!(runs_are_asked(&driver.answer_from(broken)), 0, "nothing is repeated behind the reader's back");

    driver.keys("r");
    assert_eq!(runs_are_asked(&driver.answer_from(crate::sample::answer)), 1);
    driver.sees(&["0.914"]);

    driver.keys("r");
    assert_eq!(runs_are_asked(&driver.answer_from(broken)), 1, "what was read before may have changed");
    driver.sees(&["connection was refused", "0.914"]);
}

#[test]
fn a_run_shows_its_tabs_and_its_curves() {
    let mut driver = in_runs();
    driver.keys("j<enter>");
    driver.sees(&["train-1001", "0.899"]);
    driver.keys("2");
    driver.sees(&["depth"]);
    driver.keys("4");
    driver.sees(&["parent run          ✓ train-1000"]);
    driver.keys("1<enter>");
    let runs = vec![RunId::new("run1001")];
    let asked = Query::Histories { runs, metric: "auc".into(), window: None };
    assert!(driver.state.cache.histories(&asked).is_some());
}

#[test]
fn twenty_thousand_runs_are_walked_through() {
    let mut driver = quiet(&[Route::Runs(ExperimentId::new("1"), "churn".into())]);
    let items = (0..20_000).map(|i| samples::run(i, 0.5)).collect();
    let page = Page { items, next: None };
    let search = driver.open().find_map(|query| match query {
        Query::SearchRuns { search } => Some(search.clone()),
        _ => None,
    });
    driver.reply(Reply::SearchRuns { search: search.unwrap(), answer: Ok(page) });
    driver.keys("G");
    driver.keys(&"k".repeat(200));
    driver.sees(&["20000 runs", "▸ ✓ finished  train-19799"]);
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
    let mut prefs = signoff::app::prefs::Prefs::default();
    items.for_each(|what| prefs.remember(what));
    let mut second = sample(&[]);
    second.send(Msg::Prefs(signoff::app::prefs::Prefs::from_text(&prefs.to_text()).unwrap()));
    second.keys("e<enter>");
    second.sees(&["↓auc"]);
    second.misses(&["latency_"]);
    assert!(matches!(second.state.top(), Screen::Runs(_)));
    second.keys("f<up>");
    second.sees(&["metrics.auc > 0.5"]);
}

#[test]
fn a_key_that_means_nothing_on_this_screen_or_row_says_so() {
    let mut driver = in_runs();
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Run(_)));
    driver.keys("5<enter>");
    driver.sees(&["'curve' does nothing here."]);
    driver.keys("j");
    assert_eq!(driver.state.notice, None, "movement says nothing");
    driver.keys("1t");
    assert_eq!(driver.state.notice, None, "a key without a meaning in this context");
    driver.keys("<esc>/no such run<enter>o");
    driver.sees(&["'browser' does nothing here."]);
}
