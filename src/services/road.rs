//! Reads the road of a version: what the evidence does not say of its decisions and its deployment.

use crate::domain::cd::{CdQuery, CdRuns};
use crate::domain::event::{EventId, id};
use crate::domain::evidence::Evidence;
use crate::domain::failure::Outcome;
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::job::JobRun;
use crate::domain::outbox::Delivery;
use crate::domain::road::{Known, Notified, Pages, Part, RoadStep, decisions_on, released, road};
use crate::domain::text::clean_line;
use crate::services::Services;
use crate::services::audit::log;
use crate::services::cd;

/// The road of the version of `evidence`. What cannot be read is said in its step.
pub async fn read(services: &Services, evidence: &Evidence) -> Vec<RoadStep> {
    let version = &evidence.facts.version;
    let log = log::read(services, Some(&version.model)).await;
    let decisions = decisions_on(&log, version);
    let release = match &decisions {
        Part::Known(decisions) => released(decisions, evidence.code.source.as_ref().ok().map(|source| &source.repo)),
        Part::Unread(_) | Part::Underway => None,
    };
    let cd = match &release {
        Some((repo, tag)) => Some(deployment(services, repo, tag).await),
        None => None,
    };
    let known = Known::of(evidence);
    let (registry, run) = (&services.registry, evidence.facts.run.known());
    let pages = Pages {
        version: registry.version_page(&version.model, version.number),
        run: run.and_then(|run| registry.run_page(&run.experiment, &run.id)),
        job: JobRun::of(known.said).and_then(|job| registry.job_page(&job)),
        release: release.as_ref().map(|(repo, tag)| services.host.tag_page(repo, tag)),
    };
    let deployed = cd.as_ref().map(|cd| Part::of(cd, Option::as_ref));
    let told = match services.home().await {
        Ok(home) => notified(services, &id::arrival(&home, version)).await,
        Err(failure) => Err(failure),
    };
    let notified = Part::of(&told, Option::as_ref);
    road(&Known { decisions, deployed, pages, notified, ..known })
}

/// What the outbox of this machine knows of an event; none if nothing, or if there is no outbox.
///
/// # Errors
/// If the outbox cannot be read.
pub async fn notified(services: &Services, event: &EventId) -> Outcome<Option<Notified>> {
    let Some(outbox) = &services.outbox else { return Ok(None) };
    let outbox = outbox.read().await?;
    Ok(outbox.told(event).map(|told| {
        let through = |sent: bool| {
            let channels = told.channels.iter().filter(|(_, delivery)| (**delivery == Delivery::Sent) == sent);
            channels.map(|(name, _)| clean_line(name)).collect()
        };
        Notified { at: told.event.as_ref().map(|event| event.timestamp), sent: through(true), open: through(false) }
    }))
}

/// The runs that the release of `tag` started.
///
/// # Errors
/// If the host cannot be read.
pub async fn deployment(services: &Services, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<CdRuns>> {
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
