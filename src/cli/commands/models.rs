//! `signoff models` and `signoff versions`.

use crate::cli::all_models;
use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::format::{age, value};
use crate::cli::json;
use crate::cli::output::{Role, Sink};
use crate::cli::place;
use crate::cli::table::{Align, Cell, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::inbox::production;
use crate::domain::page::first;
use crate::domain::registry::{ModelVersion, Stage};
use crate::domain::text::{clean_line, first_line};
use crate::services::Services;

/// Runs `signoff models`.
///
/// # Errors
/// Whatever the registry says.
pub async fn models(services: &Services, like: Option<&str>, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let target = &services.rules.promote_to;
    let models = all_models(services, like).await?;
    if format.json {
        let models = models.iter().map(|m| json::Model::new(m, production(m, target).map(|v| v.0))).collect();
        sink.json(&json::Models { schema: "signoff.models/1", place: place(services), models })?;
        return Ok(Exit::Done);
    }
    if models.is_empty() {
        sink.line(&match like {
            Some(text) => format!("No model's name contains '{}'.", clean_line(text)),
            None => format!("There are no models in {}.", services.registry.url()),
        });
        return Ok(Exit::Done);
    }
    let now = services.clock.now();
    let mut table = Table::new(&[
        ("MODEL", Align::Left),
        ("PROD", Align::Whole),
        ("NEWEST", Align::Whole),
        ("STAGE", Align::Left),
        ("CHANGED", Align::Right),
        ("DESCRIPTION", Align::Left),
    ]);
    for model in &models {
        let newest = model.latest.iter().max_by_key(|v| v.number);
        table.row([
            Cell::new(model.name.to_string(), Role::Strong),
            production(model, target).map_or_else(|| Cell::new("none", Role::Muted), |v| v.to_string().into()),
            newest.map(|v| v.number.to_string()).unwrap_or_default().into(),
            newest.map(stage).unwrap_or_default().into(),
            age(now, model.updated_at.max(newest.and_then(|v| v.created_at))).into(),
            Cell::new(first_line(&model.description), Role::Muted),
        ]);
    }
    sink.text(&table.render(sink.style()));
    Ok(Exit::Done)
}

fn stage(version: &ModelVersion) -> String {
    if version.stage == Stage::None { String::new() } else { version.stage.to_string() }
}

/// Runs `signoff versions`.
///
/// # Errors
/// Whatever the registry says.
pub async fn versions(
    services: &Services,
    model: &ModelName,
    limit: usize,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    // A list of versions cannot tell an unknown model from an empty one; this read can.
    services.registry.model(model).await?;
    let (versions, truncated) = newest(services, model, limit.max(1)).await?;
    let mut ids: Vec<_> = versions.iter().filter_map(|v| v.run_id.clone()).collect();
    ids.sort();
    ids.dedup();
    let runs = crate::cli::runs(services, &ids, sink).await;
    let run_of = |v: &ModelVersion| v.run_id.as_ref().and_then(|id| runs.get(id));
    let target = &services.rules.promote_to;
    if format.json {
        let versions = versions
            .iter()
            .map(|v| json::ListedVersion {
                version: json::Version::new(v, run_of(v), services.registry.version_page(model, v.number)),
                in_production: target.is_held_by(v),
                metrics: run_of(v).map(|r| r.metrics.iter().map(|(k, p)| (k.to_owned(), p.value)).collect()),
            })
            .collect();
        sink.json(&json::Versions { schema: "signoff.versions/1", place: place(services), versions, truncated })?;
        return Ok(Exit::Done);
    }
    if versions.is_empty() {
        sink.line(&format!("{model} has no versions."));
        return Ok(Exit::Done);
    }
    let now = services.clock.now();
    let mut table = Table::new(&[
        ("VER", Align::Whole),
        ("", Align::Whole),
        ("STAGE", Align::Left),
        ("STATUS", Align::Left),
        ("ALIASES", Align::Left),
        ("AGE", Align::Right),
        ("AUTHOR", Align::Left),
        ("METRIC", Align::Left),
        ("VALUE", Align::Point),
        ("RUN", Align::Whole),
    ]);
    for version in &versions {
        let run = run_of(version);
        let metric = run.and_then(|r| services.rules.main_metric(r));
        table.row([
            Cell::new(version.number.to_string(), Role::Strong),
            if target.is_held_by(version) { Cell::new("●", Role::Good) } else { Cell::default() },
            stage(version).into(),
            version.status.to_string().into(),
            version.aliases.join(", ").into(),
            age(now, version.created_at).into(),
            version.author.clone().or_else(|| run.and_then(|r| r.user.clone())).unwrap_or_default().into(),
            metric.unwrap_or_default().into(),
            value(metric.and_then(|m| run?.metrics.get(m)).map(|p| p.value)).into(),
            version.run_id.as_ref().map(crate::domain::ids::RunId::short).unwrap_or_default().into(),
        ]);
    }
    sink.text(&table.render(sink.style()));
    if truncated {
        sink.note(&format!("The newest {} are shown; --limit shows more.", versions.len()));
    }
    Ok(Exit::Done)
}

/// The newest versions, at most `limit`, and whether there are more.
async fn newest(services: &Services, model: &ModelName, limit: usize) -> Outcome<(Vec<ModelVersion>, bool)> {
    let read = |page: Option<String>| async move { services.registry.versions(model, page.as_deref()).await };
    first(&format!("list the versions of {model}"), limit, read).await
}
