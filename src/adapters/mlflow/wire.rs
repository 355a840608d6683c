//! MLflow's REST responses, parsed leniently.
//!
//! Every field may be missing or null; numbers may be strings (gateways and Databricks send 64-bit integers that way,
//! open-source servers as numbers: measured on 2.22.5 and 3.18). One odd value never loses a page.

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny};

use crate::adapters::http::Int;
use crate::domain::run::MetricValue;

/// Missing and null become the default value.
pub(in crate::adapters) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(d).map(Option::unwrap_or_default)
}

/// A metric's value; none if it is not a number in any spelling.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::adapters) struct Value(pub Option<MetricValue>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Value(MetricValue),
            Other(IgnoredAny),
        }
        Ok(Self(match Raw::deserialize(d)? {
            Raw::Value(v) => Some(v),
            Raw::Other(_) => None,
        }))
    }
}

/// Text that may be sent as a number, such as `version` by some gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::adapters) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(d)? {
            serde_json::Value::String(s) => Ok(Self(s)),
            serde_json::Value::Number(n) => Ok(Self(n.to_string())),
            serde_json::Value::Null => Ok(Self::default()),
            _ => Err(D::Error::custom("expected text")),
        }
    }
}

/// MLflow's error body. 3.x adds `sqlstate` and `error_class`, which carry nothing more.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ErrorBody {
    #[serde(deserialize_with = "lenient")]
    pub error_code: Text,
    #[serde(deserialize_with = "lenient")]
    pub message: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct KeyValue {
    #[serde(deserialize_with = "lenient")]
    pub key: String,
    #[serde(deserialize_with = "lenient")]
    pub value: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct AliasEntry {
    #[serde(deserialize_with = "lenient")]
    pub alias: String,
    #[serde(deserialize_with = "lenient")]
    pub version: Int,
}

/// The name of an alias of a version: a text, or in Unity Catalog an object with the version beside it.
#[derive(Debug, Default)]
pub(in crate::adapters) struct AliasName(pub String);

impl<'de> Deserialize<'de> for AliasName {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Name(String),
            Entry(AliasEntry),
        }
        Ok(Self(match Raw::deserialize(d)? {
            Raw::Name(name) => name,
            Raw::Entry(entry) => entry.alias,
        }))
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Version {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub version: Int,
    #[serde(deserialize_with = "lenient")]
    pub creation_timestamp: Int,
    #[serde(deserialize_with = "lenient")]
    pub last_updated_timestamp: Int,
    #[serde(deserialize_with = "lenient")]
    pub user_id: String,
    #[serde(deserialize_with = "lenient")]
    pub current_stage: String,
    #[serde(deserialize_with = "lenient")]
    pub description: String,
    #[serde(deserialize_with = "lenient")]
    pub source: String,
    #[serde(deserialize_with = "lenient")]
    pub run_id: String,
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    #[serde(deserialize_with = "lenient")]
    pub status_message: String,
    #[serde(deserialize_with = "lenient")]
    pub tags: Vec<KeyValue>,
    /// Only in single reads, never in searches (measured on 2.22 and 3.18).
    #[serde(deserialize_with = "lenient")]
    pub aliases: Vec<AliasName>,
    /// The logged model; open-source servers name it in the source.
    #[serde(deserialize_with = "lenient")]
    pub model_id: String,
    /// The web page of a run in another Databricks workspace.
    #[serde(deserialize_with = "lenient")]
    pub run_link: String,
    /// The Databricks workspace that the run is in (Unity Catalog).
    #[serde(deserialize_with = "lenient")]
    pub run_tracking_server_id: Text,
    /// Metrics of the logged model (Unity Catalog).
    #[serde(deserialize_with = "lenient")]
    pub model_metrics: Vec<ModelMetric>,
    /// Params of the logged model (Unity Catalog).
    #[serde(deserialize_with = "lenient")]
    pub model_params: Vec<ModelParam>,
    /// The run of its deployment job (Unity Catalog).
    #[serde(deserialize_with = "lenient")]
    pub deployment_job_state: DeploymentJob,
}

/// What a version in Unity Catalog says of its deployment job.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct DeploymentJob {
    #[serde(deserialize_with = "lenient")]
    pub job_id: Text,
    #[serde(deserialize_with = "lenient")]
    pub run_id: Text,
    #[serde(deserialize_with = "lenient")]
    pub run_state: String,
}

