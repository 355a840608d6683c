//! Files that a run or a logged model left behind.

use serde::{Deserialize, Serialize};

use super::ids::RunId;

/// Whose files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactRoot {
    /// A run's.
    Run(RunId),
    /// A logged model's (MLflow 3.x), by its id `m-...`.
    LoggedModel(String),
}

/// One file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Path from the root, raw, for asking again. Show it cleaned.
    pub path: String,
    /// A folder.
    pub is_dir: bool,
    /// Size in bytes, where the server says it.
    pub size: Option<u64>,
}

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactHead {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// There are more.
    pub truncated: bool,
    /// Size of the whole file in bytes, where the server says it.
    pub total: Option<u64>,
}

/// The signature of a model: what goes in and what comes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Inputs in order.
    pub inputs: Vec<SignatureField>,
    /// Outputs in order.
    pub outputs: Vec<SignatureField>,
    /// Parameters of inference.
    pub params: Vec<SignatureField>,
}

/// One column or tensor of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureField {
    /// Name; tensors may have none.
    pub name: String,
    /// Type as text, such as `double` or `tensor(float32, [-1, 28])`.
    pub kind: String,
    /// Whether it must be there; true where nothing is said.
    pub required: bool,
}

/// A logged model (MLflow 3.x).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// Its id, `m-...`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `LOGGED_MODEL_READY`, ... as the server spells it.
    pub status: String,
    /// The run that logged it.
    pub source_run: Option<RunId>,
}
