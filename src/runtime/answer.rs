//! Answers queries through the ports: [`Query`] in, [`Reply`] out.

use std::sync::Arc;

use crate::app::effect::Place;
use crate::app::query::{Promotion, Query, Reply, Session};
use crate::domain::artifact::ArtifactRoot;
use crate::domain::cd::CdOutcome;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, PromotionId};
use crate::domain::preview::Preview;
use crate::domain::promotion::fold;
use crate::domain::status::ModelStatus;
use crate::domain::text::clean_line;
use crate::preview;
use crate::services::Services;
use crate::services::audit::verify::verify;
use crate::services::audit::{log, record};
use crate::services::evidence::{self, Scope};
use crate::services::notes::shown;
use crate::services::promote::{Promoter, never_begun};
use crate::services::status::{self, Asked, Memory};
use crate::services::{Targets, attempt, cd, own, prepare, requests, road, rollback, waiting};

/// Points requested per history: the server's maximum, and more than a screen has columns.
const MAX_POINTS: usize = 2_500;

/// Answers one query.
pub async fn answer(services: &Services, targets: &dyn Targets, query: Query) -> Reply {
    let Services { registry, tracking, host, code, .. } = services;
    match query {
        Query::Session => {
            let (registry, host) = futures_util::future::join(registry.info(), host.whoami()).await;
            Reply::Session { answer: Ok(Session { registry, host }) }
        }
        Query::WaitingIn { target } => {
            let answer = async { waiting::count(&targets.services(&target)?.settled().await).await }.await;
            Reply::WaitingIn { answer, target }
        }
        Query::Attempt { answers } => {
            let read = async { attempt::read(&targets.attempt(&answers)?.settled().await, &answers).await };
            Reply::Attempt { answer: read.await, answers }
        }
        Query::Models { page } => {
            let answer = registry.models(None, page.as_deref()).await;
            if let Ok(models) = &answer {
                services.saw_models(&models.items);
            }
            Reply::Models { answer, page }
        }
        Query::Versions { model, page } => {
            let answer = registry.versions(&model, page.as_deref()).await;
            if let Ok(versions) = &answer {
                services.saw_versions(&model, &versions.items, page.is_none());
            }
            Reply::Versions { answer, model, page }
        }
        Query::ModelVersion { model, version } => {
            Reply::ModelVersion { answer: registry.version(&model, version).await, model, version }
        }
        Query::Runs { ids } => Reply::Runs { answer: registry.runs(&ids).await, ids },
        Query::LoggedModels { ids } => Reply::LoggedModels { answer: registry.logged_models(&ids).await, ids },
        Query::Requests { of } => Reply::Requests { answer: Ok(requests::read(services, &of).await), of },
        Query::Facts { model, version } => {
            let target = &services.rules.promote_to;
            let answer = evidence::facts(registry.as_ref(), target, &model, version).await;
            Reply::Facts { answer: answer.map(Into::into), model, version }
        }
        Query::Preflight { model, version, decision } => {
            let answer = prepare::promotion(services, &model, version, decision).await;
            Reply::Preflight { answer, model, version, decision }
        }
        Query::Evaluation { facts } => {
            let answer = evidence::of(services, (*facts).clone(), Scope::Rules).await;
            Reply::Evaluation { answer: Ok(answer), facts }
        }
        Query::Histories { runs, metric, window } => {
            let answer = tracking.histories(&runs, &metric, window, MAX_POINTS).await;
            Reply::Histories { answer, runs, metric, window }
        }
        Query::Values { under, wanted } => {
            let (model, run) = (under.model.as_ref(), under.run.as_ref());
            let answer = own::values(services, model, under.version, run, &wanted).await;
            Reply::Values { answer, under, wanted }
        }
        Query::Signature { version } => {
            let answer = tracking.mlmodel(&version.0).await.and_then(|file| file.signature);
            Reply::Signature { answer, version }
        }
        Query::Artifacts { root, path } => {
            Reply::Artifacts { answer: tracking.artifacts(&root, &path).await, root, path }
        }
        Query::Preview { root, path } => Reply::Preview { answer: file(services, &root, &path).await, root, path },
        Query::Experiments { page } => Reply::Experiments { answer: tracking.experiments(page.as_deref()).await, page },
        Query::SearchRuns { search } => Reply::SearchRuns { answer: tracking.search_runs(&search).await, search },
        Query::LoggedModel { id } => Reply::LoggedModel { answer: tracking.logged_model(&id).await, id },
        Query::Experiment { id } => Reply::Experiment { answer: tracking.experiment(&id).await, id },
        Query::Commit { repo, rev } => {
            Reply::Commit { answer: evidence::commit(host.as_ref(), &repo, &rev).await, repo, rev }
        }
        Query::PullRequest { repo, commit } => {
            Reply::PullRequest { answer: code.pull_request(&repo, &commit).await, repo, commit }
        }
        Query::Checks { repo, commit } => Reply::Checks { answer: code.checks(&repo, &commit).await, repo, commit },
        Query::Changes { repo, old, new } => {
            Reply::Changes { answer: code.changes(&repo, &old, &new).await, repo, old, new }
        }
        Query::Deployment { repo, tag } => {
            Reply::Deployment { answer: road::deployment(services, &repo, &tag).await, repo, tag }
        }
        Query::Notified { event } => Reply::Notified { answer: road::notified(services, &event).await, event },
        Query::Workflow { repo, run } => Reply::Workflow { answer: code.workflow_run(&repo, run).await, repo, run },
        Query::Jobs { repo, run } => Reply::Jobs { answer: host.cd_jobs(&repo, run).await, repo, run },
        Query::JobLog { repo, job } => {
            Reply::JobLog { answer: host.job_log(&repo, job).await.map(Arc::new), repo, job }
        }
        Query::Pending { repo, run } => {
            Reply::Pending { answer: host.pending_deployments(&repo, run).await, repo, run }
        }
        Query::Truth { promotion } => {
            Reply::Truth { answer: Promoter::new(services.clone()).look(promotion).await, promotion }
        }
        Query::Decision { model, version, decision } => {
            let answer = prepare::decision(services, &model, version, decision).await;
            Reply::Decision { answer, model, version, decision }
        }
        Query::RollbackCandidates { model } => {
            Reply::RollbackCandidates { answer: rollback::found(services, &model).await, model }
        }
        Query::Records => Reply::Records { answer: services.records.read().await },
        Query::ReleasedRecord { repo, tag } => {
            Reply::ReleasedRecord { answer: record::released(services, &repo, &tag).await, repo, tag }
        }
        Query::Verification { tag } => Reply::Verification { answer: verify(services, &tag, None).await, tag },
        Query::Promotions => Reply::Promotions { answer: promotions(services).await },
        Query::Cd { promotion } => Reply::Cd { answer: cd_now(services, promotion).await, promotion },
        Query::InProduction { model } => Reply::InProduction { answer: in_production(services, &model).await, model },
        Query::Log { model } => Reply::Log { answer: Ok(log::read(services, model.as_ref()).await), model },
    }
}

