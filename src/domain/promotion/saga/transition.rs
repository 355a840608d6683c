//! The effect of each event on the state, and the legal order of events.

use jiff::Timestamp;

use super::{MAX_ATTEMPTS, Next, Phase, SagaState, StepRecord, StepState, TagLook};
use crate::domain::cd::CdOutcome;
use crate::domain::cd_act::AskedOfCd;
use crate::domain::deployment::JobOutcome;
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::promotion::event::{Ending, Entry, Event, Finding};
use crate::domain::promotion::step::{Receipt, Step};

impl SagaState {
    /// Applies one event. On an error the state may be partly changed, so the caller works on a copy.
    pub(super) fn transition(&mut self, entry: &Entry) -> Result<(), String> {
        let at = entry.at;
        if let Event::Arrived { step, what } = &entry.event {
            return self.arrived(*step, what);
        }
        if let Event::CdAsked { .. } | Event::CdAnswered { .. } = &entry.event {
            return self.asked_of_cd(entry);
        }
        if let Phase::Ended(ending) = &self.phase {
            return match (&entry.event, ending) {
                // A release stays as it is; its runs can be started again.
                (Event::CdSeen { outcome }, Ending::Done) => {
                    self.see_cd(outcome);
                    Ok(())
                }
                (Event::JobSeen { outcome }, Ending::Done) => {
                    self.see_job(outcome);
                    Ok(())
                }
                _ => Err("the promotion has ended".to_owned()),
            };
        }
        if self.paused.is_some() && !matches!(entry.event, Event::Resumed | Event::UndoRequested { .. }) {
            return Err("the promotion is paused".to_owned());
        }
        let saw_no_tag = self.saw_no_tag;
        self.saw_no_tag = false;
        match &entry.event {
            Event::Opened { .. } => return Err("'opened' stands twice".to_owned()),
            Event::Verified => {
                self.expect(&Next::Verify)?;
                self.phase = Phase::Forward;
            }
            Event::Refused { failure } => {
                self.expect(&Next::Verify)?;
                self.phase = Phase::Closing(Ending::Refused { why: failure.to_string() });
            }
            Event::Started { step } => {
                self.expect(&Next::Run(*step))?;
                let record = self.record(*step)?;
                record.attempts = record.attempts.saturating_add(1);
                record.started_at = Some(at);
                record.ended_at = None;
                record.state = StepState::Running;
            }
            Event::Succeeded { step, receipt } => {
                self.running(*step)?;
                self.done(*step, receipt, at)?;
            }
            Event::Failed { step, failure } => {
                self.running(*step)?;
                self.failed(*step, failure, at)?;
            }
            Event::Unknown { step, failure } => {
                self.running(*step)?;
                self.settle(*step, StepState::Unknown(failure.clone()), at)?;
                let record = self.record(*step)?;
                record.claimed = match failure.kind {
                    // "Already exists", or accepted but not visible.
                    FailureKind::Conflict | FailureKind::Protocol => true,
                    kind => record.claimed && kind.may_be_applied(),
                };
            }
            Event::Probed { step, finding } => self.probed(*step, finding, at)?,
            Event::ProbeFailed { step, failure } => {
                if !self.is_looking_back(*step) {
                    self.uncertain(*step)?;
                }
                self.pause_due = Some(failure.clone());
            }
            Event::UndoRequested { by } => {
                self.saw_no_tag = saw_no_tag;
                if !self.may_undo() {
                    return Err("an undo after the tag may have been cut".to_owned());
                }
                self.lift_pause();
                self.reopened = true;
                self.turn_back(format!("undone at the request of {by}"), None);
                self.tag_look = TagLook::After;
            }
            Event::UndoStarted { step } => {
                // Journals of earlier versions have no look at the tag before it.
                if self.pause_due.is_some() || self.next_undo() != Some(*step) {
                    return Err(format!("{:?} was due, not the undo of '{step}'", self.next()));
                }
                let record = self.record(*step)?;
                record.unclear = record.is_in_doubt();
                record.attempts = record.attempts.saturating_add(1);
                record.undo.start(at);
                self.settle(*step, StepState::Undoing, at)?;
            }
            Event::Undone { step, note, seen, answered } => {
                self.undoing(*step)?;
                let record = self.record(*step)?;
                record.undo.end(*answered);
                record.unclear = record.unclear && !seen;
                self.settle(*step, StepState::Undone(note.clone()), at)?;
            }
            Event::UndoFailed { step, failure } => {
                self.undoing(*step)?;
                self.record(*step)?.undo.fail(failure);
                // Every undo reads first, so it can be retried whatever happened to its writes.
                if !failure.kind.is_transient() || self.record(*step)?.attempts >= MAX_ATTEMPTS {
                    self.pause_due = Some(failure.clone());
                }
            }
            Event::Paused { failure, truth } => {
                self.expect(&Next::Pause(failure.clone()))?;
                self.pause_due = None;
                self.paused = Some((failure.clone(), truth.clone()));
            }
            Event::Resumed => {
                self.lift_pause();
                self.reopened = true;
            }
            Event::Noted { .. } => self.saw_no_tag = saw_no_tag,
            Event::Found { step, receipt } => self.found(*step, receipt, at)?,
            Event::Lost { step } => self.lost(*step)?,
            Event::Arrived { .. } => return Err("only what has ended can be surprised".to_owned()),
            Event::CdAsked { .. } | Event::CdAnswered { .. } => return self.asked_of_cd(entry),
            Event::CdSeen { outcome } => {
                self.running(Step::Follow)?;
                self.see_cd(outcome);
            }
            Event::JobSeen { outcome } => {
                self.running(Step::Follow).or_else(|_| self.running(Step::Deploy))?;
                self.see_job(outcome);
            }
            Event::Ended { ending, truth } => {
                // Journals of earlier versions have no look at the tag before it.
                if self.pause_due.is_some() || self.closing().as_ref() != Some(ending) {
                    return Err(format!("{:?} was due, not the end", self.next()));
                }
                self.phase = Phase::Ended(ending.clone());
                self.truth = truth.clone();
            }
        }
        Ok(())
    }

