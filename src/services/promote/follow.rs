//! Finds the CD run started by the release and follows it to completion.

use std::time::Duration;

use super::runner::Runner;
use crate::domain::cd::{CdOutcome, CdRun, CdTrigger};
use crate::domain::failure::{Failure, Outcome};
use crate::domain::promotion::{Event, Receipt, Step, StepState};

/// Consecutive failed reads after which following pauses.
const MAX_FAILURES: u32 = 5;

impl Runner<'_> {
    /// Follows CD. Returns false if the caller stopped it; the next resume continues.
    pub(super) async fn follow(&mut self) -> Outcome<bool> {
        if !matches!(self.state.step(Step::Follow), StepState::Running) {
            self.append(Event::Started { step: Step::Follow }).await?;
        }
        let event = match self.watch_cd().await? {
            Watched::Stopped => return Ok(false),
            Watched::Ended(outcome) => Event::Succeeded { step: Step::Follow, receipt: Receipt::Cd { outcome } },
            Watched::Lost(failure) => Event::Failed { step: Step::Follow, failure },
        };
        self.append(event).await?;
        Ok(true)
    }

    async fn watch_cd(&mut self) -> Outcome<Watched> {
        if self.state.plan.draft.cd.trigger == CdTrigger::None {
            return Ok(Watched::Ended(CdOutcome::NotExpected));
        }
        let repo = self.state.plan.draft.repo.clone();
        let started = self.services.clock.now();
        let wait = Duration::from_secs(self.state.plan.draft.cd.wait_s);
        let mut run = match &self.state.cd {
            Some(CdOutcome::Run(run)) => Some(run.clone()),
            _ => None,
        };
        let mut failures = 0;
        loop {
            let seen = match &run {
                None => {
                    let found = self.services.host.cd_runs(&repo, &self.work().cd_query()).await;
                    found.map(|runs| runs.into_iter().next())
                }
                // Once found, the run is pinned: a re-run keeps its id, and another run of the same tag is not ours.
                Some(run) => self.services.host.cd_run(&repo, run.id).await.map(Some),
            };
            match seen {
                Ok(Some(now)) => {
                    failures = 0;
                    if run.as_ref() != Some(&now) {
                        self.append(Event::CdSeen { outcome: CdOutcome::Run(now.clone()) }).await?;
                    }
                    if now.state.is_final() {
                        return Ok(Watched::Ended(CdOutcome::Run(now)));
                    }
                    run = Some(now);
                }
                Ok(None) => {
                    failures = 0;
                    let waited = self.services.clock.now().duration_since(started).unsigned_abs();
                    if waited >= wait {
                        return Ok(Watched::Ended(CdOutcome::NotStarted { waited_s: wait.as_secs() }));
                    }
                }
                Err(failure) => {
                    failures += 1;
                    if failures >= MAX_FAILURES || !failure.kind.is_transient() {
                        return Ok(Watched::Lost(failure));
                    }
                }
            }
            if !self.wait(interval(run.as_ref(), failures)).await {
                return Ok(Watched::Stopped);
            }
        }
    }
}

enum Watched {
    Ended(CdOutcome),
    Lost(Failure),
    Stopped,
}

/// Polls every second until the run appears and every two seconds while it runs: some 1,800 of GitHub's 5,000 requests
/// an hour. Slower after failures.
fn interval(run: Option<&CdRun>, failures: u32) -> Duration {
    let base = if run.is_none() { 1 } else { 2 };
    Duration::from_secs(base << failures.min(4))
}
