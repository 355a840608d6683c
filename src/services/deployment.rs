//! Answers the approval task of a deployment job with a decision that releases nothing: a rejection, or an approval after
//! which other tasks are left.

use std::time::Duration;

use crate::domain::deployment::{APPROVED, ApprovalTask, REJECTED};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::record::DecisionDraft;
use crate::ports::Journaled;
use crate::services::Services;

/// Keeps the task failing.
pub(super) async fn reject(
    services: &Services,
    draft: &DecisionDraft,
    asked: &ApprovalTask,
    journaled: &Journaled,
) -> Outcome<()> {
    let (model, number) = (draft.model(), draft.version());
    services.registry.set_version_tag(journaled, model, number, &asked.task, REJECTED).await
}

/// Lets the task pass, and the run go on to the next one.
pub(super) async fn pass(
    services: &Services,
    draft: &DecisionDraft,
    asked: &ApprovalTask,
    journaled: &Journaled,
) -> Outcome<()> {
    let registry = &services.registry;
    let before = registry.deployment_run(&asked.job, &asked.run).await?;
    if !before.waiting().contains(&asked.task.as_str()) {
        let (operation, reason) = (format!("approve {}", asked.name()), "it does not wait any more");
        return Err(Failure::new(FailureKind::Conflict, Service::Mlflow, operation, reason)
            .with_hint("Look at it again, then decide."));
    }
    let (model, number) = (draft.model(), draft.version());
    registry.set_version_tag(journaled, model, number, &asked.task, APPROVED).await?;
    // Read after the tag: whoever repairs from here on lets the task pass.
    let run = registry.deployment_run(&asked.job, &asked.run).await?;
    let after = run.repairs.last().map(String::as_str);
    if !run.is_stopped_at(&asked.task) {
        return Ok(());
    }
    let failure = match registry.repair_deployment(journaled, asked, after).await {
        Err(failure) if failure.kind.may_be_applied() || failure.kind == FailureKind::Rejected => failure,
        done => return done,
    };
    // The server takes no second repair after the same one: look instead of asking twice.
    for wait_s in [0, 1, 2, 4] {
        services.clock.sleep(Duration::from_secs(wait_s)).await;
        let now = registry.deployment_run(&asked.job, &asked.run).await;
        if now.is_ok_and(|now| now.repaired_since(after).is_some() || !now.is_stopped_at(&asked.task)) {
            return Ok(());
        }
    }
    Err(failure.with_hint(format!("{} is approved; look at the run, then decide again.", asked.task)))
}
