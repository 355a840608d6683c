//! Databricks' responses that MLflow does not have, parsed leniently: every field may be missing.

use serde::Deserialize;

use crate::adapters::http::Int;
use crate::adapters::mlflow::wire as mlflow;

/// SCIM's `Me`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Me {
    #[serde(rename = "userName", deserialize_with = "mlflow::lenient")]
    pub user_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OneWorkspaceModel {
    pub registered_model_databricks: WorkspaceModel,
}

/// What the workspace registry says of a model beyond MLflow.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WorkspaceModel {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub permission_level: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Requests {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub requests: Vec<Activity>,
}

/// An entry of a version's activities; an open request is one too.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Activity {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub user_id: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub to_stage: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub comment: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub creation_timestamp: Int,
}
