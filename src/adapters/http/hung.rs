//! A server that let a read wait in vain. What is read one thing after the other would wait as long for each of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::failure::{Failure, FailureKind, Outcome};

/// How long a server is not asked after that. What follows in the same breath is spared; whoever tries again is not.
const BREATH: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct Seen {
    /// When the server last answered anything.
    answered: Option<Instant>,
    /// When a read ended without an answer, and how.
    hung: Option<(Instant, Failure)>,
}

/// What is known of a server that hangs.
#[derive(Debug, Default)]
pub(super) struct Hung(Mutex<Seen>);

impl Hung {
    /// The failure of a read that is not worth sending, because one has just waited in vain.
    pub(super) fn just_now(&self, operation: &str) -> Option<Failure> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, failure) = seen.hung.as_ref().filter(|(at, _)| at.elapsed() < BREATH)?;
        tracing::debug!(%operation, since = ?at.elapsed(), "not asked: the server hangs");
        Some(Failure { operation: operation.to_owned(), ..failure.clone() })
    }

    /// Notes how a read ended that began at `begun`. One that took most of `patience` and got no answer tells, unless
    /// the server answered something else meanwhile: then only this question is slow.
    pub(super) fn note<T>(&self, begun: Instant, patience: Duration, ended: &Outcome<T>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Err(failure) if failure.kind == FailureKind::Unavailable => {
                let silent = seen.answered.is_none_or(|at| at < begun);
                if silent && begun.elapsed() >= patience / 2 {
                    seen.hung = Some((Instant::now(), failure.clone()));
                }
            }
            Ok(_) | Err(_) => *seen = Seen { answered: Some(Instant::now()), hung: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::Service;

    fn unanswered() -> Outcome<()> {
        Err(Failure::new(FailureKind::Unavailable, Service::Mlflow, "read a", "h did not answer within 30 s"))
    }

    #[test]
    fn only_a_server_that_answered_nothing_for_long_is_spared_and_for_a_breath() {
        let (long, patience) = (Instant::now().checked_sub(Duration::from_secs(30)), Duration::from_secs(30));
        let Some(long) = long else { return };
        let hung = Hung::default();
        hung.note(Instant::now(), patience, &unanswered());
        assert_eq!(hung.just_now("read b"), None, "a refused connection is not a wait");
        hung.note(long, patience, &unanswered());
        let said = hung.just_now("read b").map(|f| (f.operation, f.reason));
        assert_eq!(said, Some(("read b".to_owned(), "h did not answer within 30 s".to_owned())));
        hung.note(Instant::now(), patience, &Ok(()));
        assert_eq!(hung.just_now("read b"), None, "it answers again");
        hung.note(long, patience, &unanswered());
        assert_eq!(hung.just_now("read b"), None, "it answered something else meanwhile");
    }
}
