//! `signoff verify`

use std::time::Duration;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::verify::Verify as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::{place, text};
use crate::domain::failure::Outcome;
use crate::domain::ids::TagName;
use crate::domain::text::clean_line;
use crate::domain::verification::Verification;
use crate::present::{CheckRow, Mark, Role, decision, number};
use crate::services::Services;
use crate::services::audit::verify::verify;

/// Runs the command. [`Exit::Done`] only if everything holds.
///
/// # Errors
/// If no repository is configured. Anything else that cannot be read is a line in the output and fails the check.
pub async fn run(
    services: &Services,
    tag: &TagName,
    wait: Option<u64>,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let found = verify(services, tag, wait.map(Duration::from_secs)).await?;
    if format.json {
        sink.json(&Json::new(place(services).await, &found))?;
    } else {
        sink.text(&shown(&found, sink.style()));
    }
    Ok(match (found.holds(), found.unreadable()) {
        (true, _) => Exit::Done,
        (false, Some(kind)) => Exit::of_kind(kind),
        (false, None) => Exit::Refused,
    })
}

/// One line per check, and a summary.
fn shown(found: &Verification, style: Style) -> String {
    let table = text::checks(found.lines.iter().map(CheckRow::from), style).indented(2);
    let title = style.paint(Role::Title, &format!("{} in {}", found.place.tag, found.place.repo));
    let who = found.record.as_ref().map(|sealed| {
        let record = &sealed.record;
        let (model, by) = (&record.model, clean_line(&record.signer.login));
        let reason = if record.reason.is_empty() { String::new() } else { format!(": {}", clean_line(&record.reason)) };
        format!("  {} {} {} by {by}{reason}\n", model.name, model.version, decision::past(record.decision))
    });
    let against = found.lines.iter().filter(|l| l.state.refuses()).count() as u64;
    let sum = match found.holds() {
        true => Mark::Pass.say("signed off", style.symbols()),
        false => {
            Mark::Block.say(format_args!("do not deploy: {} failed", number::count(against, "check")), style.symbols())
        }
    };
    let sum = style.phrase(&sum);
    format!("{title}\n{}{}  {sum}\n", who.unwrap_or_default(), table.render(style))
}
