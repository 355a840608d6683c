//! Flows through the trend of a metric over the versions of a model.

use crate::sample::{answer, refused, unanswered};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::history::{History, Point};
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::domain::page::Page;
use signoff::domain::registry::{ModelVersion, Stage};
use signoff::domain::run::MetricValue;
use signoff::domain::sorted_map::SortedMap;
use signoff::screens::Screen;

/// Versions of the model: v1 to v950, v900 in production.
const NEWEST: u64 = 950;
/// Versions in a page.
const PAGE: u64 = 200;

fn route(version: u64) -> Route {
    Route::Trend(ModelName::new("telco-churn"), VersionNumber(version), "auc".into())
}

fn version(number: u64) -> ModelVersion {
    let stage = if number == 900 { Stage::Production } else { Stage::None };
    let run_id = (number != 948).then(|| RunId::new(format!("run{number:03}")));
    ModelVersion { run_id, ..samples::version(number, stage) }
}

/// 950 versions in pages; v948 names no run, the run of v947 has no auc, and that of v946 is gone.
fn world(query: &Query) -> Reply {
    match query.clone() {
        Query::Versions { model, page } => {
            let below: u64 = page.as_deref().map_or(NEWEST + 1, |p| p.parse().unwrap());
            let last = below.saturating_sub(PAGE).max(1);
            let items = (last..below).rev().map(version).collect();
            let next = (last > 1).then(|| last.to_string());
            Reply::Versions { model, page, answer: Ok(Page { items, next }) }
        }
        Query::Runs { ids } => {
            let number = |id: &RunId| id.as_str().trim_start_matches("run").parse::<u64>().unwrap();
            let runs = ids.iter().map(number).filter(|n| *n != 946).map(|n| {
                let mut run = samples::run(n, n as f64 / 1000.0);
                run.id = RunId::new(format!("run{n:03}"));
                if n == 947 {
                    run.metrics = SortedMap::default();
                }
                run
            });
            Reply::Runs { answer: Ok(runs.collect()), ids }
        }
        other => answer(&other),
    }
}

/// Answers queries until there are none; returns the queries for versions and runs, and how many were open at once.
fn play(driver: &mut Driver, world: impl Fn(&Query) -> Reply) -> (Vec<Query>, usize) {
    let counts = |query: &Query| matches!(query, Query::Versions { .. } | Query::Runs { .. });
    let (mut asked, mut most) = (Vec::new(), 0);
    loop {
        most = most.max(driver.open().filter(|query| counts(query)).count());
        match driver.answer_next(&world) {
            Some(query) if counts(&query) => asked.push(query),
            Some(_) => {}
            None => return (asked, most),
        }
    }
}

fn trend(version: u64) -> (Driver, Vec<Query>, usize) {
    let mut driver = unanswered(&[route(version)]);
    let (asked, most) = play(&mut driver, world);
    (driver, asked, most)
}

#[test]
fn a_long_line_costs_a_handful_of_questions_few_at_once() {
    let (driver, asked, most) = trend(950);
    let runs = asked.iter().filter(|q| matches!(q, Query::Runs { .. })).count();
    assert_eq!((asked.len() - runs, runs), (2, 4), "{asked:?}");
    assert!(most <= 3, "{most} at once");
    let text = driver.picture();
    assert!(text.contains("400+ versions") && text.contains("min 0.551 at v551"), "{text}");
    assert!(text.contains("left end"), "{text}");
}

#[test]
fn the_left_end_reads_on_until_there_is_no_more() {
    let (mut driver, ..) = trend(950);
    driver.keys("g");
    driver.answer_from(world);
    driver.sees(&["800+ versions"]);
    driver.keys("g");
    driver.answer_from(world);
    let text = driver.picture();
    assert!(text.contains("950 versions") && text.contains("min 0.001 at v1"), "{text}");
    assert!(!text.contains("left end"), "{text}");
}

#[test]
fn the_cursor_says_exact_values_and_why_there_is_none() {
    let (mut driver, ..) = trend(950);
    let line = |driver: &Driver| driver.picture().lines().nth(2).unwrap().to_owned();
    assert!(line(&driver).contains("○ v950  0.95   ? +0.05 against ● v900 0.9"), "{}", line(&driver));
    for words in ["v949  0.949", "v948  ! it names no run", "v947  ! its run has no auc", "v946  ! the server has no"] {
        driver.keys("h");
        assert!(line(&driver).contains(words), "{words}: {}", line(&driver));
    }
    driver.sees(&["2 without a run   1 without this metric"]);
}

#[test]
fn enter_reviews_the_version_under_the_cursor() {
    let (mut driver, ..) = trend(950);
    driver.keys("h<enter>");
    let Screen::Review(review) = driver.state.top() else { panic!("{:?}", driver.state.top()) };
    assert!(review.shows(&ModelName::new("telco-churn"), VersionNumber(949)));
}

