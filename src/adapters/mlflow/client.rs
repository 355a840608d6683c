//! One MLflow server over HTTP: addresses, credentials, limits, and the repetition of reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Response, header};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::connection::{Auth, Connection, Endpoint, Tls};
use super::errors::{Access, Answer, Attempt};
use super::stream::{self, Body};
use super::{Tuning, json, wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// The largest answer that is read. A page of 1,000 models is 3.5 MB (measured on 3.18).
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// The part of an error's body that is read.
const MAX_ERROR: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Below the 5 s after which uvicorn closes idle connections, so that no write meets a closing one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Where 3.x servers describe themselves; readable without credentials (measured on 3.18).
pub(super) const SERVER_INFO: &str = "api/3.0/mlflow/server-info";
/// Times a read is repeated.
const RETRIES: usize = 2;
/// A read waits at most this long when the server asks for a pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The HTTP client both servers of a connection share. Building it costs some 13 ms: done at the first request.
#[derive(Debug)]
pub(super) struct Http {
    tls: Tls,
    timeout: Duration,
    /// Nothing but this machine is asked, for which no proxy is ever meant.
    local: bool,
    built: OnceCell<reqwest::Client>,
}

impl Http {
    pub(super) fn new(connection: &Connection) -> Self {
        let local = std::iter::once(&connection.tracking).chain(&connection.registry).all(Endpoint::is_loopback);
        Self { tls: connection.tls.clone(), timeout: connection.timeout, local, built: OnceCell::new() }
    }

    async fn client(&self) -> Outcome<&reqwest::Client> {
        self.built
            .get_or_try_init(|| async {
                let (tls, timeout, local) = (self.tls.clone(), self.timeout, self.local);
                tokio::task::spawn_blocking(move || build(&tls, timeout, local)).await.map_err(|e| {
                    Failure::new(FailureKind::Bug, Service::Local, "prepare the MLflow client", e.to_string())
                })?
            })
            .await
    }
}

fn build(tls: &Tls, timeout: Duration, local: bool) -> Outcome<reqwest::Client> {
    let fail = |reason: String| Failure::new(FailureKind::Config, Service::Config, "prepare the MLflow client", reason);
    // Fails only where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("signoff/", env!("CARGO_PKG_VERSION")))
        // MLflow's API never redirects: whatever does is not MLflow, and must not see credentials.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tls_danger_accept_invalid_certs(tls.insecure);
    if local {
        builder = builder.no_proxy();
    }
    if let Some(path) = &tls.ca_file {
        let shown = path.display();
        let pem = std::fs::read(path).map_err(|e| {
            fail(format!("the CA file {shown} cannot be read: {e}"))
                .with_hint("MLFLOW_TRACKING_SERVER_CERT_PATH must name a file in PEM form.")
        })?;
        let certs = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certs.is_empty() {
            return Err(fail(format!("the CA file {shown} holds no certificate in PEM form"))
                .with_hint("It should contain a line `-----BEGIN CERTIFICATE-----`."));
        }
        // As MLflow's own client does: these authorities instead of the system's, not besides them.
        builder = builder.tls_certs_only(certs);
    }
    builder
        .build()
        .map_err(|e| fail(format!("TLS cannot be set up ({})", crate::domain::text::clean_line(&e.to_string()))))
}

/// One request, before credentials.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<serde_json::Value>,
    access: Access,
    absent: Absent,
    /// Only the first bytes of the answer, this many.
    first: Option<u64>,
    what: String,
}

/// Whether "not there" is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    Failure,
    /// Any 404 is one.
    Fine,
    /// It is, if the server does not know the function; a failure if the function does not find the thing.
    FineForFunction,
}

impl Call {
    /// A read with GET below `/api/2.0/mlflow/`. `what` is a phrase after "could not".
    pub(super) fn get(path: &str, what: impl Into<String>) -> Self {
        Self::new(Method::GET, format!("api/2.0/mlflow/{path}"), Access::Read, what)
    }

    /// A read with GET of any path of the server.
    pub(super) fn get_raw(path: &str, what: impl Into<String>) -> Self {
        Self::new(Method::GET, path.to_owned(), Access::Read, what)
    }

    /// A read whose question is too long for a query string.
    pub(super) fn search(path: &str, what: impl Into<String>, body: serde_json::Value) -> Self {
        let mut call = Self::new(Method::POST, format!("api/2.0/mlflow/{path}"), Access::Read, what);
        call.body = Some(body);
        call
    }

