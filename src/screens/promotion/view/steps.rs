//! The steps of a promotion as moments of a timeline.

use jiff::Timestamp;

use crate::app::query::Query;
use crate::domain::cd::{CdOutcome, CdRun};
use crate::domain::elsewhere::Arrival;
use crate::domain::promotion::saga::StepRecord;
use crate::domain::promotion::{Ending, Observation, Phase, Receipt, SagaState, Step, StepState};
use crate::present::{promotion, time};
use crate::screens::parts::{Ctx, cd};
use crate::screens::promotion::aftermath;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Moment, TimelineMark};

/// Journal, facts, every step, and the end if it needs an entry of its own.
pub(super) fn moments(state: &SagaState, jobs: bool, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Moment<'static>> {
    let mut moments =
        vec![plain(TimelineMark::Done, "journal", format!("promotion {}", state.plan.id)), facts(state, ctx)];
    for record in &state.steps {
        let mut moment = moment(record, state, ctx);
        if let (Step::Follow, Some(at)) = (record.step, cd::seen_at(state, ctx)) {
            moment.notes.push(as_seen(state, at, ctx));
        }
        if let (true, Step::Follow, Some(CdOutcome::Run(runs))) = (jobs, record.step, &state.cd) {
            for run in runs.iter() {
                if !runs.others.is_empty() {
                    moment.notes.push(Phrase::of(Role::Muted, promotion::run(run)));
                }
                let jobs = ctx.cache.jobs(&state.plan.draft.repo, run.id);
                moment
                    .notes
                    .extend(jobs.into_iter().flatten().map(|j| promotion::job(j, ctx.now.read(), skin.symbols())));
            }
        }
        moments.push(moment);
    }
    // The observed state is shown at the step that stopped it, or at the end.
    let stopped = moments
        .iter()
        .position(|m| matches!(m.mark, TimelineMark::Failed | TimelineMark::Unknown | TimelineMark::Attention));
    if aftermath::is_after_a_failure(state, ctx) {
        // It stands above, as it is now; so does the reason.
        if let (Some((failure, _)), Some(at)) = (&state.paused, stopped) {
            moments[at].notes.retain(|n| n.plain() != failure.reason);
        }
        return moments;
    }
    match (&state.phase, &state.paused, stopped) {
        (Phase::Ended(Ending::Done), ..) if state.truth.iter().all(|t| t.as_meant == Some(true)) => {}
        (Phase::Ended(Ending::Done), _, Some(at)) => {
            moments[at].notes.extend(promotion::truth(&state.truth, state, skin.symbols()))
        }
        (Phase::Ended(_), ..) if state.truth.is_empty() => {}
        (Phase::Ended(_), ..) => moments.push(now(&state.truth, state, skin)),
        (_, Some((failure, found)), Some(at)) => {
            // The reason is already in the headline.
            moments[at].notes.retain(|n| n.plain() != failure.reason);
            moments[at].notes.extend(promotion::truth(found, state, skin.symbols()));
        }
        (_, Some((_, found)), None) => moments.push(now(found, state, skin)),
        (_, None, _) => {}
    }
    moments
}

