//! Verdicts on versions, each with the facts that it was read for.
//!
//! A list and a review read the facts of one version on their own, and these may differ in what no rule looks at. Each
//! finds the verdict for its own facts; the newest is shown where that does not matter.

use std::collections::HashMap;

use crate::domain::facts::SharedFacts;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::Evaluation;
use crate::domain::registry::VersionKey;

/// Verdicts kept of one version: those for the facts of a list and of a review.
const KEPT: usize = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluations {
    /// Newest first.
    by_version: HashMap<VersionKey, Vec<(SharedFacts, Evaluation)>>,
    changes: u64,
}

impl Evaluations {
    /// The verdict that was read last.
    pub fn latest(&self, model: &ModelName, version: VersionNumber) -> Option<&Evaluation> {
        self.by_version.get(&(model.clone(), version))?.first().map(|(_, evaluation)| evaluation)
    }

    /// The verdict that was read for exactly these facts.
    pub fn of(&self, facts: &SharedFacts) -> Option<&Evaluation> {
        let all = self.by_version.get(&(facts.version.model.clone(), facts.version.number))?;
        all.iter().find(|(of, _)| of == facts).map(|(_, evaluation)| evaluation)
    }

    /// Change counter.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Adds a verdict. Returns the facts of the one that is dropped for it.
    pub fn put(&mut self, facts: SharedFacts, evaluation: Evaluation) -> Option<SharedFacts> {
        self.changes += 1;
        let key = (facts.version.model.clone(), facts.version.number);
        let all = self.by_version.entry(key).or_default();
        all.retain(|(of, _)| *of != facts);
        // One is large, and most versions have one.
        all.reserve_exact(1);
        all.insert(0, (facts, evaluation));
        if all.len() > KEPT { all.pop().map(|(facts, _)| facts) } else { None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::evidence::{Code, Evidence, not_asked};
    use crate::domain::promotion::samples;

    fn facts(source: &str) -> SharedFacts {
        let mut facts = samples::facts();
        facts.version.source = source.to_owned();
        facts.into()
    }

    fn evaluation(facts: &SharedFacts) -> Evaluation {
        let why = not_asked("anything");
        Evaluation::of(
            Vec::new(),
            Evidence {
                facts: (**facts).clone(),
                code: Code::unread(&why),
                requests: Err(why.clone()),
                signature: Err(why),
                artifact: None,
                read_at: samples::now(),
            },
        )
    }

    #[test]
    fn each_of_two_readers_finds_its_own_verdict_and_the_newest_is_the_last_that_was_read() {
        let (mut all, [a, b, c]) = (Evaluations::default(), ["a", "b", "c"].map(facts));
        assert_eq!(all.put(a.clone(), evaluation(&a)), None);
        assert_eq!(all.put(b.clone(), evaluation(&b)), None);
        assert_eq!(all.put(a.clone(), evaluation(&a)), None, "it is there already");
        let latest = all.latest(&a.version.model, a.version.number).unwrap();
        assert_eq!(latest.evidence.facts.version.source, "a");
        assert_eq!(all.of(&b).unwrap().evidence.facts.version.source, "b");
        assert_eq!(all.put(c.clone(), evaluation(&c)), Some(b.clone()), "the oldest goes");
        assert_eq!((all.of(&b), all.changes()), (None, 4));
    }
}
