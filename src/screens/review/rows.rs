//! The rows of the description and verdict tabs.

use crate::domain::policy::Finding;
use crate::ui::text::wrap;

/// A row of a tab.
#[derive(Clone, Debug, PartialEq)]
pub enum TabRow {
    /// A labelled fact.
    Fact {
        label: String,
        value: String,
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

impl TabRow {
    /// The text a filter matches against.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Fact { label, value, .. } => Some(format!("{label} {value}")),
            Self::Finding(finding) => Some(format!("{} {}", finding.rule, finding.detail)),
            Self::Line(line) => Some(line.clone()),
            Self::Gap => None,
        }
    }

    /// Text to copy for this row.
    pub fn copied(&self) -> Option<String> {
        match self {
            Self::Fact { value, .. } => Some(value.clone()),
            Self::Finding(finding) => Some(format!("{}: {}", finding.rule, finding.detail)),
            Self::Line(line) if !line.is_empty() => Some(line.clone()),
            Self::Line(_) | Self::Gap => None,
        }
    }
}

/// The description, wrapped to `width` columns.
pub fn text_rows(text: &str, width: u16) -> Vec<TabRow> {
    if text.trim().is_empty() {
        return vec![TabRow::Line("This version has no description.".to_owned())];
    }
    // Minus the columns of the cursor, and a margin.
    let width = usize::from(width.saturating_sub(4)).max(20);
    wrap(text.trim_end(), width).into_iter().map(TabRow::Line).collect()
}
