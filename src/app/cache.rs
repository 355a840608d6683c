//! The cache of remote data. Screens hold ids and look things up here, so that no two screens disagree.
//!
//! What was read stays until something newer was read: a failed refresh marks data as stale, it never
//! empties a screen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::decisions::Decisions;
use super::eager_pages::EagerPages;
use super::files::Files;
use super::lazy_pages::{FoundRuns, LazyPages};
use super::query::{Answer, Promotion, Query, RequestId, Session};
use super::run_cache::RunCache;
use super::trace::{Trace, Traced};
use crate::domain::artifact::Signature;
use crate::domain::cd::CdJob;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{ModelName, PromotionId, RunId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preflight::Preflight;
use crate::domain::promotion::Progress;
use crate::domain::promotion::SagaState;
use crate::domain::record::Decision;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::run::Run;

/// Answers to questions for histories kept at once: one is asked for every metric the cursor rests on.
const MOST_HISTORIES: usize = 64;

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
    /// Who we are.
    pub session: Option<Session>,
    /// Models in name order.
    pub models: EagerPages<RegisteredModel>,
    versions: HashMap<ModelName, EagerPages<ModelVersion>>,
    /// Versions that were read one by one.
    single: HashMap<(ModelName, VersionNumber), Box<ModelVersion>>,
    /// Counts the answers to questions for one version, refusals included.
    single_changes: u64,
    runs: RunCache,
    /// Experiments, newest first.
    pub experiments: LazyPages<Experiment>,
    searches: HashMap<RunQuery, FoundRuns>,
    facts: HashMap<(ModelName, VersionNumber), Box<ReviewedFacts>>,
    preflights: HashMap<(ModelName, VersionNumber, Decision), Box<Preflight>>,
    evaluations: HashMap<(ModelName, VersionNumber), Box<Evaluation>>,
    /// What was read about decisions.
    pub decisions: Decisions,
    /// Promotions of this machine, newest first.
    pub promotions: Vec<Promotion>,
    live: BTreeMap<PromotionId, SagaState>,
    jobs: HashMap<u64, Vec<CdJob>>,
    histories: Vec<(Query, Vec<History>)>,
    signatures: HashMap<(ModelName, VersionNumber), Option<Signature>>,
    traced: HashMap<Trace, Traced>,
    /// What was read of files.
    pub files: Files,
}

