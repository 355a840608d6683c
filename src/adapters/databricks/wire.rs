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
    #[serde(deserialize_with = "mlflow::lenient")]
    pub groups: Vec<Group>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Group {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub display: String,
}

/// The tokens of the user, without the tokens themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenList {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub token_infos: Vec<TokenInfo>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenInfo {
    /// In milliseconds; -1 if it has no end.
    #[serde(deserialize_with = "mlflow::lenient")]
    pub expiry_time: Int,
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

/// Signed links to files of a run.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RunCredentials {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub credential_infos: Vec<Credential>,
}

/// Signed links to files of a logged model.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelCredentials {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub credentials: Vec<ModelCredential>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelCredential {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub credential_info: Credential,
}

/// A signed link. A secret: it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Credential {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub signed_uri: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub headers: Vec<Header>,
}

/// A header that the storage needs. It is called `name`, and not `key`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub value: String,
}

/// A page of a folder of the Files API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Directory {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub contents: Vec<DirectoryEntry>,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub next_page_token: String,
}

/// A file or folder, by its whole path.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DirectoryEntry {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub path: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub is_directory: bool,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub file_size: Int,
}

/// A page of catalogs or schemas of the native API of Unity Catalog.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Names {
    #[serde(alias = "schemas", deserialize_with = "mlflow::lenient")]
    pub catalogs: Vec<Named>,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub name: String,
}

/// A page of models of the native API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NativePage {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub registered_models: Vec<NativeModel>,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub next_page_token: String,
}

/// A model of the native API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NativeModel {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub full_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub catalog_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub schema_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub comment: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub created_at: Int,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub updated_at: Int,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub browse_only: bool,
}

impl NativeModel {
    /// As MLflow's dialect has it.
    pub(super) fn plain(self) -> mlflow::Model {
        let name = match self.full_name.is_empty() {
            true => format!("{}.{}.{}", self.catalog_name, self.schema_name, self.name),
            false => self.full_name,
        };
        mlflow::Model {
            name,
            description: self.comment,
            creation_timestamp: self.created_at,
            last_updated_timestamp: self.updated_at,
            browse_only: self.browse_only,
            ..mlflow::Model::default()
        }
    }
}

/// A page of versions of the native API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NativeVersions {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub model_versions: Vec<NativeVersion>,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub next_page_token: String,
}

/// A version of the native API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NativeVersion {
    #[serde(deserialize_with = "mlflow::lenient")]
    pub version: Int,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub comment: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub source: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub run_id: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub status: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub created_at: Int,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub created_by: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    pub updated_at: Int,
}