/// CD is read again when this is shown; until then, or if that fails, it is as it was then.
fn as_seen(state: &SagaState, at: Timestamp, ctx: &Ctx<'_>) -> Phrase<'static> {
    let seen = format!("as seen at {}", ctx.zone.minute(at));
    match ctx.cache.failure(&Query::Cd { promotion: state.plan.id }) {
        Some(failure) => Phrase::of(Role::Unknown, format!("{seen}; it cannot be read now: {}", failure.reason)),
        None => Phrase::of(Role::Muted, seen),
    }
}

fn plain(mark: TimelineMark, title: &'static str, detail: String) -> Moment<'static> {
    let detail = Phrase::new(detail);
    Moment { mark, title: title.into(), detail, duration: "".into(), notes: Vec::new() }
}

fn facts(state: &SagaState, ctx: &Ctx<'_>) -> Moment<'static> {
    match &state.phase {
        Phase::Opened if ctx.busy => plain(TimelineMark::Running, "facts", "reading again …".to_owned()),
        Phase::Opened => plain(TimelineMark::Waiting, "facts", "not read again yet".to_owned()),
        Phase::Closing(Ending::Refused { why }) | Phase::Ended(Ending::Refused { why }) => {
            let mut moment = plain(TimelineMark::Failed, "facts", "changed".to_owned());
            let next = "Review it again, then decide.";
            moment.notes = vec![Phrase::of(Role::Bad, why.clone()), Phrase::of(Role::Muted, next)];
            moment
        }
        _ => plain(TimelineMark::Done, "facts", "nothing changed since the review".to_owned()),
    }
}

fn moment(record: &StepRecord, state: &SagaState, ctx: &Ctx<'_>) -> Moment<'static> {
    let mut notes = Vec::new();
    let (mark, detail) = match &record.state {
        // Followed beside CD.
        StepState::Waiting if record.step == Step::Deploy && state.job.is_some() => {
            (TimelineMark::Running, doing(record.step, state))
        }
        StepState::Waiting => (TimelineMark::Waiting, String::new()),
        StepState::Running if ctx.busy => (TimelineMark::Running, doing(record.step, state)),
        StepState::Running if matches!(record.step, Step::Follow | Step::Deploy | Step::Arrive) => {
            (TimelineMark::Waiting, "not followed to its end".to_owned())
        }
        StepState::Running => (TimelineMark::Unknown, "interrupted: outcome not known".to_owned()),
        StepState::Unknown(failure) => {
            notes.push(Phrase::of(Role::Unknown, failure.reason.clone()));
            (TimelineMark::Unknown, "outcome not known".to_owned())
        }
        StepState::Done(receipt) => (done(receipt), promotion::receipt(receipt, &state.plan.draft)),
        StepState::Failed(failure) => {
            notes.push(Phrase::of(Role::Bad, failure.reason.clone()));
            (TimelineMark::Failed, String::new())
        }
        StepState::Undoing if ctx.busy => (TimelineMark::Running, "undoing …".to_owned()),
        StepState::Undoing => (TimelineMark::Unknown, "interrupted during undo".to_owned()),
        StepState::Undone(note) => (TimelineMark::Undone, note.clone()),
    };
    let duration = match (record.started_at, record.ended_at) {
        _ if record.step == Step::Follow && restarted(state).is_some() => attempt(state, ctx),
        (Some(from), Some(to)) => time::between(from, to),
        (Some(from), None) if ctx.busy => time::between(from, ctx.now.read()),
        _ => String::new(),
    };
    let title = record.step.to_string().into();
    Moment { mark, title, detail: Phrase::new(detail), duration: duration.into(), notes }
}

/// When the attempt of CD that counts began, if it is not the first.
fn restarted(state: &SagaState) -> Option<(&CdRun, Timestamp)> {
    let run = state.cd.as_ref()?.runs().next()?;
    Some((run, run.restarted_at?))
}

/// How long the last attempt takes or took, as far as that is known.
fn attempt(state: &SagaState, ctx: &Ctx<'_>) -> String {
    let Some((run, from)) = restarted(state) else { return String::new() };
    let jobs = || ctx.cache.jobs(&state.plan.draft.repo, run.id).into_iter().flatten();
    let to = if run.state.is_final() { jobs().filter_map(|job| job.ended_at).max() } else { Some(ctx.now.read()) };
    to.filter(|to| *to >= from).map(|to| time::between(from, to)).unwrap_or_default()
}

fn doing(step: Step, state: &SagaState) -> String {
    match (step, &state.cd) {
        (Step::Follow, Some(CdOutcome::Run(runs))) => promotion::run(&runs.decides),
        (Step::Follow, _) => "waiting for the run …".to_owned(),
        (Step::Arrive, _) => "waiting for the version …".to_owned(),
        (Step::Deploy, _) => match &state.job {
            Some(outcome) => promotion::job_outcome(outcome, &state.plan.draft),
            None => "waiting for the run …".to_owned(),
        },
        _ => "…".to_owned(),
    }
}

fn done(receipt: &Receipt) -> TimelineMark {
    match receipt {
        Receipt::Confirmed { truth } if truth.iter().any(|t| t.as_meant == Some(false)) => TimelineMark::Attention,
        Receipt::Arrival { outcome: Arrival::Missing { .. } } => TimelineMark::Failed,
        Receipt::Uncleared { .. } | Receipt::Withheld { .. } => TimelineMark::Attention,
        Receipt::Job { outcome } if outcome.failed() => TimelineMark::Failed,
        Receipt::Cd { outcome } if !outcome.is_final() => TimelineMark::Running,
        Receipt::Cd { outcome } if outcome.failed() => TimelineMark::Failed,
        _ => TimelineMark::Done,
    }
}

/// The state reported by each server, as an entry of its own.
fn now(found: &[Observation], state: &SagaState, skin: &Skin) -> Moment<'static> {
    let odd = found.iter().any(|t| t.as_meant != Some(true));
    let mark = if odd { TimelineMark::Attention } else { TimelineMark::Done };
    let detail = Phrase::of(Role::Muted, "what the servers say");
    Moment {
        mark,
        title: "now".into(),
        detail,
        duration: "".into(),
        notes: promotion::truth(found, state, skin.symbols()),
    }
}
