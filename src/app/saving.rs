//! Saving a file from a server to this machine.

use crate::domain::artifact::{ArtifactRoot, human_size};

/// What to save, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    pub root: ArtifactRoot,
    /// Path within `root`.
    pub path: String,
    /// Destination folder on this machine, as typed: `~` is the home folder, empty the current one.
    pub into: String,
    /// Whether to replace an existing file.
    pub overwrite: bool,
}

/// Progress or result of a [`SaveRequest`].
#[derive(Clone, Debug, PartialEq)]
pub enum SaveNews {
    /// Bytes received so far.
    Progress(u64),
    /// The file exists, at this path, and was not touched.
    Exists(String),
    Done {
        /// Where it was saved, cleaned.
        path: String,
        bytes: u64,
    },
    /// It could not be saved, and nothing was left behind.
    Failed(crate::domain::failure::Failure),
}

/// The state of the file being saved. Only one at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    pub request: SaveRequest,
    /// Bytes received so far.
    pub bytes: u64,
    /// Path of the existing file, if any: the user has to choose what to do.
    pub exists: Option<String>,
}

impl Saving {
    pub fn new(request: SaveRequest) -> Self {
        Self { request, bytes: 0, exists: None }
    }

    /// Progress in a few words.
    pub fn word(&self) -> String {
        format!("saving, {}", human_size(self.bytes))
    }
}
