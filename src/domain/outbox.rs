//! What is to be sent, and what became of it: a fold over the lines of the outbox.
//!
//! An event is on disk before anything is sent, sent, then crossed off. A line may be there twice, after a crash: what
//! counts is the last state of each message.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, EventId};

/// The longest pause between two attempts.
pub const LONGEST_PAUSE_S: u64 = 3_600;

/// One line of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum OutboxLine {
    /// The event happened, and these channels are to tell it.
    Told { at: Timestamp, event: Box<Event>, channels: Vec<String> },
    /// The channel took the message.
    Sent { at: Timestamp, id: EventId, channel: String },
    /// It did not.
    Failed { at: Timestamp, id: EventId, channel: String, reason: String },
    /// It did not for too long.
    GivenUp { at: Timestamp, id: EventId, channel: String },
    /// All channels are done with it: what is left of an old event.
    Done { id: EventId, sent: Vec<String>, given_up: Vec<String> },
    /// The state of a channel at the time when older lines were dropped.
    Channel { name: String, last: LastSend },
}

/// What became of the last message that a channel tried to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSend {
    pub at: Timestamp,
    /// Why it was not sent; `None` if it was.
    pub failed: Option<String>,
}

/// What became of one message to one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not sent yet.
    Open(Attempts),
    Sent,
    GivenUp,
}

/// The attempts to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// When the event was put into the outbox.
    pub since: Timestamp,
    pub count: u32,
    /// The last of them.
    pub last: Option<Timestamp>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// Pauses between attempts, and when they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// First pause, in seconds; doubled up to an hour.
    pub retry_s: u64,
    pub give_up_h: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retry_s: 30, give_up_h: 24 }
    }
}

impl Attempts {
    /// When the next one is due; `None` if it is due now.
    pub fn due(&self, now: Timestamp, patience: Patience) -> Option<Timestamp> {
        let doubled = self.count.saturating_sub(1).min(12);
        let pause = patience.retry_s.saturating_mul(1 << doubled).min(LONGEST_PAUSE_S.max(patience.retry_s));
        let last = self.last?;
        // The clock may have been set back: no pause is longer than this from now either.
        let pause = SignedDuration::from_secs(i64::try_from(pause).unwrap_or(i64::MAX));
        let due = last.checked_add(pause).ok()?;
        (due > now && last <= now).then_some(due)
    }

    /// Whether it was tried for long enough.
    pub fn is_hopeless(&self, now: Timestamp, patience: Patience) -> bool {
        let hours = SignedDuration::from_hours(i64::try_from(patience.give_up_h).unwrap_or(i64::MAX / 3_600));
        self.count > 0 && now.duration_since(self.since) >= hours
    }
}

/// An event with its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// `None` of an old event that everybody was told.
    pub event: Option<Box<Event>>,
    pub channels: BTreeMap<String, Delivery>,
}

/// The whole outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outbox {
    events: BTreeMap<EventId, Told>,
    /// The order in which events were first told.
    order: Vec<EventId>,
    last: BTreeMap<String, LastSend>,
}

impl Outbox {
    pub fn of(lines: impl IntoIterator<Item = OutboxLine>) -> Self {
        let mut outbox = Self::default();
        for line in lines {
            outbox.apply(line);
        }
        outbox
    }

