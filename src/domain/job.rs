//! The Databricks job run that a training run says it was part of.

use std::fmt;

use super::provenance::Provenance;
use super::text::clean_line;

/// A run of a Databricks job, as tags of the training run name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// The job, if it is named.
    pub job: Option<String>,
    pub run: String,
    /// The id of the workspace that it ran in, if it is named.
    pub workspace: Option<String>,
}

impl JobRun {
    pub fn of(said: Provenance<'_>) -> Option<Self> {
        // Ids are numbers: nothing else belongs into an address.
        let id = |key: &str| {
            let text = said.tag(key)?;
            (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
        };
        Some(Self {
            job: id("mlflow.databricks.jobID"),
            run: id("mlflow.databricks.jobRunID").or_else(|| said.tag("mlflow.databricks.jobRunID").map(clean_line))?,
            workspace: id("mlflow.databricks.workspaceID"),
        })
    }
}

impl fmt::Display for JobRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Databricks job run {}", self.run)
    }
}
