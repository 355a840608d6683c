//! Bounded caches of runs, loaded by requests of up to a hundred ids and by searches, and of logged models.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use super::query::Query;
use crate::domain::failure::Failure;
use crate::domain::ids::RunId;
use crate::domain::logged::LoggedModel;
use crate::domain::registry::{OpenRequests, VersionKey};
use crate::domain::run::Run;

/// Runs per request: about 0.65 MB and a third of a second on a server with 20 metrics per run.
pub const RUNS_AT_ONCE: usize = 100;

/// Maximum cached answers of up to [`RUNS_AT_ONCE`] runs each: about 2.5 kB per run with 40 keys (measured), so
/// about 20 MB. The longest list that needs all of its runs at once is a trend.
const MOST_ANSWERS: usize = 80;

/// Runs kept if every answer is full. A list that needs more at once would request them in an endless loop.
pub const RUNS_KEPT: usize = MOST_ANSWERS * RUNS_AT_ONCE;

/// What is loaded many at once by id.
pub trait Batched {
    type Id: Clone + Eq + Hash + Ord;

    /// Most ids of one query.
    const AT_ONCE: usize = RUNS_AT_ONCE;

    fn id(&self) -> &Self::Id;
    /// The query for these ids.
    fn ask(ids: Vec<Self::Id>) -> Query;
    /// The ids of such a query.
    fn asked(query: &Query) -> Option<&[Self::Id]>;
}

impl Batched for Run {
    type Id = RunId;

    fn id(&self) -> &RunId {
        &self.id
    }

    fn ask(ids: Vec<RunId>) -> Query {
        Query::Runs { ids }
    }

    fn asked(query: &Query) -> Option<&[RunId]> {
        if let Query::Runs { ids } = query { Some(ids) } else { None }
    }
}

impl Batched for LoggedModel {
    type Id = String;

    fn id(&self) -> &String {
        &self.id
    }

    fn ask(ids: Vec<String>) -> Query {
        Query::LoggedModels { ids }
    }

    fn asked(query: &Query) -> Option<&[String]> {
        if let Query::LoggedModels { ids } = query { Some(ids) } else { None }
    }
}

/// A registry lists requests version by version, so that a query is as many requests as it has ids.
impl Batched for OpenRequests {
    type Id = VersionKey;

    const AT_ONCE: usize = 20;

    fn id(&self) -> &VersionKey {
        &self.of
    }

    fn ask(of: Vec<VersionKey>) -> Query {
        Query::Requests { of }
    }

    fn asked(query: &Query) -> Option<&[VersionKey]> {
        if let Query::Requests { of } = query { Some(of) } else { None }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct BatchCache<T: Batched> {
    known: HashMap<T::Id, Known<T>>,
    /// Why the last attempt to read one failed, by id: lists look it up for every row.
    unread: HashMap<T::Id, Arc<Failure>>,
    /// The ids of each cached answer, oldest first.
    answers: VecDeque<Vec<T::Id>>,
    /// Number of refreshes.
    age: u64,
    /// Number of changes.
    changes: u64,
}

impl<T: Batched> Default for BatchCache<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), unread: HashMap::new(), answers: VecDeque::new(), age: 0, changes: 0 }
    }
}

/// An item; none if the server has no such item.
#[derive(Clone, Debug, PartialEq)]
struct Known<T> {
    item: Option<Arc<T>>,
    /// The [`BatchCache::age`] at which it was read.
    age: u64,
}

impl<T: Batched> BatchCache<T> {
    /// An item: none if it was not read yet, `Some(None)` if the server has no such item.
    pub fn get(&self, id: &T::Id) -> Option<Option<&T>> {
        self.known.get(id).map(|known| known.item.as_deref())
    }

