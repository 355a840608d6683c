//! The demo's state, and what may be done with it. Pure: time comes in as an argument.
//!
//! Texts are kept raw, hostile ones included, as a server keeps them; they are cleaned where they leave
//! (`convert.rs`).

mod registry;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use registry::{Column, DataSet, Experiment, Feature, Model, TrainingRun, Version};

use super::github::Repo;
use super::server::shared;
use crate::domain::ids::{ExperimentId, ModelName, RunId};

/// Format of a stored world. Raised whenever an older program could not read it, or would get it wrong.
pub const FORMAT: u32 = 3;

/// Everything the demo's two servers know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// Always [`FORMAT`] in a world this program made.
    pub format: u32,
    /// When it was made from the fixtures.
    pub made_at: Timestamp,
    /// Who the demo's token belongs to.
    pub identity: Identity,
    pub models: BTreeMap<ModelName, Model>,
    pub experiments: BTreeMap<ExperimentId, Experiment>,
    /// Training runs. Nothing writes them, so that copies of a world share them.
    #[serde(with = "shared")]
    pub runs: Arc<BTreeMap<RunId, TrainingRun>>,
    /// The one repository.
    pub repo: Repo,
}

/// A person as a release host knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub login: String,
    /// Numeric id.
    pub id: u64,
    /// Printed name.
    pub name: String,
}
