//! Tokens of a Databricks workspace that end and are renewed.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;
use tokio::sync::Mutex;
use url::Url;

use super::dialect::DatabricksDialect;
use crate::adapters::http::{Access, Call, Plain, Secrets, Server, Tokens, Wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::shell::word;
use crate::domain::text::{clean_line, shorten};

/// How long before its end a token is renewed. Tokens last an hour.
const MARGIN: Duration = Duration::from_secs(300);
/// Timeout of the Databricks CLI, which may try to open a browser if the login has ended.
const CLI_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a token is used whose end is not told.
const UNTOLD: Duration = Duration::from_secs(600);

const OPERATION: &str = "sign in to Databricks";

/// A token and when to get the next one.
#[derive(Debug)]
struct Held {
    token: SecretString,
    renew_at: Instant,
}

impl Held {
    fn new(token: &str, lasts: Duration) -> Outcome<Self> {
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unauthenticated("the token that was issued is empty or holds characters that no token has"));
        }
        // A token that lasts less than the margin is renewed after half of its time.
        let lasts = if lasts > MARGIN * 2 { lasts - MARGIN } else { lasts / 2 };
        Ok(Self { token: token.into(), renew_at: Instant::now() + lasts })
    }
}

fn unauthenticated(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Unauthenticated, Service::Mlflow, OPERATION, reason)
}

/// Tokens of a service principal, by OAuth's client credentials (machine to machine).
#[derive(Debug)]
pub struct PrincipalTokens {
    wire: Arc<Wire>,
    host: Url,
    client_id: String,
    secret: SecretString,
    held: Mutex<Option<Held>>,
}

impl PrincipalTokens {
    pub(super) fn new(wire: Arc<Wire>, host: Url, client_id: String, secret: SecretString) -> Self {
        Self { wire, host, client_id, secret, held: Mutex::new(None) }
    }

    /// Asks for a token, at the workspace itself: the secret goes to no other host.
    async fn issue(&self) -> Outcome<Held> {
        let client = self.wire.client(&self.host).await?;
        let signed = client.get(self.host.clone()).basic_auth(&self.client_id, Some(self.secret.expose_secret()));
        let mut headers: HeaderMap = signed
            .build()
            .map(|request| request.headers().clone())
            .map_err(|_| unauthenticated("the service principal's id and secret cannot be sent"))?;
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let secrets = Secrets::of([self.secret.clone()]);
        let carrier = Plain::new(client, self.host.clone(), headers);
        let place = self.host.as_str().trim_end_matches('/');
        let dialect = Box::new(DatabricksDialect::signing_in());
        let server = Server::new(place, dialect, secrets, carrier, self.wire.settings());
        // Asking changes nothing, and may be repeated.
        let call = Call::new(Method::POST, "/oidc/v1/token", Access::Read, OPERATION)
            .form(b"grant_type=client_credentials&scope=all-apis".to_vec());
        let (answer, _) = server.json::<Issued>(&call).await.map_err(without_token)?;
        Held::new(&answer.access_token, answer.expires_in.map_or(UNTOLD, Duration::from_secs))
    }
}

/// The failure of a request that needs the token, and so was not sent: nothing was applied, and nothing is missing that
/// was asked for.
fn without_token(failure: Failure) -> Failure {
    let kind = match failure.kind {
        FailureKind::Unknown | FailureKind::Protocol | FailureKind::Bug => FailureKind::Unavailable,
        FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Conflict | FailureKind::Rejected => {
            FailureKind::Unauthenticated
        }
        kind @ (FailureKind::Config
        | FailureKind::Unauthenticated
        | FailureKind::RateLimited { .. }
        | FailureKind::Unavailable
        | FailureKind::Local) => kind,
    };
    Failure { kind, ..failure }
}

#[derive(serde::Deserialize)]
struct Issued {
    access_token: String,
    /// In seconds.
    expires_in: Option<u64>,
}

#[async_trait]
impl Tokens for PrincipalTokens {
    async fn token(&self) -> Outcome<SecretString> {
        let mut held = self.held.lock().await;
        if let Some(valid) = held.as_ref().filter(|held| held.renew_at > Instant::now()) {
            return Ok(valid.token.clone());
        }
        Ok(held.insert(self.issue().await?).token.clone())
    }
}

/// Tokens of a person's login, which the Databricks CLI keeps.
#[derive(Debug)]
pub struct CliTokens {
    profile: String,
    file: PathBuf,
    held: Mutex<Option<Held>>,
}

impl CliTokens {
    pub(super) fn new(profile: String, file: PathBuf) -> Self {
        Self { profile, file, held: Mutex::new(None) }
    }

    async fn ask(&self) -> Outcome<Held> {
        let mut command = Command::new("databricks");
        command
            .args(["auth", "token", "--profile", &self.profile])
            .env("DATABRICKS_CONFIG_FILE", &self.file)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let login = format!("Run `databricks auth login --profile {}`.", word(&self.profile));
        let fail = |reason: String| unauthenticated(reason).with_hint(login.clone());
        let output = match tokio::time::timeout(CLI_TIMEOUT, command.output()).await {
            Err(_) => {
                let waited = CLI_TIMEOUT.as_secs();
                return Err(fail(format!("`databricks auth token` did not answer within {waited} s")));
            }
            Ok(Err(error)) => {
                return Err(unauthenticated(format!("`databricks` cannot be run: {error}"))
                    .with_hint("Install the Databricks CLI (0.207.1 or newer), or write a token into the profile."));
            }
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(fail(format!("`databricks auth token` failed: {}", shorten(&clean_line(said.trim()), 200))));
        }
        // The output is not quoted: it holds the token.
        let printed: Printed = serde_json::from_slice(&output.stdout)
            .map_err(|_| fail("`databricks auth token` printed no token".to_owned()))?;
        let left = printed.expiry.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        let left = left.map(|end| Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default());
        Held::new(&printed.access_token, left.unwrap_or(UNTOLD))
    }
}

#[derive(serde::Deserialize)]
struct Printed {
    access_token: String,
    /// RFC 3339.
    expiry: Option<String>,
}

#[async_trait]
impl Tokens for CliTokens {
    async fn token(&self) -> Outcome<SecretString> {
        let mut held = self.held.lock().await;
        if let Some(valid) = held.as_ref().filter(|held| held.renew_at > Instant::now()) {
            return Ok(valid.token.clone());
        }
        Ok(held.insert(self.ask().await?).token.clone())
    }
}
