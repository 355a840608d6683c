//! Channels: how the message about an event reaches people.

mod command;
mod email;
mod http;
mod slack;
mod teams;
mod template;
pub mod terminal;
mod webhook;

use async_trait::async_trait;

pub use command::CommandSettings;
pub use email::{EmailSettings, MailTls};
pub use http::HttpSettings;
pub use template::Templates;
pub use terminal::TerminalSettings;

use crate::domain::event::{Event, Interest};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::notify::Channel;

/// How a channel sends.
#[derive(Debug)]
pub enum How {
    Email(EmailSettings),
    Webhook(HttpSettings),
    Slack(HttpSettings),
    Teams(HttpSettings),
    Command(CommandSettings),
    /// The terminal of the screens.
    Terminal(TerminalSettings),
    /// Not at all: what is wrong, as a phrase.
    Broken(String),
}

/// A configured channel.
#[derive(Debug)]
pub struct Configured {
    name: String,
    interest: Interest,
    how: Sender,
}

#[derive(Debug)]
enum Sender {
    Email(email::Email),
    Webhook(webhook::Webhook),
    Slack(http::Receiver),
    Teams(http::Receiver),
    Command(CommandSettings),
    Terminal(TerminalSettings),
    Broken(String),
}

impl Configured {
    /// A channel. Makes no request; what cannot be used is broken, and says so.
    pub fn new(name: &str, interest: Interest, how: How, templates: &Templates) -> Self {
        let receiver = |settings| http::Receiver::new(name, settings, templates.clone());
        let how = match how {
            How::Email(settings) => email::Email::new(name, settings, templates.clone()).map(Sender::Email),
            How::Webhook(settings) => webhook::Webhook::new(name, settings, templates.clone()).map(Sender::Webhook),
            How::Slack(settings) => receiver(settings).map(Sender::Slack),
            How::Teams(settings) => receiver(settings).map(Sender::Teams),
            How::Command(settings) => Ok(Sender::Command(settings)),
            How::Terminal(settings) => Ok(Sender::Terminal(settings)),
            How::Broken(why) => Err(why),
        };
        Self { name: name.to_owned(), interest, how: how.unwrap_or_else(Sender::Broken) }
    }

    /// The settings, if it is the terminal.
    pub fn terminal(&self) -> Option<&TerminalSettings> {
        match &self.how {
            Sender::Terminal(settings) => Some(settings),
            Sender::Email(_)
            | Sender::Webhook(_)
            | Sender::Slack(_)
            | Sender::Teams(_)
            | Sender::Command(_)
            | Sender::Broken(_) => None,
        }
    }
}

/// A failure of a channel.
fn failure(kind: FailureKind, channel: &str, reason: impl Into<String>) -> Failure {
    Failure::new(kind, Service::Local, format!("send the message through the channel '{channel}'"), reason)
}

#[async_trait]
impl Channel for Configured {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> &Interest {
        &self.interest
    }

    fn broken(&self) -> Option<&str> {
        match &self.how {
            Sender::Broken(why) => Some(why),
            Sender::Email(_)
            | Sender::Webhook(_)
            | Sender::Slack(_)
            | Sender::Teams(_)
            | Sender::Command(_)
            | Sender::Terminal(_) => None,
        }
    }

    fn is_passing(&self) -> bool {
        self.terminal().is_some()
    }

    async fn send(&self, event: &Event) -> Outcome<()> {
        match &self.how {
            Sender::Email(email) => email.send(event).await,
            Sender::Webhook(webhook) => webhook.send(event).await,
            Sender::Slack(to) => to.post(event.id.as_str(), slack::body(to.templates(), event)?, Vec::new()).await,
            Sender::Teams(to) => to.post(event.id.as_str(), teams::body(to.templates(), event)?, Vec::new()).await,
            Sender::Command(settings) => settings.send(&self.name, event).await,
            Sender::Terminal(settings) => settings.send(event),
            Sender::Broken(why) => Err(failure(FailureKind::Config, &self.name, why.clone())),
        }
    }
}

/// A document as JSON bytes.
fn json(value: &impl serde::Serialize) -> Outcome<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|e| Failure::new(FailureKind::Bug, Service::Local, "write a message", e.to_string()))
}
