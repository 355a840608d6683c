//! One GitHub host: its token, and octocrab as the client that sends requests over the shared transport.

use std::fmt;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use octocrab::{OctoBody, Octocrab};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use super::connection::Connection;
use super::convert;
use super::dialect::GithubDialect;
use super::known::{Known, is_unchanged};
use super::{routes, wire};
use crate::adapters::http::{
    Access, Answer, Attempt, BoxError, Call, Carrier, Plain, Response, Secrets, Server, Unwritable, Wire,
};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;

const JSON: HeaderValue = HeaderValue::from_static("application/vnd.github+json");
/// Makes the contents API send a raw file instead of JSON with Base64.
const RAW: HeaderValue = HeaderValue::from_static("application/vnd.github.raw+json");

/// One host's API. Created without I/O; the token is looked up and the connection made at the first request.
#[derive(Debug)]
pub(super) struct Client {
    connection: Connection,
    wire: Wire,
    signed_in: OnceCell<SignedIn>,
    known: Known,
}

/// The API client with its token, ready for requests.
#[derive(Debug)]
struct SignedIn {
    api: Server,
    token: SecretString,
    secrets: Secrets,
}

impl Client {
    pub(super) fn new(connection: Connection) -> Self {
        let wire = Wire::new(connection.settings.clone());
        Self { connection, wire, signed_in: OnceCell::new(), known: Known::default() }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A well-formed response that cannot be true; after a write its outcome is unknown. `why` is cleaned text.
    pub(super) fn contradicts(&self, access: Access, operation: &str, why: &str) -> Failure {
        let none = Secrets::default();
        let secrets = self.signed_in.get().map_or(&none, |s| &s.secrets);
        let place = &self.connection.host;
        Attempt { access, operation, place, dialect: &GithubDialect, secrets }.contradicts(why)
    }

    /// Reads one object.
    pub(super) async fn read<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Outcome<T> {
        self.sized(operation, path).await.map(|(value, _)| value)
    }

    /// Reads one object, with the size of the response in bytes.
    pub(super) async fn sized<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Outcome<(T, usize)> {
        self.json(get(operation, path, JSON)).await.map(|(value, answer)| (value, answer.body.len()))
    }

    /// Reads one object, and the host's time if sent.
    pub(super) async fn read_dated<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: &str,
    ) -> Outcome<(T, Option<Timestamp>)> {
        self.json(get(operation, path, JSON)).await.map(|(value, answer)| (value, convert::date(&answer.headers)))
    }

    /// Reads one object; none on a 404.
    pub(super) async fn find<T: DeserializeOwned>(&self, operation: &str, path: &str) -> Outcome<Option<T>> {
        absent(self.read(operation, path).await)
    }

    /// Reads the bytes of one file; none on a 404.
    pub(super) async fn find_raw(&self, operation: &str, path: &str) -> Outcome<Option<Vec<u8>>> {
        absent(self.answer(get(operation, path, RAW)).await.map(|answer| answer.body))
    }

