//! The steps of a promotion as moments of a timeline.

use crate::domain::cd::{CdJob, CdOutcome, CdRun, CdState};
use crate::domain::promotion::saga::StepRecord;
use crate::domain::promotion::{Ending, Observation, Phase, Receipt, SagaState, Step, StepState};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Moment, TimelineMark};

/// Journal, facts, every step, and the end if it is worth a moment of its own.
pub(super) fn moments(state: &SagaState, jobs: bool, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Moment<'static>> {
    let mut moments =
        vec![plain(TimelineMark::Done, "journal", format!("promotion {}", state.plan.id)), facts(state, ctx)];
    for record in &state.steps {
        let mut moment = moment(record, state, ctx);
        if let (true, Step::Follow, Some(CdOutcome::Run(run))) = (jobs, record.step, &state.cd) {
            let jobs = ctx.cache.jobs(&state.plan.draft.repo, run.id);
            moment.notes.extend(jobs.into_iter().flatten().map(|j| job(j, ctx, skin)));
        }
        moments.push(moment);
    }
    // What is true now stands where it matters: under the step that stopped it, or at the end.
    let stopped = moments
        .iter()
        .position(|m| matches!(m.mark, TimelineMark::Failed | TimelineMark::Unknown | TimelineMark::Attention));
    match (&state.phase, &state.paused, stopped) {
        (Phase::Ended(Ending::Done), ..) if state.truth.iter().all(|t| t.as_meant == Some(true)) => {}
        (Phase::Ended(Ending::Done), _, Some(at)) => moments[at].notes.extend(truth(&state.truth, state, skin)),
        (Phase::Ended(_), ..) if state.truth.is_empty() => {}
        (Phase::Ended(_), ..) => moments.push(now(&state.truth, state, skin)),
        (_, Some((failure, found)), Some(at)) => {
            // The reason stands in the headline already.
            moments[at].notes.retain(|n| n.plain() != failure.reason);
            moments[at].notes.extend(truth(found, state, skin));
        }
        (_, Some((_, found)), None) => moments.push(now(found, state, skin)),
        (_, None, _) => {}
    }
    moments
}

