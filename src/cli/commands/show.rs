//! `signoff show`

use crate::cli::args::Format;
use crate::cli::commands::signature::Signed;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::json::code::Code;
use crate::cli::json::verdict::Verdict;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::cli::text::{self, pairs};
use crate::domain::caution::cautions;
use crate::domain::compare::signature::{FieldRow, field_rows};
use crate::domain::compare::{Comparison, Directions, Side, compare};
use crate::domain::evidence::Evidence;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::policy::Evaluation;
use crate::domain::provenance::Provenance;
use crate::domain::reference::VersionRef;
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX};
use crate::domain::text::clean_line;
use crate::present::{Phrase, Role, time, version as words};
use crate::services::Services;
use crate::services::evidence::{self, Scope, number_of};

/// Opens the page of a version in the browser.
///
/// # Errors
/// Failures reading the version; [`FailureKind::NotFound`] if the server has no pages.
pub async fn open(services: &Services, reference: &VersionRef, sink: &mut Sink) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let page = services.registry.version_page(&model, number).ok_or_else(|| {
        let operation = format!("open the page of {model} {number}");
        Failure::new(FailureKind::NotFound, Service::Mlflow, operation, "this registry has no web pages")
    })?;
    sink.note(&format!("Opening {page}"));
    services.desktop.open_url(&page).await?;
    Ok(Exit::Done)
}

/// Runs the command.
///
/// # Errors
/// Failures reading the version or the production version.
pub async fn run(services: &Services, reference: &VersionRef, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let evaluation = evidence::read(services, &model, number, Scope::Lineage).await?;
    let directions = evaluation.directions(&services.rules.directions);
    let comparison = compare_facts(&evaluation.evidence.facts, &directions);
    let cautions = cautions(&evaluation.evidence.facts, &directions);
    let Evaluation { evidence: Evidence { facts, code, requests, signature, .. }, verdict, .. } = evaluation;
    let signed = Signed::of(number, signature);
    let run = facts.run.known();
    let run_url = run.and_then(|r| services.registry.run_page(&r.experiment, &r.id));
    if format.json {
        sink.json(&json::Show {
            schema: "signoff.version/1",
            place: place(services).await,
            version: version_json(services, &facts.version, Provenance::from(&facts)),
            in_production: facts.holders.iter().map(|v| v.0).collect(),
            run: run.map(|r| json::RunShown::new(r, run_url)),
            run_missing: words::run_missing(&facts.run).map(str::to_owned),
            logged_model: Provenance::from(&facts).logged.map(json::LoggedModel::new),
            requests: requests.iter().flatten().map(json::Request::from).collect(),
            requests_missing: requests.as_ref().err().map(Failure::sentence),
            cautions: cautions.into_iter().map(|caution| caution.text).collect(),
            baseline: facts.baseline.as_ref().map(|b| b.version.number.0),
            metrics: comparison.metrics.iter().map(json::Metric::from).collect(),
            signature: signed.known().cloned(),
            signature_missing: signed.missing(),
            code: Code::new(&code),
            verdict: Verdict::new(&verdict),
            facts_digest: facts.digest(),
        })?;
        return Ok(Exit::Done);
    }
    let style = sink.style();
    sink.text(&heading(services, &facts, style));
    sink.text(&text::requests(&requests, services.clock.now(), style));
    sink.text(&text::cautions(&cautions, style));
    sink.text(&description(&facts.version));
    // The heading tells why the run is not known.
    let mut told: Vec<Failure> = match &facts.run {
        RunFacts::Unreadable(why) => vec![why.failure().clone()],
        RunFacts::Known(_) | RunFacts::NotRecorded => Vec::new(),
    };
    if !verdict.sources.is_empty() {
        sink.text(&text::section("VERDICT", &text::verdict(&verdict, &mut told, style), style));
    }
    let baseline = facts.baseline.as_ref().map(|b| b.version.number.to_string());
    sink.text(&text::metrics(&comparison.metrics, baseline.as_deref(), &facts.version.number.to_string(), style));
    sink.text(&pairs("PARAMS", Provenance::from(&facts).params().texts(), style));
    let fields: Vec<_> = field_rows(None, signed.known()).iter().map(FieldRow::text).collect();
    sink.text(&pairs(
        "SIGNATURE",
        fields.iter().filter_map(|row| Some((row.name.as_str(), row.new.as_deref()?))),
        style,
    ));
    if let Some(why) = signed.missing() {
        sink.text(&text::section("SIGNATURE", &format!("  ? {why}\n"), style));
    }
    sink.text(&text::code(&code, &mut told, style));
    sink.text(&pairs("TAGS", facts.version.tags.texts().filter(|(k, _)| !k.starts_with(OWN_TAG_PREFIX)), style));
    sink.text(&pairs("SIGNOFF", facts.version.tags.texts().filter(|(k, _)| k.starts_with(OWN_TAG_PREFIX)), style));
    Ok(Exit::Done)
}

