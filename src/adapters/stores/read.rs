//! Lists and reads the files in a store, in bounded pieces.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{GetResult, ObjectStoreExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Mutex;

use super::Settings;
use super::open::{self, Open};
use super::said;
use crate::adapters::mlflow::artifacts::directly_below;
use crate::domain::artifact::{ArtifactEntry, ArtifactHead};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::store::Bucket;
use crate::domain::text::clean_line;

/// Most pages of a folder that are read. One has up to a thousand names.
const MAX_PAGES: usize = 20;

/// The stores that were opened. A store keeps its credentials until they end.
#[derive(Debug)]
pub(super) struct Stores {
    settings: Settings,
    open: Mutex<HashMap<Bucket, Arc<Open>>>,
}

impl Stores {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, open: Mutex::default() }
    }

    async fn open(&self, bucket: &Bucket, what: &str) -> Outcome<Arc<Open>> {
        let whole = Bucket { folder: String::new(), ..bucket.clone() };
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&whole) {
            return Ok(known.clone());
        }
        let opened = Arc::new(open::open(&self.settings, &whole, what).await?);
        open.insert(whole, opened.clone());
        Ok(opened)
    }

    pub(super) async fn list(&self, bucket: &Bucket, path: &str, what: &str) -> Outcome<Vec<ArtifactEntry>> {
        let open = self.open(bucket, what).await?;
        let path = path.trim_end_matches('/');
        let folder = joined(&bucket.folder, path);
        let prefix = if folder.is_empty() { None } else { Some(format!("{folder}/")) };
        let (mut entries, mut token) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let asked = PaginatedListOptions {
                delimiter: Some("/".into()),
                page_token: token.take(),
                ..PaginatedListOptions::default()
            };
            let page = open.store.list_paginated(prefix.as_deref(), asked);
            let page = within(open.carrier.timeout(), bucket, what, page).await?;
            let page = page.map_err(|error| said::failure(&error, &open, bucket, what))?;
            let files = page.result.objects.into_iter().map(|file| (file.location, false, Some(file.size)));
            let folders = page.result.common_prefixes.into_iter().map(|folder| (folder, true, None));
            for (location, is_dir, size) in files.chain(folders) {
                let Some(path) = below(&bucket.folder, &location) else { continue };
                entries.push(ArtifactEntry { path, is_dir, size });
            }
            token = page.page_token;
            if token.is_none() {
                break;
            }
        }
        if token.is_some() {
            let reason = format!("the folder has more than {} names", entries.len());
            return Err(Failure::new(FailureKind::Rejected, Service::Mlflow, what, reason));
        }
        entries.retain(|entry| directly_below(path, &entry.path));
        entries.sort_by(|a, b| (!a.is_dir, &a.path).cmp(&(!b.is_dir, &b.path)));
        entries.dedup();
        Ok(entries)
    }

    pub(super) async fn head(&self, bucket: &Bucket, path: &str, limit: usize, what: &str) -> Outcome<ArtifactHead> {
        let (open, read) = self.get(bucket, path, what).await?;
        let total = read.meta.size;
        let (mut stream, mut bytes) = (read.into_stream(), Vec::new());
        // The transfer ends with the stream.
        while bytes.len() <= limit {
            let Some(piece) = within(open.carrier.timeout(), bucket, what, stream.next()).await? else { break };
            bytes.extend_from_slice(&piece.map_err(|error| said::failure(&error, &open, bucket, what))?);
        }
        let truncated = bytes.len() > limit;
        bytes.truncate(limit);
        Ok(ArtifactHead { bytes, truncated, total: Some(total) })
    }

    pub(super) async fn save(
        &self,
        bucket: &Bucket,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
        what: &str,
    ) -> Outcome<u64> {
        let local =
            |e: std::io::Error| Failure::new(FailureKind::Local, Service::Local, what, clean_line(&e.to_string()));
        let (open, read) = self.get(bucket, path, what).await?;
        let (mut stream, mut written) = (read.into_stream(), 0);
        while let Some(piece) = within(open.carrier.timeout(), bucket, what, stream.next()).await? {
            let piece = piece.map_err(|error| said::failure(&error, &open, bucket, what))?;
            into.write_all(&piece).await.map_err(local)?;
            written += piece.len() as u64;
            progress(written);
        }
        into.flush().await.map_err(local)?;
        Ok(written)
    }

    async fn get(&self, bucket: &Bucket, path: &str, what: &str) -> Outcome<(Arc<Open>, GetResult)> {
        let open = self.open(bucket, what).await?;
        let odd = |_| Failure::new(FailureKind::Rejected, Service::Mlflow, what, "the store has no such names");
        let at = Path::parse(joined(&bucket.folder, path)).map_err(odd)?;
        let read = within(open.carrier.timeout(), bucket, what, open.store.get(&at)).await?;
        let read = read.map_err(|error| said::failure(&error, &open, bucket, what))?;
        Ok((open, read))
    }
}

/// Waits no longer than `patience`.
async fn within<T>(patience: Duration, bucket: &Bucket, what: &str, future: impl Future<Output = T>) -> Outcome<T> {
    // A read is repeated a few times within it.
    tokio::time::timeout(patience * 2, future).await.map_err(|_| {
        Failure::new(FailureKind::Unavailable, Service::Mlflow, what, format!("{bucket} did not answer in time"))
    })
}

fn joined(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// The path below the folder of the files.
fn below(folder: &str, location: &Path) -> Option<String> {
    let location = location.as_ref();
    match folder {
        "" => Some(location.to_owned()),
        folder => location.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
    }
}
