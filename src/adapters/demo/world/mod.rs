//! The demo's state and the operations on it. Pure: time is an argument.
//!
//! Texts are kept raw, hostile ones included, as a server keeps them; they are cleaned on output (`convert.rs`).

mod deployment;
mod registry;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use deployment::{JobRun, JobTask};
pub use registry::{Column, DataSet, Experiment, Feature, Logged, LoggedMetric, Model, TrainingRun, Version};

use super::github::Repo;
use super::server::shared;
use crate::domain::ids::{ExperimentId, ModelName, RunId};

/// Format of a stored world. Raised whenever an older program could not read it or would misread it.
pub const FORMAT: u32 = 3;

/// The state of the demo's two servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// Always [`FORMAT`] in a world made by this program.
    pub format: u32,
    /// When it was made from the fixtures.
    pub made_at: Timestamp,
    /// The owner of the demo's token.
    pub identity: Identity,
    pub models: BTreeMap<ModelName, Model>,
    pub experiments: BTreeMap<ExperimentId, Experiment>,
    /// Training runs. Never written, so copies of a world share them.
    #[serde(with = "shared")]
    pub runs: Arc<BTreeMap<RunId, TrainingRun>>,
    pub repo: Repo,
    /// Runs of deployment jobs, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobRun>,
}

/// A person as a release host knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub login: String,
    pub id: u64,
    /// Display name.
    pub name: String,
}
