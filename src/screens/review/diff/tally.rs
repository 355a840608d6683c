//! Counting how rows differ: what stands behind a heading, and on a folded group.

use crate::domain::compare::Change;

/// How many rows differ, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Moved in the stated direction.
    pub better: usize,
    /// Moved against it.
    pub worse: usize,
    /// Differ, and nobody said which way is better.
    pub changed: usize,
    /// Only the candidate has them.
    pub added: usize,
    /// Only the baseline has them.
    pub removed: usize,
    /// The same on both sides.
    pub same: usize,
}

impl Tally {
    /// Counts `changes`.
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

    /// How many rows there are.
    pub fn total(&self) -> usize {
        self.better + self.worse + self.changed + self.added + self.removed + self.same
    }

    /// What differs, what matters most first: how it differs, and how often.
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
}
