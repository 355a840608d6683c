//! Failure messages: what went wrong with the disk or the file, and what to do about it.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::text::clean_line;

/// What to do about a file or directory that is not safe to use.
const OWN: &str = "Look at it, and make it yours alone (`chmod 700` for a directory), or set SIGNOFF_STATE_DIR to a \
                   directory of your own.";

/// The disk operation failed.
pub(super) fn disk(doing: &str, path: &Path, error: &Error) -> Failure {
    let shown = show(path);
    let (kind, reason, hint) = match error.kind() {
        ErrorKind::NotFound => {
            let reason = format!("there is no {shown}");
            (FailureKind::NotFound, reason, "`signoff promotions` lists the promotions of this machine.")
        }
        ErrorKind::AlreadyExists => {
            let reason = format!("{shown} exists already");
            (FailureKind::Conflict, reason, "`signoff promotions` shows it.")
        }
        ErrorKind::PermissionDenied => {
            let reason = format!("this user may not use {shown}");
            (FailureKind::Local, reason, "Make the file and its directory yours, or use another state directory.")
        }
        ErrorKind::ReadOnlyFilesystem => {
            let reason = format!("{shown} is on a read-only disk");
            (FailureKind::Local, reason, "Use a state directory on a disk that can be written to.")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            let reason = format!("there is no room left for {shown}");
            (FailureKind::Local, reason, "Make room on that disk, then resume.")
        }
        // Ours, not the system's: the file or its directory is not what it should be.
        _ if error.get_ref().is_some() => {
            let reason = format!("{shown}: {}", clean_line(&error.to_string()));
            (FailureKind::Local, reason, OWN)
        }
        _ => {
            let reason = format!("{shown}: {}", clean_line(&error.to_string()));
            (FailureKind::Local, reason, "Look after that disk, then try again.")
        }
    };
    Failure::new(kind, Service::Journal, doing, reason).with_hint(hint)
}

/// Another process holds the lock.
pub(super) fn driven(path: &Path) -> Failure {
    Failure::new(
        FailureKind::Conflict,
        Service::Journal,
        "take over the promotion",
        format!("another signoff is driving it right now ({})", show(path)),
    )
    .with_hint("Watch it there, or quit that signoff first; then resume here.")
}

/// The journal is damaged. `line` counts from 1.
pub(super) fn damaged(path: &Path, line: usize, what: &str) -> Failure {
    Failure::new(
        FailureKind::Local,
        Service::Journal,
        "read the journal",
        format!("line {line} of {} is damaged: {}", show(path), clean_line(what)),
    )
    .with_hint("Nothing is done by guessing. Look at the file and at both servers, and settle the promotion by hand.")
}

/// The journal was written by a newer version of the program. `line` counts from 1.
pub(super) fn newer(path: &Path, line: usize, found: u64, known: u32) -> Failure {
    Failure::new(
        FailureKind::Local,
        Service::Journal,
        "read the journal",
        format!("line {line} of {} has format {found}, and this signoff knows only up to {known}", show(path)),
    )
    .with_hint("Use the signoff that began this promotion, or a newer one.")
}

/// This handle can append no more; reopening the journal reads what is really there.
pub(super) fn given_up(path: &Path) -> Failure {
    Failure::new(
        FailureKind::Local,
        Service::Journal,
        "write to the journal",
        format!("{} failed before and may end in half an entry", show(path)),
    )
    .with_hint("Look after that disk, then resume: the end of the journal is repaired then.")
}

/// The caller numbered an entry wrongly; on disk it would look like damage.
pub(super) fn out_of_order(path: &Path, expected: u64, got: u64) -> Failure {
    Failure::new(
        FailureKind::Bug,
        Service::Journal,
        "write to the journal",
        format!("the next entry of {} is {expected}, not {got}", show(path)),
    )
}

fn show(path: &Path) -> String {
    clean_line(&path.display().to_string())
}
