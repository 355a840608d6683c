//! `signoff verify`: may CD deploy this tag?

use std::time::Duration;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::verify::Verify as Json;
use crate::cli::output::{Role, Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Cell, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::TagName;
use crate::domain::text::clean_line;
use crate::domain::verification::LineState;
use crate::services::Services;
use crate::services::audit::verify::{Verification, verify};

/// Runs the command. [`Exit::Done`] only if everything holds.
///
/// # Errors
/// If no repository is configured to look in. What else cannot be read is a line, and no success.
pub async fn run(
    services: &Services,
    tag: &TagName,
    wait: Option<u64>,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let found = verify(services, tag, wait.map(Duration::from_secs)).await?;
    if format.json {
        sink.json(&Json::new(place(services), &found))?;
    } else {
        sink.text(&text(&found, sink.style()));
    }
    Ok(match (found.holds(), found.unreadable()) {
        (true, _) => Exit::Done,
        (false, Some(kind)) => Exit::of_kind(kind),
        (false, None) => Exit::Refused,
    })
}

/// A line a check, and the sum.
fn text(found: &Verification, style: Style) -> String {
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Whole), ("", Align::Left)]).indented(2);
    for line in &found.lines {
        let (mark, role) = match line.state {
            LineState::Pass => ("✓", Role::Good),
            LineState::Note => ("-", Role::Muted),
            LineState::Fail => ("✗", Role::Bad),
            LineState::Unreadable => ("?", Role::Bad),
        };
        table.row([Cell::new(mark, role), line.check.into(), line.detail.clone().into()]);
        if let Some(hint) = &line.hint {
            table.row([Cell::default(), Cell::default(), Cell::new(hint.clone(), Role::Muted)]);
        }
    }
    let title = style.paint(Role::Strong, &format!("{} in {}", found.place.tag, found.place.repo));
    let who = found.record.as_ref().map(|sealed| {
        let record = &sealed.record;
        let (model, by) = (&record.model, clean_line(&record.signer.login));
        let reason = if record.reason.is_empty() { String::new() } else { format!(": {}", clean_line(&record.reason)) };
        format!("  {} {} {} by {by}{reason}\n", model.name, model.version, record.decision.past())
    });
    let against = found.lines.iter().filter(|l| l.state.refuses()).count();
    let sum = match against {
        _ if found.holds() => style.paint(Role::Good, "✓ signed off"),
        1 => style.paint(Role::Bad, "✗ not to be deployed: 1 check does not hold"),
        n => style.paint(Role::Bad, &format!("✗ not to be deployed: {n} checks do not hold")),
    };
    format!("{title}\n{}{}  {sum}\n", who.unwrap_or_default(), table.render(style))
}
