//! `signoff inbox`

use std::ops::ControlFlow;

use futures_util::StreamExt as _;

use crate::cli::all_models;
use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::verdict::Verdict as ToldVerdict;
use crate::cli::json::{Metric, Request, Version, inbox as json};
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::compare::{Side, compare};
use crate::domain::failure::{Failure, Outcome};
use crate::domain::inbox::{Section, Waiting, all_waiting, may_hide};
use crate::domain::name::{oddities, shown};
use crate::domain::page::walk;
use crate::domain::policy::Verdict;
use crate::domain::record::DecisionMark;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::text::clean_line;
use crate::present::{Phrase, Role, check, decision, number, time};
use crate::services::Services;
use crate::services::evidence::Said;
use crate::services::verdicts::{self, Judged};

/// Maximum concurrent requests for lists of versions.
const AT_ONCE: usize = 5;

/// Runs the command.
///
/// # Errors
/// Registry failures. If runs cannot be read, their columns are empty and a warning is printed.
pub async fn run(services: &Services, limit: Option<usize>, format: Format, sink: &mut Sink) -> Outcome<Exit> {
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
    let truncated = limit.is_some_and(|limit| found.len() > limit);
    found.truncate(limit.unwrap_or(usize::MAX));
    let baselines = verdicts::baselines(services, &found).await?;
    let versions: Vec<&ModelVersion> = found.iter().map(|w| w.candidate).chain(baselines.iter().flatten()).collect();
    let said = crate::cli::said(services, versions, sink).await;
    let judged = verdicts::judge(services, &found, &baselines, &said).await;
    tell_unread(&judged, sink);
    let rows: Vec<Row> = found
        .iter()
        .zip(&baselines)
        .zip(judged)
        .map(|((waiting, baseline), judged)| row(services, waiting, baseline.as_ref(), &said, judged))
        .collect();
    if format.json {
        let (held, waiting) = rows.into_iter().map(|row| row.json).partition(|row| row.held.is_some());
        let place = place(services).await;
        sink.json(&json::Inbox { schema: "signoff.inbox/1", place, waiting, held, truncated })?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        sink.line(&format!(
            "Nothing to review: no undecided version is staged or newer than the one in {target} ({}).",
            number::count(total as u64, "model")
        ));
        return Ok(Exit::Done);
    }
    print(services, rows, sink);
    if truncated {
        sink.note("Showing the oldest. Use a higher --limit to see more.");
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

/// Says what the verdicts and requests lack: one cause once.
fn tell_unread(judged: &[Judged], sink: &mut Sink) {
    let mut failures: Vec<&Failure> = Vec::new();
    for evidence in judged.iter().filter_map(|judged| judged.evidence.as_deref()) {
        match &evidence.requests {
            Err(failure) if !failures.iter().any(|told| told.same_cause(failure)) => failures.push(failure),
            Ok(_) | Err(_) => {}
        }
    }
    for failure in failures {
        sink.warn(&format!("{failure}; requests to move a version to a stage may be missing"));
    }
    match judged.iter().filter(|judged| judged.evidence.is_none()).count() {
        0 => {}
        n => sink.warn(&format!(
            "the rules of {} were not all read: the verdict of {} is at best unknown",
            number::count(n as u64, "newer version"),
            if n == 1 { "it" } else { "them" }
        )),
    }
}

/// A row, with its verdict for people.
struct Row {
    json: json::Waiting,
    verdict: Verdict,
    hold: Option<DecisionMark>,
}

fn row(
    services: &Services,
    waiting: &Waiting<'_>,
    baseline: Option<&ModelVersion>,
    said: &Said,
    judged: Judged,
) -> Row {
    let candidate = waiting.candidate;
    let of_candidate = said.provenance(candidate);
    let main_metric = services.rules.main_metric(of_candidate).and_then(|name| {
        let directions = services.rules.directions_for(&candidate.model);
        let base = baseline.map(|version| Side { version, said: said.provenance(version) });
        let rows = compare(Side { version: candidate, said: of_candidate }, base, &directions).metrics;
        rows.iter().find(|row| row.name == name).map(Metric::from)
    });
    let url = services.registry.version_page(&candidate.model, candidate.number);
    let Judged { verdict, evidence } = judged;
    let requests = evidence.and_then(|evidence| evidence.requests.ok()).unwrap_or_default();
    let hold = waiting.held();
    let json = json::Waiting {
        version: Version::new(candidate, of_candidate, url),
        production: waiting.production.map(|p| p.0),
        section: Section::of(hold.is_some(), Some(verdict.state())),
        verdict: ToldVerdict::new(&verdict),
        held: hold.as_ref().map(json::Held::from),
        main_metric,
        requests: requests.iter().map(Request::from).collect(),
    };
    Row { json, verdict, hold }
}

/// The alias that puts it forward, else its stage.
fn standing(services: &Services, version: &Version) -> Phrase<'static> {
    match services.rules.candidate_alias.as_ref().filter(|alias| version.aliases.contains(alias)) {
        Some(alias) => Phrase::of(Role::Candidate, format!("@{alias}")),
        None => version.stage.clone().into(),
    }
}

/// `Production by quinn@acme.example: tests are green`
fn asked_for(request: &Request) -> String {
    let why = if request.comment.is_empty() { String::new() } else { format!(": {}", request.comment) };
    clean_line(&format!("{} by {}{why}", request.to, request.by))
}

/// Prints the rows: what is ready first, within that the oldest first.
fn print(services: &Services, mut rows: Vec<Row>, sink: &mut Sink) {
    let (now, symbols) = (services.clock.now(), sink.style().symbols());
    rows.sort_by_key(|row| row.json.section);
    let mut table = Table::new(&[
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
        ("VERDICT", Align::Whole),
        ("REQUEST", Align::Left),
        ("HELD BACK", Align::Left),
    ]);
    for Row { json: row, verdict, hold } in &rows {
        let (version, metric) = (&row.version, row.main_metric.as_ref());
        let [mark, difference] = metric
            .filter(|m| m.old.is_some())
            .map(|m| number::difference(m.change, m.delta, symbols))
            .unwrap_or_default();
        table.row([
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
            check::verdict(verdict, symbols),
            row.requests.iter().map(asked_for).collect::<Vec<_>>().join("; ").into(),
            hold.as_ref().map(|mark| decision::mark(mark, now)).unwrap_or_default().into(),
        ]);
    }
    sink.text(&table.render(sink.style()));
    for Row { json: row, .. } in &rows {
        for odd in oddities(&row.version.model) {
            sink.warn(&format!("the name {}: {odd}", shown(&row.version.model)));
        }
    }
}
