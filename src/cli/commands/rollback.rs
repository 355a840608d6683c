//! `signoff rollback`

use crate::cli::args::Rollback;
use crate::cli::commands::drive::Stop;
use crate::cli::commands::promote::{Ask, agrees, promote};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::decision::Candidate;
use crate::domain::failure::Outcome;
use crate::domain::record::Decision;
use crate::present::time;
use crate::services::Services;
use crate::services::rollback::choose;

/// Runs the command.
///
/// # Errors
/// Any failure before the first write, or a journal failure.
pub async fn run(services: &Services, args: &Rollback, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let operation = format!("roll {} back to {}", args.model, args.to);
    agrees(args.promote.confirm.as_ref(), &args.model, args.to, &operation, "--to")?;
    let candidate = choose(services, &args.model, args.to).await?;
    sink.note(&known(&candidate));
    let ask =
        Ask { model: &args.model, number: args.to, decision: Decision::Rollback, answers: &[], options: &args.promote };
    promote(services, &ask, stop, sink).await
}

fn known(candidate: &Candidate) -> String {
    let number = candidate.version;
    let at = candidate.at.map(|at| format!(" on {}", time::day(at))).unwrap_or_default();
    let by = candidate.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let put = if at.is_empty() && by.is_empty() { String::new() } else { format!(", put there{at}{by}") };
    let notes: String = candidate.notes.iter().map(|n| format!("\n! {n}")).collect();
    format!("{number} was in production before{put} ({}).{notes}", candidate.sources.join("; "))
}
