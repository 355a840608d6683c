//! A journal in memory, and the proof of an entry that writing port methods ask for.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use signoff::domain::promotion::{Entry, Event};
use signoff::failure::Outcome;
use signoff::ports::{JournalFile, Journaled, Ledger};

/// A journal that keeps its entries in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryFile {
    pub entries: Arc<Mutex<Vec<Entry>>>,
}

#[async_trait]
impl JournalFile for MemoryFile {
    async fn append(&mut self, entry: &Entry) -> Outcome<()> {
        self.entries.lock().unwrap().push(entry.clone());
        Ok(())
    }
}

/// Appends an entry to a journal of its own, which is what it takes to be allowed to write.
pub async fn journaled() -> Journaled {
    let mut ledger = Ledger::new(Box::new(MemoryFile::default()), 0);
    ledger.append(super::plan::now(), Event::Verified).await.unwrap().1
}
