//! Reads the road of a version: what the evidence does not say of its decisions and its deployment.

use crate::domain::cd::{CdQuery, CdRuns};
use crate::domain::evidence::Evidence;
use crate::domain::failure::Outcome;
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::log::{Effect, LogEntry};
use crate::domain::road::{Beyond, RoadStep, road};
use crate::services::Services;
use crate::services::audit::log;
use crate::services::cd;

/// The road of the version of `evidence`. What cannot be read is said in its step.
pub async fn read(services: &Services, evidence: &Evidence) -> Vec<RoadStep> {
    let version = &evidence.facts.version;
    let log = log::read(services, Some(&version.model)).await;
    let about_it = |entry: &&LogEntry| {
        entry.version == version.number && entry.about.as_ref().is_none_or(|about| about.another().is_none())
    };
    let decisions: Vec<&LogEntry> = log.entries.iter().filter(about_it).collect();
    let released = decisions.iter().find(|entry| entry.effect == Effect::Production).and_then(|entry| {
        let repo = entry.repository.clone().or_else(|| Some(evidence.code.source.as_ref().ok()?.repo.clone()))?;
        Some((repo, entry.tag.as_ref()?.parse::<TagName>().ok()?))
    });
    let cd = match &released {
        Some((repo, tag)) => Some(deployment(services, repo, tag).await),
        None => None,
    };
    let run = evidence.facts.run.known();
    let beyond = Beyond {
        unread: log.notes.iter().find_map(|note| note.failure().cloned()),
        version_page: services.registry.version_page(&version.model, version.number),
        run_page: run.and_then(|run| services.registry.run_page(&run.experiment, &run.id)),
        release_page: released.as_ref().map(|(repo, tag)| services.host.tag_page(repo, tag)),
        cd,
    };
    road(evidence, &decisions, &beyond)
}

/// The runs that the release of `tag` started.
pub(super) async fn deployment(services: &Services, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<CdRuns>> {
    let Some(there) = services.host.tag(repo, tag).await? else { return Ok(None) };
    let Ok(commit) = there.commit.parse() else { return Ok(None) };
    let plan = &services.rules.cd;
    let query = CdQuery {
        trigger: plan.trigger,
        workflow: plan.workflow.clone(),
        tag: tag.clone(),
        commit,
        since: None,
        chain: plan.chain.clone(),
        wide: false,
    };
    Ok(CdRuns::of(cd::look(services, repo, &query, &[], true).await?, plan))
}
