//! `signoff approve`, `resume` and `undo`: the acts that promote, over the same promoter as the screens.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::args::answers::{Answered, answers};
use crate::cli::args::{Approve, Format};
use crate::cli::commands::decide;
use crate::cli::commands::promotions::{find, only_unfinished};
use crate::cli::exit::Exit;
use crate::cli::json::promotion;
use crate::cli::narrate;
use crate::cli::output::{Role, Sink, Style};
use crate::cli::state_word::{Word, exit, why, word};
use crate::cli::table::{Align, Cell, Table};
use crate::domain::decision::DecisionDraft;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::preflight::{Check, CheckState, JOURNAL, Preflight};
use crate::domain::promotion::{PlanDraft, SagaState};
use crate::domain::promotion::{Progress, Until};
use crate::domain::record::{Decision, SignOff};
use crate::domain::reference::Selector;
use crate::services::evidence::resolve;
use crate::services::promote::{Promoter, Watch};
use crate::services::{Services, prepare};

/// Yields each time the user asks to stop: first after the step at work, then at once.
pub type Stop = BoxStream<'static, ()>;

/// What is to be promoted, and what the signer said.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub model: &'a ModelName,
    pub number: VersionNumber,
    /// Approve, or roll back.
    pub decision: Decision,
    /// Why.
    pub reason: &'a str,
    /// Answers to the checklist.
    pub answers: &'a [Answered],
    /// Pass failing rules.
    pub overrides: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Follow CD to its end.
    pub wait: bool,
    /// How to print.
    pub format: Format,
}

/// Runs `signoff approve`.
///
/// # Errors
/// Whatever hindered it before anything was written, or the journal's failure.
pub async fn approve(services: &Services, args: &Approve, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let (operation, meant) = (format!("approve {}", args.reference), args.reference.to_string());
    // A number can be compared before anybody is asked.
    if let Selector::Number(number) = args.reference.selector {
        agrees(args.confirm, number, &operation, &meant)?;
    }
    let version = resolve(services.registry.as_ref(), &args.reference).await?;
    agrees(args.confirm, version.number, &operation, &meant)?;
    let ask = Ask {
        model: &version.model,
        number: version.number,
        decision: Decision::Approve,
        reason: &args.reason,
        answers: &args.answers,
        overrides: args.overrides,
        dry_run: args.dry_run,
        wait: args.wait,
        format: args.format,
    };
    promote(services, &ask, stop, sink).await
}

/// Checks, shows the plan and carries it out; or records an approval that others have to add to.
///
/// # Errors
/// Whatever hindered it before anything was written, or the journal's failure.
pub async fn promote(services: &Services, ask: &Ask<'_>, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let promoter = Promoter::new(services.clone());
    let preflight = prepare::promotion(services, ask.model, ask.number, ask.decision).await?;
    let Some(draft) = preflight.draft.as_ref().filter(|_| preflight.may_confirm()) else {
        return report_preflight(ask, &preflight, &[], sink);
    };
    let sign_off = SignOff {
        answers: answers(ask.answers, &draft.basis.demands.checklist)?,
        overrides: ask.overrides,
        ..SignOff::because(ask.reason)
    };
    let objections = draft.basis.objections(&sign_off);
    if ask.dry_run || !objections.is_empty() {
        return report_preflight(ask, &preflight, &objections, sink);
    }
    sink.note(preflight_text(&preflight, Style::default()).trim_end());
    if !draft.basis.completes() {
        return decide::take(services, &DecisionDraft::from(draft), &sign_off, ask.format, sink).await;
    }
    let plan = draft
        .sign(services.clock.new_id(), services.clock.now(), &sign_off)
        .map_err(|e| Failure::new(FailureKind::Config, Service::Config, "write the release notes", e.to_string()))?;
    let until = if ask.wait { Until::CdEnded } else { Until::Released };
    let id = plan.id;
    drive(id, until, stop, ask.format, sink, |watch| promoter.approve(plan, until, watch).boxed()).await
}

/// Compares what was typed with the version that is meant by `meant`.
pub(super) fn agrees(typed: Option<VersionNumber>, number: VersionNumber, operation: &str, meant: &str) -> Outcome<()> {
    match typed {
        Some(typed) if typed != number => Err(Failure::new(
            FailureKind::Rejected,
            Service::Local,
            operation,
            format!("--confirm says {typed}, but {meant} is {number}"),
        )
        .with_hint(format!("If {number} is what you mean, pass --confirm {number}."))),
        _ => Ok(()),
    }
}

