//! Status marks, each a symbol and a role: the same everywhere.

use super::{Phrase, Role, Symbols};
use crate::domain::cd::CdState;
use crate::domain::lineage::CheckConclusion;
use crate::domain::preflight::CheckState;
use crate::domain::verification::LineState;

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Pass,
    Warn,
    Block,
    Unknown,
    /// Could not be read, which counts as failed.
    Unreadable,
    /// Informational.
    Note,
}

impl Mark {
    pub fn symbol(self, symbols: &Symbols) -> &'static str {
        match self {
            Self::Pass => symbols.pass,
            Self::Warn => symbols.warn,
            Self::Block => symbols.block,
            Self::Unknown | Self::Unreadable => symbols.unknown,
            Self::Note => symbols.dot,
        }
    }

    pub fn role(self) -> Role {
        match self {
            Self::Pass => Role::Good,
            Self::Warn => Role::Warn,
            Self::Block | Self::Unreadable => Role::Bad,
            Self::Unknown => Role::Unknown,
            Self::Note => Role::Muted,
        }
    }

    /// The symbol alone.
    pub fn phrase(self, symbols: &Symbols) -> Phrase<'static> {
        Phrase::of(self.role(), self.symbol(symbols))
    }

    /// `✓ text`, entirely in the mark's role.
    pub fn say(self, text: impl std::fmt::Display, symbols: &Symbols) -> Phrase<'static> {
        Phrase::of(self.role(), format!("{} {text}", self.symbol(symbols)))
    }
}

impl From<CheckState> for Mark {
    fn from(state: CheckState) -> Self {
        match state {
            CheckState::Pass => Self::Pass,
            CheckState::Unknown => Self::Unknown,
            CheckState::Warn => Self::Warn,
            CheckState::Block => Self::Block,
        }
    }
}

impl From<LineState> for Mark {
    fn from(state: LineState) -> Self {
        match state {
            LineState::Pass => Self::Pass,
            LineState::Note => Self::Note,
            LineState::Fail => Self::Block,
            LineState::Unreadable => Self::Unreadable,
        }
    }
}

impl From<CheckConclusion> for Mark {
    fn from(conclusion: CheckConclusion) -> Self {
        match conclusion {
            CheckConclusion::Passed => Self::Pass,
            CheckConclusion::Failed => Self::Block,
            CheckConclusion::Skipped => Self::Note,
            CheckConclusion::Open => Self::Unknown,
        }
    }
}

impl From<&CdState> for Mark {
    fn from(state: &CdState) -> Self {
        match state {
            CdState::Success => Self::Pass,
            CdState::Failed(_) => Self::Block,
            CdState::Queued | CdState::Waiting | CdState::Running | CdState::Other(_) => Self::Unknown,
        }
    }
}

/// Whether something is as expected; none if unknown.
impl From<Option<bool>> for Mark {
    fn from(as_meant: Option<bool>) -> Self {
        match as_meant {
            Some(true) => Self::Pass,
            Some(false) => Self::Block,
            None => Self::Unknown,
        }
    }
}
