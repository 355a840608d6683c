//! What was asked for and not answered: looked for until it is too old to take effect, and again after the end.

use std::time::Duration;

use jiff::Timestamp;

use super::of_a_begun;
use super::probe::judge_tag;
use super::runner::Runner;
use crate::domain::failure::{Outcome, Service};
use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Event, Finding, Next, Phase, Step, StepState, Unanswered};

/// The longest pause between two looks for a request that may take effect late.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);
/// Waits longer than this are told.
const TOLD: Duration = Duration::from_secs(2);

impl Runner<'_> {
    /// Finds out what became of a step. A tag is only waited for before an undo: asking for it again does no harm.
    pub(super) async fn probe_step(&mut self, step: Step) -> Outcome<()> {
        let back = matches!(self.state.phase, Phase::Backward { .. });
        let until = if step.is_reversible() || back { self.late(step) } else { None };
        self.probe_until(step, until).await
    }

    /// Finds out what became of a step, and does not believe that it had no effect before it is too old to have one.
    pub(super) async fn probe_to_the_end(&mut self, step: Step) -> Outcome<()> {
        let until = self.late(step);
        self.probe_until(step, until).await
    }

    async fn probe_until(&mut self, step: Step, until: Option<Timestamp>) -> Outcome<()> {
        // Most effects are there at once.
        let first = self.work().probe(step).await;
        let found = if self.is_open(step, &first) {
            self.tell_late(step, until).await?;
            self.probe_patiently(step, until, first).await
        } else {
            Some(first)
        };
        let event = match found {
            None => return Ok(()),
            Some(Ok(finding)) => Event::Probed { step, finding },
            Some(Err(failure)) => Event::ProbeFailed { step, failure: of_a_begun(failure) },
        };
        self.append(event).await?;
        Ok(())
    }

    /// A write without a clear response may become visible a moment later: "not there" is only believed after several
    /// reads (replica lag is reported for GitHub's refs and releases), and where repeating the write could do harm, only
    /// once it is too old to take effect. None if the caller stopped it: the next resume probes again.
    async fn probe_patiently(
        &self,
        step: Step,
        until: Option<Timestamp>,
        first: Outcome<Finding>,
    ) -> Option<Outcome<Finding>> {
        let mut last = first;
        let mut pauses = patience(step).iter().map(|s| Duration::from_secs(*s));
        let mut longer = Duration::from_secs(2);
        loop {
            let pause = match (pauses.next(), self.left(step, until)) {
                (Some(pause), _) => pause,
                (None, None) => return Some(last),
                (None, Some(left)) => {
                    longer = (longer * 2).min(LONGEST_PAUSE);
                    longer.min(left)
                }
            };
            if !self.wait(pause).await {
                return None;
            }
            last = self.work().probe(step).await;
            if !self.is_open(step, &last) {
                return Some(last);
            }
        }
    }

    /// Whether another look may tell more. One is enough for a step that this journal does not wait for: the tag, looked
    /// for on the way back because of other copies of the journal.
    fn is_open(&self, step: Step, seen: &Outcome<Finding>) -> bool {
        let waited_for =
            !matches!(self.state.phase, Phase::Backward { .. }) || self.state.in_doubt_since(step).is_some();
        match seen {
            Ok(finding) => *finding == Finding::NotApplied && waited_for,
            Err(failure) => failure.kind.is_transient(),
        }
    }

    /// Until when the last request of this step may still take effect; none if its outcome is known.
    pub(super) fn late(&self, step: Step) -> Option<Timestamp> {
        let asked = self.state.in_doubt_since(step)?;
        asked.checked_add(self.services.clock.late(service(step))).ok()
    }

    /// As [`Self::late`], for requests to undo this step.
    pub(super) fn late_undo(&self, step: Step) -> Option<Timestamp> {
        let (_, asked) = self.state.undos_in_doubt(step)?;
        asked.checked_add(self.services.clock.late(service(step))).ok()
    }

    /// The time left, never more than the whole, whatever the machine's clock did. None if it is over.
    pub(super) fn left(&self, step: Step, until: Option<Timestamp>) -> Option<Duration> {
        let left = Duration::try_from(until?.duration_since(self.services.clock.now())).ok()?;
        (!left.is_zero()).then(|| left.min(self.services.clock.late(service(step))))
    }

    /// Says how long a request without an answer is waited for.
    pub(super) async fn tell_late(&mut self, step: Step, until: Option<Timestamp>) -> Outcome<()> {
        let Some(until) = until.filter(|_| self.left(step, until).is_some_and(|left| left > TOLD)) else {
            return Ok(());
        };
        let (server, until) = (service(step), until.strftime("%T UTC"));
        let what = format!("{server} did not answer, and may still do it: looking until {until}");
        self.note(step, vec![what]).await
    }

    /// Finds out what another copy of this journal did, as far as this one did not start it.
    pub(super) async fn catch_up(&mut self) -> Outcome<()> {
        if !matches!(self.state.phase, Phase::Opened | Phase::Forward) {
            return Ok(());
        }
        if self.state.in_doubt_since(Step::Mark).is_some() {
            self.probe_step(Step::Mark).await?;
        }
        if self.watch.stop.is_cancelled() || matches!(self.state.next(), Next::Pause(_)) {
            return Ok(());
        }
        for step in [Step::Mark, Step::Move, Step::TagRef] {
            // A version that was in the target before the promotion was not moved by it.
            let draft = &self.state.plan.draft;
            let moved_before = step == Step::Move && draft.facts.holders == [draft.version()];
            let marked = matches!(self.state.step(Step::Mark), StepState::Done(_));
            let unmarked = step == Step::Move && !marked;
            if !self.state.is_untouched(step) || moved_before || unmarked {
                continue;
            }
            if let Finding::Applied { receipt } = self.look(step).await? {
                self.append(Event::Found { step, receipt }).await?;
            }
        }
        Ok(())
    }

    /// Looks once, and again if a server is briefly unavailable.
    async fn look(&self, step: Step) -> Outcome<Finding> {
        let mut last = self.work().probe(step).await;
        for wait_s in [1, 2] {
            let passing = last.as_ref().is_err_and(|failure| failure.kind.is_transient());
            if !passing || !self.wait(Duration::from_secs(wait_s)).await {
                break;
            }
            last = self.work().probe(step).await;
        }
        last
    }

    /// After the tag was cut: does what another copy of this journal undid at the same moment again. That copy looks for
    /// the tag once it has removed the mark, and this one for the mark once it has cut the tag: one of them sees it.
    pub(super) async fn mend(&mut self) -> Outcome<()> {
        self.mended = true;
        let draft = &self.state.plan.draft;
        if draft.promote_to.spares_registry() {
            return Ok(());
        }
        // Not readable now: the last look before the end tells what is there.
        let Ok(version) = self.services.registry.version(draft.model(), draft.version()).await else { return Ok(()) };
        let mark = version.own_tag(MARK);
        if mark.is_some() && mark != draft.facts.version.own_tag(MARK) {
            return Ok(());
        }
        let held = draft.promote_to.is_held_by(&version);
        for (step, there) in [(Step::Mark, false), (Step::Move, held)] {
            if !there && matches!(self.state.step(step), StepState::Done(_)) {
                self.append(Event::Lost { step }).await?;
            }
        }
        Ok(())
    }

    /// After the end: whether a request without an answer took effect after all. Journals it if so.
    pub(super) async fn see_what_arrived(&mut self) -> Outcome<bool> {
        // An undo that is carried out late repeats what is there already.
        for Unanswered { step, at, .. } in self.state.unanswered().into_iter().filter(|open| !open.is_undo) {
            let asked =
                format!("asked for at {} without an answer, took effect after it was undone", at.strftime("%T UTC"));
            if let Some(what) = self.arrived(step).await? {
                self.append(Event::Arrived { step, what: format!("{what}, {asked}") }).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is there of a step that was undone, as a phrase.
    async fn arrived(&self, step: Step) -> Outcome<Option<String>> {
        let (registry, plan) = (&self.services.registry, &self.state.plan);
        let draft = &plan.draft;
        if step == Step::TagRef {
            let tag = self.services.host.tag(&draft.repo, &draft.tag).await?;
            let ours = tag.filter(|tag| matches!(judge_tag(plan, tag.clone()), Finding::Applied { .. }));
            return Ok(ours.map(|tag| format!("the tag {}", tag.name)));
        }
        let version = registry.version(draft.model(), draft.version()).await?;
        let mark = version.own_tag(MARK);
        let marked = mark == Some(&plan.mark_promoting());
        Ok(match step {
            Step::Mark => marked.then(|| format!("the mark of {}", draft.version())),
            // Under the mark of another promotion the target is its own.
            Step::Move if marked || mark.is_none() || mark == draft.facts.version.own_tag(MARK) => {
                let there = draft.promote_to.is_held_by(&version);
                let moved = there && !draft.facts.holders.contains(&draft.version());
                moved.then(|| format!("the move of {} to {}", draft.version(), draft.promote_to))
            }
            _ => None,
        })
    }
}

/// The server that a step writes to.
fn service(step: Step) -> Service {
    if step.is_of_registry() { Service::Mlflow } else { Service::Github }
}

/// Seconds to wait before each further read of an uncertain step.
fn patience(step: Step) -> &'static [u64] {
    match step {
        Step::TagRef | Step::Draft | Step::Release => &[1, 2, 4],
        // A dispatched run takes a while to appear.
        Step::Dispatch => &[2, 4, 8, 16, 32, 64],
        _ => &[1],
    }
}
