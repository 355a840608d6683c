//! Creates the ports for a configured target.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::adapters::clock::SystemClock;
use crate::adapters::desktop::SystemDesktop;
use crate::adapters::journal::JournalDir;
use crate::adapters::names::NamesFile;
use crate::adapters::records::RecordDir;
use crate::adapters::released::{ReleasedRegistry, Sources};
use crate::adapters::ssh::{NoKey, SshSigner};
use crate::adapters::{databricks, demo, github, http, mlflow, stores, witness};
use crate::config::running::AirflowApi;
use crate::config::{
    Cloud, GithubConnection, GithubToken, MlflowAuth, MlflowConnection, Paths, RegistryApi, Signing, Target,
    TargetConnections, Timing, TrackingApi, WitnessAuth, WitnessKind, WitnessServer, WitnessSettings,
};
use crate::domain::failure::Outcome;
use crate::domain::record::chain::ChainLine;
use crate::ports::code::CodeHost;
use crate::ports::names::SeenNames;
use crate::ports::records::{RecordSigner, RecordStore};
use crate::ports::tracking::TrackingServer;
use crate::ports::witness::{JobRuns, Witness, Witnesses};
use crate::ports::{Clock, ModelRegistry, OtherTarget, ReleaseHost};
use crate::runtime::prefs;
use crate::services::Services;

/// The ports of `target`. Makes no requests.
///
/// # Errors
/// [`crate::domain::failure::FailureKind::Config`] if a value cannot be used for a connection.
pub fn services(paths: &Paths, target: &Target) -> Outcome<Services> {
    tuned(paths, target, mlflow::Tuning::default())
}

/// As [`services`], for whoever reads whole lists: in few requests, however long each takes.
///
/// # Errors
/// As [`services`].
pub fn services_for_lists(paths: &Paths, target: &Target) -> Outcome<Services> {
    // MLflow's own limit.
    tuned(paths, target, mlflow::Tuning { models_per_page: 1_000, ..mlflow::Tuning::default() })
}

fn tuned(paths: &Paths, target: &Target, tuning: mlflow::Tuning) -> Outcome<Services> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ports = match &target.connections {
        None => {
            let (registry, host) = demo::open(&demo_store(paths, &clock), &clock, demo::Latency::DEMO);
            Ports::of(registry, host)
        }
        Some(connections) => ports(paths, target, connections, tuning)?,
    };
    let running = target.connections.as_ref().map(|c| c.running.as_slice()).unwrap_or_default();
    let witnesses = running.iter().map(|witness| witness_of(witness, &ports, &clock)).collect();
    let records: Arc<dyn RecordStore> = Arc::new(RecordDir::new(&paths.state_of(target.rules.demo)));
    let rules = Arc::new(target.rules.clone());
    let registry = match rules.promote_to.is_told_by_releases() {
        true => {
            let (host, code) = (ports.host.clone(), ports.code.clone());
            let other = match target.other.as_deref() {
                None => None,
                Some((to, names)) => {
                    let there = tuned(paths, to, tuning)?;
                    let promote_to = there.rules.promote_to.clone();
                    Some(OtherTarget { registry: there.registry, promote_to, names: names.clone() })
                }
            };
            let sources = Sources { host, code, records: records.clone(), rules: rules.clone(), other };
            Arc::new(ReleasedRegistry::new(ports.registry, sources))
        }
        false => ports.registry,
    };
    Ok(Services {
        witnesses: Witnesses(witnesses),
        outbox: Some(super::channels::outbox(&paths.state_of(target.rules.demo))),
        registry,
        tracking: ports.tracking,
        host: ports.host,
        code: ports.code,
        journals: Arc::new(JournalDir::new(&paths.state_of(target.rules.demo))),
        records,
        signer: signer(&target.signing),
        desktop: Arc::new(SystemDesktop { remote: paths.remote }),
        names: names_file(paths, target)
            .map(|file| Arc::new(NamesFile::new(file, clock.clone())) as Arc<dyn SeenNames>),
        clock,
        rules,
    })
}

/// Where the names that lists of `target` show are kept for completion; none without a cache directory. Makes no
/// requests.
pub fn names_file(paths: &Paths, target: &Target) -> Option<PathBuf> {
    // A target that was pointed at other servers has other names.
    let servers = target.connections.as_ref().map(|connections| {
        let mlflow = &connections.mlflow;
        let place = mlflow.workspace.iter().chain(&mlflow.catalog).map(|part| format!("?{part}")).collect::<String>();
        format!("{}{place}", mlflow.registry)
    });
    let server = format!("{} {}", target.name, servers.unwrap_or_default());
    paths.cache.as_ref().map(|cache| prefs::file_in(&cache.join("names"), &server))
}

