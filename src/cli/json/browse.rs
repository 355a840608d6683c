//! JSON of lists beyond model versions: experiments and files.

use serde::Serialize;

use super::{Experiment, Where};

/// `signoff experiments`.
#[derive(Clone, Debug, Serialize)]
pub struct Experiments {
    /// `signoff.experiments/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// Newest first.
    pub experiments: Vec<Experiment>,
    /// Whether there are more than `--limit`.
    pub truncated: bool,
}

/// `signoff files`.
#[derive(Clone, Debug, Serialize)]
pub struct Files {
    /// `signoff.files/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub model: String,
    pub version: u64,
    /// Those of the run first, by path.
    pub files: Vec<VersionFile>,
}

#[derive(Clone, Debug, Serialize)]
pub struct VersionFile {
    /// `run` or `model` (its logged model, on MLflow 3).
    pub of: &'static str,
    pub path: String,
    /// In bytes; `null` if the server does not say.
    pub size: Option<u64>,
    /// Where it was saved; left out without `--save`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
}
