//! In-memory journals, and the death of the process that writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use signoff::domain::failure::{Failure, FailureKind, Outcome, Service};
use signoff::domain::ids::PromotionId;
use signoff::domain::promotion::Entry;
use signoff::domain::promotion::StoredPromotion;
use signoff::ports::{JournalFile, JournalStore};

/// A point right before or after an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Entry `n` (from 0, counted over the journal's whole life) is not on disk yet.
    Before(usize),
    /// Entry `n` is on disk.
    After(usize),
}

type Watcher = Box<dyn FnMut(Point) -> bool + Send>;

/// A journal directory that simulates the death of the process. Clones share the same journals.
#[derive(Clone, Default)]
pub struct Journals(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    stored: BTreeMap<PromotionId, Vec<Entry>>,
    driven: BTreeSet<PromotionId>,
    watcher: Option<Watcher>,
}

impl Journals {
    /// Called on every append; the process dies if it returns true.
    pub fn watch(&self, watcher: impl FnMut(Point) -> bool + Send + 'static) {
        self.0.lock().unwrap().watcher = Some(Box::new(watcher));
    }

    /// The process dies at that point, once.
    pub fn die_at(&self, point: Point) {
        let mut due = true;
        self.watch(move |here| here == point && std::mem::take(&mut due));
    }

    /// Stops simulating deaths.
    pub fn live_on(&self) {
        self.0.lock().unwrap().watcher = None;
    }

    /// The entries of a promotion on disk.
    pub fn entries(&self, id: PromotionId) -> Vec<Entry> {
        self.0.lock().unwrap().stored.get(&id).cloned().unwrap_or_default()
    }

    /// Number of entries on disk.
    pub fn len(&self, id: PromotionId) -> usize {
        self.0.lock().unwrap().stored.get(&id).map_or(0, Vec::len)
    }

    /// Writes a journal as an earlier process left it.
    pub fn put(&self, id: PromotionId, entries: &[Entry]) {
        self.0.lock().unwrap().stored.insert(id, entries.to_vec());
    }

    fn pass(&self, point: Point) -> Outcome<()> {
        // Called without the lock, as a watcher may read the journals.
        let Some(mut watcher) = self.0.lock().unwrap().watcher.take() else { return Ok(()) };
        let dies = watcher(point);
        self.0.lock().unwrap().watcher.get_or_insert(watcher);
        if dies { Err(refuse(FailureKind::Local, "the process dies here")) } else { Ok(()) }
    }

    fn lock(&self, id: PromotionId) -> Outcome<Box<dyn JournalFile>> {
        let shelf = &mut *self.0.lock().unwrap();
        if !shelf.stored.contains_key(&id) {
            return Err(refuse(FailureKind::NotFound, "there is no such journal"));
        }
        if !shelf.driven.insert(id) {
            return Err(refuse(FailureKind::Conflict, "another process drives it"));
        }
        Ok(Box::new(File { shelf: self.clone(), id }))
    }
}

struct File {
    shelf: Journals,
    id: PromotionId,
}

impl Drop for File {
    fn drop(&mut self) {
        self.shelf.0.lock().unwrap().driven.remove(&self.id);
    }
}

#[async_trait]
impl JournalFile for File {
    async fn append(&mut self, entry: &Entry) -> Outcome<()> {
        let n = usize::try_from(entry.seq).unwrap();
        self.shelf.pass(Point::Before(n))?;
        {
            let mut shelf = self.shelf.0.lock().unwrap();
            let entries = shelf.stored.get_mut(&self.id).unwrap();
            assert_eq!(entries.len(), n, "entries are numbered without gaps");
            entries.push(entry.clone());
        }
        self.shelf.pass(Point::After(n))
    }
}

#[async_trait]
impl JournalStore for Journals {
    async fn create(&self, id: PromotionId) -> Outcome<Box<dyn JournalFile>> {
        {
            let stored = &mut self.0.lock().unwrap().stored;
            if stored.contains_key(&id) {
                return Err(refuse(FailureKind::Conflict, "it exists already"));
            }
            stored.insert(id, Vec::new());
        }
        self.lock(id)
    }

    async fn open(&self, id: PromotionId) -> Outcome<(Vec<Entry>, Box<dyn JournalFile>)> {
        let file = self.lock(id)?;
        Ok((self.entries(id), file))
    }

    async fn read(&self, id: PromotionId) -> Outcome<Vec<Entry>> {
        let shelf = self.0.lock().unwrap();
        shelf.stored.get(&id).cloned().ok_or_else(|| refuse(FailureKind::NotFound, "there is no such journal"))
    }

    async fn clear(&self, id: PromotionId) -> Outcome<Option<String>> {
        let stored = &mut self.0.lock().unwrap().stored;
        let empty = stored.get(&id).is_some_and(Vec::is_empty);
        if empty {
            stored.remove(&id);
        }
        Ok(empty.then(String::new))
    }

    async fn list(&self) -> Outcome<Vec<StoredPromotion>> {
        let shelf = self.0.lock().unwrap();
        let found = shelf.stored.iter().rev();
        Ok(found
            .map(|(id, entries)| StoredPromotion {
                id: *id,
                entries: Ok(entries.clone()),
                driven: shelf.driven.contains(id),
            })
            .collect())
    }
}

fn refuse(kind: FailureKind, reason: &str) -> Failure {
    Failure::new(kind, Service::Journal, "use the journal", reason)
}