/// What is in production of one model; what is known for certain is kept with its record.
async fn in_production(services: &Services, model: &ModelName) -> Outcome<Option<Arc<ModelStatus>>> {
    let asked = Asked { model: Some(model.clone()), ..Asked::often(Memory::default()) };
    let status = status::look(services, &asked).await?;
    // What cannot be kept now is kept the next time.
    if let Err(failure) = status::keep_outcomes(services, &status).await {
        shown(&failure);
    }
    Ok(status.models.into_iter().next().map(Arc::new))
}

async fn cd_now(services: &Services, promotion: PromotionId) -> Outcome<Option<CdOutcome>> {
    let state = Promoter::new(services.clone()).state(promotion).await?;
    cd::now(services, &state).await
}

async fn file(services: &Services, root: &ArtifactRoot, path: &str) -> Outcome<Arc<Preview>> {
    let limit = preview::bytes_to_read(path, services.rules.preview_bytes);
    let head = services.tracking.artifact_head(root, path, limit).await?;
    let name = path.to_owned();
    // Decoding a picture may take longer than a frame.
    let made = tokio::task::spawn_blocking(move || preview::preview(&name, head)).await;
    made.map(Arc::new).map_err(|_| unreadable(path))
}

/// A decoder panicked on a file.
fn unreadable(path: &str) -> Failure {
    let operation = format!("show {}", clean_line(path));
    Failure::new(FailureKind::Bug, Service::Local, operation, "signoff made a mistake reading the file")
        .with_hint("Please report it, with the file if you may.")
}

/// Every promotion in this machine's journal, newest first; damaged ones with their failure. Those with a request that
/// was never answered are looked at again first.
///
/// # Errors
/// If the journal directory cannot be read.
pub async fn promotions(services: &Services) -> Outcome<Vec<Promotion>> {
    // What cannot be looked at now is looked at the next time.
    let _ = Promoter::new(services.clone()).look_again().await;
    let stored = services.journals.list().await?;
    Ok(stored
        .into_iter()
        .map(|promotion| Promotion {
            id: promotion.id,
            driven: promotion.driven,
            state: promotion.entries.and_then(|entries| {
                if entries.is_empty() {
                    return Err(never_begun(promotion.id));
                }
                fold(&entries).map(Box::new).map_err(|e| {
                    let operation = format!("read the journal of promotion {}", promotion.id);
                    Failure::new(FailureKind::Local, Service::Journal, operation, e.to_string())
                })
            }),
        })
        .collect())
}

/// The web address of a place, if it has one.
pub fn address(services: &Services, place: &Place) -> Option<String> {
    match place {
        Place::Version(model, version) => services.registry.version_page(model, *version),
        Place::Run(experiment, run) => services.registry.run_page(experiment, run),
        Place::Job(job) => services.registry.job_page(job),
        Place::Experiment(experiment) => services.tracking.experiment_page(experiment),
        Place::LoggedModel(experiment, id) => services.tracking.logged_model_page(experiment, id),
        Place::Tag(repo, tag) => Some(services.host.tag_page(repo, tag)),
        Place::Url(url) => Some(url.clone()),
    }
}
