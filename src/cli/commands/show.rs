//! `signoff show` and `signoff compare`.

use crate::cli::args::Format;
use crate::cli::commands::check::verdict_text;
use crate::cli::commands::show_code::code_text;
use crate::cli::commands::signatures::{Signed, compared};
use crate::cli::exit::Exit;
use crate::cli::format::{age, delta, symbol, time, value};
use crate::cli::json;
use crate::cli::json::code::Code;
use crate::cli::json::verdict::Verdict;
use crate::cli::output::{Role, Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Cell, Table};
use crate::config::address::redact;
use crate::domain::compare::data::data_rows;
use crate::domain::compare::signature::{FieldRow, field_rows};
use crate::domain::compare::{Change, Comparison, Directions, MetricRow, Side, TextRow, compare};
use crate::domain::evidence::Evidence;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::Outcome;
use crate::domain::policy::Evaluation;
use crate::domain::reference::VersionRef;
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX};
use crate::domain::run::Run;
use crate::domain::text::shorten;
use crate::services::Services;
use crate::services::evidence::{self, Scope, resolve};

/// Longest param or tag value shown in a comparison; `--json` has all of it.
const VALUE_WIDTH: usize = 60;

/// Runs `signoff show`.
///
/// # Errors
/// Whatever the registry says about the version or what is in production.
pub async fn show(services: &Services, reference: &VersionRef, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let version = resolve(services.registry.as_ref(), reference).await?;
    let (evaluation, signed) = futures_util::future::join(
        evidence::read(services, &version.model, version.number, Scope::Lineage),
        Signed::read(services, &version),
    )
    .await;
    let evaluation = evaluation?;
    let comparison = compare_facts(&evaluation.evidence.facts, &evaluation.directions(&services.rules.directions));
    let Evaluation { evidence: Evidence { facts, code, .. }, verdict, .. } = evaluation;
    let run = facts.run.known();
    let run_url = run.and_then(|r| services.registry.run_page(&r.experiment, &r.id));
    if format.json {
        sink.json(&json::Show {
            schema: "signoff.version/1",
            place: place(services),
            version: version_json(services, &facts.version, run),
            in_production: facts.holders.iter().map(|v| v.0).collect(),
            run: run.map(|r| json::RunShown::new(r, run_url)),
            run_missing: json::run_missing(&facts.run),
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
    sink.text(&description(&facts.version));
    if !verdict.sources.is_empty() {
        sink.text(&format!("\n{}\n{}", style.paint(Role::Strong, "VERDICT"), verdict_text(&verdict, style)));
    }
    let baseline = facts.baseline.as_ref().map(|b| b.version.number.to_string());
    sink.text(&metrics_text(&comparison.metrics, baseline.as_deref(), &facts.version.number.to_string(), style));
    if let Some(run) = run {
        sink.text(&pairs("PARAMS", run.params.texts(), style));
    }
    let fields: Vec<_> = field_rows(None, signed.known()).iter().map(FieldRow::text).collect();
    sink.text(&pairs(
        "SIGNATURE",
        fields.iter().filter_map(|row| Some((row.name.as_str(), row.new.as_deref()?))),
        style,
    ));
    if let Some(why) = signed.missing() {
        sink.text(&format!("\n{}\n  ? {why}\n", style.paint(Role::Strong, "SIGNATURE")));
    }
    sink.text(&code_text(&code, style));
    sink.text(&pairs("TAGS", facts.version.tags.texts().filter(|(k, _)| !k.starts_with(OWN_TAG_PREFIX)), style));
    sink.text(&pairs("SIGNOFF", facts.version.tags.texts().filter(|(k, _)| k.starts_with(OWN_TAG_PREFIX)), style));
    Ok(Exit::Done)
}

fn version_json(services: &Services, version: &ModelVersion, run: Option<&Run>) -> json::Version {
    json::Version::new(version, run, services.registry.version_page(&version.model, version.number))
}

fn compare_facts(facts: &ReviewedFacts, directions: &Directions) -> Comparison {
    let side = Side { version: &facts.version, run: facts.run.known() };
    let base = facts.baseline.as_ref().map(|b| Side { version: &b.version, run: b.run.known() });
    compare(side, base, directions)
}

fn heading(services: &Services, facts: &ReviewedFacts, style: Style) -> String {
    let (version, now) = (&facts.version, services.clock.now());
    let held = services.rules.promote_to.is_held_by(version);
    let state = if held { "● in production" } else { "○ candidate" };
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Left)]);
    let mut line = |name: &'static str, text: String| {
        if !text.is_empty() {
            table.row([Cell::new(name, Role::Muted), text.into()]);
        }
    };
    line("stage", version.stage.to_string());
    line("aliases", version.aliases.join(", "));
    line("status", version.status.to_string());
    let registered = [time(version.created_at), ago(&age(now, version.created_at))];
    line("registered", registered.join(" ").trim().to_owned());
    let holders: Vec<_> = facts.holders.iter().map(ToString::to_string).collect();
    line("production", if holders.is_empty() { "nothing".to_owned() } else { holders.join(", ") });
    line("source", redact(&version.source));
    match &facts.run {
        RunFacts::Known(run) => {
            let deleted = if run.deleted { ", deleted" } else { "" };
            line("run", format!("{} {} ({}{deleted})", run.id, run.name, run.status).replace("  ", " "));
            line("author", version.author.clone().or_else(|| run.user.clone()).unwrap_or_default());
            line("started", time(run.started_at));
            line(
                "commit",
                run.source_commit().map(crate::domain::text::clean_line).unwrap_or_else(|| "not recorded".to_owned()),
            );
            line("branch", run.source_branch().map(crate::domain::text::clean_line).unwrap_or_default());
            line("repository", json::repository_of(run).unwrap_or_default());
            for data in &run.datasets {
                let context = data.context.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
                let rows = data.rows.map(|r| format!(", {r} rows")).unwrap_or_default();
                line("data", format!("{} {}{context}{rows}", data.name, data.digest));
            }
        }
        missing => line("run", json::run_missing(missing).unwrap_or_default()),
    }
    line("page", services.registry.version_page(&version.model, version.number).unwrap_or_default());
    let title = style.paint(Role::Strong, &format!("{} {}", version.model, version.number));
    format!("{title}  {state}\n{}", table.indented(2).render(style))
}

