//! What an error means: did the request surely have no effect, or may it have had one?
//!
//! Decided by status codes, headers and the kind of transport error, as measured with octocrab 0.54.9 against a
//! double of the API; never by the wording of a message (with one harmless exception: telling a rate limit from
//! a missing permission, as GitHub itself recommends).

use std::error::Error as StdError;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::text;

/// The longest piece of remote text that gets into a sentence, in characters.
const MAX_TEXT: usize = 300;
/// A rate limit that ends within this is waited for; a person should not notice it.
const SHORT_WAIT: Duration = Duration::from_secs(5);

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Read,
    Write,
}

/// One request, as far as errors need to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub nature: Nature,
    /// What was attempted, as a phrase after "could not".
    pub operation: &'a str,
    pub host: &'a str,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Whether repeating a *read* makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    Soon,
    After(Duration),
}

/// A failure, and whether a read may be repeated.
#[derive(Debug)]
pub(super) struct Trouble {
    pub failure: Failure,
    pub again: Again,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { failure, again: Again::Never }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        trouble.failure
    }
}

impl Asked<'_> {
    fn fail(&self, kind: FailureKind, reason: impl Into<String>) -> Failure {
        Failure::new(kind, Service::Github, self.operation, reason)
    }

    /// The request went out and its answer did not come, or made no sense.
    fn lost(&self, for_reads: FailureKind, reason: String) -> Failure {
        match self.nature {
            Nature::Read => self.fail(for_reads, reason),
            Nature::Write => self
                .fail(FailureKind::Unknown, format!("{reason}; it may have been done all the same"))
                .with_hint("Nothing is sent again before GitHub was asked what became of it."),
        }
    }

    /// No answer within the time limit.
    pub(super) fn timed_out(&self, limit: Duration) -> Trouble {
        let reason = format!("{} did not answer within {} s", self.host, limit.as_secs_f32());
        self.lost(FailureKind::Unavailable, reason).into()
    }

    /// Anything that went wrong below HTTP.
    pub(super) fn transport(&self, error: &octocrab::Error) -> Trouble {
        use octocrab::Error::{Http, InvalidHeaderValue, Reqwest, Service as Transport, Uri, UriParse};
        let wire = chain(error).find_map(|e| e.downcast_ref::<reqwest::Error>());
        let why = innermost(error);
        match error {
            Uri { .. } | UriParse { .. } | Http { .. } | InvalidHeaderValue { .. } => {
                self.fail(FailureKind::Rejected, format!("the request cannot be written down: {why}")).into()
            }
            _ if wire.is_some_and(reqwest::Error::is_builder) => {
                self.fail(FailureKind::Rejected, format!("the request cannot be written down: {why}")).into()
            }
            // No connection was made, so no byte of the request was sent.
            _ if wire.is_some_and(reqwest::Error::is_connect) => Trouble {
                failure: self
                    .fail(FailureKind::Unavailable, format!("{} cannot be reached: {why}", self.host))
                    .with_hint(connect_hint(&why)),
                again: Again::Soon,
            },
            Transport { .. } | Reqwest { .. } => Trouble {
                failure: self.lost(
                    FailureKind::Unavailable,
                    format!("the connection to {} was lost before the answer was complete: {why}", self.host),
                ),
                again: Again::Soon,
            },
            _ => self.lost(FailureKind::Protocol, format!("the answer of {} made no sense: {why}", self.host)).into(),
        }
    }

    /// Any answer that is not a success.
    pub(super) fn status(&self, reply: &Reply) -> Trouble {
        let said = said(reply);
        let status = reply.status;
        match status.as_u16() {
            401 => self
                .fail(FailureKind::Unauthenticated, format!("{} does not accept the token: {said}", self.host))
                .with_hint("The token expired, was revoked or is for another host: set a new one (GH_TOKEN).")
                .into(),
            407 => self
                .fail(FailureKind::Unauthenticated, "the proxy in between asks for a user and a password")
                .with_hint("Put them into HTTPS_PROXY, or name the host in NO_PROXY.")
                .into(),
            403 | 429 if is_rate_limit(reply) => self.rate_limited(reply),
            403 => {
                let failure = self.fail(FailureKind::Forbidden, format!("{} says {said}", self.host));
                failure.with_hint(permission_hint(&reply.headers)).into()
            }
            404 => {
                let failure = self.fail(
                    FailureKind::NotFound,
                    format!("{} says {said}: it does not exist, or the token may not see it", self.host),
                );
                failure.with_hint(permission_hint(&reply.headers)).into()
            }
            409 | 422 if is_conflict(reply) => {
                self.fail(FailureKind::Conflict, format!("{} says {said}", self.host)).into()
            }
            408 | 500.. => {
                let failure =
                    self.lost(FailureKind::Unavailable, format!("{} is in trouble ({status}): {said}", self.host));
                let passing = matches!(status.as_u16(), 408 | 502..=504);
                Trouble { failure, again: if passing { Again::Soon } else { Again::Never } }
            }
            300..=399 => self
                .fail(FailureKind::Rejected, format!("{} says that it moved elsewhere ({status})", self.host))
                .with_hint("If the repository was renamed or transferred, configure its present name.")
                .into(),
            _ => self.fail(FailureKind::Rejected, format!("{} says {said}", self.host)).into(),
        }
    }

    /// Reads the body of a success.
    pub(super) fn parse<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, Failure> {
        serde_json::from_slice(&reply.body).map_err(|error| {
            if is_html(reply) {
                return self
                    .lost(FailureKind::Protocol, format!("{} answered with a web page instead of data", self.host))
                    .with_hint("Is this the address of the API, and is no sign-in page of a proxy before it?");
            }
            self.contradicts(&text::clean_line(&error.to_string()))
        })
    }

    /// An answer that is well-formed but cannot be.
    pub(super) fn contradicts(&self, why: &str) -> Failure {
        self.lost(FailureKind::Protocol, format!("the answer of {} makes no sense: {why}", self.host))
    }

    fn rate_limited(&self, reply: &Reply) -> Trouble {
        let wait = header(&reply.headers, "retry-after").and_then(|v| v.parse::<u64>().ok()).map(Duration::from_secs);
        let reset = header(&reply.headers, "x-ratelimit-reset").and_then(|v| v.parse::<i64>().ok());
        let until = match wait {
            Some(wait) => SignedDuration::try_from(wait).ok().and_then(|w| Timestamp::now().checked_add(w).ok()),
            None if is_exhausted(&reply.headers) => reset.and_then(|s| Timestamp::from_second(s).ok()),
            None => None,
        };
        let hint = until.map_or_else(
            || "Wait a minute or more; nothing was changed.".to_owned(),
            |until| format!("Wait until {}; nothing was changed.", until.strftime("%H:%M:%S UTC")),
        );
        let reason = format!("{} takes no more requests for now: {}", self.host, said(reply));
        Trouble {
            failure: self.fail(FailureKind::RateLimited { until }, reason).with_hint(hint),
            again: wait.filter(|w| *w <= SHORT_WAIT).map_or(Again::Never, Again::After),
        }
    }
}

