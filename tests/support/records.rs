//! An in-memory chain of records.

#![allow(clippy::unwrap_used, dead_code, reason = "each test binary uses its own part")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use signoff::domain::failure::Outcome;
use signoff::domain::record::chain::ChainLine;
use signoff::ports::records::{RecordFile, RecordStore};

/// Records that are discarded after the test.
#[derive(Clone, Debug, Default)]
pub struct Records {
    lines: Arc<Mutex<Vec<ChainLine>>>,
}

struct Open {
    shared: Records,
    seen: Vec<ChainLine>,
}

#[async_trait]
impl RecordStore for Records {
    async fn lock(&self) -> Outcome<Box<dyn RecordFile>> {
        Ok(Box::new(Open { seen: self.lines.lock().unwrap().clone(), shared: self.clone() }))
    }

    async fn read(&self) -> Outcome<Vec<ChainLine>> {
        Ok(self.lines.lock().unwrap().clone())
    }
}

#[async_trait]
impl RecordFile for Open {
    fn lines(&self) -> &[ChainLine] {
        &self.seen
    }

    async fn append(&mut self, line: ChainLine) -> Outcome<()> {
        self.shared.lines.lock().unwrap().push(line.clone());
        self.seen.push(line);
        Ok(())
    }
}