fn ago(age: &str) -> String {
    if age.is_empty() { String::new() } else { format!("({age} ago)") }
}

fn description(version: &ModelVersion) -> String {
    let text = version.description.trim();
    if text.is_empty() {
        return String::new();
    }
    let lines: String = text.lines().map(|l| format!("  {l}\n")).collect();
    format!("\n{lines}")
}

fn pairs<'a>(title: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>, style: Style) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]).indented(2);
    for (key, value) in pairs {
        table.row([key.to_owned().into(), value.replace('\n', "⏎").into()]);
    }
    if table.is_empty() {
        String::new()
    } else {
        format!("\n{}\n{}", style.paint(Role::Strong, title), table.render(style))
    }
}

fn metrics_text(rows: &[MetricRow], old: Option<&str>, new: &str, style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    // The numbers of the versions stand over columns that are aligned on the point, so they are a heading, not a row.
    let mut table = Table::new(&[
        ("", Align::Left),
        (old.unwrap_or_default(), Align::Point),
        (new, Align::Point),
        ("", Align::Whole),
        (if old.is_some() { "Δ" } else { "" }, Align::Point),
    ])
    .indented(2);
    for row in rows {
        let [mark, difference] = if old.is_some() { delta(row.change, row.delta) } else { Default::default() };
        table.row([row.name.clone().into(), value(row.old).into(), value(row.new).into(), mark, difference]);
    }
    format!("\n{}\n{}", style.paint(Role::Strong, "METRICS"), table.render(style))
}