fn plain(mark: TimelineMark, title: &'static str, detail: String) -> Moment<'static> {
    let detail = Phrase::new(detail);
    Moment { mark, title: title.into(), detail, duration: "".into(), notes: Vec::new() }
}

fn facts(state: &SagaState, ctx: &Ctx<'_>) -> Moment<'static> {
    match &state.phase {
        Phase::Opened if ctx.busy => plain(TimelineMark::Running, "facts", "re-reading …".to_owned()),
        Phase::Opened => plain(TimelineMark::Waiting, "facts", "not re-read yet".to_owned()),
        Phase::Closing(Ending::Refused { why }) | Phase::Ended(Ending::Refused { why }) => {
            let mut moment = plain(TimelineMark::Failed, "facts", "not as they were".to_owned());
            let next = "Look at it again, then decide.";
            moment.notes = vec![Phrase::of(Role::Bad, why.clone()), Phrase::of(Role::Muted, next)];
            moment
        }
        _ => plain(TimelineMark::Done, "facts", "nothing changed since you looked".to_owned()),
    }
}

fn moment(record: &StepRecord, state: &SagaState, ctx: &Ctx<'_>) -> Moment<'static> {
    let mut notes = Vec::new();
    let (mark, detail) = match &record.state {
        StepState::Waiting => (TimelineMark::Waiting, String::new()),
        StepState::Running if ctx.busy => (TimelineMark::Running, doing(record.step, state)),
        StepState::Running if record.step == Step::Follow => {
            (TimelineMark::Waiting, "not followed to the end".to_owned())
        }
        StepState::Running => (TimelineMark::Unknown, "interrupted: its fate is not known".to_owned()),
        StepState::Unknown(failure) => {
            notes.push(Phrase::of(Role::Unknown, failure.reason.clone()));
            (TimelineMark::Unknown, "its fate is not known".to_owned())
        }
        StepState::Done(receipt) => (done(receipt), words(receipt, state)),
        StepState::Failed(failure) => {
            notes.push(Phrase::of(Role::Bad, failure.reason.clone()));
            (TimelineMark::Failed, String::new())
        }
        StepState::Undoing if ctx.busy => (TimelineMark::Running, "taking back …".to_owned()),
        StepState::Undoing => (TimelineMark::Unknown, "interrupted while it was taken back".to_owned()),
        StepState::Undone(note) => (TimelineMark::Undone, note.clone()),
    };
    let duration = match (record.started_at, record.ended_at) {
        (Some(from), Some(to)) => format::duration(from, to),
        (Some(from), None) if ctx.busy => format::duration(from, ctx.now),
        _ => String::new(),
    };
    let title = record.step.to_string().into();
    Moment { mark, title, detail: Phrase::new(detail), duration: duration.into(), notes }
}

fn doing(step: Step, state: &SagaState) -> String {
    match (step, &state.cd) {
        (Step::Follow, Some(CdOutcome::Run(run))) => run_words(run),
        (Step::Follow, _) => "looking for the run …".to_owned(),
        _ => "…".to_owned(),
    }
}

fn done(receipt: &Receipt) -> TimelineMark {
    match receipt {
        Receipt::Confirmed { truth } if truth.iter().any(|t| t.as_meant == Some(false)) => TimelineMark::Attention,
        Receipt::Cd { outcome: CdOutcome::NotExpected } => TimelineMark::Done,
        Receipt::Cd { outcome: CdOutcome::Run(run) } if run.state == CdState::Success => TimelineMark::Done,
        Receipt::Cd { .. } => TimelineMark::Failed,
        _ => TimelineMark::Done,
    }
}

fn words(receipt: &Receipt, state: &SagaState) -> String {
    let draft = &state.plan.draft;
    match receipt {
        Receipt::Marked => format!("signed by {}", draft.signer.login),
        Receipt::Moved { archived } => {
            let left = archived.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let left = if left.is_empty() { String::new() } else { format!(", {left} left it") };
            format!("{} in {}{left}", draft.version(), draft.promote_to)
        }
        Receipt::TagObject { sha } => sha.chars().take(7).collect(),
        Receipt::TagRef { .. } => format!("{} on {}", draft.tag, draft.commit.sha.short()),
        Receipt::Drafted { .. } => "attached to the draft of the release".to_owned(),
        Receipt::Released { .. } => format!("published in {}", draft.repo),
        Receipt::Dispatched => "dispatched".to_owned(),
        Receipt::Linked => "tag, release and signer are on the version".to_owned(),
        Receipt::Confirmed { truth } if truth.iter().all(|t| t.as_meant == Some(true)) => {
            "everything is as it was meant".to_owned()
        }
        Receipt::Confirmed { .. } => "NOT everything is as it was meant, see below".to_owned(),
        Receipt::Cd { outcome } => match outcome {
            CdOutcome::NotExpected => "none expected".to_owned(),
            CdOutcome::NotStarted { waited_s } => format!("no run appeared within {waited_s} s"),
            CdOutcome::Run(run) => run_words(run),
        },
    }
}

fn run_words(run: &CdRun) -> String {
    let file = run.path.rsplit('/').next().unwrap_or_default();
    let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
    format!("{file} run #{}{attempt}: {}", run.number, run.state)
}

fn job(job: &CdJob, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let (symbol, role) = match &job.state {
        CdState::Success => (symbols.pass, Role::Good),
        CdState::Failed(word) if word == "skipped" => (symbols.dot, Role::Muted),
        CdState::Failed(_) => (symbols.block, Role::Bad),
        CdState::Running => (symbols.within, Role::Title),
        CdState::Waiting => (symbols.warn, Role::Warn),
        CdState::Queued | CdState::Other(_) => (symbols.dot, Role::Muted),
    };
    let doing = match (&job.state, &job.current_step) {
        (CdState::Running, Some(step)) => format!("{step} …"),
        (state, _) => state.to_string(),
    };
    let time = match (job.started_at, job.ended_at) {
        (Some(from), Some(to)) => format::duration(from, to),
        (Some(from), None) => format::duration(from, ctx.now),
        _ => String::new(),
    };
    Phrase::of(role, format!("{symbol} "))
        .text(format!("{:<14} ", job.name))
        .add(Role::Muted, format!("{time:>7}  "))
        .add(Role::Muted, doing)
}

/// What each server says, as a moment of its own.
fn now(found: &[Observation], state: &SagaState, skin: &Skin) -> Moment<'static> {
    let odd = found.iter().any(|t| t.as_meant != Some(true));
    let mark = if odd { TimelineMark::Attention } else { TimelineMark::Done };
    let detail = Phrase::of(Role::Muted, "what the servers say");
    Moment { mark, title: "now".into(), detail, duration: "".into(), notes: truth(found, state, skin) }
}

/// What each server says, re-read after the last step or where it stopped; long ids as on the rest of the screen.
fn truth(found: &[Observation], state: &SagaState, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let (id, commit) = (&state.plan.id, &state.plan.draft.commit.sha);
    let line = |fact: &Observation| {
        let (symbol, role) = match fact.as_meant {
            Some(true) => (symbols.pass, Role::Good),
            Some(false) => (symbols.block, Role::Bad),
            None => (symbols.unknown, Role::Unknown),
        };
        let is = fact.is.replace(&id.to_string(), &id.short()).replace(commit.as_str(), commit.short());
        Phrase::of(role, format!("{symbol} ")).add(Role::Muted, format!("{:<8} ", fact.what)).text(is)
    };
    found.iter().map(line).collect()
}
