//! The main loop: get the next action from the saga, journal the intent, execute it, journal the outcome.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::execute::Miss;
use super::undo::{self, Undo};
use super::work::Work;
use super::{Watch, damaged, guard, observe, of_a_begun};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::Until;
use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Ending, Entry, Event, Next, SagaState, Step};
use crate::ports::{Journaled, Ledger};
use crate::services::Services;
use crate::services::evidence;
use crate::services::prepare::again;
use crate::services::prepare::checks::foreign_promotion;

/// One promotion being run by this process. Holds the journal's lock.
pub(super) struct Runner<'a> {
    pub(super) services: &'a Services,
    pub(super) state: SagaState,
    pub(super) watch: Watch,
    ledger: Ledger,
    /// When this process last read what the plan rests on.
    read_at: Option<Timestamp>,
    /// When this process last judged the plan as a whole.
    judged_at: Option<Timestamp>,
    changed: Mutex<Vec<String>>,
    /// What the tag rests on was looked at after it was cut.
    pub(super) mended: bool,
}

/// How long what was read is not read again before a step that can be undone. Before the tag everything is.
const JUST_READ: SignedDuration = SignedDuration::from_secs(5);

/// How long a judgement of the plan holds for steps that can be undone. Before the tag it is always judged again.
const JUDGED_FOR: SignedDuration = SignedDuration::from_secs(60);

impl<'a> Runner<'a> {
    pub(super) fn new(services: &'a Services, ledger: Ledger, state: SagaState, watch: Watch) -> Self {
        let read_at = watch.read_at;
        Self { services, state, watch, ledger, read_at, judged_at: None, changed: Mutex::default(), mended: false }
    }

