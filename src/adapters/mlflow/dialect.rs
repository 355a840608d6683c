//! MLflow's error messages, hints and quirks. What all servers share is in [`crate::adapters::http`].

use crate::adapters::http::{self, About, Access, Answer, Dialect, Said};
use crate::domain::failure::{FailureKind, Service};

use super::connection::Auth;
use super::wire;

/// MLflow 2.x and 3.x, with one kind of credentials.
#[derive(Debug)]
pub(super) struct MlflowDialect {
    unauthenticated: (&'static str, &'static str),
}

impl MlflowDialect {
    pub(super) fn new(auth: &Auth) -> Self {
        let unauthenticated = match auth {
            Auth::None => (
                "asks who you are",
                "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, or what the target names.",
            ),
            Auth::Basic { .. } => {
                ("does not accept this user and password", "Check them; `signoff config show` names their source.")
            }
            Auth::Bearer(_) | Auth::Renewed(_) => (
                "does not accept this token",
                "Get a new token; `signoff config show` names its source. MLflow's own sign-in takes a user and a password.",
            ),
        };
        Self { unauthenticated }
    }
}

impl Dialect for MlflowDialect {
    fn service(&self) -> Service {
        Service::Mlflow
    }

    fn said(&self, body: &[u8]) -> Option<Said> {
        let body: wire::ErrorBody = http::parse(body).ok()?;
        let said = Said { code: body.error_code.0, message: body.message };
        (said != Said::default()).then_some(said)
    }

    /// Error codes before statuses: MLflow sends "already exists" as a 400, and invalid requests as a 500, whose
    /// transaction is rolled back (measured on 2.22 and 3.18).
    fn quirk(&self, answer: &Answer, said: &Said) -> Option<FailureKind> {
        let refused = answer.status == 501 || said.message.contains("cannot archive existing model versions");
        match (said.code.as_str(), answer.status) {
            ("FEATURE_DISABLED", 500..) => Some(FailureKind::Rejected),
            (_, 500..) => refused.then_some(FailureKind::Rejected),
            (_, ..=399 | 401 | 403 | 407 | 408) => None,
            ("RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND", _) => Some(FailureKind::NotFound),
            ("RESOURCE_ALREADY_EXISTS", _) => Some(FailureKind::Conflict),
            ("REQUEST_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED", _) => Some(FailureKind::RateLimited { until: None }),
            _ => None,
        }
    }

    fn hint(&self, about: About<'_>) -> Option<String> {
        let hint = match about {
            About::Certificate => {
                "If your company has its own authority, put its PEM file into MLFLOW_TRACKING_SERVER_CERT_PATH."
            }
            About::Slow => "Try again; if it stays slow, raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).",
            // The messages of 3.x's host and origin checks (measured on 3.18).
            About::Forbidden { message, .. } if message.contains("Invalid Host header") => {
                "Start the server with `--allowed-hosts` naming this host, or use localhost or its IP address."
            }
            About::Forbidden { message, .. } if message.contains("Cross-origin") => {
                "A proxy in between seems to add an Origin header."
            }
            About::Forbidden { access: Access::Read, .. } => "Ask the server's administrator for READ permission.",
            About::Forbidden { access: Access::Write, .. } => "Ask the model's owner for EDIT permission on it.",
            About::NotFound { .. } => return None,
            About::Moved => {
                "Credentials are never sent after a redirect. Set the tracking URI to the server's final address, \
                 or get past the login page in front with a token."
            }
        };
        Some(hint.to_owned())
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        self.unauthenticated
    }
}

/// The server has no such endpoint, as opposed to an endpoint that does not find the object.
pub(super) fn is_unknown_function(answer: &Answer) -> bool {
    let code = || http::parse::<wire::ErrorBody>(&answer.body).map(|b| b.error_code.0).unwrap_or_default();
    match answer.status {
        501 => true,
        404 | 405 => answer.is_web_page() || matches!(code().as_str(), "" | "ENDPOINT_NOT_FOUND"),
        _ => false,
    }
}
