//! GitHub's error messages, hints and quirks. What all servers share is in [`crate::adapters::http`].

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::adapters::http::{About, Answer, Dialect, Said};
use crate::domain::failure::{FailureKind, Service};
use crate::domain::text::{clean_line, shorten};

/// [`Said::code`] if a name is taken.
const TAKEN: &str = "already_exists";

/// GitHub and GitHub Enterprise Server.
#[derive(Debug)]
pub(super) struct GithubDialect;

/// GitHub's error body. `errors` holds objects or plain texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: Option<String>,
    errors: Value,
}

impl Dialect for GithubDialect {
    fn service(&self) -> Service {
        Service::Github
    }

    fn said(&self, body: &[u8]) -> Option<Said> {
        let body: ErrorBody = serde_json::from_slice(body).ok()?;
        let errors = body.errors.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut message = body.message.unwrap_or_default();
        let taken = message == "Reference already exists"
            || errors.iter().any(|e| e.get("code").and_then(Value::as_str) == Some(TAKEN));
        let details: Vec<String> = errors.iter().filter_map(detail).collect();
        if !details.is_empty() {
            message = format!("{message} ({})", details.join("; "));
        }
        Some(Said { code: if taken { TAKEN.to_owned() } else { String::new() }, message })
    }

    /// A permission error looks like a rate limit; three signs identify the limit (GitHub's own advice). A conflict
    /// only means that a name is taken, and callers read again before concluding anything from it: an empty repository
    /// is a 409 as well.
    fn quirk(&self, answer: &Answer, said: &Said) -> Option<FailureKind> {
        let limited = || {
            !answer.header("retry-after").is_empty()
                || is_exhausted(answer)
                || said.message.to_ascii_lowercase().contains("rate limit")
        };
        match answer.status {
            403 if limited() => Some(FailureKind::RateLimited { until: None }),
            409 | 422 if said.code == TAKEN => Some(FailureKind::Conflict),
            409 | 422 => Some(FailureKind::Rejected),
            _ => None,
        }
    }

    fn hint(&self, about: About<'_>) -> Option<String> {
        Some(match about {
            About::Certificate => "If the host has its own authority, put its PEM file into SSL_CERT_FILE.".to_owned(),
            About::Slow => "Try again; see whether GitHub has an incident.".to_owned(),
            About::Forbidden { answer, .. } => permission_hint(answer),
            About::NotFound { answer } => {
                format!("It does not exist, or the token may not see it. {}", permission_hint(answer))
            }
            About::Moved => {
                "Check that the address of GitHub's API is right, and that no login page is in front.".to_owned()
            }
        })
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        (
            "does not accept the token",
            "The token expired, was revoked or is for another host. Set a new one; `signoff config show` names its source.",
        )
    }

    fn limit_ends(&self, answer: &Answer) -> Option<Timestamp> {
        let reset = answer.header("x-ratelimit-reset").parse().ok().filter(|_| is_exhausted(answer));
        reset.and_then(|s| Timestamp::from_second(s).ok())
    }

    /// GitHub requires at least a minute if it names no end.
    fn repeats_endless_limits(&self) -> bool {
        false
    }
}

fn detail(error: &Value) -> Option<String> {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    if let Some(message) = text("message").or(error.as_str()) {
        return Some(message.trim().to_owned());
    }
    let code = text("code")?;
    Some(text("field").map_or_else(|| code.to_owned(), |field| format!("{field}: {code}")))
}

fn is_exhausted(answer: &Answer) -> bool {
    answer.header("x-ratelimit-remaining") == "0"
}

fn permission_hint(answer: &Answer) -> String {
    let line = |text: &str| shorten(&clean_line(text), 300);
    let sso = answer.header("x-github-sso");
    if !sso.is_empty() {
        let url = sso.split("url=").nth(1).map(|u| format!(": {}", line(u))).unwrap_or_default();
        return format!("Authorize the token for the organisation's single sign-on{url}.");
    }
    match answer.header("x-accepted-github-permissions") {
        "" => "Check the name, and that the token may access the repository.".to_owned(),
        needed => format!("The token needs the permission {}.", line(needed)),
    }
}