    /// What a person asked of CD changes nothing else: the next look shows what became of it.
    fn asked_of_cd(&mut self, entry: &Entry) -> Result<(), String> {
        if !self.is_released() {
            return Err("there is no CD before the release".to_owned());
        }
        let last = self.asked_of_cd.last_mut();
        match &entry.event {
            Event::CdAsked { act, by } => {
                self.asked_of_cd.push(AskedOfCd { act: act.clone(), by: by.clone(), at: entry.at, answer: None });
            }
            Event::CdAnswered { failure } => match last.filter(|asked| asked.answer.is_none()) {
                Some(asked) => asked.answer = Some(failure.clone().map_or(Ok(()), Err)),
                None => return Err("nothing was asked of CD".to_owned()),
            },
            other => return Err(format!("{other:?} is not about CD")),
        }
        Ok(())
    }

    fn done(&mut self, step: Step, receipt: &Receipt, at: Timestamp) -> Result<(), String> {
        match receipt {
            Receipt::Cd { outcome } => self.see_cd(outcome),
            Receipt::Job { outcome } => self.see_job(outcome),
            Receipt::Confirmed { truth } => self.truth = truth.clone(),
            Receipt::Marked
            | Receipt::Moved { .. }
            | Receipt::TagObject { .. }
            | Receipt::TagRef { .. }
            | Receipt::Drafted { .. }
            | Receipt::Released { .. }
            | Receipt::Dispatched
            | Receipt::Linked
            | Receipt::Cleared
            | Receipt::Uncleared { .. }
            | Receipt::Assented { .. }
            | Receipt::Repaired { .. }
            | Receipt::Withheld { .. }
            | Receipt::Arrival { .. }
            | Receipt::Unlinked { .. } => {}
        }
        self.record(step)?.unclear = false;
        self.settle(step, StepState::Done(receipt.clone()), at)
    }

