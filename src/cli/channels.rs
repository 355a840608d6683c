//! Creates the configured channels and the outbox.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::adapters::notify::terminal::Notice;
use crate::adapters::notify::{self, Configured, How, Templates};
use crate::adapters::outbox::OutboxDir;
use crate::config::notify::{
    Channel as Described, ChannelKind, ChannelSettings, EmailSettings, MailTls, TerminalNotice,
};
use crate::config::{Loaded, notify::HttpSettings};
use crate::domain::event::{Event, Interest};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::notify::{Channel, OutboxStore};

/// Name of what a watch prints, among the channels: no configured one can have it.
pub const PRINTED: &str = "-";

/// The outbox of a state directory.
pub fn outbox(state: &Path) -> Arc<dyn OutboxStore> {
    Arc::new(OutboxDir::new(state))
}

/// All configured channels, in the order of the file.
pub fn all(loaded: &Loaded) -> Vec<Arc<Configured>> {
    let templates = loaded.paths.config.value.parent().map(|dir| Templates::in_dir(dir.join("notify")));
    let templates = templates.unwrap_or_default();
    loaded.channels().into_iter().map(|channel| Arc::new(one(channel, loaded, &templates))).collect()
}

/// Those that wait in the outbox.
pub fn lasting(all: &[Arc<Configured>]) -> Vec<Arc<dyn Channel>> {
    all.iter().filter(|c| !c.is_passing()).map(|c| Arc::clone(c) as Arc<dyn Channel>).collect()
}

fn one(channel: Described, loaded: &Loaded, templates: &Templates) -> Configured {
    let how = match (channel.kind, channel.settings) {
        (_, Err(why)) => How::Broken(why),
        (_, Ok(ChannelSettings::Email(settings))) => How::Email(mail(*settings)),
        (ChannelKind::Slack, Ok(ChannelSettings::Http(settings))) => How::Slack(post(settings)),
        (ChannelKind::Teams, Ok(ChannelSettings::Http(settings))) => How::Teams(post(settings)),
        (_, Ok(ChannelSettings::Http(settings))) => How::Webhook(post(settings)),
        (_, Ok(ChannelSettings::Command { run, timeout })) => How::Command(notify::CommandSettings { run, timeout }),
        (_, Ok(ChannelSettings::Terminal { bell, notification, title })) => {
            let notice = match notification {
                TerminalNotice::Osc9 => Notice::Osc9,
                TerminalNotice::Osc777 => Notice::Osc777,
                TerminalNotice::Off | TerminalNotice::Auto => Notice::Off,
            };
            How::Terminal(notify::TerminalSettings { bell, notice, title, in_tmux: loaded.ui.in_tmux })
        }
    };
    Configured::new(&channel.name, channel.interest, how, templates)
}

fn mail(settings: EmailSettings) -> notify::EmailSettings {
    let EmailSettings { host, port, tls, ca_file, login, from, to, timeout } = settings;
    let tls = match tls {
        MailTls::StartTls => notify::MailTls::StartTls,
        MailTls::Tls => notify::MailTls::Tls,
        MailTls::None => notify::MailTls::None,
    };
    notify::EmailSettings { host, port, tls, ca_file, login, from, to, timeout }
}

fn post(settings: HttpSettings) -> notify::HttpSettings {
    let HttpSettings { url, place, url_is_secret, secret, ca_file, timeout } = settings;
    notify::HttpSettings { url, place, url_is_secret, secret, ca_file, timeout }
}

/// What a watch prints, as a channel: it waits in the outbox until it is printed.
#[derive(Debug, Default)]
pub struct Printed(Interest);

#[async_trait]
impl Channel for Printed {
    fn name(&self) -> &str {
        PRINTED
    }

    fn interest(&self) -> &Interest {
        &self.0
    }

    async fn send(&self, _event: &Event) -> Outcome<()> {
        Err(Failure::new(FailureKind::Bug, Service::Local, "print an event", "the watch prints its events itself"))
    }
}
