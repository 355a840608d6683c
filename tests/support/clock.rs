//! A clock that only moves when set, advanced or slept on.
#![allow(clippy::unwrap_used, dead_code, reason = "each test binary uses its own part")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use signoff::domain::ids::PromotionId;
use signoff::ports::Clock;

/// A manually controlled clock. Sleeping takes no time, and advances the clock.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
    ids: AtomicU64,
}

impl ManualClock {
    /// A clock at `now`, such as `2026-11-23T09:00:00Z`.
    pub fn at(now: &str) -> Self {
        Self { now: Mutex::new(now.parse().unwrap()), ids: AtomicU64::new(1) }
    }

    /// Sets the time, possibly backwards.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap() = now;
    }

    /// Advances the time.
    pub fn advance(&self, duration: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(SignedDuration::try_from(duration).unwrap()).unwrap();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> PromotionId {
        let n = self.ids.fetch_add(1, Ordering::Relaxed);
        let millis = u64::try_from(self.now().as_millisecond()).unwrap();
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&n.to_be_bytes());
        PromotionId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.advance(duration);
        std::future::ready(()).boxed()
    }
}
