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
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::failure::{FailureKind, Service};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_shown_beside_a_list_is_in_the_log() {
        let log = Log::default();
        let kept = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || kept.clone()).finish();
        let failure = Failure::new(FailureKind::Local, Service::Journal, "list the journals", "the disk is gone")
            .with_hint("Mount it.");
        let note = tracing::subscriber::with_default(subscriber, || unread(failure.clone()));
        assert_eq!(note.failure(), Some(&failure));
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("could not list the journals: the disk is gone. Mount it."), "{text}");
    }
}
