//! The deployment job of the version: its task is approved, its run repaired and followed to its end. The repair
//! deploys and cannot be taken back, so these are the last steps.

use std::time::Duration;

use super::execute::Miss;
use super::runner::Runner;
use super::work::Work;
use crate::domain::deployment::{APPROVED, ApprovalTask, DeploymentRun, JobOutcome, is_approved};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::{Event, Finding, PromotionPlan, Receipt, Step, StepState};
use crate::ports::Journaled;

/// Consecutive failed reads after which following pauses.
const MAX_FAILURES: u32 = 5;

/// The task that a plan approves.
fn asked(plan: &PromotionPlan) -> Outcome<&ApprovalTask> {
    plan.draft.deployment.as_ref().ok_or_else(|| {
        let reason = "the plan names no task of a deployment job";
        Failure::new(FailureKind::Bug, Service::Local, "approve the deployment job", reason)
    })
}

impl Work<'_> {
    /// Sets the task's tag on the version: what the task looks for when it runs again.
    pub(super) async fn assent(&self, journaled: &Journaled) -> Result<Option<Receipt>, Miss> {
        let asked = asked(&self.state.plan).map_err(Miss::NotSent)?;
        match self.probe_assent().await {
            Ok(Finding::Applied { receipt }) => return Ok(Some(receipt)),
            Ok(Finding::Foreign { what, .. }) => {
                return Err(Miss::Sent(self.contradiction(Step::Assent, FailureKind::Conflict, &what)));
            }
            Ok(Finding::NotApplied) => {}
            Err(failure) => return Err(Miss::before(failure)),
        }
        let draft = &self.state.plan.draft;
        let (model, number) = (draft.model(), draft.version());
        self.services.registry.set_version_tag(journaled, model, number, &asked.task, APPROVED).await?;
        Ok(None)
    }

    pub(super) async fn probe_assent(&self) -> Outcome<Finding> {
        if let Some(why) = self.gone().await? {
            return Ok(withheld(why));
        }
        let (draft, asked) = (&self.state.plan.draft, asked(&self.state.plan)?);
        let version = self.services.registry.version(draft.model(), draft.version()).await?;
        match version.tags.get(&asked.task) {
            Some(value) if is_approved(value) => Ok(match self.run(asked).await? {
                Ok(run) => {
                    let receipt = Receipt::Assented { after: run.repairs.last().cloned() };
                    Finding::Applied { receipt }
                }
                Err(why) => withheld(why),
            }),
            value if value.is_none() || value == draft.facts.version.tags.get(&asked.task) => Ok(Finding::NotApplied),
            Some(value) => {
                let what = format!("somebody set {} of {} to '{value}' in the meantime", asked.task, version.number);
                Ok(Finding::Foreign { what, same_version: false })
            }
            None => Ok(Finding::NotApplied),
        }
    }

    /// Lets the run go on. The server takes a repair only after the one that is named, so that one decision never makes
    /// two, whatever became of the reply.
    pub(super) async fn repair(&self, journaled: &Journaled) -> Result<Option<Receipt>, Miss> {
        let asked = asked(&self.state.plan).map_err(Miss::NotSent)?;
        let after = match self.assented().map_err(Miss::NotSent)? {
            Ok(after) => after,
            Err(why) => return Ok(Some(Receipt::Withheld { why })),
        };
        let run = match self.run(asked).await.map_err(Miss::before)? {
            Ok(run) => run,
            Err(why) => return Ok(Some(Receipt::Withheld { why })),
        };
        if let Some(receipt) = repaired(&run, asked, after.as_deref()) {
            return Ok(Some(receipt));
        }
        self.services.registry.repair_deployment(journaled, asked, after.as_deref()).await?;
        Ok(None)
    }

    pub(super) async fn probe_repair(&self) -> Outcome<Finding> {
        let asked = asked(&self.state.plan)?;
        let after = match self.assented()? {
            Ok(after) => after,
            Err(why) => return Ok(withheld(why)),
        };
        Ok(match self.run(asked).await? {
            Ok(run) => match repaired(&run, asked, after.as_deref()) {
                Some(receipt) => Finding::Applied { receipt },
                None => Finding::NotApplied,
            },
            Err(why) => withheld(why),
        })
    }

    /// The last repair before ours, or why the task was not approved.
    fn assented(&self) -> Outcome<Result<Option<String>, String>> {
        match self.state.step(Step::Assent) {
            StepState::Done(Receipt::Assented { after }) => Ok(Ok(after.clone())),
            StepState::Done(Receipt::Withheld { why }) => Ok(Err(why.clone())),
            _ => {
                let reason = "its task is not approved yet";
                Err(Failure::new(FailureKind::Bug, Service::Local, "repair the run", reason))
            }
        }
    }

    /// The run, or why there is none any more.
    async fn run(&self, asked: &ApprovalTask) -> Outcome<Result<DeploymentRun, String>> {
        match self.services.registry.deployment_run(&asked.job, &asked.run).await {
            Ok(run) => Ok(Ok(run)),
            Err(failure) if failure.kind == FailureKind::NotFound => {
                Ok(Err(format!("run {} of job {} is not there any more", asked.run, asked.job)))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn withheld(why: String) -> Finding {
    Finding::Applied { receipt: Receipt::Withheld { why } }
}

/// Whether the run was repaired after the task was approved, by us or by somebody else: it goes on either way.
fn repaired(run: &DeploymentRun, asked: &ApprovalTask, after: Option<&str>) -> Option<Receipt> {
    let since = run.repaired_since(after);
    let passed = !run.is_stopped_at(&asked.task);
    (since.is_some() || passed).then(|| Receipt::Repaired { repair: since.map(str::to_owned) })
}

impl Runner<'_> {
    /// Follows the job. Returns false if the caller stopped it; the next resume continues.
    pub(super) async fn follow_job(&mut self) -> Outcome<bool> {
        if !matches!(self.state.step(Step::Deploy), StepState::Running) {
            self.append(Event::Started { step: Step::Deploy }).await?;
        }
        let mut failures = 0;
        loop {
            match self.job_now().await {
                Ok(Some(outcome)) if outcome.is_final() => {
                    let receipt = Receipt::Job { outcome };
                    self.append(Event::Succeeded { step: Step::Deploy, receipt }).await?;
                    return Ok(true);
                }
                Ok(outcome) => {
                    failures = 0;
                    self.saw_job(outcome).await?;
                }
                Err(failure) => {
                    failures += 1;
                    if failures >= MAX_FAILURES || !failure.kind.is_transient() {
                        self.append(Event::Failed { step: Step::Deploy, failure }).await?;
                        return Ok(true);
                    }
                }
            }
            if !self.wait(Duration::from_secs(5 << failures.min(4))).await {
                return Ok(false);
            }
        }
    }

    /// Looks at the job beside CD. What cannot be read now is read when CD has ended.
    pub(super) async fn look_at_job(&mut self) -> Outcome<()> {
        if self.state.plan.draft.deployment.is_none() || self.state.job.as_ref().is_some_and(JobOutcome::is_final) {
            return Ok(());
        }
        let now = self.job_now().await.unwrap_or_default();
        self.saw_job(now).await
    }

    /// Journals what became of the job, if that is news.
    pub(super) async fn saw_job(&mut self, now: Option<JobOutcome>) -> Outcome<()> {
        if let Some(outcome) = now.filter(|now| self.state.job.as_ref() != Some(now)) {
            self.append(Event::JobSeen { outcome }).await?;
        }
        Ok(())
    }

    /// What became of the job; none if the plan has none.
    pub(super) async fn job_now(&self) -> Outcome<Option<JobOutcome>> {
        let Some(asked) = &self.state.plan.draft.deployment else { return Ok(None) };
        if let StepState::Done(Receipt::Withheld { why }) = self.state.step(Step::Repair) {
            return Ok(Some(JobOutcome::Withheld { why: why.clone() }));
        }
        let run = self.services.registry.deployment_run(&asked.job, &asked.run).await?;
        Ok(Some(run.outcome()))
    }
}
