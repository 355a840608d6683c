//! The outbox on disk: `<state>/notify/outbox.jsonl`, one line per step of a message, and a cursor per place.
//!
//! The rules are those of promotion journals: one write and one sync, a torn last line dropped, other damage an error.
//! The lock is a file of its own, because the outbox is replaced when it is compacted. Locks end with their process.

mod locks;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::append::{make_dir, private, sync_dir};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::outbox::{Outbox, OutboxLine};
use crate::domain::text::clean_line;
use crate::domain::watch::Cursor;
use crate::local::{self, MIB};
use crate::ports::notify::{Held, OutboxFile, OutboxStore};

/// The largest outbox and cursor that are read.
const MOST_BYTES: u64 = 256 * MIB;
/// From this size on an outbox is rewritten in fewer lines, if that helps.
const COMPACT_BYTES: u64 = 2 * MIB;

const OPEN: &str = "open the outbox";

/// The directory with the outbox.
#[derive(Clone, Debug)]
pub struct OutboxDir {
    dir: PathBuf,
    cache: Arc<Mutex<Option<Cache>>>,
}

/// What was read of the file, so that only its new lines are read again.
#[derive(Debug)]
struct Cache {
    file: FileId,
    len: u64,
    outbox: Outbox,
}

/// Tells a file from one that replaced it.
type FileId = (u64, u64);

impl OutboxDir {
    /// The outbox below `state`, the program's state directory. No I/O yet.
    pub fn new(state: &Path) -> Self {
        Self { dir: state.join("notify"), cache: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("outbox.jsonl")
    }

    fn cursor_path(&self, place: &str) -> PathBuf {
        self.dir.join(format!("cursor-{place}.json"))
    }

    fn lock_now(&self) -> Outcome<Open> {
        make_dir(&self.dir).map_err(|e| disk(OPEN, &self.dir, &e))?;
        let lock = locks::wait(&self.dir.join("lock"))?;
        let path = self.path();
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut open = Open { file: None, path, cache, home: Arc::clone(&self.cache), _lock: lock };
        open.read()?;
        Ok(open)
    }
}

/// The locked outbox. Gives what it read back to the cache when it is dropped.
struct Open {
    file: Option<File>,
    path: PathBuf,
    cache: Option<Cache>,
    home: Arc<Mutex<Option<Cache>>>,
    _lock: File,
}

impl Drop for Open {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.cache.take();
    }
}

impl Open {
    fn read(&mut self) -> Outcome<()> {
        let path = self.path.clone();
        let refuse = |e: &io::Error| disk(OPEN, &path, e);
        local::writable(&path, true).map_err(|e| refuse(&e))?;
        let mut options = OpenOptions::new();
        options.append(true).read(true).create(true);
        private(&mut options);
        let mut file = options.open(&path).map_err(|e| refuse(&e))?;
        let found = file.metadata().map_err(|e| refuse(&e))?;
        let id = id_of(&found);
        if self.cache.as_ref().is_some_and(|cache| (cache.file, cache.len) == (id, found.len())) {
            self.file = Some(file);
            return Ok(());
        }
        let bytes = local::read_open(&mut file, MOST_BYTES).map_err(|e| refuse(&e))?;
        let (lines, whole) = parse(&bytes, &path)?;
        if whole < bytes.len() {
            tracing::warn!(dropped = bytes.len() - whole, "the outbox's last line was torn and is dropped");
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(|e| refuse(&e))?;
        }
        if bytes.is_empty() {
            // Otherwise a power failure may lose the file itself.
            path.parent().map_or(Ok(()), sync_dir).map_err(|e| refuse(&e))?;
        }
        let outbox = Outbox::of(lines);
        self.cache = Some(Cache { file: id, len: whole as u64, outbox });
        self.file = Some(file);
        if whole as u64 > COMPACT_BYTES { self.compact() } else { Ok(()) }
    }

    fn compact(&mut self) -> Outcome<()> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let bytes = lines(&cache.outbox.compacted())?;
        if bytes.len() as u64 > cache.len / 2 {
            return Ok(());
        }
        replace(&self.path, &bytes)?;
        self.cache = None;
        self.read()
    }

    fn append_now(&mut self, new: Vec<OutboxLine>) -> Outcome<()> {
        let bytes = lines(&new)?;
        let doing = "write to the outbox";
        let (Some(file), Some(mut cache)) = (&mut self.file, self.cache.take()) else {
            return Err(Failure::new(FailureKind::Local, Service::Local, doing, "it is not open after a failed write"));
        };
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            // The next line must not be appended to half a line. The cache is gone: the file is read again.
            let _ = file.set_len(cache.len).and_then(|()| file.sync_all());
            self.file = None;
            return Err(disk(doing, &self.path, &error));
        }
        cache.len += bytes.len() as u64;
        for line in new {
            cache.outbox.apply(line);
        }
        self.cache = Some(cache);
        Ok(())
    }
}

#[cfg(unix)]
fn id_of(found: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    (found.dev(), found.ino())
}

