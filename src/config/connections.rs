//! How to connect to the servers of a target, as plain values for the adapters.

use std::time::Duration;

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::running::WitnessSettings;
use super::stores::Cloud;

/// How to reach both servers of a target.
#[derive(Clone, Debug)]
pub struct TargetConnections {
    pub mlflow: MlflowConnection,
    pub github: GithubConnection,
    /// What is asked what runs, in the order of the file.
    pub running: Vec<WitnessSettings>,
    /// The Databricks workspaces of the other targets, for runs that are in one of them.
    pub neighbours: Vec<MlflowConnection>,
}

#[derive(Clone, Debug)]
pub struct MlflowConnection {
    /// The tracking server, without credentials.
    pub tracking: Url,
    /// The registry, without credentials; equals `tracking` unless configured.
    pub registry: Url,
    /// For the tracking server.
    pub auth: MlflowAuth,
    /// For the registry: the same (MLflow's own client sends the same credentials to both), unless they came with an
    /// address.
    pub registry_auth: MlflowAuth,
    pub tls: Tls,
    pub timing: Timing,
    /// The workspace, on servers that have workspaces.
    pub workspace: Option<String>,
    /// The catalog, or catalog and schema, whose models are listed.
    pub catalog: Option<String>,
    /// What the tracking server speaks.
    pub tracking_api: TrackingApi,
    /// What the registry speaks.
    pub registry_api: RegistryApi,
    /// What the environment says of the stores of files.
    pub cloud: Cloud,
}

/// What a tracking server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackingApi {
    Mlflow,
    /// MLflow's API in a Databricks workspace.
    Databricks,
}

/// What a registry speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryApi {
    Mlflow,
    /// A Databricks workspace's own registry.
    Workspace,
    /// Unity Catalog, by way of a Databricks workspace. `assumed` if no registry URI is given: then the workspace's own
    /// registry stands in where the workspace has no metastore.
    Catalog {
        assumed: bool,
    },
    /// Open-source Unity Catalog, a server of its own.
    OpenCatalog,
}

#[derive(Clone, Debug)]
pub enum MlflowAuth {
    /// Open-source servers usually need no authentication.
    None,
    Basic {
        username: String,
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
    /// OAuth of a Databricks service principal.
    ServicePrincipal {
        client_id: String,
        secret: SecretString,
    },
    /// `databricks auth token`, run when needed.
    DatabricksCli {
        profile: String,
        /// The file that has the profile.
        file: PathBuf,
    },
}

/// TLS verification for MLflow servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the only CAs to trust; none uses those of the system.
    pub ca_file: Option<PathBuf>,
    /// Disables certificate verification.
    pub insecure: bool,
}

#[derive(Clone, Debug)]
pub struct GithubConnection {
    /// Host name, such as `github.com`.
    pub host: String,
    pub api_url: Url,
    pub token: GithubToken,
}

#[derive(Clone, Debug)]
pub enum GithubToken {
    /// A token from the environment.
    Value(SecretString),
    /// Run `gh auth token` when needed; allowed by the configuration.
    GhCli,
    /// No token found. Public repositories can be read, but releases fail.
    Missing {
        /// The variables that were checked.
        looked_at: Vec<String>,
    },
}

/// What the environment says about time-outs and retries; none where it is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// The longest one request may take.
    pub timeout: Option<Duration>,
    /// How many times a read is repeated. Writes never are.
    pub repeats: Option<usize>,
    /// Pause before the first repetition; doubles each time.
    pub pause: Option<Duration>,
    /// At most this is added to each pause at random.
    pub jitter: Option<Duration>,
    /// Whether the pause a server asks for counts.
    pub heed: Option<bool>,
}
