//! Drawing of one promotion: a timeline, what is true, and what may be done next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Promotion;
use crate::domain::cd::{CdJob, CdOutcome, CdRun, CdState};
use crate::domain::promotion::saga::StepRecord;
use crate::domain::promotion::{Ending, Phase, Receipt, SagaState, Step, StepState, Truth};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

impl Promotion {
    /// What the title line says: left and right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>) -> (Phrase<'static>, Phrase<'static>) {
        match ctx.catalog.promotion(self.id) {
            Some(state) => {
                let draft = &state.plan.draft;
                let end = if state.is_over() || !ctx.busy { state.updated_at } else { ctx.now };
                let right =
                    format!("started {} · {}", format::clock(state.opened_at), format::duration(state.opened_at, end));
                (
                    Phrase::of(Role::Title, format!("{} {}", draft.model(), draft.version())),
                    Phrase::of(Role::Muted, right),
                )
            }
            None => (Phrase::of(Role::Title, format!("Promotion {}", self.id.short())), Phrase::default()),
        }
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin, ticks: u64) {
        let Some(state) = ctx.catalog.promotion(self.id) else {
            return format::empty(area, buf, skin, "reading the journal …");
        };
        let width = usize::from(area.width.saturating_sub(2));
        let mut lines = vec![Phrase::default(), journal_line(state, skin)];
        lines.extend(verify_line(state, ctx, skin, ticks));
        for record in &state.steps {
            lines.extend(step_lines(record, state, ctx, skin, ticks, width));
        }
        if let (true, Some(CdOutcome::Run(run))) = (self.show_jobs, &state.cd) {
            lines.extend(ctx.catalog.jobs(run.id).unwrap_or_default().iter().map(|j| job_line(j, ctx, skin, ticks)));
        }
        lines.push(Phrase::default());
        lines.extend(ending(state, skin, width));
        if self.undo_asked {
            let text = format!(
                " {} u again takes it back: {} leaves {}, what was there before returns.",
                skin.symbols().warn,
                state.plan.draft.version(),
                state.plan.draft.promote_to
            );
            lines.push(Phrase::of(Role::Warn, text));
        } else if !ctx.busy && !state.is_over() {
            lines.extend(choices(state));
        }
        format::lines(area, buf, skin, lines);
    }
}

fn journal_line(state: &SagaState, skin: &Skin) -> Phrase<'static> {
    line(skin.symbols().pass, Role::Good, "journal", "", format!("promotion {}", state.plan.id))
}

fn verify_line(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin, ticks: u64) -> Option<Phrase<'static>> {
    let symbols = skin.symbols();
    Some(match &state.phase {
        Phase::Opened if ctx.busy => line(symbols.spin(spin(ticks)), Role::Warn, "facts", "", "re-reading …".into()),
        Phase::Opened => line(symbols.dot, Role::Muted, "facts", "", "not re-read yet".into()),
        Phase::Closing(Ending::Refused { why }) | Phase::Ended(Ending::Refused { why }) => {
            line(symbols.block, Role::Bad, "facts", "", why.clone())
        }
        _ => line(symbols.pass, Role::Good, "facts", "", "nothing changed since you looked".into()),
    })
}

fn step_lines(
    record: &StepRecord,
    state: &SagaState,
    ctx: &Ctx<'_>,
    skin: &Skin,
    ticks: u64,
    width: usize,
) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let (symbol, role, detail) = match &record.state {
        StepState::Waiting => (symbols.dot, Role::Muted, String::new()),
        StepState::Running if ctx.busy => {
            let cd = match (&record.step, &state.cd) {
                (Step::Follow, Some(CdOutcome::Run(run))) => run_words(run),
                (Step::Follow, _) => "looking for the run …".to_owned(),
                _ => "…".to_owned(),
            };
            (symbols.spin(spin(ticks)), Role::Warn, cd)
        }
        StepState::Running if record.step == Step::Follow => {
            (symbols.dot, Role::Muted, "not followed to the end".to_owned())
        }
        StepState::Running => (symbols.unknown, Role::Unknown, "interrupted: its fate is not known".to_owned()),
        StepState::Unknown(failure) => (symbols.unknown, Role::Unknown, format!("fate not known: {}", failure.reason)),
        StepState::Done(receipt) => {
            let (symbol, role) = match receipt {
                Receipt::Cd { outcome } => outcome_mark(outcome, skin),
                Receipt::Confirmed { truth } if truth.iter().any(|t| t.as_meant == Some(false)) => {
                    (symbols.warn, Role::Warn)
                }
                _ => (symbols.pass, Role::Good),
            };
            (symbol, role, receipt_words(receipt, state))
        }
        StepState::Failed(failure) => (symbols.block, Role::Bad, failure.reason.clone()),
        StepState::Undoing => (symbols.undone, Role::Warn, "taking back …".to_owned()),
        StepState::Undone(note) => (symbols.undone, Role::Warn, note.clone()),
    };
    let time = match (record.started_at, record.ended_at) {
        (Some(from), Some(to)) => format::duration(from, to),
        (Some(from), None) if ctx.busy => format::duration(from, ctx.now),
        _ => String::new(),
    };
    let phrase = line(symbol, role, &record.step.to_string(), &time, detail);
    phrase.wrap(width, 28)
}

/// One line of the timeline: symbol, title, time, detail. The time stands before the detail, because times line
/// up and details wrap.
fn line(symbol: &str, role: Role, title: &str, time: &str, detail: String) -> Phrase<'static> {
    Phrase::of(role, format!(" {symbol} "))
        .text(format!("{title:<14}"))
        .add(Role::Muted, format!("{time:>8}   "))
        .text(detail)
}

