//! The owner of files: a version, or a run without a version.

use jiff::Timestamp;

use super::cache::Cache;
use super::effect::Place;
use super::query::Query;
use super::under::Under;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::logged::file_roots;
use crate::domain::run::Run;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A version: the files of its run and its logged model.
    Version(ModelName, VersionNumber),
    /// A run alone.
    Run(RunId),
}

impl Owner {
    pub fn under(&self) -> Under {
        match self {
            Self::Version(model, version) => Under::version(model.clone(), *version),
            Self::Run(id) => Under::run(id.clone()),
        }
    }

    /// The queries that load the owner.
    pub fn needs(&self, cache: &Cache) -> Vec<Query> {
        match self {
            Self::Version(model, version) => vec![facts(model, *version)],
            Self::Run(id) => cache.runs_to_ask([id.clone()]),
        }
    }

    /// Why the owner could not be read, if the last attempt failed.
    pub fn failure<'a>(&self, cache: &'a Cache) -> Option<&'a Failure> {
        match self {
            Self::Version(model, version) => cache.failure(&facts(model, *version)),
            Self::Run(id) => cache.run_failure(id),
        }
    }

    /// When the owner was last read; none for runs, which many queries load.
    pub fn read_at(&self, cache: &Cache) -> Option<Timestamp> {
        match self {
            Self::Version(model, version) => cache.slot(&facts(model, *version))?.read_at,
            Self::Run(_) => None,
        }
    }

    pub fn run<'a>(&self, cache: &'a Cache) -> Option<&'a Run> {
        match self {
            Self::Version(model, version) => cache.facts(model, *version)?.run.known(),
            Self::Run(id) => cache.run(id).flatten(),
        }
    }

    /// Where its files are; none until known.
    pub fn roots(&self, cache: &Cache) -> Option<Vec<ArtifactRoot>> {
        match self {
            Self::Run(id) => Some(vec![ArtifactRoot::Run(id.clone())]),
            Self::Version(model, version) => Some(file_roots(&cache.facts(model, *version)?.version)),
        }
    }

    /// Its web page: that of the run if known.
    pub fn place(&self, cache: &Cache) -> Option<Place> {
        match (self.run(cache), self) {
            (Some(run), _) => Some(Place::Run(run.experiment.clone(), run.id.clone())),
            (None, Self::Version(model, version)) => Some(Place::Version(model.clone(), *version)),
            (None, Self::Run(_)) => None,
        }
    }
}

fn facts(model: &ModelName, version: VersionNumber) -> Query {
    Query::Facts { model: model.clone(), version }
}
