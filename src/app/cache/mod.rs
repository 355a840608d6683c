//! The cache of remote data. Screens hold ids and look the data up here, so that they never disagree.
//!
//! Data stays until newer data arrives: a failed refresh marks it as stale, but never empties a screen.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::batch_cache::BatchCache;
use super::eager_pages::EagerPages;
use super::evaluations::Evaluations;
use super::lazy_pages::{FoundRuns, LazyPages};
use super::paint::{Canvas, Graphic};
use super::query::{Known, Merge, Query, Reply, RequestId};
use super::recent::Recent;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::commit::CommitOrigin;
use crate::domain::evidence::{Evidence, Source};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::SharedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{ModelName, PromotionId, RunId, VersionNumber};
use crate::domain::logged::{LoggedModel, logged_model_of};
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preview::Preview;
use crate::domain::promotion::Progress;
use crate::domain::promotion::SagaState;
use crate::domain::provenance::Provenance;
use crate::domain::record::Sealed;
use crate::domain::record::chain::{self, ChainLine, Outcome as RecordOutcome};
use crate::domain::registry::{ModelVersion, OpenRequests, RegisteredModel, TransitionRequest, VersionKey};
use crate::domain::run::Run;

/// Maximum cached histories: one is requested for every metric the cursor rests on.
const MOST_HISTORIES: usize = 64;
/// Maximum cached previews: each may take a megabyte.
const MOST_PREVIEWS: usize = 8;
/// Maximum cached encoded pictures: each is one size of one file.
const MOST_GRAPHICS: usize = 3;

/// The state of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// The pending request.
    pub loading: Option<RequestId>,
    /// Time of the last answer.
    pub read_at: Option<Timestamp>,
    /// Time of the last answer or failure.
    pub tried_at: Option<Timestamp>,
    /// Failure of the last attempt; cleared by the next answer.
    pub failure: Option<Failure>,
    stale: bool,
    /// A write of ours came after the last answer, and may have made it untrue.
    overtaken: bool,
}

impl Slot {
    /// Whether to send it now. Failed requests are only repeated when the user refreshes.
    fn is_due(&self) -> bool {
        self.loading.is_none() && (self.stale || (self.read_at.is_none() && self.failure.is_none()))
    }
}

/// Cached data and pending requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cache {
    slots: HashMap<Query, Slot>,
    known: Known,
    /// In name order.
    pub models: EagerPages<RegisteredModel>,
    versions: HashMap<ModelName, EagerPages<ModelVersion>>,
    /// Counts the answers to queries for one version, including failures.
    single_changes: u64,
    /// Counts the answers to queries for lists of versions, including failures.
    version_changes: u64,
    runs: BatchCache<Run>,
    logged_models: BatchCache<LoggedModel>,
    requests: BatchCache<OpenRequests>,
    /// Newest first.
    pub experiments: LazyPages<Experiment>,
    searches: HashMap<RunQuery, FoundRuns>,
    evaluations: Evaluations,
    live: BTreeMap<PromotionId, SagaState>,
    histories: Recent<Query, Vec<History>, MOST_HISTORIES>,
    previews: Recent<Query, Arc<Preview>, MOST_PREVIEWS>,
    graphics: Recent<Canvas, Arc<Graphic>, MOST_GRAPHICS>,
}

/// Answers cached as received are read through the getters of the query table.
impl Deref for Cache {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

impl Cache {
    /// The state of `query`.
    pub fn slot(&self, query: &Query) -> Option<&Slot> {
        self.slots.get(query)
    }

    /// What the policy says of a version whose facts are read for a decision, on these if it was read for them. A new
    /// verdict replaces an old one, which stays on screen until then.
    pub fn evaluation(&self, model: &ModelName, version: VersionNumber) -> Option<&Evaluation> {
        let of_facts = self.facts(model, version).and_then(|facts| self.evaluations.of(facts));
        of_facts.or_else(|| self.evaluations.latest(model, version))
    }

    /// Verdicts with the facts that they were read for.
    pub fn evaluations(&self) -> &Evaluations {
        &self.evaluations
    }

    /// Why the last request for any page of the list that `query` starts failed.
    pub fn failure(&self, query: &Query) -> Option<&Failure> {
        self.slots.get(query)?.failure.as_ref()
    }

    pub fn is_loading(&self, query: &Query) -> bool {
        self.slots.get(query).is_some_and(|s| s.loading.is_some())
    }

    /// Whether any request is pending.
    pub fn is_busy(&self) -> bool {
        self.slots.values().any(|s| s.loading.is_some())
    }

