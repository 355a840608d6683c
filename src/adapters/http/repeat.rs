//! When a read is sent again.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::classify::{Again, Trouble};

/// A read waits at most this long where the server asks for a pause; a person should hardly notice.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// As MLflow's client: no pause of our own is longer.
const MAX_BACKOFF: Duration = Duration::from_secs(120);

/// How reads are repeated. Writes never are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeat {
    /// How many times, after the first try.
    pub times: usize,
    /// Before the first repetition; doubles each time, and up to as much again is added at random.
    pub pause: Duration,
    /// Whether the pause a server asks for (`Retry-After`) counts.
    pub heed: bool,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { times: 2, pause: Duration::from_millis(200), heed: true }
    }
}

impl Repeat {
    /// Calls `once` until it succeeds, or until repeating it makes no sense.
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
            // No pause is left after the last try.
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
