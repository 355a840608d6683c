//! Whose files are looked at: a version's, or a run's that is no version's.

use super::catalog::Catalog;
use super::effect::Place;
use super::query::Query;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::run::Run;

/// Whose files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Those of a version: its run's and its logged model's.
    Version(ModelName, VersionNumber),
    /// Those of a run alone.
    Run(RunId),
}

impl Owner {
    /// The question that brings in what is known of the owner.
    #[must_use]
    pub fn query(&self) -> Query {
        match self {
            Self::Version(model, version) => Query::Facts { model: model.clone(), version: *version },
            Self::Run(id) => Query::Runs { ids: vec![id.clone()] },
        }
    }

    /// The run, if it was read.
    #[must_use]
    pub fn run<'a>(&self, catalog: &'a Catalog) -> Option<&'a Run> {
        match self {
            Self::Version(model, version) => catalog.facts(model, *version)?.run.known(),
            Self::Run(id) => catalog.run(id).flatten(),
        }
    }

    /// Where its files are; none as long as that is not known.
    #[must_use]
    pub fn roots(&self, catalog: &Catalog) -> Option<Vec<ArtifactRoot>> {
        match self {
            Self::Run(id) => Some(vec![ArtifactRoot::Run(id.clone())]),
            Self::Version(model, version) => {
                let version = &catalog.facts(model, *version)?.version;
                let run = version.run_id.clone().map(ArtifactRoot::Run);
                // MLflow 3.x writes `models:/m-<32 hex digits>` as source (measured on 3.17 and 3.18).
                let logged = version.source.strip_prefix("models:/");
                let logged = logged.filter(|id| id.starts_with("m-") && !id.contains('/'));
                Some(run.into_iter().chain(logged.map(|id| ArtifactRoot::LoggedModel(id.to_owned()))).collect())
            }
        }
    }

    /// Its page: the run's where the run is known.
    #[must_use]
    pub fn place(&self, catalog: &Catalog) -> Option<Place> {
        match (self.run(catalog), self) {
            (Some(run), _) => Some(Place::Run(run.experiment.clone(), run.id.clone())),
            (None, Self::Version(model, version)) => Some(Place::Version(model.clone(), *version)),
            (None, Self::Run(_)) => None,
        }
    }
}
