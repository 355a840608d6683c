//! `signoff runs`.

use std::ops::ControlFlow;

use crate::cli::args::{Direction, Format, RunSort};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::experiment::{Experiment, RunAttribute, RunOrder, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::ExperimentId;
use crate::domain::nearest;
use crate::domain::page::{self, walk};
use crate::domain::run::Run;
use crate::domain::text::{clean_line, shorten};
use crate::present::{Phrase, Role, UNICODE, time, version::run_status};
use crate::services::Services;

/// Metrics shown in the table; `--json` prints all.
const METRICS: usize = 4;
/// Longest name shown in the table, in characters.
const NAME_WIDTH: usize = 40;

/// Which runs to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// In MLflow's filter syntax; empty for all.
    pub filter: String,
    /// The sort order of the server.
    pub order: RunOrder,
    pub limit: usize,
}

/// The order for `--sort` and `--order`. Default: newest first for times, alphabetical for names and states.
pub fn order(sort: RunSort, direction: Option<Direction>) -> RunOrder {
    let (by, usual) = match sort {
        RunSort::Started => (RunAttribute::Started, Direction::Desc),
        RunSort::Name => (RunAttribute::Name, Direction::Asc),
        RunSort::Status => (RunAttribute::Status, Direction::Asc),
    };
    RunOrder { by, descending: direction.unwrap_or(usual) == Direction::Desc }
}

/// Runs `signoff runs`: lists the first runs of an experiment, given by name or id, in `list`'s order and matching its
/// filter.
///
/// # Errors
/// [`FailureKind::NotFound`] if there is no such experiment; server failures, including a rejected filter.
pub async fn run(services: &Services, experiment: &str, list: List, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let experiment = find(services, experiment).await?;
    let (runs, truncated) = first(services, &experiment.id, &list).await?;
    if format.json {
        let shown = |r: &Run| {
            let url = services.registry.run_page(&r.experiment, &r.id);
            json::ListedRun::new(r, url)
        };
        sink.json(&json::Runs {
            schema: "signoff.runs/1",
            place: place(services).await,
            experiment: (&experiment).into(),
            filter: list.filter,
            runs: runs.iter().map(shown).collect(),
            truncated,
        })?;
        return Ok(Exit::Done);
    }
    if experiment.deleted {
        let name = &experiment.name;
        sink.warn(&format!("The experiment {name} was deleted on the server, and its runs with it"));
    }
    if runs.is_empty() {
        sink.line(&match list.filter.as_str() {
            "" => format!("The experiment {} has no runs.", experiment.name),
            _ => format!("No run of the experiment {} matches the filter.", experiment.name),
        });
        return Ok(Exit::Done);
    }
    let text = table(services, &runs).render(sink.style());
    sink.text(&text);
    if truncated {
        let which = if list.order == RunOrder::default() { "newest" } else { "first" };
        sink.note(&format!("Showing the {which} {}. Use --limit to see more.", runs.len()));
    }
    Ok(Exit::Done)
}

fn table(services: &Services, runs: &[Run]) -> Table {
    let metrics = shown_metrics(services, runs);
    let titles: Vec<String> = metrics.iter().map(|m| clean_line(m)).collect();
    let mut columns = vec![
        ("RUN", Align::Whole),
        ("NAME", Align::Left),
        ("STATUS", Align::Left),
        ("AGE", Align::Right),
        ("TOOK", Align::Right),
        ("USER", Align::Left),
    ];
    columns.extend(titles.iter().map(|t| (t.as_str(), Align::Point)));
    let mut table = Table::new(&columns);
    let now = services.clock.now();
    for run in runs {
        let mut cells = vec![
            Phrase::of(Role::Muted, run.id.to_string()),
            Phrase::of(Role::Title, shorten(&clean_line(&run.name), NAME_WIDTH)),
            run_status(run, &UNICODE),
            time::age(run.started_at, now).into(),
            run.started_at.zip(run.ended_at).map(|(from, to)| time::between(from, to)).unwrap_or_default().into(),
            run.user.clone().unwrap_or_default().into(),
        ];
        cells
            .extend(metrics.iter().map(|m| run.metrics.get(m).map(|p| p.value.to_string()).unwrap_or_default().into()));
        table.row(cells);
    }
    table
}

/// The main metrics first, then others by name.
fn shown_metrics<'a>(services: &Services, runs: &'a [Run]) -> Vec<&'a str> {
    let mut all: Vec<&str> = runs.iter().flat_map(|r| r.metrics.names()).collect();
    all.sort();
    all.dedup();
    let main: Vec<&str> = runs.iter().filter_map(|r| services.rules.main_metric(r.into())).collect();
    all.sort_by_key(|m| !main.contains(m));
    all.truncate(METRICS);
    all
}

/// Finds the experiment by name, else by id.
async fn find(services: &Services, wanted: &str) -> Outcome<Experiment> {
    let (mut by_name, mut by_id) = (None, None);
    let mut names: Vec<String> = Vec::new();
    let read = |page: Option<String>| async move { services.tracking.experiments(page.as_deref()).await };
    let each = |items: Vec<Experiment>| {
        for experiment in items {
            names.push(experiment.name.clone());
            if experiment.name == wanted {
                by_name = Some(experiment);
                return ControlFlow::Break(());
            }
            if experiment.id.as_str() == wanted {
                by_id = Some(experiment);
            }
        }
        ControlFlow::Continue(())
    };
    walk("list the experiments", read, each).await?;
    by_name.or(by_id).ok_or_else(|| {
        let wanted = clean_line(wanted);
        let hint = match nearest::nearest(&wanted, names.iter().map(String::as_str)) {
            Some(name) => format!("The nearest name is '{name}'."),
            None => "In `signoff`, press e to list all experiments.".to_owned(),
        };
        let reason = "no experiment you can read has this name or id";
        Failure::new(FailureKind::NotFound, Service::Mlflow, format!("find the experiment '{wanted}'"), reason)
            .with_hint(hint)
    })
}

/// The first runs up to the limit of `list`, and whether there are more.
async fn first(services: &Services, experiment: &ExperimentId, list: &List) -> Outcome<(Vec<Run>, bool)> {
    let (filter, order, limit) = (list.filter.clone(), list.order, list.limit);
    let query = RunQuery { filter, order, ..RunQuery::of(experiment.clone()) };
    page::first("search the runs", limit, |page| {
        let query = RunQuery { page, ..query.clone() };
        async move { services.tracking.search_runs(&query).await }
    })
    .await
}
