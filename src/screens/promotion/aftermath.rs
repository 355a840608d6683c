//! What a person wants to know after a failure: what each server has now, why a job failed, and what may be done.

use crate::app::query::Query;
use crate::domain::cd::{CdJob, CdOutcome, CdRun};
use crate::domain::cd_act::{CdAct, PendingDeployment};
use crate::domain::ids::RepoSlug;
use crate::domain::promotion::{Ending, Phase, SagaState};
use crate::present::promotion::not_deployed;
use crate::screens::parts::Ctx;

/// Whether it did not end well, and nothing is at work on it here.
pub fn is_after_a_failure(state: &SagaState, ctx: &Ctx<'_>) -> bool {
    match &state.phase {
        Phase::Ended(Ending::Done) => not_deployed(state),
        Phase::Ended(Ending::Undone { .. } | Ending::Superseded { .. }) => true,
        // Nothing was written.
        Phase::Ended(Ending::Refused { .. }) => false,
        Phase::Opened | Phase::Forward | Phase::Backward { .. } | Phase::Closing(_) => !ctx.busy,
    }
}

/// The run that failed, and the jobs of it that did.
pub fn failed_run(state: &SagaState) -> Option<&CdRun> {
    state.cd.as_ref()?.failed_run()
}

/// The first job that failed, of the run that did, with its repository.
pub fn failed_job<'a>(state: &SagaState, ctx: &Ctx<'a>) -> Option<(RepoSlug, &'a CdJob)> {
    let repo = &state.plan.draft.repo;
    let jobs = ctx.cache.jobs(repo, failed_run(state)?.id)?;
    jobs.iter().find(|job| job.failed()).map(|job| (repo.clone(), job))
}

/// The runs that wait for an approval.
pub fn waiting(state: &SagaState) -> impl Iterator<Item = &CdRun> {
    state.cd.iter().flat_map(CdOutcome::waiting)
}

/// What the first waiting run waits for, as far as it was read.
pub fn pending<'a>(state: &SagaState, ctx: &Ctx<'a>) -> Option<(u64, &'a [PendingDeployment])> {
    waiting(state).find_map(|run| {
        let pending = ctx.cache.pending(&state.plan.draft.repo, run.id)?;
        (!pending.is_empty()).then_some((run.id, pending.as_slice()))
    })
}

/// The approval that the user may give.
pub fn approval(state: &SagaState, ctx: &Ctx<'_>) -> Option<CdAct> {
    let (run, pending) = pending(state, ctx)?;
    let environments: Vec<_> = pending.iter().filter(|p| p.may_approve).map(|p| p.environment.clone()).collect();
    (!environments.is_empty()).then_some(CdAct::Approve { run, environments })
}

/// Everything that is read for it.
pub fn queries(state: &SagaState, ctx: &Ctx<'_>) -> Vec<Query> {
    let repo = &state.plan.draft.repo;
    let mut queries: Vec<Query> =
        waiting(state).map(|run| Query::Pending { repo: repo.clone(), run: run.id }).collect();
    if is_after_a_failure(state, ctx) {
        queries.push(Query::Truth { promotion: state.plan.id });
        queries.extend(failed_run(state).map(|run| Query::Jobs { repo: repo.clone(), run: run.id }));
        queries.extend(failed_job(state, ctx).map(|(repo, job)| Query::JobLog { repo, job: job.id }));
    }
    queries
}
