//! Follows CD of what was released since the watch began.

use jiff::{SignedDuration, Timestamp};

use crate::domain::cd::{CdState, CdTrigger};
use crate::domain::event::EventKind;
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::origin::repository_at;
use crate::domain::provenance::Provenance;
use crate::domain::watch::{Cursor, Followed, Happening};
use crate::services::Services;
use crate::services::road;

/// How long a release is followed: a job may be run again, or approved late.
const FOLLOWED: SignedDuration = SignedDuration::from_hours(24);

/// Begins to follow what was released just now.
pub(super) fn follow(services: &Services, cursor: &mut Cursor, happened: &[Happening], now: Timestamp) {
    if services.rules.cd.trigger == CdTrigger::None {
        return;
    }
    for happening in happened.iter().filter(|h| matches!(h.kind, EventKind::Released | EventKind::RolledBack)) {
        let (Some(record), Some(tag)) = (&happening.record, &happening.tag) else { continue };
        let followed = Followed {
            model: happening.model.clone(),
            version: happening.version,
            run: happening.run.clone(),
            registered_at: happening.registered_at,
            tag: tag.clone(),
            since: now,
            told: None,
            repo: None,
        };
        cursor.releases.entry(record.clone()).or_insert(followed);
    }
}

/// Looks how CD of the releases goes.
pub(super) async fn look(
    services: &Services,
    cursor: &mut Cursor,
    happened: &mut Vec<Happening>,
    now: Timestamp,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut over = Vec::new();
    for (record, followed) in &mut cursor.releases {
        let repo = match repository(services, followed).await {
            Ok(Some(repo)) => repo,
            Ok(None) => {
                over.push(record.clone());
                continue;
            }
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let Ok(tag) = followed.tag.parse::<TagName>() else {
            over.push(record.clone());
            continue;
        };
        if now.duration_since(followed.since) > FOLLOWED {
            over.push(record.clone());
        }
        let runs = match road::deployment(services, &repo, &tag).await {
            Ok(Some(runs)) => runs,
            Ok(None) => continue,
            // The release is not there: nothing will come.
            Err(failure) if failure.kind == FailureKind::NotFound => continue,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let run = &runs.decides;
        let (kind, word) = match &run.state {
            CdState::Success if runs.missing.is_empty() => (EventKind::CdSucceeded, "success".to_owned()),
            CdState::Failed(word) => (EventKind::CdFailed, word.clone()),
            CdState::Waiting => (EventKind::CdWaiting, "waiting".to_owned()),
            CdState::Success | CdState::Queued | CdState::Running | CdState::Other(_) => continue,
        };
        if kind == EventKind::CdSucceeded {
            over.push(record.clone());
        }
        let became = format!("{}:{}:{word}", run.id, run.attempt);
        if followed.told.as_ref() == Some(&became) {
            continue;
        }
        followed.told = Some(became.clone());
        happened.push(Happening {
            kind,
            model: followed.model.clone(),
            version: followed.version,
            run: followed.run.clone(),
            registered_at: followed.registered_at,
            became,
            actor: run.actor.clone(),
            reason: (kind == EventKind::CdFailed).then(|| format!("the workflow run ended as '{word}'")),
            record: Some(record.clone()),
            tag: Some(followed.tag.clone()),
            page: Some(run.web_url.clone()),
            drift: Vec::new(),
            running: Vec::new(),
        });
    }
    for record in over {
        cursor.releases.remove(&record);
    }
    failures
}

/// Where the release is: as the configuration says, or else as the training run does. None if neither names it.
async fn repository(services: &Services, followed: &mut Followed) -> Outcome<Option<RepoSlug>> {
    let (rules, model) = (&services.rules, Some(&followed.model));
    if let Ok(repo) = rules.repository.resolve(model, None, &rules.host) {
        return Ok(Some(repo));
    }
    if followed.repo.is_none()
        && let Some(run) = &followed.run
    {
        let read = services.registry.runs(std::slice::from_ref(run)).await?;
        let said = Provenance { run: read.first(), logged: None };
        followed.repo = repository_at(rules, model, said, &services.host.host()).ok();
    }
    Ok(followed.repo.clone())
}
