//! Finds the CD runs started by the release and follows all of them to their end.

use std::time::Duration;

use jiff::Timestamp;

use super::runner::Runner;
use crate::domain::cd::{CdOutcome, CdQuery, CdRun, CdRuns, CdTrigger};
use crate::domain::failure::{Failure, Outcome};
use crate::domain::promotion::{Event, Receipt, Step, StepState};
use crate::services::cd;

/// Consecutive failed reads after which following pauses.
const MAX_FAILURES: u32 = 5;
/// Polls between two looks for further runs while known ones go on.
const LIST_EVERY: u32 = 5;
/// How long further runs may take to show after the first: the host starts all at once, and lists them one after the
/// other.
const SETTLE: Duration = Duration::from_secs(5);

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

    /// Journals what became of CD and of the deployment job since the promotion ended, if that changed.
    pub(super) async fn look_at_cd_again(&mut self) -> Outcome<()> {
        let now = cd::now(self.services, &self.state).await?;
        if let Some(outcome) = now.filter(|now| self.state.cd.as_ref() != Some(now)) {
            self.append(Event::CdSeen { outcome }).await?;
        }
        let job = self.job_now().await?;
        self.saw_job(job).await
    }

    async fn watch_cd(&mut self) -> Outcome<Watched> {
        if self.state.plan.draft.cd.trigger == CdTrigger::None {
            return Ok(Watched::Ended(CdOutcome::NotExpected));
        }
        let draft = &self.state.plan.draft;
        let (repo, cd, query) = (draft.repo.clone(), draft.cd.clone(), self.state.plan.cd_query());
        let mut known: Vec<CdRun> = match &self.state.cd {
            Some(CdOutcome::Run(runs)) => runs.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let wait = Duration::from_secs(cd.wait_s);
        // Runs of one named workflow are listed together; those of several appear one after the other.
        let settle = if cd.workflow.is_some() { Duration::ZERO } else { wait.min(SETTLE) };
        let begun = self.services.clock.now();
        let (mut first_seen, mut all_over) = (None, None);
        let (mut wide, mut failures, mut polls) = (false, 0, 0_u32);
        loop {
            self.look_at_job().await?;
            let list = known.iter().all(|run| run.state.is_final()) || polls.is_multiple_of(LIST_EVERY);
            polls = polls.wrapping_add(1);
            let query = CdQuery { wide, ..query.clone() };
            let seen = cd::look(self.services, &repo, &query, &known, list).await;
            let now = self.services.clock.now();
            let passed = |then: Timestamp, least: Duration| now.duration_since(then).unsigned_abs() >= least;
            match seen {
                Err(failure) => {
                    failures += 1;
                    if failures >= MAX_FAILURES || !failure.kind.is_transient() {
                        return Ok(Watched::Lost(failure));
                    }
                }
                Ok(runs) => {
                    failures = 0;
                    known = runs;
                    match CdRuns::of(known.clone(), &cd) {
                        Some(runs) => {
                            wide = false;
                            self.saw(&runs).await?;
                            let settled = passed(*first_seen.get_or_insert(now), settle);
                            all_over = runs.is_final().then(|| all_over.unwrap_or(now));
                            let missing = runs.awaited(&cd);
                            let chained = missing.is_empty() || all_over.is_some_and(|then| passed(then, wait));
                            if all_over.is_some() && list && settled && chained {
                                return Ok(Watched::Ended(CdOutcome::Run(Box::new(CdRuns { missing, ..runs }))));
                            }
                        }
                        None if !passed(begun, wait) => {}
                        // Before it is said that nothing started, one look that no filter can spoil.
                        None if !wide => {
                            wide = true;
                            continue;
                        }
                        None => return Ok(Watched::Ended(CdOutcome::NotStarted { waited_s: wait.as_secs() })),
                    }
                }
            }
            if !self.wait(interval(first_seen.is_none(), failures)).await {
                return Ok(Watched::Stopped);
            }
        }
    }

    /// Journals the runs, if they are news.
    async fn saw(&mut self, runs: &CdRuns) -> Outcome<()> {
        if !matches!(&self.state.cd, Some(CdOutcome::Run(before)) if **before == *runs) {
            self.append(Event::CdSeen { outcome: CdOutcome::Run(Box::new(runs.clone())) }).await?;
        }
        Ok(())
    }
}

enum Watched {
    Ended(CdOutcome),
    Lost(Failure),
    Stopped,
}

/// Polls every second until a run appears and every two seconds while runs go on: some 2,000 of GitHub's 5,000 requests
/// an hour for one run. Slower after failures.
fn interval(nothing_yet: bool, failures: u32) -> Duration {
    let base = if nothing_yet { 1 } else { 2 };
    Duration::from_secs(base << failures.min(4))
}
