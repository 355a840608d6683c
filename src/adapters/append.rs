//! Files that only grow, one line at a time: what the journals of promotions and the chain of records have in common.
//!
//! One write and one sync a line; one writer at a time, held by an advisory lock; readable by the owner only. What a
//! line means, and which sentence a failure becomes, is the business of those who use this.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Pause between two tries to get a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(15);

/// What an append needs of a file; tests put a failing disk behind it.
pub(super) trait Disk: Send + 'static {
    /// Writes all of `bytes` at the end.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when what was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file to `len` bytes, on the disk too.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Disk for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // std calls write(2) once unless the kernel takes less than all of it.
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

/// The end of a locked file. Dropping it lets the lock go.
pub(super) struct Tail<D = File> {
    disk: D,
    /// Length in bytes up to the last line that is on disk.
    len: u64,
    given_up: bool,
}

/// Why a line was not appended.
#[derive(Debug)]
pub(super) enum Refused {
    /// An earlier append failed in a way that leaves the end of the file unknown.
    GivenUp,
    /// The disk said no.
    Disk(io::Error),
}

impl<D: Disk> Tail<D> {
    /// The end of a file of which `len` bytes are whole lines.
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
            // After a failed sync the kernel may have dropped the page and say yes the next time.
            self.disk.sync().inspect_err(|_| self.given_up = true)
        }) {
            // A half line must not be glued to the next one.
            if self.disk.cut(self.len).is_err() {
                self.given_up = true;
            }
            return Err(Refused::Disk(error));
        }
        self.len += line.len() as u64;
        Ok(())
    }
}

/// Locks a file for writing; false if another handle holds it for all of `tries`.
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

/// Makes a directory, for its owner only, where there is none.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    dir.parent().map_or(Ok(()), sync_dir)
}

/// A file that is made here is its owner's only.
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Access follows the directory there.
#[cfg(not(unix))]
pub(super) fn private(_: &mut OpenOptions) {}

/// Returns when the directory's entries are on disk.
#[cfg(unix)]
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Directories cannot be opened for syncing there; the file system journals its own metadata.
#[cfg(not(unix))]
pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