/// GitHub's error body. `errors` holds objects, or plain texts.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    message: Option<String>,
    #[serde(default)]
    errors: serde_json::Value,
}

fn error_body(reply: &Reply) -> ErrorBody {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// What the server said, quoted, on one line, cut.
fn said(reply: &Reply) -> String {
    if is_html(reply) {
        return format!("a web page instead of data ({})", reply.status);
    }
    let body = error_body(reply);
    let Some(message) = body.message else {
        let raw = String::from_utf8_lossy(&reply.body);
        let raw = raw.trim();
        return if raw.is_empty() { format!("\"{}\"", reply.status) } else { format!("\"{}\"", cut(raw)) };
    };
    let details: Vec<String> = body.errors.as_array().into_iter().flatten().filter_map(detail).collect();
    if details.is_empty() {
        format!("\"{}\"", cut(&message))
    } else {
        format!("\"{}\" ({})", cut(&message), cut(&details.join("; ")))
    }
}

fn detail(error: &serde_json::Value) -> Option<String> {
    let text = |key: &str| error.get(key).and_then(serde_json::Value::as_str);
    if let Some(message) = text("message").or(error.as_str()) {
        return Some(message.trim().to_owned());
    }
    let code = text("code")?;
    Some(text("field").map_or_else(|| code.to_owned(), |field| format!("{field}: {code}")))
}

/// Callers read again before they conclude anything from a conflict, so the one text looked at here cannot mislead.
fn is_conflict(reply: &Reply) -> bool {
    let body = error_body(reply);
    let exists = |e: &serde_json::Value| e.get("code").and_then(serde_json::Value::as_str) == Some("already_exists");
    body.errors.as_array().is_some_and(|all| all.iter().any(exists))
        || body.message.is_some_and(|m| m == "Reference already exists")
}

/// A permission error looks alike; these three signs tell a rate limit apart [GitHub's own advice].
fn is_rate_limit(reply: &Reply) -> bool {
    reply.status == StatusCode::TOO_MANY_REQUESTS
        || reply.headers.contains_key("retry-after")
        || is_exhausted(&reply.headers)
        || error_body(reply).message.is_some_and(|m| m.to_ascii_lowercase().contains("rate limit"))
}

fn is_exhausted(headers: &HeaderMap) -> bool {
    header(headers, "x-ratelimit-remaining") == Some("0")
}

fn is_html(reply: &Reply) -> bool {
    header(&reply.headers, "content-type").is_some_and(|t| t.contains("html"))
        || reply.body.trim_ascii_start().starts_with(b"<")
}

fn permission_hint(headers: &HeaderMap) -> String {
    if let Some(sso) = header(headers, "x-github-sso") {
        let url = sso.split("url=").nth(1).map(|u| format!(": {}", cut(u))).unwrap_or_default();
        return format!("Authorize the token for the organisation's single sign-on{url}.");
    }
    match header(headers, "x-accepted-github-permissions") {
        Some(needed) => format!("The token needs the permission {}.", cut(needed)),
        None => "Check the name, and that the token may access the repository.".to_owned(),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim)
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e| {
        let e: &'a (dyn StdError + 'static) = *e;
        e.source()
    })
}

