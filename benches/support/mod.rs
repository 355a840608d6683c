//! Shared by the benchmarks: large registries, a program that shows them, and percentiles.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "each benchmark uses its own part")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key};
use signoff::app::keymap::{DEFAULT_KEYMAP, Keymap};
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::config::{Env, Flags, load};
use signoff::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use signoff::domain::page::Page;
use signoff::domain::registry::{ModelVersion, RegisteredModel, Stage, VersionStatus};
use signoff::domain::rules::Rules;
use signoff::domain::run::{MetricPoint, MetricValue, Run};
use signoff::domain::sorted_map::{Interner, Tags};
use signoff::program::ask::ask;
use signoff::program::state::State;
use signoff::program::update::{begin, update};
use signoff::program::view::view_again;
use signoff::ui::skin::Theme;
use signoff::ui::{Frames, Kept, Skin};

/// Terminal size, in cells.
pub const SIZE: (u16, u16) = (160, 50);
/// Page size used by the adapters.
const PAGE: usize = 100;

/// The program with a registry of a given size.
pub struct Program {
    state: State,
    skin: Skin,
    kept: Kept,
    frames: Frames,
    models: usize,
    versions: usize,
}

impl Program {
    /// Starts on `routes` and loads everything its screens need.
    pub fn new(models: usize, versions: usize, routes: &[Route]) -> Self {
        let keymap = Keymap::parse(DEFAULT_KEYMAP).unwrap();
        let state = State::new(rules(), "http://mlflow:5000".to_owned(), keymap, now(), routes);
        let frames = Frames::new(Rect::new(0, 0, SIZE.0, SIZE.1));
        let mut program =
            Self { state, skin: Skin::new(Theme::Dark, true), kept: Kept::default(), frames, models, versions };
        program.send(Msg::Input(Input::Resize { width: SIZE.0, height: SIZE.1 }));
        program
    }

    /// Handles one message and everything that follows from it, answering requests.
    pub fn send(&mut self, msg: Msg) {
        let mut open = update(&mut self.state, msg);
        while let Some(effect) = open.pop() {
            if let Effect::Fetch(id, query) = effect {
                // Requests that lists do not need stay pending.
                let Some(reply) = self.answer(query) else { continue };
                open.extend(update(&mut self.state, Msg::Reply(id, Box::new(reply))));
            }
        }
    }

    /// Handles a key as the loop does: clock, key, frame, and what the screens need then.
    pub fn key_to_frame(&mut self, key: Key) {
        black_box(update(&mut self.state, Msg::Clock(now())));
        let (_, owes) = black_box(begin(&mut self.state, Msg::Input(Input::Key(key))));
        self.draw();
        if owes {
            black_box(ask(&mut self.state));
        }
    }

    /// Types keys without drawing.
    pub fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            self.send(Msg::Input(Input::Key(Key::char(c))));
        }
    }

    /// Draws a frame.
    pub fn draw(&mut self) {
        self.frames.draw(|buf| view_again(&self.state, &self.skin, &self.kept, buf));
        black_box(self.frames.changes().count());
    }

    fn answer(&self, query: Query) -> Option<Reply> {
        let page = |page: &Option<String>, len: usize| {
            let from = page.as_deref().map_or(0, |p| p.parse().unwrap());
            let upto = len.min(from + PAGE);
            (from..upto, (upto < len).then(|| upto.to_string()))
        };
        Some(match query {
            Query::Models { page: token } => {
                let (range, next) = page(&token, self.models);
                Reply::Models { page: token, answer: Ok(Page { items: range.map(model).collect(), next }) }
            }
            Query::Versions { model, page: token } => {
                let (range, next) = page(&token, self.versions);
                let items = range.map(|i| version(&model, (self.versions - i) as u64, Stage::None)).collect();
                Reply::Versions { model, page: token, answer: Ok(Page { items, next }) }
            }
            Query::Runs { ids } => Reply::Runs { answer: Ok(ids.iter().map(run).collect()), ids },
            Query::Promotions => Reply::Promotions { answer: Ok(Vec::new()) },
            _ => return None,
        })
    }

    /// A page of models that are not loaded yet, to measure the cost of its arrival.
    pub fn page_of_models(&self, page: Option<String>) -> Reply {
        let items = (self.models..self.models + PAGE).map(model).collect();
        Reply::Models { page, answer: Ok(Page { items, next: None }) }
    }

    /// The state, for sending custom messages.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

