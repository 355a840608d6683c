//! Classifies the result of a request. Only this module decides what a response or a transport error means, whether a
//! write may have been applied, and whether a read may be retried.
//!
//! Decided by status codes, headers, error codes and the kind of transport error. Message texts count only if a
//! dialect's [`Dialect::quirk`] says so.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use super::address;
use super::answer::Answer;
use super::call::Access;
use super::carrier::Unwritable;
use super::dialect::{About, Dialect, Said};
use super::secrets::Secrets;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::text::{clean_line, shorten};

/// The longest piece of remote text in a sentence, in characters.
const MAX_WORDS: usize = 280;

/// What a failure needs to know about the request and its server.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub access: Access,
    /// A phrase after "could not".
    pub operation: &'a str,
    /// The server as shown to people, without credentials: `http://host:5000`, `github.com`.
    pub place: &'a str,
    pub dialect: &'a dyn Dialect,
    pub secrets: &'a Secrets,
}

/// How an unsuccessful request ended.
#[derive(Debug)]
pub(super) enum End<'a> {
    /// No response, or an incomplete one.
    Broken(&'a (dyn StdError + 'static)),
    /// No data for this long.
    Silent(Duration),
    /// More bytes than this limit.
    TooLarge(usize),
    /// A response with an unsuccessful status.
    Status(&'a Answer),
    /// A success whose body cannot be parsed.
    Unreadable(&'a Answer, &'a serde_json::Error),
    /// A success with an HTML page instead of a file.
    WebPage,
}

/// Whether retrying a *read* makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    Soon,
    /// Not before this delay, as the server demands.
    After(Duration),
}

/// A failure, and what only this module needs to know about it.
#[derive(Debug)]
pub(super) struct Trouble {
    pub failure: Failure,
    pub again: Again,
    /// The errors behind it, for the log.
    pub cause: Box<str>,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { failure, again: Again::Never, cause: Box::default() }
    }
}

impl Trouble {
    fn soon(self) -> Self {
        Self { again: Again::Soon, ..self }
    }

    /// The failure, with its cause logged. "Not found" is an ordinary response and hardly worth a log line.
    pub(super) fn told(self) -> Failure {
        let (f, cause) = (&self.failure, &self.cause);
        if matches!(f.kind, FailureKind::NotFound | FailureKind::Conflict) {
            tracing::debug!(kind = ?f.kind, operation = %f.operation, reason = %f.reason, %cause, "failed");
        } else {
            tracing::warn!(kind = ?f.kind, operation = %f.operation, reason = %f.reason, %cause, "failed");
        }
        self.failure
    }
}

/// Classifies an end.
pub(super) fn classify(attempt: &Attempt<'_>, end: &End<'_>) -> Trouble {
    let (trouble, cause) = match *end {
        End::Broken(error) => (attempt.broken(error), chain_text(error)),
        End::Silent(waited) => (attempt.silent(waited), format!("no answer within {waited:?}")),
        End::TooLarge(limit) => (attempt.too_large(limit), "hung up".to_owned()),
        End::Status(answer) => (attempt.status(answer), format!("HTTP {}", answer.status)),
        End::Unreadable(answer, error) => {
            (attempt.unreadable(answer, error), format!("HTTP {}: {error}", answer.status))
        }
        End::WebPage => (attempt.web_page().into(), String::new()),
    };
    let cause = attempt.secrets.hide(&clean_line(&cause)).into();
    Trouble { cause, ..trouble }
}