    /// Whether to send `query` now.
    pub fn is_due(&self, query: &Query) -> bool {
        self.slots.get(query).is_none_or(Slot::is_due)
    }

    /// Records that `query` was sent.
    pub fn begin(&mut self, query: &Query, id: RequestId) {
        let slot = self.slots.entry(query.clone()).or_default();
        slot.loading = Some(id);
        slot.stale = false;
    }

    /// Pending requests.
    pub fn in_flight(&self) -> impl Iterator<Item = (&Query, RequestId)> {
        self.slots.iter().filter_map(|(q, s)| Some((q, s.loading?)))
    }

    /// Forgets a pending request whose answer is no longer needed.
    pub fn abandon(&mut self, query: &Query) {
        if let Some(slot) = self.slots.get_mut(query) {
            slot.loading = None;
            // What was to be read again still is.
            slot.stale = true;
        }
    }

    /// Marks the answer to `query` as stale: it is requested again, and shown until the new one arrives.
    pub fn refresh(&mut self, query: &Query) {
        query.refresh(self);
    }

    /// Marks the answers that a write of ours touches: they are requested again, and known to be old until then.
    pub fn overtake(&mut self, is_touched: impl Fn(&Self, &Query) -> bool) {
        let touched: Vec<Query> = self.slots.keys().filter(|query| is_touched(self, query)).cloned().collect();
        for query in touched {
            if let Some(slot) = self.slots.get_mut(&query) {
                slot.overtaken = true;
            }
            self.refresh(&query);
        }
        self.requests.refresh();
    }

    /// Whether the answer to `query` is older than a write of ours that may have made it untrue.
    pub fn is_overtaken(&self, query: &Query) -> bool {
        self.slots.get(query).is_some_and(|slot| slot.overtaken)
    }

