//! `signoff inbox`

use std::ops::ControlFlow;

use futures_util::StreamExt as _;

use crate::cli::all_models;
use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::compare::{Side, compare};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::inbox::{Waiting, all_waiting, may_hide};
use crate::domain::name::{oddities, shown};
use crate::domain::page::walk;
use crate::domain::registry::{ModelVersion, RegisteredModel, VersionKey};
use crate::domain::text::clean_line;
use crate::present::{Phrase, Role, number, time};
use crate::services::evidence::Said;
use crate::services::{Services, requests};

/// Maximum concurrent requests for single versions.
const AT_ONCE: usize = 5;
/// The most rows whose requests for a stage are read: a registry lists them version by version.
const MOST_REQUESTS: usize = 200;

/// Runs the command.
///
/// # Errors
/// Registry failures. If runs cannot be read, their columns are empty and a warning is printed.
pub async fn run(services: &Services, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let target = &services.rules.promote_to;
    let models = all_models(services, None).await?;
    let total = models.len();
    let versions = versions(services, &models, sink).await;
    let mut found: Vec<Waiting<'_>> =
        models.iter().zip(&versions).flat_map(|(m, versions)| all_waiting(m, versions, target)).collect();
    found.sort_by_key(|w| {
        let v = w.candidate;
        (v.created_at.is_none(), v.created_at, v.model.clone(), v.number)
    });
    let baselines = baselines(services, &found).await?;
    let versions: Vec<&ModelVersion> = found.iter().map(|w| w.candidate).chain(baselines.iter().flatten()).collect();
    let said = crate::cli::said(services, versions, sink).await;
    let mut rows: Vec<json::Waiting> =
        found.iter().zip(&baselines).map(|(w, baseline)| row(services, w, baseline.as_ref(), &said)).collect();
    add_requests(services, &found, &mut rows, sink).await;
    if format.json {
        sink.json(&json::Inbox { schema: "signoff.inbox/1", place: place(services).await, waiting: rows })?;
    } else if rows.is_empty() {
        sink.line(&format!(
            "Nothing to review: no undecided version is staged or newer than the one in {target} ({}).",
            number::count(total as u64, "model")
        ));
    } else {
        print(services, &rows, sink);
    }
    Ok(Exit::Done)
}

/// The versions of each model, as far as they may wait: those that the list of models carries, or all if it may hide
/// some.
async fn versions(services: &Services, models: &[RegisteredModel], sink: &mut Sink) -> Vec<Vec<ModelVersion>> {
    let target = &services.rules.promote_to;
    let reads: Vec<_> = models
        .iter()
        .map(|model| async move {
            if !may_hide(model, None, target) {
                return Ok(model.latest.clone());
            }
            let mut all = Vec::new();
            let read =
                |page: Option<String>| async move { services.registry.versions(&model.name, page.as_deref()).await };
            let each = |items: Vec<ModelVersion>| {
                all.extend(items);
                ControlFlow::Continue(())
            };
            walk(&format!("list the versions of {}", model.name), read, each).await?;
            Ok(all)
        })
        .collect();
    let read: Vec<Outcome<_>> = futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await;
    let or_listed = |(model, read): (&RegisteredModel, Outcome<Vec<ModelVersion>>)| {
        read.unwrap_or_else(|failure| {
            sink.warn(&format!("{failure}; older versions of {} that wait may be missing", model.name));
            model.latest.clone()
        })
    };
    models.iter().zip(read).map(or_listed).collect()
}

