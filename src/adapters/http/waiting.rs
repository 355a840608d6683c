//! What is being waited for: every request that was sent and not yet answered, so that a person can be told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::waiting::Waiting;

/// One request without an answer.
#[derive(Debug)]
struct Unanswered {
    place: String,
    operation: String,
    since: Instant,
    /// When it is given up.
    at_most: Duration,
    /// Not sent yet: the server is to be left alone so long.
    paused: bool,
}

#[derive(Debug, Default)]
struct Sent {
    next: u64,
    open: BTreeMap<u64, Unanswered>,
}

/// For the whole process: adapters of several servers send at once, and whoever tells a person knows none of them.
static SENT: Mutex<Sent> = Mutex::new(Sent { next: 0, open: BTreeMap::new() });

/// The request that has waited longest.
pub fn longest() -> Option<Waiting> {
    // Numbered in the order in which they were sent.
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    sent.open.values().next().map(told)
}

fn told(open: &Unanswered) -> Waiting {
    Waiting {
        place: open.place.clone(),
        operation: open.operation.clone(),
        waited_s: open.since.elapsed().as_secs(),
        // The rest of a second counts as one, so that a limit below a second is not "at most 0 s".
        at_most_s: open.at_most.as_millis().div_ceil(1_000) as u64,
        paused: open.paused,
    }
}

/// What is waited for at one server.
#[cfg(test)]
pub(super) fn of(place: &str) -> Option<Waiting> {
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    sent.open.values().find(|open| open.place == place).map(told)
}

/// Registers a request until dropped.
#[derive(Debug)]
pub(super) struct Open(u64);

impl Open {
    /// A request that was sent.
    pub(super) fn new(place: &str, operation: &str, at_most: Duration) -> Self {
        Self::add(place, operation, at_most, false)
    }

    /// A request that is held back for `left`.
    pub(super) fn paused(place: &str, operation: &str, left: Duration) -> Self {
        Self::add(place, operation, left, true)
    }

    fn add(place: &str, operation: &str, at_most: Duration, paused: bool) -> Self {
        let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
        let number = sent.next;
        sent.next += 1;
        let (place, operation) = (place.to_owned(), operation.to_owned());
        sent.open.insert(number, Unanswered { place, operation, since: Instant::now(), at_most, paused });
        Self(number)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        SENT.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_waited_for_until_it_ends() {
        // Other tests of this process may wait for something too.
        let is_ours = || {
            let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
            sent.open.values().any(|w| w.place == "http://waiting.example" && w.operation == "read x")
        };
        let open = Open::new("http://waiting.example", "read x", Duration::from_secs(30));
        assert!(is_ours() && longest().is_some());
        drop(open);
        assert!(!is_ours());
    }
}
