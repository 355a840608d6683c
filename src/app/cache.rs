//! The cache of remote data. Screens hold ids and look things up here, so that no two screens disagree.
//!
//! What was read stays until something newer was read: a failed refresh marks data as stale, it never
//! empties a screen.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::eager_pages::EagerPages;
use super::lazy_pages::{FoundRuns, LazyPages};
use super::paint::{Canvas, Graphic};
use super::query::{Known, Merge, Query, Reply, RequestId};
use super::recent::Recent;
use super::run_cache::RunCache;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::SharedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{ModelName, PromotionId, RunId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preview::Preview;
use crate::domain::promotion::Progress;
use crate::domain::promotion::SagaState;
use crate::domain::record::Sealed;
use crate::domain::record::chain::{ChainLine, Outcome as RecordOutcome};
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::run::Run;

/// Answers to questions for histories kept at once: one is asked for every metric the cursor rests on.
const MOST_HISTORIES: usize = 64;
/// Previews kept at once: each may take a megabyte.
const MOST_PREVIEWS: usize = 8;
/// Pictures made ready that are kept at once: each is one size of one file.
const MOST_GRAPHICS: usize = 3;

/// How far one question is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// The request under way.
    pub loading: Option<RequestId>,
    /// When it was last answered.
    pub read_at: Option<Timestamp>,
    /// When it was last answered or refused.
    pub tried_at: Option<Timestamp>,
    /// Why the last try failed; cleared by the next answer.
    pub failure: Option<Failure>,
    stale: bool,
}

impl Slot {
    /// Whether it should be asked now. What failed is asked again only when a person refreshes.
    fn is_due(&self) -> bool {
        self.loading.is_none() && (self.stale || (self.read_at.is_none() && self.failure.is_none()))
    }
}

/// Everything that was read, and what is being read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cache {
    slots: HashMap<Query, Slot>,
    known: Known,
    /// Models in name order.
    pub models: EagerPages<RegisteredModel>,
    versions: HashMap<ModelName, EagerPages<ModelVersion>>,
    /// Counts the answers to questions for one version, refusals included.
    single_changes: u64,
    runs: RunCache,
    /// Experiments, newest first.
    pub experiments: LazyPages<Experiment>,
    searches: HashMap<RunQuery, FoundRuns>,
    evaluations: HashMap<(ModelName, VersionNumber), Evaluation>,
    live: BTreeMap<PromotionId, SagaState>,
    histories: Recent<Query, Vec<History>, MOST_HISTORIES>,
    previews: Recent<Query, Arc<Preview>, MOST_PREVIEWS>,
    graphics: Recent<Canvas, Arc<Graphic>, MOST_GRAPHICS>,
}

/// What is kept as it was answered is looked up by the getters of the table of queries.
impl Deref for Cache {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

impl Cache {
    /// How far `query` is.
    pub fn slot(&self, query: &Query) -> Option<&Slot> {
        self.slots.get(query)
    }

    /// What the policy says of a version. A new verdict replaces an old one, which stays on screen until then.
    pub fn evaluation(&self, model: &ModelName, version: VersionNumber) -> Option<&Evaluation> {
        self.evaluations.get(&(model.clone(), version))
    }

    /// Why the last read of any page of the list that `first` begins failed.
    pub fn failure(&self, query: &Query) -> Option<&Failure> {
        self.slots.get(query)?.failure.as_ref()
    }

    /// Whether `query` is being read.
    pub fn is_loading(&self, query: &Query) -> bool {
        self.slots.get(query).is_some_and(|s| s.loading.is_some())
    }

    /// Whether anything at all is being read.
    pub fn is_busy(&self) -> bool {
        self.slots.values().any(|s| s.loading.is_some())
    }

    /// Whether `query` should be asked now.
    pub fn is_due(&self, query: &Query) -> bool {
        self.slots.get(query).is_none_or(Slot::is_due)
    }

    /// Notes that `query` is being asked.
    pub fn begin(&mut self, query: &Query, id: RequestId) {
        let slot = self.slots.entry(query.clone()).or_default();
        slot.loading = Some(id);
        slot.stale = false;
    }

    /// Requests under way.
    pub fn in_flight(&self) -> impl Iterator<Item = (&Query, RequestId)> {
        self.slots.iter().filter_map(|(q, s)| Some((q, s.loading?)))
    }

