//! What was read of files: folders, and the beginnings of a few.

use std::collections::HashMap;
use std::sync::Arc;

use super::paint::{Canvas, Graphic};
use crate::domain::artifact::{ArtifactEntry, ArtifactRoot};
use crate::domain::preview::Preview;

/// Previews kept at once: each may take a megabyte.
const MOST_PREVIEWS: usize = 8;

/// Pictures made ready that are kept at once: each is one size of one file.
const MOST_GRAPHICS: usize = 3;

type Place = (ArtifactRoot, String);

/// What was read of files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    folders: HashMap<Place, Vec<ArtifactEntry>>,
    previews: Vec<(Place, Arc<Preview>)>,
    graphics: Vec<(Canvas, Arc<Graphic>)>,
}

impl Files {
    /// What lies in a folder, if it was read.
    pub fn folder(&self, root: &ArtifactRoot, path: &str) -> Option<&[ArtifactEntry]> {
        self.folders.get(&(root.clone(), path.to_owned())).map(Vec::as_slice)
    }

    /// The beginning of a file, if it was read and is still kept.
    pub fn preview(&self, root: &ArtifactRoot, path: &str) -> Option<&Arc<Preview>> {
        self.previews.iter().find(|((r, p), _)| r == root && p == path).map(|(_, preview)| preview)
    }

    /// The picture made ready for the terminal, if it was and is still kept.
    pub fn graphic(&self, canvas: &Canvas) -> Option<&Arc<Graphic>> {
        self.graphics.iter().find(|(c, _)| c == canvas).map(|(_, graphic)| graphic)
    }

    /// Keeps a picture made ready, in place of the one that was kept longest.
    pub fn put_graphic(&mut self, canvas: Canvas, graphic: Graphic) {
        self.graphics.retain(|(c, _)| *c != canvas);
        self.graphics.push((canvas, Arc::new(graphic)));
        if self.graphics.len() > MOST_GRAPHICS {
            self.graphics.remove(0);
        }
    }

    pub(super) fn put_folder(&mut self, root: &ArtifactRoot, path: &str, entries: Vec<ArtifactEntry>) {
        self.folders.insert((root.clone(), path.to_owned()), entries);
    }

    /// Keeps a preview. Returns the place of the one that had to go for it.
    pub(super) fn put_preview(&mut self, root: &ArtifactRoot, path: &str, preview: Arc<Preview>) -> Option<Place> {
        self.previews.retain(|((r, p), _)| r != root || p != path);
        self.previews.push(((root.clone(), path.to_owned()), preview));
        (self.previews.len() > MOST_PREVIEWS).then(|| self.previews.remove(0).0)
    }
}
