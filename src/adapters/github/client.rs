//! Sends requests: token, time limits, repetition of reads, whole answers.

use std::fmt;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use http::Method;
use jiff::Timestamp;
use octocrab::Octocrab;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use super::connection::{CONNECT_TIMEOUT, Connection, is_loopback};
use super::convert;
use super::errors::{Again, Asked, Nature, Reply, Trouble};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;

/// Media type that makes the contents API send a file as it is, not as JSON around Base64.
const RAW: &str = "application/vnd.github.raw+json";
/// Times a read is repeated.
const REPEATS: usize = 2;
/// Pause before the first repetition; the second takes three times as long.
const PAUSE: Duration = Duration::from_millis(250);
/// Answers beyond this are not for us. A page of 100 releases with long notes is some 10 MB at the very most.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// One host's API. Made without I/O; the token is looked for, and the connection made, at the first request.
pub(super) struct Client {
    connection: Connection,
    /// Path of the API's address, without a slash at its end.
    prefix: String,
    pause: Duration,
    wired: OnceCell<Wired>,
}

/// What a connection takes: one client for all addresses, so that certificates are read once, and proxies are those of
/// the environment as everywhere.
pub(super) struct Wired {
    http: reqwest::Client,
    crab: Octocrab,
    token: SecretString,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(connection: Connection) -> Self {
        let prefix = connection.api_url.path().trim_end_matches('/').to_owned();
        Self { connection, prefix, pause: PAUSE, wired: OnceCell::new() }
    }

    /// Pauses this long before the first repetition of a read.
    pub(super) fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn asked<'a>(&'a self, nature: Nature, operation: &'a str) -> Asked<'a> {
        Asked { nature, operation, host: &self.connection.host }
    }

    /// Reads one thing.
    pub(super) async fn read<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Outcome<T> {
        let asked = self.asked(Nature::Read, operation);
        let reply = self.get(&asked, path).await?;
        asked.parse(&reply)
    }

    /// Reads one thing, and the host's time when it said so.
    pub(super) async fn read_dated<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: &str,
    ) -> Outcome<(T, Option<Timestamp>)> {
        let asked = self.asked(Nature::Read, operation);
        let reply = self.get(&asked, path).await?;
        Ok((asked.parse(&reply)?, convert::date(&reply.headers)))
    }

    /// Reads one thing; nothing if there is none (404).
    pub(super) async fn find<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Outcome<Option<T>> {
        match self.read(operation, path).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Reads the bytes of one file; nothing if there is none (404).
    pub(super) async fn find_raw(&self, operation: &str, path: &str) -> Outcome<Option<Vec<u8>>> {
        match self.get_as(&self.asked(Nature::Read, operation), path, Some(RAW)).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            read => read.map(|reply| Some(reply.body)),
        }
    }

    /// Sends a write, once, and reads the answer.
    pub(super) async fn write<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: &B,
    ) -> Outcome<T> {
        let asked = self.asked(Nature::Write, operation);
        let reply = self.send(&asked, method, path, Some(body)).await?;
        asked.parse(&reply)
    }

    /// Sends a write, once, whose answer holds nothing.
    pub(super) async fn post<B: Serialize + Sync>(&self, operation: &str, path: &str, body: &B) -> Outcome<()> {
        let asked = self.asked(Nature::Write, operation);
        self.send(&asked, Method::POST, path, Some(body)).await?;
        Ok(())
    }

    /// Removes something, once.
    pub(super) async fn delete(&self, operation: &str, path: &str) -> Outcome<()> {
        let asked = self.asked(Nature::Write, operation);
        self.send(&asked, Method::DELETE, path, None::<&()>).await?;
        Ok(())
    }

    async fn get(&self, asked: &Asked<'_>, path: &str) -> Outcome<Reply> {
        self.get_as(asked, path, None).await
    }

    async fn get_as(&self, asked: &Asked<'_>, path: &str, accept: Option<&'static str>) -> Outcome<Reply> {
        self.repeat(|| self.send_as(asked, Method::GET, path, None::<&()>, accept)).await
    }

    /// Sends a read until it succeeds or repeating it makes no sense.
    pub(super) async fn repeat<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        read: impl FnMut() -> F,
    ) -> Outcome<T> {
        let backoff = ExponentialBuilder::new().with_min_delay(self.pause).with_factor(3.0).with_max_times(REPEATS);
        read.retry(backoff)
            .when(|trouble: &Trouble| trouble.again != Again::Never)
            .adjust(|trouble, pause| match trouble.again {
                // `pause` is none when there are no tries left.
                Again::After(wait) => pause.map(|_| wait),
                _ => pause,
            })
            .await
            .map_err(Failure::from)
    }

    async fn send<B: Serialize + Sync>(
        &self,
        asked: &Asked<'_>,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Reply, Trouble> {
        self.send_as(asked, method, path, body, None).await
    }

    async fn send_as<B: Serialize + Sync>(
        &self,
        asked: &Asked<'_>,
        method: Method,
        path: &str,
        body: Option<&B>,
        accept: Option<&'static str>,
    ) -> Result<Reply, Trouble> {
        let wired = self.signed_in(asked).await?;
        let limit = self.connection.timeout;
        let sent =
            tokio::time::timeout(limit, exchange(&wired.crab, method, format!("{}{path}", self.prefix), body, accept));
        let result = match sent.await {
            Err(_) => Err(asked.timed_out(limit)),
            Ok(Err(error)) => Err(asked.transport(&error)),
            Ok(Ok(reply)) if reply.status.is_success() => Ok(reply),
            Ok(Ok(reply)) => Err(asked.status(&reply)),
        };
        result.map_err(|trouble| wired.redact(trouble))
    }

    /// Does something with the token; no text of its failure holds it.
    pub(super) async fn with_token<T>(
        &self,
        asked: &Asked<'_>,
        work: impl AsyncFnOnce(&Wired) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let wired = self.signed_in(asked).await?;
        work(wired).await.map_err(|trouble| wired.redact(trouble))
    }

    /// A failure to sign in stands for any request; what was attempted with it is more useful to know.
    pub(super) async fn signed_in(&self, asked: &Asked<'_>) -> Outcome<&Wired> {
        self.wired().await.map_err(|f| Failure { operation: asked.operation.to_owned(), ..f })
    }

    async fn wired(&self) -> Outcome<&Wired> {
        let cannot = |e: &dyn fmt::Display| {
            let reason = format!("{} cannot be set up: {e}", self.connection.api_url);
            Failure::new(FailureKind::Config, Service::Github, "connect to GitHub", reason)
                .with_hint("Check the host's name and the certificates of this machine.")
        };
        self.wired
            .get_or_try_init(|| async {
                let token = self.connection.token.token().await?;
                let connection = self.connection.clone();
                let http = tokio::task::spawn_blocking(move || build(&connection)).await.map_err(|e| cannot(&e))?;
                let http = http.map_err(|e| cannot(&e))?;
                let crab =
                    octocrab_for(self.connection.api_url.as_str(), &http, Some(&token)).map_err(|e| cannot(&e))?;
                Ok(Wired { http, crab, token })
            })
            .await
    }
}

