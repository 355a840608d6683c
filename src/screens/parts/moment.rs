//! The time at which a screen is drawn. What was painted in an earlier frame is painted again once what it says of the time
//! is no longer so.

use jiff::Timestamp;

use crate::present::time;
use crate::ui::Kept;

/// The present, which tells the frame until when what is said of it holds.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    at: Timestamp,
    kept: Option<&'a Kept>,
}

impl<'a> Moment<'a> {
    pub fn of(at: Timestamp) -> Self {
        Self { at, kept: None }
    }

    /// The same while a frame is drawn.
    pub fn drawn(self, kept: &'a Kept) -> Self {
        Self { kept: Some(kept), ..self }
    }

    /// The time itself. What is painted with it holds for this second.
    pub fn read(self) -> Timestamp {
        self.holds(self.at.as_second().saturating_add(1));
        self.at
    }

    /// The time since `at`, as [`time::age`] says it. What is painted with it holds until it says something else.
    pub fn age(self, at: impl Into<Option<Timestamp>>) -> String {
        let at = at.into();
        self.holds(time::age_until(at, self.at));
        time::age(at, self.at)
    }

    fn holds(self, until: i64) {
        if let Some(kept) = self.kept {
            kept.holds(until);
        }
    }
}