    /// Stores an answer, unless it belongs to an abandoned request. Returns whether anything changed.
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
            // An answer to what was asked before the write may be older than it.
            slot.overtaken &= slot.stale;
        }
        if let Query::ModelVersion { .. } = query {
            self.single_changes += 1;
        }
        reply.store(self, now);
        true
    }

    /// Drops an answer, so that it is not shown again before it is reloaded.
    pub fn forget(&mut self, query: &Query) {
        self.known.forget(query);
        self.slots.remove(query);
    }

    /// Change counter of runs, logged models and single versions: the data that rows show besides their list.
    pub fn row_changes(&self) -> u64 {
        self.runs.changes() + self.logged_models.changes() + self.single_changes
    }

    /// Change counter of the lists of versions, failures included.
    pub fn version_changes(&self) -> u64 {
        self.version_changes
    }

    /// Marks all runs, logged models and requests of versions as stale. They are requested again when needed, and shown
    /// until then.
    pub fn refresh_rows(&mut self) {
        self.runs.refresh();
        self.logged_models.refresh();
        self.requests.refresh();
    }

    /// Whether the registry keeps requests to move a version to a stage, as far as it is known.
    pub fn keeps_requests(&self) -> bool {
        let registry = self.session().and_then(|session| session.registry.as_ref().ok());
        registry.is_some_and(|registry| registry.requests)
    }

    /// The open requests of a version, or why they cannot be read; `None` while they are read, and on registries that
    /// keep none.
    pub fn requests(&self, model: &ModelName, number: VersionNumber) -> Option<&Outcome<Vec<TransitionRequest>>> {
        self.requests.get(&(model.clone(), number)).flatten().map(|open| &open.requests)
    }

    /// The queries that load the open requests of these versions; none on registries that keep none.
    pub fn requests_to_ask(&self, versions: impl IntoIterator<Item = VersionKey>) -> Vec<Query> {
        if !self.keeps_requests() {
            return Vec::new();
        }
        self.requests.to_ask(versions, self.in_flight().map(|(query, _)| query))
    }

    /// The runs found so far by the search that `search` is a page of.
    pub fn found_runs(&self, search: &RunQuery) -> Option<&FoundRuns> {
        self.searches.get(&first_page(search))
    }

    /// Applies a journal entry of a running promotion.
    pub fn promotion_moved(&mut self, progress: &Progress) {
        match self.live.get_mut(&progress.id) {
            Some(state) => {
                // The journal rejects invalid entries; an entry out of order was already applied.
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

    /// A promotion's state: live or from the journal, whichever is further.
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

    /// Unfinished promotions, which have to be resumed or undone.
    pub fn unfinished(&self) -> impl Iterator<Item = &SagaState> {
        self.promotions()
            .into_iter()
            .flatten()
            .filter_map(|p| self.promotion(p.id))
            .filter(|s| !s.is_over() && !s.is_released())
    }

    /// The versions of a model read so far.
    pub fn versions(&self, model: &ModelName) -> Option<&EagerPages<ModelVersion>> {
        self.versions.get(model)
    }

    /// The stamp of a version, from what was read of it last for a decision, or else from the lists.
    pub fn stamp(&self, model: &ModelName, number: VersionNumber) -> Option<String> {
        let facts = || self.facts(model, number).map(|facts| &facts.version);
        let single = || self.version(model, number);
        let read = || self.versions(model)?.items.iter().find(|v| v.number == number);
        let listed = || self.models.items.iter().find(|m| m.name == *model)?.latest.iter().find(|v| v.number == number);
        facts().or_else(single).or_else(read).or_else(listed)?.stamp()
    }

    /// A run: none if it was not requested yet, `Some(None)` if the server has no such run.
    pub fn run(&self, id: &RunId) -> Option<Option<&Run>> {
        self.runs.get(id)
    }

    /// The runs that were read, in no order.
    pub fn known_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.all()
    }

    /// Why the run could not be read, if the last attempt failed.
    pub fn run_failure(&self, id: &RunId) -> Option<&Failure> {
        self.runs.failure(id)
    }

    /// What is known of a version. Where its logged model is not read yet, what is known of the run alone would be
    /// mistaken for the version's: see [`Self::said_of_model`].
    pub fn said(&self, version: &ModelVersion) -> Provenance<'_> {
        let run = version.run_id.as_ref().and_then(|id| self.run(id)).flatten();
        Provenance { run, logged: self.said_of_model(version).and_then(|said| said.ok()).flatten() }
    }

    /// What the version's logged model says: `None` while it is read; nothing where there is none or it says nothing.
    pub fn said_of_model(&self, version: &ModelVersion) -> Option<Result<Option<&LoggedModel>, &Failure>> {
        let Some(id) = logged_model_of(version) else { return Some(Ok(None)) };
        match (self.logged_models.get(&id), self.logged_models.failure(&id)) {
            (Some(model), _) => Some(Ok(model.filter(|model| !model.is_silent()))),
            (None, Some(failure)) => Some(Err(failure)),
            (None, None) => None,
        }
    }

    /// The queries that load what MLflow says of these versions: their runs and their logged models.
    pub fn said_to_ask<'v>(&self, versions: impl IntoIterator<Item = &'v ModelVersion>) -> Vec<Query> {
        let (mut runs, mut models) = (Vec::new(), Vec::new());
        for version in versions {
            runs.extend(version.run_id.clone());
            models.extend(logged_model_of(version));
        }
        let mut queries = self.runs_to_ask(runs);
        queries.extend(self.logged_models.to_ask(models, self.in_flight().map(|(query, _)| query)));
        queries
    }

    /// The queries that load the runs of these ids, see [`BatchCache::to_ask`].
    pub fn runs_to_ask(&self, ids: impl IntoIterator<Item = RunId>) -> Vec<Query> {
        self.runs.to_ask(ids, self.in_flight().map(|(query, _)| query))
    }

    /// The answer to a [`Query::Histories`].
    pub fn histories(&self, query: &Query) -> Option<&[History]> {
        self.histories.get(query).map(Vec::as_slice)
    }

    /// The answer to a [`Query::Preview`], if still cached.
    pub fn preview(&self, query: &Query) -> Option<&Arc<Preview>> {
        self.previews.get(query)
    }

    /// The encoded picture, if still cached.
    pub fn graphic(&self, canvas: &Canvas) -> Option<&Arc<Graphic>> {
        self.graphics.get(canvas)
    }

    /// Lineage asks for what the verdict was read from: one reading serves both.
    fn learn_code(&mut self, evidence: &Evidence, now: Timestamp) {
        let code = &evidence.code;
        let Ok(Source { repo, commit, origin }) = &code.source else { return };
        let rev = match origin {
            CommitOrigin::Run => Provenance::from(&evidence.facts).commit(),
            CommitOrigin::BranchHead(branch) => Some(branch.as_str()),
        };
        let (repo, sha) = (repo.clone(), commit.sha.clone());
        let commit = rev.map(|rev| (rev.to_owned(), commit.clone()));
        let replies = [
            commit.map(|(rev, commit)| Reply::Commit { repo: repo.clone(), rev, answer: Ok(commit) }),
            code.pull_request.clone().ok().map(|pull_request| Reply::PullRequest {
                repo: repo.clone(),
                commit: sha.clone(),
                answer: Ok(pull_request),
            }),
            code.checks.clone().ok().map(|checks| Reply::Checks { repo, commit: sha, answer: Ok(checks) }),
            code.training.clone().ok().flatten().map(|training| Reply::Workflow {
                repo: training.repo,
                run: training.run.id,
                answer: Ok(training.run),
            }),
        ];
        for reply in replies.into_iter().flatten() {
            let slot = self.slots.entry(reply.query()).or_default();
            // A request under way brings something newer.
            if slot.loading.is_none() {
                *slot = Slot { read_at: Some(now), tried_at: Some(now), ..Slot::default() };
                reply.store(self, now);
            }
        }
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

    pub fn record(&self, id: PromotionId) -> Option<&Sealed> {
        self.records().find(|sealed| sealed.record.record_id == id)
    }

    /// The last outcome of the record with this id, if there is one.
    pub fn record_outcome(&self, id: PromotionId) -> Option<&RecordOutcome> {
        chain::last(self.record_chain()?, id)
    }

    /// What people asked of CD and noted since the decision with this id, oldest first.
    pub fn added_to_record(&self, id: PromotionId) -> Vec<&RecordOutcome> {
        self.record_chain().map(|lines| chain::added(lines, id).collect()).unwrap_or_default()
    }

    /// Evicted data has to be requested again.
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
        self.version_changes += 1;
    }

    fn outdate(&mut self, query: &Query) {
        if let Some(slot) = self.slots.get_mut(query) {
            slot.stale = true;
        }
    }

    fn restart_models(&mut self, _: &Option<String>) {
        self.models.restart();
        self.slots.retain(|q, _| !matches!(q, Query::Models { .. }));
    }

    fn restart_versions(&mut self, model: &ModelName, _: &Option<String>) {
        if let Some(versions) = self.versions.get_mut(model) {
            versions.restart();
        }
        self.version_changes += 1;
        self.slots.retain(|q, _| !matches!(q, Query::Versions { model: m, .. } if m == model));
    }

    fn restart_experiments(&mut self, _: &Option<String>) {
        self.experiments.restart();
        self.slots.retain(|q, _| !matches!(q, Query::Experiments { .. }));
    }

    fn restart_found_runs(&mut self, search: &RunQuery) {
        let first = first_page(search);
        if let Some(found) = self.searches.get_mut(&first) {
            found.list.restart();
        }
        self.slots.retain(|q, _| !matches!(q, Query::SearchRuns { search: s } if first_page(s) == first));
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

    /// Runs are cached by id, not by the query that loaded them.
    fn add_runs(&mut self, ids: Vec<RunId>, answer: Outcome<Vec<Run>>, _: Timestamp) {
        match answer {
            Ok(runs) => self.runs.put(&ids, runs),
            Err(failure) => self.runs.failed(&ids, &failure),
        }
        self.slots.remove(&Query::Runs { ids });
    }

    /// As [`Self::add_runs`].
    fn add_logged_models(&mut self, ids: Vec<String>, answer: Outcome<Vec<LoggedModel>>, _: Timestamp) {
        match answer {
            Ok(models) => self.logged_models.put(&ids, models),
            Err(failure) => self.logged_models.failed(&ids, &failure),
        }
        self.slots.remove(&Query::LoggedModels { ids });
    }

    /// As [`Self::add_runs`].
    fn add_requests(&mut self, of: Vec<VersionKey>, answer: Outcome<Vec<OpenRequests>>, _: Timestamp) {
        match answer {
            Ok(open) => self.requests.put(&of, open),
            Err(failure) => self.requests.failed(&of, &failure),
        }
        self.slots.remove(&Query::Requests { of });
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

    fn put_evaluation(&mut self, facts: SharedFacts, answer: Outcome<Evaluation>, now: Timestamp) {
        if let Ok(evaluation) = answer {
            self.learn_code(&evaluation.evidence, now);
            let dropped = self.evaluations.put(facts, evaluation);
            self.dropped(dropped.map(|facts| Query::Evaluation { facts }));
        }
    }

    fn add_preview(&mut self, root: ArtifactRoot, path: String, answer: Outcome<Arc<Preview>>, _: Timestamp) {
        if let Ok(preview) = answer {
            let dropped = self.previews.put(Query::Preview { root, path }, preview);
            self.dropped(dropped);
        }
    }
}

/// The key of a search: its first page.
fn first_page(search: &RunQuery) -> RunQuery {
    RunQuery { page: None, ..search.clone() }
}

#[cfg(test)]
mod tests;
