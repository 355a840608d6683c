//! Flows through the trend of a metric over the versions of a model.
#![allow(clippy::unwrap_used)]

use super::simulator::{Simulator, answer, refused};
use super::tests::screen_text;
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::app::query::{Answer, Query};
use crate::app::route::Route;
use crate::domain::failure::Outcome;
use crate::domain::history::{History, Point};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::promotion::samples;
use crate::domain::registry::{ModelVersion, Stage};
use crate::domain::run::MetricValue;
use crate::domain::sorted_map::SortedMap;
use crate::screens::Screen;

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

/// 950 versions in pages; v948 names no run, the run of v947 has no auc, that of v946 is gone.
fn world(query: &Query) -> Outcome<Answer> {
    match query {
        Query::Versions { page, .. } => {
            let below: u64 = page.as_deref().map_or(NEWEST + 1, |p| p.parse().unwrap());
            let last = below.saturating_sub(PAGE).max(1);
            let items = (last..below).rev().map(version).collect();
            Ok(Answer::Versions(Page { items, next: (last > 1).then(|| last.to_string()) }))
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
            Ok(Answer::Runs(runs.collect()))
        }
        other => answer(other),
    }
}

/// Answers what is asked until nothing is, and says which questions for versions and runs there were and how many
/// of them at once.
fn play(simulator: &mut Simulator, world: impl Fn(&Query) -> Outcome<Answer>) -> (Vec<Query>, usize) {
    let (mut asked, mut most) = (Vec::new(), 0);
    let mut open: Vec<Effect> = simulator.asked();
    while !open.is_empty() {
        let fetches = |e: &Effect| matches!(e, Effect::Fetch(_, Query::Versions { .. } | Query::Runs { .. }));
        most = most.max(open.iter().filter(|e| fetches(e)).count());
        let Effect::Fetch(id, query) = open.remove(0) else { continue };
        if matches!(query, Query::Versions { .. } | Query::Runs { .. }) {
            asked.push(query.clone());
        }
        let answer = world(&query);
        simulator.send(Msg::Reply { id, query, answer });
        open.extend(simulator.asked());
    }
    (asked, most)
}

fn trend(version: u64) -> (Simulator, Vec<Query>, usize) {
    let mut simulator = Simulator::unanswered(&[route(version)]);
    let (asked, most) = play(&mut simulator, world);
    (simulator, asked, most)
}

fn picture(simulator: &Simulator) -> String {
    screen_text(&simulator.state, 100, 24)
}

#[test]
fn a_long_line_costs_a_handful_of_questions_few_at_once() {
    let (simulator, asked, most) = trend(950);
    let runs = asked.iter().filter(|q| matches!(q, Query::Runs { .. })).count();
    assert_eq!((asked.len() - runs, runs), (2, 4), "{asked:?}");
    assert!(most <= 3, "{most} at once");
    let text = picture(&simulator);
    assert!(text.contains("400+ versions") && text.contains("min 0.551 at v551"), "{text}");
    assert!(text.contains("left end"), "{text}");
}

#[test]
fn the_left_end_reads_on_until_there_is_no_more() {
    let (mut simulator, ..) = trend(950);
    simulator.keys("g");
    simulator.answer_from(world);
    assert!(picture(&simulator).contains("800+ versions"), "{}", picture(&simulator));
    simulator.keys("g");
    simulator.answer_from(world);
    let text = picture(&simulator);
    assert!(text.contains("950 versions") && text.contains("min 0.001 at v1"), "{text}");
    assert!(!text.contains("left end"), "{text}");
}

#[test]
fn the_cursor_says_exact_values_and_why_there_is_none() {
    let (mut simulator, ..) = trend(950);
    let line = |simulator: &Simulator| picture(simulator).lines().nth(2).unwrap().to_owned();
    assert!(line(&simulator).contains("○ v950  0.95   ? +0.05 against ● v900 0.9"), "{}", line(&simulator));
    for words in ["v949  0.949", "v948  ! it names no run", "v947  ! its run has no auc", "v946  ! the server has no"] {
        simulator.keys("h");
        assert!(line(&simulator).contains(words), "{words}: {}", line(&simulator));
    }
    let text = picture(&simulator);
    assert!(text.contains("2 without a run   1 without this metric"), "{text}");
}

#[test]
fn enter_reviews_the_version_under_the_cursor() {
    let (mut simulator, ..) = trend(950);
    simulator.keys("h<enter>");
    let Screen::Review(review) = simulator.state.top() else { panic!("{:?}", simulator.state.top()) };
    assert!(review.shows(&ModelName::new("telco-churn"), VersionNumber(949)));
}

#[test]
fn a_zoom_keeps_the_cursor_in_sight_and_moving_pans() {
    let (mut simulator, ..) = trend(950);
    simulator.keys("+++++");
    let axis = |simulator: &Simulator| {
        let text = picture(simulator);
        text.lines().find(|l| l.trim_start().starts_with('v') && !l.contains("min")).unwrap().to_owned()
    };
    assert!(axis(&simulator).contains("v950") && !axis(&simulator).contains("v700"), "{}", axis(&simulator));
    simulator.keys("<ctrl-d>");
    for _ in 0..5 {
        simulator.keys("<ctrl-u>");
    }
    assert!(axis(&simulator).contains("v750") && !axis(&simulator).contains("v950"), "{}", picture(&simulator));
    simulator.keys("---------");
    assert!(axis(&simulator).contains("v900"), "{}", axis(&simulator));
}

