//! The files of a version, found folder by folder, in the order in which one wants to see them.

use crate::app::query::Query;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::failure::Failure;
use crate::preview::{Shape, shape};
use crate::screens::parts::Ctx;

/// Folders below a root are looked into this far.
const DEEPEST: usize = 3;
/// Folders that are listed. More of them are left to the files screen.
const MOST_FOLDERS: usize = 24;

/// A file of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub root: ArtifactRoot,
    pub path: String,
    /// In bytes, if the server reports it.
    pub size: Option<u64>,
}

/// What is known of the files so far.
#[derive(Debug, Default)]
pub struct Listing<'a> {
    /// A confusion matrix first, then pictures, then tables and JSON, then everything else.
    pub files: Vec<Found>,
    /// The folders that are listed.
    pub asked: Vec<Query>,
    pub is_reading: bool,
    /// Not every folder was listed.
    pub more: bool,
    pub failure: Option<&'a Failure>,
}

/// Lists what the cache has of `roots`.
pub fn listing<'a>(roots: &[ArtifactRoot], ctx: &Ctx<'a>) -> Listing<'a> {
    let mut out = Listing::default();
    for root in roots {
        // The folders of one depth after those of the depth above: what is near the top is found first.
        let mut folders = vec![String::new()];
        for depth in 0..=DEEPEST {
            folders = folders.into_iter().flat_map(|path| list(root, path, depth, ctx, &mut out)).collect();
        }
    }
    out.files.sort_by(|a, b| rank(&a.path).cmp(&rank(&b.path)).then_with(|| a.path.cmp(&b.path)));
    out
}

/// Adds the files of a folder; with the folders in it.
fn list<'a>(root: &ArtifactRoot, path: String, depth: usize, ctx: &Ctx<'a>, out: &mut Listing<'a>) -> Vec<String> {
    if out.asked.len() >= MOST_FOLDERS || depth > DEEPEST {
        out.more = true;
        return Vec::new();
    }
    let query = Query::Artifacts { root: root.clone(), path: path.clone() };
    out.failure = out.failure.or(ctx.cache.failure(&query));
    out.asked.push(query);
    let Some(entries) = ctx.cache.artifacts(root, &path) else {
        out.is_reading = true;
        return Vec::new();
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.is_dir);
    let found = |size, path: &String| Found { root: root.clone(), path: path.clone(), size };
    out.files.extend(files.into_iter().map(|entry| found(entry.size, &entry.path)));
    if depth == DEEPEST {
        out.more |= !folders.is_empty();
        return Vec::new();
    }
    folders.into_iter().map(|entry| entry.path.clone()).collect()
}

fn rank(path: &str) -> (Shape, bool) {
    (shape(path), !path.to_ascii_lowercase().contains("confusion"))
}
