//! A stateful double of the part of a Databricks workspace that signoff uses: its tracking server, its own model
//! registry, Unity Catalog by MLflow's dialect of it, identities, and cloud storage on a second port.
//!
//! Models, versions and runs are the demo's [`signoff::adapters::demo::World`]. Both registries show it: the workspace
//! registry under the plain names with stages, Unity Catalog as `prod.telco.NAME` with aliases. Sources: the SDKs
//! (0.162), MLflow's stores (3.17.2); no live workspace was reached.

mod catalog;
mod files;
mod jobs;
mod registry;
mod scheduled;
mod state;
mod tracking;

use std::ops::Deref;

use serde_json::{Value, json};

use super::double::{Answer, Double, Port, Recorded, Request, State};

pub use super::double::{Fault, Gate, Rule};
pub use scheduled::{Began, Scheduled};
pub use state::{Activity, Level, Transition, User, Workspace};

/// Token of `dana@acme.example`.
pub const PERSON: &str = "dapi0000000000000000000000000dana";
/// Token of `quinn@acme.example`.
pub const SECOND: &str = "dapi000000000000000000000000quinn";
/// Token of a service principal, whose user name is a UUID.
pub const PRINCIPAL: &str = "dapi0000000000000000000principal0";
/// Token of `reader@acme.example`, who may only read.
pub const READER: &str = "dapi00000000000000000000000reader";
/// The client of the service principal, and its secret.
pub const CLIENT: (&str, &str) = ("6f1c2a80-27d5-4a2e-9a3f-0b6b8d0c1e11", "dose00000000000000000000000secret");
/// Client and secret as HTTP's basic authentication has them.
const CLIENT_HEADER: &str =
    "Basic NmYxYzJhODAtMjdkNS00YTJlLTlhM2YtMGI2YjhkMGMxZTExOmRvc2UwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMHNlY3JldA==";
/// Catalog and schema of every model, with the last dot.
pub const SCHEMA: &str = "prod.telco.";

/// A running workspace. Stops when dropped.
pub struct FakeDatabricks(Double<Workspace>);

impl Deref for FakeDatabricks {
    type Target = Double<Workspace>;

    fn deref(&self) -> &Double<Workspace> {
        &self.0
    }
}

impl FakeDatabricks {
    /// A workspace over the demo's world.
    pub fn start() -> Self {
        let world = signoff::adapters::demo::World::new("2026-11-23T09:00:00Z".parse().unwrap()).unwrap();
        Self::over(signoff::adapters::demo::Store::memory(world))
    }

    /// A workspace over this world.
    pub fn over(store: signoff::adapters::demo::Store) -> Self {
        Self(Double::start(|_, storage| Workspace::new(store, storage)))
    }
}

impl State for Workspace {
    fn answer(&mut self, request: &Request) -> Answer {
        match request.port {
            Port::Storage => files::stored(self, request),
            Port::Api => self.of_api(request).with("x-databricks-org-id", &self.id.to_string()),
        }
    }

    fn owner(&self, token: Option<&str>) -> Option<String> {
        self.user(token?).map(|user| user.name)
    }

    /// A wrong token is a 403 whose code is a number (databricks-sdk-go#873).
    fn unauthorized() -> Answer {
        Answer::new(403, json!({"error_code": 403, "message": "Invalid access token."}))
            .with("x-databricks-reason-phrase", "Invalid access token.")
    }

    fn limited(_reset_at: Option<i64>, retry_after: Option<u64>) -> Answer {
        let answer = error(429, "REQUEST_LIMIT_EXCEEDED", "Workspace 1 exceeded the limit of requests.");
        match retry_after {
            Some(seconds) => answer.with("retry-after", &seconds.to_string()),
            None => answer,
        }
    }

    fn is_read(request: &Recorded) -> bool {
        let path = request.target.split('?').next().unwrap_or_default();
        request.method == "GET"
            || request.method == "HEAD"
            || ["/search", "/credentials-for-read", "/credentials-for-download", "/token"]
                .iter()
                .any(|end| path.ends_with(end))
    }
}

