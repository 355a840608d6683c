//! Configured targets, as data for a list of them.

use super::failure::Outcome;

/// A configured target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetEntry {
    pub name: String,
    /// A production target is highlighted.
    pub production: bool,
    /// The user's colour for it.
    pub colour: Option<String>,
    /// Its servers, as one line; or why it cannot be used.
    pub servers: Outcome<String>,
}

/// What waits for a decision in a target, as far as its list of models says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingCount {
    /// Models that were looked at.
    pub models: usize,
    /// Models with a version that waits.
    pub waiting: usize,
    /// Those of them whose version is held back.
    pub held: usize,
    /// Whether there are more models than were looked at.
    pub more: bool,
}
