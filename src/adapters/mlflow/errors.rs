//! Turns what a server or the network answered into a [`Failure`] that says what happened and what to do.
//!
//! The one rule behind the kinds: a *write* of which anything may have reached the server is
//! [`FailureKind::Unknown`] unless the server said in so many words that it refused.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::connection::Auth;
use super::{json, wire};
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::text::{clean_line, shorten};

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It does not, and may be repeated.
    Read,
    /// It does, and is sent at most once.
    Write,
}

/// What a failure needs to know about the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt<'a> {
    /// A phrase after "could not".
    pub what: &'a str,
    pub access: Access,
    /// The server's address without credentials.
    pub base: &'a str,
    pub auth: &'a Auth,
    pub timeout: Duration,
}

/// An answer that came in whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: String,
    pub retry_after: Option<String>,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A page for people instead of data for programs: an error page, a login page, some other web server.
    pub(super) fn is_web_page(&self) -> bool {
        self.content_type.contains("html") || self.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
    }

    /// The server has no such function, as opposed to a function that does not find what it is asked for.
    pub(super) fn is_unknown_function(&self) -> bool {
        let code = || json::parse::<wire::ErrorBody>(&self.body).map(|b| b.error_code.0).unwrap_or_default();
        match self.status {
            501 => true,
            404 | 405 => self.is_web_page() || matches!(code().as_str(), "" | "ENDPOINT_NOT_FOUND"),
            _ => false,
        }
    }
}

