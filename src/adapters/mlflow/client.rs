//! One MLflow server: its routes, credentials, workspace and pages.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::connection::{Auth, Endpoint};
use super::dialect::{MlflowDialect, is_unknown_function};
use super::wire;
use crate::adapters::http::{Access, Answer, Call, Part, Plain, Secrets, Server, Wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::DEFAULT_WORKSPACE;
use crate::domain::page::{Page, Place};
use crate::domain::text::clean_line;

/// Where 3.x servers describe themselves; needs no credentials (measured on 3.18).
pub(in crate::adapters) const SERVER_INFO: &str = "api/3.0/mlflow/server-info";

/// A read with GET below `/api/2.0/mlflow/`. `what` is a phrase after "could not".
pub(in crate::adapters) fn get(path: &str, what: impl Into<String>) -> Call {
    get_raw(&format!("api/2.0/mlflow/{path}"), what)
}

/// A read with GET of any path on the server.
pub(in crate::adapters) fn get_raw(path: &str, what: impl Into<String>) -> Call {
    Call::new(Method::GET, format!("/{path}"), Access::Read, what)
}

/// A read with a query too long for a query string.
pub(in crate::adapters) fn search(path: &str, what: impl Into<String>, body: &serde_json::Value) -> Call {
    sent(Method::POST, path, Access::Read, what, body)
}

/// A write. MLflow takes DELETE arguments only in a JSON body (measured on 2.22 and 3.18).
pub(in crate::adapters) fn write(
    method: Method,
    path: &str,
    what: impl Into<String>,
    body: &serde_json::Value,
) -> Call {
    sent(method, path, Access::Write, what, body)
}

/// A write to any path on the server.
pub(in crate::adapters) fn write_raw(
    method: Method,
    path: &str,
    what: impl Into<String>,
    body: &serde_json::Value,
) -> Call {
    Call::new(method, format!("/{path}"), Access::Write, what).body(body.to_string().into_bytes())
}

fn sent(method: Method, path: &str, access: Access, what: impl Into<String>, body: &serde_json::Value) -> Call {
    Call::new(method, format!("/api/2.0/mlflow/{path}"), access, what).body(body.to_string().into_bytes())
}

#[derive(Debug)]
pub(in crate::adapters) struct Client {
    wire: Arc<Wire>,
    endpoint: Endpoint,
    workspace: Option<String>,
    workspaces_enabled: OnceCell<bool>,
    server: OnceCell<Server>,
}

impl Client {
    pub(in crate::adapters) fn new(wire: Arc<Wire>, endpoint: Endpoint, workspace: Option<String>) -> Self {
        Self { wire, endpoint, workspace, workspaces_enabled: OnceCell::new(), server: OnceCell::new() }
    }

    /// The base URL without credentials or trailing slash.
    pub(in crate::adapters) fn base(&self) -> &str {
        self.endpoint.url()
    }

    /// Whether it is MLflow's own server.
    pub(in crate::adapters) fn is_mlflow(&self) -> bool {
        self.endpoint.is_mlflow()
    }

    pub(in crate::adapters) fn auth(&self) -> &Auth {
        self.endpoint.auth()
    }

    /// The server, and the call with the workspace header.
    pub(in crate::adapters) async fn ready(&self, call: Call) -> Outcome<(&Server, Call)> {
        let server = self.server.get_or_try_init(|| self.connect()).await;
        let server = server.map_err(|f| Failure { operation: call.operation.clone(), ..f })?;
        let Some(workspace) = &self.workspace else { return Ok((server, call)) };
        if !*self.workspaces_enabled.get_or_try_init(|| has_workspaces(server)).await? {
            return Ok((server, call));
        }
        let name = HeaderValue::from_str(workspace).map_err(|_| {
            Failure::new(FailureKind::Config, Service::Config, &call.operation, "the workspace's name cannot be sent")
        })?;
        Ok((server, call.header(HeaderName::from_static("x-mlflow-workspace"), name)))
    }

    /// The workspace in use; none if the server has no workspaces.
    pub(in crate::adapters) async fn workspace(&self) -> Outcome<Option<String>> {
        let what = "ask the server about workspaces";
        let server = self.server.get_or_try_init(|| self.connect()).await;
        let server = server.map_err(|f| Failure { operation: what.to_owned(), ..f })?;
        let asked = self.workspaces_enabled.get_or_try_init(|| has_workspaces(server)).await;
        let has = match asked {
            Ok(has) => *has,
            // A proxy that forwards only some paths. Without a configured workspace no header is sent either way.
            Err(failure) if self.workspace.is_none() && !failure.kind.is_transient() => false,
            Err(failure) => return Err(failure),
        };
        Ok(has.then(|| self.workspace.clone().unwrap_or_else(|| DEFAULT_WORKSPACE.to_owned())))
    }

    /// The configured workspace.
    pub(in crate::adapters) fn named_workspace(&self) -> Option<&str> {
        self.workspace.as_deref()
    }

    /// As [`Self::workspace`], as far as it is known without a request.
    pub(in crate::adapters) fn known_workspace(&self) -> Option<&str> {
        let has = *self.workspaces_enabled.get()?;
        has.then(|| self.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE))
    }

    async fn connect(&self) -> Outcome<Server> {
        let base = self.endpoint.address();
        let client = self.wire.client(base).await?;
        let signed = match self.auth() {
            Auth::None => client.get(base.clone()),
            Auth::Basic { user, password } => client.get(base.clone()).basic_auth(user, Some(password.expose_secret())),
            Auth::Bearer(token) => client.get(base.clone()).bearer_auth(token.expose_secret()),
            // Each request gets the token that is valid then.
            Auth::Renewed(_) => client.get(base.clone()),
        };
        let mut headers = signed.build().map(|r| r.headers().clone()).map_err(|_| {
            Failure::new(FailureKind::Config, Service::Config, "sign in to MLflow", "the credentials cannot be sent")
                .with_hint(
                    "Check it for line breaks and letters that no token has; `signoff config show` names its source.",
                )
        })?;
        let secrets = Secrets::of(self.secrets(&headers));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut carrier = Plain::new(client, base.clone(), headers);
        if let Auth::Renewed(tokens) = self.auth() {
            carrier = carrier.with_tokens(tokens.clone(), secrets.clone());
        }
        let dialect = match self.endpoint.words() {
            Some(words) => words(self.auth()),
            None => Box::new(MlflowDialect::new(self.auth())),
        };
        Ok(Server::new(self.base(), dialect, secrets, carrier, self.wire.settings()))
    }

    /// The password or token, and the header values built from them.
    fn secrets(&self, headers: &HeaderMap) -> Vec<SecretString> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.split_once(' '));
        let sent = sent.map(|(_, value)| SecretString::from(value));
        let own = match self.auth() {
            Auth::None | Auth::Renewed(_) => None,
            Auth::Basic { password, .. } => Some(password.clone()),
            Auth::Bearer(token) => Some(token.clone()),
        };
        sent.into_iter().chain(own).collect()
    }

    /// Sends the call and parses a JSON response.
    pub(in crate::adapters) async fn json<T: DeserializeOwned>(&self, call: Call) -> Outcome<T> {
        self.sized(call).await.map(|(value, _)| value)
    }

    /// As [`Self::json`], with the size of the response in bytes.
    pub(in crate::adapters) async fn sized<T: DeserializeOwned>(&self, call: Call) -> Outcome<(T, usize)> {
        let (server, call) = self.ready(call).await?;
        let (value, answer) = server.json(&call).await.map_err(|failure| self.of_workspace(failure))?;
        Ok((value, answer.body.len()))
    }

    /// Sends the call and returns the response text, whatever its content type.
    pub(in crate::adapters) async fn text(&self, call: Call) -> Outcome<String> {
        let (server, call) = self.ready(call).await?;
        let answer = server.answer(&call).await.map_err(|failure| self.of_workspace(failure))?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// A workspace that does not exist hides whatever was asked for.
    fn of_workspace(&self, failure: Failure) -> Failure {
        let missing = |name: &String| failure.reason.contains(&format!("Workspace '{}' not found", clean_line(name)));
        match self.workspace.as_ref().filter(|_| failure.kind == FailureKind::NotFound).filter(|name| missing(name)) {
            Some(name) => Failure {
                kind: FailureKind::Config,
                reason: format!("{} has no workspace '{}'", self.base(), clean_line(name)),
                ..failure
            }
            .with_hint("Check `workspace` of this target and MLFLOW_WORKSPACE, and that you may see that workspace."),
            None => failure,
        }
    }

    /// As [`Self::json`], for what some servers do not have: none if the response is 404.
    pub(in crate::adapters) async fn optional<T: DeserializeOwned>(&self, call: Call) -> Outcome<Option<T>> {
        let (server, call) = self.ready(call).await?;
        let absent = |answer: &Answer| answer.status == 404 && !says_workspace(answer);
        let found = optional(server, call, absent).await.map_err(|failure| self.of_workspace(failure))?;
        Ok(found.map(|(value, _)| value))
    }

    /// As [`Self::sized`], for endpoints some servers do not have: none if the endpoint is unknown.
    pub(in crate::adapters) async fn function<T: DeserializeOwned>(&self, call: Call) -> Outcome<Option<(T, usize)>> {
        let (server, call) = self.ready(call).await?;
        optional(server, call, is_unknown_function).await.map_err(|failure| self.of_workspace(failure))
    }

    /// One page of a list with page tokens; `read` takes the server's own token.
    pub(in crate::adapters) async fn page<T, F: Future<Output = Outcome<Part<T>>>>(
        &self,
        what: &str,
        page: Option<&str>,
        read: impl FnOnce(String) -> F,
    ) -> Outcome<Page<T>> {
        let place = Place::read(page)
            .ok_or_else(|| Failure::new(FailureKind::Bug, Service::Local, what, "the page token is not ours"))?;
        let part = read(place.token().to_owned()).await?;
        let next = place.next(part.next, part.bytes);
        let next = next.map_err(|why| Failure::new(FailureKind::Protocol, Service::Mlflow, what, why))?;
        Ok(Page { items: part.items, next: next.map(|place| place.write()) })
    }
}

/// Whether an answer is about the workspace rather than about what was asked for.
fn says_workspace(answer: &Answer) -> bool {
    answer.body.windows(9).any(|words| words == b"Workspace")
}

async fn optional<T: DeserializeOwned>(
    server: &Server,
    call: Call,
    absent: fn(&Answer) -> bool,
) -> Outcome<Option<(T, usize)>> {
    let call = call.also(absent);
    let answer = server.answer(&call).await?;
    if absent(&answer) {
        return Ok(None);
    }
    server.parse(&call, &answer).map(|value| Some((value, answer.body.len())))
}

/// Whether the server has workspaces. Servers without them answer the header with an error; servers with them show
/// another workspace without it (measured on 3.18); 2.x servers do not have the endpoint.
async fn has_workspaces(server: &Server) -> Outcome<bool> {
    let call = get_raw(SERVER_INFO, "ask the server about workspaces");
    let info: Option<(wire::ServerInfo, usize)> = optional(server, call, |answer| answer.status == 404).await?;
    Ok(info.is_some_and(|(info, _)| info.workspaces_enabled))
}