    /// Forgets that `query` is being asked, because nobody wants the answer any more.
    pub fn abandon(&mut self, query: &Query) {
        if let Some(slot) = self.slots.get_mut(query) {
            slot.loading = None;
        }
    }

    /// Marks the answer to `query` as out of date: it is asked again, and shown until then.
    pub fn refresh(&mut self, query: &Query) {
        match query {
            Query::Models { .. } => {
                self.models.restart();
                self.slots.retain(|q, _| !matches!(q, Query::Models { .. }));
            }
            Query::Versions { model, .. } => {
                if let Some(versions) = self.versions.get_mut(model) {
                    versions.restart();
                }
                self.slots.retain(|q, _| !matches!(q, Query::Versions { model: m, .. } if m == model));
            }
            Query::Experiments { .. } => {
                self.experiments.restart();
                self.slots.retain(|q, _| !matches!(q, Query::Experiments { .. }));
            }
            Query::SearchRuns { search } => {
                let first = first_page(search);
                if let Some(found) = self.searches.get_mut(&first) {
                    found.list.restart();
                }
                self.slots.retain(|q, _| !matches!(q, Query::SearchRuns { search: s } if first_page(s) == first));
            }
            // All others are one answer, which the next replaces.
            _ => {
                if let Some(slot) = self.slots.get_mut(query) {
                    slot.stale = true;
                }
            }
        }
    }

    /// Takes an answer in, unless it is not the one waited for. Returns whether anything changed.
    pub fn settle(&mut self, id: RequestId, reply: Reply, now: Timestamp) -> bool {
        let query = reply.query();
        let Some(slot) = self.slots.get_mut(&query).filter(|slot| slot.loading == Some(id)) else {
            return false;
        };
        slot.loading = None;
        slot.tried_at = Some(now);
        slot.failure = reply.failure().cloned();
        if slot.failure.is_none() {
            slot.read_at = Some(now);
        }
        if let Query::ModelVersion { .. } = query {
            self.single_changes += 1;
        }
        reply.store(self, now);
        true
    }

    /// Throws an answer away, so that nobody sees it again before it was read anew.
    pub fn forget(&mut self, query: &Query) {
        self.known.forget(query);
        self.slots.remove(query);
    }

    /// Counts every change of what is known of runs and single versions: of what a row says besides its list.
    pub fn row_changes(&self) -> u64 {
        self.runs.changes() + self.single_changes
    }

    /// Lets all runs be read again, by whoever needs them next. What is here is shown until then.
    pub fn refresh_runs(&mut self) {
        self.runs.refresh();
    }

    /// What was found so far by the search that `search` is a page of.
    pub fn found_runs(&self, search: &RunQuery) -> Option<&FoundRuns> {
        self.searches.get(&first_page(search))
    }

    /// Folds an entry of a promotion at work.
    pub fn promotion_moved(&mut self, progress: &Progress) {
        match self.live.get_mut(&progress.id) {
            Some(state) => {
                // The journal refused what cannot follow; an entry out of order here was seen already.
                let _ = state.apply(&progress.entry);
            }
            None => {
                if let Ok(state) = SagaState::open(&progress.entry) {
                    self.live.insert(progress.id, state);
                } else if let Some(mut state) = self.stored_promotion(progress.id).cloned() {
                    let _ = state.apply(&progress.entry);
                    self.live.insert(progress.id, state);
                }
            }
        }
    }

    /// A promotion's state: live, or as read from the journal, whichever is ahead.
    pub fn promotion(&self, id: PromotionId) -> Option<&SagaState> {
        match (self.live.get(&id), self.stored_promotion(id)) {
            (Some(live), Some(stored)) if stored.next_seq > live.next_seq => Some(stored),
            (Some(live), _) => Some(live),
            (None, stored) => stored,
        }
    }

    fn stored_promotion(&self, id: PromotionId) -> Option<&SagaState> {
        self.promotions()?.iter().find(|p| p.id == id)?.state.as_ref().ok().map(AsRef::as_ref)
    }

    /// Unfinished promotions: those a person has to resume or undo.
    pub fn unfinished(&self) -> impl Iterator<Item = &SagaState> {
        self.promotions()
            .into_iter()
            .flatten()
            .filter_map(|p| self.promotion(p.id))
            .filter(|s| !s.is_over() && !s.is_released())
    }