    pub(super) fn see_job(&mut self, outcome: &JobOutcome) {
        self.job = Some(outcome.clone());
        if let Ok(record) = self.record(Step::Deploy)
            && matches!(record.state, StepState::Done(_))
        {
            record.state = StepState::Done(Receipt::Job { outcome: outcome.clone() });
        }
    }

    /// A CD run that exists also settles a dispatch without an answer.
    pub(super) fn see_cd(&mut self, outcome: &CdOutcome) {
        self.cd = Some(outcome.clone());
        if let Ok(record) = self.record(Step::Follow)
            && matches!(record.state, StepState::Done(_))
        {
            record.state = StepState::Done(Receipt::Cd { outcome: outcome.clone() });
        }
        if matches!(outcome, CdOutcome::Run(_))
            && let Ok(record) = self.record(Step::Dispatch)
        {
            record.unclear = false;
            record.state = StepState::Done(Receipt::Dispatched);
        }
    }

    fn failed(&mut self, step: Step, failure: &Failure, at: Timestamp) -> Result<(), String> {
        let record = self.record(step)?;
        let unclear = record.unclear;
        if failure.kind.is_transient() && record.attempts < MAX_ATTEMPTS {
            return self.settle(step, StepState::Waiting, at);
        }
        if step == Step::PIVOT && unclear {
            // This attempt had no effect, but an earlier one may have created the tag: probe, then ask a person.
            self.settle(step, StepState::Unknown(failure.clone()), at)?;
            self.pause_due = Some(failure.clone());
            return Ok(());
        }
        self.settle(step, StepState::Failed(failure.clone()), at)?;
        if step <= Step::PIVOT && !self.may_be_cut() {
            self.turn_back(failure.to_string(), None);
        } else {
            self.pause_due = Some(failure.clone());
        }
        Ok(())
    }

    /// Another copy of this journal did the step.
    fn found(&mut self, step: Step, receipt: &Receipt, at: Timestamp) -> Result<(), String> {
        if !matches!(self.phase, Phase::Opened | Phase::Forward) || self.pause_due.is_some() {
            return Err("the promotion is not going forward".to_owned());
        }
        let after_the_mark = step != Step::Move || matches!(self.step(Step::Mark), StepState::Done(_));
        if !self.reopened || !after_the_mark || !self.is_untouched(step) {
            return Err(format!("'{step}' was started by this journal"));
        }
        self.phase = Phase::Forward;
        self.done(step, receipt, at)
    }

    /// Another copy of this journal undid the step while this one cut the tag: it has to be done again.
    fn lost(&mut self, step: Step) -> Result<(), String> {
        self.going_forward()?;
        let cut = self.reopened && matches!(self.step(Step::PIVOT), StepState::Done(_));
        let record = self.record(step)?;
        if !cut || !step.is_reversible() || !matches!(record.state, StepState::Done(_)) {
            return Err(format!("'{step}' is not what the tag rests on"));
        }
        record.state = StepState::Waiting;
        record.attempts = 0;
        Ok(())
    }

    /// A request without an answer took effect after the promotion was undone. A person decides what happens next.
    fn arrived(&mut self, step: Step, what: &str) -> Result<(), String> {
        let Phase::Ended(Ending::Undone { why }) = self.phase.clone() else {
            return Err("the promotion did not end undone".to_owned());
        };
        if !self.unanswered().iter().any(|open| open.step == step && !open.is_undo) {
            return Err(format!("'{step}' was answered"));
        }
        self.reopened = true;
        let operation = format!("leave the step '{step}' undone");
        let failure = Failure::new(FailureKind::Conflict, Service::Local, operation, what);
        let hint = if step == Step::PIVOT {
            self.roll_forward();
            "A tag cannot be undone. Finish the promotion: `signoff resume`."
        } else {
            self.turn_back(why, None);
            "Undo it again: `signoff undo`."
        };
        let record = self.record(step)?;
        record.state = StepState::Unknown(failure.clone());
        record.unclear = step == Step::PIVOT;
        self.paused = Some((failure.with_hint(hint), Vec::new()));
        Ok(())
    }

