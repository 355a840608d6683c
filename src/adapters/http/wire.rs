//! The HTTP clients of a connection: TLS, proxies, connecting.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

use super::repeat::Repeat;
use crate::domain::address::is_loopback;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::local::{self, MIB};

/// The default timeout of a request.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of connecting: name lookup, TCP, proxy and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How to talk to the servers of one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The longest a request may take, from connecting to the last byte; for a file, the longest wait for a chunk.
    pub timeout: Duration,
    pub repeat: Repeat,
    pub tls: Tls,
    /// How long an idle connection is kept. Shorter than the server keeps it: a write must not hit a closing
    /// connection.
    pub idle: Duration,
    /// Whether to keep to the pace of servers that set one. Tests with a double of their own do without.
    pub paced: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let idle = Duration::from_secs(30);
        Self { timeout: DEFAULT_TIMEOUT, repeat: Repeat::default(), tls: Tls::default(), idle, paced: true }
    }
}

/// How server certificates are checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Accept any certificate.
    pub insecure: bool,
    /// PEM bundle of the only authorities to trust; none trusts the system's.
    pub ca_file: Option<PathBuf>,
}

/// Two clients: one for this machine, never proxied, and one for everything else. Building one takes some 13 ms, so
/// they are built at the first request.
#[derive(Debug)]
pub struct Wire {
    settings: Settings,
    local: OnceCell<reqwest::Client>,
    remote: OnceCell<reqwest::Client>,
}

impl Wire {
    pub fn new(settings: Settings) -> Self {
        Self { settings, local: OnceCell::new(), remote: OnceCell::new() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The client for this URL.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if TLS cannot be set up.
    pub async fn client(&self, to: &Url) -> Outcome<reqwest::Client> {
        let local = is_loopback(to);
        let cell = if local { &self.local } else { &self.remote };
        cell.get_or_try_init(|| async {
            let settings = self.settings.clone();
            let built = tokio::task::spawn_blocking(move || build(&settings, local)).await;
            built.unwrap_or_else(|e| Err(Failure::new(FailureKind::Bug, Service::Local, OPERATION, e.to_string())))
        })
        .await
        .cloned()
    }
}

const OPERATION: &str = "prepare the connection";

fn build(settings: &Settings, local: bool) -> Outcome<reqwest::Client> {
    let fail = |reason: String| Failure::new(FailureKind::Config, Service::Config, OPERATION, reason);
    // Fails only if a provider is installed already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("signoff/", env!("CARGO_PKG_VERSION")))
        // A redirect may lead to another host, which must not see the credentials.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // Shorter than the whole timeout, so a connect timeout proves that nothing was sent.
        .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout.mul_f32(0.8)))
        .pool_idle_timeout(settings.idle)
        .tls_danger_accept_invalid_certs(settings.tls.insecure);
    if local {
        builder = builder.no_proxy();
    }
    if let Some(path) = &settings.tls.ca_file {
        let shown = path.display();
        let pem = local::read(path, 16 * MIB).map_err(|e| fail(format!("the CA file {shown} cannot be read: {e}")))?;
        let certs = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certs.is_empty() {
            return Err(fail(format!("the CA file {shown} holds no certificate in PEM form"))
                .with_hint("It should contain a line `-----BEGIN CERTIFICATE-----`."));
        }
        // As MLflow's own client: these authorities instead of the system's, not in addition.
        builder = builder.tls_certs_only(certs);
    }
    builder.build().map_err(|e| {
        tracing::warn!(cause = ?e, "TLS cannot be set up");
        fail(format!("TLS cannot be set up ({})", clean_line(&e.to_string())))
            .with_hint("Check the certificates of this machine.")
    })
}
