//! `signoff versions`

use std::collections::BTreeMap;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::json::inbox::Decided;
use crate::cli::json::verdict::Verdict as ToldVerdict;
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::inbox::all_waiting;
use crate::domain::page::first;
use crate::domain::policy::Verdict;
use crate::domain::record::DecisionMark;
use crate::domain::registry::ModelVersion;
use crate::domain::score::{Scores, latest};
use crate::present::{Phrase, Role, check, decision, time, version as words};
use crate::services::{Services, verdicts};

/// Runs the command.
///
/// # Errors
/// Registry failures.
pub async fn run(
    services: &Services,
    model: &ModelName,
    limit: usize,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    // Listing versions does not distinguish an unknown model from an empty one; this request does.
    let registered = services.registry.model(model).await?;
    let (versions, truncated) = newest(services, model, limit.max(1)).await?;
    services.saw_versions(model, &versions, true);
    let waiting = all_waiting(&registered, &versions, &services.rules.promote_to);
    let baselines = verdicts::baselines(services, &waiting).await?;
    let said = crate::cli::said(services, versions.iter().chain(baselines.iter().flatten()), sink).await;
    let judged = verdicts::judge(services, &waiting, &baselines, &said).await;
    let verdicts: BTreeMap<VersionNumber, Verdict> =
        waiting.iter().map(|w| w.candidate.number).zip(judged.into_iter().map(|judged| judged.verdict)).collect();
    let (target, from) = (&services.rules.promote_to, services.rules.directions_for(model).from);
    if format.json {
        let versions = versions
            .iter()
            .map(|v| json::ListedVersion {
                version: json::Version::new(v, said.provenance(v), services.registry.version_page(model, v.number)),
                in_production: target.is_held_by(v),
                metrics: Some(said.provenance(v))
                    .filter(|said| said.is_known())
                    .map(|said| Scores::of(said, from).iter().map(|score| (score.name.clone(), score.value)).collect()),
                verdict: verdicts.get(&v.number).map(ToldVerdict::new),
                decision: DecisionMark::on(v).as_ref().map(Decided::from),
            })
            .collect();
        sink.json(&json::Versions { schema: "signoff.versions/1", place: place(services).await, versions, truncated })?;
        return Ok(Exit::Done);
    }
    if versions.is_empty() {
        sink.line(&format!("{model} has no versions."));
        return Ok(Exit::Done);
    }
    let (now, symbols) = (services.clock.now(), sink.style().symbols());
    let mut table = Table::new(&[
        ("VER", Align::Whole),
        ("STAGE", Align::Left),
        ("STATUS", Align::Left),
        ("ALIASES", Align::Left),
        ("AGE", Align::Right),
        ("AUTHOR", Align::Left),
        ("METRIC", Align::Left),
        ("VALUE", Align::Point),
        ("RUN", Align::Whole),
        ("VERDICT", Align::Whole),
        ("DECISION", Align::Left),
    ]);
    for version in &versions {
        let said = said.provenance(version);
        let metric = services.rules.main_metric(said);
        table.row([
            Phrase::of(Role::Title, version.number.to_string()),
            words::stage(version, target, symbols),
            words::not_ready(version, symbols).unwrap_or_else(|| version.status.to_string().into()),
            version.aliases.join(", ").into(),
            time::age(version.created_at, now).into(),
            words::author(version, said).unwrap_or_default().to_owned().into(),
            metric.unwrap_or_default().to_owned().into(),
            metric.and_then(|m| latest(said, m, from)).map(|value| value.to_string()).unwrap_or_default().into(),
            version.run_id.as_ref().map(RunId::short).unwrap_or_default().into(),
            verdicts.get(&version.number).map(|v| check::verdict(v, symbols)).unwrap_or_default(),
            DecisionMark::on(version).map(|mark| decision::mark(&mark, now)).unwrap_or_default().into(),
        ]);
    }
    sink.text(&table.render(sink.style()));
    if truncated {
        sink.note(&format!("Showing the newest {}. Use --limit to see more.", versions.len()));
    }
    Ok(Exit::Done)
}

/// The newest versions, up to `limit`, and whether there are more.
async fn newest(services: &Services, model: &ModelName, limit: usize) -> Outcome<(Vec<ModelVersion>, bool)> {
    let registry = &services.registry;
    let read = |page: Option<String>| async move { registry.versions(model, page.as_deref()).await };
    first(&format!("list the versions of {model}"), limit, read).await
}