impl Attempt<'_> {
    fn failure(&self, kind: FailureKind, reason: impl Into<String>) -> Failure {
        Failure::new(kind, self.dialect.service(), self.operation, reason)
    }

    /// `kind` for a read; [`FailureKind::Unknown`] for a write, which may have been applied.
    fn unsure(&self, read: FailureKind, reason: impl Into<String>) -> Failure {
        match self.access {
            Access::Read => self.failure(read, reason),
            Access::Write => self
                .failure(FailureKind::Unknown, format!("{}; it may have been applied all the same", reason.into()))
                .with_hint("signoff checks what became of the request before it sends anything again."),
        }
    }

    fn hinted(&self, failure: Failure, hint: Option<String>) -> Failure {
        Failure { hint: hint.map(|hint| self.secrets.hide(&hint)), ..failure }
    }

    /// Adds a hint that applies to reads only.
    fn then(&self, failure: Failure, hint: Option<String>) -> Failure {
        if self.access == Access::Read { self.hinted(failure, hint) } else { failure }
    }

    /// A well-formed response that cannot be true. `why` may hold remote text, cleaned.
    pub fn contradicts(&self, why: &str) -> Failure {
        let why = self.secrets.hide(why);
        Trouble::from(self.unsure(FailureKind::Protocol, format!("the answer of {} is not valid: {why}", self.place)))
            .told()
    }

    fn broken(&self, error: &(dyn StdError + 'static)) -> Trouble {
        let wire = chain(error).find_map(|e| e.downcast_ref::<reqwest::Error>());
        let why = || self.quote(&chain(error).last().unwrap_or(error).to_string());
        if error.is::<Unwritable>() || wire.is_some_and(reqwest::Error::is_builder) {
            return self.failure(FailureKind::Rejected, format!("the request cannot be sent: {}", why())).into();
        }
        match wire {
            // No connection was made, so nothing was sent.
            Some(wire) if wire.is_connect() => Trouble::from(self.connect(wire, &why())).soon(),
            _ => self.passing(format!("{} closed the connection before its answer was complete", self.place)),
        }
    }

    fn passing(&self, reason: String) -> Trouble {
        let hint = "Try again; if it goes on, check the network and the proxies in between.".to_owned();
        Trouble::from(self.then(self.unsure(FailureKind::Unavailable, reason), Some(hint))).soon()
    }

    fn connect(&self, error: &reqwest::Error, why: &str) -> Failure {
        let any = |part: &str| chain(error).any(|e| e.to_string().to_ascii_lowercase().contains(part));
        let refused = chain(error)
            .filter_map(|e| e.downcast_ref::<io::Error>())
            .any(|e| e.kind() == io::ErrorKind::ConnectionRefused);
        let (what, hint) = if error.is_timeout() {
            ("no answer while connecting".to_owned(), "Check the address, the network and the VPN.".to_owned())
        } else if error.is_dns() || any("dns error") {
            (
                "the host is not known".to_owned(),
                "Check the spelling of the address, the network and the VPN.".to_owned(),
            )
        } else if refused {
            let hint = "Check that the server runs and that the port is right.".to_owned();
            ("no server answers (connection refused)".to_owned(), hint)
        } else if any("certificate") || any("unknownissuer") {
            let hint = self.dialect.hint(About::Certificate);
            (
                format!("its certificate is not trusted ({why})"),
                hint.unwrap_or_else(|| "Check the certificate.".to_owned()),
            )
        } else if any("corrupt message") || any("tls") {
            let hint = "Check whether the address should start with http://, and whether a proxy is in between.";
            (format!("it does not speak TLS as expected ({why})"), hint.to_owned())
        } else {
            (why.to_owned(), "Check the address, the network and the proxy settings.".to_owned())
        };
        self.failure(FailureKind::Unavailable, format!("{} cannot be reached: {what}", self.place)).with_hint(hint)
    }

    /// A read that used its whole timeout is not retried: a person is waiting.
    fn silent(&self, waited: Duration) -> Trouble {
        let reason = format!("{} did not answer within {} s", self.place, waited.as_secs_f32());
        self.then(self.unsure(FailureKind::Unavailable, reason), self.dialect.hint(About::Slow)).into()
    }

    fn too_large(&self, limit: usize) -> Trouble {
        let size = match limit / (1024 * 1024) {
            0 => format!("{limit} bytes"),
            mib => format!("{mib} MiB"),
        };
        self.unsure(FailureKind::Protocol, format!("the answer of {} is larger than {size}", self.place)).into()
    }

    fn unreadable(&self, answer: &Answer, error: &serde_json::Error) -> Trouble {
        if answer.is_web_page() {
            return self.web_page().into();
        }
        // Where in the answer it is says nothing to a reader; the log has it.
        let why = if error.is_eof() { "it ends too early".to_owned() } else { error.to_string() };
        let (place, why) = (self.place, self.quote(why.split(" at line ").next().unwrap_or_default()));
        self.then(
            self.unsure(FailureKind::Protocol, format!("the answer of {place} cannot be read ({why})")),
            self.doubt(),
        )
        .into()
    }

    /// A proxy may have answered although the server applied the write.
    fn web_page(&self) -> Failure {
        let (place, api) = (self.place, self.dialect.service());
        let failure =
            self.unsure(FailureKind::Protocol, format!("{place} answered with a web page instead of {api}'s API"));
        self.hinted(failure, self.doubt())
    }

    fn doubt(&self) -> Option<String> {
        let (place, api) = (self.place, self.dialect.service());
        Some(format!("Check that {place} is the address of {api}'s API, and that no login page is in front."))
    }

    fn status(&self, answer: &Answer) -> Trouble {
        let said = if answer.is_web_page() { None } else { self.dialect.said(&answer.body) };
        let (place, status) = (self.place, answer.status);
        if let Some(kind) = self.dialect.quirk(answer, said.as_ref().unwrap_or(&Said::default())) {
            return self.refused(kind, answer, said.as_ref());
        }
        match status {
            300..=399 => self.moved(answer).into(),
            401 => {
                let (phrase, hint) = self.dialect.unauthenticated();
                let words = self.words(answer, said.as_ref()).map(|w| format!(": \"{w}\"")).unwrap_or_default();
                self.failure(FailureKind::Unauthenticated, format!("{place} {phrase}{words}")).with_hint(hint).into()
            }
            407 => self
                .failure(FailureKind::Unauthenticated, "the proxy asks for a user and a password")
                .with_hint("Put them into HTTPS_PROXY, or name the server in NO_PROXY.")
                .into(),
            408 => self.passing(format!("{place} waited too long for the request")),
            403 => self.refused(FailureKind::Forbidden, answer, said.as_ref()),
            429 => self.refused(FailureKind::RateLimited { until: None }, answer, said.as_ref()),
            404 | 405 | 410 if said.is_none() => self.wrong_place(status).into(),
            404 => self.refused(FailureKind::NotFound, answer, said.as_ref()),
            409 | 412 => self.refused(FailureKind::Conflict, answer, said.as_ref()),
            400..=499 => self.refused(FailureKind::Rejected, answer, said.as_ref()),
            _ => self.server_error(answer, said.as_ref()),
        }
    }

    /// The server refused it explicitly: it had no effect.
    fn refused(&self, kind: FailureKind, answer: &Answer, said: Option<&Said>) -> Trouble {
        let message = said.map_or("", |s| s.message.as_str());
        // A parsed error body comes from the API itself; otherwise it may be from a proxy.
        let who = said.map_or_else(|| self.place.to_owned(), |_| self.dialect.service().to_string());
        let words = self.words(answer, said);
        let says = words
            .as_ref()
            .map_or_else(|| format!("{who} answered HTTP {}", answer.status), |w| format!("{who} says \"{w}\""));
        let access = self.access;
        match kind {
            FailureKind::RateLimited { .. } => self.rate_limited(answer, &says),
            FailureKind::Forbidden => {
                let message = words.as_deref().unwrap_or(message);
                let failure = self.failure(kind, format!("permission denied: {says}"));
                self.hinted(failure, self.dialect.hint(About::Forbidden { answer, access, message })).into()
            }
            FailureKind::NotFound => {
                self.hinted(self.failure(kind, says), self.dialect.hint(About::NotFound { answer })).into()
            }
            _ => self.failure(kind, says).into(),
        }
    }

    fn rate_limited(&self, answer: &Answer, says: &str) -> Trouble {
        let now = Timestamp::now();
        let asked = answer.retry_after(now);
        let until = asked.or_else(|| self.dialect.limit_ends(answer));
        let hint = until.map_or_else(
            || "Wait a minute, then try again.".to_owned(),
            |until| format!("Wait until {}, then try again.", until.strftime("%H:%M:%S UTC")),
        );
        let failure =
            self.failure(FailureKind::RateLimited { until }, format!("too many requests: {says}")).with_hint(hint);
        let again = match (asked, until) {
            (Some(at), _) => Again::After(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
            (None, None) if self.dialect.repeats_endless_limits() => Again::Soon,
            // A time of day by the server's clock cannot be turned into a delay.
            _ => Again::Never,
        };
        Trouble { again, ..failure.into() }
    }

    fn moved(&self, answer: &Answer) -> Failure {
        // Only the origin: the rest may contain session secrets.
        let target = url::Url::parse(answer.header("location")).ok().map(|t| t.origin().ascii_serialization());
        let to = target.map_or_else(|| "elsewhere".to_owned(), |t| self.quote(&t));
        let failure = self.failure(FailureKind::Config, format!("{} redirects to {to}", self.place));
        self.hinted(failure, self.dialect.hint(About::Moved))
    }

    /// The server has no such endpoint, so a write had no effect.
    fn wrong_place(&self, status: u16) -> Failure {
        let (place, api) = (self.place, self.dialect.service());
        let kind = if self.access == Access::Write { FailureKind::Rejected } else { FailureKind::Protocol };
        self.hinted(
            self.failure(kind, format!("{place} does not know this part of {api}'s API (HTTP {status})")),
            self.doubt(),
        )
    }

    fn server_error(&self, answer: &Answer, said: Option<&Said>) -> Trouble {
        let (place, status) = (self.place, answer.status);
        let mut reason = match status {
            502 | 504 => format!("{place} is not reachable behind its gateway (HTTP {status})"),
            503 => format!("{place} is overloaded (HTTP 503)"),
            _ => format!("{place} failed (HTTP {status})"),
        };
        if let Some(words) = self.words(answer, said) {
            reason = format!("{reason}: \"{words}\"");
        }
        let passing = matches!(status, 502..=504);
        let kind = if passing { FailureKind::Unavailable } else { FailureKind::Protocol };
        let hint = "Try again. If it goes on, the server's log says more.".to_owned();
        let trouble = Trouble::from(self.then(self.unsure(kind, reason), Some(hint)));
        let now = Timestamp::now();
        match answer.retry_after(now) {
            _ if !passing => trouble,
            Some(at) => Trouble {
                again: Again::After(Duration::try_from(at.duration_since(now)).unwrap_or_default()),
                ..trouble
            },
            None => trouble.soon(),
        }
    }

    /// The server's own words; nothing from an HTML page.
    fn words(&self, answer: &Answer, said: Option<&Said>) -> Option<String> {
        let text = match said {
            Some(said) if !said.message.is_empty() => said.message.clone(),
            Some(said) if !said.code.is_empty() => said.code.clone(),
            Some(_) => String::new(),
            // Also plain text sent as HTML, such as `Permission denied` from MLflow's basic auth.
            None => shorten(self.secrets.hide(&String::from_utf8_lossy(&answer.body)).trim_start(), 2_000),
        };
        let markup =
            said.is_none() && text.trim_start().starts_with('<') || (answer.is_web_page() && text.contains('<'));
        Some(self.quote(text.trim())).filter(|words| !markup && !words.is_empty())
    }

    /// Remote text, made safe for a sentence.
    fn quote(&self, text: &str) -> String {
        shorten(clean_line(&self.secrets.hide(text)).trim_end_matches('.'), MAX_WORDS)
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| (*e).source())
}

/// All errors of the chain, with possible secrets removed from URLs.
fn chain_text(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = chain(error)
        .map(|e| match e.downcast_ref::<reqwest::Error>().and_then(reqwest::Error::url) {
            Some(url) => e.to_string().replace(url.as_str(), &address::shown(url)),
            None => e.to_string(),
        })
        .collect();
    texts.dedup();
    texts.join(": ")
}
