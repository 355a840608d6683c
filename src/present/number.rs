//! Counts, metric values and differences.

use super::{Phrase, Role, Symbols};
use crate::domain::compare::Change;
use crate::domain::release::signed;

/// A number of things: `1 commit`, `3 commits`.
pub fn count(n: impl Into<u64>, one: &str) -> String {
    let n = n.into();
    format!("{n} {}", plural(n, one))
}

/// `one`, or its plural unless there is exactly one. For words whose plural ends in `s`.
pub fn plural(n: u64, one: &str) -> String {
    if n == 1 { one.to_owned() } else { format!("{one}s") }
}

/// How a change looks: symbol, word and role all say the same.
pub fn change(change: Change, symbols: &Symbols) -> (Role, &'static str, &'static str) {
    match change {
        Change::Better => (Role::Good, symbols.better, "better"),
        Change::Worse => (Role::Bad, symbols.worse, "worse"),
        Change::Added => (Role::Unknown, "+", "new"),
        Change::Removed => (Role::Warn, "-", "gone"),
        Change::Unknown => (Role::Unknown, symbols.unknown, "changed"),
        Change::Same => (Role::Muted, symbols.same, "equal"),
    }
}

/// A difference in two pieces, for two columns: `▲` and `+0.012`, `+` and `new`, `=` and nothing.
pub fn difference(kind: Change, delta: Option<f64>, symbols: &Symbols) -> [Phrase<'static>; 2] {
    let (role, symbol, word) = change(kind, symbols);
    let said = match (kind, delta) {
        (Change::Same, _) => String::new(),
        (Change::Added | Change::Removed, _) => word.to_owned(),
        (_, delta) => delta.map(signed).unwrap_or_default(),
    };
    [Phrase::of(role, symbol), Phrase::of(role, said)]
}

/// A difference in one piece: `▲ +0.012`.
pub fn delta(kind: Change, delta: Option<f64>, symbols: &Symbols) -> Phrase<'static> {
    let [symbol, said] = difference(kind, delta, symbols);
    if said.is_empty() { symbol } else { symbol.text(" ").join(said) }
}