    /// Sends a write, once, and parses the response.
    pub(super) async fn write<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: &B,
    ) -> Outcome<T> {
        self.json(write(operation, method, path).body(json(operation, body)?)).await.map(|(value, _)| value)
    }

    /// Sends a write, once, whose response is empty.
    pub(super) async fn post<B: Serialize + Sync>(&self, operation: &str, path: &str, body: &B) -> Outcome<()> {
        self.answer(write(operation, Method::POST, path).body(json(operation, body)?)).await.map(drop)
    }

    /// Sends a DELETE, once.
    pub(super) async fn delete(&self, operation: &str, path: &str) -> Outcome<()> {
        self.answer(write(operation, Method::DELETE, path)).await.map(drop)
    }

    /// Uploads a file to `to`, once, with the token, and parses the response.
    pub(super) async fn upload<T: DeserializeOwned>(&self, operation: &str, to: &Url, bytes: &[u8]) -> Outcome<T> {
        let SignedIn { token, secrets, .. } = self.signed_in(operation).await?;
        let carrier = Crab::new(&self.wire.client(to).await?, &root(to), token)?;
        let host = to.host_str().unwrap_or_default();
        let there = Server::new(host, Box::new(GithubDialect), secrets.clone(), carrier, self.wire.settings());
        let call = write(operation, Method::POST, &relative(to)).body(bytes.to_vec());
        there.json(&call).await.map(|(value, _)| value)
    }

    /// Requests the bytes of a file from the API, `limit` at most. A redirect is returned, not a failure.
    pub(super) async fn bytes(&self, operation: &str, path: &str, limit: usize) -> Outcome<Answer> {
        let call = get(operation, path, HeaderValue::from_static("application/octet-stream"));
        self.signed_in(operation).await?.api.answer(&call.limit(limit).also(is_redirect)).await
    }

    /// Requests the bytes of a file from another host, without the token: such URLs carry their own authorization.
    pub(super) async fn bytes_at(&self, operation: &str, at: &Url, limit: usize) -> Outcome<Answer> {
        let carrier = Plain::new(self.wire.client(at).await?, root(at), HeaderMap::new());
        let secrets = self.signed_in(operation).await?.secrets.clone();
        let host = at.host_str().unwrap_or_default();
        let there = Server::new(host, Box::new(GithubDialect), secrets, carrier, self.wire.settings());
        let call = Call::new(Method::GET, relative(at), Access::Read, operation);
        there.answer(&call.limit(limit).also(is_redirect)).await
    }

    /// As [`Self::bytes_at`], but only the last `keep` bytes of the first `most`, and whether that is not all of them.
    pub(super) async fn end_at(&self, operation: &str, at: &Url, keep: usize, most: usize) -> Outcome<(Vec<u8>, bool)> {
        let carrier = Plain::new(self.wire.client(at).await?, root(at), HeaderMap::new());
        let secrets = self.signed_in(operation).await?.secrets.clone();
        let host = at.host_str().unwrap_or_default();
        let there = Server::new(host, Box::new(GithubDialect), secrets, carrier, self.wire.settings());
        let call = Call::new(Method::GET, relative(at), Access::Read, operation);
        let mut body = there.open(&call, there.timeout()).await?;
        let (mut end, mut passed) = (Vec::new(), 0);
        while let Some(piece) = body.chunk().await? {
            let piece = piece.as_ref();
            passed += piece.len();
            end.extend_from_slice(piece);
            // Twice as much at most, so that bytes are not moved with every piece.
            if end.len() > 2 * keep {
                end.drain(..end.len() - keep);
            }
            if passed > most {
                break;
            }
        }
        end.drain(..end.len().saturating_sub(keep));
        let cut = passed > end.len();
        Ok((end, cut))
    }

    async fn answer(&self, call: Call) -> Outcome<Answer> {
        let api = &self.signed_in(&call.operation).await?.api;
        let call = call.also(is_redirect);
        let answer = api.answer(&call).await?;
        match is_redirect(&answer) && !is_unchanged(&call, &answer) {
            true => Err(self.redirected(api, &call, &answer).await),
            false => Ok(answer),
        }
    }

    async fn json<T: DeserializeOwned>(&self, call: Call) -> Outcome<(T, Answer)> {
        let api = &self.signed_in(&call.operation).await?.api;
        let (call, known) = self.known.asking(call);
        let answer = self.answer(call.clone()).await?;
        match known {
            Some(known) if is_unchanged(&call, &answer) => {
                let answer = known.again(answer);
                Ok((api.parse(&call, &answer)?, answer))
            }
            Some(_) | None => {
                let value = api.parse(&call, &answer)?;
                self.known.keep(&call, &answer);
                Ok((value, answer))
            }
        }
    }

    /// The failure of a redirect: within the API, it is GitHub's answer for a repository that was renamed or
    /// transferred. It leads to the repository's id, which has the present name.
    async fn redirected(&self, api: &Server, call: &Call, answer: &Answer) -> Failure {
        let to = self.connection.api_url.join(answer.header("location")).ok();
        let to = to.filter(|to| to.origin() == self.connection.api_url.origin());
        let id = to.as_ref().and_then(|to| to.path().split("/repositories/").nth(1)?.split('/').next()?.parse().ok());
        let (Some(id), Some(was)) = (id, routes::repository_in(call.path())) else {
            return api.refused(call, answer);
        };
        let read = api.json::<wire::Repository>(&get(&call.operation, &routes::repository_by_id(id), JSON)).await;
        let name = read.ok().and_then(|(repository, _)| convert::line(repository.full_name));
        let (reason, now) = match &name {
            Some(name) => (format!("the repository {was} is called {name} now"), name.as_str()),
            None => (format!("the repository {was} was renamed or transferred"), "its present name"),
        };
        Failure::new(FailureKind::Config, Service::Github, &call.operation, reason)
            .with_hint(format!("Set `repository` in the configuration, GH_REPO or --repo to {now}."))
    }

    /// A sign-in failure may come with any request; it is reported with the operation that was attempted.
    async fn signed_in(&self, operation: &str) -> Outcome<&SignedIn> {
        let signed_in = self.signed_in.get_or_try_init(|| self.sign_in()).await;
        signed_in.map_err(|f| Failure { operation: operation.to_owned(), ..f })
    }

    async fn sign_in(&self) -> Outcome<SignedIn> {
        let Connection { api_url, host, token, .. } = &self.connection;
        let token = token.token().await?;
        let secrets = Secrets::of([token.clone()]);
        let carrier = Crab::new(&self.wire.client(api_url).await?, api_url, &token)?;
        let api = Server::new(host, Box::new(GithubDialect), secrets.clone(), carrier, self.wire.settings());
        Ok(SignedIn { api, token, secrets })
    }
}

