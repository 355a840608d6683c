//! Append-only files of lines: shared by promotion journals and the chain of records.
//!
//! One write and one sync per line; one writer at a time, guarded by an advisory lock; readable only by the owner. The
//! callers decide what a line means and which message a failure becomes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::local;

/// Pause between two attempts to take a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(15);

/// What an append needs from a file; tests use a failing disk.
pub(super) trait Disk: Send + 'static {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when written data is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Truncates the file to `len` bytes, on disk too.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Disk for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // std calls write(2) once unless the kernel accepts only part of it.
        io::Write::write_all(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)?;
        self.sync_all()
    }
}

/// The end of a locked file. Dropping it releases the lock.
pub(super) struct Tail<D = File> {
    disk: D,
    /// Length in bytes up to the last line that is on disk.
    len: u64,
    given_up: bool,
}

/// Why a line was not appended.
#[derive(Debug)]
pub(super) enum Refused {
    /// After an earlier failed append, the end of the file is unknown.
    GivenUp,
    Disk(io::Error),
}

impl<D: Disk> Tail<D> {
    /// The end of a file whose complete lines are `len` bytes long.
    pub(super) fn new(disk: D, len: u64) -> Self {
        Self { disk, len, given_up: false }
    }

    /// Appends one line, its newline included, and returns when it is on disk.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<(), Refused> {
        if self.given_up {
            return Err(Refused::GivenUp);
        }
        let written = self.disk.write_all(line);
        if let Err(error) = written.and_then(|()| {
            // After a failed sync the kernel may have dropped the page and report success the next time.
            self.disk.sync().inspect_err(|_| self.given_up = true)
        }) {
            // The next line must not be appended to half a line.
            if self.disk.cut(self.len).is_err() {
                self.given_up = true;
            }
            return Err(Refused::Disk(error));
        }
        self.len += line.len() as u64;
        Ok(())
    }
}

/// Locks a file for writing; false if another handle still holds it after `tries` attempts.
pub(super) fn lock(file: &File, tries: u32) -> io::Result<bool> {
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < tries => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
    Ok(true)
}

/// Creates a directory, accessible only by its owner, if it does not exist; as [`local::private_dir`].
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    let there = dir.is_dir();
    local::private_dir(dir)?;
    if there { Ok(()) } else { dir.parent().map_or(Ok(()), sync_dir) }
}

/// A new file is accessible only by its owner.
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// On other systems, access follows the directory.
#[cfg(not(unix))]
pub(super) fn private(_: &mut OpenOptions) {}

/// Returns when the directory's entries are on disk.
#[cfg(unix)]
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// On other systems, directories cannot be opened for syncing; the file system journals its own metadata.
#[cfg(not(unix))]
pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
