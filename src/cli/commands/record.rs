//! `signoff record`

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::output::{Sink, Style};
use crate::cli::table::{Align, Table};
use crate::cli::text;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::present::record::{Became, Section, page};
use crate::present::time::Zone;
use crate::present::{Phrase, Role};
use crate::services::Services;
use crate::services::audit::record::find;

/// Runs the command.
///
/// # Errors
/// If there is no such record, it is not the one that was signed, or it cannot be read.
pub async fn run(services: &Services, named: &str, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let found = find(services, named).await?;
    for note in &found.notes {
        sink.warn(&note.to_string());
    }
    if format.json {
        // From the bytes that are hashed, which write 0.0 as 0: as it was signed, to the digit.
        let signed: serde_json::Value = serde_json::from_slice(&found.sealed.to_bytes())
            .map_err(|e| Failure::new(FailureKind::Bug, Service::Local, "write the record as JSON", e.to_string()))?;
        sink.json(&signed)?;
        return Ok(Exit::Done);
    }
    let style = sink.style();
    let promotion = found.promotion.as_ref().map(|(state, driven)| (&**state, *driven));
    let now = services.clock.now();
    let became = Became {
        outcome: found.outcome.as_ref(),
        added: found.added.iter().collect(),
        promotion,
        cd_seen_at: promotion.map(|(state, _)| state).filter(|s| s.may_differ_in_cd(now)).map(|s| s.updated_at),
        is_on_release: found.is_on_release,
        replaced_by: found.replaced_by.as_deref(),
    };
    let sections = page(&found.sealed, &became, Zone::Utc, style.symbols());
    let shown: Vec<String> = sections.iter().map(|section| shown(section, style)).collect();
    sink.text(shown.concat().trim_start_matches('\n'));
    Ok(Exit::Done)
}

fn shown(section: &Section, style: Style) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]).indented(2);
    for row in &section.rows {
        table.row([Phrase::of(Role::Muted, row.label.clone()), row.said.clone()]);
    }
    text::section(section.heading, &table.render(style), style)
}
