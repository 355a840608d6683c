//! Posts a message to an address.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::failure;
use super::template::Templates;
use crate::adapters::http::{About, Access, Answer, Call, Dialect, Plain, Said, Secrets, Server, Settings, Tls, Wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{clean_line, shorten};

/// The most that is read of an answer; a receiver has nothing to say.
const MOST_BYTES: usize = 64 * 1024;
/// The longest piece of an answer in a sentence, in characters.
const MOST_WORDS: usize = 200;

/// Where and how to post.
#[derive(Debug)]
pub struct HttpSettings {
    pub url: SecretString,
    /// What may be said of the address.
    pub place: String,
    /// Whether no part of the address may be said.
    pub url_is_secret: bool,
    /// The key to sign with, as `whsec_` and base64.
    pub secret: Option<SecretString>,
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
}

/// An address that takes messages.
#[derive(Debug)]
pub(super) struct Receiver {
    channel: String,
    url: SecretString,
    place: String,
    secrets: Secrets,
    settings: Settings,
    wire: Wire,
    templates: Templates,
}

impl Receiver {
    pub(super) fn new(channel: &str, settings: HttpSettings, templates: Templates) -> Result<Self, String> {
        let HttpSettings { url, place, url_is_secret, secret, ca_file, timeout } = settings;
        let mut hidden: Vec<SecretString> = secret.into_iter().collect();
        let parsed = Url::parse(url.expose_secret()).map_err(|_| "its address cannot be read".to_owned())?;
        if url_is_secret {
            hidden.extend([url.clone(), SecretString::from(parsed.path().trim_start_matches('/'))]);
            hidden.extend(parsed.query().map(SecretString::from));
        }
        hidden.extend(parsed.password().map(SecretString::from));
        let mut http = Settings { timeout, tls: Tls { insecure: false, ca_file }, ..Settings::default() };
        // The outbox tries again.
        http.repeat.times = 0;
        let wire = Wire::new(http.clone());
        let secrets = Secrets::of(hidden);
        Ok(Self { channel: channel.to_owned(), url, place, secrets, settings: http, wire, templates })
    }

    pub(super) fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Posts a message once.
    pub(super) async fn post(&self, id: &str, body: Vec<u8>, headers: Vec<(HeaderName, HeaderValue)>) -> Outcome<()> {
        self.send(id, body, headers).await.map_err(|failed| {
            let hide = |text: &str| self.secrets.hide(text);
            Failure { reason: hide(&failed.reason), hint: failed.hint.as_deref().map(hide), ..failed }
        })
    }

    async fn send(&self, id: &str, body: Vec<u8>, headers: Vec<(HeaderName, HeaderValue)>) -> Outcome<()> {
        let refuse = |kind, why: &str| failure(kind, &self.channel, why);
        let url = Url::parse(self.url.expose_secret())
            .map_err(|_| refuse(FailureKind::Config, "its address cannot be read"))?;
        let client = self.wire.client(&url).await?;
        let origin = Url::parse(&url.origin().ascii_serialization())
            .map_err(|_| refuse(FailureKind::Config, "its address cannot be read"))?;
        let mut own = HeaderMap::new();
        if let Some(sign_in) = basic(&url) {
            own.insert(http::header::AUTHORIZATION, sign_in);
        }
        let carrier = Plain::new(client, origin, own);
        let server = Server::new(&self.place, Box::new(ReceiverDialect), self.secrets.clone(), carrier, &self.settings);
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let operation = failure(FailureKind::Bug, &self.channel, "").operation;
        // The same message again does no harm: receivers know it by its id.
        let mut call =
            Call::new(Method::POST, path, Access::Read, operation).body(body).limit(MOST_BYTES).also(|_| true);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        tracing::debug!(channel = %self.channel, id, "sending a message");
        let answer = server.answer(&call).await.map_err(|failed| match failed.kind {
            FailureKind::Config | FailureKind::Rejected => failed,
            // An answer that cannot be read has no status that could be trusted.
            _ => Failure { kind: FailureKind::Unavailable, ..failed },
        })?;
        if answer.is_success() {
            return Ok(());
        }
        Err(refuse(FailureKind::Rejected, &self.refused(&answer)))
    }

    fn refused(&self, answer: &Answer) -> String {
        let status = answer.status;
        if (300..400).contains(&status) {
            return format!("{} answered HTTP {status}, and redirects are not followed", self.place);
        }
        let text = clean_line(String::from_utf8_lossy(&answer.body).trim());
        let words = match text.is_empty() || answer.is_web_page() {
            true => String::new(),
            false => format!(": \"{}\"", shorten(&self.secrets.hide(&text), MOST_WORDS)),
        };
        format!("{} answered HTTP {status}{words}", self.place)
    }
}

/// User and password of an address.
fn basic(url: &Url) -> Option<HeaderValue> {
    use base64::Engine as _;
    let user = url.username();
    let password = url.password().unwrap_or_default();
    if user.is_empty() && password.is_empty() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", decode(user), decode(password)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Receivers of messages: any answer but a success is a refusal, which is judged here.
#[derive(Debug)]
struct ReceiverDialect;

impl Dialect for ReceiverDialect {
    fn service(&self) -> Service {
        Service::Local
    }

    fn said(&self, _body: &[u8]) -> Option<Said> {
        None
    }

    fn quirk(&self, _answer: &Answer, _said: &Said) -> Option<FailureKind> {
        None
    }

    fn hint(&self, about: About<'_>) -> Option<String> {
        match about {
            About::Certificate => {
                Some("Name the authority that signed it with ca_file in the channel's table.".to_owned())
            }
            About::Slow => Some("Raise timeout_seconds of the channel if the receiver is slow.".to_owned()),
            About::Forbidden { .. } | About::NotFound { .. } | About::Moved => None,
        }
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        ("refused the message", "Check the address and the secret of the channel.")
    }
}
