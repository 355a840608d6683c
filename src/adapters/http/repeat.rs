//! Retries of reads.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};

use super::classify::{Again, Trouble};
use super::pace::LONGEST;

/// Longest wait of a read if the server asks for a delay; a person should hardly notice.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The longest backoff of our own, as in MLflow's client.
const MAX_BACKOFF: Duration = Duration::from_secs(120);

/// How reads are retried. Writes never are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeat {
    /// Retries after the first attempt.
    pub times: usize,
    /// Delay before the first retry; doubles each time.
    pub pause: Duration,
    /// What is added to each delay at most, at random; by default as much as the delay itself.
    pub jitter: Option<Duration>,
    /// Whether to respect the server's delay (`Retry-After`).
    pub heed: bool,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { times: 2, pause: Duration::from_millis(200), jitter: None, heed: true }
    }
}

impl Repeat {
    /// `pause` with the random addition, of which `share` is the part from 0 to 1.
    fn spread(self, pause: Duration, share: f64) -> Duration {
        (pause + self.jitter.unwrap_or(pause).mul_f64(share)).min(MAX_BACKOFF)
    }

    /// Calls `once` until it succeeds or a retry makes no sense. None begins after `patience`, so the whole takes hardly
    /// more than twice as long as one attempt may. Where `paced`, `once` itself waits out the pause that a server asks
    /// for.
    pub(super) async fn run<T, F: Future<Output = Result<T, Trouble>>>(
        self,
        patience: Duration,
        paced: bool,
        once: impl FnMut() -> F,
    ) -> Result<T, Trouble> {
        let pauses =
            ExponentialBuilder::new().with_min_delay(self.pause).with_max_delay(MAX_BACKOFF).with_max_times(self.times);
        let begun = Instant::now();
        once.retry(pauses)
            .when(|trouble| trouble.again != Again::Never && begun.elapsed() < patience)
            // There is no pause after the last attempt.
            .adjust(|trouble, pause| match (trouble.again, pause.map(|pause| self.spread(pause, random()))) {
                (Again::After(wait), Some(pause)) if self.heed && paced => (wait <= LONGEST).then_some(pause),
                (Again::After(wait), Some(pause)) if self.heed => (wait <= MAX_PAUSE).then_some(wait.max(pause)),
                (_, pause) => pause,
            })
            .notify(|trouble, pause| {
                let f = &trouble.failure;
                tracing::debug!(operation = %f.operation, reason = %f.reason, cause = %trouble.cause, ?pause, "repeating a read");
            })
            .await
    }
}

/// A number from 0 to 1. Hashing is seeded anew for each state, which is random enough to keep clients apart.
fn random() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::failure::{Failure, FailureKind, Service};

    #[test]
    fn a_pause_grows_by_the_jitter_at_most() {
        let (half, second) = (Duration::from_millis(500), Duration::from_secs(1));
        let with = |jitter| Repeat { jitter, ..Repeat::default() };
        assert_eq!(with(Some(half)).spread(second, 1.0), second + half);
        assert_eq!(with(Some(Duration::ZERO)).spread(second, 1.0), second);
        assert_eq!((with(None).spread(second, 0.0), with(None).spread(second, 1.0)), (second, 2 * second));
        assert_eq!(with(None).spread(MAX_BACKOFF, 1.0), MAX_BACKOFF);
        let shares: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares.windows(2).any(|s| s[0] != s[1]));
    }

    /// A server that is slow to fail is not asked three times over.
    #[tokio::test]
    async fn no_attempt_begins_after_the_time_of_one() {
        for (patience, attempts) in [(Duration::ZERO, 1), (Duration::from_secs(600), 3)] {
            let asked = Cell::new(0);
            let repeat = Repeat { pause: Duration::ZERO, ..Repeat::default() };
            let ended: Result<(), _> = repeat
                .run(patience, false, || async {
                    asked.set(asked.get() + 1);
                    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "read x", "it is busy");
                    Err(Trouble { again: Again::Soon, ..failure.into() })
                })
                .await;
            assert!(ended.is_err());
            assert_eq!(asked.get(), attempts, "{patience:?}");
        }
    }
}
