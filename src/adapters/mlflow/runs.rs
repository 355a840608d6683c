//! Reads many runs in few requests.
//!
//! `runs/search` only finds runs in the experiments it is given (as strings: 3.x finds nothing for numbers, measured on
//! 3.18), so the list of experiments is read once and cached.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tokio::sync::Mutex;

use super::{Mlflow, client, convert, filter, wire};
use crate::adapters::http::{Part, read_pages};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::RunId;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::domain::sorted_map::Interner;

/// Most runs read one by one after the searches did not find them; the rest is skipped.
const MAX_SINGLE_READS: usize = 5;
/// Most runs read one by one on servers that cannot search for ids.
const MAX_SINGLE_SEARCH: usize = 200;
/// Concurrent requests; a server has four workers by default.
pub(super) const PARALLEL: usize = 3;

/// Runs that are read without the list of all experiments.
const FEW: usize = 3;
/// Most runs whose experiment is remembered.
const REMEMBERED: usize = 1_000;

/// Ids of all experiments, cached, and those of some runs.
#[derive(Debug, Default)]
pub(super) struct KnownExperiments {
    all: Mutex<Option<Vec<String>>>,
    /// By run. Only where to look first: what is not found there is looked for by its id.
    of_runs: std::sync::Mutex<HashMap<String, String>>,
}

impl KnownExperiments {
    /// The experiments in which these runs may be.
    fn of(&self, runs: &[&str]) -> Vec<String> {
        let Ok(known) = self.of_runs.lock() else { return Vec::new() };
        let mut experiments: Vec<String> = runs.iter().filter_map(|run| known.get(*run).cloned()).collect();
        experiments.sort();
        experiments.dedup();
        experiments
    }

    fn remember(&self, run: &str, experiment: &str) {
        if let Ok(mut known) = self.of_runs.lock()
            && known.len() < REMEMBERED
            && !experiment.is_empty()
        {
            known.insert(run.to_owned(), experiment.to_owned());
        }
    }

    /// Learns from where a version's files are: MLflow keeps those of a run below its experiment.
    pub(super) fn learn_from(&self, version: &ModelVersion) {
        if let Some(run) = &version.run_id
            && let Some((before, _)) = version.source.split_once(&format!("/{}/artifacts", run.as_str()))
            && let Some(experiment) = before.rsplit('/').next()
            && experiment.bytes().all(|b| b.is_ascii_digit())
        {
            self.remember(run.as_str(), experiment);
        }
    }
}

