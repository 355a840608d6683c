//! Sends what waits in the outbox, and crosses it off.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::{Event, EventId};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::outbox::{Delivery, OutboxLine, Patience};
use crate::ports::Clock;
use crate::ports::notify::{Channel, OutboxStore};

/// How a channel is to be worked off.
#[derive(Clone, Copy, Debug)]
pub struct Round<'r> {
    pub patience: Patience,
    /// Whether everything is tried once, whatever its pause.
    pub eager: bool,
    /// Only the messages about this event.
    pub only: Option<&'r EventId>,
}

/// What became of a round of one channel.
#[derive(Debug, Default)]
pub struct Worked {
    pub sent: usize,
    /// What was not sent, and why.
    pub failed: Vec<(EventId, Failure)>,
    /// Messages that were given up.
    pub given_up: usize,
    /// Messages that still wait.
    pub left: usize,
    /// When the next of them is due; none if one is due now, or nothing is left.
    pub due: Option<Timestamp>,
    /// Another process sends through the channel.
    pub busy: bool,
}

/// Sends what is due through one channel, oldest first. `stop` is asked before each message.
///
/// # Errors
/// If the outbox cannot be used.
pub async fn work(
    store: &Arc<dyn OutboxStore>,
    channel: &dyn Channel,
    clock: &dyn Clock,
    round: Round<'_>,
    stop: impl Fn() -> bool,
) -> Outcome<Worked> {
    let name = channel.name();
    let mut worked = Worked::default();
    let open = open(store, name, round.only).await?;
    if open.is_empty() {
        return Ok(worked);
    }
    let Some(_held) = store.hold_channel(name).await? else {
        return Ok(Worked { busy: true, left: open.len(), ..worked });
    };
    let mut unreachable = false;
    for event in open {
        let now = clock.now();
        // Somebody else may have sent it while this waited.
        let attempts = match store.lock().await?.outbox().delivery(&event.id, name) {
            Some(Delivery::Open(attempts)) => attempts.clone(),
            Some(Delivery::Sent | Delivery::GivenUp) | None => continue,
        };
        let due = attempts.due(now, round.patience);
        if stop() || unreachable || (due.is_some() && !round.eager) {
            worked.left += 1;
            worked.due = [worked.due, due].into_iter().flatten().min();
            continue;
        }
        let sent = match channel.interest().part_of(&event) {
            Some(part) => channel.send(&part).await,
            // It was configured for less meanwhile.
            None => Ok(()),
        };
        let (at, id, channel_name) = (clock.now(), event.id.clone(), name.to_owned());
        match sent {
            Ok(()) => {
                store.lock().await?.append(vec![OutboxLine::Sent { at, id, channel: channel_name }]).await?;
                worked.sent += 1;
            }
            Err(failure) => {
                let reason = failure.reason.clone();
                let mut lines = vec![OutboxLine::Failed { at, id: id.clone(), channel: channel_name.clone(), reason }];
                let mut tried = attempts;
                tried.count = tried.count.saturating_add(1);
                tried.last = Some(at);
                if tried.is_hopeless(at, round.patience) {
                    lines.push(OutboxLine::GivenUp { at, id: id.clone(), channel: channel_name });
                    worked.given_up += 1;
                } else {
                    worked.left += 1;
                    worked.due = [worked.due, tried.due(at, round.patience)].into_iter().flatten().min();
                }
                store.lock().await?.append(lines).await?;
                // A hundred messages need not find out one by one that nobody is there.
                unreachable = !round.eager && failure.kind == FailureKind::Unavailable;
                worked.failed.push((id, failure));
            }
        }
    }
    Ok(worked)
}

async fn open(store: &Arc<dyn OutboxStore>, name: &str, only: Option<&EventId>) -> Outcome<Vec<Event>> {
    let file = store.lock().await?;
    let wanted = |event: &&Event| only.is_none_or(|id| event.id == *id);
    Ok(file.outbox().open(name).map(|(event, _)| event).filter(wanted).cloned().collect())
}
