//! Watches one target: reads what there is, and puts what is new into the outbox.
//!
//! The order makes it safe to be killed anywhere: events are on disk first, then the cursor that says that they were
//! seen, and only then anything is sent ([`deliver`]).

pub mod deliver;
mod document;
mod drift;
mod look;
mod released;

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::domain::event::{Data, DigestData, Event, EventId, EventKind, SCHEMA, id};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::outbox::OutboxLine;
use crate::domain::registry::VersionStatus;
use crate::domain::watch::{Cursor, Happening, SeenModel};
use crate::ports::notify::{Channel, OutboxStore};
use crate::services::Services;
use crate::services::status::Memory;

/// Versions that are read at the same time.
const AT_ONCE: usize = 5;
/// Versions of a digest that are read with everything; more than anybody reads.
const DIGEST: usize = 30;

/// What watching needs beside the servers.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Desk {
    pub store: Arc<dyn OutboxStore>,
    /// All channels that wait in the outbox.
    pub channels: Vec<Arc<dyn Channel>>,
    /// What an earlier look at production read of releases.
    pub memory: Memory,
}

/// What one look found.
#[derive(Debug, Default)]
pub struct Polled {
    /// New events, which are in the outbox now.
    pub events: Vec<Event>,
    /// What could not be read, and is looked at again next time.
    pub failures: Vec<Failure>,
}

/// Looks once. `thorough` also reads what does not show in the list of models, and drift.
///
/// # Errors
/// If the registry cannot be read, or the outbox cannot be written: then nothing is forgotten.
pub async fn poll(services: &Services, desk: &Desk, thorough: bool) -> Outcome<Polled> {
    let home = services.home().await?;
    let place = place(services, &home);
    let before = desk.store.cursor(&place).await?;
    let now = services.clock.now();
    let mut failures = Vec::new();
    let (mut seen, notes) = look::models(services, before.as_ref(), thorough).await?;
    failures.extend(notes);
    let Some(before) = before else {
        let mut cursor = Cursor::first(now, &seen);
        let production = drift::read(services, desk).await?;
        cursor.drift = production.known();
        let found = production.found.values().cloned().collect();
        failures.extend(production.into_failures());
        let events: Vec<Event> = digest(services, &home, &seen, found, now).await.into_iter().collect();
        let events = keep(desk, now, events).await?;
        desk.store.keep_cursor(&place, &cursor).await?;
        return Ok(Polled { events, failures });
    };
    failures.extend(look::facts(services, &before, &mut seen, thorough).await);
    let (mut cursor, mut happened) = before.fold(&seen);
    happened.extend(look::paused(services, &mut cursor).await);
    released::follow(services, &mut cursor, &happened, now);
    failures.extend(released::look(services, &mut cursor, &mut happened, now).await);
    if thorough {
        match drift::read(services, desk).await {
            Ok(production) => {
                happened.extend(production.fold(&mut cursor));
                failures.extend(production.into_failures());
            }
            Err(failure) => failures.push(failure),
        }
    }
    let mut events = Vec::new();
    let told = untold(desk, &home, services, happened).await?;
    let mut documents =
        futures_util::stream::iter(told.into_iter().map(|h| document(services, &home, h, now))).buffered(AT_ONCE);
    while let Some((happening, made)) = documents.next().await {
        match made {
            Ok(event) => events.extend(event),
            Err(failure) => {
                // As if it had not been looked at: it is told when it can be read.
                restore(&mut cursor, &before, &happening);
                failures.push(failure);
            }
        }
    }
    drop(documents);
    let events = keep(desk, now, events).await?;
    if cursor != before {
        desk.store.keep_cursor(&place, &cursor).await?;
    }
    Ok(Polled { events, failures })
}

/// The arrival of one version, kept in the outbox: new, or as it was told already. None if nothing waits for a decision:
/// then the text says why.
///
/// # Errors
/// Those of reading the version.
pub async fn arrival(
    services: &Services,
    desk: &Desk,
    model: &ModelName,
    number: VersionNumber,
) -> Outcome<Result<Event, String>> {
    let home = services.home().await?;
    let version = services.registry.version(model, number).await?;
    let now = services.clock.now();
    let id = id::arrival(&home, &version);
    let decided = document::decided(services, &version);
    if let (Some(why), false) = (decided, desk.store.read().await?.knows(&id)) {
        return Ok(Err(why));
    }
    if version.status != VersionStatus::Ready {
        return Ok(Err(format!("its status is '{}'", version.status)));
    }
    let data = document::of(services, &home, model, number).await?;
    let event = event(services, EventKind::Arrived, id, Data::Version(Box::new(data)), now);
    keep(desk, now, vec![event.clone()]).await?;
    Ok(Ok(event))
}