impl Attempt<'_> {
    fn failure(&self, kind: FailureKind, reason: impl Into<String>) -> Failure {
        Failure::new(kind, Service::Mlflow, self.what, reason)
    }

    /// `kind` for a read; [`FailureKind::Unknown`] for a write, whose fate nobody knows.
    fn unsure(&self, read: FailureKind, reason: impl Into<String>) -> Failure {
        match self.access {
            Access::Read => self.failure(read, reason),
            Access::Write => self
                .failure(FailureKind::Unknown, reason)
                .with_hint("It may or may not have been applied; signoff reads before it does anything else."),
        }
    }

    /// The request never got an answer.
    pub(super) fn transport(&self, error: &reqwest::Error) -> Failure {
        let base = self.base;
        if error.is_connect() {
            return self.connect(error);
        }
        if error.is_timeout() {
            return self.silent(self.timeout);
        }
        if error.is_builder() {
            return self.failure(FailureKind::Config, format!("the request cannot be built: {}", innermost(error)));
        }
        self.unsure(FailureKind::Unavailable, format!("{base} closed the connection before its answer was complete"))
    }

    /// The server did not answer, or did not go on answering, for this long.
    pub(super) fn silent(&self, waited: Duration) -> Failure {
        let reason = format!("{} did not answer within {} s", self.base, waited.as_secs_f32());
        let failure = self.unsure(FailureKind::Unavailable, reason);
        match self.access {
            Access::Read => {
                failure.with_hint("Try again; if it stays slow, raise the request timeout in the configuration.")
            }
            Access::Write => failure,
        }
    }

    /// No connection was made, so surely nothing was sent.
    fn connect(&self, error: &reqwest::Error) -> Failure {
        let base = self.base;
        let detail = innermost(error);
        let (reason, hint) = if error.is_timeout() {
            (
                format!("{base} cannot be reached (no answer while connecting)"),
                "Check the address, the network and the VPN.",
            )
        } else if error.is_dns() || chain_contains(error, "dns error") {
            (
                format!("the host of {base} is not known"),
                "Check the spelling of the tracking URI, the network and the VPN.",
            )
        } else if refused(error) {
            (
                format!("no server answers at {base} (connection refused)"),
                "Check that the MLflow server runs and that the port is right.",
            )
        } else if chain_contains(error, "certificate") || chain_contains(error, "UnknownIssuer") {
            (
                format!("the certificate of {base} is not trusted ({detail})"),
                "If your company has its own authority, put its PEM file into MLFLOW_TRACKING_SERVER_CERT_PATH.",
            )
        } else if base.starts_with("https:")
            && (chain_contains(error, "corrupt message") || chain_contains(error, "tls"))
        {
            (
                format!("{base} does not speak TLS as expected ({detail})"),
                "Check whether the address should start with http:// and whether a proxy is in between.",
            )
        } else {
            (format!("{base} cannot be reached ({detail})"), "Check the address, the network and the proxy settings.")
        };
        self.failure(FailureKind::Unavailable, reason).with_hint(hint)
    }

    /// The server answered with something other than success.
    pub(super) fn refusal(&self, answer: &Answer) -> Failure {
        let body = if answer.is_web_page() { None } else { json::parse::<wire::ErrorBody>(&answer.body).ok() };
        let (code, message) = body.map(|b| (b.error_code.0, b.message)).unwrap_or_default();
        let said = said(&message, &answer.body, answer.is_web_page());
        let json = !code.is_empty() || !message.is_empty();
        match answer.status {
            300..=399 => self.redirect(answer),
            401 => self.unauthenticated(),
            407 => self
                .failure(FailureKind::Unauthenticated, "the proxy in between asks for a user and a password")
                .with_hint("Put them into HTTPS_PROXY, or name the server in NO_PROXY."),
            403 => self.forbidden(&said),
            408 => self.unsure(FailureKind::Unavailable, "the server waited too long for the request"),
            429 => self.rate_limited(answer.retry_after.as_deref()),
            404 | 405 | 410 if !json => self.wrong_place(answer.status),
            400..=499 => self.client_error(answer.status, &code, &said),
            _ => self.server_error(answer.status, &code, &said),
        }
    }

    /// The server said success, but what came with it is not MLflow's answer.
    pub(super) fn nonsense(&self, answer: &Answer, error: &serde_json::Error) -> Failure {
        let base = self.base;
        if answer.is_web_page() {
            return self.web_page(FailureKind::Protocol);
        }
        self.failure(
            FailureKind::Protocol,
            format!("the answer of {base} cannot be read ({})", clean_line(&error.to_string())),
        )
        .with_hint("Check that the tracking URI is MLflow's own address, and its version with `signoff doctor`.")
    }

    /// The answer is larger than anything MLflow should send here.
    pub(super) fn too_large(&self, limit: usize) -> Failure {
        self.failure(FailureKind::Protocol, format!("the answer is larger than {} MB", limit / (1024 * 1024)))
    }

    /// A page for people came instead of data.
    pub(super) fn web_page(&self, kind: FailureKind) -> Failure {
        let base = self.base;
        self.failure(kind, format!("{base} answered with a web page instead of MLflow's API"))
            .with_hint(format!("Is {base} really the tracking server, or is there a login page in front?"))
    }

    fn wrong_place(&self, status: u16) -> Failure {
        let base = self.base;
        // The server has no such function, so a write surely did nothing.
        let kind = if self.access == Access::Write { FailureKind::Rejected } else { FailureKind::Protocol };
        self.failure(
            kind,
            format!("{base} does not know this part of MLflow's API (HTTP {status} without an MLflow error)"),
        )
        .with_hint(format!("Is {base} really the tracking server? A path after the host may be missing or too much."))
    }

    fn redirect(&self, answer: &Answer) -> Failure {
        let base = self.base;
        // Only the origin: the rest may carry session secrets.
        let target = answer.location.as_deref().and_then(|l| url::Url::parse(base).ok()?.join(l).ok());
        let place = target.map_or_else(|| "elsewhere".to_owned(), |t| t.origin().ascii_serialization());
        self.failure(FailureKind::Config, format!("{base} redirects to {}", clean_line(&place))).with_hint(
            "Credentials are never sent after a redirect. Set the tracking URI to the server's final address, \
             or get past the login page in front with a token.",
        )
    }

    fn unauthenticated(&self) -> Failure {
        let (reason, hint) = match self.auth {
            Auth::None => (
                "the server asks who you are",
                "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
            ),
            Auth::Basic { .. } => (
                "the server does not accept this user and password",
                "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
            ),
            Auth::Bearer(_) => (
                "the server does not accept this token",
                "Get a new MLFLOW_TRACKING_TOKEN; MLflow's own sign-in takes a user and a password instead.",
            ),
        };
        self.failure(FailureKind::Unauthenticated, reason).with_hint(hint)
    }

    fn forbidden(&self, said: &str) -> Failure {
        let base = self.base;
        // The texts of MLflow 3.x's host and origin checks (measured on 3.18).
        if said.contains("Invalid Host header") {
            return self
                .failure(FailureKind::Forbidden, format!("the server does not answer to the host name in {base}"))
                .with_hint("Start it with `--allowed-hosts` naming this host, or use localhost or its IP address.");
        }
        if said.contains("Cross-origin") {
            return self
                .failure(FailureKind::Forbidden, "the server took this for a request from a foreign web page")
                .with_hint("A proxy in between seems to add an Origin header.");
        }
        let hint = match self.access {
            Access::Read => "Ask the server's administrator for READ permission.",
            Access::Write => "Ask the model's owner for EDIT permission on it.",
        };
        self.failure(FailureKind::Forbidden, "the server says that you may not").with_hint(hint)
    }

    fn rate_limited(&self, retry_after: Option<&str>) -> Failure {
        let until = retry_after.and_then(|v| retry_time(v, Timestamp::now()));
        let reason = match until {
            Some(at) => format!("too many requests; the server wants a pause until {}", at.strftime("%H:%M:%S UTC")),
            None => "too many requests".to_owned(),
        };
        self.failure(FailureKind::RateLimited { until }, reason).with_hint("Wait a little, then try again.")
    }

    fn client_error(&self, status: u16, code: &str, said: &str) -> Failure {
        let kind = match (code, status) {
            ("RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND", _) | (_, 404) => FailureKind::NotFound,
            ("RESOURCE_ALREADY_EXISTS", _) | (_, 409 | 412) => FailureKind::Conflict,
            ("REQUEST_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED", _) => FailureKind::RateLimited { until: None },
            _ => FailureKind::Rejected,
        };
        self.failure(
            kind,
            if said.is_empty() { format!("the server refused it (HTTP {status})") } else { said.to_owned() },
        )
    }

    fn server_error(&self, status: u16, code: &str, said: &str) -> Failure {
        let base = self.base;
        // Mistakes of ours that MLflow reports as its own (measured on 2.22 and 3.18); its transaction is rolled back.
        if code == "FEATURE_DISABLED" || status == 501 || said.contains("cannot archive existing model versions") {
            return self.failure(FailureKind::Rejected, said);
        }
        let mut reason = match status {
            502 | 504 => format!("{base} is not reachable behind its gateway (HTTP {status})"),
            503 => format!("{base} is overloaded or its database is busy (HTTP 503)"),
            _ => format!("{base} failed inside (HTTP {status})"),
        };
        if !said.is_empty() {
            reason = format!("{reason}: {said}");
        }
        let kind = if matches!(status, 502..=504) { FailureKind::Unavailable } else { FailureKind::Protocol };
        let failure = self.unsure(kind, reason);
        if failure.hint.is_some() {
            failure
        } else {
            failure.with_hint("Try again; if it stays, the server's log says more.")
        }
    }
}

