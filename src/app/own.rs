//! A command of the user's own that runs, or ran.

use jiff::Timestamp;

use crate::domain::failure::Failure;

/// The most lines of output that are kept: the last ones.
pub const MOST_LINES: usize = 2_000;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
    /// By the user.
    Stopped,
}

/// What a running command tells.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnNews {
    /// Everything it wrote that is kept, and how many lines before it are not.
    Wrote {
        lines: Vec<String>,
        dropped: usize,
    },
    Ended(Ended),
    /// It could not be run.
    Failed(Failure),
}

/// The state of the command that was run last.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRun {
    pub argv: Vec<String>,
    pub began: Timestamp,
    /// Cleaned.
    pub lines: Vec<String>,
    pub dropped: usize,
    /// How and when it ended; none while it runs.
    pub end: Option<(Result<Ended, Failure>, Timestamp)>,
}

impl OwnRun {
    pub fn new(argv: Vec<String>, began: Timestamp) -> Self {
        Self { argv, began, lines: Vec::new(), dropped: 0, end: None }
    }

    pub fn is_running(&self) -> bool {
        self.end.is_none()
    }

    pub fn take(&mut self, news: OwnNews, now: Timestamp) {
        if !self.is_running() {
            return;
        }
        match news {
            OwnNews::Wrote { lines, dropped } => (self.lines, self.dropped) = (lines, dropped),
            OwnNews::Ended(ended) => self.end = Some((Ok(ended), now)),
            OwnNews::Failed(failure) => self.end = Some((Err(failure), now)),
        }
    }
}