/// Runs `signoff compare`.
///
/// # Errors
/// Whatever the registry says about either version.
pub async fn compare_command(
    services: &Services,
    candidate: &VersionRef,
    baseline: Option<&VersionRef>,
    all: bool,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let sides = sides(services, candidate, baseline).await?;
    let (signed, signed_base) = futures_util::future::join(
        Signed::read(services, &sides.candidate.0),
        futures_util::future::OptionFuture::from(
            sides.baseline.as_ref().map(|(version, _)| Signed::read(services, version)),
        ),
    )
    .await;
    let signature = compared(signed_base.as_ref(), &signed);
    let unsigned: Vec<String> =
        [signed_base.as_ref(), Some(&signed)].into_iter().flatten().filter_map(Signed::missing).collect();
    let sets = |run: &RunFacts| run.known().map(|run| run.datasets.clone()).unwrap_or_default();
    let data =
        data_rows(&sides.baseline.as_ref().map(|(_, run)| sets(run)).unwrap_or_default(), &sets(&sides.candidate.1));
    let side = Side { version: &sides.candidate.0, run: sides.candidate.1.known() };
    let base = sides.baseline.as_ref().map(|(v, run)| Side { version: v, run: run.known() });
    let comparison = compare(side, base, &services.rules.directions_for(&sides.candidate.0.model));
    let missing: Vec<String> = [Some(&sides.candidate), sides.baseline.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|(v, run)| Some(format!("{} {}: {}", v.model, v.number, json::run_missing(run)?)))
        .collect();
    if format.json {
        sink.json(&json::Compare {
            schema: "signoff.comparison/1",
            place: place(services),
            candidate: version_json(services, side.version, side.run),
            baseline: base.map(|b| version_json(services, b.version, b.run)),
            runs_missing: missing,
            metrics: comparison.metrics.iter().map(json::Metric::from).collect(),
            params: comparison.params,
            tags: comparison.tags,
            signature,
            signatures_missing: unsigned,
            data,
        })?;
        return Ok(Exit::Done);
    }
    for sentence in missing.iter().chain(&unsigned) {
        sink.warn(sentence);
    }
    let style = sink.style();
    let name = |side: &Side<'_>| match side.version.model == sides.candidate.0.model {
        true => side.version.number.to_string(),
        false => format!("{} {}", side.version.model, side.version.number),
    };
    let title = format!("{} {}", side.version.model, side.version.number);
    sink.line(&match &base {
        Some(base) => format!("{}  against  {}", style.paint(Role::Strong, &title), name(base)),
        None => format!("{}  (nothing is in {})", style.paint(Role::Strong, &title), services.rules.promote_to),
    });
    let (old, new) = (base.as_ref().map(name), name(&side));
    let metrics: Vec<_> = comparison.metrics.iter().filter(|m| all || m.change != Change::Same).cloned().collect();
    sink.text(&metrics_text(&metrics, old.as_deref(), &new, style));
    match comparison.metrics.len() - metrics.len() {
        equals if metrics.is_empty() => sink.text(&texts("METRICS", &[], equals, style)),
        equals => sink.text(&equal(equals)),
    }
    let fields: Vec<TextRow> = signature.iter().map(FieldRow::text).collect();
    for (heading, rows) in [("PARAMS", &comparison.params), ("TAGS", &comparison.tags), ("SIGNATURE", &fields)] {
        let shown: Vec<_> = rows.iter().filter(|r| all || r.change != Change::Same).collect();
        sink.text(&texts(heading, &shown, rows.len() - shown.len(), style));
    }
    // Of a data set that differs, all is shown: its digest says little without its name.
    let sets: Vec<_> = data.iter().filter(|set| all || set.change != Change::Same).collect();
    let rows: Vec<TextRow> = sets.iter().flat_map(|set| set.texts()).map(|(row, _)| row).collect();
    sink.text(&texts("DATA", &rows.iter().collect::<Vec<_>>(), data.len() - sets.len(), style));
    let differs = |rows: &[TextRow]| rows.iter().any(|r| r.change != Change::Same);
    let texts_differ = [&comparison.params, &comparison.tags, &fields].iter().any(|rows| differs(rows));
    if !all && metrics.is_empty() && !texts_differ && sets.is_empty() {
        sink.line("Nothing differs in metrics, params, tags, signature and data.");
    }
    Ok(Exit::Done)
}

fn equal(count: usize) -> String {
    if count == 0 { String::new() } else { format!("  + {count} equal (--all shows them)\n") }
}

/// A section of texts, and how many more are equal.
fn texts(heading: &str, rows: &[&TextRow], equals: usize, style: Style) -> String {
    if rows.is_empty() && equals == 0 {
        return String::new();
    }
    let mut table =
        Table::new(&[("", Align::Whole), ("", Align::Left), ("", Align::Left), ("", Align::Left), ("", Align::Left)])
            .indented(2);
    let cell = |text: &Option<String>| shorten(&text.as_deref().unwrap_or_default().replace('\n', "⏎"), VALUE_WIDTH);
    for row in rows {
        let (mark, role) = match row.change {
            // "Differs" needs no symbol of its own: the arrow between old and new says it.
            Change::Unknown => (" ", Role::Plain),
            change => symbol(change),
        };
        let arrow = if row.old.is_some() && row.new.is_some() && row.change != Change::Same { "→" } else { "" };
        let new = if row.change == Change::Same { String::new() } else { cell(&row.new) };
        table.row([Cell::new(mark, role), row.name.clone().into(), cell(&row.old).into(), arrow.into(), new.into()]);
    }
    let table = if rows.is_empty() { String::new() } else { table.render(style) };
    format!("\n{}\n{table}{}", style.paint(Role::Strong, heading), equal(equals))
}

struct Sides {
    candidate: (ModelVersion, RunFacts),
    baseline: Option<(ModelVersion, RunFacts)>,
}

async fn sides(services: &Services, candidate: &VersionRef, baseline: Option<&VersionRef>) -> Outcome<Sides> {
    let registry = services.registry.as_ref();
    let Some(baseline) = baseline else {
        let version = resolve(registry, candidate).await?;
        let facts = evidence::facts(registry, &services.rules.promote_to, &version.model, version.number).await?;
        return Ok(Sides {
            candidate: (facts.version, facts.run),
            baseline: facts.baseline.map(|b| (b.version, b.run)),
        });
    };
    let (a, b) = futures_util::future::try_join(resolve(registry, candidate), resolve(registry, baseline)).await?;
    let ids: Vec<_> = [&a, &b].into_iter().filter_map(|v| v.run_id.clone()).collect();
    let runs = if ids.is_empty() { Ok(Vec::new()) } else { registry.runs(&ids).await };
    let run_of = |version: &ModelVersion| crate::services::evidence::run_facts(version, &runs);
    let (run_a, run_b) = (run_of(&a), run_of(&b));
    Ok(Sides { candidate: (a, run_a), baseline: Some((b, run_b)) })
}
