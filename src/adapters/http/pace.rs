//! How often one server may be asked, by all clients of this process together, and not at all while it asks for a pause.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::waiting::Open;

/// The time in which a share is counted.
const WINDOW: Duration = Duration::from_secs(1);
/// Requests at once.
const SEATS: usize = 8;
/// The longest pause that is waited for; a longer one is said, and ends the request.
pub(super) const LONGEST: Duration = Duration::from_secs(120);
/// The pause where a server says that there were too many requests, and not for how long (Databricks' SDKs).
const UNTOLD: Duration = Duration::from_secs(1);

/// Requests that a server counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    pub name: &'static str,
    /// Most of them within one second.
    pub most: usize,
}

/// The pace of one server.
#[derive(Debug)]
pub struct Pace {
    seats: Semaphore,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    /// The latest turns of each share, oldest first.
    turns: HashMap<Share, VecDeque<Instant>>,
    /// The end of the pause that the server asked for.
    paused: Option<Instant>,
}

impl Plan {
    /// Takes the next turn: never more than `most` of the share begin within a second, and none in a pause.
    fn book(&mut self, now: Instant, share: Option<Share>) -> Instant {
        let mut at = self.paused.map_or(now, |end| end.max(now));
        let Some(share) = share else { return at };
        let turns = self.turns.entry(share).or_default();
        if turns.len() >= share.most.max(1) {
            at = turns.pop_front().map_or(at, |oldest| at.max(oldest + WINDOW));
        }
        // In the order in which they were asked for.
        at = turns.back().map_or(at, |last| at.max(*last));
        turns.push_back(at);
        at
    }
}

impl Pace {
    fn new() -> Self {
        Self { seats: Semaphore::new(SEATS), plan: Mutex::default() }
    }

    /// The pace of the server called `place`: one for the whole process, however many clients there are.
    pub fn of(place: &str) -> Arc<Self> {
        static ALL: Mutex<Option<HashMap<String, Arc<Pace>>>> = Mutex::new(None);
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.get_or_insert_default().entry(place.to_owned()).or_insert_with(|| Arc::new(Self::new())))
    }

    /// Waits for a turn, which lasts until what is returned is dropped. A wait is shown as one.
    pub(super) async fn turn(&self, place: &str, operation: &str, share: Option<Share>) -> Option<SemaphorePermit<'_>> {
        let mut at = self.plan(|plan| plan.book(Instant::now(), share));
        loop {
            let left = at.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                let _shown = Open::paused(place, operation, left);
                sleep_until(at).await;
            }
            // Another request may have been asked to wait meanwhile.
            match self.plan(|plan| plan.paused).filter(|end| *end > Instant::now()) {
                Some(end) => at = end,
                None => break,
            }
        }
        // The semaphore is never closed.
        self.seats.acquire().await.ok()
    }

    /// The server asks to wait; nothing is sent before the end. A pause that is too long to wait for is not kept: each
    /// request says it by itself.
    pub(super) fn pause(&self, wait: Option<Duration>) {
        let wait = wait.unwrap_or(UNTOLD);
        if wait <= LONGEST {
            let end = Instant::now() + wait;
            self.plan(|plan| plan.paused = Some(plan.paused.map_or(end, |known| known.max(end))));
        }
    }

    fn plan<T>(&self, f: impl FnOnce(&mut Plan) -> T) -> T {
        f(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEARCHES: Share = Share { name: "searches", most: 7 };

    proptest! {
        /// Whenever requests come, no second sees more than the share, and none waits longer than it must.
        #[test]
        fn no_second_sees_more_than_the_share(gaps in prop::collection::vec(0_u64..400, 1..80)) {
            let (mut plan, begun) = (Plan::default(), Instant::now());
            let (mut now, mut turns) = (begun, Vec::new());
            for gap in gaps {
                now += Duration::from_millis(gap);
                let at = plan.book(now, Some(SEARCHES));
                prop_assert!(at >= now);
                if at > now {
                    // It waits only because the seventh before it was less than a second ago.
                    let before: Instant = turns[turns.len() - SEARCHES.most];
                    prop_assert!(at == before + WINDOW || turns.last() == Some(&at));
                }
                turns.push(at);
            }
            for (i, at) in turns.iter().enumerate() {
                let within = turns[i..].iter().filter(|later| **later < *at + WINDOW).count();
                prop_assert!(within <= SEARCHES.most, "{within} within a second");
            }
        }
    }

    #[test]
    fn other_requests_do_not_wait_for_searches() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        for _ in 0..20 {
            plan.book(now, Some(SEARCHES));
        }
        assert_eq!(plan.book(now, None), now);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_in_a_pause_and_the_wait_is_shown() {
        let pace = Pace::new();
        let begun = Instant::now();
        pace.pause(Some(Duration::from_secs(20)));
        pace.pause(Some(Duration::from_secs(3)));
        let waits = pace.turn("https://paced.example", "list models", None);
        let seen = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            super::super::waiting::of("https://paced.example")
        };
        let (_turn, shown) = tokio::join!(waits, seen);
        assert_eq!(begun.elapsed(), Duration::from_secs(20), "the longer pause counts");
        let shown = shown.map(|waiting| waiting.said(Some("Esc"))).unwrap_or_default();
        assert!(shown.starts_with("https://paced.example asks to wait"), "{shown}");
        pace.pause(Some(LONGEST + Duration::from_secs(1)));
        let before = Instant::now();
        drop(pace.turn("https://paced.example", "list models", None).await);
        assert_eq!(before.elapsed(), Duration::ZERO, "a pause that is too long is not waited for");
    }

    #[test]
    fn a_server_has_one_pace_whoever_asks() {
        assert!(Arc::ptr_eq(&Pace::of("https://one.example"), &Pace::of("https://one.example")));
        assert!(!Arc::ptr_eq(&Pace::of("https://one.example"), &Pace::of("https://two.example")));
    }
}