    /// A write. MLflow takes arguments of DELETE in a JSON body only (measured on 2.22 and 3.18).
    pub(super) fn write(method: Method, path: &str, what: impl Into<String>, body: serde_json::Value) -> Self {
        let mut call = Self::new(method, format!("api/2.0/mlflow/{path}"), Access::Write, what);
        call.body = Some(body);
        call
    }

    fn new(method: Method, path: String, access: Access, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { method, path, query: Vec::new(), body: None, access, absent: Absent::Failure, first: None, what }
    }

    /// Adds a query parameter; it is encoded, whatever it holds.
    pub(super) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Asks for the first `count` bytes only. The server may send all the same.
    pub(super) fn first_bytes(mut self, count: u64) -> Self {
        self.first = Some(count);
        self
    }
}

/// One server.
#[derive(Debug)]
pub(super) struct Client {
    http: Arc<Http>,
    endpoint: Endpoint,
    workspace: Option<String>,
    workspaces_enabled: OnceCell<bool>,
    retry_pause: Duration,
}

impl Client {
    pub(super) fn new(http: Arc<Http>, endpoint: Endpoint, workspace: Option<String>, tuning: &Tuning) -> Self {
        Self { http, endpoint, workspace, workspaces_enabled: OnceCell::new(), retry_pause: tuning.retry_pause }
    }

    /// The address without credentials or trailing slash.
    pub(super) fn base(&self) -> &str {
        self.endpoint.url()
    }

    pub(super) fn auth(&self) -> &Auth {
        self.endpoint.auth()
    }

    /// How long an answer may take.
    pub(super) fn timeout(&self) -> Duration {
        self.http.timeout
    }

    /// Sends the call and reads a JSON answer. Reads are repeated where that may help; writes never are.
    pub(super) async fn json<T: DeserializeOwned>(&self, call: &Call) -> Outcome<T> {
        let answer = self.answer(call).await?;
        json::parse(&answer.body).map_err(|e| self.attempt(call).nonsense(&answer, &e))
    }

    /// Sends the call and returns the answer's text, whatever its type claims to be.
    pub(super) async fn text(&self, call: &Call) -> Outcome<String> {
        self.answer(call).await.map(|a| String::from_utf8_lossy(&a.body).into_owned())
    }

    /// As [`Self::json`], for what some servers do not have: none where the answer is 404.
    pub(super) async fn optional<T: DeserializeOwned>(&self, mut call: Call) -> Outcome<Option<T>> {
        call.absent = Absent::Fine;
        let answer = self.answer(&call).await?;
        self.optional_body(&call, &answer)
    }

    /// As [`Self::json`], for functions some servers do not have: none where the function is unknown.
    pub(super) async fn function<T: DeserializeOwned>(&self, mut call: Call) -> Outcome<Option<T>> {
        call.absent = Absent::FineForFunction;
        let answer = self.answer(&call).await?;
        if answer.is_unknown_function() {
            return Ok(None);
        }
        json::parse(&answer.body).map(Some).map_err(|e| self.attempt(&call).nonsense(&answer, &e))
    }

    fn optional_body<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Outcome<Option<T>> {
        if answer.status == 404 {
            return Ok(None);
        }
        json::parse(&answer.body).map(Some).map_err(|e| self.attempt(call).nonsense(answer, &e))
    }

    async fn answer(&self, call: &Call) -> Outcome<Answer> {
        let workspace = self.workspace_header().await?;
        if call.access == Access::Write {
            return self.once(call, workspace).await;
        }
        self.repeated(|| self.once(call, workspace)).await
    }

    /// Opens a file: the head of the answer is here, its body is read piece by piece. `patience` is how long the
    /// server may take to begin; it may have to fetch the file first.
    pub(super) async fn open<'a>(&'a self, call: &'a Call, patience: Duration) -> Outcome<Body<'a>> {
        let workspace = self.workspace_header().await?;
        let attempt = self.attempt(call);
        self.repeated(|| async move {
            // The whole transfer may take as long as it likes, as long as there is progress.
            let begin = self.send(call, workspace, Some(stream::NO_LIMIT));
            let response = tokio::time::timeout(patience, begin).await.map_err(|_| attempt.silent(patience))??;
            Body::begin(response, attempt).await
        })
        .await
    }

