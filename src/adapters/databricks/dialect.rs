//! Databricks' error messages, hints and quirks. What all servers share is in [`crate::adapters::http`].

use std::sync::Arc;

use serde_json::Value;

use super::identity::WorkspaceId;
use crate::adapters::http::{self, About, Access, Answer, Call, Dialect, Pace, Said, Share};
use crate::adapters::mlflow::Auth;
use crate::domain::failure::{FailureKind, Service};

/// Databricks, with one kind of credentials.
#[derive(Debug)]
pub(super) struct DatabricksDialect {
    unauthenticated: (&'static str, &'static str),
    /// Learns the workspace's id.
    id: WorkspaceId,
    /// Of the workspace; none where it is not kept to.
    pace: Option<Arc<Pace>>,
}

/// What a workspace counts together: searches of runs and everything about experiments, 7 a second (dbx#690, quoting
/// Databricks' documentation).
const SEARCHES: Share = Share { name: "searches", most: 7 };
const SEARCH_PATHS: [&str; 3] = ["/runs/search", "/experiments/", "/logged-models/search"];

impl DatabricksDialect {
    pub(super) fn new(auth: &Auth, id: WorkspaceId, pace: Option<Arc<Pace>>) -> Self {
        let unauthenticated = match auth {
            Auth::None => ("asks who you are", "Set DATABRICKS_TOKEN, or name a profile: `signoff config show`."),
            Auth::Renewed(_) => (
                "does not accept the token that it issued",
                "Check that the profile or service principal belongs to this workspace.",
            ),
            Auth::Basic { .. } | Auth::Bearer(_) => {
                ("does not accept this token", "Get a new token; `signoff config show` names its source.")
            }
        };
        Self { unauthenticated, id, pace }
    }

    /// For asking for a token.
    pub(super) fn signing_in() -> Self {
        let unauthenticated = (
            "does not accept this service principal",
            "Check client id and secret, and that the service principal is in this workspace.",
        );
        Self { unauthenticated, id: WorkspaceId::default(), pace: None }
    }

    pub(super) fn boxed(auth: &Auth, id: WorkspaceId, pace: Option<Arc<Pace>>) -> Box<dyn Dialect> {
        Box::new(Self::new(auth, id, pace))
    }

    /// For the server of an open-source Unity Catalog.
    pub(super) fn open(auth: &Auth) -> Box<dyn Dialect> {
        let unauthenticated = match auth {
            Auth::None => ("asks who you are", "Set MLFLOW_UC_OSS_TOKEN."),
            Auth::Basic { .. } | Auth::Bearer(_) | Auth::Renewed(_) => {
                ("does not accept this token", "Get a new token, and set MLFLOW_UC_OSS_TOKEN.")
            }
        };
        Box::new(Self { unauthenticated, id: WorkspaceId::default(), pace: None })
    }
}

impl Dialect for DatabricksDialect {
    fn service(&self) -> Service {
        Service::Mlflow
    }

    /// `error_code` may be a number (databricks-sdk-go#873); API 1.2 has `error`, SCIM has `detail`, OAuth has
    /// `error_description`.
    fn said(&self, body: &[u8]) -> Option<Said> {
        let body: Value = http::parse(body).ok()?;
        let text = |key: &str| match &body[key] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let message = ["message", "error_description", "detail", "error"].map(text).into_iter().find(|t| !t.is_empty());
        let said = Said { code: text("error_code"), message: message.unwrap_or_default() };
        (said != Said::default()).then_some(said)
    }

    fn quirk(&self, answer: &Answer, said: &Said) -> Option<FailureKind> {
        match (said.code.as_str(), answer.status) {
            // A wrong token is a 403 whose code is a number (databricks-sdk-go#873).
            (_, 403) if said.message.contains("Invalid access token") => Some(FailureKind::Unauthenticated),
            (_, 500..) => None,
            ("PERMISSION_DENIED", _) => Some(FailureKind::Forbidden),
            (_, ..=399 | 401 | 403 | 407 | 408) => None,
            ("RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND" | "ENDPOINT_NOT_FOUND", _) => Some(FailureKind::NotFound),
            ("RESOURCE_ALREADY_EXISTS" | "ALREADY_EXISTS" | "RESOURCE_CONFLICT", _) => Some(FailureKind::Conflict),
            ("REQUEST_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED", _) => Some(FailureKind::RateLimited { until: None }),
            _ => None,
        }
    }

    fn heard(&self, answer: &Answer) {
        self.id.learn(answer.header("x-databricks-org-id"));
    }

    fn pace(&self, call: &Call) -> Option<(&Pace, Option<Share>)> {
        let searches = SEARCH_PATHS.iter().any(|part| call.path().contains(part));
        Some((self.pace.as_deref()?, searches.then_some(SEARCHES)))
    }

    fn hint(&self, about: About<'_>) -> Option<String> {
        let hint = match about {
            About::Certificate => {
                "If your company has its own authority, put its PEM file into MLFLOW_TRACKING_SERVER_CERT_PATH."
            }
            About::Slow => "Try again; if it stays slow, raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).",
            About::Forbidden { access: Access::Read, .. } => {
                "Ask for Can Read on the model; in Unity Catalog for EXECUTE on it, with USE CATALOG and USE SCHEMA."
            }
            About::Forbidden { access: Access::Write, .. } => {
                "In the workspace registry this needs Can Manage Production Versions; in Unity Catalog tags need APPLY \
                 TAG, aliases need MANAGE or ownership."
            }
            About::NotFound { .. } => return None,
            About::Moved => {
                "Credentials are never sent after a redirect. Use the workspace's own address; a private link or an IP \
                 access list may be in between."
            }
        };
        Some(hint.to_owned())
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        self.unauthenticated
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(body: &str) -> Option<(String, String)> {
        DatabricksDialect::signing_in().said(body.as_bytes()).map(|said| (said.code, said.message))
    }

    #[test]
    fn every_shape_of_an_error_is_read() {
        for (body, code, message) in [
            (r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#, "PERMISSION_DENIED", "no"),
            (r#"{"error_code":403,"message":"Invalid access token."}"#, "403", "Invalid access token."),
            (r#"{"error":"old"}"#, "", "old"),
            (
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
                "",
                "Client authentication failed",
            ),
            (r#"{"detail":"blocked","status":"403"}"#, "", "blocked"),
        ] {
            assert_eq!(said(body), Some((code.to_owned(), message.to_owned())), "{body}");
        }
        assert_eq!(said("<html>"), None);
        assert_eq!(said("{}"), None);
    }
}
