//! One journal, locked and open for appending.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{blocking, parse, say};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::Entry;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::JournalFile;

/// How often the lock is asked for: somebody who only lists the journals holds it for an instant.
const LOCK_TRIES: u32 = 6;
/// Pause between two tries.
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

/// The journal file of a promotion that this process drives. Dropping it lets the lock go.
pub(super) struct LockedJournal<D = File> {
    // Shared with the blocking thread, so that a cancelled append leaves a usable journal behind.
    tail: Arc<Mutex<Tail<D>>>,
}

struct Tail<D> {
    disk: D,
    path: PathBuf,
    /// Length in bytes up to the last entry that is on disk.
    len: u64,
    next_seq: u64,
    given_up: bool,
}

impl LockedJournal<File> {
    pub(super) fn create(dir: &Path, path: PathBuf, id: PromotionId) -> Outcome<Self> {
        let doing = format!("begin the journal of promotion {id}");
        // No entry yet: an error here is about the place, and not about a promotion that cannot be found.
        let refuse = |at: &Path, e: &io::Error| match e.kind() {
            io::ErrorKind::NotFound => Failure { kind: FailureKind::Local, ..say::disk(&doing, at, e) }
                .with_hint("Use a state directory that exists and is yours."),
            _ => say::disk(&doing, at, e),
        };
        make_dir(dir).map_err(|e| refuse(dir, &e))?;
        let mut options = OpenOptions::new();
        options.append(true).read(true).create_new(true);
        private(&mut options);
        let file = options.open(&path).map_err(|e| refuse(&path, &e))?;
        lock(&file, &path)?;
        // Without this the file itself may be gone after a power cut, whatever was synced into it.
        sync_dir(dir).map_err(|e| refuse(dir, &e))?;
        Ok(Self::new(file, path, 0, 0))
    }

    pub(super) fn open(path: PathBuf, id: PromotionId) -> Outcome<(Vec<Entry>, Self)> {
        let doing = format!("open the journal of promotion {id}");
        let refuse = |e: &io::Error| say::disk(&doing, &path, e);
        let mut file = OpenOptions::new().append(true).read(true).open(&path).map_err(|e| refuse(&e))?;
        lock(&file, &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| refuse(&e))?;
        let parsed = parse::parse(&bytes, &path, id)?;
        if parsed.whole < bytes.len() {
            tracing::warn!(%id, dropped = bytes.len() - parsed.whole, "the journal's last line was torn and is dropped");
            file.cut(parsed.whole as u64).map_err(|e| refuse(&e))?;
        }
        let next_seq = parsed.entries.len() as u64;
        Ok((parsed.entries, Self::new(file, path, parsed.whole as u64, next_seq)))
    }
}

impl<D: Disk> LockedJournal<D> {
    pub(super) fn new(disk: D, path: PathBuf, len: u64, next_seq: u64) -> Self {
        Self { tail: Arc::new(Mutex::new(Tail { disk, path, len, next_seq, given_up: false })) }
    }
}

impl<D: Disk> Tail<D> {
    fn append(&mut self, seq: u64, line: &[u8]) -> Outcome<()> {
        if self.given_up {
            return Err(say::given_up(&self.path));
        }
        if seq != self.next_seq {
            return Err(say::out_of_order(&self.path, self.next_seq, seq));
        }
        let written = self.disk.write_all(line);
        if let Err(error) = written.and_then(|()| {
            // After a failed sync the kernel may have dropped the page and say yes the next time.
            self.disk.sync().inspect_err(|_| self.given_up = true)
        }) {
            // A half line must not be glued to the next entry.
            if self.disk.cut(self.len).is_err() {
                self.given_up = true;
            }
            return Err(say::disk("write to the journal", &self.path, &error));
        }
        self.len += line.len() as u64;
        self.next_seq += 1;
        Ok(())
    }
}

#[async_trait]
impl<D: Disk> JournalFile for LockedJournal<D> {
    async fn append(&mut self, entry: &Entry) -> Outcome<()> {
        let mut line = serde_json::to_vec(entry).map_err(|e| {
            Failure::new(FailureKind::Bug, Service::Journal, "write to the journal", format!("no JSON: {e}"))
        })?;
        line.push(b'\n');
        let (tail, seq) = (Arc::clone(&self.tail), entry.seq);
        blocking(move || tail.lock().unwrap_or_else(PoisonError::into_inner).append(seq, &line)).await
    }
}

/// Whether another handle holds the writer's lock. A journal that cannot be asked counts as not driven.
pub(super) fn is_driven(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn lock(file: &File, path: &Path) -> Outcome<()> {
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(say::driven(path)),
            Err(TryLockError::Error(e)) => return Err(say::disk("lock the journal", path, &e)),
        }
    }
    Ok(())
}

fn make_dir(dir: &Path) -> io::Result<()> {
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

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Directories cannot be opened for syncing there; the file system journals its own metadata.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
