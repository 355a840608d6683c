//! The rows of description and verdict.

use crate::domain::policy::Finding;
use crate::ui::text::wrap;

/// One row of a tab.
#[derive(Clone, Debug, PartialEq)]
pub enum TabRow {
    /// A named fact.
    Fact {
        /// Its name.
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
    /// What copying this row gives.
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
    // Less the columns of the cursor, and one to breathe.
    let width = usize::from(width.saturating_sub(4)).max(20);
    wrap(text.trim_end(), width).into_iter().map(TabRow::Line).collect()
}
