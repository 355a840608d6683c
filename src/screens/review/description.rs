//! The review's tab on what its author says of the version.

use crate::ui::text::wrap;

/// The description as lines of a terminal of `width` columns.
#[must_use]
pub fn lines(text: &str, width: u16) -> Vec<String> {
    if text.trim().is_empty() {
        return vec!["This version has no description.".to_owned()];
    }
    // Less the columns of the cursor, and one to breathe.
    let width = usize::from(width.saturating_sub(4)).max(20);
    wrap(text.trim_end(), width)
}
