//! Decisions: what was decided, its effect and its sources.

use jiff::Timestamp;

use super::{Mark, Phrase, Role, Symbols, time};
use crate::domain::identity::About;
use crate::domain::log::{Effect, FoundIn, LogEntry};
use crate::domain::record::mark::day;
use crate::domain::record::{Decision, DecisionDraft, DecisionMark};
use crate::domain::registry::PromotionTarget;
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

/// What became of an entry of the log, and where it is about another version or place than those of now.
pub fn outcome(entry: &LogEntry, target: Option<&PromotionTarget>, symbols: &Symbols) -> Phrase<'static> {
    let mut said = effect(&entry.effect, symbols);
    let mut also = |what: String| {
        let gap = if said.is_empty() { "" } else { ", " };
        said = std::mem::take(&mut said).add(Role::Warn, format!("{gap}{what}"));
    };
    if let Some(place) = entry.place.as_ref().filter(|_| target.is_some_and(|target| entry.is_beside(target))) {
        also(format!("to {place}"));
    }
    if let Some(now) = &entry.renamed {
        also(format!("the model is called {now} now"));
    }
    match &entry.about {
        Some(About::Another(_)) => also("another version of that name".to_owned()),
        Some(About::CannotTell(_)) if entry.decision.promotes() => also("which version, cannot be told".to_owned()),
        Some(About::CannotTell(_) | About::Same) | None => {}
    }
    said
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
    let until = match (mark.until, mark.is_due(now)) {
        (Some(until), None) => format!(" until {}", day(until)),
        (Some(until), Some(_)) => format!(" until {}, which has passed", day(until)),
        (None, _) => String::new(),
    };
    format!("{} by {} {} ago{until}{why}", past(mark.decision), mark.by, time::age(mark.at, now))
}

/// The position of the next approval among those needed, and its effect.
pub fn nth(draft: &DecisionDraft) -> String {
    if let Some(asked) = draft.passes() {
        return format!("{} passes, {} is left: this promotes nothing yet", asked.task, asked.left());
    }
    let basis = &draft.basis;
    let after: Vec<&str> = basis.approvals.iter().map(|a| a.login.as_str()).collect();
    let after = if after.is_empty() { String::new() } else { format!(", after {}", after.join(", ")) };
    let then = if basis.completes() { "the last one needed" } else { "recorded, promotes nothing yet" };
    format!("{}{after}: {then}", basis.nth_approval())
}