/// The outer errors of the chain only say "client error (SendRequest)".
fn innermost(error: &octocrab::Error) -> String {
    cut(&chain(error).last().map(ToString::to_string).unwrap_or_default())
}

fn connect_hint(why: &str) -> &'static str {
    if why.to_ascii_lowercase().contains("certificate") {
        "If the host has a private certificate authority, name its file in SSL_CERT_FILE."
    } else {
        "Check the network, the host's name, and HTTPS_PROXY."
    }
}

/// Remote text as it may stand in a sentence.
fn cut(raw: &str) -> String {
    let line = text::clean_line(raw.trim());
    if line.chars().count() <= MAX_TEXT {
        return line;
    }
    line.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WRITE: Asked<'static> = Asked { nature: Nature::Write, operation: "cut tag v1", host: "github.com" };
    const READ: Asked<'static> = Asked { nature: Nature::Read, operation: "read tag v1", host: "github.com" };

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Reply { status: StatusCode::from_u16(status).unwrap(), headers: map, body: body.as_bytes().to_vec() }
    }

    fn kind(asked: Asked<'_>, status: u16, headers: &[(&'static str, &str)], body: &str) -> FailureKind {
        asked.status(&reply(status, headers, body)).failure.kind
    }

    #[test]
    fn a_write_is_unknown_exactly_when_it_may_have_been_applied() {
        for status in [500, 502, 503, 504, 408] {
            assert_eq!(kind(WRITE, status, &[], ""), FailureKind::Unknown, "{status}");
            assert_eq!(kind(READ, status, &[], ""), FailureKind::Unavailable, "{status}");
        }
        for status in [301, 307, 400, 401, 403, 404, 407, 409, 415, 422, 429] {
            assert!(!kind(WRITE, status, &[], "{}").may_be_applied(), "{status}");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_a_conflict_and_another_refusal_is_not() {
        let taken = r#"{"message":"Validation Failed","errors":[{"resource":"Release","code":"already_exists"}]}"#;
        assert_eq!(kind(WRITE, 422, &[], taken), FailureKind::Conflict);
        assert_eq!(kind(WRITE, 422, &[], r#"{"message":"Reference already exists"}"#), FailureKind::Conflict);
        let odd = r#"{"message":"Repository rule violations found","errors":"Cannot create ref"}"#;
        assert_eq!(kind(WRITE, 422, &[], odd), FailureKind::Rejected);
    }

    #[test]
    fn a_missing_permission_is_not_taken_for_a_rate_limit() {
        let denied = r#"{"message":"Resource not accessible by personal access token"}"#;
        let trouble = WRITE.status(&reply(403, &[("x-accepted-github-permissions", "contents=write")], denied));
        assert_eq!(trouble.failure.kind, FailureKind::Forbidden);
        assert!(trouble.failure.hint.unwrap().contains("contents=write"));
    }

    #[test]
    fn a_rate_limit_says_until_when() {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795425004")];
        let until = Some("2026-11-23T09:10:04Z".parse::<Timestamp>().unwrap());
        assert_eq!(kind(READ, 403, &headers, "{}"), FailureKind::RateLimited { until });
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(kind(READ, 403, &[], secondary), FailureKind::RateLimited { until: None });
    }

    #[test]
    fn only_a_short_rate_limit_is_waited_for() {
        let again = |wait| READ.status(&reply(429, &[("retry-after", wait)], "{}")).again;
        assert_eq!(again("3"), Again::After(Duration::from_secs(3)));
        assert_eq!(again("6"), Again::Never);
    }

    #[test]
    fn hostile_and_endless_texts_are_cleaned_and_cut() {
        let trouble = READ.status(&reply(400, &[], &format!("\x1b[2J{}", "x".repeat(9000))));
        assert!(!trouble.failure.reason.contains('\x1b') && trouble.failure.reason.chars().count() < 400);
        let page = READ.status(&reply(502, &[("content-type", "text/html")], "<html>Unicorn!</html>"));
        assert!(page.failure.reason.contains("web page") && !page.failure.reason.contains('<'));
    }
}
