//! `signoff notify`

use std::sync::Arc;

use futures_util::future::join_all;

use crate::adapters::clock::SystemClock;
use crate::cli::args::Format;
use crate::cli::channels;
use crate::cli::exit::Exit;
use crate::cli::json::notify::{ChannelSaid, Notify, SendState};
use crate::cli::output::Sink;
use crate::config::Loaded;
use crate::domain::event::{Event, say};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::nearest::did_you_mean;
use crate::domain::outbox::Delivery;
use crate::domain::reference::VersionRef;
use crate::domain::text::clean_line;
use crate::ports::Clock as _;
use crate::ports::notify::{Channel, OutboxStore};
use crate::services::Services;
use crate::services::evidence::number_of;
use crate::services::status::Memory;
use crate::services::watch::deliver::{Round, work};
use crate::services::watch::{Desk, arrival};

/// How often a channel that another process sends through is looked at again, and the pause in between.
const BUSY: (usize, std::time::Duration) = (120, std::time::Duration::from_millis(250));

/// Tells of the arrival of a version, once.
///
/// # Errors
/// Those of reading the version and of using the outbox. A channel that fails is part of the output.
pub async fn run(
    loaded: &Loaded,
    services: &Services,
    reference: &VersionRef,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let configured = channels::all(loaded);
    let sending = channels::lasting(&configured);
    let store = channels::outbox(&loaded.paths.state_of(services.rules.demo));
    let desk = Desk { store, channels: sending.clone(), memory: Memory::default() };
    let before = desk.store.read().await?;
    let event = match arrival(services, &desk, &model, number).await? {
        Ok(event) => event,
        Err(why) => {
            let operation = format!("tell that {model} {number} waits for review");
            return Err(Failure::new(FailureKind::Rejected, Service::Local, operation, why)
                .with_hint("`signoff inbox` lists what waits."));
        }
    };
    let round = Round { patience: loaded.watch().patience, eager: true, only: Some(&event.id) };
    let said = join_all(configured.iter().map(|channel| {
        let already = before.delivery(&event.id, channel.name()) == Some(&Delivery::Sent);
        tell(&desk.store, channel.as_ref(), round, &event, already)
    }))
    .await;
    let said: Vec<ChannelSaid> = said.into_iter().collect::<Outcome<_>>()?;
    let failed = said.iter().any(|s| s.state == SendState::Failed);
    if format.json {
        sink.json(&Notify { schema: "signoff.notify/1", event, channels: said })?;
    } else {
        print(&event, &said, sink);
    }
    Ok(if failed { Exit::Refused } else { Exit::Done })
}

async fn tell(
    store: &Arc<dyn OutboxStore>,
    channel: &dyn Channel,
    round: Round<'_>,
    event: &Event,
    already: bool,
) -> Outcome<ChannelSaid> {
    let name = channel.name().to_owned();
    let said = |state, reason: Option<String>| Ok(ChannelSaid { name: name.clone(), state, reason });
    if channel.is_passing() {
        return said(SendState::Skipped, Some("it tells only while the screens are open".to_owned()));
    }
    if channel.interest().part_of(event).is_none() {
        return said(SendState::Skipped, Some("it is not configured for this event".to_owned()));
    }
    if already {
        return said(SendState::AlreadySent, None);
    }
    let (tries, pause) = BUSY;
    for _ in 0..tries {
        let worked = work(store, channel, &SystemClock, round, || false).await?;
        if let Some((_, failure)) = worked.failed.first() {
            return said(SendState::Failed, Some(failure.reason.clone()));
        }
        if !worked.busy {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    match store.read().await?.delivery(&event.id, channel.name()) {
        Some(Delivery::Sent) => said(SendState::Sent, None),
        Some(Delivery::GivenUp) => said(SendState::Failed, Some("it was given up after too many failures".to_owned())),
        Some(Delivery::Open(_)) | None => {
            said(SendState::Failed, Some("another signoff is sending through it for too long".to_owned()))
        }
    }
}

fn print(event: &Event, said: &[ChannelSaid], sink: &mut Sink) {
    sink.line(&say::headline(event));
    if said.is_empty() {
        sink.warn("no channel is configured; add one as [notify.NAME] to the configuration");
    }
    for ChannelSaid { name, state, reason } in said {
        let reason = reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        sink.line(&format!("{name}: {}{reason}", state.words()));
    }
}

/// Tries one channel.
///
/// # Errors
/// If there is no such channel, or the message was not sent.
pub async fn test(loaded: &Loaded, name: &str, json: bool, sink: &mut Sink) -> Outcome<Exit> {
    let configured = channels::all(loaded);
    let Some(channel) = configured.iter().find(|c| c.name() == name) else {
        let names: Vec<&str> = configured.iter().map(|c| c.name()).collect();
        let hint = did_you_mean(name, names.iter().copied());
        let there = match names.is_empty() {
            true => "the configuration has no channels".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        let operation = format!("try the channel '{}'", clean_line(name));
        return Err(Failure::new(
            FailureKind::Config,
            Service::Config,
            operation,
            format!("it is not configured{hint}; {there}"),
        ));
    };
    let target = loaded.chosen().map(|name| name.value).unwrap_or_default();
    let event = Event::test(name, SystemClock.now(), &target, false);
    channel.send(&event).await?;
    if json {
        let channels = vec![ChannelSaid { name: name.to_owned(), state: SendState::Sent, reason: None }];
        sink.json(&Notify { schema: "signoff.notify/1", event, channels })?;
    } else {
        sink.line(&format!("{name}: sent"));
    }
    Ok(Exit::Done)
}