#[test]
fn what_could_not_be_read_says_so_and_a_refresh_tries_again() {
    let mut simulator = Simulator::unanswered(&[route(950)]);
    let broken = |query: &Query| match query {
        Query::Runs { ids } if ids.contains(&RunId::new("run950")) => Err(refused()),
        other => world(other),
    };
    simulator.answer_from(broken);
    let text = picture(&simulator);
    assert!(text.contains("100 could not be read") || text.contains("99 could not be read"), "{text}");
    assert!(text.contains("connection was refused"), "{text}");
    simulator.keys("r");
    simulator.answer_from(world);
    let text = picture(&simulator);
    assert!(text.contains("v950  0.95 ") && !text.contains("could not be read"), "{text}");
}

#[test]
fn what_was_logged_at_one_step_is_no_curve_and_leads_to_the_trend() {
    let curve = Route::Curve(ModelName::new("telco-churn"), VersionNumber(950), "auc".into());
    let mut simulator = Simulator::unanswered(&[curve]);
    let point = |step: i64| Point { step, at: None, value: MetricValue(0.95) };
    // MLflow 3.x keeps the value of a logged model a second time.
    let history = |run: &RunId, steps: &[i64]| History {
        run: run.clone(),
        metric: "auc".into(),
        points: steps.iter().copied().map(point).collect(),
        sampled: false,
    };
    let logged = |steps: &'static [i64]| {
        move |query: &Query| match query {
            Query::Histories { runs, .. } => {
                Ok(Answer::Histories(runs.iter().map(|run| history(run, steps)).collect()))
            }
            other => world(other),
        }
    };
    simulator.answer_from(logged(&[3, 3]));
    let text = picture(&simulator);
    assert!(text.contains("Logged at one step only") && text.contains("2 points"), "{text}");
    simulator.keys("r");
    simulator.answer_from(logged(&[3, 4]));
    assert!(!picture(&simulator).contains("Logged at one step only"), "{}", picture(&simulator));
    simulator.keys("t");
    assert!(matches!(simulator.state.top(), Screen::Trend(_)), "{}", picture(&simulator));
}

/// A model of ten thousand versions, all of which a list has read.
fn long_line() -> Simulator {
    const ALL: u64 = 10_000;
    let mut simulator =
        Simulator::unanswered(&[Route::Trend(ModelName::new("telco-churn"), VersionNumber(ALL), "auc".into())]);
    let everything = |query: &Query| match query {
        Query::Versions { .. } => {
            let items = (1..=ALL).rev().map(version).collect();
            Ok(Answer::Versions(Page { items, next: None }))
        }
        other => world(other),
    };
    simulator.answer_from(everything);
    simulator
}

#[test]
fn a_line_takes_as_many_versions_as_are_wanted_and_never_more_than_the_cache_keeps() {
    let mut simulator = long_line();
    let text = picture(&simulator);
    assert!(text.contains("400+ versions") && text.contains("more at"), "{text}");
    let mut asked = 0;
    for _ in 0..15 {
        simulator.keys("g");
        asked += simulator.answer_from(world).len();
    }
    let text = picture(&simulator);
    assert!(text.contains("4000+ versions") && text.contains("newer versions"), "{text}");
    assert_eq!(asked, 15 * 4, "each run is asked for once");
    assert_eq!(simulator.answer_from(world).len(), 0, "and what is there stays");
    simulator.keys("G");
    simulator.answer_from(world);
    let text = picture(&simulator);
    assert!(text.contains("400+ versions") && text.contains("v10000"), "{text}");
}

#[test]
fn what_is_in_production_is_the_measure_however_old_it_is() {
    let old = |query: &Query| match query {
        Query::Models { .. } => {
            let Ok(Answer::Models(mut page)) = answer(query) else { panic!("models") };
            let production =
                ModelVersion { run_id: Some(RunId::new("run030")), ..samples::version(30, Stage::Production) };
            page.items[0].latest = vec![version(950), production];
            Ok(Answer::Models(page))
        }
        Query::Versions { .. } => {
            let items = (31..=NEWEST).rev().map(|n| ModelVersion { stage: Stage::None, ..version(n) }).collect();
            Ok(Answer::Versions(Page { items, next: Some("31".into()) }))
        }
        query => world(query),
    };
    let mut simulator = Simulator::unanswered(&[]);
    simulator.answer_from(old);
    simulator.keys("v");
    simulator.answer_from(old);
    simulator.keys("t");
    simulator.answer_from(old);
    let text = picture(&simulator);
    assert!(text.contains("v950  0.95") && text.contains("against ● v30 0.03"), "{text}");
    assert!(text.contains("which is in Production, is not among these"), "{text}");
}
