//! Retries of reads.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::classify::{Again, Trouble};

/// Longest wait of a read if the server asks for a delay; a person should hardly notice.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The longest backoff of our own, as in MLflow's client.
const MAX_BACKOFF: Duration = Duration::from_secs(120);

/// How reads are retried. Writes never are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeat {
    /// Retries after the first attempt.
    pub times: usize,
    /// Delay before the first retry; doubles each time, plus up to as much again at random.
    pub pause: Duration,
    /// Whether to respect the server's delay (`Retry-After`).
    pub heed: bool,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { times: 2, pause: Duration::from_millis(200), heed: true }
    }
}

impl Repeat {
    /// Calls `once` until it succeeds or a retry makes no sense.
    pub(super) async fn run<T, F: Future<Output = Result<T, Trouble>>>(
        self,
        once: impl FnMut() -> F,
    ) -> Result<T, Trouble> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.pause)
            .with_max_delay(MAX_BACKOFF)
            .with_max_times(self.times)
            .with_jitter();
        once.retry(pauses)
            .when(|trouble| trouble.again != Again::Never)
            // There is no pause after the last attempt.
            .adjust(|trouble, pause| match (trouble.again, pause) {
                (Again::After(wait), Some(pause)) if self.heed => (wait <= MAX_PAUSE).then_some(wait.max(pause)),
                _ => pause,
            })
            .notify(|trouble, pause| {
                let f = &trouble.failure;
                tracing::debug!(operation = %f.operation, reason = %f.reason, cause = %trouble.cause, ?pause, "repeating a read");
            })
            .await
    }
}
