//! Files that the MLflow server does not hand out, because it was told not to (`--no-serve-artifacts`), or cannot reach
//! their store: they are read from the store, with the user's own credentials for it, as MLflow's client does.
//!
//! The server is asked first: where it can read them, nobody needs credentials for the store.

#[cfg(feature = "stores")]
mod access;
#[cfg(feature = "stores")]
mod carrier;
#[cfg(feature = "stores")]
mod open;
#[cfg(feature = "stores")]
mod read;
#[cfg(feature = "stores")]
mod said;
#[cfg(not(feature = "stores"))]
mod without;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::io::AsyncWrite;

#[cfg(feature = "stores")]
use read::Stores;
#[cfg(not(feature = "stores"))]
use without::Stores;

use crate::adapters::mlflow::Mlflow;
use crate::adapters::mlflow::artifacts as files;
use crate::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::domain::store::{Bucket, Place};
use crate::domain::text::clean_line;
use crate::ports::tracking::TrackingServer;

/// What the environment says of stores.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Variables by name.
    pub vars: BTreeMap<String, SecretString>,
    /// `~`.
    pub home: Option<PathBuf>,
}

/// An MLflow server whose files are read from their store where it does not hand them out.
#[derive(Debug)]
pub struct StoredTracking {
    api: Arc<Mlflow>,
    stores: Stores,
    places: Mutex<HashMap<ArtifactRoot, Place>>,
    /// A store had what the server could not read: it is not asked for files again.
    is_helpless: AtomicBool,
}

impl StoredTracking {
    /// Makes no request.
    pub fn new(api: Arc<Mlflow>, settings: Settings) -> Self {
        Self { api, stores: Stores::new(settings), places: Mutex::default(), is_helpless: AtomicBool::new(false) }
    }

    fn is_helpless(&self) -> bool {
        self.is_helpless.load(Ordering::Relaxed)
    }

    /// Where the files are that the server failed to read, if it was asked; none if only the server has them.
    ///
    /// # Errors
    /// What the server said, if the store is none that is read here.
    async fn bucket(&self, root: &ArtifactRoot, refused: Option<&Failure>) -> Outcome<Option<Bucket>> {
        if let Some(failure) = refused.filter(|failure| !may_be_in_a_store(failure)) {
            return Err(failure.clone());
        }
        let place = match (self.place(root).await, refused) {
            (Ok(place), _) => place,
            (Err(_), Some(failure)) => return Err(failure.clone()),
            (Err(failure), None) => return Err(failure),
        };
        match (place, refused) {
            (Place::Bucket(bucket), _) => Ok(Some(bucket)),
            (Place::Server | Place::Disk(_) | Place::Unknown(_), None) => Ok(None),
            (Place::Server, Some(failure)) => Err(failure.clone()),
            (Place::Disk(path), Some(failure)) => {
                let path = clean_line(&path);
                let why = format!("they are in {path} on the machine that the run was made on, or on the server's");
                Err(told(failure, &why, "Whoever runs the server can see whether it has that folder."))
            }
            (Place::Unknown(scheme), Some(failure)) => {
                let why = format!("they are in a store that signoff does not read ({}:)", clean_line(&scheme));
                Err(told(failure, &why, "It reads s3://, gs://, wasbs:// and abfss://."))
            }
        }
    }

    async fn place(&self, root: &ArtifactRoot) -> Outcome<Place> {
        // A poisoned lock costs a request only.
        if let Some(known) = self.places.lock().ok().and_then(|places| places.get(root).cloned()) {
            return Ok(known);
        }
        let place = Place::of(&self.api.files_uri(root).await?);
        if let Ok(mut places) = self.places.lock() {
            places.insert(root.clone(), place.clone());
        }
        Ok(place)
    }

    /// What came of reading the store, after the server failed.
    fn ended<T>(&self, read: Outcome<T>, refused: Option<&Failure>) -> Outcome<T> {
        match (read, refused) {
            (Ok(read), _) => {
                self.is_helpless.store(true, Ordering::Relaxed);
                Ok(read)
            }
            (Err(failure), Some(server)) if failure.kind != FailureKind::NotFound => {
                let reason = format!("{}; the MLflow server cannot read it either ({})", failure.reason, server.reason);
                Err(Failure { reason, ..failure })
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

/// Whether the server may have failed because of its store. What it says of the request itself stands.
fn may_be_in_a_store(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Protocol | FailureKind::Rejected | FailureKind::Unknown | FailureKind::Unavailable => true,
        // A store that refuses the server is a 403 of some versions.
        FailureKind::Forbidden => true,
        FailureKind::Config
        | FailureKind::Unauthenticated
        | FailureKind::NotFound
        | FailureKind::Conflict
        | FailureKind::RateLimited { .. }
        | FailureKind::Local
        | FailureKind::Bug => false,
    }
}

fn told(failure: &Failure, why: &str, hint: &str) -> Failure {
    let reason = format!("{}; {why}", failure.reason);
    Failure { reason, ..failure.clone() }.with_hint(hint)
}

#[async_trait]
impl TrackingServer for StoredTracking {
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>> {
        self.api.experiments(page).await
    }

    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment> {
        self.api.experiment(id).await
    }

    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>> {
        self.api.search_runs(query).await
    }

    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        self.api.histories(runs, metric, window, max_points).await
    }

    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        let mut refused = None;
        if !self.is_helpless() {
            match self.api.artifacts(root, path).await {
                Ok(entries) => return Ok(entries),
                Err(failure) => refused = Some(failure),
            }
        }
        let Some(bucket) = self.bucket(root, refused.as_ref()).await? else {
            return self.api.artifacts(root, path).await;
        };
        let (path, what) = (path.trim_end_matches('/'), files::listing(root, path));
        files::check(path, true, &what)?;
        self.ended(self.stores.list(&bucket, path, &what).await, refused.as_ref())
    }

    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead> {
        let mut refused = None;
        if !self.is_helpless() {
            match self.api.artifact_head(root, path, limit).await {
                Ok(head) => return Ok(head),
                Err(failure) => refused = Some(failure),
            }
        }
        let Some(bucket) = self.bucket(root, refused.as_ref()).await? else {
            return self.api.artifact_head(root, path, limit).await;
        };
        let what = files::reading(root, path);
        files::check(path, false, &what)?;
        self.ended(self.stores.head(&bucket, path, limit, &what).await, refused.as_ref())
    }

    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        let what = files::saving(root, path);
        files::check(path, false, &what)?;
        let mut refused = None;
        if !self.is_helpless() {
            let has_begun = AtomicBool::new(false);
            let seen = |bytes| {
                has_begun.store(true, Ordering::Relaxed);
                progress(bytes);
            };
            match self.api.download(root, path, into, &seen).await {
                Ok(written) => return Ok(written),
                // What was written cannot be taken back.
                Err(failure) if has_begun.load(Ordering::Relaxed) => return Err(failure),
                Err(failure) => refused = Some(failure),
            }
        }
        let Some(bucket) = self.bucket(root, refused.as_ref()).await? else {
            return self.api.download(root, path, into, progress).await;
        };
        self.ended(self.stores.save(&bucket, path, into, progress, &what).await, refused.as_ref())
    }

    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel> {
        self.api.logged_model(id).await
    }

    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile> {
        self.api.mlmodel_from(self, version).await
    }

    fn experiment_page(&self, id: &ExperimentId) -> Option<String> {
        self.api.experiment_page(id)
    }

    fn logged_model_page(&self, experiment: &ExperimentId, id: &str) -> Option<String> {
        self.api.logged_model_page(experiment, id)
    }
}
