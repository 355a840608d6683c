//! Creates the ports for a configured target.

use std::sync::Arc;

use crate::adapters::clock::SystemClock;
use crate::adapters::desktop::SystemDesktop;
use crate::adapters::journal::JournalDir;
use crate::adapters::records::RecordDir;
use crate::adapters::ssh::{NoKey, SshSigner};
use crate::adapters::{demo, github, http, mlflow};
use crate::config::{GithubConnection, GithubToken, MlflowAuth, MlflowConnection, Paths, Signing, Target, Timing};
use crate::domain::failure::Outcome;
use crate::ports::code::CodeHost;
use crate::ports::records::RecordSigner;
use crate::ports::tracking::TrackingServer;
use crate::ports::{Clock, ModelRegistry, ReleaseHost};
use crate::services::Services;

/// The ports of `target`. Makes no requests.
///
/// # Errors
/// [`crate::domain::failure::FailureKind::Config`] if a value cannot be used for a connection.
pub fn services(paths: &Paths, target: &Target) -> Outcome<Services> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ports = match &target.connections {
        None => {
            let (registry, host) = demo::open(&demo_store(paths, &clock), &clock, demo::Latency::DEMO);
            Ports::of(registry, host)
        }
        Some(connections) => Ports::of(mlflow(&connections.mlflow)?, github(&connections.github)),
    };
    Ok(Services {
        registry: ports.registry,
        tracking: ports.tracking,
        host: ports.host,
        code: ports.code,
        journals: Arc::new(JournalDir::new(&paths.state_of(target.rules.demo))),
        records: Arc::new(RecordDir::new(&paths.state_of(target.rules.demo))),
        signer: signer(&target.signing),
        clock,
        desktop: Arc::new(SystemDesktop),
        rules: Arc::new(target.rules.clone()),
    })
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
}

impl Ports {
    fn of<M, G>(models: Arc<M>, code: Arc<G>) -> Self
    where
        M: ModelRegistry + TrackingServer + 'static,
        G: ReleaseHost + CodeHost + 'static,
    {
        Self { registry: models.clone(), tracking: models, host: code.clone(), code }
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

fn mlflow(connection: &MlflowConnection) -> Outcome<Arc<mlflow::Mlflow>> {
    let endpoint = |url: &url::Url, auth| mlflow::Endpoint::parse(url.as_str(), auth);
    let mut wired = mlflow::Connection::new(endpoint(&connection.tracking, mlflow_auth(&connection.auth))?);
    wired.registry = Some(endpoint(&connection.registry, mlflow_auth(&connection.registry_auth))?);
    let Timing { timeout, repeats, pause, jitter, heed } = connection.timing;
    wired.settings.timeout = timeout.unwrap_or(wired.settings.timeout);
    let repeat = &mut wired.settings.repeat;
    *repeat = http::Repeat {
        times: repeats.unwrap_or(repeat.times),
        pause: pause.unwrap_or(repeat.pause),
        jitter: jitter.or(repeat.jitter),
        heed: heed.unwrap_or(repeat.heed),
    };
    wired.settings.tls = http::Tls { insecure: connection.tls.insecure, ca_file: connection.tls.ca_file.clone() };
    wired.workspace.clone_from(&connection.workspace);
    Ok(Arc::new(mlflow::Mlflow::new(&wired)))
}

fn mlflow_auth(auth: &MlflowAuth) -> mlflow::Auth {
    match auth {
        MlflowAuth::None => mlflow::Auth::None,
        MlflowAuth::Basic { username, password } => {
            mlflow::Auth::Basic { user: username.clone(), password: password.clone() }
        }
        MlflowAuth::Bearer(token) => mlflow::Auth::Bearer(token.clone()),
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