/// The name of a target's cursor. Two targets on one server differ in what waits.
fn place(services: &Services, home: &Home) -> String {
    let rules = &services.rules;
    let parts = (&rules.target_name, &rules.promote_to, home);
    // Plain data: serialization cannot fail.
    let bytes = serde_json::to_vec(&parts).unwrap_or_default();
    Sha256::digest(bytes)[..8].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn event(services: &Services, kind: EventKind, id: EventId, data: Data, now: Timestamp) -> Event {
    let rules = &services.rules;
    Event {
        schema: SCHEMA.to_owned(),
        id,
        kind,
        timestamp: now,
        target: rules.target_name.clone(),
        demo: rules.demo,
        data,
    }
}

/// What somebody is still to be told: the rest needs no document.
async fn untold(desk: &Desk, home: &Home, services: &Services, happened: Vec<Happening>) -> Outcome<Vec<Happening>> {
    if happened.is_empty() {
        return Ok(happened);
    }
    let outbox = desk.store.read().await?;
    let wanted = |happening: &Happening| {
        let id = happening.id(home);
        let channels = desk.channels.iter().filter(|c| {
            let interest = c.interest();
            interest.wants(happening.kind, happening.model.as_str(), &services.rules.target_name)
        });
        !outbox.knows(&id) || !outbox.missing(&id, channels.map(|c| c.name())).is_empty()
    };
    Ok(happened.into_iter().filter(wanted).collect())
}

/// The document of an event; none if the version is gone and there is nothing left to do about it.
async fn document(
    services: &Services,
    home: &Home,
    happening: Happening,
    now: Timestamp,
) -> (Happening, Outcome<Option<Event>>) {
    let read = document::of(services, home, &happening.model, happening.version).await;
    let waits = matches!(happening.kind, EventKind::Arrived | EventKind::Needed);
    let data = match read {
        Ok(data) => data,
        Err(failure) if failure.kind == FailureKind::NotFound && waits => return (happening, Ok(None)),
        Err(failure) if failure.kind == FailureKind::NotFound => document::unread(services, home, &happening),
        Err(failure) => return (happening, Err(failure)),
    };
    let data = document::with(data, &happening);
    let event = event(services, happening.kind, happening.id(home), Data::Version(Box::new(data)), now);
    (happening, Ok(Some(event)))
}

fn restore(cursor: &mut Cursor, before: &Cursor, happening: &Happening) {
    match before.models.get(&happening.model) {
        Some(known) => drop(cursor.models.insert(happening.model.clone(), known.clone())),
        None => drop(cursor.models.remove(&happening.model)),
    }
    if let Some(record) = &happening.record {
        match before.releases.get(record) {
            Some(followed) => drop(cursor.releases.insert(record.clone(), followed.clone())),
            None => drop(cursor.releases.remove(record)),
        }
    }
    cursor.paused.clone_from(&before.paused);
    if !happening.drift.is_empty() || !happening.running.is_empty() {
        cursor.drift.clone_from(&before.drift);
        cursor.ended.clone_from(&before.ended);
    }
}

/// Everything that is found at a first start, in one message; none if there is nothing.
async fn digest(
    services: &Services,
    home: &Home,
    seen: &[SeenModel],
    drift: Vec<serde_json::Value>,
    now: Timestamp,
) -> Option<Event> {
    let mut waiting: Vec<(&ModelName, _)> =
        seen.iter().flat_map(|m| m.versions.iter().filter(|v| v.waits).map(move |v| (&m.name, v))).collect();
    waiting.sort_by_key(|(model, v)| (v.registered_at.is_none(), v.registered_at, (*model).clone(), v.number));
    if waiting.is_empty() && drift.is_empty() {
        return None;
    }
    let happening = |(model, version): &(&ModelName, &_)| Happening::of(EventKind::Arrived, model, version, "");
    let all: Vec<Happening> = waiting.iter().map(happening).collect();
    let ids: Vec<EventId> = all.iter().map(|h| h.id(home)).collect();
    let read = all.iter().enumerate().map(|(index, happening)| async move {
        let whole = match index < DIGEST {
            true => document::of(services, home, &happening.model, happening.version).await.ok(),
            false => None,
        };
        whole.unwrap_or_else(|| document::unread(services, home, happening))
    });
    let waiting = futures_util::stream::iter(read).buffered(AT_ONCE).collect().await;
    let found: Vec<String> = drift.iter().map(ToString::to_string).collect();
    let became: Vec<&str> = ids.iter().map(EventId::as_str).chain(found.iter().map(String::as_str)).collect();
    let id = id::of_place(home, EventKind::Digest, &became);
    Some(event(services, EventKind::Digest, id, Data::Digest(DigestData { waiting, drift }), now))
}

/// Puts events into the outbox for the channels that want them. Returns those that were not there.
async fn keep(desk: &Desk, now: Timestamp, events: Vec<Event>) -> Outcome<Vec<Event>> {
    if events.is_empty() {
        return Ok(events);
    }
    let mut file = desk.store.lock().await?;
    let (mut lines, mut new) = (Vec::new(), Vec::new());
    for event in events {
        let outbox = file.outbox();
        let wanting = desk.channels.iter().filter(|c| c.interest().part_of(&event).is_some()).map(|c| c.name());
        let channels = outbox.missing(&event.id, wanting);
        let known = outbox.knows(&event.id);
        if !known || !channels.is_empty() {
            lines.push(OutboxLine::Told { at: now, event: Box::new(event.clone()), channels });
        }
        if !known {
            new.push(event);
        }
    }
    if !lines.is_empty() {
        file.append(lines).await?;
    }
    Ok(new)
}