fn receipt_words(receipt: &Receipt, state: &SagaState) -> String {
    let draft = &state.plan.draft;
    match receipt {
        Receipt::Marked => format!("signed by {}", draft.signer.login),
        Receipt::Moved { archived } => {
            let left = archived.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let left = if left.is_empty() { String::new() } else { format!(", {left} left it") };
            format!("{} in {}{left}", draft.version(), draft.promote_to)
        }
        Receipt::TagObject { sha } => sha.chars().take(7).collect(),
        Receipt::TagRef { .. } => format!("{} on commit {}", draft.tag, draft.commit.sha.short()),
        Receipt::Released { url, .. } => url.clone(),
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

fn outcome_mark(outcome: &CdOutcome, skin: &Skin) -> (&'static str, Role) {
    match outcome {
        CdOutcome::NotExpected => (skin.symbols().dot, Role::Muted),
        CdOutcome::Run(run) if run.state == CdState::Success => (skin.symbols().pass, Role::Good),
        _ => (skin.symbols().block, Role::Bad),
    }
}

fn job_line(job: &CdJob, ctx: &Ctx<'_>, skin: &Skin, ticks: u64) -> Phrase<'static> {
    let symbols = skin.symbols();
    let (symbol, role) = match &job.state {
        CdState::Success => (symbols.pass, Role::Good),
        CdState::Failed(word) if word == "skipped" => (symbols.dot, Role::Muted),
        CdState::Failed(_) => (symbols.block, Role::Bad),
        CdState::Running => (symbols.spin(spin(ticks)), Role::Warn),
        CdState::Waiting => (symbols.warn, Role::Warn),
        CdState::Queued | CdState::Other(_) => (symbols.dot, Role::Muted),
    };
    let step = match (&job.state, &job.current_step) {
        (CdState::Running, Some(step)) => format!("{} {step} …", symbols.within),
        (state, _) => state.to_string(),
    };
    let time = match (job.started_at, job.ended_at) {
        (Some(from), Some(to)) => format::duration(from, to),
        (Some(from), None) => format::duration(from, ctx.now),
        _ => String::new(),
    };
    Phrase::of(role, format!("     {symbol} "))
        .text(format!("{:<16} ", job.name))
        .add(Role::Muted, format!("{step}   {time}"))
}

/// How it ended, or why it stopped, with what is true on each server.
fn ending(state: &SagaState, skin: &Skin, width: usize) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let mut lines = Vec::new();
    let (headline, truth): (Option<Phrase<'static>>, &[Truth]) = match (&state.phase, &state.paused) {
        (Phase::Ended(Ending::Done), _) => {
            let odd = state.truth.iter().any(|t| t.as_meant == Some(false));
            let failed =
                !matches!(&state.cd, None | Some(CdOutcome::NotExpected)) && outcome_mark_failed(state.cd.as_ref());
            let phrase = match (failed, odd) {
                (true, _) => Phrase::of(Role::Bad, format!(" {} Released, but CD has not deployed it.", symbols.block)),
                (false, true) => Phrase::of(
                    Role::Warn,
                    format!(" {} Released, but not everything is as it was meant.", symbols.warn),
                ),
                (false, false) => Phrase::of(Role::Good, format!(" {} Done.", symbols.pass)),
            };
            (Some(phrase), &state.truth)
        }
        (Phase::Ended(Ending::Undone { why }), _) => {
            (Some(Phrase::of(Role::Warn, format!(" {} Taken back. {why}", symbols.undone))), &state.truth)
        }
        (Phase::Ended(Ending::Refused { .. }), _) => (
            Some(Phrase::of(Role::Warn, format!(" {} Refused. Nothing was written to any server.", symbols.block))),
            &state.truth,
        ),
        (Phase::Ended(Ending::Superseded { by }), _) => {
            (Some(Phrase::of(Role::Warn, format!(" {} {by}", symbols.dot))), &state.truth)
        }
        (_, Some((failure, truth))) => {
            let hint = failure.hint.clone().unwrap_or_default();
            (Some(Phrase::of(Role::Bad, format!(" {} Stopped: {failure}. {hint}", symbols.block))), truth)
        }
        _ => (None, &[]),
    };
    lines.extend(headline.into_iter().flat_map(|h| h.wrap(width, 3)));
    for fact in truth {
        let (symbol, role) = match fact.as_meant {
            Some(true) => (symbols.pass, Role::Good),
            Some(false) => (symbols.block, Role::Bad),
            None => (symbols.unknown, Role::Unknown),
        };
        let phrase = Phrase::of(role, format!("   {symbol} "))
            .add(Role::Muted, format!("{:<9}", fact.what))
            .text(fact.is.clone());
        lines.extend(phrase.wrap(width, 14));
    }
    lines
}

fn outcome_mark_failed(cd: Option<&CdOutcome>) -> bool {
    match cd {
        Some(CdOutcome::Run(run)) => run.state != CdState::Success,
        Some(CdOutcome::NotStarted { .. }) => true,
        _ => false,
    }
}

fn choices(state: &SagaState) -> Vec<Phrase<'static>> {
    let key =
        |key: &'static str, word: &'static str| Phrase::of(Role::Key, format!("   {key}")).text(format!("  {word}"));
    let mut lines = vec![Phrase::default()];
    lines.push(key(
        "r",
        if state.is_released() { "follow CD to its end" } else { "resume: read what is there, then go on" },
    ));
    if state.may_undo() {
        lines.push(key("u", "undo: take back what was written"));
    }
    lines
}

fn spin(ticks: u64) -> usize {
    usize::try_from(ticks % 1024).unwrap_or(0)
}