    pub(super) fn work(&self) -> Work<'_> {
        let now = self.services.clock.now();
        let anew = self.judged_at.is_none_or(|at| now.duration_since(at).abs() > JUDGED_FOR);
        let lately = self.read_at.is_some_and(|at| now.duration_since(at).abs() < JUDGED_FOR);
        Work {
            services: self.services,
            state: &self.state,
            anew,
            just_read: self.just_read(),
            default_branch: self.watch.default_branch.as_deref().filter(|_| lately),
            changed: &self.changed,
        }
    }

    /// Whether this process read what the plan rests on a moment ago, and nobody else drives the promotion.
    fn just_read(&self) -> bool {
        let now = self.services.clock.now();
        !self.state.is_reopened() && self.read_at.is_some_and(|at| now.duration_since(at).abs() < JUST_READ)
    }

    /// Writes an entry, folds it into the state, notifies the watcher. In this order, so what is shown is on disk.
    pub(super) async fn append(&mut self, event: Event) -> Outcome<Journaled> {
        let at = self.services.clock.now();
        // An entry that cannot follow would make the journal unreadable: it is a bug, and stays off the disk.
        let next = Entry { v: event.format(), seq: self.state.next_seq, at, event: event.clone() };
        self.state.clone().apply(&next).map_err(|e| {
            let operation = format!("go on with promotion {}", self.state.plan.id);
            Failure::new(FailureKind::Bug, Service::Local, operation, e.to_string())
        })?;
        let (entry, journaled) = self.ledger.append(at, event).await?;
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
                Next::Run(Step::Arrive) => {
                    if !self.await_arrival().await? {
                        return Ok(self.state);
                    }
                }
                Next::Run(Step::Deploy) => {
                    if !self.follow_job().await? {
                        return Ok(self.state);
                    }
                }
                Next::Run(Step::Draft) if self.state.is_reopened() && !self.mended => self.mend().await?,
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
        if self.just_read() {
            self.judged_at = self.read_at;
            self.append(Event::Verified).await?;
            return Ok(());
        }
        let event = match self.find_refusal().await {
            Ok(changed) => {
                self.judged_at = Some(self.services.clock.now());
                self.note(Step::Mark, changed).await?;
                Event::Verified
            }
            Err(failure) => Event::Refused { failure },
        };
        self.append(event).await?;
        Ok(())
    }

    /// Journals what is worth knowing about a step, if anything is.
    pub(super) async fn note(&mut self, step: Step, what: Vec<String>) -> Outcome<()> {
        if !what.is_empty() {
            self.append(Event::Noted { step, what }).await?;
        }
        Ok(())
    }

    async fn find_refusal(&self) -> Outcome<Vec<String>> {
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
        // A mark that was there when the plan was made belongs to a promotion that has ended.
        let known = facts.version.own_tag(MARK) == draft.facts.version.own_tag(MARK);
        if let Some((by, id)) = foreign_promotion(&facts, Some(plan.id)).filter(|_| !known)
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
        if let Some(tag) = self.services.host.tag(&draft.repo, &draft.tag).await? {
            return Err(changed(format!("the tag {} exists now, at {}", tag.name, tag.commit)));
        }
        guard::still_waits(self.services, plan).await?;
        again::judge(self.services, plan, &facts, None)
            .await
            .map_err(|failure| failure.with_hint("Nothing was written. Look at it again, then decide."))
    }

    async fn run_step(&mut self, step: Step) -> Outcome<()> {
        if !self.back_off(step).await {
            return Ok(());
        }
        let journaled = self.append(Event::Started { step }).await?;
        let work = self.work();
        let anew = work.anew;
        let done = work.execute(step, &journaled).await;
        if anew && done.is_ok() && step.is_reversible() {
            self.judged_at = Some(self.services.clock.now());
        }
        if step == Step::TagRef && done.is_ok() && self.read_at.is_some() {
            // Its guard read everything.
            self.read_at = Some(self.services.clock.now());
        }
        let changed = self.changed.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        self.note(step, changed).await?;
        let event = match done {
            Ok(receipt) => Event::Succeeded { step, receipt },
            Err(Miss::Sent(failure)) if needs_a_look(step, &failure) => Event::Unknown { step, failure },
            Err(Miss::Sent(failure) | Miss::NotSent(failure)) => Event::Failed { step, failure: of_a_begun(failure) },
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

    async fn undo_step(&mut self, step: Step) -> Outcome<()> {
        if !self.back_off(step).await {
            return Ok(());
        }
        let until = self.late(step);
        let journaled = self.append(Event::UndoStarted { step }).await?;
        let sure = self.state.is_reopened() || self.state.is_tag_in_doubt();
        let open = self.state.undos_in_doubt(step).map_or(0, |(count, _)| count);
        let (asked, until) = (until, until.max(self.late_undo(step)));
        let mut done = undo::undo(self.services, &self.state.plan, step, sure, &journaled).await;
        if done.is_ok() && self.left(step, until).is_some() {
            // Looked before; now wait for what may still be on its way, and look after.
            self.tell_late(step, until).await?;
            while let Some(left) = self.left(step, until) {
                if !self.wait(left).await {
                    return Ok(());
                }
            }
            let again = undo::undo(self.services, &self.state.plan, step, sure, &journaled).await;
            done = match (done, again) {
                (Ok(first), Ok(second)) if !second.found => Ok(first),
                (_, again) => again,
            };
        }
        let event = match done {
            Ok(Undo { note, found, as_asked }) => {
                // What one request without an answer asked for is there: that one has been carried out.
                let answered = open == 0 || (open == 1 && as_asked);
                Event::Undone { step, note, seen: found || asked.is_none(), answered }
            }
            Err(failure) => Event::UndoFailed { step, failure: of_a_begun(failure) },
        };
        self.append(event).await?;
        Ok(())
    }
}

/// Whether a step whose write failed must be probed before it counts as failed.
fn needs_a_look(step: Step, failure: &Failure) -> bool {
    let refused_create = matches!(step, Step::TagRef | Step::Draft | Step::Release | Step::Repair)
        && matches!(failure.kind, FailureKind::Conflict | FailureKind::Rejected);
    !step.is_read() && (failure.kind.may_be_applied() || failure.kind == FailureKind::Conflict || refused_create)
}
