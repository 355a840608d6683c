//! Decisions: what was decided, what came of it, and who says so.

use jiff::Timestamp;

use super::{Mark, Phrase, Symbols, time};
use crate::domain::log::{Effect, FoundIn, LogEntry};
use crate::domain::record::{Basis, Decision, DecisionMark};
use crate::domain::text::clean_line;

/// What was done: `approved`, `rolled back`.
pub fn past(decision: Decision) -> &'static str {
    match decision {
        Decision::Rollback => "rolled back",
        other => other.past(),
    }
}

/// What came of a decision; nothing where it moved nothing.
pub fn effect(effect: &Effect, symbols: &Symbols) -> Phrase<'static> {
    match effect {
        Effect::Production => Mark::Pass.say("released", symbols),
        Effect::Said => Phrase::default(),
        Effect::Failed(why) => Mark::Note.say(clean_line(why), symbols),
        Effect::Open(why) => Mark::Warn.say(clean_line(why), symbols),
    }
}

/// Who signed, and whose approvals are in it.
pub fn people(entry: &LogEntry) -> String {
    let names = std::iter::once(&entry.by).chain(&entry.also);
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Where an entry was found: `this machine, release`.
pub fn sources(entry: &LogEntry) -> String {
    entry.sources.iter().copied().map(FoundIn::word).collect::<Vec<_>>().join(", ")
}

/// The beginning of a hash, enough to tell records apart.
pub fn short_hash(hash: &str) -> String {
    hash.trim_start_matches("sha256:").chars().take(7).collect()
}

/// The decision in force on a version: `held by lee 2d ago: waiting for legal`.
pub fn mark(mark: &DecisionMark, now: Timestamp) -> String {
    let why = if mark.reason.is_empty() { String::new() } else { format!(": {}", clean_line(&mark.reason)) };
    format!("{} by {} {} ago{why}", past(mark.decision), mark.by, time::age(mark.at, now))
}

/// Which of the approvals that are needed the next one is, and what it does.
pub fn nth(basis: &Basis) -> String {
    let (nth, of) = (basis.approvals.len() + 1, basis.demands.approvals);
    let after: Vec<&str> = basis.approvals.iter().map(|a| a.login.as_str()).collect();
    let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
    let then = if basis.completes() { "the last one needed" } else { "recorded, promotes nothing yet" };
    format!("approval {nth} of {of}{after}: {then}")
}
