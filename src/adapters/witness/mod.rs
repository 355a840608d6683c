//! Witnesses of what runs. They only read; the one POST is Airflow's way to hand out a token.

mod airflow;
mod client;
mod databricks_job;
mod github_deployment;
mod http;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use crate::domain::ids::ModelName;
use crate::domain::pattern::matches;
use crate::domain::witness::{Says, VersionAt, Word};
use crate::ports::Clock;
use crate::ports::code::CodeHost;
use crate::ports::witness::{JobRuns, Witness};

/// What all witnesses have.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Common {
    pub name: String,
    /// Name patterns of the models it is about.
    pub models: Vec<String>,
    /// How long after a release the version from before may still run.
    pub settle: SignedDuration,
    pub clock: Arc<dyn Clock>,
}

impl Common {
    fn is_about(&self, model: &ModelName) -> bool {
        self.models.iter().any(|pattern| matches(pattern, model.as_str()))
    }
}

/// Credentials for a witness. Its `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    #[default]
    None,
    Basic {
        user: String,
        password: SecretString,
    },
    Bearer(SecretString),
}

/// How a witness is reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The address; may contain `{model}` behind the host.
    pub url: String,
    pub credentials: Credentials,
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
}

/// Which API of Airflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AirflowApi {
    /// Whatever the server has.
    #[default]
    Auto,
    /// Airflow 2.
    V1,
    /// Airflow 3.
    V2,
}

/// Deployments on the code host to `environment`.
pub fn github_deployment(common: Common, environment: String, host: Arc<dyn CodeHost>) -> Arc<dyn Witness> {
    Arc::new(github_deployment::Deployments::new(common, environment, host))
}

/// Runs of an Airflow DAG.
pub fn airflow(
    common: Common,
    reach: Reach,
    dag: String,
    api: AirflowApi,
    version: Option<VersionAt>,
) -> Arc<dyn Witness> {
    Arc::new(airflow::Airflow::new(common, reach, dag, api, version))
}

/// Runs of a Databricks job.
pub fn databricks_job(
    common: Common,
    job: String,
    version: Option<VersionAt>,
    runs: Arc<dyn JobRuns>,
) -> Arc<dyn Witness> {
    Arc::new(databricks_job::Job::new(common, job, version, runs))
}

/// A place that answers JSON.
pub fn http(common: Common, reach: Reach, pointer: String) -> Arc<dyn Witness> {
    Arc::new(http::Http::new(common, reach, pointer))
}

/// A witness that cannot be asked, for a reason that the configuration gives.
pub fn unusable(common: Common, kind: &'static str, why: String) -> Arc<dyn Witness> {
    Arc::new(Unusable { common, kind, why })
}

struct Unusable {
    common: Common,
    kind: &'static str,
    why: String,
}

#[async_trait::async_trait]
impl Witness for Unusable {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn is_about(&self, model: &ModelName) -> bool {
        self.common.is_about(model)
    }

    async fn ask(&self, _released: &crate::domain::witness::Released) -> Word {
        Word::new(Says::Unknown, self.why.clone())
    }

    async fn check(&self) -> Result<String, String> {
        Err(self.why.clone())
    }
}
