//! Drives promotions: the application service behind the terminal UI and the command line alike.
//!
//! A promotion does not depend on either being alive: everything it needs stands in its journal, and
//! [`Promoter::resume`] runs the same code as [`Promoter::approve`].

mod act;
mod drive;
mod follow;
mod preflight;
mod probe;
mod truth;
mod undo;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::preflight::Preflight;
use crate::domain::promotion::{Entry, Event, PromotionPlan, SagaState, Step, StepState, fold};
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::Ledger;
use crate::services::Services;

use drive::Drive;

/// How far to go before handing back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the release stands and everything was re-read.
    Released,
    /// Until the CD run has ended, did not start in time, or is not expected.
    CdEnded,
}

/// One entry that was just written to a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Whose.
    pub id: PromotionId,
    /// The entry.
    pub entry: Entry,
}

/// How the caller watches and stops a promotion.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Gets every entry after it is on disk.
    pub progress: Option<UnboundedSender<Progress>>,
    /// Stops after the step at work is journalled. Nothing is aborted in mid-air.
    pub stop: CancellationToken,
}

/// Plans, starts, resumes and undoes promotions on one target.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Promoter {
    services: Services,
}

impl Promoter {
    /// A promoter over the ports of one target.
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    /// Reads both servers and makes the plan, or says what hinders it. Writes nothing.
    ///
    /// # Errors
    /// Only if the version itself cannot be read; everything else is a check that blocks.
    pub async fn preflight(&self, model: &ModelName, number: VersionNumber) -> Outcome<Preflight> {
        preflight::run(&self.services, model, number).await
    }

    /// Carries out a plan that a human confirmed.
    ///
    /// The returned state says how it ended, or where it stopped; an error means that the journal could not
    /// be written, and that therefore nothing more was done.
    ///
    /// # Errors
    /// [`FailureKind::Local`] or [`FailureKind::Conflict`] from the journal; [`FailureKind::Config`] on a
    /// read-only target.
    pub async fn approve(&self, plan: PromotionPlan, until: Until, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let file = self.services.journals.create(plan.id).await?;
        let mut ledger = Ledger::new(file, 0);
        let opened = Event::Opened { plan: Box::new(plan.clone()) };
        let (entry, _) = ledger.append(self.services.clock.now(), opened).await?;
        let state = SagaState::open(&entry).map_err(|e| damaged(plan.id, &e.to_string()))?;
        watch.report(plan.id, &entry);
        Drive::new(&self.services, ledger, state, watch).run(until).await
    }

    /// Goes on with an unfinished promotion, reading before it writes.
    ///
    /// # Errors
    /// As [`Self::approve`], and [`FailureKind::NotFound`] if there is no such journal.
    pub async fn resume(&self, id: PromotionId, until: Until, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let (ledger, state) = self.open(id).await?;
        if state.is_over() {
            return Ok(state);
        }
        let mut drive = Drive::new(&self.services, ledger, state, watch);
        drive.append(Event::Resumed).await?;
        drive.run(until).await
    }

    /// Takes an unfinished promotion back, as long as the tag surely was not cut.
    ///
    /// # Errors
    /// [`FailureKind::Conflict`] if the tag exists or may exist: then only [`Self::resume`] is left.
    pub async fn undo(&self, id: PromotionId, by: &str, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let (ledger, state) = self.open(id).await?;
        if state.is_over() {
            return Err(Failure::new(
                FailureKind::Conflict,
                Service::Local,
                format!("undo promotion {}", id.short()),
                "it has ended already",
            )
            .with_hint("`signoff promotions` shows how it ended."));
        }
        let mut drive = Drive::new(&self.services, ledger, state, watch);
        // An interrupted tag step may or may not have cut the tag: look before anything is taken back.
        if matches!(drive.state.step(Step::TagRef), StepState::Running | StepState::Unknown(_)) {
            drive.append(Event::Resumed).await?;
            drive.probe_step(Step::TagRef).await?;
        }
        if matches!(drive.state.phase, crate::domain::promotion::Phase::Backward { .. }) {
            drive.append(Event::Resumed).await?;
        } else if drive.state.may_undo() {
            drive.append(Event::UndoRequested { by: by.to_owned() }).await?;
        } else {
            return Err(Failure::new(
                FailureKind::Conflict,
                Service::Local,
                format!("undo promotion {}", id.short()),
                "its tag exists or may exist, and what follows from a tag cannot be taken back",
            )
            .with_hint(format!("Finish it: `signoff resume {id}`.")));
        }
        drive.run(Until::Released).await
    }

    /// Reads a promotion's state from its journal without touching it.
    ///
    /// # Errors
    /// If the journal is missing or damaged.
    pub async fn state(&self, id: PromotionId) -> Outcome<SagaState> {
        let entries = self.services.journals.read(id).await?;
        fold(&entries).map_err(|e| damaged(id, &e.to_string()))
    }

    async fn open(&self, id: PromotionId) -> Outcome<(Ledger, SagaState)> {
        let (entries, file) = self.services.journals.open(id).await?;
        let state = fold(&entries).map_err(|e| damaged(id, &e.to_string()))?;
        Ok((Ledger::new(file, state.next_seq), state))
    }

    fn refuse_readonly(&self) -> Outcome<()> {
        if !self.services.rules.readonly {
            return Ok(());
        }
        let target = &self.services.rules.target_name;
        Err(Failure::new(
            FailureKind::Config,
            Service::Config,
            "change anything",
            format!("target '{target}' is read-only"),
        )
        .with_hint("Leave out --readonly, or set `readonly = false` for this target."))
    }
}

impl Watch {
    fn report(&self, id: PromotionId, entry: &Entry) {
        if let Some(progress) = &self.progress {
            // Nobody listening any more is fine: the journal has it.
            let _ = progress.send(Progress { id, entry: entry.clone() });
        }
    }
}

fn damaged(id: PromotionId, what: &str) -> Failure {
    Failure::new(FailureKind::Local, Service::Journal, format!("read the journal of promotion {id}"), what)
        .with_hint("Keep the file as it is and look at both servers; `signoff doctor` names the journal's folder.")
}
