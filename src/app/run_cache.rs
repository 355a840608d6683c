//! A bounded cache of runs, loaded by requests of up to a hundred ids and by searches.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::query::Query;
use crate::domain::failure::Failure;
use crate::domain::ids::RunId;
use crate::domain::run::Run;

/// Runs per request: about 0.65 MB and a third of a second on a server with 20 metrics per run.
pub const RUNS_AT_ONCE: usize = 100;

/// Maximum cached answers of up to [`RUNS_AT_ONCE`] runs each: about 2.5 kB per run with 40 keys (measured), so
/// about 20 MB. The longest list that needs all of its runs at once is a trend.
const MOST_ANSWERS: usize = 80;

/// Runs kept if every answer is full. A list that needs more at once would request them in an endless loop.
pub const RUNS_KEPT: usize = MOST_ANSWERS * RUNS_AT_ONCE;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunCache {
    known: HashMap<RunId, Known>,
    /// Why the last attempt to read a run failed, by run id: lists look it up for every row.
    unread: HashMap<RunId, Arc<Failure>>,
    /// The ids of each cached answer, oldest first.
    answers: VecDeque<Vec<RunId>>,
    /// Number of refreshes.
    age: u64,
    /// Number of changes.
    changes: u64,
}

/// A run; none if the server has no such run.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    run: Option<Arc<Run>>,
    /// The [`RunCache::age`] at which it was read.
    age: u64,
}

impl RunCache {
    /// A run: none if it was not read yet, `Some(None)` if the server has no such run.
    pub fn get(&self, id: &RunId) -> Option<Option<&Run>> {
        self.known.get(id).map(|known| known.run.as_deref())
    }

    /// Why the run could not be read, if the last attempt failed.
    pub fn failure(&self, id: &RunId) -> Option<&Failure> {
        self.unread.get(id).map(AsRef::as_ref)
    }

    /// Change counter: anything derived from runs stays valid until it changes.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Adds runs found by a search, kept until they are replaced.
    pub fn found(&mut self, runs: impl IntoIterator<Item = Arc<Run>>) {
        for run in runs {
            self.learn(run.id.clone(), Some(run));
        }
    }

    /// Adds the answer to a request for `ids`, evicting the oldest.
    pub fn put(&mut self, ids: &[RunId], runs: Vec<Run>) {
        for id in ids {
            // Remember missing runs, so that they are not requested again.
            self.learn(id.clone(), None);
        }
        for run in runs {
            self.learn(run.id.clone(), Some(Arc::new(run)));
        }
        self.answers.retain(|kept| kept != ids);
        self.answers.push_back(ids.to_vec());
        if self.answers.len() > MOST_ANSWERS {
            for id in self.answers.pop_front().unwrap_or_default() {
                self.known.remove(&id);
            }
        }
    }

    /// Records that `ids` could not be read. Previous data stays.
    pub fn failed(&mut self, ids: &[RunId], failure: &Failure) {
        self.changes += 1;
        let failure = Arc::new(failure.clone());
        self.unread.extend(ids.iter().map(|id| (id.clone(), Arc::clone(&failure))));
    }

    /// Marks all runs as stale. They are requested again when needed, and shown until then.
    pub fn refresh(&mut self) {
        self.unread.clear();
        self.changes += 1;
        self.age += 1;
    }

    /// The queries that load the runs of these ids: those already `underway`, and one for the ids not requested yet.
    /// Runs are never requested one by one, and failed requests are only repeated after a refresh.
    pub fn to_ask<'q>(
        &self,
        ids: impl IntoIterator<Item = RunId>,
        underway: impl Iterator<Item = &'q Query>,
    ) -> Vec<Query> {
        let is_fresh = |id: &RunId| self.known.get(id).is_some_and(|known| known.age == self.age);
        let mut wanted: HashSet<RunId> =
            ids.into_iter().filter(|id| !is_fresh(id) && !self.unread.contains_key(id)).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut queries = Vec::new();
        for query in underway {
            let Query::Runs { ids } = query else { continue };
            let before = wanted.len();
            for id in ids {
                wanted.remove(id);
            }
            if wanted.len() < before {
                queries.push(query.clone());
            }
        }
        let mut ids: Vec<RunId> = wanted.into_iter().collect();
        ids.sort();
        ids.truncate(RUNS_AT_ONCE);
        if !ids.is_empty() {
            queries.push(Query::Runs { ids });
        }
        queries
    }

    fn learn(&mut self, id: RunId, run: Option<Arc<Run>>) {
        self.changes += 1;
        self.unread.remove(&id);
        self.known.insert(id, Known { run, age: self.age });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::{FailureKind, Service};

    fn id(n: usize) -> RunId {
        RunId::new(format!("run{n}"))
    }

    fn ask(cache: &RunCache, ids: &[RunId]) -> Vec<Query> {
        cache.to_ask(ids.iter().cloned(), std::iter::empty())
    }

    fn question(ids: &[RunId]) -> Query {
        Query::Runs { ids: ids.to_vec() }
    }

    fn refused() -> Failure {
        Failure::new(FailureKind::Unavailable, Service::Mlflow, "read runs", "refused")
    }

    #[test]
    fn runs_that_were_kept_longest_go_and_are_asked_for_again() {
        let mut cache = RunCache::default();
        for n in 0..=MOST_ANSWERS {
            cache.put(&[id(n)], Vec::new());
        }
        assert_eq!(ask(&cache, &[id(0), id(1)]), [question(&[id(0)])]);
    }

    #[test]
    fn what_is_under_way_is_not_asked_for_twice() {
        let underway = [question(&[id(1), id(2)])];
        let asked = RunCache::default().to_ask([id(2), id(3)], underway.iter());
        assert_eq!(asked, [underway[0].clone(), question(&[id(3)])]);
    }

    #[test]
    fn what_failed_is_asked_again_after_a_refresh_and_says_why_until_then() {
        let mut cache = RunCache::default();
        cache.failed(&[id(1), id(2)], &refused());
        assert_eq!(cache.failure(&id(1)), Some(&refused()));
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
        cache.refresh();
        assert_eq!(ask(&cache, &[id(1), id(2)]), [question(&[id(1), id(2)])]);
    }

    #[test]
    fn what_a_refresh_wants_read_again_is_shown_until_it_is() {
        let mut cache = RunCache::default();
        cache.put(&[id(1), id(2)], Vec::new());
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
        cache.refresh();
        assert_eq!(ask(&cache, &[id(1), id(2)]), [question(&[id(1), id(2)])]);
        assert_eq!(cache.get(&id(1)), Some(None));
        cache.put(&[id(1), id(2)], Vec::new());
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
    }
}