impl Wired {
    /// A client for the host of `at` and no other, with the token or without.
    pub(super) fn crab_at(&self, asked: &Asked<'_>, at: &Url, with_token: bool) -> Outcome<Octocrab> {
        let mut base = at.clone();
        base.set_path("");
        base.set_query(None);
        base.set_fragment(None);
        octocrab_for(base.as_str(), &self.http, with_token.then_some(&self.token)).map_err(|e| {
            let reason = format!("{base} cannot be set up: {}", text::clean_line(&e.to_string()));
            Failure::new(FailureKind::Config, Service::Github, asked.operation, reason)
        })
    }

    /// A server may repeat what it was sent. The token must not get into any text that way either.
    fn redact(&self, mut trouble: Trouble) -> Trouble {
        let token = self.token.expose_secret();
        for text in std::iter::once(&mut trouble.failure.reason).chain(trouble.failure.hint.as_mut()) {
            if text.contains(token) {
                *text = text.replace(token, "***");
            }
        }
        trouble
    }
}

/// The client that carries all requests. It follows no redirect, which could take the token along, and sends nothing
/// twice. Proxies are those of the environment, except to this machine.
fn build(connection: &Connection) -> reqwest::Result<reqwest::Client> {
    // Two providers may be compiled in by other crates; then none is chosen by itself. One set before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT.min(connection.timeout));
    if is_loopback(&connection.api_url) { builder.no_proxy().build() } else { builder.build() }
}

/// A client whose requests are relative to `base`. A token that is given goes there and nowhere else.
fn octocrab_for(base: &str, http: &reqwest::Client, token: Option<&SecretString>) -> octocrab::Result<Octocrab> {
    // The upload address defaults to uploads.github.com and is sent the token too: both are made the same.
    let base = base.trim_end_matches('/');
    let builder = Octocrab::builder().base_uri(base)?.upload_uri(base)?;
    match token {
        Some(token) => builder.personal_token(token.clone()).build_with_reqwest(http.clone()),
        None => builder.build_with_reqwest(http.clone()),
    }
}

async fn exchange<B: Serialize>(
    crab: &Octocrab,
    method: Method,
    path: String,
    body: Option<&B>,
    accept: Option<&'static str>,
) -> octocrab::Result<Reply> {
    let mut builder = http::request::Builder::new().method(method).uri(path);
    if let Some(media_type) = accept {
        builder = builder.header(http::header::ACCEPT, media_type);
    }
    let request = crab.build_request(builder, body)?;
    receive(crab.execute(request).await?, MAX_BODY).await
}

/// A whole answer; of one that is longer than `limit` bytes, a little more than that.
pub(super) async fn receive<B>(response: http::Response<B>, limit: usize) -> octocrab::Result<Reply>
where
    B: http_body_util::BodyExt<Error = octocrab::Error> + Unpin,
    B::Data: AsRef<[u8]>,
{
    let (parts, mut stream) = response.into_parts();
    let mut body = Vec::new();
    // What goes beyond the limit is left out; what is left does not parse, which is what it deserves.
    while let Some(frame) = stream.frame().await
        && body.len() <= limit
    {
        if let Ok(data) = frame?.into_data() {
            body.extend_from_slice(data.as_ref());
        }
    }
    Ok(Reply { status: parts.status, headers: parts.headers, body })
}
