//! The locks of the outbox's directory.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk;
use crate::adapters::append::{self, private};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::local;

/// Attempts to take the lock of the outbox, 15 ms apart: it is held for one write.
const TRIES: u32 = 1_000;

const LOCK: &str = "lock the outbox";

/// Who holds the state directory for a watch.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
}

fn open(path: &Path) -> Outcome<File> {
    local::writable(path, false).map_err(|e| disk(LOCK, path, &e))?;
    let mut options = OpenOptions::new();
    // Whoever holds it may be named in it.
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    options.open(path).map_err(|e| disk(LOCK, path, &e))
}

/// Waits for a lock that is never held for long.
pub(super) fn wait(path: &Path) -> Outcome<File> {
    let file = open(path)?;
    match append::lock(&file, TRIES) {
        Ok(true) => Ok(file),
        Ok(false) => {
            Err(Failure::new(FailureKind::Conflict, Service::Local, LOCK, "another signoff holds it for too long"))
        }
        Err(e) => Err(disk(LOCK, path, &e)),
    }
}

/// A lock, if nobody holds it.
pub(super) fn try_now(path: &Path) -> Outcome<Option<File>> {
    let file = open(path)?;
    let locked = append::lock(&file, 1).map_err(|e| disk(LOCK, path, &e))?;
    Ok(locked.then_some(file))
}

/// The lock of a watch, with who holds it.
pub(super) fn watch(path: &Path) -> Outcome<File> {
    let Some(mut file) = try_now(path)? else { return Err(taken(path)) };
    let holder = Holder { pid: std::process::id(), host: host() };
    let text = serde_json::to_vec(&holder).unwrap_or_default();
    file.set_len(0).and_then(|()| file.write_all(&text)).map_err(|e| disk(LOCK, path, &e))?;
    Ok(file)
}

fn taken(path: &Path) -> Failure {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| {
        file.rewind()?;
        file.take(4_096).read_to_string(&mut text)
    });
    let who = match read.ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok()) {
        Some(Holder { pid, host }) => format!("process {pid} on {}", clean_line(&host)),
        None => "another process".to_owned(),
    };
    let dir = path.parent().unwrap_or(path).parent().unwrap_or(path);
    let reason = format!("a watch runs already with the state directory {}: {who}", dir.display());
    Failure::new(FailureKind::Conflict, Service::Local, "watch", reason)
        .with_hint("Stop it first, or set SIGNOFF_STATE_DIR to another directory.")
}

/// The name of this machine.
#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    "this machine".to_owned()
}
