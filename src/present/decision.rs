//! Decisions: what was decided, its effect and its sources.

use jiff::Timestamp;

use super::{Mark, Phrase, Symbols, time};
use crate::domain::log::{Effect, FoundIn, LogEntry};
use crate::domain::record::{Basis, Decision, DecisionMark};
use crate::domain::text::clean_line;

/// Past tense: `approved`, `rolled back`.
pub fn past(decision: Decision) -> &'static str {
    match decision {
        Decision::Rollback => "rolled back",
        other => other.past(),
    }
}

/// The effect of a decision; empty if it changed nothing.
pub fn effect(effect: &Effect, symbols: &Symbols) -> Phrase<'static> {
    match effect {
        Effect::Production => Mark::Pass.say("released", symbols),
        Effect::Said => Phrase::default(),
        Effect::Failed(why) => Mark::Note.say(clean_line(why), symbols),
        Effect::Open(why) => Mark::Warn.say(clean_line(why), symbols),
    }
}

/// The signer and the other approvers.
pub fn people(entry: &LogEntry) -> String {
    let names = std::iter::once(&entry.by).chain(&entry.also);
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The sources of an entry: `this machine, release`.
pub fn sources(entry: &LogEntry) -> String {
    entry.sources.iter().copied().map(FoundIn::word).collect::<Vec<_>>().join(", ")
}

/// Abbreviated hash, enough to tell records apart.
pub fn short_hash(hash: &str) -> String {
    hash.trim_start_matches("sha256:").chars().take(7).collect()
}

/// The decision in force for a version: `held by lee 2d ago: waiting for legal`.
pub fn mark(mark: &DecisionMark, now: Timestamp) -> String {
    let why = if mark.reason.is_empty() { String::new() } else { format!(": {}", clean_line(&mark.reason)) };
    format!("{} by {} {} ago{why}", past(mark.decision), mark.by, time::age(mark.at, now))
}

/// The position of the next approval among those needed, and its effect.
pub fn nth(basis: &Basis) -> String {
    let after: Vec<&str> = basis.approvals.iter().map(|a| a.login.as_str()).collect();
    let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
    let then = if basis.completes() { "the last one needed" } else { "recorded, promotes nothing yet" };
    format!("{}{after}: {then}", basis.nth_approval())
}
