//! Answers questions over the ports: [`Query`] in, [`Answer`] out.

use std::sync::Arc;

use crate::app::effect::Place;
use crate::app::query::{Answer, Promotion, Query, Session};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::fold;
use crate::domain::text::clean_line;
use crate::preview;
use crate::services::Services;
use crate::services::audit::log;
use crate::services::evidence::{self, Scope};
use crate::services::{prepare, rollback};

/// Points asked for in one history: what the server gives at most, and more than a screen has columns.
const MAX_POINTS: usize = 2_500;

/// Answers one question.
///
/// # Errors
/// Whatever the port says.
pub async fn answer(services: &Services, query: &Query) -> Outcome<Answer> {
    let registry = services.registry.as_ref();
    Ok(match query {
        Query::Session => {
            let (registry, host) = futures_util::future::join(registry.info(), services.host.whoami()).await;
            Answer::Session(Session { registry, host })
        }
        Query::Models { page } => Answer::Models(registry.models(None, page.as_deref()).await?),
        Query::Versions { model, page } => Answer::Versions(registry.versions(model, page.as_deref()).await?),
        Query::ModelVersion { model, version } => {
            Answer::ModelVersion(Box::new(registry.version(model, *version).await?))
        }
        Query::Runs { ids } => Answer::Runs(registry.runs(ids).await?),
        Query::Facts { model, version } => {
            let facts = evidence::facts(registry, &services.rules.promote_to, model, *version).await?;
            Answer::Facts(Box::new(facts))
        }
        Query::Preflight { model, version, decision } => {
            Answer::Preflight(Box::new(prepare::promotion(services, model, *version, *decision).await?))
        }
        Query::Evaluation { model, version } => {
            Answer::Evaluation(Box::new(evidence::read(services, model, *version, Scope::Rules).await?))
        }
        Query::Histories { runs, metric, window } => {
            Answer::Histories(services.tracking.histories(runs, metric, *window, MAX_POINTS).await?)
        }
        Query::Signature { model, version } => {
            // The version says where its files are.
            let version = registry.version(model, *version).await?;
            Answer::Signature(services.tracking.signature(&version).await?)
        }
        Query::Artifacts { root, path } => Answer::Artifacts(services.tracking.artifacts(root, path).await?),
        Query::Preview { root, path } => {
            let limit = preview::bytes_to_read(path, services.rules.preview_bytes);
            let head = services.tracking.artifact_head(root, path, limit).await?;
            let name = path.clone();
            // Decoding a picture takes longer than a frame may.
            let made = tokio::task::spawn_blocking(move || preview::preview(&name, head)).await;
            Answer::Preview(Arc::new(made.map_err(|_| unreadable(path))?))
        }
        Query::Experiments { page } => Answer::Experiments(services.tracking.experiments(page.as_deref()).await?),
        Query::SearchRuns(search) => Answer::SearchRuns(services.tracking.search_runs(search).await?),
        Query::Trace(what) => Answer::Traced(Box::new(super::trace::trace(services, what).await?)),
        Query::Decision { model, version, decision } => {
            Answer::Decision(Box::new(prepare::decision(services, model, *version, *decision).await?))
        }
        Query::RollbackCandidates(model) => Answer::RollbackCandidates(rollback::candidates(services, model).await?),
        Query::Records => Answer::Records(services.records.read().await?),
        Query::Promotions => Answer::Promotions(promotions(services).await?),
        Query::Log(model) => Answer::Log(Box::new(log::read(services, model.as_ref()).await)),
        Query::Jobs { repo, run } => Answer::Jobs(services.host.cd_jobs(repo, *run).await?),
    })
}

/// A decoder gave up on a file in a way it should not.
fn unreadable(path: &str) -> Failure {
    let operation = format!("show {}", clean_line(path));
    Failure::new(FailureKind::Bug, Service::Local, operation, "signoff made a mistake reading the file")
        .with_hint("Please report it, with the file if you may. w saves it.")
}

/// Every promotion in this machine's journal, newest first; damaged ones with what is wrong.
///
/// # Errors
/// If the journal's folder cannot be read.
pub async fn promotions(services: &Services) -> Outcome<Vec<Promotion>> {
    let stored = services.journals.list().await?;
    Ok(stored
        .into_iter()
        .map(|promotion| Promotion {
            id: promotion.id,
            driven: promotion.driven,
            state: promotion.entries.and_then(|entries| {
                fold(&entries).map(Box::new).map_err(|e| {
                    let operation = format!("read the journal of promotion {}", promotion.id);
                    Failure::new(FailureKind::Local, Service::Journal, operation, e.to_string())
                })
            }),
        })
        .collect())
}

/// The address of a place, if it has one.
pub fn address(services: &Services, place: &Place) -> Option<String> {
    match place {
        Place::Version(model, version) => services.registry.version_page(model, *version),
        Place::Run(experiment, run) => services.registry.run_page(experiment, run),
        Place::Experiment(experiment) => services.tracking.experiment_page(experiment),
        Place::LoggedModel(experiment, id) => services.tracking.logged_model_page(experiment, id),
        Place::Tag(repo, tag) => Some(services.host.tag_page(repo, tag)),
        Place::Url(url) => Some(url.clone()),
    }
}
