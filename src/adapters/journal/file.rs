//! One journal, locked and open for appending.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{MOST_BYTES, blocking, parse, say};
use crate::adapters::append::{self, Disk, Refused, Tail, make_dir, private, sync_dir};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::Entry;
use crate::domain::text::{clean_line, shorten};
use crate::local;
use crate::ports::JournalFile;

/// Attempts to take the lock: listing the journals holds it for an instant.
const LOCK_TRIES: u32 = 6;

/// The journal file of a promotion that this process runs. Dropping it releases the lock.
pub(super) struct LockedJournal<D = File> {
    // Shared with the blocking thread, so that a cancelled append leaves the journal usable.
    end: Arc<Mutex<End<D>>>,
}

struct End<D> {
    tail: Tail<D>,
    path: PathBuf,
    next_seq: u64,
}

impl LockedJournal<File> {
    pub(super) fn create(dir: &Path, path: PathBuf, id: PromotionId) -> Outcome<Self> {
        let refuse = |at: &Path, e: &io::Error| refuse_dir(id, at, e);
        make_dir(dir).map_err(|e| refuse(dir, &e))?;
        let mut options = OpenOptions::new();
        options.append(true).read(true).create_new(true);
        private(&mut options);
        let file = options.open(&path).map_err(|e| refuse(&path, &e))?;
        lock(&file, &path)?;
        // Otherwise a power failure may lose the file itself, even if its content was synced.
        sync_dir(dir).map_err(|e| refuse(dir, &e))?;
        Ok(Self::new(file, path, 0, 0))
    }

    pub(super) fn open(path: PathBuf, id: PromotionId) -> Outcome<(Vec<Entry>, Self)> {
        let doing = format!("open the journal of promotion {id}");
        let refuse = |e: &io::Error| say::disk(&doing, &path, e);
        local::writable(&path, true).map_err(|e| refuse(&e))?;
        let mut file = OpenOptions::new().append(true).read(true).open(&path).map_err(|e| refuse(&e))?;
        lock(&file, &path)?;
        let bytes = local::read_open(&mut file, MOST_BYTES).map_err(|e| refuse(&e))?;
        let parsed = parse::parse(&bytes, &path, id)?;
        if parsed.whole < bytes.len() {
            tracing::warn!(%id, dropped = bytes.len() - parsed.whole, "the journal's last line was torn and is dropped");
            file.cut(parsed.whole as u64).map_err(|e| refuse(&e))?;
        }
        let next_seq = parsed.entries.len() as u64;
        Ok((parsed.entries, Self::new(file, path, parsed.whole as u64, next_seq)))
    }
}

/// The journal cannot be begun. There is no entry yet: this is about the directory, not about a missing promotion.
pub(super) fn refuse_dir(id: PromotionId, at: &Path, error: &io::Error) -> Failure {
    let doing = format!("begin the journal of promotion {id}");
    match error.kind() {
        io::ErrorKind::NotFound => Failure { kind: FailureKind::Local, ..say::disk(&doing, at, error) }
            .with_hint("Use a state directory that exists and is yours."),
        _ => say::disk(&doing, at, error),
    }
}

impl<D: Disk> LockedJournal<D> {
    pub(super) fn new(disk: D, path: PathBuf, len: u64, next_seq: u64) -> Self {
        Self { end: Arc::new(Mutex::new(End { tail: Tail::new(disk, len), path, next_seq })) }
    }
}

impl<D: Disk> End<D> {
    fn append(&mut self, seq: u64, line: &[u8]) -> Outcome<()> {
        if seq != self.next_seq {
            return Err(say::out_of_order(&self.path, self.next_seq, seq));
        }
        self.tail.append(line).map_err(|refused| match refused {
            Refused::GivenUp => say::given_up(&self.path),
            Refused::Disk(error) => say::disk("write to the journal", &self.path, &error),
        })?;
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
        let (end, seq) = (Arc::clone(&self.end), entry.seq);
        blocking(move || end.lock().unwrap_or_else(PoisonError::into_inner).append(seq, &line)).await
    }
}

/// Removes a journal without a complete entry, under its lock, and returns its bytes as text.
pub(super) fn clear(path: &Path, id: PromotionId) -> Outcome<Option<String>> {
    let refuse = |e: &io::Error| say::disk("clear an empty journal", path, e);
    let mut file = OpenOptions::new().append(true).read(true).open(path).map_err(|e| refuse(&e))?;
    if !append::lock(&file, LOCK_TRIES).map_err(|e| refuse(&e))? {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    Read::take(&mut file, MOST_BYTES).read_to_end(&mut bytes).map_err(|e| refuse(&e))?;
    if !parse::parse(&bytes, path, id)?.entries.is_empty() {
        return Ok(None);
    }
    std::fs::remove_file(path).map_err(|e| refuse(&e))?;
    Ok(Some(shorten(&clean_line(&String::from_utf8_lossy(&bytes)), 200)))
}

/// Whether another handle holds the writer's lock. False if that cannot be determined.
pub(super) fn is_driven(path: &Path) -> bool {
    local::writable(path, true).is_ok()
        && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn lock(file: &File, path: &Path) -> Outcome<()> {
    match append::lock(file, LOCK_TRIES) {
        Ok(true) => Ok(()),
        Ok(false) => Err(say::driven(path)),
        Err(e) => Err(say::disk("lock the journal", path, &e)),
    }
}
