//! Shared by `signoff approve` and `signoff rollback`: the checks, the plan, and objections.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;

use crate::cli::args::Promote;
use crate::cli::args::answers::{Answered, answers};
use crate::cli::commands::decide;
use crate::cli::commands::drive::{Drive, Stop};
use crate::cli::exit::Exit;
use crate::cli::json::promotion;
use crate::cli::output::{Sink, Style};
use crate::cli::table::{Align, Table};
use crate::cli::text;
use crate::domain::confirmation::{Confirmation, confirmation};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::name::oddities;
use crate::domain::preflight::{Check, JOURNAL, Preflight};
use crate::domain::promotion::PlanDraft;
use crate::domain::promotion::Until;
use crate::domain::record::{Decision, SignOff};
use crate::present::{Mark, Phrase, Role, UNICODE, check, decision};
use crate::services::promote::{Promoter, Watch};
use crate::services::{Services, prepare};

/// What to promote, and what the user passed.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub model: &'a ModelName,
    pub number: VersionNumber,
    pub decision: Decision,
    /// Checklist answers.
    pub answers: &'a [Answered],
    pub options: &'a Promote,
}

/// Runs the checks, shows the plan and executes it; or records an approval that needs more approvals.
///
/// # Errors
/// Any failure before the first write, or a journal failure.
pub async fn promote(services: &Services, ask: &Ask<'_>, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let promoter = Promoter::new(services.clone());
    let preflight = prepare::promotion(services, ask.model, ask.number, ask.decision).await?;
    let Some(draft) = preflight.draft.as_ref().filter(|_| preflight.may_confirm()) else {
        return report_preflight(ask, &preflight, &[], sink);
    };
    let sign_off = SignOff {
        answers: answers(ask.answers, &draft.basis.demands.checklist)?,
        overrides: ask.options.overrides,
        ..SignOff::because(&ask.options.reason)
    };
    let objections = draft.basis.objections(&sign_off);
    if ask.options.dry_run || ask.options.confirm.is_none() || !objections.is_empty() {
        return report_preflight(ask, &preflight, &objections, sink);
    }
    sink.note(preflight_text(&preflight, Style::default()).trim_end());
    if !draft.completes() {
        return decide::take(services, &draft.decision, &sign_off, ask.options.format.json, sink).await;
    }
    let plan = draft
        .sign(services.clock.new_id(), services.clock.now(), &sign_off)
        .map_err(|e| Failure::new(FailureKind::Config, Service::Config, "write the release notes", e.to_string()))?;
    let until = if ask.options.wait { Until::CdEnded } else { Until::Released };
    let id = plan.id;
    let run = Drive { draft: plan.draft.clone(), id, until, json: ask.options.format.json };
    let (read_at, default_branch) = (Some(preflight.read_at), preflight.default_branch);
    let known = |watch| Watch { read_at, default_branch, ..watch };
    run.to_end(stop, sink, |watch| promoter.approve(plan, until, known(watch)).boxed()).await
}

/// Checks the confirmation the user gave against the version that `meant` resolves to.
pub(super) fn agrees(
    typed: Option<&Confirmation>,
    model: &ModelName,
    number: VersionNumber,
    operation: &str,
    meant: &str,
) -> Outcome<()> {
    match typed {
        Some(typed) if typed.version == number && !typed.fits(model, number) => {
            let odd = oddities(model.as_str()).join("; ");
            let why = if odd.is_empty() { String::new() } else { format!(" ({odd})") };
            Err(Failure::new(
                FailureKind::Rejected,
                Service::Local,
                operation,
                format!("--confirm {typed} does not confirm the model {model}{why}"),
            )
            .with_hint(format!(
                "Make sure that this is the model you mean, then pass --confirm {}.",
                confirmation(model, number)
            )))
        }
        Some(typed) if typed.version != number => Err(Failure::new(
            FailureKind::Rejected,
            Service::Local,
            operation,
            format!("--confirm says {}, but {meant} is {number}", typed.version),
        )
        .with_hint(format!("To act on {number}, pass --confirm {}.", confirmation(model, number)))),
        _ => Ok(()),
    }
}