fn report_preflight(ask: &Ask<'_>, preflight: &Preflight, objections: &[String], sink: &mut Sink) -> Outcome<Exit> {
    let Ask { model, number, decision, .. } = ask;
    if ask.format.json {
        let json = promotion::Preflight::new(model.as_str(), number.0, *decision, preflight, objections);
        sink.json(&json)?;
    } else {
        sink.text(&preflight_text(preflight, sink.style()));
    }
    let cannot = match decision {
        Decision::Rollback => "cannot be brought back",
        _ => "cannot be approved",
    };
    if preflight.may_confirm() {
        for objection in objections {
            sink.note(&format!("✗ {objection}"));
        }
        for answer in open_questions(preflight, objections) {
            sink.note(&format!("  answer with --answer {answer}"));
        }
        // A dry run asks what would be done, not whether everything was said already.
        if ask.dry_run {
            sink.note("Nothing was written: this was a dry run.");
            return Ok(Exit::Done);
        }
        sink.note(&format!("{model} {number} {cannot} like this. Nothing was written."));
        return Ok(Exit::Refused);
    }
    let blocked = preflight.blocking().map(|c| c.title.as_str()).collect::<Vec<_>>().join(", ");
    sink.note(&format!("{model} {number} {cannot} ({blocked}). Nothing was written."));
    Ok(preflight.blocking().find_map(blocked_exit).unwrap_or(Exit::Refused))
}

/// How to answer the questions that objections are about.
fn open_questions(preflight: &Preflight, objections: &[String]) -> Vec<String> {
    let questions = preflight.draft.iter().flat_map(|d| &d.basis.demands.checklist);
    questions
        .filter(|q| objections.iter().any(|o| o.contains(&format!("'{}'", q.text))))
        .map(|q| format!("{}={}", q.id, q.answers.join("|")))
        .collect()
}

/// The exit code of a check that hinders because something failed.
fn blocked_exit(check: &Check) -> Option<Exit> {
    let kind = check.failure?;
    Some(if check.title == JOURNAL { Exit::Journal } else { Exit::of_kind(kind) })
}

/// The checks and the plan as a person reads them.
pub fn preflight_text(preflight: &Preflight, style: Style) -> String {
    let mut checks = Table::new(&[("", Align::Whole), ("", Align::Whole), ("", Align::Left)]);
    for check in &preflight.checks {
        let (mark, role) = match check.state {
            CheckState::Pass => ("✓", Role::Good),
            CheckState::Unknown => ("?", Role::Plain),
            CheckState::Warn => ("!", Role::Warn),
            CheckState::Block => ("✗", Role::Bad),
        };
        checks.row([Cell::new(mark, role), check.title.clone().into(), check.detail.clone().into()]);
        if let Some(hint) = &check.hint {
            checks.row([Cell::default(), Cell::default(), Cell::new(hint.clone(), Role::Muted)]);
        }
    }
    let mut out = checks.render(style);
    // What cannot be approved has no plan worth reading.
    if let Some(draft) = preflight.draft.as_ref().filter(|_| preflight.may_confirm()) {
        out.push('\n');
        out.push_str(&plan_text(draft, style));
    }
    out
}

fn plan_text(draft: &PlanDraft, style: Style) -> String {
    let mut table = Table::new(&[
        ("", Align::Whole),
        ("", Align::Whole),
        ("", Align::Whole),
        ("", Align::Whole),
        ("", Align::Whole),
        ("", Align::Left),
    ])
    .indented(2);
    let mut last = 0;
    for line in draft.lines() {
        let number = if line.number == last { String::new() } else { line.number.to_string() };
        last = line.number;
        let arrow = if line.old.is_empty() && line.subject.is_empty() { "" } else { "→" };
        let role = if line.irreversible { Role::Warn } else { Role::Plain };
        table.row([
            number.into(),
            Cell::new(line.object, role),
            line.subject.into(),
            line.old.into(),
            arrow.into(),
            line.new.into(),
        ]);
    }
    let title = format!("{} {}  in {}", draft.model(), draft.version(), draft.target_name);
    let demo = if draft.demo { "  DEMO: no real server is involved" } else { "" };
    let (nth, needed) = (draft.basis.approvals.len() + 1, draft.basis.demands.approvals);
    let first = match draft.basis.completes() {
        true => "From the Git tag on it cannot be undone.".to_owned(),
        false => {
            format!("This is approval {nth} of {needed}: it is recorded, and nothing of this is done before the last.")
        }
    };
    format!(
        "{}{demo}\n{}  Signing as {} on {}. {first}\n",
        style.paint(Role::Strong, &title),
        table.render(style),
        draft.signer.login,
        draft.host,
    )
}

