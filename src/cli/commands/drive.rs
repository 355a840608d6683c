//! Drives a promotion from the command line: steps on stderr, the result on stdout, Ctrl-C stops it.

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::exit::Exit;
use crate::cli::json::promotion::{self, release_url};
use crate::cli::output::{Sink, Style};
use crate::domain::failure::Outcome;
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{PlanDraft, SagaState};
use crate::domain::promotion::{Progress, Until};
use crate::present::UNICODE;
use crate::present::promotion::{self as words, PromotionState};
use crate::services::promote::Watch;

/// Yields each time the user asks to stop: the first stops after the current step, the second at once.
pub type Stop = BoxStream<'static, ()>;

/// A promotion to drive.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    pub draft: PlanDraft,
    pub id: PromotionId,
    pub until: Until,
    pub json: bool,
}

impl Drive {
    /// Drives it, and prints progress and result.
    pub(super) async fn to_end<'a>(
        &self,
        mut stop: Stop,
        sink: &mut Sink,
        start: impl FnOnce(Watch) -> BoxFuture<'a, Outcome<SagaState>>,
    ) -> Outcome<Exit> {
        match self.follow(&mut stop, sink, start).await? {
            Some((state, cancelled)) => self.report(&state, cancelled, sink),
            None => Ok(Exit::Cancelled),
        }
    }

    /// Drives it, and prints progress. Gives the end, and whether the user stopped it; none if it was stopped at once.
    pub(super) async fn follow<'a>(
        &self,
        stop: &mut Stop,
        sink: &mut Sink,
        start: impl FnOnce(Watch) -> BoxFuture<'a, Outcome<SagaState>>,
    ) -> Outcome<Option<(SagaState, bool)>> {
        let (sender, mut progress) = mpsc::unbounded_channel::<Progress>();
        let token = CancellationToken::new();
        let mut work = start(Watch { progress: Some(sender), stop: token.clone(), ..Watch::default() });
        let state = loop {
            tokio::select! {
                biased;
                Some(step) = progress.recv() => self.tell(&step, sink),
                Some(()) = stop.next() => {
                    if token.is_cancelled() {
                        sink.note(&format!("Stopped at once. `signoff resume {}` checks whether the last step was applied.", self.id));
                        return Ok(None);
                    }
                    sink.note("Stopping after the step at work. Ctrl-C (or another signal) stops at once; you can resume either way.");
                    token.cancel();
                }
                state = &mut work => break state?,
            }
        };
        while let Ok(step) = progress.try_recv() {
            self.tell(&step, sink);
        }
        Ok(Some((state, token.is_cancelled())))
    }

    /// Prints what became of it.
    pub(super) fn report(&self, state: &SagaState, cancelled: bool, sink: &mut Sink) -> Outcome<Exit> {
        if self.json {
            sink.json(&promotion::Promotion::new(state))?;
        } else {
            let text = self.outcome(state, sink.style());
            sink.text(&text);
        }
        let end = Exit::of_promotion(state, self.until, cancelled);
        if end == Exit::Unfinished && !state.is_over() {
            sink.note(&format!("Go on with `signoff resume {}`{}.", self.id, undo_hint(state, self.id)));
        }
        Ok(end)
    }

    fn tell(&self, step: &Progress, sink: &mut Sink) {
        if let Some(line) = words::event(&step.entry.event, &self.draft, &UNICODE) {
            sink.say(&line);
        }
    }

    fn outcome(&self, state: &SagaState, style: Style) -> String {
        let draft = &state.plan.draft;
        let progress = PromotionState::of(state, false);
        let mut out = format!("{} {}: {}\n", draft.model(), draft.version(), style.phrase(&progress.phrase()));
        let (why, hint) = words::why(state);
        for line in [why, hint].into_iter().flatten() {
            out.push_str(&format!("  {line}\n"));
        }
        if matches!(progress, PromotionState::Done | PromotionState::Released) {
            let place = match words::oddity(state) {
                // It is CD that brings it there.
                None if !draft.promote_to.name().is_empty() => String::new(),
                None => format!("in {}, ", draft.promote_to),
                Some(_) => String::new(),
            };
            out.push_str(&format!("  {place}tagged {} at {}\n", draft.tag, draft.commit.sha.short()));
            if let Some(url) = release_url(state) {
                out.push_str(&format!("  {url}\n"));
            }
        }
        if let Some(cd) = &state.cd {
            out.push_str(&format!("  CD {}\n", words::cd(cd)));
            if let crate::domain::cd::CdOutcome::Run(runs) = cd {
                for run in runs.iter() {
                    out.push_str(&format!("  {}\n", run.web_url));
                }
            }
        } else if progress == PromotionState::Released
            && self.until == Until::Released
            && draft.cd.trigger.event().is_some()
        {
            let id = state.plan.id.short();
            out.push_str(&format!("  CD was not followed. To follow it: `signoff resume {id}`.\n"));
        }
        if let Some(job) = &state.job {
            out.push_str(&format!("  job {}\n", words::job_outcome(job, draft)));
            if let Some(page) = job.page() {
                out.push_str(&format!("  {page}\n"));
            }
        }
        if let Some(arrival) = words::arrival(state) {
            out.push_str(&format!("  {arrival}\n"));
        }
        let truth = state.paused.as_ref().map_or(&state.truth, |(_, truth)| truth);
        for fact in words::truth(truth, state, style.symbols()) {
            out.push_str(&format!("  {}\n", style.phrase(&fact)));
        }
        out
    }
}

/// How to undo it, if still possible; starts with a comma.
pub(super) fn undo_hint(state: &SagaState, id: PromotionId) -> String {
    if state.may_undo() { format!(", or undo it with `signoff undo {id}`") } else { String::new() }
}