#[test]
fn a_zoom_keeps_the_cursor_in_sight_and_moving_pans() {
    let (mut driver, ..) = trend(950);
    driver.keys("+++++");
    let axis = |driver: &Driver| {
        let text = driver.picture();
        text.lines().find(|l| l.trim_start().starts_with('v') && !l.contains("min")).unwrap().to_owned()
    };
    assert!(axis(&driver).contains("v950") && !axis(&driver).contains("v700"), "{}", axis(&driver));
    driver.keys("<ctrl-d>");
    for _ in 0..5 {
        driver.keys("<ctrl-u>");
    }
    assert!(axis(&driver).contains("v750") && !axis(&driver).contains("v950"), "{}", driver.picture());
    driver.keys("---------");
    assert!(axis(&driver).contains("v900"), "{}", axis(&driver));
}

#[test]
fn what_could_not_be_read_says_so_and_a_refresh_tries_again() {
    let mut driver = unanswered(&[route(950)]);
    let broken = |query: &Query| match query {
        Query::Runs { ids } if ids.contains(&RunId::new("run950")) => Reply::failed(query.clone(), refused()),
        other => world(other),
    };
    driver.answer_from(broken);
    let text = driver.picture();
    assert!(text.contains("100 could not be read") || text.contains("99 could not be read"), "{text}");
    assert!(text.contains("connection was refused"), "{text}");
    driver.keys("r");
    driver.answer_from(world);
    driver.sees(&["v950  0.95 "]);
    driver.misses(&["could not be read"]);
}

#[test]
fn what_was_logged_at_one_step_is_no_curve_and_leads_to_the_trend() {
    let curve = Route::Curve(ModelName::new("telco-churn"), VersionNumber(950), "auc".into());
    let mut driver = unanswered(&[curve]);
    let point = |step: i64| Point { step, at: None, value: MetricValue(0.95) };
    // MLflow 3.x stores the value of a logged model a second time.
    let history = |run: &RunId, steps: &[i64]| History {
        run: run.clone(),
        metric: "auc".into(),
        points: steps.iter().copied().map(point).collect(),
        sampled: false,
    };
    let logged = |steps: &'static [i64]| {
        move |query: &Query| match query.clone() {
            Query::Histories { runs, metric, window } => {
                let answer = Ok(runs.iter().map(|run| history(run, steps)).collect());
                Reply::Histories { runs, metric, window, answer }
            }
            other => world(&other),
        }
    };
    driver.answer_from(logged(&[3, 3]));
    driver.sees(&["Logged at one step only", "2 points"]);
    driver.keys("r");
    driver.answer_from(logged(&[3, 4]));
    driver.misses(&["Logged at one step only"]);
    driver.keys("t");
    assert!(matches!(driver.state.top(), Screen::Trend(_)), "{}", driver.picture());
}

/// A model with ten thousand versions, all loaded by a list.
fn long_line() -> Driver {
    const ALL: u64 = 10_000;
    let mut driver = unanswered(&[Route::Trend(ModelName::new("telco-churn"), VersionNumber(ALL), "auc".into())]);
    let everything = |query: &Query| match query.clone() {
        Query::Versions { model, page } => {
            let items = (1..=ALL).rev().map(version).collect();
            Reply::Versions { model, page, answer: Ok(Page { items, next: None }) }
        }
        other => world(&other),
    };
    driver.answer_from(everything);
    driver
}

#[test]
fn a_line_takes_as_many_versions_as_are_wanted_and_never_more_than_the_cache_keeps() {
    let mut driver = long_line();
    driver.sees(&["400+ versions", "more at"]);
    let mut asked = 0;
    for _ in 0..15 {
        driver.keys("g");
        asked += driver.answer_from(world).len();
    }
    driver.sees(&["4000+ versions", "newer versions"]);
    assert_eq!(asked, 15 * 4, "each run is asked for once");
    assert_eq!(driver.answer_from(world).len(), 0, "and what is there stays");
    driver.keys("G");
    driver.answer_from(world);
    driver.sees(&["400+ versions", "v10000"]);
}

#[test]
fn what_is_in_production_is_the_measure_however_old_it_is() {
    let old = |query: &Query| match answer(query) {
        Reply::Models { page, answer: Ok(mut models) } => {
            let production =
                ModelVersion { run_id: Some(RunId::new("run030")), ..samples::version(30, Stage::Production) };
            models.items[0].latest = vec![version(950), production];
            Reply::Models { page, answer: Ok(models) }
        }
        Reply::Versions { model, page, .. } => {
            let items = (31..=NEWEST).rev().map(|n| ModelVersion { stage: Stage::None, ..version(n) }).collect();
            Reply::Versions { model, page, answer: Ok(Page { items, next: Some("31".into()) }) }
        }
        _ => world(query),
    };
    let mut driver = unanswered(&[]);
    driver.answer_from(old);
    driver.keys("v");
    driver.answer_from(old);
    driver.keys("t");
    driver.answer_from(old);
    let text = driver.picture();
    assert!(text.contains("v950  0.95") && text.contains("against ● v30 0.03"), "{text}");
    assert!(text.contains("which is in Production, is not among these"), "{text}");
}
