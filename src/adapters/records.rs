//! The chain of records on disk: `<state>/records.jsonl`, one line a record or outcome.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::domain::record::chain::Line;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::records::{RecordFile, RecordStore};

/// The file that holds the chain.
#[derive(Clone, Debug)]
pub struct RecordDir {
    path: PathBuf,
}

impl RecordDir {
    /// The chain below `state`, the program's state directory. Touches nothing yet.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("records.jsonl") }
    }
}

struct Open {
    path: PathBuf,
    lines: Vec<Line>,
}

fn say(e: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Local, Service::Journal, "use the journal of records", e.to_string())
}

#[async_trait]
impl RecordStore for RecordDir {
    async fn lock(&self) -> Outcome<Box<dyn RecordFile>> {
        Ok(Box::new(Open { path: self.path.clone(), lines: self.read().await? }))
    }

    async fn read(&self) -> Outcome<Vec<Line>> {
        match std::fs::read_to_string(&self.path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(say(e)),
            Ok(text) => text.lines().map(|l| serde_json::from_str(l).map_err(say)).collect(),
        }
    }
}

#[async_trait]
impl RecordFile for Open {
    fn lines(&self) -> &[Line] {
        &self.lines
    }

    async fn append(&mut self, line: Line) -> Outcome<()> {
        use std::io::Write as _;
        let mut bytes = serde_json::to_vec(&line).map_err(say)?;
        bytes.push(b'\n');
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(say)?;
        }
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.path).map_err(say)?;
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(say)?;
        self.lines.push(line);
        Ok(())
    }
}