fn signer(signing: &Signing) -> Arc<dyn RecordSigner> {
    match signing {
        Signing { ssh_key: None, allowed_signers: None } => Arc::new(NoKey),
        Signing { ssh_key, allowed_signers } => Arc::new(SshSigner::new(ssh_key.clone(), allowed_signers.clone())),
    }
}

/// The four ports backed by the two servers.
struct Ports {
    registry: Arc<dyn ModelRegistry>,
    tracking: Arc<dyn TrackingServer>,
    host: Arc<dyn ReleaseHost>,
    code: Arc<dyn CodeHost>,
    /// Jobs, where the runs are in a Databricks workspace.
    jobs: Option<Arc<dyn JobRuns>>,
}

impl Ports {
    fn of<M, G>(models: Arc<M>, code: Arc<G>) -> Self
    where
        M: ModelRegistry + TrackingServer + 'static,
        G: ReleaseHost + CodeHost + 'static,
    {
        Self { registry: models.clone(), tracking: models, host: code.clone(), code, jobs: None }
    }
}

/// Resets the demo: fresh data and no history.
///
/// # Errors
/// [`crate::domain::failure::FailureKind::Local`] on an I/O error.
pub fn reset_demo(paths: &Paths) -> Outcome<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    demo_store(paths, &clock).reset()?;
    paths.clear_demo_history()
}

fn demo_store(paths: &Paths, clock: &Arc<dyn Clock>) -> demo::Store {
    demo::Store::file(paths.state_of(true).join("world.json"), Arc::clone(clock))
}

/// The ports of real servers: MLflow's adapter where both speak its API, else that of Databricks.
fn ports(paths: &Paths, target: &Target, connections: &TargetConnections, tuning: mlflow::Tuning) -> Outcome<Ports> {
    let (connection, github) = (&connections.mlflow, github(&connections.github));
    let wired = mlflow(connection)?;
    let registry = match connection.registry_api {
        RegistryApi::Mlflow if connection.tracking_api == TrackingApi::Mlflow => {
            let api = Arc::new(mlflow::Mlflow::with_tuning(&wired, tuning));
            let Cloud { vars, home } = connection.cloud.clone();
            let tracking = stores::StoredTracking::new(api.clone(), stores::Settings { vars, home });
            return Ok(Ports {
                registry: api,
                tracking: Arc::new(tracking),
                host: github.clone(),
                code: github,
                jobs: None,
            });
        }
        RegistryApi::Mlflow => databricks::Registry::Server,
        RegistryApi::OpenCatalog => databricks::Registry::Open,
        RegistryApi::Workspace => databricks::Registry::Workspace,
        RegistryApi::Catalog { assumed: false } => databricks::Registry::Catalog,
        RegistryApi::Catalog { assumed: true } => databricks::Registry::Assumed,
    };
    let known = Arc::new(Known(RecordDir::new(&paths.state_of(target.rules.demo))));
    let others: Vec<_> = connections.neighbours.iter().filter_map(|other| mlflow(other).ok()).collect();
    let (registry, tracking) = databricks::ports_beside(&wired, registry, known, &others);
    let jobs = databricks::Jobs::new(&wired).map(|jobs| jobs as Arc<dyn JobRuns>);
    Ok(Ports { registry, tracking, host: github.clone(), code: github, jobs })
}

/// The records of this machine, which know the registries they are about.
#[derive(Debug)]
struct Known(RecordDir);

#[async_trait]
impl databricks::KnownRegistry for Known {
    async fn knows(&self, url: &str) -> bool {
        // Records that cannot be read may know it.
        self.0.read().await.map_or(true, |chain| {
            chain.iter().any(|line| matches!(line, ChainLine::Record(kept) if kept.record.model.registry == url))
        })
    }
}

fn mlflow(connection: &MlflowConnection) -> Outcome<mlflow::Connection> {
    let Timing { timeout, repeats, pause, jitter, heed } = connection.timing;
    let mut settings = mlflow::Connection::settings();
    settings.timeout = timeout.unwrap_or(settings.timeout);
    let repeat = &mut settings.repeat;
    *repeat = http::Repeat {
        times: repeats.unwrap_or(repeat.times),
        pause: pause.unwrap_or(repeat.pause),
        jitter: jitter.or(repeat.jitter),
        heed: heed.unwrap_or(repeat.heed),
    };
    settings.tls = http::Tls { insecure: connection.tls.insecure, ca_file: connection.tls.ca_file.clone() };
    let endpoint = |url: &url::Url, auth: &MlflowAuth, databricks: bool| match databricks {
        true => databricks::endpoint(url, &sign_in(auth), &settings),
        false => mlflow::Endpoint::parse(url.as_str(), mlflow_auth(auth)),
    };
    let tracking =
        endpoint(&connection.tracking, &connection.auth, connection.tracking_api == TrackingApi::Databricks)?;
    let registry_is_databricks =
        matches!(connection.registry_api, RegistryApi::Workspace | RegistryApi::Catalog { .. });
    let registry = match connection.registry_api {
        RegistryApi::OpenCatalog => {
            databricks::open_endpoint(&connection.registry, mlflow_auth(&connection.registry_auth))?
        }
        RegistryApi::Mlflow | RegistryApi::Workspace | RegistryApi::Catalog { .. } => {
            endpoint(&connection.registry, &connection.registry_auth, registry_is_databricks)?
        }
    };
    Ok(mlflow::Connection {
        tracking,
        registry: Some(registry),
        settings,
        workspace: connection.workspace.clone(),
        catalog: connection.catalog.clone(),
    })
}

