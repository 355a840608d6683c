//! Artificial latency, so that a demo shows progress as with a real server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::ports::Clock;

/// The latency of a call, between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    from: Duration,
    to: Duration,
}

impl Latency {
    /// No latency: for tests.
    pub const NONE: Self = Self { from: Duration::ZERO, to: Duration::ZERO };

    /// 40 to 150 ms: a server in the same building.
    pub const DEMO: Self = Self { from: Duration::from_millis(40), to: Duration::from_millis(150) };

    /// Between `from` and `to`, in either order.
    pub fn between(from: Duration, to: Duration) -> Self {
        Self { from: from.min(to), to: from.max(to) }
    }

    /// The latency of the `n`th call. The same call always takes the same time.
    fn of_call(self, n: u64) -> Duration {
        let span = u64::try_from((self.to - self.from).as_millis()).unwrap_or(u64::MAX);
        // Fibonacci hashing spreads consecutive numbers over the whole range.
        let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.from + Duration::from_millis(if span == 0 { 0 } else { spread % (span + 1) })
    }
}

/// Calls of a new connection that are answered at once: no artificial wait holds up the first list.
const AT_ONCE: u64 = 8;

/// The simulated connection.
pub(super) struct Wire {
    clock: Arc<dyn Clock>,
    latency: Latency,
    calls: AtomicU64,
}

impl Wire {
    pub(super) fn new(clock: Arc<dyn Clock>, latency: Latency) -> Self {
        Self { clock, latency, calls: AtomicU64::new(1) }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Waits for this call's latency.
    pub(super) async fn pass(&self) {
        let n = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.latency != Latency::NONE && n > AT_ONCE {
            self.clock.sleep(self.latency.of_call(n)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_within_their_bounds_and_vary() {
        let delays: Vec<_> = (1..100).map(|n| Latency::DEMO.of_call(n)).collect();
        assert!(delays.iter().all(|d| (Latency::DEMO.from..=Latency::DEMO.to).contains(d)));
        assert!(delays.windows(2).any(|w| w[0] != w[1]));
    }

    #[test]
    fn no_latency_is_no_delay() {
        assert_eq!(Latency::NONE.of_call(7), Duration::ZERO);
    }
}