    /// A model's versions, as far as read.
    pub fn versions(&self, model: &ModelName) -> Option<&EagerPages<ModelVersion>> {
        self.versions.get(model)
    }

    /// A run: none if it was not asked for yet, `Some(None)` if the server has none to show.
    pub fn run(&self, id: &RunId) -> Option<Option<&Run>> {
        self.runs.get(id)
    }

    /// Why the run could not be read, if the last try failed.
    pub fn run_failure(&self, id: &RunId) -> Option<&Failure> {
        self.runs.failure(id)
    }

    /// The questions that bring in the runs of these ids, see [`RunCache::to_ask`].
    pub fn runs_to_ask(&self, ids: impl IntoIterator<Item = RunId>) -> Vec<Query> {
        self.runs.to_ask(ids, self.in_flight().map(|(query, _)| query))
    }

    /// The answer to a [`Query::Histories`].
    pub fn histories(&self, query: &Query) -> Option<&[History]> {
        self.histories.get(query).map(Vec::as_slice)
    }

    /// The answer to a [`Query::Preview`], if it is still kept.
    pub fn preview(&self, query: &Query) -> Option<&Arc<Preview>> {
        self.previews.get(query)
    }

    /// The picture made ready for the terminal, if it was and is still kept.
    pub fn graphic(&self, canvas: &Canvas) -> Option<&Arc<Graphic>> {
        self.graphics.get(canvas)
    }

    pub fn put_graphic(&mut self, canvas: Canvas, graphic: Graphic) {
        self.graphics.put(canvas, Arc::new(graphic));
    }

    /// The sign-off records of this machine, newest first.
    pub fn records(&self) -> impl Iterator<Item = &Sealed> {
        self.record_chain().into_iter().flatten().rev().filter_map(|line| match line {
            ChainLine::Record(sealed) => Some(sealed.as_ref()),
            ChainLine::Outcome(_) => None,
        })
    }

    /// The record with this id.
    pub fn record(&self, id: PromotionId) -> Option<&Sealed> {
        self.records().find(|sealed| sealed.record.record_id == id)
    }

    /// What became of the record with this id, if it started no promotion.
    pub fn record_outcome(&self, id: PromotionId) -> Option<&RecordOutcome> {
        self.record_chain().into_iter().flatten().rev().find_map(|line| match line {
            ChainLine::Outcome(outcome) => (outcome.record_id == id).then_some(outcome),
            ChainLine::Record(_) => None,
        })
    }

    /// What is no longer kept has to be asked for again.
    fn dropped(&mut self, query: Option<Query>) {
        if let Some(query) = query {
            self.slots.remove(&query);
        }
    }
}

impl Merge for Cache {
    fn known(&mut self) -> &mut Known {
        &mut self.known
    }

    fn add_models(&mut self, _: Option<String>, answer: Outcome<Page<RegisteredModel>>, now: Timestamp) {
        if let Ok(page) = answer {
            self.models.take(page, now);
        }
    }

    fn add_versions(
        &mut self,
        model: ModelName,
        _: Option<String>,
        answer: Outcome<Page<ModelVersion>>,
        now: Timestamp,
    ) {
        if let Ok(page) = answer {
            self.versions.entry(model).or_default().take(page, now);
        }
    }

    fn add_experiments(&mut self, asked: Option<String>, answer: Outcome<Page<Experiment>>, now: Timestamp) {
        if let Ok(page) = answer {
            self.experiments.take(asked.as_deref(), page, now);
        }
    }

    fn add_found_runs(&mut self, search: RunQuery, answer: Outcome<Page<Run>>, now: Timestamp) {
        let Ok(page) = answer else { return };
        let items: Vec<Arc<Run>> = page.items.into_iter().map(Arc::new).collect();
        self.runs.found(items.iter().cloned());
        let found = self.searches.entry(first_page(&search)).or_default();
        found.take(search.page.as_deref(), Page { items, next: page.next }, now);
    }

    /// What is known of runs is known by their ids: which question brought them in is forgotten.
    fn add_runs(&mut self, ids: Vec<RunId>, answer: Outcome<Vec<Run>>, _: Timestamp) {
        match answer {
            Ok(runs) => self.runs.put(&ids, runs),
            Err(failure) => self.runs.failed(&ids, &failure),
        }
        self.slots.remove(&Query::Runs { ids });
    }

