//! Facts about a version's files: enough to tell later that they are still those that were signed.
//!
//! A list of paths and sizes is cheap and shows everything that was added, removed or truncated. Servers report no
//! digests, so small files are read for theirs; models may be far too large for that.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWrite;

use crate::domain::artifact::{ArtifactFacts, ArtifactRoot, FileFacts, MlModelFile, home};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::record::seal::{canonical, sha256};
use crate::domain::registry::ModelVersion;
use crate::services::Services;

/// Most files and folders that are listed.
const MAX_ENTRIES: usize = 1_000;
/// Most folders that are listed, one request each.
pub const MAX_REQUESTS: usize = 20;
/// Most bytes that are read for digests, all files of a version together.
pub const MAX_READ: u64 = 32 << 20;
/// Most files that are read for digests, one request each.
const MAX_DIGESTS: usize = 100;
/// The file that says what a model is.
const MLMODEL: &str = "MLmodel";
/// Files that are read at once.
const AT_ONCE: usize = 3;

/// The files directly in each folder, with their sizes where the server says them. Paths begin below the version's
/// folder, which is the empty text itself.
pub type Folders = BTreeMap<String, Vec<(String, Option<u64>)>>;

/// What was listed of a version's files.
#[derive(Clone, Debug)]
pub struct Listing {
    root: ArtifactRoot,
    /// The version's folder, with a slash unless it is the root.
    prefix: String,
    pub folders: Folders,
    /// Why not all folders were listed.
    pub stopped: Option<String>,
}

impl Listing {
    /// Whether it has the file that says what the model is.
    pub(super) fn has_mlmodel(&self) -> bool {
        self.stopped.is_some()
            || self.folders.get("").is_some_and(|files| files.iter().any(|(path, _)| path == MLMODEL))
    }

    /// All files by path.
    fn files(&self) -> Vec<(String, Option<u64>)> {
        let mut files: Vec<_> = self.folders.values().flatten().cloned().collect();
        files.sort();
        files
    }
}

/// Digests of the `MLmodel` file and of the list of all files. What could not be read is said in the result.
pub(super) fn facts(
    mlmodel: &Outcome<MlModelFile>,
    listing: Outcome<Result<Listing, String>>,
    digests: BTreeMap<String, String>,
) -> ArtifactFacts {
    let mut missing = Vec::new();
    let mlmodel = mlmodel.as_ref().map_err(|failure| missing.push(failure.to_string())).ok();
    let files = match listing {
        Ok(Ok(Listing { stopped: Some(why), .. })) | Ok(Err(why)) => Err(why),
        Ok(Ok(listing)) => Ok(listing.files()),
        Err(failure) => Err(failure.to_string()),
    };
    let files = files.map_err(|why| missing.push(why)).ok();
    if files.as_ref().is_some_and(Vec::is_empty) {
        missing.push("there are no files where its source says".to_owned());
    }
    let tree = |files: &Vec<(String, Option<u64>)>| {
        let of = |(path, size): &(String, Option<u64>)| FileFacts {
            digest: digests.get(path).cloned(),
            path: path.clone(),
            size: *size,
        };
        files.iter().map(of).collect()
    };
    ArtifactFacts {
        mlmodel: mlmodel.map(|file| sha256(&file.bytes)),
        listing: files.as_ref().map(|files| sha256(&canonical(files))),
        files: files.as_ref().map(|files| files.len() as u64),
        // No total if one size is missing.
        bytes: files.as_ref().and_then(|files| files.iter().map(|(_, size)| *size).sum()),
        tree: files.as_ref().map(tree).unwrap_or_default(),
        unavailable: (!missing.is_empty()).then(|| missing.join("; ")),
    }
}

/// The failure of reading the file that says what a model is, where its folder was listed without one.
pub(super) fn no_mlmodel(version: &ModelVersion) -> Failure {
    let operation = format!("read the MLmodel file of {} {}", version.model, version.number);
    let reason = format!("there is no {MLMODEL} file where its source ({}) says", version.source);
    Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason)
}