fn report_preflight(ask: &Ask<'_>, preflight: &Preflight, objections: &[String], sink: &mut Sink) -> Outcome<Exit> {
    let Ask { model, number, decision, .. } = ask;
    if ask.options.format.json {
        let json = promotion::Preflight::new(model.as_str(), number.0, *decision, preflight, objections);
        sink.json(&json)?;
    } else {
        sink.text(&preflight_text(preflight, sink.style()));
    }
    let cannot = match decision {
        Decision::Rollback => "cannot be rolled back to",
        _ => "cannot be approved",
    };
    if preflight.may_confirm() {
        for objection in objections {
            sink.say(&Mark::Block.say(objection, &UNICODE));
        }
        for answer in open_questions(preflight, objections) {
            sink.note(&format!("  Answer with --answer {answer}"));
        }
        // A dry run shows what would be done; open answers do not matter.
        if ask.options.dry_run {
            sink.note("Nothing was written: this was a dry run.");
            return Ok(Exit::Done);
        }
        if objections.is_empty() {
            let act = if *decision == Decision::Rollback { "roll back" } else { "approve" };
            let confirm = confirmation(model, *number);
            sink.note(&format!("Nothing was written. To {act}, run the same command with --confirm {confirm}."));
            // Not done: a script that forgot the confirmation must not go on as if it were.
            return Ok(Exit::Usage);
        }
        sink.note(&format!("{model} {number} {cannot} yet. Nothing was written."));
        return Ok(Exit::Refused);
    }
    let (titles, mut told) = (preflight.blocking().map(|check| check.title.as_str()), BTreeSet::new());
    let blocked = titles.filter(|title| told.insert(*title)).collect::<Vec<_>>().join(", ");
    sink.note(&format!("{model} {number} {cannot} ({blocked}). Nothing was written."));
    Ok(preflight.blocking().find_map(blocked_exit).unwrap_or(Exit::Refused))
}

/// How to answer the open questions among the objections.
fn open_questions(preflight: &Preflight, objections: &[String]) -> Vec<String> {
    let questions = preflight.draft.iter().flat_map(|d| &d.basis.demands.checklist);
    questions
        .filter(|q| objections.iter().any(|o| o.contains(&format!("'{}'", q.text))))
        .map(|q| format!("{}={}", q.id, q.answers.join("|")))
        .collect()
}

/// The exit code of a check that blocks because something failed.
fn blocked_exit(check: &Check) -> Option<Exit> {
    let kind = check.failure?;
    Some(if check.title == JOURNAL { Exit::Journal } else { Exit::of_kind(kind) })
}

/// The checks and the plan as text.
fn preflight_text(preflight: &Preflight, style: Style) -> String {
    let checks = text::checks(check::grouped(&preflight.checks), style).render(style);
    // A plan that cannot be approved is not shown.
    match preflight.draft.as_ref().filter(|_| preflight.may_confirm()) {
        Some(draft) => format!("{checks}\n{}", plan_text(draft, style)),
        None => checks,
    }
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
        let arrow = if line.old.is_empty() && line.subject.is_empty() { "" } else { style.symbols().arrow };
        let role = if line.irreversible { Role::Warn } else { Role::Text };
        table.row([
            number.into(),
            Phrase::of(role, line.object),
            line.subject.into(),
            line.old.into(),
            arrow.into(),
            line.new.into(),
        ]);
    }
    let title = format!("{} {}  in {}", draft.model(), draft.version(), draft.target());
    let demo = if draft.demo { "  DEMO: no real server is involved" } else { "" };
    let note = match draft.completes() {
        true => "Once the Git tag exists, this cannot be undone.".to_owned(),
        false => format!("This is {}.", decision::nth(&draft.decision)),
    };
    format!(
        "{}{demo}\n{}  Signing as {} on {}. {note}\n",
        style.paint(Role::Title, &title),
        table.render(style),
        draft.signer.login,
        draft.host,
    )
}
