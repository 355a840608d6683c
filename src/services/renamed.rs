//! Finds a version again whose model was renamed: MLflow keeps its run, source, number, tags and time of registration.

use crate::domain::failure::Outcome;
use crate::domain::identity::Identity;
use crate::domain::registry::ModelVersion;
use crate::services::Services;

/// The version that `then` was, under the name that its model has now. `None` if there is none, or if that cannot be
/// told: a version without a run is not looked for.
///
/// # Errors
/// If the registry cannot be asked.
pub async fn renamed(services: &Services, then: &Identity) -> Outcome<Option<ModelVersion>> {
    let Some(run) = then.run.clone().flatten() else { return Ok(None) };
    let home = services.home().await?;
    let found = services.registry.versions_of_run(&run).await?;
    Ok(found.into_iter().find(|version| then.is_renamed(&Identity::of(&home, version))))
}
