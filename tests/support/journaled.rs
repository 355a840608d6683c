//! Proof of a journal entry for tests that call a writing port by itself.
#![allow(clippy::unwrap_used, dead_code, reason = "each test binary uses its own part")]

use async_trait::async_trait;
use jiff::Timestamp;
use signoff::domain::promotion::{Entry, Event};
use signoff::failure::Outcome;
use signoff::ports::{JournalFile, Journaled, Ledger};

struct Nowhere;

#[async_trait]
impl JournalFile for Nowhere {
    async fn append(&mut self, _entry: &Entry) -> Outcome<()> {
        Ok(())
    }
}

/// A token that proves nothing.
pub async fn journaled() -> Journaled {
    let mut ledger = Ledger::new(Box::new(Nowhere), 0);
    ledger.append(Timestamp::UNIX_EPOCH, Event::Verified).await.unwrap().1
}