/// The files of a version, in at most `requests` requests; a sentence says why it was not even tried.
///
/// # Errors
/// If a folder cannot be listed.
pub async fn listing(services: &Services, version: &ModelVersion, requests: usize) -> Outcome<Result<Listing, String>> {
    let Some((root, top)) = home(version) else {
        return Ok(Err(format!("its source ({}) names no folder that can be listed", version.source)));
    };
    let prefix = if top.is_empty() { String::new() } else { format!("{top}/") };
    let mut waiting = VecDeque::from([top]);
    let mut listing = Listing { root, prefix, folders: Folders::new(), stopped: None };
    let mut seen = 0;
    for _ in 0..requests {
        let Some(folder) = waiting.pop_front() else { break };
        let entries = services.tracking.artifacts(&listing.root, &folder).await?;
        seen += entries.len();
        if seen > MAX_ENTRIES {
            listing.stopped = Some(format!("it has more than {MAX_ENTRIES} files"));
            return Ok(Ok(listing));
        }
        let below = |path: &str| path.strip_prefix(&listing.prefix).unwrap_or(path).to_owned();
        let mut files = Vec::new();
        for entry in entries {
            if entry.is_dir {
                waiting.push_back(entry.path);
            } else {
                files.push((below(&entry.path), entry.size));
            }
        }
        let name = if format!("{folder}/") == listing.prefix { String::new() } else { below(&folder) };
        listing.folders.insert(name, files);
    }
    if !waiting.is_empty() {
        listing.stopped = Some(format!("it has more than {requests} folders"));
    }
    Ok(Ok(listing))
}

/// Digests of the listed files, the smallest first, as far as their sizes are known and they are not too large
/// together. A file that cannot be read has none; the first failure says why.
///
/// The `MLmodel` file is not read again if it is known.
pub async fn digests(
    services: &Services,
    listing: &Listing,
    mlmodel: Option<&MlModelFile>,
) -> (BTreeMap<String, String>, Option<Failure>) {
    let mut files: Vec<(u64, String)> =
        listing.folders.values().flatten().filter_map(|(path, size)| Some(((*size)?, path.clone()))).collect();
    files.sort();
    let mut room = MAX_READ;
    let fits = |(size, _): &(u64, String)| room.checked_sub(*size).map(|left| room = left).is_some();
    let chosen: Vec<String> = files.into_iter().take_while(fits).take(MAX_DIGESTS).map(|(_, path)| path).collect();
    let read = stream::iter(chosen.into_iter().map(|path| async move {
        if let Some(file) = mlmodel.filter(|_| path == MLMODEL) {
            return (path, Ok(sha256(&file.bytes)));
        }
        let whole = format!("{}{path}", listing.prefix);
        let mut sum = Sum { hash: Sha256::new(), room: MAX_READ };
        let read = services.tracking.download(&listing.root, &whole, &mut sum, &|_| {}).await;
        (path, read.map(|_| sum.digest()))
    }));
    let (mut digests, mut failed) = (BTreeMap::new(), None);
    let mut read = std::pin::pin!(read.buffered(AT_ONCE));
    while let Some((path, read)) = read.next().await {
        match read {
            Ok(digest) => {
                digests.insert(path, digest);
            }
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    (digests, failed)
}

/// Hashes what is written to it, and keeps nothing. A server may send more than it said.
struct Sum {
    hash: Sha256,
    room: u64,
}

impl Sum {
    fn digest(self) -> String {
        use std::fmt::Write as _;
        let mut out = String::from("sha256:");
        for byte in self.hash.finalize() {
            let _ = write!(out, "{byte:02x}");
        }
        out
    }
}

impl AsyncWrite for Sum {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.room.checked_sub(bytes.len() as u64) {
            Some(left) => {
                self.room = left;
                self.hash.update(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            None => Poll::Ready(Err(io::Error::other("the file is larger than the server said"))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
