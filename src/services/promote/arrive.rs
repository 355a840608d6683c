//! Waits for the signed version at the other target, where CD copies it. Nothing is moved there.

use std::time::Duration;

use super::runner::Runner;
use crate::domain::cd::CdOutcome;
use crate::domain::elsewhere::{Arrival, Signed};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::{Event, Receipt, Step, StepState};
use crate::ports::other::OtherTarget;

/// Consecutive failed reads after which waiting pauses.
const MAX_FAILURES: u32 = 5;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);

impl Runner<'_> {
    /// Waits for it as long as for CD to start. Returns false if the caller stopped it; the next resume continues.
    pub(super) async fn await_arrival(&mut self) -> Outcome<bool> {
        if !matches!(self.state.step(Step::Arrive), StepState::Running) {
            self.append(Event::Started { step: Step::Arrive }).await?;
        }
        // What CD did not carry does not come.
        let wait_s = match self.state.cd.as_ref().is_some_and(CdOutcome::failed) {
            true => 0,
            false => self.state.plan.draft.cd.wait_s,
        };
        let (begun, mut failures) = (self.services.clock.now(), 0);
        loop {
            let passed = self.services.clock.now().duration_since(begun).unsigned_abs();
            let over = passed >= Duration::from_secs(wait_s);
            match self.arrival().await {
                Ok(Some(outcome)) => return self.arrived_there(outcome).await,
                Ok(None) if over => {
                    let model = self.there()?.name(self.state.plan.draft.model())?;
                    return self.arrived_there(Arrival::Missing { model, waited_s: wait_s }).await;
                }
                Ok(None) => failures = 0,
                Err(failure) => {
                    failures += 1;
                    if failures >= MAX_FAILURES || !failure.kind.is_transient() {
                        self.append(Event::Failed { step: Step::Arrive, failure }).await?;
                        return Ok(true);
                    }
                }
            }
            if !self.wait(PAUSE).await {
                return Ok(false);
            }
        }
    }

    fn there(&self) -> Outcome<&OtherTarget> {
        self.services.registry.other().ok_or_else(|| {
            let reason = "the configuration names no other target any more";
            Failure::new(FailureKind::Config, Service::Config, "look for the version at the other target", reason)
                .with_hint("Write [promote] as it was, then resume.")
        })
    }

    async fn arrived_there(&mut self, outcome: Arrival) -> Outcome<bool> {
        self.append(Event::Succeeded { step: Step::Arrive, receipt: Receipt::Arrival { outcome } }).await?;
        Ok(true)
    }

    /// The version there that names the signed one.
    async fn arrival(&self) -> Outcome<Option<Arrival>> {
        let (plan, draft) = (&self.state.plan, &self.state.plan.draft);
        let signed = Signed { version: &draft.facts.version, tag: &draft.tag, record_hash: &plan.record.record_hash };
        let newest = self.there()?.newest(draft.model()).await?;
        let found = newest.into_iter().find(|there| signed.is_named_by(there));
        Ok(found.map(|there| Arrival::Came { model: there.model, version: there.number }))
    }
}