    async fn repeated<T, F>(&self, once: impl FnMut() -> F) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let started = Instant::now();
        let pauses =
            ExponentialBuilder::default().with_min_delay(self.retry_pause).with_max_times(RETRIES).with_jitter();
        once.retry(pauses)
            // A server that lets two requests run into the timeout will do so with the third.
            .when(|f| worth_repeating(f) && started.elapsed() < self.http.timeout.mul_f32(1.5))
            .adjust(|f, pause| pause.and_then(|p| wanted_pause(f, p)))
            .notify(
                |f, pause| tracing::debug!(operation = %f.operation, reason = %f.reason, ?pause, "repeating a read"),
            )
            .await
    }

    async fn once(&self, call: &Call, workspace: Option<&str>) -> Outcome<Answer> {
        let attempt = self.attempt(call);
        let answer = read(self.send(call, workspace, None).await?, &attempt).await?;
        let fine = match call.absent {
            Absent::Failure => false,
            Absent::Fine => answer.status == 404,
            Absent::FineForFunction => answer.is_unknown_function(),
        };
        if fine || (200..300).contains(&answer.status) { Ok(answer) } else { Err(attempt.refusal(&answer)) }
    }

    async fn send(&self, call: &Call, workspace: Option<&str>, timeout: Option<Duration>) -> Outcome<Response> {
        let client = self.http.client().await?;
        let mut request = client.request(call.method.clone(), format!("{}/{}", self.base(), call.path));
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(workspace) = workspace {
            request = request.header("X-MLFLOW-WORKSPACE", workspace);
        }
        if let Some(count) = call.first {
            request = request.header(header::RANGE, format!("bytes=0-{}", count.saturating_sub(1)));
        }
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        self.signed(request).send().await.map_err(|e| self.attempt(call).transport(&e))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(header::ACCEPT, "application/json");
        match self.auth() {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    fn attempt<'a>(&'a self, call: &'a Call) -> Attempt<'a> {
        Attempt {
            what: &call.what,
            access: call.access,
            base: self.base(),
            auth: self.auth(),
            timeout: self.http.timeout,
        }
    }

    /// The workspace to name, if one is configured and the server has workspaces. Servers without them answer
    /// the header with an error, servers with them show another workspace without it (measured on 3.18).
    async fn workspace_header(&self) -> Outcome<Option<&str>> {
        let Some(workspace) = self.workspace.as_deref() else {
            return Ok(None);
        };
        let enabled = self.workspaces_enabled.get_or_try_init(|| self.has_workspaces()).await?;
        Ok(enabled.then_some(workspace))
    }

    async fn has_workspaces(&self) -> Outcome<bool> {
        let mut call = Call::get_raw(SERVER_INFO, "ask the server about workspaces");
        call.absent = Absent::Fine;
        let answer = self.repeated(|| self.once(&call, None)).await?;
        // 2.x servers do not know the question.
        let info: Option<wire::ServerInfo> = self.optional_body(&call, &answer)?;
        Ok(info.is_some_and(|i| i.workspaces_enabled))
    }
}

pub(super) async fn read(mut response: Response, attempt: &Attempt<'_>) -> Outcome<Answer> {
    let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut answer = Answer {
        status: response.status().as_u16(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
        retry_after: text(header::RETRY_AFTER),
        location: text(header::LOCATION),
        body: Vec::new(),
    };
    let good = response.status().is_success();
    let limit = if good { MAX_ANSWER } else { MAX_ERROR };
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if answer.body.len() + chunk.len() <= limit => answer.body.extend_from_slice(&chunk),
            Ok(Some(_)) if good => return Err(attempt.too_large(limit)),
            // The status says enough, even if the error's text is cut or lost.
            Ok(Some(chunk)) => {
                answer.body.extend_from_slice(&chunk[..limit - answer.body.len()]);
                return Ok(answer);
            }
            Ok(None) => return Ok(answer),
            Err(_) if !good => return Ok(answer),
            Err(e) => return Err(attempt.transport(&e)),
        }
    }
}

/// What may be different next time, and does no harm to ask again.
fn worth_repeating(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unavailable | FailureKind::RateLimited { .. })
}

/// The pause the server asked for, if it is short enough to wait for.
fn wanted_pause(failure: &Failure, pause: Duration) -> Option<Duration> {
    let FailureKind::RateLimited { until: Some(until) } = failure.kind else {
        return Some(pause);
    };
    let wanted = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
    (wanted <= MAX_PAUSE).then_some(pause.max(wanted))
}
