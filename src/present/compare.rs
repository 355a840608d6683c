//! Comparisons: counts of differing rows, and texts for missing data.

use super::{Phrase, Role, Symbols, number};
use crate::domain::compare::Change;

/// Shown for a model logged without a signature.
pub const NO_SIGNATURE: &str = "the model was logged without a signature";

/// Row counts by kind of difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub better: usize,
    pub worse: usize,
    /// Different, without a configured direction.
    pub changed: usize,
    pub added: usize,
    pub removed: usize,
    pub same: usize,
}

impl Tally {
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut tally = Self::default();
        for change in changes {
            *match change {
                Change::Better => &mut tally.better,
                Change::Worse => &mut tally.worse,
                Change::Unknown => &mut tally.changed,
                Change::Added => &mut tally.added,
                Change::Removed => &mut tally.removed,
                Change::Same => &mut tally.same,
            } += 1;
        }
        tally
    }

    pub fn total(&self) -> usize {
        self.better + self.worse + self.changed + self.added + self.removed + self.same
    }

    /// The differences, most important first.
    pub fn differing(&self) -> Vec<(Change, usize)> {
        let all = [
            (Change::Worse, self.worse),
            (Change::Better, self.better),
            (Change::Unknown, self.changed),
            (Change::Added, self.added),
            (Change::Removed, self.removed),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// `▼ 3  ▲ 9`: the differences, for a heading.
    pub fn symbols(&self, symbols: &Symbols) -> Phrase<'static> {
        self.differing().into_iter().fold(Phrase::default(), |phrase, (change, count)| {
            let (role, symbol, _) = number::change(change, symbols);
            phrase.add(role, format!("  {symbol} {count}"))
        })
    }

    /// `, ▼ 3 worse`: the differences in words, for a group.
    pub fn words(&self, symbols: &Symbols) -> Phrase<'static> {
        self.differing().into_iter().fold(Phrase::default(), |phrase, (change, count)| {
            let (role, symbol, word) = number::change(change, symbols);
            phrase.add(role, format!(", {symbol} {count} {word}"))
        })
    }

    /// `? 1 changed, + 2 new, 3 equal`: everything, in words.
    pub fn said(&self, symbols: &Symbols) -> Phrase<'static> {
        let equal = self.equal();
        let mut out = Phrase::default();
        for (change, count) in self.differing() {
            let (role, symbol, word) = number::change(change, symbols);
            let gap = if out.is_empty() { "" } else { ", " };
            out = out.add(Role::Muted, gap).add(role, format!("{symbol} {count} {word}"));
        }
        let gap = if out.is_empty() || equal.is_empty() { "" } else { ", " };
        out.add(Role::Muted, format!("{gap}{equal}"))
    }

    /// The number of equal rows: `3 equal`, `all 3 equal`.
    pub fn equal(&self) -> String {
        equal(self.same, self.total())
    }
}

/// How many of `total` rows are equal; empty if none, `none` if there are no rows.
pub fn equal(same: usize, total: usize) -> String {
    match (total, same) {
        (0, _) => "none".to_owned(),
        (_, 0) => String::new(),
        (total, same) if total == same => format!("all {same} equal"),
        (_, same) => format!("{same} equal"),
    }
}
