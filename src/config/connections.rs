//! How to reach a target's servers: plain values that wiring turns into adapters.

use std::time::Duration;

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

/// How to reach both servers of a target.
#[derive(Clone, Debug)]
pub struct TargetConnections {
    /// The MLflow servers.
    pub mlflow: MlflowConnection,
    /// The GitHub host.
    pub github: GithubConnection,
}

/// How to reach the tracking server and the registry.
#[derive(Clone, Debug)]
pub struct MlflowConnection {
    /// The tracking server, without credentials.
    pub tracking: Url,
    /// The registry, without credentials; the same as `tracking` unless configured.
    pub registry: Url,
    /// Who to be, on both: MLflow's own client sends the same credentials to both.
    pub auth: MlflowAuth,
    /// How to check certificates.
    pub tls: Tls,
    /// How long to wait and how often to ask again.
    pub timing: Timing,
    /// The workspace, on servers that have several.
    pub workspace: Option<String>,
}

/// Who to be for MLflow.
#[derive(Clone, Debug)]
pub enum MlflowAuth {
    /// Nobody: open-source servers usually ask for nothing.
    None,
    /// User and password.
    Basic {
        /// The user.
        username: String,
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
}

/// How to check certificates of MLflow servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the only authorities to trust; none trusts the system's.
    pub ca_file: Option<PathBuf>,
    /// Do not check at all.
    pub insecure: bool,
}

/// How to reach GitHub.
#[derive(Clone, Debug)]
pub struct GithubConnection {
    /// The host's name, such as `github.com`.
    pub host: String,
    pub api_url: Url,
    /// Who to be.
    pub token: GithubToken,
}

/// Who to be for GitHub.
#[derive(Clone, Debug)]
pub enum GithubToken {
    /// A token from the environment.
    Value(SecretString),
    /// Ask `gh auth token` when it is needed; the configuration allows it.
    GhCli,
    /// None was found. Reading public repositories works, releasing does not.
    Missing {
        /// The variables that were looked at.
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
    /// Whether the pause a server asks for counts.
    pub heed: Option<bool>,
}
