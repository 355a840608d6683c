//! What the candidate is laid against: what is in production, or whatever else a person chose.
//!
//! Choosing another baseline changes what is on screen and nothing else: an approval rests on the facts, which hold
//! the candidate and what is in production.

use crate::app::query::Query;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::present::version::run_label;
use crate::screens::parts::Ctx;

/// The choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Against {
    #[default]
    Production,
    /// Another version of the model.
    Version(VersionNumber),
    Run(RunId),
}

/// What is known of the choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held<'a> {
    /// It is being read.
    Reading,
    /// It could not be read.
    Failed(&'a Failure),
    /// The server has no such run to show.
    Missing,
    /// There is nothing in production.
    Nothing,
    Version(&'a ModelVersion, &'a RunFacts),
    Run(&'a Run),
}

impl<'a> Held<'a> {
    /// The run, if it was read.
    pub fn run(&self) -> Option<&'a Run> {
        match self {
            Self::Version(_, run) => run.known(),
            Self::Run(run) => Some(run),
            _ => None,
        }
    }

    /// The version, if it is one.
    pub fn version(&self) -> Option<&'a ModelVersion> {
        match self {
            Self::Version(version, _) => Some(version),
            _ => None,
        }
    }
}

impl Against {
    /// The question that brings the choice in; none where the facts hold it already.
    pub fn needs(&self, model: &ModelName, ctx: &Ctx<'_>) -> Vec<Query> {
        match self {
            Self::Production => Vec::new(),
            Self::Version(number) => vec![facts_of(model, *number)],
            Self::Run(id) => ctx.cache.runs_to_ask([id.clone()]),
        }
    }

    /// What has to be read anew on a refresh.
    pub fn refreshes(&self, model: &ModelName) -> Vec<Query> {
        match self {
            Self::Version(number) => vec![facts_of(model, *number)],
            // Runs are read again on every refresh.
            Self::Production | Self::Run(_) => Vec::new(),
        }
    }

    /// What is known of the choice, laid against the candidate of `facts`.
    pub fn held<'a>(&self, facts: &'a ReviewedFacts, ctx: &Ctx<'a>) -> Held<'a> {
        match self {
            Self::Production => facts.baseline.as_ref().map_or(Held::Nothing, |b| Held::Version(&b.version, &b.run)),
            Self::Version(number) => {
                let model = &facts.version.model;
                match (ctx.cache.facts(model, *number), ctx.cache.failure(&facts_of(model, *number))) {
                    (Some(facts), _) => Held::Version(&facts.version, &facts.run),
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

    /// What the choice is called, cleaned: `v39`, or the name of a run. None if there is nothing in production.
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