/// The production version of each model: from the listed model if it includes it, else fetched.
async fn baselines(services: &Services, found: &[Waiting<'_>]) -> Outcome<Vec<Option<ModelVersion>>> {
    let wanted: Vec<_> =
        found.iter().map(|w| (w.production_version.cloned(), w.candidate.model.clone(), w.production)).collect();
    let reads = wanted.into_iter().map(|(known, model, number)| async move {
        match (known, number) {
            (Some(version), _) => Ok(Some(version)),
            (None, None) => Ok(None),
            (None, Some(number)) => match services.registry.version(&model, number).await {
                Ok(version) => Ok(Some(version)),
                // An alias may point to a deleted version; the candidate is still listed.
                Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
                Err(failure) => Err(failure),
            },
        }
    });
    futures_util::stream::iter(reads).buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

/// Adds the open requests of the rows, as far as they are read: one request of ours each.
async fn add_requests(services: &Services, found: &[Waiting<'_>], rows: &mut [json::Waiting], sink: &mut Sink) {
    if !services.registry.keeps_requests() {
        return;
    }
    let keys: Vec<VersionKey> =
        found.iter().take(MOST_REQUESTS).map(|w| (w.candidate.model.clone(), w.candidate.number)).collect();
    let mut failures: Vec<Failure> = Vec::new();
    for (row, open) in rows.iter_mut().zip(requests::read(services, &keys).await) {
        match open.requests {
            Ok(open) => row.requests = open.iter().map(json::Request::from).collect(),
            Err(failure) if failures.iter().any(|told| told.same_cause(&failure)) => {}
            Err(failure) => failures.push(failure),
        }
    }
    for failure in failures {
        sink.warn(&format!("{failure}; requests to move a version to a stage may be missing"));
    }
    if let Some(more) = rows.len().checked_sub(MOST_REQUESTS).filter(|more| *more > 0) {
        sink.warn(&format!("{} newer rows were not asked for requests to move them to a stage", more));
    }
}

fn row(services: &Services, waiting: &Waiting<'_>, baseline: Option<&ModelVersion>, said: &Said) -> json::Waiting {
    let candidate = waiting.candidate;
    let of_candidate = said.provenance(candidate);
    let main_metric = services.rules.main_metric(of_candidate).and_then(|name| {
        let directions = services.rules.directions_for(&candidate.model);
        let base = baseline.map(|version| Side { version, said: said.provenance(version) });
        let rows = compare(Side { version: candidate, said: of_candidate }, base, &directions).metrics;
        rows.iter().find(|row| row.name == name).map(json::Metric::from)
    });
    let url = services.registry.version_page(&candidate.model, candidate.number);
    json::Waiting {
        version: json::Version::new(candidate, of_candidate, url),
        production: waiting.production.map(|p| p.0),
        main_metric,
        requests: Vec::new(),
    }
}

/// The alias that puts it forward, else its stage.
fn standing(services: &Services, version: &json::Version) -> Phrase<'static> {
    match services.rules.candidate_alias.as_ref().filter(|alias| version.aliases.contains(alias)) {
        Some(alias) => Phrase::of(Role::Candidate, format!("@{alias}")),
        None => version.stage.clone().into(),
    }
}

/// `Production by quinn@acme.example: tests are green`
fn asked_for(request: &json::Request) -> String {
    let why = if request.comment.is_empty() { String::new() } else { format!(": {}", request.comment) };
    clean_line(&format!("{} by {}{why}", request.to, request.by))
}

fn print(services: &Services, rows: &[json::Waiting], sink: &mut Sink) {
    let (now, symbols) = (services.clock.now(), sink.style().symbols());
    let asked = rows.iter().any(|row| !row.requests.is_empty());
    let mut columns = vec![
        ("MODEL", Align::Left),
        ("VER", Align::Whole),
        ("AGE", Align::Right),
        ("AUTHOR", Align::Left),
        ("STAGE", Align::Left),
        ("METRIC", Align::Left),
        ("VALUE", Align::Point),
        ("", Align::Whole),
        ("Δ PROD", Align::Point),
        ("PROD", Align::Whole),
    ];
    columns.extend(asked.then_some(("REQUEST", Align::Left)));
    let mut table = Table::new(&columns);
    for row in rows {
        let (version, metric) = (&row.version, row.main_metric.as_ref());
        let [mark, difference] = metric
            .filter(|m| m.old.is_some())
            .map(|m| number::difference(m.change, m.delta, symbols))
            .unwrap_or_default();
        let mut cells = vec![
            Phrase::of(Role::Title, shown(&version.model)),
            format!("v{}", version.version).into(),
            time::age(version.created_at, now).into(),
            version.author.clone().unwrap_or_default().into(),
            standing(services, version),
            metric.map(|m| m.name.clone()).unwrap_or_default().into(),
            metric.and_then(|m| m.new).map(|v| v.to_string()).unwrap_or_default().into(),
            mark,
            difference,
            row.production.map_or_else(|| Phrase::of(Role::Muted, "none"), |v| format!("v{v}").into()),
        ];
        cells.extend(asked.then(|| row.requests.iter().map(asked_for).collect::<Vec<_>>().join("; ").into()));
        table.row(cells);
    }
    sink.text(&table.render(sink.style()));
    for row in rows {
        for odd in oddities(&row.version.model) {
            sink.warn(&format!("the name {}: {odd}", shown(&row.version.model)));
        }
    }
}