    /// The tag exists: what was undone has to be done again.
    fn roll_forward(&mut self) {
        self.phase = Phase::Forward;
        self.tag_look = TagLook::NotNeeded;
        for record in &mut self.steps {
            record.attempts = 0;
            if matches!(record.state, StepState::Undone(_) | StepState::Undoing) {
                record.state = StepState::Waiting;
                record.unclear = false;
            }
        }
    }

    fn is_looking_back(&self, step: Step) -> bool {
        matches!(self.phase, Phase::Backward { .. }) && step == Step::PIVOT && self.next() == Next::Probe(step)
    }

    /// The look for the tag on the way back.
    fn looked_back(&mut self, finding: &Finding, at: Timestamp) -> Result<(), String> {
        match finding {
            Finding::Applied { receipt } => {
                self.roll_forward();
                self.done(Step::PIVOT, receipt, at)?;
                let what = "its tag exists: another copy of this journal cut it, or the request took effect late";
                let failure = Failure::new(FailureKind::Conflict, Service::Github, "undo the promotion", what);
                self.pause_due =
                    Some(failure.with_hint("A tag cannot be undone. Finish the promotion: `signoff resume`."));
                return Ok(());
            }
            Finding::Foreign { what, same_version: true } => {
                if let Phase::Backward { superseded_by, .. } = &mut self.phase {
                    *superseded_by = Some(what.clone());
                }
                self.tag_look = TagLook::NotNeeded;
                return Ok(());
            }
            // Nobody can create ours any more.
            Finding::Foreign { .. } => self.record(Step::PIVOT)?.unclear = false,
            Finding::NotApplied => {}
        }
        self.tag_look = match self.tag_look {
            TagLook::Before => TagLook::After,
            TagLook::After | TagLook::NotNeeded => TagLook::NotNeeded,
        };
        Ok(())
    }

    fn probed(&mut self, step: Step, finding: &Finding, at: Timestamp) -> Result<(), String> {
        if self.is_looking_back(step) {
            return self.looked_back(finding, at);
        }
        let seen = self.uncertain(step)?;
        match finding {
            Finding::Applied { receipt } => self.done(step, receipt, at),
            Finding::NotApplied => {
                self.not_applied(step, seen, at)?;
                let record = self.record(step)?;
                self.saw_no_tag = step == Step::PIVOT && record.state == StepState::Waiting && !record.claimed;
                Ok(())
            }
            Finding::Foreign { what, same_version } => {
                let failure = Failure::new(
                    FailureKind::Conflict,
                    Service::Local,
                    format!("finish the step '{step}'"),
                    what.clone(),
                );
                if step > Step::PIVOT {
                    let hint = "Look at what is there, remove what does not belong, then resume.";
                    self.pause_due = Some(failure.with_hint(hint));
                    return Ok(());
                }
                if step.is_reversible() {
                    // Ours may exist besides theirs: keep it, to be probed and undone.
                    let record = self.record(step)?;
                    record.unclear = record.is_in_doubt();
                    self.settle(step, StepState::Unknown(failure.clone()), at)?;
                } else {
                    self.record(step)?.unclear = false;
                    self.settle(step, StepState::Failed(failure.clone()), at)?;
                }
                if self.may_be_cut() {
                    self.pause_due = Some(failure);
                    return Ok(());
                }
                self.turn_back(what.clone(), same_version.then(|| what.clone()));
                Ok(())
            }
        }
    }

