//! `signoff reject`, `signoff hold`, and approvals that need more approvals: decisions that do not promote.

use jiff::Timestamp;

use crate::cli::args::Decide;
use crate::cli::exit::Exit;
use crate::cli::json::decision as json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::domain::decision::Decided;
use crate::domain::failure::Outcome;
use crate::domain::record::mark::day;
use crate::domain::record::{Decision, DecisionDraft, SignOff};
use crate::present::{Role, decision};
use crate::services::decide::Decider;
use crate::services::evidence::number_of;
use crate::services::{Services, prepare};

/// Runs the command.
///
/// # Errors
/// Any failure; the message says so if the record was already written.
pub async fn run(
    services: &Services,
    args: &Decide,
    (decision, until): (Decision, Option<Timestamp>),
    sink: &mut Sink,
) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), &args.reference).await?;
    let draft = prepare::decision(services, &model, number, decision).await?;
    let sign_off = SignOff { until, ..SignOff::because(&args.reason) };
    take(services, &draft, &sign_off, args.format.json, sink).await
}

/// Records the decision and prints the result.
///
/// # Errors
/// As [`run`].
pub async fn take(
    services: &Services,
    draft: &DecisionDraft,
    sign_off: &SignOff,
    json: bool,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let decided = Decider::new(services.clone()).decide(draft, sign_off).await?;
    if json {
        sink.json(&json::Decided::new(place(services).await, &decided))?;
    } else {
        let text = text(&decided, sink.style());
        sink.text(&text);
    }
    for note in &decided.notes {
        sink.warn(note);
    }
    Ok(Exit::Done)
}

fn text(decided: &Decided, style: Style) -> String {
    let record = &decided.sealed.record;
    let (what, role) = match record.decision {
        Decision::Approve => {
            let nth = record.nth_approval().map(|nth| format!(" as {nth}")).unwrap_or_default();
            (format!("recorded{nth}; nothing is promoted yet"), Role::Good)
        }
        other => {
            let until = record.until.map(|until| format!(" until {}", day(until))).unwrap_or_default();
            (format!("{}{until}", decision::past(other)), Role::Warn)
        }
    };
    let (model, version) = (&record.model.name, record.model.version);
    let mut out = format!("{model} {version}: {}\n", style.paint(role, &what));
    out.push_str(&format!("  record {}, signed by {}\n", decided.sealed.record_hash, record.signer.login));
    if let Some(comment) = &decided.comment {
        out.push_str(&format!("  {}\n", comment.web_url));
    }
    out
}
