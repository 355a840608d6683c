//! Journals on disk: one JSON Lines file per promotion, `<state>/promotions/<id>.jsonl`.
//!
//! Every entry is on disk before any server is written to, so after a crash the journal says what may have happened.
//! Therefore: one write per entry, synced; one writer at a time, guarded by an advisory lock; a torn last line is
//! dropped, any other damage is an error and never guessed at. Finished journals stay as the audit trail. All disk I/O
//! runs on tokio's blocking threads.

mod file;
mod parse;
mod say;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use self::file::LockedJournal;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::Entry;
use crate::domain::promotion::StoredPromotion;
use crate::local::{self, MIB};
use crate::ports::{JournalFile, JournalStore};

/// The largest journal that is read. An entry is some kilobytes, a promotion some dozens of entries.
const MOST_BYTES: u64 = 64 * MIB;

/// The directory of journals. Created when the first journal is, readable only by its owner.
#[derive(Clone, Debug)]
pub struct JournalDir {
    dir: PathBuf,
}

impl JournalDir {
    /// Journals below `state`, the program's state directory. No I/O yet.
    pub fn new(state: &Path) -> Self {
        Self { dir: state.join("promotions") }
    }

    /// The path of a promotion's journal, whether it exists or not.
    pub fn path(&self, id: PromotionId) -> PathBuf {
        self.dir.join(format!("{id}.jsonl"))
    }

    fn list_now(&self) -> Outcome<Vec<StoredPromotion>> {
        let doing = "list the journals";
        self.guard(doing)?;
        let found = match fs::read_dir(&self.dir) {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(say::disk(doing, &self.dir, &e)),
        };
        let mut ids = Vec::new();
        for item in found {
            let item = item.map_err(|e| say::disk(doing, &self.dir, &e))?;
            ids.extend(id_of(&item.path()));
        }
        // Ids start with their creation time.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids.into_iter().map(|id| self.stored(id)).collect())
    }

    /// Refuses journals that somebody else may have put there.
    fn guard(&self, doing: &str) -> Outcome<()> {
        for dir in [self.dir.parent().unwrap_or(Path::new(".")), &self.dir] {
            local::guarded(dir).map_err(|e| say::disk(doing, dir, &e))?;
        }
        Ok(())
    }

    fn stored(&self, id: PromotionId) -> StoredPromotion {
        let path = self.path(id);
        // Checked before reading: a journal released in between is then complete.
        let driven = file::is_driven(&path);
        StoredPromotion { id, entries: read_now(&path, id), driven }
    }
}

fn read_now(path: &Path, id: PromotionId) -> Outcome<Vec<Entry>> {
    let bytes = local::read(path, MOST_BYTES)
        .map_err(|e| say::disk(&format!("read the journal of promotion {id}"), path, &e))?;
    parse::parse(&bytes, path, id).map(|parsed| parsed.entries)
}

fn id_of(path: &Path) -> Option<PromotionId> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    // Only the exact spelling that `path` makes: other files in the directory are not ours.
    stem.parse().ok().filter(|id: &PromotionId| id.to_string() == stem)
}

#[async_trait]
impl JournalStore for JournalDir {
    async fn create(&self, id: PromotionId) -> Outcome<Box<dyn JournalFile>> {
        let (this, path) = (self.clone(), self.path(id));
        let journal = blocking(move || {
            let state = this.dir.parent().unwrap_or(Path::new("."));
            local::private_dir(state).map_err(|e| file::refuse_dir(id, state, &e))?;
            LockedJournal::create(&this.dir, path, id)
        })
        .await?;
        Ok(Box::new(journal))
    }

    /// A journal whose first entry was torn has no entries: then nothing was written to any server.
    async fn open(&self, id: PromotionId) -> Outcome<(Vec<Entry>, Box<dyn JournalFile>)> {
        let (this, path) = (self.clone(), self.path(id));
        let (entries, journal) = blocking(move || {
            this.guard(&format!("open the journal of promotion {id}"))?;
            LockedJournal::open(path, id)
        })
        .await?;
        Ok((entries, Box::new(journal)))
    }

    async fn read(&self, id: PromotionId) -> Outcome<Vec<Entry>> {
        let (this, path) = (self.clone(), self.path(id));
        blocking(move || {
            this.guard(&format!("read the journal of promotion {id}"))?;
            read_now(&path, id)
        })
        .await
    }

    async fn clear(&self, id: PromotionId) -> Outcome<Option<String>> {
        let path = self.path(id);
        blocking(move || file::clear(&path, id)).await
    }

    async fn list(&self) -> Outcome<Vec<StoredPromotion>> {
        let this = self.clone();
        blocking(move || this.list_now()).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Failure::new(FailureKind::Bug, Service::Journal, "work on the journal", format!("the task was lost: {e}")))
    })
}

#[cfg(test)]
mod tests;