impl Mlflow {
    /// The readable runs among these ids, in order of id.
    pub(in crate::adapters) async fn read_runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>> {
        let mut wanted: Vec<&str> = ids.iter().map(RunId::as_str).filter(|id| !id.is_empty()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if let [id] = wanted[..] {
            return Ok(self.run(id).await?.into_iter().collect());
        }
        let mut found = BTreeMap::new();
        if wanted.len() <= FEW && self.experiments.all.lock().await.is_none() {
            return self.read_few(&wanted).await;
        }
        let (experiments, fresh) = self.experiment_ids(false).await?;
        self.find(&wanted, &experiments, &mut found).await?;
        let missing = |found: &BTreeMap<String, Run>| -> Vec<&str> {
            wanted.iter().copied().filter(|id| !found.contains_key(*id)).collect()
        };
        if missing(&found).len() > MAX_SINGLE_READS && !fresh {
            // They may be in experiments newer than the list.
            let (now, _) = self.experiment_ids(true).await?;
            if now != experiments {
                self.find(&missing(&found), &now, &mut found).await?;
            }
        }
        let single: Vec<_> = missing(&found).into_iter().take(MAX_SINGLE_READS).map(|id| self.run(id)).collect();
        let read: Vec<Option<Run>> = futures_util::stream::iter(single).buffered(PARALLEL).try_collect().await?;
        for run in read.into_iter().flatten() {
            self.learn(run.experiment.as_str()).await;
            found.insert(run.id.as_str().to_owned(), run);
        }
        Ok(found.into_values().collect())
    }

    /// Reads a few runs, together if their experiments are known.
    async fn read_few(&self, wanted: &[&str]) -> Outcome<Vec<Run>> {
        let mut found = BTreeMap::new();
        match self.find(wanted, &self.experiments.of(wanted), &mut found).await {
            // Such as an experiment that was not the right one.
            Err(failure) if !failure.kind.is_transient() => {}
            looked => looked?,
        }
        let single = wanted.iter().filter(|id| !found.contains_key(**id)).map(|id| self.run(id));
        let single: Vec<_> = single.collect();
        let read: Vec<Option<Run>> = futures_util::stream::iter(single).buffered(PARALLEL).try_collect().await?;
        found.extend(read.into_iter().flatten().map(|run| (run.id.as_str().to_owned(), run)));
        for run in found.values() {
            self.experiments.remember(run.id.as_str(), run.experiment.as_str());
        }
        Ok(found.into_values().collect())
    }

    async fn find(&self, ids: &[&str], experiments: &[String], found: &mut BTreeMap<String, Run>) -> Outcome<()> {
        if experiments.is_empty() {
            return Ok(());
        }
        let searches: Vec<_> = ids
            .chunks(self.tuning.runs_per_search.max(1))
            .filter_map(filter::run_id_in)
            .map(|(ids, condition)| self.find_page(ids.len(), condition, experiments))
            .collect();
        let searched = futures_util::stream::iter(searches).buffered(PARALLEL).try_collect().await;
        let pages: Vec<Vec<Run>> = match searched {
            // Before 2.2 runs could not be searched by id (2.1.1 answers 400).
            Err(Failure { kind: FailureKind::Rejected, .. }) => return self.find_singly(ids, found).await,
            searched => searched?,
        };
        let wanted: HashSet<&str> = ids.iter().copied().collect();
        found.extend(
            pages
                .into_iter()
                .flatten()
                .filter(|r| wanted.contains(r.id.as_str()))
                .map(|r| (r.id.as_str().to_owned(), r)),
        );
        Ok(())
    }

    /// Reads the runs one by one, and no more than a person waits for; lists are useful without the rest.
    async fn find_singly(&self, ids: &[&str], found: &mut BTreeMap<String, Run>) -> Outcome<()> {
        let reads: Vec<_> = ids.iter().take(MAX_SINGLE_SEARCH).map(|id| self.run(id)).collect();
        let read: Vec<Option<Run>> = futures_util::stream::iter(reads).buffered(PARALLEL).try_collect().await?;
        found.extend(read.into_iter().flatten().map(|run| (run.id.as_str().to_owned(), run)));
        Ok(())
    }

    async fn find_page(&self, count: usize, condition: String, experiments: &[String]) -> Outcome<Vec<Run>> {
        let body = json!({
            "experiment_ids": experiments,
            "filter": condition,
            "run_view_type": "ALL",
            "max_results": count,
        });
        let call = client::search("runs/search", format!("read {count} runs"), &body);
        let page: wire::RunPage = self.tracking.json(call).await?;
        Ok(convert::runs(page.runs))
    }

    /// One run by its id, deleted or not. None if it does not exist or may not be read.
    async fn run(&self, id: &str) -> Outcome<Option<Run>> {
        let what = format!("read the run {}", RunId::new(id).short());
        let call = client::get("runs/get", what).query("run_id", id);
        match self.tracking.json::<wire::OneRun>(call).await {
            Ok(answer) => Ok(convert::run(answer.run, &mut Interner::default())),
            // `Rejected`: the id is malformed for this server.
            Err(f) if matches!(f.kind, FailureKind::NotFound | FailureKind::Forbidden | FailureKind::Rejected) => {
                Ok(None)
            }
            Err(f) => Err(f),
        }
    }

    /// All experiment ids, deleted ones included.
    pub(super) async fn known_experiments(&self) -> Outcome<Vec<String>> {
        self.experiment_ids(false).await.map(|(ids, _)| ids)
    }

    /// All experiment ids, and whether they were just read.
    async fn experiment_ids(&self, again: bool) -> Outcome<(Vec<String>, bool)> {
        // Held while reading, so concurrent callers read the list once.
        let mut known = self.experiments.all.lock().await;
        if let Some(ids) = known.as_ref().filter(|_| !again) {
            return Ok((ids.clone(), false));
        }
        let what = "list the experiments";
        let listed = read_pages(Service::Mlflow, what, usize::MAX, |token| async move {
            let body = json!({
                "view_type": "ALL",
                "max_results": self.tuning.experiments_per_page,
                // By creation time, so a new experiment does not shift the pages.
                "order_by": ["creation_time ASC"],
                "page_token": token,
            });
            let call = client::search("experiments/search", what, &body);
            let (page, bytes) = self.tracking.sized::<wire::ExperimentPage>(call).await?;
            let ids = page.experiments.into_iter().map(|e| e.experiment_id.0).filter(|id| !id.is_empty());
            Ok(Part::new(ids.collect(), page.next_page_token, bytes))
        });
        let mut ids: Vec<String> = listed.await?.items;
        let mut unique = HashSet::new();
        ids.retain(|id| unique.insert(id.clone()));
        *known = Some(ids.clone());
        Ok((ids, true))
    }

    async fn learn(&self, experiment: &str) {
        if let Some(ids) = self.experiments.all.lock().await.as_mut()
            && !experiment.is_empty()
            && !ids.iter().any(|id| id == experiment)
        {
            ids.push(experiment.to_owned());
        }
    }
}
