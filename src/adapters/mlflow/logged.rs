//! Reads logged models (3.x) in few requests.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::artifacts::model_id;
use super::runs::PARALLEL;
use super::{Mlflow, client, convert, filter, wire};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::logged::LoggedModel;
use crate::domain::sorted_map::Interner;
use crate::domain::text::clean_line;

/// Up to this many are read one by one: a search costs as much, and needs the list of all experiments.
const FEW: usize = 2;
/// Most models read one by one after the searches did not find them; the rest is skipped.
const MAX_SINGLE_READS: usize = 20;

/// The phrase for reading one.
pub(super) fn reading(id: &str) -> String {
    format!("read the logged model {}", clean_line(id))
}

impl Mlflow {
    /// One logged model; none if the server keeps none at all.
    pub(super) async fn one_logged_model(&self, id: &str) -> Outcome<Option<LoggedModel>> {
        let what = reading(id);
        let call = client::get(&format!("logged-models/{}", model_id(id, &what)?), &what);
        let read = self.tracking.function::<wire::OneLoggedModel>(call).await?;
        Ok(read.map(|(answer, _)| convert::logged_model(answer.model, &mut Interner::default())))
    }

    /// The readable logged models among these ids, in order of id. A server that keeps none says nothing of any.
    pub(in crate::adapters) async fn read_logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>> {
        let mut wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found = BTreeMap::new();
        if wanted.len() > FEW {
            for model in self.find_logged_models(&wanted).await? {
                found.insert(model.id.clone(), model);
            }
        }
        let missing = wanted.into_iter().filter(|id| !found.contains_key(*id)).take(MAX_SINGLE_READS);
        let single: Vec<_> = missing.map(|id| self.readable_logged_model(id)).collect();
        let read: Vec<Option<LoggedModel>> =
            futures_util::stream::iter(single).buffered(PARALLEL).try_collect().await?;
        found.extend(read.into_iter().flatten().map(|model| (model.id.clone(), model)));
        Ok(found.into_values().collect())
    }

    async fn find_logged_models(&self, ids: &[&str]) -> Outcome<Vec<LoggedModel>> {
        let experiments = self.known_experiments().await?;
        if experiments.is_empty() {
            return Ok(Vec::new());
        }
        let searches: Vec<_> = ids
            .chunks(self.tuning.models_per_search.max(1))
            .filter_map(|ids| Some((ids.len(), filter::id_in("model_id", ids)?.1)))
            .map(|(count, condition)| self.find_logged_page(count, condition, &experiments))
            .collect();
        let pages: Vec<Vec<LoggedModel>> =
            futures_util::stream::iter(searches).buffered(PARALLEL).try_collect().await?;
        let asked = |model: &LoggedModel| ids.contains(&model.id.as_str());
        Ok(pages.into_iter().flatten().filter(asked).collect())
    }

    async fn find_logged_page(
        &self,
        count: usize,
        condition: String,
        experiments: &[String],
    ) -> Outcome<Vec<LoggedModel>> {
        let what = format!("read {count} logged models");
        let body = json!({ "experiment_ids": experiments, "filter": condition, "max_results": count });
        let call = client::search("logged-models/search", what, &body);
        let page = match self.tracking.function::<wire::LoggedModelPage>(call).await {
            Ok(page) => page,
            // The filter is unknown to the server: they are read one by one.
            Err(f) if f.kind == FailureKind::Rejected => None,
            Err(f) => return Err(f),
        };
        let mut pool = Interner::default();
        let models = page.map(|(page, _)| page.models).unwrap_or_default();
        Ok(models.into_iter().map(|model| convert::logged_model(model, &mut pool)).collect())
    }

    /// One logged model. None if it does not exist or may not be read; one that says nothing, if the server keeps none.
    async fn readable_logged_model(&self, id: &str) -> Outcome<Option<LoggedModel>> {
        match self.one_logged_model(id).await {
            Ok(Some(model)) => Ok(Some(model)),
            Ok(None) => Ok(Some(LoggedModel { id: id.to_owned(), ..LoggedModel::default() })),
            Err(f) if matches!(f.kind, FailureKind::NotFound | FailureKind::Forbidden | FailureKind::Rejected) => {
                Ok(None)
            }
            Err(f) => Err(f),
        }
    }
}
