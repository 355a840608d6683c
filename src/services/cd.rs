//! Reads the runs that a release started: all of them, as they are now.

use crate::domain::cd::{CdOutcome, CdQuery, CdRun, CdRuns, CdTrigger};
use crate::domain::failure::Outcome;
use crate::domain::ids::RepoSlug;
use crate::domain::promotion::SagaState;
use crate::services::Services;

/// Reads again those of `known` that are not over, and with `list` looks for more. A run is never forgotten: lists lag
/// behind.
///
/// # Errors
/// If a run or the list cannot be read.
pub async fn look(
    services: &Services,
    repo: &RepoSlug,
    query: &CdQuery,
    known: &[CdRun],
    list: bool,
) -> Outcome<Vec<CdRun>> {
    let mut runs = Vec::new();
    for run in known {
        let open = !run.state.is_final();
        runs.push(if open { services.host.cd_run(repo, run.id).await? } else { run.clone() });
    }
    if list {
        for found in services.host.cd_runs(repo, query).await? {
            match runs.iter_mut().find(|r| r.id == found.id) {
                // Read by its id a moment ago, unless it was over: then the list shows a re-run.
                Some(there) if there.state.is_final() && found.attempt >= there.attempt => *there = found,
                Some(_) => {}
                None => runs.push(found),
            }
        }
    }
    Ok(runs)
}

/// As [`now`], and the runs of a release whose CD nobody looked for yet.
///
/// # Errors
/// As [`now`].
pub async fn found(services: &Services, state: &SagaState) -> Outcome<Option<CdOutcome>> {
    if state.cd.is_some() || !state.is_released() {
        return now(services, state).await;
    }
    read(services, state, &[]).await
}

/// CD of a promotion as it is now; none if none was looked for yet, nothing is expected, or it is on another host.
///
/// Somebody may re-run a job, or CD may start later than it was waited for.
///
/// # Errors
/// If the runs cannot be read.
pub async fn now(services: &Services, state: &SagaState) -> Outcome<Option<CdOutcome>> {
    let known: Vec<CdRun> = match &state.cd {
        Some(CdOutcome::Run(runs)) => runs.iter().cloned().collect(),
        Some(CdOutcome::NotStarted { .. }) => Vec::new(),
        Some(CdOutcome::NotExpected) | None => return Ok(None),
    };
    read(services, state, &known).await
}

async fn read(services: &Services, state: &SagaState, known: &[CdRun]) -> Outcome<Option<CdOutcome>> {
    let (plan, draft) = (&state.plan, &state.plan.draft);
    if draft.cd.trigger == CdTrigger::None || !draft.host.eq_ignore_ascii_case(&services.host.host()) {
        return Ok(None);
    }
    let runs = look(services, &draft.repo, &plan.cd_query(), known, true).await?;
    Ok(CdRuns::of(runs, &draft.cd).map(|mut runs| {
        runs.missing = runs.awaited(&draft.cd);
        CdOutcome::Run(Box::new(runs))
    }))
}
