//! What the environment says of the stores that MLflow keeps files in. The adapter reads it as the stores' own tools do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use super::env::Env;

/// The variables that are read, those that MLflow's own client and the stores' tools read.
const VARIABLES: [&str; 32] = [
    "MLFLOW_S3_ENDPOINT_URL",
    "MLFLOW_S3_IGNORE_TLS",
    "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CA_BUNDLE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
];

/// The user's own access to cloud stores.
#[derive(Clone, Debug, Default)]
pub struct Cloud {
    /// Variables by name.
    pub vars: BTreeMap<String, SecretString>,
    /// `~`.
    pub home: Option<PathBuf>,
}

impl Cloud {
    pub(super) fn of(env: &Env) -> Self {
        let set = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), SecretString::from(env.get(name)?))));
        Self { vars: set.collect(), home: env.home.clone() }
    }
}
