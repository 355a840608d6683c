//! The order of what matches: what is called so, what begins so, what contains it, what resembles it.

use std::cmp::Reverse;

use super::entries::{Entry, Kind};
use crate::app::fuzzy;

/// How well an entry's name matches; the best is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    Exact,
    Start,
    Part,
    Resembles,
}

/// Indices of the entries that match, best first; all of them, in their order, if nothing is typed.
pub fn rank(query: &str, entries: &[Entry]) -> Vec<(usize, Fit)> {
    let query = query.trim();
    if query.is_empty() {
        return (0..entries.len()).map(|index| (index, Fit::Exact)).collect();
    }
    let lower = query.to_lowercase();
    let scores = fuzzy::scores(query, entries, |entry| match entry.kind {
        // Letters strewn over a sentence of help are no match.
        Kind::Own | Kind::Command | Kind::Target | Kind::Theme => format!("{} {}", entry.kind.word(), entry.name),
        _ => format!("{} {} {}", entry.name, entry.kind.word(), entry.note),
    });
    let mut found: Vec<(Fit, Kind, Reverse<u32>, usize, usize)> = Vec::new();
    for (index, (entry, score)) in entries.iter().zip(scores).enumerate() {
        let names = [entry.name.to_lowercase(), entry.raw.to_lowercase()];
        let fit = if names.contains(&lower) {
            Fit::Exact
        } else if names.iter().any(|name| name.starts_with(&lower)) {
            Fit::Start
        } else if names.iter().any(|name| name.contains(&lower)) || entry.note.to_lowercase().contains(&lower) {
            Fit::Part
        } else if score.is_some() {
            Fit::Resembles
        } else {
            continue;
        };
        // Versions come newest first, which is no matter of resemblance.
        let score = if fit <= Fit::Start { 0 } else { score.unwrap_or_default() };
        let length = if entry.kind == Kind::Version { 0 } else { entry.name.len() };
        found.push((fit, entry.kind, Reverse(score), length, index));
    }
    found.sort_by_key(|(fit, kind, score, length, index)| {
        let kind_first = (*fit <= Fit::Start).then_some(*kind);
        (*fit, kind_first, *score, *kind, *length, *index)
    });
    found.into_iter().map(|(fit, .., index)| (index, fit)).collect()
}
