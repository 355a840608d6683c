//! Mail: a text and a simple HTML part, one thread a version.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::failure;
use super::template::Templates;
use crate::domain::event::Event;
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::text::{clean_line, shorten};
use crate::local::{self, MIB};

/// The longest subject, in characters.
const SUBJECT: usize = 200;

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Upgraded after connecting; refused if the server cannot.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

#[derive(Debug)]
pub struct EmailSettings {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// PEM bundle of the only authorities to trust; none trusts the system's.
    pub ca_file: Option<PathBuf>,
    pub login: Option<(String, SecretString)>,
    pub from: String,
    pub to: Vec<String>,
    pub timeout: Duration,
}

#[derive(Debug)]
pub(super) struct Email {
    channel: String,
    settings: EmailSettings,
    from: Mailbox,
    to: Vec<Mailbox>,
    templates: Templates,
}

/// Says that a program wrote it, so that no other program answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Email {
    pub(super) fn new(channel: &str, settings: EmailSettings, templates: Templates) -> Result<Self, String> {
        let mailbox =
            |text: &str| text.parse::<Mailbox>().map_err(|_| format!("'{}' is not a mail address", clean_line(text)));
        let from = mailbox(&settings.from)?;
        let to = settings.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?;
        Ok(Self { channel: channel.to_owned(), settings, from, to, templates })
    }

    pub(super) async fn send(&self, event: &Event) -> Outcome<()> {
        let message = self.message(event)?;
        let transport = self.transport()?;
        let timeout = self.settings.timeout;
        let sent = tokio::time::timeout(timeout, transport.send(message)).await;
        let place = format!("{}:{}", clean_line(&self.settings.host), self.settings.port);
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.refused(&place, &error)),
            Err(_) => {
                let why = format!("the mail server {place} did not answer within {} s", timeout.as_secs());
                Err(failure(FailureKind::Unavailable, &self.channel, why)
                    .with_hint("Raise timeout_seconds of the channel if the server is slow."))
            }
        }
    }

    fn refused(&self, place: &str, error: &lettre::transport::smtp::Error) -> Failure {
        // The chain ends in what happened; the outer ones only say where.
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if !text.contains(&inner.to_string()) {
                text = format!("{text}: {inner}");
            }
            cause = inner.source();
        }
        let mut words = shorten(&clean_line(&text), 280);
        if let Some((_, password)) = &self.settings.login {
            words = crate::adapters::http::Secrets::of([password.clone()]).hide(&words);
        }
        let answered = error.is_permanent() || error.is_transient();
        match answered {
            true => failure(FailureKind::Rejected, &self.channel, format!("the mail server {place} refused: {words}")),
            false => failure(FailureKind::Unavailable, &self.channel, format!("the mail server {place}: {words}"))
                .with_hint("Check host, port, tls and ca_file of the channel."),
        }
    }

    fn message(&self, event: &Event) -> Outcome<Message> {
        let refuse = |why: String| failure(FailureKind::Config, &self.channel, why);
        let subject = self.templates.render("subject.txt", event)?;
        let subject: String = shorten(&clean_line(&subject), SUBJECT);
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(self.message_id(event.id.as_str())))
            .date(std::time::SystemTime::try_from(event.timestamp).unwrap_or_else(|_| std::time::SystemTime::now()))
            .header(AutoSubmitted);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        if let Some(first) = event.version().and_then(|data| data.arrival.as_ref())
            && *first != event.id
        {
            let first = self.message_id(first.as_str());
            builder = builder.in_reply_to(first.clone()).references(first);
        }
        let part = |kind, text: String| SinglePart::builder().header(kind).body(text);
        let text = part(ContentType::TEXT_PLAIN, self.templates.render("email.txt", event)?);
        let html = part(ContentType::TEXT_HTML, self.templates.render("email.html", event)?);
        builder
            .multipart(MultiPart::alternative().singlepart(text).singlepart(html))
            .map_err(|e| refuse(format!("the mail cannot be written: {}", clean_line(&e.to_string()))))
    }

    /// The same at every attempt: mail programs fold what comes twice.
    pub(super) fn message_id(&self, id: &str) -> String {
        format!("<{id}.{}@{}>", self.channel, self.from.email.domain())
    }

    fn transport(&self) -> Outcome<AsyncSmtpTransport<Tokio1Executor>> {
        let settings = &self.settings;
        let refuse = |why: String| failure(FailureKind::Config, &self.channel, why);
        let parameters = || {
            let mut builder = TlsParameters::builder(settings.host.clone());
            if let Some(path) = &settings.ca_file {
                let shown = path.display();
                let pem = local::read(path, 16 * MIB)
                    .map_err(|e| refuse(format!("the CA file {shown} cannot be read: {e}")))?;
                builder = builder.certificate_store(CertificateStore::None);
                let mut any = false;
                for one in certificates(&pem) {
                    let certificate = Certificate::from_pem(one.as_bytes())
                        .map_err(|_| refuse(format!("the CA file {shown} holds no certificate in PEM form")))?;
                    builder = builder.add_root_certificate(certificate);
                    any = true;
                }
                if !any {
                    return Err(refuse(format!("the CA file {shown} holds no certificate in PEM form")));
                }
            }
            builder.build_rustls().map_err(|e| refuse(format!("TLS cannot be set up: {}", clean_line(&e.to_string()))))
        };
        let tls = match settings.tls {
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        if let Some((user, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(builder.build())
    }
}

/// The certificates of a PEM bundle, one by one.
fn certificates(pem: &[u8]) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    text.split_inclusive(END)
        .filter_map(|part| part.find("-----BEGIN CERTIFICATE-----").map(|at| format!("{}\n", &part[at..])))
        .filter(|part| part.trim_end().ends_with(END))
        .collect()
}

#[cfg(test)]
mod tests;
