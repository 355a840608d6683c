//! The baseline of the candidate: the production version, or one the user chose.
//!
//! The choice only affects what is on screen: an approval is based on the facts, which hold the candidate and the
//! production version.

use crate::app::query::Query;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::provenance::Provenance;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::present::version::run_label;
use crate::screens::parts::Ctx;

/// The chosen baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Against {
    #[default]
    Production,
    /// Another version of the model.
    Version(VersionNumber),
    Run(RunId),
}

/// State of the chosen baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held<'a> {
    /// Loading.
    Reading,
    /// Could not be read.
    Failed(&'a Failure),
    /// The server has no such run.
    Missing,
    /// Nothing is in production.
    Nothing,
    Version(&'a ModelVersion, &'a RunFacts, Option<&'a LoggedFacts>),
    Run(&'a Run),
}

impl<'a> Held<'a> {
    /// The run, if it was read.
    pub fn run(&self) -> Option<&'a Run> {
        match self {
            Self::Version(_, run, _) => run.known(),
            Self::Run(run) => Some(run),
            _ => None,
        }
    }

    /// What MLflow says of it.
    pub fn said(&self) -> Provenance<'a> {
        match self {
            Self::Version(_, run, logged) => Provenance::of(run, *logged),
            Self::Run(run) => Provenance::from(*run),
            Self::Reading | Self::Failed(_) | Self::Missing | Self::Nothing => Provenance::default(),
        }
    }

    /// The version, if it is one.
    pub fn version(&self) -> Option<&'a ModelVersion> {
        match self {
            Self::Version(version, ..) => Some(version),
            _ => None,
        }
    }
}

impl Against {
    /// The query for the baseline; none if the facts already have it.
    pub fn needs(&self, model: &ModelName, ctx: &Ctx<'_>) -> Vec<Query> {
        match self {
            Self::Production => Vec::new(),
            Self::Version(number) => vec![facts_of(model, *number)],
            Self::Run(id) => ctx.cache.runs_to_ask([id.clone()]),
        }
    }

    /// The queries to repeat on a refresh.
    pub fn refreshes(&self, model: &ModelName) -> Vec<Query> {
        match self {
            Self::Version(number) => vec![facts_of(model, *number)],
            // Runs are always read again on a refresh.
            Self::Production | Self::Run(_) => Vec::new(),
        }
    }

    /// State of the baseline for the candidate of `facts`.
    pub fn held<'a>(&self, facts: &'a ReviewedFacts, ctx: &Ctx<'a>) -> Held<'a> {
        match self {
            Self::Production => {
                facts.baseline.as_ref().map_or(Held::Nothing, |b| Held::Version(&b.version, &b.run, b.logged.as_ref()))
            }
            Self::Version(number) => {
                let model = &facts.version.model;
                match (ctx.cache.facts(model, *number), ctx.cache.failure(&facts_of(model, *number))) {
                    (Some(facts), _) => Held::Version(&facts.version, &facts.run, facts.logged.as_ref()),
                    (None, Some(failure)) => Held::Failed(failure),
                    (None, None) => Held::Reading,
                }
            }
            Self::Run(id) => match (ctx.cache.run(id), ctx.cache.run_failure(id)) {
                (Some(Some(run)), _) => Held::Run(run),
                (Some(None), _) => Held::Missing,
                (None, Some(failure)) => Held::Failed(failure),
                (None, None) => Held::Reading,
            },
        }
    }

    /// Display name, cleaned: `v39`, or the name of a run. None if nothing is in production.
    pub fn label(&self, facts: &ReviewedFacts, ctx: &Ctx<'_>) -> Option<String> {
        match self {
            Self::Production => Some(facts.baseline.as_ref()?.version.number.to_string()),
            Self::Version(number) => Some(number.to_string()),
            Self::Run(id) => Some(ctx.cache.run(id).flatten().map_or_else(|| format!("run {}", id.short()), run_label)),
        }
    }
}

fn facts_of(model: &ModelName, version: VersionNumber) -> Query {
    Query::Facts { model: model.clone(), version }
}