    pub fn apply(&mut self, line: OutboxLine) {
        match line {
            OutboxLine::Told { at, event, channels } => {
                let told = self.entry(&event.id);
                for channel in channels {
                    let open = Attempts { since: at, count: 0, last: None, reason: None };
                    told.channels.entry(channel).or_insert(Delivery::Open(open));
                }
                told.event.get_or_insert(event);
            }
            OutboxLine::Sent { at, id, channel } => {
                self.last.insert(channel.clone(), LastSend { at, failed: None });
                self.entry(&id).channels.insert(channel, Delivery::Sent);
            }
            OutboxLine::Failed { at, id, channel, reason } => {
                self.last.insert(channel.clone(), LastSend { at, failed: Some(reason.clone()) });
                let fresh = Delivery::Open(Attempts { since: at, count: 0, last: None, reason: None });
                // What was sent stays sent.
                if let Delivery::Open(attempts) = self.entry(&id).channels.entry(channel).or_insert(fresh) {
                    attempts.count = attempts.count.saturating_add(1);
                    attempts.last = Some(at);
                    attempts.reason = Some(reason);
                }
            }
            OutboxLine::GivenUp { id, channel, .. } => {
                let delivery = self.entry(&id).channels.entry(channel).or_insert(Delivery::GivenUp);
                if *delivery != Delivery::Sent {
                    *delivery = Delivery::GivenUp;
                }
            }
            OutboxLine::Done { id, sent, given_up } => {
                let told = self.entry(&id);
                told.channels.extend(sent.into_iter().map(|channel| (channel, Delivery::Sent)));
                told.channels.extend(given_up.into_iter().map(|channel| (channel, Delivery::GivenUp)));
            }
            OutboxLine::Channel { name, last } => drop(self.last.insert(name, last)),
        }
    }

    fn entry(&mut self, id: &EventId) -> &mut Told {
        if !self.events.contains_key(id) {
            self.order.push(id.clone());
        }
        self.events.entry(id.clone()).or_insert_with(|| Told { event: None, channels: BTreeMap::new() })
    }

    /// Whether the event was told, by whatever channel.
    pub fn knows(&self, id: &EventId) -> bool {
        self.events.contains_key(id)
    }

    /// The event with its messages, if it was told.
    pub fn told(&self, id: &EventId) -> Option<&Told> {
        self.events.get(id)
    }

    /// What became of a message.
    pub fn delivery(&self, id: &EventId, channel: &str) -> Option<&Delivery> {
        self.events.get(id)?.channels.get(channel)
    }

