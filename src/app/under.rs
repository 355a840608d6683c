//! What is under the cursor.

use crate::domain::ids::{ModelName, RunId, VersionNumber};

/// A version, a model or a run under the cursor; nothing of it where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Under {
    pub model: Option<ModelName>,
    pub version: Option<VersionNumber>,
    pub run: Option<RunId>,
}

impl Under {
    pub fn version(model: ModelName, version: VersionNumber) -> Self {
        Self { model: Some(model), version: Some(version), run: None }
    }

    pub fn model(model: ModelName) -> Self {
        Self { model: Some(model), ..Self::default() }
    }

    pub fn run(run: RunId) -> Self {
        Self { run: Some(run), ..Self::default() }
    }

    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
