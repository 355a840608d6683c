//! Journal entries as lines on stderr while a promotion goes on.

use crate::domain::cd::CdOutcome;
use crate::domain::promotion::{Ending, Event, Finding, Receipt};

/// One event as a line; none for those that say nothing new.
pub fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Opened { plan } => format!("journal   written, promotion {}", plan.id),
        Event::Verified => "facts     re-read, nothing changed".to_owned(),
        Event::Refused { failure } => format!("refused   {failure}"),
        Event::Started { .. } | Event::UndoStarted { .. } => return None,
        Event::Succeeded { step, receipt } => format!("✓ {step}{}", detail(receipt)),
        Event::Failed { step, failure } => format!("✗ {step}: {failure}"),
        Event::Unknown { step, failure } => format!("? {step}: {failure}; reading what became of it"),
        Event::Probed { step, finding } => match finding {
            Finding::Applied { receipt } => format!("✓ {step}: it was applied{}", detail(receipt)),
            Finding::NotApplied => format!("? {step}: it was not applied"),
            Finding::Foreign { what, .. } => format!("✗ {step}: {what}"),
        },
        Event::ProbeFailed { step, failure } => format!("✗ {step}: {failure}"),
        Event::UndoRequested { by } => format!("undo      asked for by {by}"),
        Event::Undone { step, note } => format!("✓ {step} taken back: {note}"),
        Event::UndoFailed { step, failure } => format!("✗ {step} not taken back: {failure}"),
        Event::Paused { failure, .. } => format!("paused    {failure}"),
        Event::Resumed => "resumed".to_owned(),
        Event::CdSeen { outcome } => format!("CD        {}", cd(outcome)),
        Event::Ended { ending, .. } => match ending {
            Ending::Done => "done".to_owned(),
            Ending::Undone { why } => format!("undone    {why}"),
            Ending::Refused { .. } => return None,
            Ending::Superseded { by } => format!("ended     {by}"),
        },
    })
}

fn detail(receipt: &Receipt) -> String {
    match receipt {
        Receipt::Moved { archived } if !archived.is_empty() => {
            let list = archived.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("   {list} archived")
        }
        Receipt::Released { url, .. } => format!("   {url}"),
        Receipt::Cd { outcome } => format!("   {}", cd(outcome)),
        _ => String::new(),
    }
}

/// The CD run in a phrase.
pub fn cd(outcome: &CdOutcome) -> String {
    match outcome {
        CdOutcome::NotExpected => "is not expected".to_owned(),
        CdOutcome::NotStarted { waited_s } => format!("did not start within {waited_s} s"),
        CdOutcome::Run(run) => {
            let file = run.path.rsplit('/').next().unwrap_or(&run.path);
            format!("{file} run #{}: {}   {}", run.number, run.state, run.web_url)
        }
    }
}