pub(super) fn version_json(services: &Services, version: &ModelVersion, said: Provenance<'_>) -> json::Version {
    json::Version::new(version, said, services.registry.version_page(&version.model, version.number))
}

fn compare_facts(facts: &ReviewedFacts, directions: &Directions) -> Comparison {
    compare(Side::from(facts), facts.baseline.as_ref().map(Side::from), directions)
}

fn heading(services: &Services, facts: &ReviewedFacts, style: Style) -> String {
    let (version, now) = (&facts.version, services.clock.now());
    let held = services.rules.promote_to.is_held_by(version);
    let symbols = style.symbols();
    let state = match held {
        true => Phrase::of(Role::Production, format!("{} in production", symbols.production)),
        false => Phrase::of(Role::Candidate, format!("{} candidate", symbols.candidate)),
    };
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Left)]);
    let mut line = |name: &'static str, text: String| {
        if !text.is_empty() {
            table.row([Phrase::of(Role::Muted, name), text.into()]);
        }
    };
    line("stage", version.stage.to_string());
    line("aliases", version.aliases.join(", "));
    line("status", version.status.to_string());
    let registered = |at| format!("{} ({} ago)", time::second(at), time::age(at, now));
    line("registered", version.created_at.map(registered).unwrap_or_default());
    let holders = words::numbers(&facts.holders);
    line("production", if holders.is_empty() { "nothing".to_owned() } else { holders });
    line("registry", services.rules.promote_to.remark().to_owned());
    line("source", version.source.clone());
    match &facts.run {
        RunFacts::Known(run) => {
            line("run", format!("{} {} ({})", run.id, run.name, words::run_word(run)).replace("  ", " "));
        }
        missing => line("run", words::run_missing(missing).unwrap_or_default().to_owned()),
    }
    let said = Provenance::from(facts);
    if let Some(model) = said.logged {
        line("model", model.id.clone());
    }
    if said.is_known() {
        line("author", words::author(version, said).unwrap_or_default().to_owned());
        line("started", said.run.and_then(|run| run.started_at).map(time::second).unwrap_or_default());
        line("commit", said.commit().map(clean_line).unwrap_or_else(|| "not recorded".to_owned()));
        line("branch", said.branch().map(clean_line).unwrap_or_default());
        line("repository", json::repository_of(said).unwrap_or_default());
        for data in said.datasets() {
            let context = data.context.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
            line("data", format!("{}{context}", words::dataset(&data)));
        }
    }
    line("page", services.registry.version_page(&version.model, version.number).unwrap_or_default());
    let title = style.paint(Role::Title, &format!("{} {}", version.model, version.number));
    format!("{title}  {}\n{}", style.phrase(&state), table.indented(2).render(style))
}

fn description(version: &ModelVersion) -> String {
    let text = version.description.trim();
    if text.is_empty() {
        return String::new();
    }
    let lines: String = text.lines().map(|l| format!("  {l}\n")).collect();
    format!("\n{lines}")
}