    /// A probe with retries found no effect.
    fn not_applied(&mut self, step: Step, seen: Option<Failure>, at: Timestamp) -> Result<(), String> {
        let record = self.record(step)?;
        if let Some(refusal) = seen.as_ref().filter(|f| !f.kind.is_transient()) {
            // The server had explicitly refused, and nothing is there. After a resume it is asked again.
            if record.attempts == 0 {
                return self.settle(step, StepState::Waiting, at);
            }
            return self.failed(step, refusal, at);
        }
        record.unclear = true;
        let failure = seen.unwrap_or_else(|| {
            let operation = format!("finish the step '{step}'");
            Failure::new(FailureKind::Unknown, Service::Local, operation, "it was interrupted")
        });
        if step == Step::Dispatch {
            return self.settle(step, StepState::Unknown(failure), at);
        }
        let record = self.record(step)?;
        if record.attempts < MAX_ATTEMPTS {
            return self.settle(step, StepState::Waiting, at);
        }
        self.settle(step, StepState::Unknown(failure.clone()), at)?;
        if step < Step::PIVOT && !self.may_be_cut() {
            self.turn_back(failure.to_string(), None);
        } else {
            // Never undone automatically: a person must check and resume.
            self.pause_due = Some(failure);
        }
        Ok(())
    }

    fn turn_back(&mut self, why: String, superseded_by: Option<String>) {
        self.tag_look = match superseded_by {
            None if self.reopened && self.steps.iter().any(|r| r.step.is_reversible()) => TagLook::Before,
            // Nothing is undone, and all the same the tag may be there.
            None if self.reopened => TagLook::After,
            _ => TagLook::NotNeeded,
        };
        self.phase = Phase::Backward { why, superseded_by };
        for record in &mut self.steps {
            record.attempts = 0;
        }
    }

    fn lift_pause(&mut self) {
        self.paused = None;
        self.pause_due = None;
        for record in &mut self.steps {
            if !matches!(record.state, StepState::Done(_) | StepState::Undone(_)) {
                record.attempts = 0;
            }
            if matches!(record.state, StepState::Failed(_)) && matches!(self.phase, Phase::Forward) {
                record.state = StepState::Waiting;
            }
        }
    }

    fn expect(&self, wanted: &Next) -> Result<(), String> {
        let next = self.next();
        if next == *wanted { Ok(()) } else { Err(format!("{next:?} was due, not {wanted:?}")) }
    }

    fn record(&mut self, step: Step) -> Result<&mut StepRecord, String> {
        self.steps.iter_mut().find(|r| r.step == step).ok_or_else(|| format!("the plan has no step '{step}'"))
    }

    fn settle(&mut self, step: Step, state: StepState, at: Timestamp) -> Result<(), String> {
        let record = self.record(step)?;
        record.state = state;
        record.ended_at = Some(at);
        Ok(())
    }

    fn going_forward(&self) -> Result<(), String> {
        match self.phase {
            Phase::Forward => Ok(()),
            _ => Err("the promotion is not going forward".to_owned()),
        }
    }

    fn running(&mut self, step: Step) -> Result<(), String> {
        self.going_forward()?;
        match self.record(step)?.state {
            StepState::Running => Ok(()),
            _ => Err(format!("'{step}' was not started")),
        }
    }

    /// The failure that left the outcome of `step` open; `None` if it was interrupted.
    fn uncertain(&mut self, step: Step) -> Result<Option<Failure>, String> {
        self.going_forward()?;
        let record = self.record(step)?;
        match &record.state {
            StepState::Running => Ok(None),
            StepState::Unknown(failure) => Ok(Some(failure.clone())),
            StepState::Waiting if record.unclear => Ok(None),
            _ => Err(format!("the fate of '{step}' is known")),
        }
    }

    fn undoing(&mut self, step: Step) -> Result<(), String> {
        match self.record(step)?.state {
            StepState::Undoing => Ok(()),
            _ => Err(format!("'{step}' is not being undone")),
        }
    }
}