/// Runs `signoff resume`.
///
/// # Errors
/// If there is no such promotion, it belongs to another target, or its journal cannot be used.
pub async fn resume(
    services: &Services,
    id: Option<&str>,
    wait: bool,
    stop: Stop,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let id = match id {
        Some(part) => find(services, part).await?,
        None => match only_unfinished(services).await? {
            Some(id) => id,
            None => {
                sink.note("Nothing is unfinished.");
                return Ok(Exit::Done);
            }
        },
    };
    let promoter = Promoter::new(services.clone());
    let state = promoter.state(id).await?;
    // Where the release stands already, following CD is all that is left to resume.
    let until = if wait || state.is_released() { Until::CdEnded } else { Until::Released };
    drive(id, until, stop, format, sink, |watch| promoter.resume(id, until, watch).boxed()).await
}

/// Runs `signoff undo`.
///
/// # Errors
/// As [`resume`], and [`FailureKind::Conflict`] if the tag exists or may exist.
pub async fn undo(services: &Services, id: &str, stop: Stop, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let id = find(services, id).await?;
    let promoter = Promoter::new(services.clone());
    let by = services.host.whoami().await.map_or_else(|_| "the person at this machine".to_owned(), |who| who.login);
    let end = drive(id, Until::Released, stop, format, sink, |watch| {
        let by = by.clone();
        let promoter = promoter.clone();
        async move { promoter.undo(id, &by, watch).await }.boxed()
    })
    .await?;
    // Taken back is what was asked for.
    let taken_back = word(&promoter.state(id).await?, false) == Word::Undone;
    Ok(if taken_back { Exit::Done } else { end })
}

/// Drives a promotion to `until`, telling each step on stderr and the outcome on stdout.
async fn drive<'a>(
    id: PromotionId,
    until: Until,
    mut stop: Stop,
    format: Format,
    sink: &mut Sink,
    start: impl FnOnce(Watch) -> BoxFuture<'a, Outcome<SagaState>>,
) -> Outcome<Exit> {
    let (sender, mut progress) = mpsc::unbounded_channel::<Progress>();
    let token = CancellationToken::new();
    let mut work = start(Watch { progress: Some(sender), stop: token.clone() });
    let state = loop {
        tokio::select! {
            biased;
            Some(step) = progress.recv() => tell(&step, sink),
            Some(()) = stop.next() => {
                if token.is_cancelled() {
                    sink.note(&format!("Left at once. `signoff resume {id}` reads what became of the step at work."));
                    return Ok(Exit::Cancelled);
                }
                sink.note("Stopping after the step at work. Press Ctrl-C again to leave at once; the journal allows it.");
                token.cancel();
            }
            state = &mut work => break state?,
        }
    };
    while let Ok(step) = progress.try_recv() {
        tell(&step, sink);
    }
    if format.json {
        sink.json(&promotion::Promotion::new(&state))?;
    } else {
        let text = outcome_text(&state, until, sink.style());
        sink.text(&text);
    }
    let end = exit(&state, until, token.is_cancelled());
    if end == Exit::Unfinished {
        sink.note(&format!("Go on with `signoff resume {id}`{}.", undo_hint(&state, id)));
    }
    Ok(end)
}

/// How to take it back, where that is still possible; begins with a comma.
pub(super) fn undo_hint(state: &SagaState, id: PromotionId) -> String {
    if state.may_undo() { format!(", or take it back with `signoff undo {id}`") } else { String::new() }
}

fn tell(step: &Progress, sink: &mut Sink) {
    if let Some(line) = narrate::line(&step.entry.event) {
        sink.note(&line);
    }
}

fn outcome_text(state: &SagaState, until: Until, style: Style) -> String {
    let draft = &state.plan.draft;
    let word = word(state, false);
    let mut out = format!("{} {}: {}\n", draft.model(), draft.version(), style.paint(word.role(), word.text()));
    let (why, hint) = why(state);
    for line in [why, hint].into_iter().flatten() {
        out.push_str(&format!("  {line}\n"));
    }
    if matches!(word, Word::Done | Word::Released) {
        out.push_str(&format!("  in {}, tagged {} at {}\n", draft.promote_to, draft.tag, draft.commit.sha.short()));
        if let Some(url) = promotion::release_url(state) {
            out.push_str(&format!("  {url}\n"));
        }
    }
    if let Some(cd) = &state.cd {
        out.push_str(&format!("  CD {}\n", narrate::cd(cd)));
    } else if word == Word::Released && until == Until::Released && draft.cd.trigger.event().is_some() {
        out.push_str(&format!("  CD was not followed: `signoff resume {}` does.\n", state.plan.id.short()));
    }
    let truth = state.paused.as_ref().map_or(&state.truth, |(_, truth)| truth);
    for fact in truth {
        let (mark, role) = match fact.as_meant {
            Some(true) => ("✓", Role::Good),
            Some(false) => ("✗", Role::Bad),
            None => ("?", Role::Plain),
        };
        out.push_str(&format!("  {} {}: {}\n", style.paint(role, mark), fact.what, fact.is));
    }
    out
}
