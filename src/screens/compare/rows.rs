//! The rows of a comparison: sections, folded groups, values, unfolded long texts.

use std::collections::HashSet;

use crate::domain::beside::{Beside, Cells, ValueRow, sort_by_size};
use crate::domain::fold::{Fold, LEAST, fold};
use crate::domain::text::clean_line;
use crate::present::compare::equal;

/// A row of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareRow {
    /// A blank between sections.
    Gap,
    /// A section heading with a remark.
    Section {
        title: &'static str,
        /// What is hidden, or that there is nothing.
        word: String,
    },
    /// Names with a common prefix.
    Group {
        prefix: String,
        /// Number of names.
        count: usize,
        /// Number of names whose values differ.
        differing: usize,
        /// Whether the group is unfolded.
        open: bool,
    },
    /// A metric, param or tag.
    Value {
        row: ValueRow,
        /// Whether it belongs to an open group.
        inside: bool,
    },
    /// A line of a long text, prefixed with its owner.
    Text(String),
}

impl CompareRow {
    /// The text a filter matches against; none for what stands around the rows.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Value { row, .. } => {
                let values: Vec<String> = match &row.cells {
                    Cells::Numbers(values) => values.iter().flatten().map(ToString::to_string).collect(),
                    Cells::Texts(texts) => texts.iter().flatten().map(|text| clean_line(text)).collect(),
                };
                Some(format!("{} {}", clean_line(&row.name), values.join(" ")))
            }
            Self::Text(line) => Some(line.clone()),
            Self::Gap | Self::Section { .. } | Self::Group { .. } => None,
        }
    }
}

impl CompareRow {
    /// The numbers of a metric, as they are shown.
    pub fn numbers(&self) -> Vec<String> {
        match self {
            Self::Value { row: ValueRow { cells: Cells::Numbers(values), .. }, .. } => {
                values.iter().flatten().map(ToString::to_string).collect()
            }
            Self::Value { .. } | Self::Gap | Self::Section { .. } | Self::Group { .. } | Self::Text(_) => Vec::new(),
        }
    }
}

/// Display options of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Show only rows that differ.
    pub differences_only: bool,
    /// Sort by largest change first.
    pub by_size: bool,
    /// Keys of unfolded groups and long texts.
    pub open: HashSet<String>,
    /// Every group is unfolded.
    pub all_open: bool,
}

/// The rows and their keys. Long texts are wrapped to `width`.
pub fn rows(laid: Beside, labels: &[&str], choice: &Choice, width: usize) -> (Vec<CompareRow>, Vec<String>) {
    let mut out = Out { rows: Vec::new(), keys: Vec::new() };
    for (title, items) in [("METRICS", laid.metrics), ("PARAMS", laid.params), ("TAGS", laid.tags)] {
        section(&mut out, title, items, labels, choice, width);
    }
    (out.rows, out.keys)
}

struct Out {
    rows: Vec<CompareRow>,
    keys: Vec<String>,
}

impl Out {
    fn push(&mut self, key: String, row: CompareRow) {
        self.keys.push(key);
        self.rows.push(row);
    }
}

fn section(out: &mut Out, title: &'static str, items: Vec<ValueRow>, labels: &[&str], choice: &Choice, width: usize) {
    let total = items.len();
    let mut kept: Vec<ValueRow> = items.into_iter().filter(|r| !choice.differences_only || r.differs()).collect();
    let word = equal(total - kept.len(), total);
    if !out.rows.is_empty() {
        out.push(format!("{title} gap"), CompareRow::Gap);
    }
    out.push(title.to_owned(), CompareRow::Section { title, word });
    if choice.by_size {
        // Sorted by size, rows are not grouped: the largest change must not hide in a group.
        sort_by_size(&mut kept);
        for row in kept {
            value(out, title, row, false, labels, choice, width);
        }
        return;
    }
    let names: Vec<&str> = kept.iter().map(|r| r.name.as_str()).collect();
    for part in fold(&names, LEAST) {
        match part {
            Fold::One(i) => value(out, title, kept[i].clone(), false, labels, choice, width),
            Fold::Many { prefix, members } => {
                let key = format!("{title} {prefix}*");
                let open = choice.all_open || choice.open.contains(&key);
                let differing = members.iter().filter(|i| kept[**i].differs()).count();
                out.push(key, CompareRow::Group { prefix, count: members.len(), differing, open });
                for i in members.into_iter().filter(|_| open) {
                    value(out, title, kept[i].clone(), true, labels, choice, width);
                }
            }
        }
    }
}

fn value(out: &mut Out, title: &str, row: ValueRow, inside: bool, labels: &[&str], choice: &Choice, width: usize) {
    let key = format!("{title} {}", row.name);
    let texts = match &row.cells {
        Cells::Texts(texts) if choice.open.contains(&key) => texts.clone(),
        _ => Vec::new(),
    };
    out.push(key.clone(), CompareRow::Value { row, inside });
    for (label, text) in labels.iter().zip(texts) {
        let text = clean_line(text.as_deref().unwrap_or("-"));
        let line = format!("{label}: {text}");
        for (n, line) in crate::ui::text::wrap(&line, width.max(20)).into_iter().enumerate() {
            out.push(format!("{key} {label} {n}"), CompareRow::Text(line));
        }
    }
}