impl Cache {
    /// How far `query` is.
    pub fn slot(&self, query: &Query) -> Option<&Slot> {
        self.slots.get(query)
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
            Query::SearchRuns(search) => {
                let first = first_page(search);
                if let Some(found) = self.searches.get_mut(&first) {
                    found.list.restart();
                }
                self.slots.retain(|q, _| !matches!(q, Query::SearchRuns(s) if first_page(s) == first));
            }
            _ => {
                if let Some(slot) = self.slots.get_mut(query) {
                    slot.stale = true;
                }
            }
        }
    }

    /// Takes an answer in, unless it is not the one waited for. Returns whether anything changed.
    pub fn settle(&mut self, id: RequestId, query: &Query, answer: Outcome<Answer>, now: Timestamp) -> bool {
        let Some(slot) = self.slots.get_mut(query) else {
            return false;
        };
        if slot.loading != Some(id) {
            return false;
        }
        if let Query::Runs { ids } = query {
            self.settle_runs(query, ids, answer);
            return true;
        }
        slot.loading = None;
        slot.tried_at = Some(now);
        if let Query::ModelVersion { .. } = query {
            self.single_changes += 1;
        }
        match answer {
            Err(failure) => slot.failure = Some(failure),
            Ok(answer) => {
                slot.failure = None;
                slot.read_at = Some(now);
                self.store(query, answer, now);
            }
        }
        true
    }

    /// What is known of runs is known by their ids: which question brought them in is forgotten.
    fn settle_runs(&mut self, query: &Query, ids: &[RunId], answer: Outcome<Answer>) {
        self.slots.remove(query);
        match answer {
            Ok(Answer::Runs(runs)) => self.runs.put(ids, runs),
            Ok(_) => {}
            Err(failure) => self.runs.failed(ids, &failure),
        }
    }

    /// Counts every change of what is known of runs and single versions: of what a row says besides its list.
    pub fn row_changes(&self) -> u64 {
        self.runs.changes() + self.single_changes
    }

    /// Lets all runs be read again, by whoever needs them next. What is here is shown until then.
    pub fn refresh_runs(&mut self) {
        self.runs.refresh();
    }

    fn store(&mut self, query: &Query, answer: Answer, now: Timestamp) {
        match (query, answer) {
            (Query::Session, Answer::Session(session)) => self.session = Some(session),
            (Query::Models { .. }, Answer::Models(page)) => self.models.take(page, now),
            (Query::Versions { model, .. }, Answer::Versions(page)) => {
                self.versions.entry(model.clone()).or_default().take(page, now);
            }
            (Query::ModelVersion { model, version }, Answer::ModelVersion(read)) => {
                self.single.insert((model.clone(), *version), read);
            }
            (Query::Experiments { page: asked }, Answer::Experiments(page)) => {
                self.experiments.take(asked.as_deref(), page, now);
            }
            (Query::SearchRuns(search), Answer::SearchRuns(page)) => self.found(search, page, now),
            (Query::Facts { model, version }, Answer::Facts(facts)) => {
                self.facts.insert((model.clone(), *version), facts);
            }
            (Query::Preflight { model, version, decision }, Answer::Preflight(preflight)) => {
                self.preflights.insert((model.clone(), *version, *decision), preflight);
            }
            (Query::Evaluation { model, version }, Answer::Evaluation(evaluation)) => {
                self.evaluations.insert((model.clone(), *version), evaluation);
            }
            (
                Query::Decision { .. } | Query::RollbackCandidates(_) | Query::Records | Query::Log(_),
                answer @ (Answer::Decision(_) | Answer::RollbackCandidates(_) | Answer::Records(_) | Answer::Log(_)),
            ) => self.decisions.store(query, answer),
            (Query::Promotions, Answer::Promotions(promotions)) => self.promotions = promotions,
            (Query::Histories { .. }, Answer::Histories(histories)) => {
                self.put_histories(query, histories);
            }
            (Query::Signature { model, version }, Answer::Signature(signature)) => {
                self.signatures.insert((model.clone(), *version), signature);
            }
            (Query::Trace(what), Answer::Traced(traced)) => {
                self.traced.insert(what.clone(), *traced);
            }
            (Query::Artifacts { root, path }, Answer::Artifacts(entries)) => {
                self.files.put_folder(root, path, entries);
            }
            (Query::Preview { root, path }, Answer::Preview(preview)) => {
                if let Some((root, path)) = self.files.put_preview(root, path, preview) {
                    // What is not kept has to be asked for again.
                    self.slots.remove(&Query::Preview { root, path });
                }
            }
            (Query::Jobs { run, .. }, Answer::Jobs(jobs)) => {
                self.jobs.insert(*run, jobs);
            }
            _ => {}
        }
    }

    fn found(&mut self, search: &RunQuery, page: Page<Run>, now: Timestamp) {
        let items: Vec<Arc<Run>> = page.items.into_iter().map(Arc::new).collect();
        self.runs.found(items.iter().cloned());
        let found = self.searches.entry(first_page(search)).or_default();
        found.take(search.page.as_deref(), Page { items, next: page.next }, now);
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
        self.promotions.iter().find(|p| p.id == id)?.state.as_ref().ok().map(AsRef::as_ref)
    }

    /// Unfinished promotions: those a person has to resume or undo.
    pub fn unfinished(&self) -> impl Iterator<Item = &SagaState> {
        self.promotions.iter().filter_map(|p| self.promotion(p.id)).filter(|s| !s.is_over() && !s.is_released())
    }

    /// A model's versions, as far as read.
    pub fn versions(&self, model: &ModelName) -> Option<&EagerPages<ModelVersion>> {
        self.versions.get(model)
    }

    /// A version that was read by its number.
    pub fn version(&self, model: &ModelName, number: VersionNumber) -> Option<&ModelVersion> {
        self.single.get(&(model.clone(), number)).map(AsRef::as_ref)
    }

    /// A run: none if it was not asked for yet, `Some(None)` if the server has none to show.
    pub fn run(&self, id: &RunId) -> Option<Option<&Run>> {
        self.runs.get(id)
    }

    /// Why the run could not be read, if the last try failed.
    pub fn run_failure(&self, id: &RunId) -> Option<&Failure> {
        self.runs.failure(id)
    }

    /// The facts about one version.
    pub fn facts(&self, model: &ModelName, version: VersionNumber) -> Option<&ReviewedFacts> {
        self.facts.get(&(model.clone(), version)).map(AsRef::as_ref)
    }

    /// The checks and the plan for one version.
    pub fn preflight(&self, model: &ModelName, version: VersionNumber, decision: Decision) -> Option<&Preflight> {
        self.preflights.get(&(model.clone(), version, decision)).map(AsRef::as_ref)
    }

    /// The verdict of the policy on one version.
    pub fn evaluation(&self, model: &ModelName, version: VersionNumber) -> Option<&Evaluation> {
        self.evaluations.get(&(model.clone(), version)).map(AsRef::as_ref)
    }

    /// Throws the plan for one version away, so that the next approval reads everything anew.
    pub fn forget_preflight(&mut self, model: &ModelName, version: VersionNumber, decision: Decision) {
        self.preflights.remove(&(model.clone(), version, decision));
        self.slots.remove(&Query::Preflight { model: model.clone(), version, decision });
    }

    /// Throws away what a rejection or hold rested on, so that the next one reads everything anew.
    pub fn forget_decision(&mut self, model: &ModelName, version: VersionNumber, decision: Decision) {
        self.decisions.forget(model, version, decision);
        self.slots.remove(&Query::Decision { model: model.clone(), version, decision });
    }

    /// The questions that bring in the runs of these ids, see [`RunCache::to_ask`].
    pub fn runs_to_ask(&self, ids: impl IntoIterator<Item = RunId>) -> Vec<Query> {
        self.runs.to_ask(ids, self.in_flight().map(|(query, _)| query))
    }

    /// The answer to a [`Query::Histories`].
    pub fn histories(&self, query: &Query) -> Option<&[History]> {
        self.histories.iter().find(|(q, _)| q == query).map(|(_, histories)| histories.as_slice())
    }

    /// Keeps histories, in place of those that were kept longest: they are asked for again if needed.
    fn put_histories(&mut self, query: &Query, histories: Vec<History>) {
        self.histories.retain(|(q, _)| q != query);
        self.histories.push((query.clone(), histories));
        if self.histories.len() > MOST_HISTORIES {
            let (gone, _) = self.histories.remove(0);
            self.slots.remove(&gone);
        }
    }

    /// A version's signature: none if it was not read yet, `Some(None)` if its model was logged without one.
    pub fn signature(&self, model: &ModelName, version: VersionNumber) -> Option<Option<&Signature>> {
        self.signatures.get(&(model.clone(), version)).map(Option::as_ref)
    }

    /// What is known of one part of a version's lineage.
    pub fn traced(&self, what: &Trace) -> Option<&Traced> {
        self.traced.get(what)
    }

    /// The jobs of a CD run.
    pub fn jobs(&self, run: u64) -> Option<&[CdJob]> {
        self.jobs.get(&run).map(Vec::as_slice)
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

    fn read(cache: &mut Cache, n: u64, page: Option<&str>, answer: Outcome<Answer>) -> bool {
        let query = Query::Models { page: page.map(str::to_owned) };
        cache.begin(&query, RequestId(n));
        cache.settle(RequestId(n), &query, answer, Timestamp::UNIX_EPOCH)
    }

    fn names(cache: &Cache) -> Vec<String> {
        cache.models.items.iter().map(|m| m.name.to_string()).collect()
    }

    fn page(name: &str, next: Option<&str>) -> Outcome<Answer> {
        Ok(Answer::Models(Page { items: vec![model(name)], next: next.map(str::to_owned) }))
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
        assert!(!cache.settle(RequestId(1), &query, page("a", None), Timestamp::UNIX_EPOCH));
        cache.begin(&query, RequestId(2));
        assert!(!cache.settle(RequestId(1), &query, page("a", None), Timestamp::UNIX_EPOCH));
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
        cache.settle(RequestId(1), &query, Err(failure), Timestamp::UNIX_EPOCH);
        assert!(!cache.is_due(&query));
        cache.refresh(&query);
        assert!(cache.is_due(&query));
    }
}