    /// Those of `channels` that are not to tell the event yet.
    pub fn missing<'c>(&self, id: &EventId, channels: impl IntoIterator<Item = &'c str>) -> Vec<String> {
        let there = self.events.get(id);
        let missing = |channel: &&str| there.is_none_or(|told| !told.channels.contains_key(*channel));
        channels.into_iter().filter(missing).map(str::to_owned).collect()
    }

    /// The messages that a channel has not sent yet, oldest first.
    pub fn open<'o>(&'o self, channel: &'o str) -> impl Iterator<Item = (&'o Event, &'o Attempts)> {
        self.order.iter().filter_map(move |id| {
            let told = self.events.get(id)?;
            match (told.channels.get(channel), &told.event) {
                (Some(Delivery::Open(attempts)), Some(event)) => Some((&**event, attempts)),
                _ => None,
            }
        })
    }

    /// The channels that have something to send, or had.
    pub fn channels(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.events.values().flat_map(|t| t.channels.keys().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How many messages of a channel were given up.
    pub fn given_up(&self, channel: &str) -> usize {
        self.events.values().filter(|t| t.channels.get(channel) == Some(&Delivery::GivenUp)).count()
    }

    /// What became of the last message that a channel tried to send.
    pub fn last(&self, channel: &str) -> Option<&LastSend> {
        self.last.get(channel)
    }

    /// As few lines as say the same.
    pub fn compacted(&self) -> Vec<OutboxLine> {
        let mut out = Vec::new();
        for id in &self.order {
            let Some(told) = self.events.get(id) else { continue };
            let named = |wanted: &Delivery| -> Vec<String> {
                told.channels.iter().filter(|(_, d)| *d == wanted).map(|(name, _)| name.clone()).collect()
            };
            let (sent, given_up) = (named(&Delivery::Sent), named(&Delivery::GivenUp));
            let open: Vec<(&String, &Attempts)> = told
                .channels
                .iter()
                .filter_map(|(name, delivery)| match delivery {
                    Delivery::Open(attempts) => Some((name, attempts)),
                    Delivery::Sent | Delivery::GivenUp => None,
                })
                .collect();
            out.push(OutboxLine::Done { id: id.clone(), sent, given_up });
            let Some(event) = &told.event else { continue };
            for (channel, attempts) in open {
                let (at, channels) = (attempts.since, vec![channel.clone()]);
                out.push(OutboxLine::Told { at, event: event.clone(), channels });
                for _ in 0..attempts.count.min(16) {
                    let (at, reason) = (attempts.last.unwrap_or(attempts.since), attempts.reason.clone());
                    let (id, channel, reason) = (id.clone(), channel.clone(), reason.unwrap_or_default());
                    out.push(OutboxLine::Failed { at, id, channel, reason });
                }
            }
        }
        out.extend(self.last.iter().map(|(name, last)| OutboxLine::Channel { name: name.clone(), last: last.clone() }));
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::domain::event::samples;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn line((kind, event, channel, seconds): (u8, u8, u8, u32)) -> OutboxLine {
        let event = samples::arrived("m", u64::from(event % 4));
        let (id, channel, at) = (event.id.clone(), format!("c{}", channel % 3), at(seconds.into()));
        match kind % 6 {
            0 | 1 => OutboxLine::Told { at, event: Box::new(event), channels: vec![channel] },
            2 => OutboxLine::Sent { at, id, channel },
            3 => OutboxLine::GivenUp { at, id, channel },
            _ => OutboxLine::Failed { at, id, channel, reason: "no".to_owned() },
        }
    }

    proptest! {
        /// What was sent is never open again, whatever lines follow, and fewer lines say the same.
        #[test]
        fn what_was_sent_stays_sent_and_compacting_changes_nothing(
            lines in prop::collection::vec(any::<(u8, u8, u8, u32)>(), 0..40),
        ) {
            let lines: Vec<_> = lines.into_iter().map(line).collect();
            let mut outbox = Outbox::default();
            let mut sent = Vec::new();
            for line in lines.clone() {
                if let OutboxLine::Sent { id, channel, .. } = &line {
                    sent.push((id.clone(), channel.clone()));
                }
                outbox.apply(line);
                for (id, channel) in &sent {
                    prop_assert_eq!(outbox.delivery(id, channel), Some(&Delivery::Sent));
                }
            }
            let again = Outbox::of(outbox.compacted());
            for channel in ["c0", "c1", "c2"] {
                let open = |outbox: &Outbox| {
                    outbox.open(channel).map(|(e, a)| (e.clone(), a.last, a.since, a.count.min(16))).collect::<Vec<_>>()
                };
                prop_assert_eq!(open(&again), open(&outbox));
                prop_assert_eq!(again.given_up(channel), outbox.given_up(channel));
                prop_assert_eq!(again.last(channel), outbox.last(channel));
            }
            let known = |line: &OutboxLine| match line {
                OutboxLine::Told { event, .. } => again.knows(&event.id),
                _ => true,
            };
            prop_assert!(lines.iter().all(known));
            let text = |lines: &[OutboxLine]| lines.iter().map(|l| serde_json::to_string(l).unwrap()).collect::<Vec<_>>();
            let read: Vec<OutboxLine> = text(&lines).iter().map(|l| serde_json::from_str(l).unwrap()).collect();
            prop_assert_eq!(read, lines);
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_a_clock_set_back_does_not_stretch_them() {
        let patience = Patience::default();
        let of = |count| Attempts { since: at(0), count, last: (count > 0).then(|| at(100)), reason: None };
        let pause = |count| of(count).due(at(100), patience).map(|due| due.duration_since(at(100)).as_secs());
        assert_eq!([0, 1, 2, 3, 8, 200].map(pause), [None, Some(30), Some(60), Some(120), Some(3_600), Some(3_600)]);
        assert_eq!(of(3).due(at(220), patience), None);
        assert_eq!(of(3).due(at(-5_000), patience), None, "the clock was set back");
        assert!(!of(3).is_hopeless(at(86_399), patience) && of(3).is_hopeless(at(86_400), patience));
        assert!(!of(0).is_hopeless(at(86_400), patience), "nobody tried yet");
    }
}
