//! The lines of the list: headings of sections, versions, and what is folded under them.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::Section;

/// A waiting version. Sort order: by section; in it oldest first, versions without a date after the dated ones because
/// their age is unknown. Ties are sorted by model name and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub section: Section,
    pub undated: bool,
    pub created: Option<Timestamp>,
    /// Index of the model among those read.
    pub model: usize,
    pub version: VersionNumber,
    /// The version whose row stands for this one; none if it has a row of its own.
    pub under: Option<VersionNumber>,
}

impl Entry {
    /// Its model's index and its version.
    pub fn key(&self) -> (usize, VersionNumber) {
        (self.model, self.version)
    }
}

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Heading(Section),
    /// Index of the entry, and whether it stands under another one's row.
    Row(usize, bool),
    /// What is folded under the row above: how many versions newer than it, and how many older.
    Fold {
        newer: usize,
        older: usize,
    },
}

/// What the cursor finds a line again by.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    Heading(Section),
    Row(ModelName, VersionNumber),
    Fold(ModelName),
}

/// The lines for the entries at these indices, in list order. Without folds each entry stands in its own section.
pub fn arrange(rows: &[Entry], shown: &[usize], folds: bool, unfolded: &BTreeSet<usize>) -> Vec<Line> {
    let under = |i: &usize| rows[*i].under.filter(|_| folds);
    let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
    for i in shown.iter().filter(|i| under(i).is_some()) {
        below.entry(rows[*i].model).or_default().push(*i);
    }
    for of_model in below.values_mut() {
        of_model.sort_by_key(|i| std::cmp::Reverse(rows[*i].version));
    }
    let (mut lines, mut section) = (Vec::new(), None);
    for i in shown.iter().filter(|i| under(i).is_none()) {
        let entry = rows[*i];
        if section != Some(entry.section) {
            lines.push(Line::Heading(entry.section));
            section = Some(entry.section);
        }
        lines.push(Line::Row(*i, false));
        let stands_for = |below: &&Vec<usize>| below.iter().any(|of| rows[*of].under == Some(entry.version));
        let Some(folded) = below.get(&entry.model).filter(stands_for) else { continue };
        if unfolded.contains(&entry.model) {
            lines.extend(folded.iter().map(|of| Line::Row(*of, true)));
        } else {
            let newer = folded.iter().filter(|of| rows[**of].version > entry.version).count();
            lines.push(Line::Fold { newer, older: folded.len() - newer });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(section: Section, model: usize, version: u64, under: Option<u64>) -> Entry {
        let under = under.map(VersionNumber);
        Entry { section, undated: true, created: None, model, version: VersionNumber(version), under }
    }

    fn rows() -> Vec<Entry> {
        vec![
            entry(Section::Ready, 0, 4, None),
            entry(Section::NeedsALook, 0, 3, Some(4)),
            entry(Section::NeedsALook, 1, 7, None),
            entry(Section::CannotBeApproved, 0, 5, Some(4)),
            entry(Section::Held, 2, 1, None),
        ]
    }

    #[test]
    fn sections_without_rows_have_no_heading_and_folds_are_counted() {
        let lines = arrange(&rows(), &[0, 1, 2, 3, 4], true, &BTreeSet::new());
        let expected = [
            Line::Heading(Section::Ready),
            Line::Row(0, false),
            Line::Fold { newer: 1, older: 1 },
            Line::Heading(Section::NeedsALook),
            Line::Row(2, false),
            Line::Heading(Section::Held),
            Line::Row(4, false),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_unfolded_stands_under_its_row_newest_first() {
        let lines = arrange(&rows(), &[0, 1, 2, 3, 4], true, &BTreeSet::from([0]));
        assert_eq!(lines[1..4], [Line::Row(0, false), Line::Row(3, true), Line::Row(1, true)]);
    }

    #[test]
    fn what_a_filter_finds_is_not_folded() {
        let lines = arrange(&rows(), &[1, 3], false, &BTreeSet::new());
        let expected = [
            Line::Heading(Section::NeedsALook),
            Line::Row(1, false),
            Line::Heading(Section::CannotBeApproved),
            Line::Row(3, false),
        ];
        assert_eq!(lines, expected);
    }
}