impl Workspace {
    fn of_api(&mut self, request: &Request) -> Answer {
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        if let ["oidc", rest @ ..] = segments.as_slice() {
            return self.sign_in(request, rest);
        }
        let Some(user) = request.token().and_then(|token| self.user(token)) else {
            return match request.token() {
                Some(_) => Self::unauthorized(),
                None => error(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type."),
            };
        };
        let method = request.method.as_str();
        match (method, segments.as_slice()) {
            ("GET", ["api", "2.0", "preview", "scim", "v2", "Me"]) => self.me(&user),
            ("GET", ["api", "2.0", "token", "list"]) if self.token_ends.is_some() => {
                let token = |end: &i64| json!({"token_id": "t", "comment": "laptop", "expiry_time": end});
                ok(json!({"token_infos": self.token_ends.iter().flatten().map(token).collect::<Vec<_>>()}))
            }
            ("GET", ["api", "2.2", "jobs", "runs", "get"]) => jobs::get(self, request),
            ("GET", ["api", "2.2", "jobs", "list"]) => scheduled::list(self, request),
            ("GET", ["api", "2.2", "jobs", "runs", "list"]) => scheduled::runs(self, request),
            ("POST", ["api", "2.2", "jobs", "runs", "repair"]) => jobs::repair(self, &user, request),
            ("GET", ["api", "2.0", "permissions", "jobs", job]) => jobs::access(self, job),
            ("GET" | "HEAD", ["api", "2.0", "fs", kind, "Models", path @ ..]) => {
                files::of_version(self, kind, path, request)
            }
            ("GET", ["api", "2.1", "unity-catalog", "models"]) => catalog::native_models(self, request),
            (_, ["api", "2.0", "mlflow", "unity-catalog", path @ ..]) => {
                catalog::answer(self, &user, request, &format!("{method} {}", path.join("/")))
            }
            (_, ["api", "2.0", "mlflow", path @ ..]) => {
                let route = format!("{method} {}", path.join("/"));
                registry::answer(self, &user, request, &route)
                    .or_else(|| tracking::answer(self, request, &route))
                    .unwrap_or_else(|| unknown(request))
            }
            _ => unknown(request),
        }
    }

    fn me(&self, user: &User) -> Answer {
        if self.scim_is_closed {
            let body = json!({"schemas": [], "detail": "This API is disabled for users.", "status": "403"});
            return Answer::new(403, body);
        }
        Answer::new(
            200,
            json!({
                "id": "4711", "userName": user.name, "displayName": user.name, "active": true,
                "emails": [{"type": "work", "value": user.name, "primary": true}],
                "groups": [{"display": "qa", "value": "1"}],
            }),
        )
    }

    /// OAuth of service principals.
    fn sign_in(&mut self, request: &Request, path: &[&str]) -> Answer {
        match path {
            [".well-known", "oauth-authorization-server"] => {
                let host = format!("http://{}", request.header("host").unwrap_or_default());
                let body = json!({
                    "token_endpoint": format!("{host}/oidc/v1/token"),
                    "authorization_endpoint": format!("{host}/oidc/v1/authorize"),
                });
                Answer::new(200, body)
            }
            ["v1", "token"] => {
                let form = String::from_utf8_lossy(&request.bytes);
                let whole = form.contains("grant_type=client_credentials") && form.contains("scope=all-apis");
                let right = request.header("authorization") == Some(CLIENT_HEADER);
                if !whole || !right {
                    let said = json!({"error": "invalid_client", "error_description": "Client authentication failed"});
                    return Answer::new(401, said);
                }
                let token = self.issue(CLIENT.0);
                let lasts = self.token_lasts_s;
                Answer::new(200, json!({"access_token": token, "token_type": "Bearer", "expires_in": lasts}))
            }
            _ => unknown(request),
        }
    }
}

/// An error in the words of Databricks.
fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(status, json!({"error_code": code, "message": message}))
}

fn invalid(message: &str) -> Answer {
    error(400, "INVALID_PARAMETER_VALUE", message)
}

fn missing(message: &str) -> Answer {
    error(404, "RESOURCE_DOES_NOT_EXIST", message)
}

fn denied(message: &str) -> Answer {
    error(403, "PERMISSION_DENIED", message)
}

fn unknown(request: &Request) -> Answer {
    error(404, "ENDPOINT_NOT_FOUND", &format!("No API found for '{} {}'", request.method, request.path))
}

fn ok(body: Value) -> Answer {
    Answer::new(200, body)
}

/// An argument: GET has them in the query, DELETE in either, the others in the body.
fn arg(request: &Request, name: &str) -> String {
    match request.body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => request.query(name).unwrap_or_default().to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A page of a list. Tokens are positions; where the workspace has `empty_pages`, every second page is empty and still
/// has a token.
fn page(
    state: &Workspace,
    request: &Request,
    most: usize,
    all: Vec<Value>,
) -> Result<(Vec<Value>, Option<String>), Answer> {
    let wanted: usize = match arg(request, "max_results").as_str() {
        "" => 100,
        text => text.parse().map_err(|_| invalid("max_results is not a number"))?,
    };
    if wanted > most {
        return Err(invalid(&format!("max_results must be at most {most}")));
    }
    let token = arg(request, "page_token");
    let (full, start) = match token.strip_prefix("full-") {
        Some(rest) => (true, rest),
        None => (!state.empty_pages, token.as_str()),
    };
    let start: usize =
        if start.is_empty() { 0 } else { start.parse().map_err(|_| invalid("page_token is not ours"))? };
    if !full {
        return Ok((Vec::new(), Some(format!("full-{start}"))));
    }
    let size = wanted.min(state.page_size).max(1);
    let next = (start + size < all.len()).then(|| (start + size).to_string());
    Ok((all.into_iter().skip(start).take(size).collect(), next))
}