/// The server's own words, cleaned and cut; nothing of a web page.
fn said(message: &str, body: &[u8], web_page: bool) -> String {
    let text = if !message.is_empty() {
        message.to_owned()
    } else if web_page {
        // Basic auth answers `Permission denied` and the like as text/html without markup.
        let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        if text.contains('<') { String::new() } else { text }
    } else {
        String::from_utf8_lossy(&body[..body.len().min(2_000)]).into_owned()
    };
    shorten(clean_line(text.trim()).trim_end_matches('.'), 300)
}

/// Reads `Retry-After`: seconds, or a date.
fn retry_time(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    match value.parse::<u32>() {
        Ok(seconds) => now.checked_add(SignedDuration::from_secs(seconds.into())).ok(),
        Err(_) => jiff::fmt::rfc2822::parse(value).ok().map(|z| z.timestamp()),
    }
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn std::error::Error + 'static)| (*e).source())
}

fn chain_contains(error: &reqwest::Error, part: &str) -> bool {
    chain(error).any(|e| e.to_string().contains(part))
}

fn refused(error: &reqwest::Error) -> bool {
    chain(error).any(|e| e.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused))
}

/// The cause behind all wrappers. The outermost text is not used: it holds the whole URL.
fn innermost(error: &reqwest::Error) -> String {
    let cause = error.source().map(|s| chain(s).last().unwrap_or(s).to_string());
    shorten(&clean_line(&cause.unwrap_or_else(|| "no cause given".to_owned())), 200)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn attempt(access: Access, auth: &Auth) -> Attempt<'_> {
        Attempt { what: "read x", access, base: "http://h:5000", auth, timeout: Duration::from_secs(30) }
    }

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer {
            status,
            content_type: content_type.to_owned(),
            retry_after: None,
            location: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn kinds(status: u16, content_type: &str, body: &str) -> (FailureKind, FailureKind) {
        let answer = answer(status, content_type, body);
        let of = |access| attempt(access, &Auth::None).refusal(&answer).kind;
        (of(Access::Read), of(Access::Write))
    }

    #[test]
    fn each_refusal_gets_its_kind_for_reads_and_for_writes() {
        use FailureKind::*;
        const JSON: &str = "application/json";
        const HTML: &str = "text/html; charset=utf-8";
        for (status, content_type, body, read, write) in [
            (400, JSON, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}"#, Rejected, Rejected),
            (400, JSON, r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"no"}"#, Conflict, Conflict),
            (404, JSON, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#, NotFound, NotFound),
            (404, HTML, "<!doctype html><title>404</title>", Protocol, Rejected),
            (405, HTML, "<!doctype html>", Protocol, Rejected),
            (401, HTML, "You are not authenticated.", Unauthenticated, Unauthenticated),
            (403, HTML, "Permission denied", Forbidden, Forbidden),
            (407, HTML, "", Unauthenticated, Unauthenticated),
            (408, HTML, "", Unavailable, Unknown),
            (409, JSON, r#"{"error_code":"ABORTED"}"#, Conflict, Conflict),
            (500, HTML, "<h1>Internal Server Error</h1>", Protocol, Unknown),
            (
                500,
                JSON,
                r#"{"error_code":"INTERNAL_ERROR","message":"x cannot archive existing model versions because"}"#,
                Rejected,
                Rejected,
            ),
            (501, JSON, r#"{"error_code":"NOT_IMPLEMENTED","message":"no"}"#, Rejected, Rejected),
            (502, HTML, "<h1>Bad Gateway</h1>", Unavailable, Unknown),
            (
                503,
                JSON,
                r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"database is locked"}"#,
                Unavailable,
                Unknown,
            ),
            (504, HTML, "", Unavailable, Unknown),
            (302, HTML, "", Config, Config),
        ] {
            assert_eq!(kinds(status, content_type, body), (read, write), "{status} {body}");
        }
    }

    #[test]
    fn every_refusal_reads_as_a_sentence_without_markup() {
        for status in [300, 400, 401, 403, 404, 405, 429, 500, 503] {
            let failure = attempt(Access::Read, &Auth::None).refusal(&answer(status, "text/html", "<b>\u{1b}[2J</b>"));
            assert!(!failure.reason.is_empty() && !failure.reason.contains(['<', '\u{1b}']), "{failure:?}");
        }
    }

    #[test]
    fn the_servers_own_words_are_cleaned_and_cut() {
        let body = format!(r#"{{"error_code":"BAD_REQUEST","message":"bad \u001b[2J{}"}}"#, "x".repeat(5_000));
        let failure = attempt(Access::Read, &Auth::None).refusal(&answer(400, "application/json", &body));
        assert!(failure.reason.starts_with("bad ␛[2Jxxx"), "{failure:?}");
        assert_eq!(failure.reason.chars().count(), 300);
    }

    #[test]
    fn the_host_check_says_how_to_allow_the_host() {
        let said = answer(403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected");
        let failure = attempt(Access::Read, &Auth::None).refusal(&said);
        assert!(failure.hint.unwrap().contains("--allowed-hosts"));
    }

    #[test]
    fn missing_wrong_and_stale_credentials_get_different_hints() {
        let basic = Auth::Basic { user: "ann".to_owned(), password: "pw".to_owned().into() };
        let bearer = Auth::Bearer("t".to_owned().into());
        let hints = [&Auth::None, &basic, &bearer]
            .map(|auth| attempt(Access::Read, auth).refusal(&answer(401, "", "")).hint.unwrap());
        assert!(
            hints[0].contains("or MLFLOW_TRACKING_TOKEN") && hints[1].starts_with("Check") && hints[2].contains("new")
        );
    }

    #[test]
    fn a_redirect_names_only_the_origin() {
        let mut moved = answer(302, "text/html", "");
        moved.location = Some("https://login.example/auth?state=secret".to_owned());
        let failure = attempt(Access::Read, &Auth::None).refusal(&moved);
        assert_eq!(failure.reason, "http://h:5000 redirects to https://login.example");
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let then: Timestamp = "2026-11-23T10:02:00Z".parse().unwrap();
        assert_eq!(retry_time("120", now), Some(then));
        assert_eq!(retry_time("Mon, 23 Nov 2026 10:02:00 GMT", now), Some(then));
        assert_eq!(retry_time("soon", now), None);
    }
}