fn get(operation: &str, path: &str, accept: HeaderValue) -> Call {
    Call::new(Method::GET, path, Access::Read, operation).header(header::ACCEPT, accept)
}

fn write(operation: &str, method: Method, path: &str) -> Call {
    Call::new(method, path, Access::Write, operation).header(header::ACCEPT, JSON)
}

fn json<B: Serialize>(operation: &str, body: &B) -> Outcome<Vec<u8>> {
    serde_json::to_vec(body).map_err(|e| Failure::new(FailureKind::Bug, Service::Local, operation, e.to_string()))
}

fn absent<T>(read: Outcome<T>) -> Outcome<Option<T>> {
    match read {
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

pub(super) fn is_redirect(answer: &Answer) -> bool {
    (300..400).contains(&answer.status)
}

/// The server of a URL.
fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("");
    root.set_query(None);
    root.set_fragment(None);
    root
}

fn relative(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// octocrab over the shared HTTP client: adds the token to requests to one server.
struct Crab {
    crab: Octocrab,
    /// Path of the API's URL, without a trailing slash.
    prefix: String,
}

impl Crab {
    /// The token is sent to the server of `base` only.
    fn new(http: &reqwest::Client, base: &Url, token: &SecretString) -> Outcome<Self> {
        let at = base.as_str().trim_end_matches('/');
        // The upload URL defaults to uploads.github.com, which would get the token too, so both are set to the same.
        let built = Octocrab::builder()
            .base_uri(at)
            .and_then(|b| b.upload_uri(at))
            .and_then(|b| b.personal_token(token.clone()).build_with_reqwest(http.clone()));
        let crab = built.map_err(|e| {
            let reason = format!("{at} cannot be set up: {}", text::clean_line(&e.to_string()));
            Failure::new(FailureKind::Config, Service::Github, "connect to GitHub", reason)
                .with_hint("Check the host's name.")
        })?;
        Ok(Self { crab, prefix: base.path().trim_end_matches('/').to_owned() })
    }
}

impl fmt::Debug for Crab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crab").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl Carrier for Crab {
    async fn carry(&self, request: http::Request<Vec<u8>>) -> Result<Response, BoxError> {
        use octocrab::Error::{Http, InvalidHeaderValue, Uri, UriParse};
        let (mut parts, body) = request.into_parts();
        let uri = format!("{}{}", self.prefix, parts.uri).parse();
        parts.uri = uri.map_err(|e: http::uri::InvalidUri| Unwritable(e.to_string()))?;
        let body = if body.is_empty() { OctoBody::empty() } else { OctoBody::from(body) };
        match self.crab.execute(http::Request::from_parts(parts, body)).await {
            Ok(response) => Ok(response.map(reqwest::Body::wrap)),
            Err(e @ (Uri { .. } | UriParse { .. } | Http { .. } | InvalidHeaderValue { .. })) => {
                Err(Box::new(Unwritable(text::clean_line(&e.to_string()))))
            }
            Err(e) => Err(Box::new(e)),
        }
    }
}
