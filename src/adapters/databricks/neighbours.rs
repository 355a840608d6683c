//! Runs and logged models of other workspaces: a version in Unity Catalog may have been trained anywhere. They are read
//! through another configured target, if that is the workspace which the version names; what it is, its own answers say.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::identity::{Identity, WorkspaceId};
use crate::adapters::mlflow::Mlflow;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::failure::Outcome;
use crate::domain::ids::RunId;
use crate::domain::logged::{LoggedModel, logged_model_of};
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::ports::tracking::TrackingServer;

/// The workspaces of other targets. Clones share what they know.
#[derive(Clone, Default)]
pub(super) struct Neighbours(Arc<Inner>);

#[derive(Default)]
struct Inner {
    all: Vec<Neighbour>,
    /// The workspaces of runs and logged models that are not here, by their ids.
    places: Mutex<HashMap<String, String>>,
}

/// One of them.
pub(super) struct Neighbour {
    pub api: Arc<Mlflow>,
    pub id: WorkspaceId,
    pub tracking: Arc<dyn TrackingServer>,
    pub identity: Identity,
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").field("count", &self.0.all.len()).finish_non_exhaustive()
    }
}

impl Neighbours {
    pub(super) fn new(all: Vec<Neighbour>) -> Self {
        Self(Arc::new(Inner { all, places: Mutex::default() }))
    }

    /// Remembers where the run and the logged model of a version are, if that is another workspace than `here`.
    pub(super) fn learn(&self, version: &ModelVersion, here: &WorkspaceId) {
        let Some(there) = version.run_elsewhere.as_deref().filter(|id| Some(*id) != here.get()) else { return };
        if self.0.all.is_empty() {
            return;
        }
        let ids = version.run_id.iter().map(|run| run.as_str().to_owned()).chain(logged_model_of(version));
        // A poisoned lock costs an explanation instead of a run.
        if let Ok(mut places) = self.0.places.lock() {
            places.extend(ids.map(|id| (id, there.to_owned())));
        }
    }

    fn place(&self, id: &str) -> Option<String> {
        self.0.places.lock().ok()?.get(id).cloned()
    }

    /// The workspace that has the run or logged model, if it is configured and answers.
    pub(super) async fn with(&self, id: &str) -> Option<&Neighbour> {
        let there = self.place(id)?;
        for neighbour in &self.0.all {
            if neighbour.id.get().is_none() {
                // Any answer tells which workspace it is. One that does not answer is none.
                let _ = neighbour.identity.told(&neighbour.api).await;
            }
            if neighbour.id.get() == Some(there.as_str()) {
                return Some(neighbour);
            }
        }
        None
    }

    /// As [`Self::with`], among those that answered already.
    pub(super) fn known(&self, id: &str) -> Option<&Neighbour> {
        let there = self.place(id)?;
        self.0.all.iter().find(|neighbour| neighbour.id.get() == Some(there.as_str()))
    }

    /// The tracking server with these files.
    pub(super) async fn files(&self, root: &ArtifactRoot) -> Option<&dyn TrackingServer> {
        let id = match root {
            ArtifactRoot::Run(run) => run.as_str(),
            ArtifactRoot::LoggedModel(id) => id,
            ArtifactRoot::Version(..) => return None,
        };
        Some(self.with(id).await?.tracking.as_ref())
    }

    /// Adds the runs among `ids` that another workspace has.
    pub(super) async fn add_runs(&self, ids: &[RunId], found: Outcome<Vec<Run>>) -> Outcome<Vec<Run>> {
        let mut more = Vec::new();
        for id in ids {
            let is_known = found.as_ref().is_ok_and(|found| found.iter().any(|run| run.id == *id));
            if !is_known && let Some(there) = self.with(id.as_str()).await {
                more.extend(there.api.read_runs(std::slice::from_ref(id)).await.unwrap_or_default());
            }
        }
        added(found, more)
    }

    /// As [`Self::add_runs`], of logged models.
    pub(super) async fn add_models(
        &self,
        ids: &[String],
        found: Outcome<Vec<LoggedModel>>,
    ) -> Outcome<Vec<LoggedModel>> {
        let mut more = Vec::new();
        for id in ids {
            let is_known = found.as_ref().is_ok_and(|found| found.iter().any(|model| model.id == *id));
            if !is_known && let Some(there) = self.with(id).await {
                more.extend(there.api.read_logged_models(std::slice::from_ref(id)).await.unwrap_or_default());
            }
        }
        added(found, more)
    }
}

/// Whoever may not read here may read there.
fn added<T>(found: Outcome<Vec<T>>, more: Vec<T>) -> Outcome<Vec<T>> {
    match found {
        Err(failure) if more.is_empty() => Err(failure),
        found => Ok(found.unwrap_or_default().into_iter().chain(more).collect()),
    }
}