    /// Everything that was read, in no order.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.known.values().filter_map(|known| known.item.as_deref())
    }

    /// Why it could not be read, if the last attempt failed.
    pub fn failure(&self, id: &T::Id) -> Option<&Failure> {
        self.unread.get(id).map(AsRef::as_ref)
    }

    /// Change counter: anything derived from the items stays valid until it changes.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Adds items found by a search, kept until they are replaced.
    pub fn found(&mut self, items: impl IntoIterator<Item = Arc<T>>) {
        for item in items {
            self.learn(item.id().clone(), Some(item));
        }
    }

    /// Adds the answer to a request for `ids`, evicting the oldest.
    pub fn put(&mut self, ids: &[T::Id], items: Vec<T>) {
        for id in ids {
            // Remember missing ones, so that they are not requested again.
            self.learn(id.clone(), None);
        }
        for item in items {
            self.learn(item.id().clone(), Some(Arc::new(item)));
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
    pub fn failed(&mut self, ids: &[T::Id], failure: &Failure) {
        self.changes += 1;
        let failure = Arc::new(failure.clone());
        self.unread.extend(ids.iter().map(|id| (id.clone(), Arc::clone(&failure))));
    }

    /// Marks all as stale. They are requested again when needed, and shown until then.
    pub fn refresh(&mut self) {
        self.unread.clear();
        self.changes += 1;
        self.age += 1;
    }

    /// The queries that load these ids: those already `underway`, and one for the ids not requested yet. They are never
    /// requested one by one, and failed requests are only repeated after a refresh.
    pub fn to_ask<'q>(
        &self,
        ids: impl IntoIterator<Item = T::Id>,
        underway: impl Iterator<Item = &'q Query>,
    ) -> Vec<Query> {
        let is_fresh = |id: &T::Id| self.known.get(id).is_some_and(|known| known.age == self.age);
        let mut wanted: HashSet<T::Id> =
            ids.into_iter().filter(|id| !is_fresh(id) && !self.unread.contains_key(id)).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut queries = Vec::new();
        for query in underway {
            let Some(ids) = T::asked(query) else { continue };
            let before = wanted.len();
            for id in ids {
                wanted.remove(id);
            }
            if wanted.len() < before {
                queries.push(query.clone());
            }
        }
        let mut ids: Vec<T::Id> = wanted.into_iter().collect();
        ids.sort();
        ids.truncate(T::AT_ONCE);
        if !ids.is_empty() {
            queries.push(T::ask(ids));
        }
        queries
    }

    fn learn(&mut self, id: T::Id, item: Option<Arc<T>>) {
        self.changes += 1;
        self.unread.remove(&id);
        self.known.insert(id, Known { item, age: self.age });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::{FailureKind, Service};

    fn id(n: usize) -> RunId {
        RunId::new(format!("run{n}"))
    }

    fn ask(cache: &BatchCache<Run>, ids: &[RunId]) -> Vec<Query> {
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
        let mut cache = BatchCache::<Run>::default();
        for n in 0..=MOST_ANSWERS {
            cache.put(&[id(n)], Vec::new());
        }
        assert_eq!(ask(&cache, &[id(0), id(1)]), [question(&[id(0)])]);
    }

    #[test]
    fn what_is_under_way_is_not_asked_for_twice() {
        let underway = [question(&[id(1), id(2)])];
        let asked = BatchCache::<Run>::default().to_ask([id(2), id(3)], underway.iter());
        assert_eq!(asked, [underway[0].clone(), question(&[id(3)])]);
    }

    #[test]
    fn what_failed_is_asked_again_after_a_refresh_and_says_why_until_then() {
        let mut cache = BatchCache::<Run>::default();
        cache.failed(&[id(1), id(2)], &refused());
        assert_eq!(cache.failure(&id(1)), Some(&refused()));
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
        cache.refresh();
        assert_eq!(ask(&cache, &[id(1), id(2)]), [question(&[id(1), id(2)])]);
    }

    #[test]
    fn what_a_refresh_wants_read_again_is_shown_until_it_is() {
        let mut cache = BatchCache::<Run>::default();
        cache.put(&[id(1), id(2)], Vec::new());
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
        cache.refresh();
        assert_eq!(ask(&cache, &[id(1), id(2)]), [question(&[id(1), id(2)])]);
        assert_eq!(cache.get(&id(1)), Some(None));
        cache.put(&[id(1), id(2)], Vec::new());
        assert_eq!(ask(&cache, &[id(1), id(2)]), []);
    }
}
