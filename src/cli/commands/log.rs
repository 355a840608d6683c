//! `signoff log`

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::log::Log as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::registry::PromotionTarget;
use crate::domain::text::clean_line;
use crate::present::{Mark, Phrase, Role, UNICODE, decision, time};
use crate::services::Services;
use crate::services::audit::log::{self, Log, LogEntry};

/// Output format.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Shape {
    #[command(flatten)]
    pub format: Format,
    /// Print a Markdown table, for a wiki or an audit
    #[arg(long, conflicts_with_all = ["json", "jq"])]
    pub markdown: bool,
}

/// The time given with `--at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub at: Timestamp,
    /// How it was understood, if it can be understood in several ways.
    pub said: Option<String>,
}

/// Parses `--at`: a day (its end, in UTC), an exact time with a zone (RFC 3339), or a time without one, which is local.
///
/// # Errors
/// A message that lists the accepted formats.
pub fn moment(text: &str) -> Result<At, String> {
    moment_in(text, &TimeZone::system())
}

fn moment_in(text: &str, zone: &TimeZone) -> Result<At, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(At { at, said: None });
    }
    let formats = "give a day such as 2026-11-23, or a time such as 2026-11-23T09:00 (local) or 2026-11-23T09:00:00Z";
    if text.contains(['T', 't', ' ', ':']) {
        let time: DateTime = text.parse().map_err(|_| formats)?;
        // A minute means its end, as a day does.
        let seconds = text.matches(':').count() > 1;
        let end = if seconds {
            time
        } else {
            time.with().second(59).subsec_nanosecond(999_999_999).build().map_err(|_| formats)?
        };
        let at = zone.to_timestamp(end).map_err(|e| e.to_string())?;
        let shown = end.strftime(if seconds { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M" });
        let east = zone.to_offset(at).seconds();
        let (sign, minutes) = (if east < 0 { '-' } else { '+' }, east.unsigned_abs() / 60);
        let said = format!("{shown} local time, UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        return Ok(At { at, said: Some(said) });
    }
    let day: Date = text.parse().map_err(|_| formats)?;
    let end = TimeZone::UTC.to_timestamp(day.at(23, 59, 59, 999_999_999)).map_err(|e| e.to_string())?;
    Ok(At { at: end, said: Some(format!("the end of {day}, UTC")) })
}

/// Runs the command. Unreadable sources are reported on stderr and do not fail it; records of this machine that were
/// changed or are missing do.
///
/// # Errors
/// Only if the output cannot be written.
pub async fn run(
    services: &Services,
    model: Option<&ModelName>,
    at: Option<At>,
    shape: Shape,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let log = log::read(services, model).await;
    let (at, said) = at.map_or((None, None), |at| (Some(at.at), at.said));
    if shape.format.json {
        sink.json(&Json::new(place(services).await, &log, at))?;
        return Ok(end(&log));
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
    if let Some(said) = said {
        sink.note(&format!("--at is {said}."));
    }
    for line in footnotes(&log) {
        sink.note(&line);
    }
    for broken in &log.breaks {
        sink.say(&Mark::Block.say(format_args!("the records of this machine: {broken}"), &UNICODE));
    }
    Ok(end(&log))
}

/// A log of records that were changed is not to be relied on.
fn end(log: &Log) -> Exit {
    if log.breaks.is_empty() { Exit::Done } else { Exit::Journal }
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
        let utc = |text: &str| moment(text).map(|m| m.at.to_string());
        assert_eq!(utc("2026-11-23").unwrap(), "2026-11-23T23:59:59.999999999Z");
        assert_eq!(utc("2026-11-23T09:00:00+01:00").unwrap(), "2026-11-23T08:00:00Z");
        assert!(utc("last week").unwrap_err().contains("2026-11-23"));
        assert!(utc("2026-11-23T25:00").is_err());
    }

    #[test]
    fn a_time_without_a_zone_is_that_minute_in_local_time_and_the_answer_says_so() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        for (text, at, said) in [
            ("2026-11-29T02:14", "2026-11-29T01:14:59.999999999Z", "2026-11-29 02:14 local time, UTC+01:00"),
            ("2026-11-29 02:14", "2026-11-29T01:14:59.999999999Z", "2026-11-29 02:14 local time, UTC+01:00"),
            ("2026-11-29T02:14:07", "2026-11-29T01:14:07Z", "2026-11-29 02:14:07 local time, UTC+01:00"),
        ] {
            let read = moment_in(text, &berlin).unwrap();
            assert_eq!((read.at.to_string().as_str(), read.said.as_deref()), (at, Some(said)), "{text}");
        }
    }
}
