//! A file on its way to this machine.

use crate::domain::artifact::{ArtifactRoot, human_size};

/// What shall be saved, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// Whose file.
    pub root: ArtifactRoot,
    /// Its path there.
    pub path: String,
    /// The folder on this machine, as typed: `~` is the home folder, empty the current one.
    pub into: String,
    /// A file of that name may be replaced.
    pub overwrite: bool,
}

/// What became of a [`SaveRequest`].
#[derive(Clone, Debug, PartialEq)]
pub enum SaveNews {
    /// So many bytes are there.
    Progress(u64),
    /// There is such a file already, here: it was not touched.
    Exists(String),
    /// It is saved.
    Done {
        /// Where, cleaned.
        path: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// It could not be saved, and nothing was left behind.
    Failed(crate::domain::failure::Failure),
}

/// How far the file being saved is. One at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// What was asked for.
    pub request: SaveRequest,
    /// Bytes that are there.
    pub bytes: u64,
    /// Where a file of the name is, if there is one: a person has to say what shall be done.
    pub exists: Option<String>,
}

impl Saving {
    /// Begins.
    pub fn new(request: SaveRequest) -> Self {
        Self { request, bytes: 0, exists: None }
    }

    /// How far it is, in a few words.
    pub fn word(&self) -> String {
        format!("saving, {}", human_size(self.bytes))
    }
}
