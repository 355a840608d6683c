//! Latency from a key press to the drawn frame, in a 160x50 terminal. Target: under 5 ms at the 99th percentile.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::collections::HashSet;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use signoff::app::fuzzy;
use signoff::app::input::{Key, KeyCode};
use signoff::app::msg::Msg;
use signoff::app::prefs::{RunColumn, Sort, SortKey};
use signoff::app::query::RequestId;
use signoff::app::route::Route;
use signoff::domain::ids::ModelName;
use signoff::screens::runs::arrange::arrange;
use support::{Program, name, percentiles};

const MODELS: usize = 2_000;
const VERSIONS: usize = 5_000;
const MANY_VERSIONS: usize = 100_000;
const RUNS: u64 = 20_000;

fn versions() -> Program {
    scrolled(VERSIONS)
}

fn many_versions() -> Program {
    scrolled(MANY_VERSIONS)
}

fn scrolled(versions: usize) -> Program {
    let mut program = Program::new(0, versions, &[Route::Versions(ModelName::new("telco-churn"))]);
    // The list loads as it is scrolled: go to the end and back.
    for _ in 0..=versions / 100 {
        program.keys("G");
    }
    program.keys("g");
    program
}

/// Down and up again, so that every turn sees the same list; every tenth turn moves by a page.
fn wander(i: usize) -> Key {
    match i % 20 {
        9 => Key::plain(KeyCode::PageDown),
        19 => Key::plain(KeyCode::PageUp),
        n if n < 10 => Key::char('j'),
        _ => Key::char('k'),
    }
}

/// Types a letter and deletes it again.
fn type_and_delete(i: usize) -> Key {
    ["c", "h", "u", "r"].get(i % 8).map_or(Key::plain(KeyCode::Backspace), |c| Key::char(c.chars().next().unwrap()))
}

/// One benchmark: its name, the initial program, and the keys.
type Case = (&'static str, fn() -> Program, fn(usize) -> Key);

fn key_to_frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key_to_frame");
    let cases: [Case; 8] = [
        ("inbox_of_2000", || Program::new(MODELS, 0, &[]), wander),
        ("inbox_of_2000_filtered", filtered_inbox, wander),
        ("inbox_of_2000_typing_a_filter", typing_in_inbox, type_and_delete),
        ("models_2000", || Program::new(MODELS, 0, &[Route::Models]), wander),
        ("models_2000_typing_a_filter", typing_in_models, type_and_delete),
        ("versions_5000", versions, wander),
        ("versions_5000_typing_a_filter", typing_in_versions, type_and_delete),
        ("versions_100000", many_versions, wander),
    ];
    for (what, make, key) in cases {
        let mut program = make();
        percentiles(what, 2_000, |i| program.key_to_frame(key(i)));
        let mut i = 0;
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                program.key_to_frame(key(i));
                i += 1;
            });
        });
    }
    group.finish();
}

fn filtered_inbox() -> Program {
    let mut program = Program::new(MODELS, 0, &[]);
    program.keys("/churn");
    program.send(Msg::Input(signoff::app::input::Input::Key(Key::plain(KeyCode::Enter))));
    program
}

fn typing_in_inbox() -> Program {
    let mut program = Program::new(MODELS, 0, &[]);
    program.keys("/");
    program
}

fn typing_in_models() -> Program {
    let mut program = Program::new(MODELS, 0, &[Route::Models]);
    program.keys("/");
    program
}

fn typing_in_versions() -> Program {
    let mut program = versions();
    program.keys("/");
    program
}

/// Cost of a page of 100 models arriving while 2,000 are on screen, including the next frame.
fn page_arrives(criterion: &mut Criterion) {
    let full = || Program::new(MODELS, 0, &[]);
    let arrive = |program: &mut Program| {
        let id = RequestId(1_000_000);
        let reply = program.page_of_models(Some("again".to_owned()));
        program.state().cache.begin(&reply.query(), id);
        program.send(Msg::Reply(id, Box::new(reply)));
        program.draw();
    };
    let mut programs: Vec<Program> = (0..100).map(|_| full()).collect();
    percentiles("page_of_100_models_into_2000", programs.len(), |i| arrive(&mut programs[i]));
    // Pages accumulate, so each turn uses its own program.
    criterion.bench_function("page_arrives", |bencher| {
        bencher.iter_batched_ref(full, arrive, BatchSize::PerIteration);
    });
}

/// Types a letter into the filter of 100,000 names.
fn filter(criterion: &mut Criterion) {
    let names: Vec<String> = (0..100_000).map(name).collect();
    let queries = ["c", "ch", "chu", "chur", "churn", "telco churn", "chrn42"];
    percentiles("filter_100000_names", 70, |i| {
        std::hint::black_box(fuzzy::filter(queries[i % queries.len()], &names, |n| n.as_str().into()));
    });
    let mut group = criterion.benchmark_group("filter_100000_names");
    for query in ["c", "churn", "telco churn"] {
        group.bench_function(query, |bencher| bencher.iter(|| fuzzy::filter(query, &names, |n| n.as_str().into())));
    }
    group.finish();
}

/// Sorts the runs of an experiment by a metric, children below their parents.
fn sort(criterion: &mut Criterion) {
    let runs = support::sweep(RUNS);
    let all: Vec<usize> = (0..runs.len()).collect();
    let by = Sort { key: SortKey::Column(RunColumn::Metric("auc".to_owned())), descending: true };
    let unfolded = HashSet::new();
    let arrange = || std::hint::black_box(arrange(&runs, &all, Some(&by), &unfolded));
    percentiles("sort_20000_runs_by_a_metric", 50, |_| {
        arrange();
    });
    criterion.bench_function("sort_20000_runs_by_a_metric", |bencher| bencher.iter(arrange));
}

criterion_group!(benches, key_to_frame, page_arrives, filter, sort);
criterion_main!(benches);
