//! The other target of a promotion from one workspace to another. CD copies versions to it; here it is only read.

use std::sync::Arc;

use super::ModelRegistry;
use crate::domain::elsewhere::NameThere;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::run::Run;

/// The newest versions that are looked through for a copy.
const NEWEST: usize = 20;

/// The other target's registry, and how its models are called.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct OtherTarget {
    pub registry: Arc<dyn ModelRegistry>,
    /// What is in production there.
    pub promote_to: PromotionTarget,
    /// The names of models there; the same without it.
    pub names: Option<NameThere>,
}

impl OtherTarget {
    /// The name of a model there.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if the configured names do not fit it.
    pub fn name(&self, model: &ModelName) -> Outcome<ModelName> {
        let Some(names) = &self.names else { return Ok(model.clone()) };
        names.of(model).map_err(|why| {
            let operation = format!("find {model} at the other target");
            Failure::new(FailureKind::Config, Service::Config, operation, why)
                .with_hint("Set `model` in [promote], for example to \"prod.{schema}.{model}\".")
        })
    }

    /// What is in production there; nothing of a model that is not there yet.
    ///
    /// # Errors
    /// Those of the registry.
    pub async fn in_production(&self, model: &ModelName) -> Outcome<Vec<ModelVersion>> {
        let name = self.name(model)?;
        match self.registry.holders(&name, &self.promote_to).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    /// The newest versions there.
    ///
    /// # Errors
    /// Those of the registry.
    pub async fn newest(&self, model: &ModelName) -> Outcome<Vec<ModelVersion>> {
        let name = self.name(model)?;
        match self.registry.versions(&name, None).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(Vec::new()),
            read => Ok(read?.items.into_iter().take(NEWEST).collect()),
        }
    }

    /// Adds the runs that only the other target has. What cannot be read there cannot be read here either.
    pub async fn with_runs(&self, ids: &[RunId], mut found: Vec<Run>) -> Vec<Run> {
        let missing: Vec<RunId> = ids.iter().filter(|id| !found.iter().any(|run| run.id == **id)).cloned().collect();
        if !missing.is_empty() {
            found.extend(self.registry.runs(&missing).await.unwrap_or_default());
        }
        found
    }

    /// As [`Self::with_runs`], of logged models.
    pub async fn with_logged(&self, ids: &[String], mut found: Vec<LoggedModel>) -> Vec<LoggedModel> {
        let missing: Vec<String> = ids.iter().filter(|id| !found.iter().any(|one| one.id == **id)).cloned().collect();
        if !missing.is_empty() {
            found.extend(self.registry.logged_models(&missing).await.unwrap_or_default());
        }
        found
    }
}