fn sign_in(auth: &MlflowAuth) -> databricks::SignIn {
    match auth {
        MlflowAuth::None | MlflowAuth::Basic { .. } => databricks::SignIn::None,
        MlflowAuth::Bearer(token) => databricks::SignIn::Token(token.clone()),
        MlflowAuth::ServicePrincipal { client_id, secret } => {
            databricks::SignIn::ServicePrincipal { client_id: client_id.clone(), secret: secret.clone() }
        }
        MlflowAuth::DatabricksCli { profile, file } => {
            databricks::SignIn::Cli { profile: profile.clone(), file: file.clone() }
        }
    }
}

fn mlflow_auth(auth: &MlflowAuth) -> mlflow::Auth {
    match auth {
        MlflowAuth::Basic { username, password } => {
            mlflow::Auth::Basic { user: username.clone(), password: password.clone() }
        }
        MlflowAuth::Bearer(token) => mlflow::Auth::Bearer(token.clone()),
        // The others belong to workspaces.
        MlflowAuth::None | MlflowAuth::ServicePrincipal { .. } | MlflowAuth::DatabricksCli { .. } => mlflow::Auth::None,
    }
}

fn witness_of(settings: &WitnessSettings, ports: &Ports, clock: &Arc<dyn Clock>) -> Arc<dyn Witness> {
    let minutes = i64::try_from(settings.settle_minutes).unwrap_or(i64::MAX);
    let common = witness::Common {
        name: settings.name.clone(),
        models: settings.models.clone(),
        settle: SignedDuration::from_mins(minutes),
        clock: clock.clone(),
    };
    let reach = |server: &WitnessServer| {
        let credentials = match &server.auth {
            WitnessAuth::None => witness::Credentials::None,
            WitnessAuth::Basic { username, password } => {
                witness::Credentials::Basic { user: username.clone(), password: password.clone() }
            }
            WitnessAuth::Bearer(token) => witness::Credentials::Bearer(token.clone()),
            WitnessAuth::Missing(name) => {
                return Err(format!("the variable {name}, which holds its credentials, is not set"));
            }
        };
        Ok(witness::Reach {
            url: server.url.clone(),
            credentials,
            ca_file: server.ca_file.clone(),
            timeout: server.timeout,
        })
    };
    let kind = settings.kind.name();
    match &settings.kind {
        WitnessKind::GithubDeployment { environment } => {
            witness::github_deployment(common, environment.clone(), ports.code.clone())
        }
        WitnessKind::Airflow { server, dag, api, version } => match reach(server) {
            Ok(reach) => {
                let api = match api {
                    AirflowApi::Auto => witness::AirflowApi::Auto,
                    AirflowApi::V1 => witness::AirflowApi::V1,
                    AirflowApi::V2 => witness::AirflowApi::V2,
                };
                witness::airflow(common, reach, dag.clone(), api, version.clone())
            }
            Err(why) => witness::unusable(common, kind, why),
        },
        WitnessKind::Http { server, pointer } => match reach(server) {
            Ok(reach) => witness::http(common, reach, pointer.clone()),
            Err(why) => witness::unusable(common, kind, why),
        },
        WitnessKind::DatabricksJob { job, version } => match &ports.jobs {
            Some(jobs) => witness::databricks_job(common, job.clone(), version.clone(), jobs.clone()),
            None => {
                let why = "the tracking server of this target is no Databricks workspace";
                witness::unusable(common, kind, why.to_owned())
            }
        },
    }
}

fn github(connection: &GithubConnection) -> Arc<github::GitHub> {
    let token = match &connection.token {
        GithubToken::Value(token) => github::TokenSource::Value(token.clone()),
        GithubToken::GhCli => github::TokenSource::GhCli { host: connection.host.clone() },
        GithubToken::Missing { looked_at } => github::TokenSource::absent(looked_at.join(" or ")),
    };
    let mut wired = github::Connection::to_api(connection.api_url.clone(), token);
    // A configured host takes precedence over the one derived from the API address.
    if wired.host != connection.host {
        if let Ok(web) = url::Url::parse(&format!("https://{}", connection.host)) {
            wired.web_url = web;
        }
        wired.host.clone_from(&connection.host);
    }
    Arc::new(github::GitHub::new(wired))
}
