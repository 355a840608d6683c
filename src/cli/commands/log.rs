//! `signoff log`

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::exit::Exit;
use crate::cli::json::log::Log as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::registry::PromotionTarget;
use crate::domain::text::clean_line;
use crate::present::{Phrase, Role, UNICODE, decision, time};
use crate::services::Services;
use crate::services::audit::log::{self, Log, LogEntry};

/// Output format.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Shape {
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print a Markdown table, for a wiki or an audit
    #[arg(long)]
    pub markdown: bool,
}

/// Parses `--at`: a day (meaning its end, in UTC) or an exact time (RFC 3339).
///
/// # Errors
/// A message that lists the accepted formats.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date =
        text.parse().map_err(|_| "give a day such as 2026-11-23, or a time such as 2026-11-23T09:00:00Z")?;
    let end = TimeZone::UTC.to_timestamp(day.at(23, 59, 59, 999_999_999));
    end.map_err(|e| e.to_string())
}

/// Runs the command. Unreadable sources are reported on stderr and do not fail it.
///
/// # Errors
/// Only if the output cannot be written.
pub async fn run(
    services: &Services,
    model: Option<&ModelName>,
    at: Option<Timestamp>,
    shape: Shape,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let log = log::read(services, model).await;
    if shape.json {
        sink.json(&Json::new(place(services).await, &log, at))?;
        return Ok(Exit::Done);
    }
    let entries: Vec<&LogEntry> = match at {
        Some(at) => log.production_at(at).into_values().collect(),
        None => log.entries.iter().collect(),
    };
    match (entries.is_empty(), at, shape.markdown) {
        (true, Some(at), _) => sink.line(&format!("No record of what was in production at {}.", time::minute(at))),
        (true, None, _) => sink.line("No decisions found."),
        (false, _, true) => sink.text(&markdown(&entries, log.target.as_ref())),
        (false, _, false) => sink.text(&text(&entries, log.target.as_ref(), sink.style())),
    }
    for line in footnotes(&log) {
        sink.note(&line);
    }
    Ok(Exit::Done)
}

/// Which sources were read, and what could not be.
fn footnotes(log: &Log) -> Vec<String> {
    let seen = if log.seen.is_empty() { "nothing".to_owned() } else { log.seen.join("; ") };
    std::iter::once(format!("Searched: {seen}.")).chain(log.notes.iter().map(|note| format!("! {note}"))).collect()
}

fn text(entries: &[&LogEntry], target: Option<&PromotionTarget>, style: Style) -> String {
    let mut table = Table::new(&[
        ("WHEN (UTC)", Align::Whole),
        ("MODEL", Align::Left),
        ("VER", Align::Whole),
        ("DECISION", Align::Whole),
        ("OUTCOME", Align::Left),
        ("BY", Align::Left),
        ("TAG", Align::Left),
        ("RECORD", Align::Whole),
        ("FROM", Align::Left),
        ("WHY", Align::Left),
    ]);
    for entry in entries {
        table.row([
            time::minute(entry.at).into(),
            Phrase::of(Role::Title, entry.model.to_string()),
            entry.version.to_string().into(),
            decision::past(entry.decision).into(),
            decision::outcome(entry, target, style.symbols()),
            decision::people(entry).into(),
            entry.tag.clone().unwrap_or_default().into(),
            entry.record_hash.as_deref().map(decision::short_hash).unwrap_or_default().into(),
            decision::sources(entry).into(),
            clean_line(&entry.reason).into(),
        ]);
    }
    table.render(style)
}

fn markdown(entries: &[&LogEntry], target: Option<&PromotionTarget>) -> String {
    let cell = |text: &str| clean_line(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;");
    let mut out = "| When (UTC) | Model | Version | Decision | By | Reason | Tag | Record | From |\n".to_owned();
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for entry in entries {
        let came = decision::outcome(entry, target, &UNICODE);
        let gap = if came.is_empty() { "" } else { ", " };
        let what = format!("{}{gap}{}", decision::past(entry.decision), came.plain());
        let record = entry.record_hash.as_deref().map(|h| format!("`{}`", cell(h))).unwrap_or_default();
        let cells = [
            time::minute(entry.at),
            cell(&entry.model.to_string()),
            entry.version.to_string(),
            cell(&what),
            cell(&decision::people(entry)),
            cell(&entry.reason),
            cell(entry.tag.as_deref().unwrap_or_default()),
            record,
            decision::sources(entry),
        ];
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_day_means_its_end_and_a_time_itself() {
        assert_eq!(moment("2026-11-23").unwrap().to_string(), "2026-11-23T23:59:59.999999999Z");
        assert_eq!(moment("2026-11-23T09:00:00+01:00").unwrap().to_string(), "2026-11-23T08:00:00Z");
        assert!(moment("last week").unwrap_err().contains("2026-11-23"));
    }
}