fn rules() -> Rules {
    let flags = Flags { demo: true, ..Flags::default() };
    load(Env::of(&[], "/nonexistent"), flags).unwrap().target().unwrap().rules
}

/// The fixed time of all benchmarks.
pub fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// The name of the `i`th model.
pub fn name(i: usize) -> String {
    let kinds = ["churn", "fraud", "pricing", "uplift", "triage", "limit", "forecast"];
    format!("{}-{}-{i:05}", ["telco", "card", "retail", "energy", "health"][i % 5], kinds[i % 7])
}

fn model(i: usize) -> RegisteredModel {
    let name = ModelName::new(name(i));
    RegisteredModel {
        description: "Probability that a customer leaves within 30 days.".to_owned(),
        tags: [("owner".to_owned(), "retention".to_owned())].into_iter().collect(),
        aliases: BTreeMap::from([("champion".to_owned(), VersionNumber(3))]),
        told: true,
        browse_only: false,
        there: Default::default(),
        latest: vec![version(&name, 3, Stage::Production), version(&name, 4, Stage::Staging)],
        created_at: None,
        updated_at: Some(now()),
        name,
    }
}

fn version(model: &ModelName, number: u64, stage: Stage) -> ModelVersion {
    let age = SignedDuration::from_mins(number as i64 * 7);
    ModelVersion {
        model: model.clone(),
        number: VersionNumber(number),
        stage,
        status: VersionStatus::Ready,
        created_at: now().checked_sub(age).ok(),
        updated_at: None,
        author: Some("dana".to_owned()),
        source: format!("models:/m-{number:032x}"),
        run_id: Some(RunId::new(format!("{:016x}{number:016x}", model.as_str().len()))),
        description: "Deeper trees on the October snapshot, threshold tuned for the call budget.".to_owned(),
        tags: [("qa.status".to_owned(), "pending".to_owned())].into_iter().collect(),
        aliases: Vec::new(),
        logged_model: None,
        run_elsewhere: None,
        keeps_files: false,
        deployment: None,
    }
}

fn run(id: &RunId) -> Run {
    let point = |v| MetricPoint { value: MetricValue(v), step: 0, at: None };
    Run {
        id: id.clone(),
        experiment: ExperimentId::new("1"),
        name: "tuned".to_owned(),
        user: Some("dana".to_owned()),
        status: "FINISHED".to_owned(),
        started_at: None,
        ended_at: None,
        deleted: false,
        metrics: (0..20)
            .map(|i| (format!("metric_{i:02}"), point(0.1)))
            .chain([("auc".to_owned(), point(0.9))])
            .collect(),
        params: Default::default(),
        tags: Default::default(),
        datasets: Vec::new(),
    }
}

/// A sweep of `n` runs, one parent for every nine children, as pages of a hundred return them.
pub fn sweep(n: u64) -> Vec<Arc<Run>> {
    let pages = (0..n).step_by(100).map(|first| first..n.min(first + 100));
    pages.flat_map(|page| sweep_page(page, &mut Interner::default())).collect()
}

fn sweep_page(page: Range<u64>, pool: &mut Interner) -> Vec<Arc<Run>> {
    let mut one = |i: u64| {
        let id = |i: u64| format!("{i:032x}");
        let mut run = run(&RunId::new(id(i)));
        let auc = (i.wrapping_mul(2_654_435_761) % 100_000) as f64 / 100_000.0;
        run.metrics.insert("auc", MetricPoint { value: MetricValue(auc), step: 0, at: None });
        let metrics: Vec<_> = run.metrics.iter().map(|(name, point)| (pool.text(name), *point)).collect();
        run.metrics = pool.named(metrics);
        let tags =
            [("mlflow.parentRunId", id(i / 10 * 10))].map(|(name, parent)| (pool.text(name), pool.text(&parent)));
        run.tags = if i.is_multiple_of(10) { Tags::default() } else { pool.named(tags) };
        Arc::new(run)
    };
    page.map(&mut one).collect()
}

/// Runs `work` `times` times and prints minimum, median, 99th percentile and maximum.
pub fn percentiles(what: &str, times: usize, mut work: impl FnMut(usize)) {
    let timed = |i| {
        let start = Instant::now();
        work(i);
        start.elapsed()
    };
    say(what, (0..times).map(timed).collect());
}

/// Prints the statistics.
pub fn say(what: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share).round() as usize];
    eprintln!(
        "{what:<52} min {:>9.3?}  median {:>9.3?}  p99 {:>9.3?}  max {:>9.3?}",
        at(0.0),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
