//! Carries out what a person asks of a CD run: journaled before, read before, and kept with the record.

use super::runner::Runner;
use super::{Promoter, Watch, of_a_begun};
use crate::domain::cd::{CdOutcome, CdState};
use crate::domain::cd_act::CdAct;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{Event, SagaState, Until};
use crate::domain::record::chain::{self, Outcome as Became};
use crate::services::notes::shown;
use crate::services::{cd, keep};

impl Promoter {
    /// Asks the host to do `act` with a run of this promotion's CD, and follows CD on `until` there, if that was not done to
    /// its end.
    ///
    /// # Errors
    /// [`FailureKind::Conflict`] if the run is not in a state for it; what the host says; those of [`Self::resume`]. A
    /// failure of the request itself is journaled too.
    pub async fn ask_cd(&self, id: PromotionId, act: CdAct, until: Until, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let (ledger, state) = self.open(id).await?;
        self.refuse_elsewhere(&state.plan).await?;
        self.refuse_unfit(&state, &act).await.map_err(of_a_begun)?;
        let by = self.services.host.whoami().await?.login;
        let mut runner = Runner::new(&self.services, ledger, state, watch);
        let journaled = runner.append(Event::CdAsked { act: act.clone(), by: by.clone() }).await?;
        let (host, plan) = (&self.services.host, runner.state.plan.clone());
        let repo = &plan.draft.repo;
        let asked = match &act {
            CdAct::Rerun { run } => host.rerun_failed(&journaled, repo, *run).await,
            CdAct::Approve { run, environments } => {
                let ids: Vec<u64> = environments.iter().map(|environment| environment.id).collect();
                let comment = format!("approved with signoff by {by}; record {}", plan.record.record_hash);
                host.approve_deployments(&journaled, repo, *run, &ids, &comment).await
            }
        };
        runner.append(Event::CdAnswered { failure: asked.as_ref().err().cloned() }).await?;
        self.keep_asked(id, &act, &by, asked.as_ref().err()).await;
        asked.map_err(of_a_begun)?;
        if runner.state.is_over() || runner.state.paused.is_some() {
            // The next look shows what the runs do now: they need a moment to change.
            return Ok(runner.state);
        }
        runner.run(until).await.map_err(of_a_begun)
    }

    /// Reads first: what was asked for may be done already, by somebody else or by a request without an answer.
    async fn refuse_unfit(&self, state: &SagaState, act: &CdAct) -> Outcome<()> {
        let (draft, run) = (&state.plan.draft, act.run());
        let refuse = |why: String| Failure::new(FailureKind::Conflict, Service::Github, act.to_string(), why);
        if !state.is_released() {
            return Err(refuse("the release is not finished".to_owned()));
        }
        let now = cd::found(&self.services, state).await?.or_else(|| state.cd.clone());
        let ours = match &now {
            Some(CdOutcome::Run(runs)) => runs.iter().any(|known| known.id == run),
            Some(CdOutcome::NotStarted { .. } | CdOutcome::NotExpected) | None => false,
        };
        if !ours {
            return Err(refuse(format!("it is no run of the release {}", draft.tag)));
        }
        match act {
            CdAct::Rerun { .. } => match self.services.host.cd_run(&draft.repo, run).await?.state {
                CdState::Failed(_) => Ok(()),
                other => Err(refuse(format!("it is {other} now"))),
            },
            CdAct::Approve { environments, .. } => {
                let pending = self.services.host.pending_deployments(&draft.repo, run).await?;
                for environment in environments {
                    match pending.iter().find(|p| p.environment.id == environment.id) {
                        None => return Err(refuse(format!("{} does not wait for it now", environment.name))),
                        Some(p) if !p.may_approve => {
                            let who = p.reviewers.join(", ");
                            return Err(refuse(format!("GitHub does not let you approve {}", environment.name))
                                .with_hint(format!("Ask one of its reviewers: {who}.")));
                        }
                        Some(_) => {}
                    }
                }
                Ok(())
            }
        }
    }

    /// Appends it to the record on this machine. The journal has it in any case.
    async fn keep_asked(&self, id: PromotionId, act: &CdAct, by: &str, failure: Option<&Failure>) {
        let note = match failure {
            None => format!("{by} asked GitHub to {act}"),
            Some(failure) => format!("{by} asked GitHub to {act}, without success: {failure}"),
        };
        let kept = async {
            if !chain::has(&self.services.records.read().await?, id) {
                return Ok(());
            }
            let at = self.services.clock.now();
            let became = Became {
                record_id: id,
                at,
                done: failure.is_none(),
                notes: vec![note],
                comment: None,
                asked: true,
                noted_by: None,
            };
            keep::outcome(&self.services, became).await
        };
        if let Err(failure) = kept.await {
            shown(&failure);
        }
    }
}
