//! Reads what MLflow says of versions: their runs and their logged models.

use std::collections::HashMap;

use futures_util::future::join;

use crate::domain::facts::{LoggedFacts, RunFacts, Standing};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::RunId;
use crate::domain::logged::{LoggedModel, logged_model_of};
use crate::domain::provenance::Provenance;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::ports::ModelRegistry;

/// The runs and logged models of some versions.
#[derive(Clone, Debug)]
pub struct Said {
    runs: Outcome<HashMap<RunId, Run>>,
    /// Without those that say nothing. `None` if they were not read.
    models: Option<Outcome<HashMap<String, Option<LoggedModel>>>>,
}

impl Said {
    /// Reads the runs and the logged models that these versions name: no request where they name none.
    pub async fn read<'a>(
        registry: &dyn ModelRegistry,
        versions: impl IntoIterator<Item = &'a ModelVersion> + Clone,
    ) -> Self {
        let mut ids: Vec<String> = versions.clone().into_iter().filter_map(logged_model_of).collect();
        ids.sort();
        ids.dedup();
        let models = async {
            match ids.is_empty() {
                true => Ok(Vec::new()),
                false => registry.logged_models(&ids).await,
            }
        };
        let (said, models) = join(Self::read_runs(registry, versions), models).await;
        let speaking = |model: LoggedModel| (model.id.clone(), Some(model).filter(|m| !m.is_silent()));
        Self { models: Some(models.map(|models| models.into_iter().map(speaking).collect())), ..said }
    }

    /// Reads only the runs.
    pub async fn read_runs<'a>(
        registry: &dyn ModelRegistry,
        versions: impl IntoIterator<Item = &'a ModelVersion>,
    ) -> Self {
        let mut ids: Vec<RunId> = versions.into_iter().filter_map(|v| v.run_id.clone()).collect();
        ids.sort();
        ids.dedup();
        let runs = if ids.is_empty() { Ok(Vec::new()) } else { registry.runs(&ids).await };
        Self { runs: runs.map(|runs| runs.into_iter().map(|run| (run.id.clone(), run)).collect()), models: None }
    }

    /// Why runs or models could not be read.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.runs.as_ref().err().into_iter().chain(self.models.as_ref().and_then(|models| models.as_ref().err()))
    }

    /// What was read of a version.
    pub fn provenance(&self, version: &ModelVersion) -> Provenance<'_> {
        let run = self.runs.as_ref().ok().zip(version.run_id.as_ref()).and_then(|(runs, id)| runs.get(id));
        let models = self.models.as_ref().and_then(|models| models.as_ref().ok());
        let logged = models.zip(logged_model_of(version)).and_then(|(models, id)| models.get(&id)?.as_ref());
        Provenance { run, logged }
    }

    /// A version with what was read of it, or why that is missing.
    pub fn standing(&self, version: ModelVersion) -> Standing {
        Standing { run: self.run(&version), logged: self.logged(&version), version }
    }

    fn run(&self, version: &ModelVersion) -> RunFacts {
        let Some(id) = &version.run_id else { return RunFacts::NotRecorded };
        match &self.runs {
            Ok(runs) => match runs.get(id) {
                Some(run) => RunFacts::Known(Box::new(run.clone())),
                None if let Some(there) = &version.run_elsewhere => {
                    RunFacts::Unreadable(elsewhere(version, id, there).into())
                }
                None => {
                    let what = format!("the tracking server has no run {}", id.short());
                    RunFacts::Unreadable(gone("the training run", version, what).into())
                }
            },
            Err(failure) => RunFacts::Unreadable(failure.clone().into()),
        }
    }

    fn logged(&self, version: &ModelVersion) -> Option<LoggedFacts> {
        let id = logged_model_of(version)?;
        match self.models.as_ref()? {
            Ok(models) => match models.get(&id) {
                Some(Some(model)) => Some(LoggedFacts::Known(Box::new(model.clone()))),
                Some(None) => None,
                None => {
                    let what = format!("the tracking server has no logged model {id}");
                    Some(LoggedFacts::Unreadable(gone("the logged model", version, what).into()))
                }
            },
            Err(failure) => Some(LoggedFacts::Unreadable(failure.clone().into())),
        }
    }
}

fn elsewhere(version: &ModelVersion, run: &RunId, workspace: &str) -> Failure {
    let reason = format!("its run {} is in another Databricks workspace, {workspace}", run.short());
    let operation = format!("read the training run of {} {}", version.model, version.number);
    Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason).with_hint(
        "This target reads the runs of its own workspace. Use a target whose tracking_uri is that workspace, with this \
         registry.",
    )
}

fn gone(what: &str, version: &ModelVersion, reason: String) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        Service::Mlflow,
        format!("read {what} of {} {}", version.model, version.number),
        format!("{reason} (deleted for good, on another server, or permission denied)"),
    )
}
