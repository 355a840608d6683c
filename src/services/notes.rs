//! Notes of what could not be read. They are made here only, so that each failure that is shown is in the log too.

use crate::domain::failure::{Failure, Note};

/// The note of a source that could not be read. Its cause, where it has one, was logged where it came up.
pub fn unread(failure: Failure) -> Note {
    shown(&failure);
    Note::Unread(failure)
}

/// Logs a failure that people are shown.
pub fn shown(failure: &Failure) {
    tracing::warn!(kind = ?failure.kind, "{}", failure.sentence());
}

#[cfg(test)]
#[path = "../../tests/support/log.rs"]
mod log;

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::log::Log;
    use super::*;
    use crate::domain::failure::{FailureKind, Service};

    #[test]
    fn what_is_shown_beside_a_list_is_in_the_log() {
        let failure = Failure::new(FailureKind::Local, Service::Journal, "list the journals", "the disk is gone")
            .with_hint("Mount it.");
        let log = Log::begin();
        assert_eq!(unread(failure.clone()).failure(), Some(&failure));
        let text = log.end(Level::INFO);
        assert!(text.contains("could not list the journals: the disk is gone. Mount it."), "{text}");
    }
}