    fn add_histories(
        &mut self,
        runs: Vec<RunId>,
        metric: String,
        window: Option<(i64, i64)>,
        answer: Outcome<Vec<History>>,
        _: Timestamp,
    ) {
        if let Ok(histories) = answer {
            let dropped = self.histories.put(Query::Histories { runs, metric, window }, histories);
            self.dropped(dropped);
        }
    }

    fn put_evaluation(&mut self, facts: SharedFacts, answer: Outcome<Evaluation>, _: Timestamp) {
        if let Ok(evaluation) = answer {
            self.evaluations.insert((facts.version.model.clone(), facts.version.number), evaluation);
        }
    }

    fn add_preview(&mut self, root: ArtifactRoot, path: String, answer: Outcome<Arc<Preview>>, _: Timestamp) {
        if let Ok(preview) = answer {
            let dropped = self.previews.put(Query::Preview { root, path }, preview);
            self.dropped(dropped);
        }
    }
}

/// The name of a search: its first page.
fn first_page(search: &RunQuery) -> RunQuery {
    RunQuery { page: None, ..search.clone() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::failure::{FailureKind, Service};

    fn model(name: &str) -> RegisteredModel {
        RegisteredModel {
            name: ModelName::new(name),
            description: String::new(),
            tags: Default::default(),
            aliases: Default::default(),
            latest: Vec::new(),
            created_at: None,
            updated_at: None,
        }
    }

    fn read(cache: &mut Cache, n: u64, page: Option<&str>, answer: Outcome<Page<RegisteredModel>>) -> bool {
        let reply = Reply::Models { page: page.map(str::to_owned), answer };
        cache.begin(&reply.query(), RequestId(n));
        cache.settle(RequestId(n), reply, Timestamp::UNIX_EPOCH)
    }

    fn names(cache: &Cache) -> Vec<String> {
        cache.models.items.iter().map(|m| m.name.to_string()).collect()
    }

    fn page(name: &str, next: Option<&str>) -> Outcome<Page<RegisteredModel>> {
        Ok(Page { items: vec![model(name)], next: next.map(str::to_owned) })
    }

    #[test]
    fn a_failed_refresh_keeps_every_row() {
        let mut cache = Cache::default();
        read(&mut cache, 1, None, page("a", None));
        cache.refresh(&Query::Models { page: None });
        let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "list models", "refused");
        read(&mut cache, 2, None, Err(failure.clone()));
        assert_eq!(names(&cache), ["a"]);
        assert_eq!(cache.failure(&Query::Models { page: None }), Some(&failure));
    }

    #[test]
    fn a_refresh_replaces_the_list_only_when_it_is_complete() {
        let mut cache = Cache::default();
        read(&mut cache, 1, None, page("a", Some("2")));
        read(&mut cache, 2, Some("2"), page("b", None));
        cache.refresh(&Query::Models { page: None });
        read(&mut cache, 3, None, page("c", Some("2")));
        assert_eq!(names(&cache), ["a", "b"]);
        read(&mut cache, 4, Some("2"), page("d", None));
        assert_eq!(names(&cache), ["c", "d"]);
    }

    #[test]
    fn an_answer_to_an_abandoned_question_is_dropped() {
        let mut cache = Cache::default();
        let query = Query::Models { page: None };
        cache.begin(&query, RequestId(1));
        cache.abandon(&query);
        let reply = || Reply::Models { page: None, answer: page("a", None) };
        assert!(!cache.settle(RequestId(1), reply(), Timestamp::UNIX_EPOCH));
        cache.begin(&query, RequestId(2));
        assert!(!cache.settle(RequestId(1), reply(), Timestamp::UNIX_EPOCH));
        assert!(names(&cache).is_empty());
    }

    #[test]
    fn what_failed_is_asked_again_only_on_request() {
        let mut cache = Cache::default();
        let query = Query::Session;
        assert!(cache.is_due(&query));
        cache.begin(&query, RequestId(1));
        assert!(!cache.is_due(&query));
        let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "x", "y");
        cache.settle(RequestId(1), Reply::failed(query.clone(), failure), Timestamp::UNIX_EPOCH);
        assert!(!cache.is_due(&query));
        cache.refresh(&query);
        assert!(cache.is_due(&query));
    }
}
