//! The rows of a review's tabs, made from the facts.

use crate::app::effect::Place;
use crate::domain::compare::{Change, Comparison, Directions, MetricRow, Side, TextRow, compare};
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::policy::Finding;
use crate::domain::text;
use crate::ui::text::wrap;

/// One row of a tab.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A heading.
    Section {
        /// What follows.
        title: String,
        /// A word on it, such as how much of it is equal.
        word: String,
        /// Heading of the baseline's column, if any.
        old: String,
        /// Heading of the candidate's column, if any.
        new: String,
    },
    /// A metric on both sides.
    Metric(MetricRow),
    /// A param or tag on both sides.
    Text(TextRow),
    /// A named fact.
    Fact {
        /// Its name.
        label: String,
        /// Its value.
        value: String,
        /// Where it can be looked at.
        place: Option<Place>,
        /// Something is missing or odd.
        warn: bool,
    },
    /// A rule of the policy.
    Finding(Finding),
    /// A line of text.
    Line(String),
    /// An empty line.
    Gap,
}

impl Row {
    /// What copying this row gives.
    #[must_use]
    pub fn copied(&self) -> Option<String> {
        match self {
            Self::Metric(m) => Some(m.new.or(m.old)?.0.to_string()),
            Self::Text(t) => t.new.clone().or_else(|| t.old.clone()),
            Self::Fact { value, .. } => Some(value.clone()),
            Self::Finding(finding) => Some(format!("{}: {}", finding.rule, finding.detail)),
            Self::Line(line) if !line.is_empty() => Some(line.clone()),
            _ => None,
        }
    }
}

/// The differences, or everything, section by section.
#[must_use]
pub fn diff_rows(facts: &ReviewedFacts, directions: &Directions, differences_only: bool) -> Vec<Row> {
    let candidate = Side { version: &facts.version, run: facts.run.known() };
    let baseline = facts.baseline.as_ref().map(|b| Side { version: &b.version, run: b.run.known() });
    let Comparison { metrics, params, tags } = compare(candidate, baseline, directions);
    let mut rows = Vec::new();
    let mut warn = |what: &str, run: &RunFacts| {
        if let RunFacts::Unreadable(why) = run {
            rows.push(fact(&format!("{what}'s run"), why, None, true));
        } else if *run == RunFacts::NotRecorded {
            rows.push(fact(&format!("{what}'s run"), "the version names no run", None, true));
        }
    };
    warn("candidate", &facts.run);
    if let Some(baseline) = &facts.baseline {
        warn("baseline", &baseline.run);
    }
    section(&mut rows, "METRICS", metrics, |m| m.change, Row::Metric, differences_only);
    section(&mut rows, "PARAMS", params, |p| p.change, Row::Text, differences_only);
    section(&mut rows, "TAGS", tags, |t| t.change, Row::Text, differences_only);
    // The columns are named once, on the first heading.
    if let Some(Row::Section { old, new, .. }) = rows.iter_mut().find(|r| matches!(r, Row::Section { .. })) {
        *old = facts.baseline.as_ref().map(|b| b.version.number.to_string()).unwrap_or_default();
        *new = facts.version.number.to_string();
    }
    rows
}

fn section<T>(
    rows: &mut Vec<Row>,
    title: &str,
    items: Vec<T>,
    change: impl Fn(&T) -> Change,
    row: impl Fn(T) -> Row,
    differences_only: bool,
) {
    let total = items.len();
    let kept: Vec<T> = items.into_iter().filter(|i| !differences_only || change(i) != Change::Same).collect();
    let equal = total - kept.len();
    if !rows.is_empty() {
        rows.push(Row::Gap);
    }
    let word = match (total, equal) {
        (0, _) => "none".to_owned(),
        (_, 0) => String::new(),
        (total, equal) if total == equal => format!("all {equal} equal"),
        (_, equal) => format!("{equal} equal"),
    };
    rows.push(heading(title, &word));
    rows.extend(kept.into_iter().map(row));
}

/// The description, wrapped to `width` columns.
#[must_use]
pub fn text_rows(text: &str, width: u16) -> Vec<Row> {
    if text.trim().is_empty() {
        return vec![Row::Line("This version has no description.".to_owned())];
    }
    // Less the columns of the cursor, and one to breathe.
    let width = usize::from(width.saturating_sub(4)).max(20);
    wrap(text.trim_end(), width).into_iter().map(Row::Line).collect()
}

fn heading(title: &str, word: &str) -> Row {
    Row::Section { title: title.to_owned(), word: word.to_owned(), old: String::new(), new: String::new() }
}

fn fact(label: &str, value: &str, place: Option<Place>, warn: bool) -> Row {
    Row::Fact { label: label.to_owned(), value: text::clean_line(value), place, warn }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::promotion::samples;

    #[test]
    fn equal_rows_are_folded_into_a_count() {
        let rows = diff_rows(&samples::facts(), &Directions::default(), true);
        assert!(matches!(&rows[0], Row::Section { word, .. } if word == "1 equal"), "{:?}", rows[0]);
        let all = diff_rows(&samples::facts(), &Directions::default(), false);
        assert_eq!(all.len(), rows.len() + 3);
    }
}
