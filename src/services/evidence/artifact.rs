//! Facts about a version's files: enough to tell later that they are still those that were signed.
//!
//! No contents are read except `MLmodel`: models are large, and servers report no digests. A list of paths and sizes is
//! cheap and shows everything that was added, removed or truncated.

use std::collections::VecDeque;

use crate::domain::artifact::{ArtifactFacts, MlModelFile, home};
use crate::domain::failure::Outcome;
use crate::domain::record::seal::{canonical, sha256};
use crate::domain::registry::ModelVersion;
use crate::services::Services;

/// Most files and folders that are listed.
const MAX_ENTRIES: usize = 1_000;
/// Most folders that are listed, one request each.
const MAX_REQUESTS: usize = 20;

/// Every file below a version's folder.
pub(super) struct Listing {
    /// Path below the folder, and size where the server says it.
    files: Vec<(String, Option<u64>)>,
}

/// Digests of the `MLmodel` file and of the list of all files. What could not be read is said in the result.
pub(super) fn facts(mlmodel: &Outcome<MlModelFile>, listing: Outcome<Result<Listing, String>>) -> ArtifactFacts {
    let mut missing = Vec::new();
    let mlmodel = mlmodel.as_ref().map_err(|failure| missing.push(failure.to_string())).ok();
    let listing = match listing {
        Ok(Ok(listing)) => Some(listing),
        Ok(Err(why)) => {
            missing.push(why);
            None
        }
        Err(failure) => {
            missing.push(failure.to_string());
            None
        }
    };
    ArtifactFacts {
        mlmodel: mlmodel.map(|file| sha256(&file.bytes)),
        listing: listing.as_ref().map(|l| sha256(&canonical(&l.files))),
        files: listing.as_ref().map(|l| l.files.len() as u64),
        // No total if one size is missing.
        bytes: listing.as_ref().and_then(|l| l.files.iter().map(|(_, size)| *size).sum()),
        unavailable: (!missing.is_empty()).then(|| missing.join("; ")),
    }
}

/// All files of a version by path; a sentence says why it was not even tried, or given up.
pub(super) async fn listing(services: &Services, version: &ModelVersion) -> Outcome<Result<Listing, String>> {
    let Some((root, top)) = home(version) else {
        return Ok(Err(format!("its source ({}) names no folder that can be listed", version.source)));
    };
    let prefix = if top.is_empty() { String::new() } else { format!("{top}/") };
    let mut folders = VecDeque::from([top.clone()]);
    let (mut files, mut seen) = (Vec::new(), 0);
    for _ in 0..MAX_REQUESTS {
        let Some(folder) = folders.pop_front() else { break };
        let entries = services.tracking.artifacts(&root, &folder).await?;
        seen += entries.len();
        if seen > MAX_ENTRIES {
            return Ok(Err(format!("it has more than {MAX_ENTRIES} files")));
        }
        for entry in entries {
            if entry.is_dir {
                folders.push_back(entry.path);
            } else {
                let path = entry.path.strip_prefix(&prefix).unwrap_or(&entry.path).to_owned();
                files.push((path, entry.size));
            }
        }
    }
    if !folders.is_empty() {
        return Ok(Err(format!("it has more than {MAX_REQUESTS} folders")));
    }
    if files.is_empty() {
        return Ok(Err("there are no files where its source says".to_owned()));
    }
    files.sort();
    Ok(Ok(Listing { files }))
}
