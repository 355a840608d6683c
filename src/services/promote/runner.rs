//! The main loop: get the next action from the saga, journal the intent, execute it, journal the outcome.

use std::time::Duration;

use super::execute::Miss;
use super::work::Work;
use super::{Watch, damaged, observe, undo};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::Until;
use crate::domain::promotion::{Ending, Event, Finding, Next, SagaState, Step};
use crate::ports::{Journaled, Ledger};
use crate::services::Services;
use crate::services::evidence;

/// One promotion being run by this process. Holds the journal's lock.
pub(super) struct Runner<'a> {
    pub(super) services: &'a Services,
    pub(super) state: SagaState,
    pub(super) watch: Watch,
    ledger: Ledger,
}

impl<'a> Runner<'a> {
    pub(super) fn new(services: &'a Services, ledger: Ledger, state: SagaState, watch: Watch) -> Self {
        Self { services, state, watch, ledger }
    }

    pub(super) fn work(&self) -> Work<'_> {
        Work { services: self.services, state: &self.state }
    }

    /// Writes an entry, folds it into the state, notifies the watcher. In this order, so what is shown is on disk.
    pub(super) async fn append(&mut self, event: Event) -> Outcome<Journaled> {
        let (entry, journaled) = self.ledger.append(self.services.clock.now(), event).await?;
        self.state.apply(&entry).map_err(|e| damaged(self.state.plan.id, &e.to_string()))?;
        self.watch.report(self.state.plan.id, &entry);
        Ok(journaled)
    }

    /// Runs until `until`, a pause, the end, or a stop by the caller.
    pub(super) async fn run(mut self, until: Until) -> Outcome<SagaState> {
        loop {
            if self.watch.stop.is_cancelled() {
                return Ok(self.state);
            }
            match self.state.next() {
                Next::Verify => self.verify().await?,
                Next::Run(Step::Follow) if until == Until::Released => return Ok(self.state),
                Next::Run(Step::Follow) => {
                    if !self.follow().await? {
                        return Ok(self.state);
                    }
                }
                Next::Run(step) => self.run_step(step).await?,
                Next::Probe(step) => self.probe_step(step).await?,
                Next::Undo(step) => self.undo_step(step).await?,
                Next::Pause(failure) => {
                    let truth = observe::read(self.services, &self.state).await;
                    self.append(Event::Paused { failure, truth }).await?;
                }
                Next::Close(ending) => {
                    let truth = match &ending {
                        // Nothing was written.
                        Ending::Refused { .. } => Vec::new(),
                        _ => observe::read_patiently(self.services, &self.state).await,
                    };
                    self.append(Event::Ended { ending, truth }).await?;
                }
                Next::Rest | Next::Finished => return Ok(self.state),
            }
        }
    }

    /// Step 0: are the facts still those that were reviewed?
    async fn verify(&mut self) -> Outcome<()> {
        let refusal = self.find_refusal().await.err();
        self.append(match refusal {
            None => Event::Verified,
            Some(failure) => Event::Refused { failure },
        })
        .await?;
        Ok(())
    }

    async fn find_refusal(&self) -> Outcome<()> {
        let plan = &self.state.plan;
        let draft = &plan.draft;
        let operation = format!("approve {} {}", draft.model(), draft.version());
        let changed = |what: String| {
            Failure::new(FailureKind::Conflict, Service::Local, operation.clone(), what)
                .with_hint("Nothing was written. Look at it again, then decide.")
        };
        let facts =
            evidence::facts(self.services.registry.as_ref(), &draft.promote_to, draft.model(), draft.version()).await?;
        if facts.digest() != plan.facts_digest {
            let changes = draft.facts.changes_to(&facts).join("; ");
            return Err(changed(format!("something changed since it was reviewed: {changes}")));
        }
        if let Some((by, id)) = crate::services::prepare::checks::foreign_promotion(&facts, Some(plan.id))
            && draft.supersedes != Some(id)
        {
            return Err(changed(format!("{by} is promoting this version right now (promotion {})", id.short())));
        }
        let signer = self.services.host.whoami().await?;
        if signer.id != draft.signer.id {
            return Err(changed(format!(
                "the plan was signed by {}, but the token now belongs to {}",
                draft.signer.login, signer.login
            )));
        }
        self.find_lost_approval(&facts).await?;
        if let Some(tag) = self.services.host.tag(&draft.repo, &draft.tag).await? {
            return Err(changed(format!("the tag {} exists now, at {}", tag.name, tag.commit)));
        }
        Ok(())
    }

    /// Approvals of others must be unchanged: not edited, deleted or superseded.
    async fn find_lost_approval(&self, facts: &ReviewedFacts) -> Outcome<()> {
        let plan = &self.state.plan;
        let (draft, basis) = (&plan.draft, &plan.draft.basis);
        if basis.approvals.is_empty() {
            return Ok(());
        }
        let now =
            crate::services::approvals::standing(self.services, facts, &basis.demands, &draft.repo, plan.commit())
                .await?;
        let Some(lost) = basis.approvals.iter().find(|a| !now.counting.contains(a)) else {
            return Ok(());
        };
        let why = now.void.iter().find(|v| v.login == lost.login).map_or("its comment is gone", |v| &v.why);
        let operation = format!("approve {} {}", draft.model(), draft.version());
        let what = format!("{}'s approval does not count any more: {why}", lost.login);
        Err(Failure::new(FailureKind::Conflict, Service::Github, operation, what)
            .with_hint("Nothing was written. Look at it again, then decide."))
    }

    async fn run_step(&mut self, step: Step) -> Outcome<()> {
        if !self.back_off(step).await {
            return Ok(());
        }
        let journaled = self.append(Event::Started { step }).await?;
        let event = match self.work().execute(step, &journaled).await {
            Ok(receipt) => Event::Succeeded { step, receipt },
            Err(Miss::Sent(failure)) if needs_a_look(step, &failure) => Event::Unknown { step, failure },
            Err(Miss::Sent(failure) | Miss::NotSent(failure)) => Event::Failed { step, failure },
        };
        self.append(event).await?;
        Ok(())
    }

    pub(super) async fn probe_step(&mut self, step: Step) -> Outcome<()> {
        let event = match self.probe_patiently(step).await {
            None => return Ok(()),
            Some(Ok(finding)) => Event::Probed { step, finding },
            Some(Err(failure)) => Event::ProbeFailed { step, failure },
        };
        self.append(event).await?;
        Ok(())
    }

    /// Waits before a step that failed for a transient reason is retried. False if the caller stopped it.
    async fn back_off(&self, step: Step) -> bool {
        match self.state.steps.iter().find(|r| r.step == step).map_or(0, |r| r.attempts) {
            0 => true,
            attempts => self.wait(Duration::from_millis(500 << attempts.min(4))).await,
        }
    }

    /// Waits. False if the caller stopped it early.
    pub(super) async fn wait(&self, duration: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.watch.stop.cancelled() => false,
            () = self.services.clock.sleep(duration) => true,
        }
    }

    /// A write without a clear response may become visible a moment later: "not there" is only believed after several
    /// reads (replica lag is reported for GitHub's refs and releases). None if the caller stopped it: the next resume
    /// probes again.
    async fn probe_patiently(&self, step: Step) -> Option<Outcome<Finding>> {
        let mut last = Ok(Finding::NotApplied);
        for wait_s in patience(step) {
            if !self.wait(Duration::from_secs(*wait_s)).await {
                return None;
            }
            last = self.work().probe(step).await;
            match &last {
                Ok(Finding::NotApplied) => {}
                Err(failure) if failure.kind.is_transient() => {}
                _ => break,
            }
        }
        Some(last)
    }

    async fn undo_step(&mut self, step: Step) -> Outcome<()> {
        if !self.back_off(step).await {
            return Ok(());
        }
        let journaled = self.append(Event::UndoStarted { step }).await?;
        let event = match undo::undo(self.services, &self.state.plan, step, &journaled).await {
            Ok(note) => Event::Undone { step, note },
            Err(failure) => Event::UndoFailed { step, failure },
        };
        self.append(event).await?;
        Ok(())
    }
}

/// Seconds to wait before each read of an uncertain step.
fn patience(step: Step) -> &'static [u64] {
    match step {
        Step::TagRef | Step::Draft | Step::Release => &[0, 1, 2, 4],
        // A dispatched run takes a while to appear.
        Step::Dispatch => &[0, 2, 4, 8, 16, 32, 64],
        _ => &[0, 1],
    }
}

/// Whether a step whose write failed must be probed before it counts as failed.
fn needs_a_look(step: Step, failure: &Failure) -> bool {
    let refused_create = matches!(step, Step::TagRef | Step::Draft | Step::Release)
        && matches!(failure.kind, FailureKind::Conflict | FailureKind::Rejected);
    !step.is_read() && (failure.kind.may_be_applied() || failure.kind == FailureKind::Conflict || refused_create)
}