/// A param of a logged model in Unity Catalog, where its key is called `name`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ModelParam {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub value: Text,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Model {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    /// Unity Catalog: the user may only see that it exists.
    #[serde(deserialize_with = "lenient")]
    pub browse_only: bool,
    #[serde(deserialize_with = "lenient")]
    pub creation_timestamp: Int,
    #[serde(deserialize_with = "lenient")]
    pub last_updated_timestamp: Int,
    #[serde(deserialize_with = "lenient")]
    pub description: String,
    #[serde(deserialize_with = "lenient")]
    pub latest_versions: Vec<Version>,
    #[serde(deserialize_with = "lenient")]
    pub tags: Vec<KeyValue>,
    #[serde(deserialize_with = "lenient")]
    pub aliases: Vec<AliasEntry>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ModelPage {
    #[serde(deserialize_with = "lenient")]
    pub registered_models: Vec<Model>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneModel {
    pub registered_model: Model,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct VersionPage {
    #[serde(deserialize_with = "lenient")]
    pub model_versions: Vec<Version>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneVersion {
    pub model_version: Version,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Experiment {
    #[serde(deserialize_with = "lenient")]
    pub experiment_id: Text,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub lifecycle_stage: String,
    #[serde(deserialize_with = "lenient")]
    pub creation_time: Int,
    #[serde(deserialize_with = "lenient")]
    pub last_update_time: Int,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneExperiment {
    pub experiment: Experiment,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ExperimentPage {
    #[serde(deserialize_with = "lenient")]
    pub experiments: Vec<Experiment>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct RunInfo {
    #[serde(deserialize_with = "lenient")]
    pub run_id: String,
    #[serde(deserialize_with = "lenient")]
    pub run_uuid: String,
    #[serde(deserialize_with = "lenient")]
    pub run_name: String,
    #[serde(deserialize_with = "lenient")]
    pub experiment_id: Text,
    #[serde(deserialize_with = "lenient")]
    pub user_id: String,
    #[serde(deserialize_with = "lenient")]
    pub status: Text,
    #[serde(deserialize_with = "lenient")]
    pub start_time: Int,
    #[serde(deserialize_with = "lenient")]
    pub end_time: Int,
    #[serde(deserialize_with = "lenient")]
    pub lifecycle_stage: String,
    #[serde(deserialize_with = "lenient")]
    pub artifact_uri: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Metric {
    #[serde(deserialize_with = "lenient")]
    pub key: String,
    #[serde(deserialize_with = "lenient")]
    pub value: Value,
    #[serde(deserialize_with = "lenient")]
    pub timestamp: Int,
    #[serde(deserialize_with = "lenient")]
    pub step: Int,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct RunData {
    #[serde(deserialize_with = "lenient")]
    pub metrics: Vec<Metric>,
    #[serde(deserialize_with = "lenient")]
    pub params: Vec<KeyValue>,
    #[serde(deserialize_with = "lenient")]
    pub tags: Vec<KeyValue>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Dataset {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub digest: String,
    /// JSON inside a string.
    #[serde(deserialize_with = "lenient")]
    pub profile: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct DatasetInput {
    #[serde(deserialize_with = "lenient")]
    pub tags: Vec<KeyValue>,
    #[serde(deserialize_with = "lenient")]
    pub dataset: Dataset,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct RunInputs {
    #[serde(deserialize_with = "lenient")]
    pub dataset_inputs: Vec<DatasetInput>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Run {
    #[serde(deserialize_with = "lenient")]
    pub info: RunInfo,
    #[serde(deserialize_with = "lenient")]
    pub data: RunData,
    #[serde(deserialize_with = "lenient")]
    pub inputs: RunInputs,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneRun {
    pub run: Run,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct RunPage {
    #[serde(deserialize_with = "lenient")]
    pub runs: Vec<Run>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct MetricPage {
    #[serde(deserialize_with = "lenient")]
    pub metrics: Vec<Metric>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct File {
    #[serde(deserialize_with = "lenient")]
    pub path: String,
    #[serde(deserialize_with = "lenient")]
    pub is_dir: bool,
    /// Absent for folders, empty files, and stores that do not report it.
    #[serde(deserialize_with = "lenient")]
    pub file_size: Int,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct FilePage {
    #[serde(deserialize_with = "lenient")]
    pub files: Vec<File>,
    #[serde(deserialize_with = "lenient")]
    pub next_page_token: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct LoggedModelInfo {
    #[serde(deserialize_with = "lenient")]
    pub artifact_uri: String,
    #[serde(deserialize_with = "lenient")]
    pub model_id: String,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub status: Text,
    #[serde(deserialize_with = "lenient")]
    pub source_run_id: String,
    #[serde(deserialize_with = "lenient")]
    pub experiment_id: Text,
    #[serde(deserialize_with = "lenient")]
    pub tags: Vec<KeyValue>,
}

/// A metric of a logged model; one key repeats for each data set, step and run.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ModelMetric {
    #[serde(flatten)]
    pub metric: Metric,
    #[serde(deserialize_with = "lenient")]
    pub run_id: String,
    #[serde(deserialize_with = "lenient")]
    pub dataset_name: String,
    #[serde(deserialize_with = "lenient")]
    pub dataset_digest: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct LoggedModelData {
    #[serde(deserialize_with = "lenient")]
    pub metrics: Vec<ModelMetric>,
    #[serde(deserialize_with = "lenient")]
    pub params: Vec<KeyValue>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct LoggedModel {
    #[serde(deserialize_with = "lenient")]
    pub info: LoggedModelInfo,
    #[serde(deserialize_with = "lenient")]
    pub data: LoggedModelData,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct LoggedModelPage {
    #[serde(deserialize_with = "lenient")]
    pub models: Vec<LoggedModel>,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneLoggedModel {
    pub model: LoggedModel,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ServerInfo {
    #[serde(deserialize_with = "lenient")]
    pub workspaces_enabled: bool,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct User {
    #[serde(deserialize_with = "lenient")]
    pub username: String,
    #[serde(deserialize_with = "lenient")]
    pub is_admin: bool,
    /// Grants of the user's own (2.x).
    #[serde(deserialize_with = "lenient")]
    pub registered_model_permissions: Vec<ModelGrant>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct ModelGrant {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    pub permission: Text,
}

#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct OneUser {
    pub user: User,
}

/// A user's permission on one object (3.x).
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::adapters) struct Permission {
    pub permission: Text,
}

/// The response to a write: an object whose content is ignored.
#[derive(Debug, serde::Deserialize)]
pub(in crate::adapters) struct Done {}
