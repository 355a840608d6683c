//! The chain of records on disk: `<state>/records.jsonl`, one line per record or outcome.
//!
//! A record is on disk before any server is written to, so the rules are those of promotion journals: one write and one
//! sync per line, one writer at a time, a torn last line dropped, any other damage an error. Whether the records form a
//! valid chain is checked by `domain::record::chain`, not here.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::append::{self, Disk, Refused, Tail, make_dir, private, sync_dir};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::record::chain::ChainLine;
use crate::domain::text::clean_line;
use crate::local::{self, MIB};
use crate::ports::records::{RecordFile, RecordStore};

/// The largest file that is read: tens of thousands of decisions.
const MOST_BYTES: u64 = 512 * MIB;

/// Attempts to take the lock, 15 ms apart: a writer holds it for the disk writes of one decision.
const LOCK_TRIES: u32 = 100;

/// The file with the chain.
#[derive(Clone, Debug)]
pub struct RecordDir {
    path: PathBuf,
}

impl RecordDir {
    /// The chain below `state`, the program's state directory. No I/O yet.
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("records.jsonl") }
    }
}

/// The locked chain. The tail is shared with the blocking thread, so a cancelled append keeps the lock until its line
/// is complete.
struct Open<D = File> {
    end: Arc<Mutex<End<D>>>,
    lines: Vec<ChainLine>,
    path: PathBuf,
}

struct End<D> {
    tail: Tail<D>,
    /// Lines on disk. More than this handle has seen after an append that was cancelled.
    count: usize,
}

fn lock_now(path: &Path, tries: u32) -> Outcome<Open> {
    let refuse = |e: &io::Error| disk("open the journal of records", path, e);
    let dir = path.parent().unwrap_or(Path::new("."));
    make_dir(dir).map_err(|e| disk("open the journal of records", dir, &e))?;
    local::writable(path, true).map_err(|e| refuse(&e))?;
    let mut options = OpenOptions::new();
    options.append(true).read(true).create(true);
    private(&mut options);
    let mut file = options.open(path).map_err(|e| refuse(&e))?;
    if !append::lock(&file, tries).map_err(|e| refuse(&e))? {
        return Err(held(path));
    }
    sync_dir(dir).map_err(|e| refuse(&e))?;
    let bytes = local::read_open(&mut file, MOST_BYTES).map_err(|e| refuse(&e))?;
    let (lines, whole) = parse(&bytes, path)?;
    if whole < bytes.len() {
        tracing::warn!(dropped = bytes.len() - whole, "the last line of the records was torn and is dropped");
        file.cut(whole as u64).map_err(|e| refuse(&e))?;
    }
    Ok(Open::new(file, path, lines, whole))
}

impl<D: Disk> Open<D> {
    fn new(disk: D, path: &Path, lines: Vec<ChainLine>, whole: usize) -> Self {
        let end = End { tail: Tail::new(disk, whole as u64), count: lines.len() };
        Self { end: Arc::new(Mutex::new(end)), lines, path: path.to_owned() }
    }
}

impl<D: Disk> End<D> {
    fn append(&mut self, known: usize, line: &[u8], path: &Path) -> Outcome<()> {
        let doing = "write to the journal of records";
        // The previous line was written although its append was cancelled: the caller's hash would name the wrong one.
        let given_up = || trouble(doing, format!("an earlier write to {} was left half-way", show(path)));
        if known != self.count {
            return Err(given_up());
        }
        self.tail.append(line).map_err(|refused| match refused {
            Refused::GivenUp => given_up(),
            Refused::Disk(e) => disk(doing, path, &e),
        })?;
        self.count += 1;
        Ok(())
    }
}

/// The complete lines and their length in bytes. The last line is torn and left out if it has no newline or is not
/// JSON: an append is one write, and nothing relied on a line whose append did not return.
fn parse(bytes: &[u8], path: &Path) -> Outcome<(Vec<ChainLine>, usize)> {
    let (mut lines, mut whole) = (Vec::new(), 0);
    for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let last = whole + line.len() == bytes.len();
        let Some(text) = line.strip_suffix(b"\n") else { break };
        match serde_json::from_slice(text) {
            Ok(line) => lines.push(line),
            Err(_) if last && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err() => break,
            Err(e) => {
                let what = clean_line(&e.to_string());
                return Err(trouble(
                    "read the journal of records",
                    format!("line {} of {} is damaged: {what}", index + 1, show(path)),
                )
                .with_hint(
                    "Nothing is done by guessing. Put the file aside with its damage, and look at it by hand.",
                ));
            }
        }
        whole += line.len();
    }
    Ok((lines, whole))
}

#[async_trait]
impl RecordStore for RecordDir {
    async fn lock(&self) -> Outcome<Box<dyn RecordFile>> {
        let path = self.path.clone();
        let open = blocking(move || lock_now(&path, LOCK_TRIES)).await?;
        Ok(Box::new(open))
    }

    async fn read(&self) -> Outcome<Vec<ChainLine>> {
        let path = self.path.clone();
        blocking(move || {
            let (doing, dir) = ("read the journal of records", path.parent().unwrap_or(Path::new(".")));
            local::guarded(dir).map_err(|e| disk(doing, dir, &e))?;
            match local::read(&path, MOST_BYTES) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                Err(e) => Err(disk(doing, &path, &e)),
                Ok(bytes) => parse(&bytes, &path).map(|(lines, _)| lines),
            }
        })
        .await
    }
}

#[async_trait]
impl<D: Disk> RecordFile for Open<D> {
    fn lines(&self) -> &[ChainLine] {
        &self.lines
    }

    async fn append(&mut self, line: ChainLine) -> Outcome<()> {
        let mut bytes = serde_json::to_vec(&line).map_err(|e| {
            Failure::new(FailureKind::Bug, Service::Journal, "write to the journal of records", format!("no JSON: {e}"))
        })?;
        bytes.push(b'\n');
        let (end, known, path) = (Arc::clone(&self.end), self.lines.len(), self.path.clone());
        blocking(move || end.lock().unwrap_or_else(PoisonError::into_inner).append(known, &bytes, &path)).await?;
        self.lines.push(line);
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        let reason = format!("the task was lost: {e}");
        Err(Failure::new(FailureKind::Bug, Service::Journal, "work on the journal of records", reason))
    })
}

fn trouble(doing: &str, reason: String) -> Failure {
    Failure::new(FailureKind::Local, Service::Journal, doing, reason)
        .with_hint("Look after that disk, then try again: the end of the file is repaired then.")
}

fn disk(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Local,
        Service::Journal,
        doing,
        format!("{}: {}", show(path), clean_line(&error.to_string())),
    )
    .with_hint(
        "Make the file and its directory yours alone, with room on the disk, or set SIGNOFF_STATE_DIR to another.",
    )
}

fn held(path: &Path) -> Failure {
    let reason = format!("another signoff is writing to {} right now", show(path));
    Failure::new(FailureKind::Conflict, Service::Journal, "open the journal of records", reason)
        .with_hint("Let the other one finish, then try again.")
}

fn show(path: &Path) -> String {
    clean_line(&path.display().to_string())
}

#[cfg(test)]
mod tests;