#[cfg(not(unix))]
fn id_of(found: &fs::Metadata) -> FileId {
    let made = found.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    (made.map_or(0, |d| d.as_secs()), made.map_or(0, |d| d.subsec_nanos().into()))
}

fn lines(all: &[OutboxLine]) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in all {
        serde_json::to_writer(&mut bytes, line).map_err(|e| {
            Failure::new(FailureKind::Bug, Service::Local, "write to the outbox", format!("no JSON: {e}"))
        })?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// The complete lines, and how many bytes they are.
fn parse(bytes: &[u8], path: &Path) -> Outcome<(Vec<OutboxLine>, usize)> {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut out = Vec::new();
    let parts = bytes.get(..whole).unwrap_or_default().split_inclusive(|b| *b == b'\n');
    for (index, line) in parts.enumerate() {
        let line = serde_json::from_slice(line).map_err(|e| {
            let reason =
                format!("line {} of {} cannot be read ({})", index + 1, path.display(), clean_line(&e.to_string()));
            Failure::new(FailureKind::Local, Service::Local, OPEN, reason)
                .with_hint("Move the file away: what it says was told may then be told again, with the same ids.")
        })?;
        out.push(line);
    }
    Ok((out, whole))
}

/// Replaces a file by one with these bytes: after a crash, either is there and whole.
fn replace(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let refuse = |e: &io::Error| disk("write the file", path, e);
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(|e| refuse(&e))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|e| refuse(&e))?;
    file.persist(path).map_err(|e| refuse(&e.error))?;
    sync_dir(dir).map_err(|e| refuse(&e))
}

pub(super) fn disk(doing: &str, path: &Path, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(FailureKind::Local, Service::Local, format!("{doing} {}", path.display()), what)
        .with_hint("Make the state directory yours alone and writable, or set SIGNOFF_STATE_DIR to one that is.")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Failure::new(FailureKind::Bug, Service::Local, OPEN, e.to_string())))
}

/// [`Open`] across threads: an append that is cancelled still completes before the lock is released.
struct Locked {
    open: Option<Open>,
    empty: Outbox,
}

#[async_trait]
impl OutboxFile for Locked {
    fn outbox(&self) -> &Outbox {
        self.open.as_ref().and_then(|open| open.cache.as_ref()).map_or(&self.empty, |cache| &cache.outbox)
    }

    async fn append(&mut self, lines: Vec<OutboxLine>) -> Outcome<()> {
        let Some(mut open) = self.open.take() else {
            return Err(Failure::new(FailureKind::Local, Service::Local, OPEN, "an earlier write was cancelled"));
        };
        let (open, done) = blocking(move || {
            let done = open.append_now(lines);
            Ok((open, done))
        })
        .await?;
        self.open = Some(open);
        done
    }
}

#[async_trait]
impl OutboxStore for OutboxDir {
    async fn read(&self) -> Outcome<Outbox> {
        let path = self.path();
        blocking(move || match local::read(&path, MOST_BYTES) {
            Ok(bytes) => Ok(Outbox::of(parse(&bytes, &path)?.0)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Outbox::default()),
            Err(e) => Err(disk(OPEN, &path, &e)),
        })
        .await
    }

    async fn lock(&self) -> Outcome<Box<dyn OutboxFile>> {
        let this = self.clone();
        let open = blocking(move || this.lock_now()).await?;
        Ok(Box::new(Locked { open: Some(open), empty: Outbox::default() }))
    }

    async fn cursor(&self, place: &str) -> Outcome<Option<Cursor>> {
        let path = self.cursor_path(place);
        blocking(move || match local::read(&path, MOST_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
                let reason = format!("{} is damaged ({})", path.display(), clean_line(&e.to_string()));
                Failure::new(FailureKind::Local, Service::Local, "read what the last watch saw", reason)
                    .with_hint("Remove the file: the next watch then begins with a digest of what waits.")
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(disk("read what the last watch saw", &path, &e)),
        })
        .await
    }

    async fn keep_cursor(&self, place: &str, cursor: &Cursor) -> Outcome<()> {
        let bytes = serde_json::to_vec(cursor).map_err(|e| {
            Failure::new(FailureKind::Bug, Service::Local, "keep what was seen", format!("no JSON: {e}"))
        })?;
        let (path, dir) = (self.cursor_path(place), self.dir.clone());
        blocking(move || {
            make_dir(&dir).map_err(|e| disk(OPEN, &dir, &e))?;
            replace(&path, &bytes)
        })
        .await
    }

    async fn hold_channel(&self, name: &str) -> Outcome<Option<Held>> {
        let (dir, path) = (self.dir.clone(), self.dir.join(format!("channel-{name}.lock")));
        blocking(move || {
            make_dir(&dir).map_err(|e| disk(OPEN, &dir, &e))?;
            Ok(locks::try_now(&path)?.map(|file| Box::new(file) as Held))
        })
        .await
    }

    async fn hold_watch(&self) -> Outcome<Held> {
        let dir = self.dir.clone();
        blocking(move || {
            make_dir(&dir).map_err(|e| disk(OPEN, &dir, &e))?;
            Ok(Box::new(locks::watch(&dir.join("watch.lock"))?) as Held)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
