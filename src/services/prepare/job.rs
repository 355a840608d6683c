//! What the deployment job of a version waits for, and whether the signer may let it go on.

use super::checks::{Checks, check, failed};
use crate::domain::deployment::ApprovalTask;
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::preflight::Check;
use crate::domain::preflight::CheckState::{Block, Pass, Unknown};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::services::Services;

/// Title of these checks.
const JOB: &str = "deployment job";

/// The approval that the version's job waits for, where the target promotes by deployment job.
pub(super) async fn read(services: &Services, version: &ModelVersion, checks: &mut Checks) -> Option<ApprovalTask> {
    if services.rules.promote_to != PromotionTarget::DeploymentJob {
        return None;
    }
    let number = version.number;
    let Some(of) = &version.deployment else {
        let what = format!("no deployment job has run for {number}");
        checks.add_hint(JOB, Block, what, "Connect a job to the model in Databricks, or run it for this version.");
        return None;
    };
    let run = match services.registry.deployment_run(&of.job, &of.run).await {
        Ok(run) => run,
        Err(failure) => {
            checks.fail(JOB, Block, &failure);
            return None;
        }
    };
    let Some(asked) = run.asks(of) else {
        let what = format!("run {} of job {} waits for no approval", of.run, of.job);
        let hint =
            "An approval task is a failed one whose name begins with \"approval\". Wait until the run gets there.";
        checks.add_hint(JOB, Block, what, hint);
        return None;
    };
    let waits = format!("{} waits for you", asked.name());
    let said = match asked.left.is_empty() {
        true => waits,
        false => format!("{waits}; {} is left after it, so yours releases nothing yet", asked.left()),
    };
    checks.add(JOB, Pass, said);
    if !is_key(&asked.task) {
        let what = format!("the task {} cannot be approved by a tag: keys hold none of . , - = / :", asked.task);
        checks.add_hint(JOB, Block, what, "Rename the task in the job.");
    }
    checks.list.extend(may_repair(services, &asked).await);
    Some(asked)
}

/// Whether Unity Catalog takes a tag of this name.
fn is_key(task: &str) -> bool {
    !task.contains(['.', ',', '-', '=', '/', ':']) && task.trim() == task
}

/// Tags may be set and the run not repaired: then the approval would end half-done. Most workspaces say.
async fn may_repair(services: &Services, asked: &ApprovalTask) -> Option<Check> {
    const TITLE: &str = "MLflow permission";
    match services.registry.may_repair(&asked.job).await {
        Ok(Some(permission)) if !permission.enough => {
            let (level, needed) = (&permission.level, permission.needed);
            let reason = format!("permission denied: you have {level} on job {}, and this needs {needed}", asked.job);
            let failure =
                Failure::new(FailureKind::Forbidden, Service::Mlflow, format!("repair run {}", asked.run), reason);
            Some(failed(TITLE, Block, &failure.with_hint(format!("Ask the job's owner for {needed}."))))
        }
        Ok(Some(_)) => None,
        Ok(None) => {
            let what = format!("the workspace does not say whether you may repair runs of job {}", asked.job);
            Some(check(TITLE, Unknown, what))
        }
        Err(failure) => Some(failed(TITLE, Unknown, &failure)),
    }
}
