//! `signoff audit`

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::status::Audit as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::status::Status;
use crate::domain::text::{clean_line, count};
use crate::present::{Mark, Phrase, Role};
use crate::services::Services;
use crate::services::status::{Asked, look};

/// Runs the command. [`Exit::Done`] only without findings.
///
/// # Errors
/// If the registry or the records of this machine cannot be read.
pub async fn run(services: &Services, deep: bool, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let asked = Asked { witnesses: false, ..Asked::all(None, deep) };
    let status = look(services, &asked).await?;
    if format.json {
        sink.json(&Json::new(place(services).await, &status))?;
    } else {
        sink.text(&text(&status, sink.style()));
        for model in status.models.iter().filter(|m| !m.unknown.is_empty()) {
            let (name, number) = (&model.model, model.version);
            for doubt in &model.unknown {
                sink.note(&format!("! {name} {number}: cannot tell {}", clean_line(doubt)));
            }
        }
        for note in &status.notes {
            sink.note(&format!("! {note}"));
        }
    }
    let failed = status.failures().next().map(Exit::of);
    Ok(if status.audit().is_empty() { failed.unwrap_or(Exit::Done) } else { Exit::Refused })
}

fn text(status: &Status, style: Style) -> String {
    let (findings, symbols) = (status.audit(), style.symbols());
    let production = count(status.production(), "version");
    let mut table =
        Table::new(&[("MODEL", Align::Left), ("VER", Align::Whole), ("FINDING", Align::Whole), ("WHY", Align::Left)]);
    for finding in &findings {
        table.row([
            Phrase::of(Role::Title, ModelName::new(finding.model.as_str()).to_string()),
            VersionNumber(finding.version).to_string().into(),
            Mark::Block.say(finding.kind, symbols),
            clean_line(&finding.reason).into(),
        ]);
    }
    let doubtful = status.models.iter().filter(|model| !model.unknown.is_empty()).count();
    let sum = match (findings.len(), doubtful) {
        (0, 0) => Mark::Pass.say(format_args!("{production} in production, each as it was signed"), symbols),
        (0, doubtful) => Mark::Unknown.say(
            format_args!(
                "{production} in production, no findings; not everything is known of {}",
                count(doubtful, "model")
            ),
            symbols,
        ),
        (n, _) => Mark::Block.say(format_args!("{production} in production, {}", count(n, "finding")), symbols),
    };
    let table = if findings.is_empty() { String::new() } else { table.render(style) };
    format!("{table}{}\n", style.phrase(&sum))
}
