//! Reads the versions of a model page by page.
//!
//! MLflow pages by offset over a live table, so its page tokens skip rows when a version is deleted in between.
//! Instead, versions are read by descending number, each page starting below the last number seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::{Mlflow, client, convert, filter, wire};
use crate::adapters::http::{Part, read_pages};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::registry::{ModelVersion, RegisteredModel, join_aliases};
use crate::domain::sorted_map::Interner;

/// The version each alias of a model points to.
type Aliases = BTreeMap<String, VersionNumber>;

/// The aliases of the last listed model, for its further pages: searches do not return them.
#[derive(Debug, Default)]
pub(super) struct KnownAliases(Mutex<Option<(ModelName, Aliases)>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cursor {
    /// At the newest version.
    Start,
    /// Below this number.
    Below(u64),
    /// At the server's own token: for names no filter can express exactly.
    Token(String),
}

impl Cursor {
    fn read(token: &str) -> Self {
        match token.split_once(':') {
            Some(("below", n)) => n.parse().map_or(Self::Start, Self::Below),
            Some(("token", t)) => Self::Token(t.to_owned()),
            _ => Self::Start,
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Start => String::new(),
            Self::Below(n) => format!("below:{n}"),
            Self::Token(t) => format!("token:{t}"),
        }
    }
}

impl Mlflow {
    /// One model with its aliases; prompts do not count.
    pub(in crate::adapters) async fn one_model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        let what = format!("read the model {name}");
        let call = client::get(&self.route("registered-models/get"), &what).query("name", name.as_str());
        let answer: wire::OneModel = self.registry.json(call).await?;
        let model = convert::model(answer.registered_model, &mut Interner::default());
        if convert::is_prompt(&model.tags) {
            let reason = format!("{name} is a prompt, not a model");
            return Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason)
                .with_hint("MLflow keeps prompts beside models; signoff reviews models only."));
        }
        Ok(model)
    }

    /// One page for listing, with aliases. An unknown model is an error, a model without versions is not.
    pub(super) async fn version_page(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let (size, what) = (self.tuning.versions_per_page, format!("list the versions of {model}"));
        let search = self.registry.page(&what, page, |token| self.search(model, token, size));
        let known = self.aliases.0.lock().await.clone().filter(|(name, _)| page.is_some() && name == model);
        let (mut found, aliases) = match known {
            Some((_, aliases)) => (search.await?, aliases),
            None => {
                let (found, read) = futures_util::future::try_join(search, self.one_model(model)).await?;
                *self.aliases.0.lock().await = Some((model.clone(), read.aliases.clone()));
                (found, read.aliases)
            }
        };
        join_aliases(&mut found.items, &aliases);
        Ok(found)
    }

    /// The versions that name this run, of all models. A run registers a handful at most.
    pub(in crate::adapters) async fn of_run(&self, run: &RunId) -> Outcome<Vec<ModelVersion>> {
        // Anything but a plain id would leave its quotes.
        if filter::run_id_in(&[run.as_str()]).is_none() {
            return Ok(Vec::new());
        }
        let call = client::get("model-versions/search", format!("find the versions of run {run}"))
            .query("max_results", self.tuning.versions_per_page.to_string())
            .query("filter", format!("run_id = '{}'", run.as_str()));
        let answer: wire::VersionPage = self.registry.json(call).await?;
        let mut pool = Interner::default();
        Ok(answer.model_versions.into_iter().filter_map(|dto| convert::version(dto, &mut pool)).collect())
    }

    /// Every version for which `keep` returns true, without aliases, ascending. An unknown model is an error.
    pub(super) async fn scan(
        &self,
        model: &ModelName,
        keep: impl Fn(&ModelVersion) -> bool + Send + Sync,
    ) -> Outcome<Vec<ModelVersion>> {
        let (size, what) = (self.tuning.versions_per_scan, format!("list the versions of {model}"));
        let any = AtomicBool::new(false);
        let all = read_pages(Service::Mlflow, &what, usize::MAX, |token| async {
            let mut part = self.search(model, token, size).await?;
            any.fetch_or(!part.items.is_empty(), Ordering::Relaxed);
            part.items.retain(&keep);
            Ok(part)
        });
        let by_number: BTreeMap<_, _> = all.await?.items.into_iter().map(|v| (v.number, v)).collect();
        if !any.load(Ordering::Relaxed) {
            // A search does not tell a model without versions from one that does not exist, or a prompt.
            self.one_model(model).await?;
        }
        Ok(by_number.into_values().collect())
    }

    /// Every version of a model, newest first, on a registry that neither sorts nor filters by number. Without aliases.
    pub(in crate::adapters) async fn all_versions(&self, model: &ModelName, size: usize) -> Outcome<Vec<ModelVersion>> {
        let what = format!("list the versions of {model}");
        let name = filter::name_is(model.as_str());
        let first = client::get(&self.route("model-versions/search"), &what)
            .query("filter", name.condition)
            .query("max_results", size.to_string());
        let all = read_pages(Service::Mlflow, &what, usize::MAX, |token| {
            let call = if token.is_empty() { first.clone() } else { first.clone().query("page_token", token) };
            async {
                let (answer, bytes) = self.registry.sized::<wire::VersionPage>(call).await?;
                let next = answer.next_page_token.clone();
                Ok(Part::new(of_model(answer, model, &what)?, next, bytes))
            }
        });
        let by_number: BTreeMap<_, _> = all.await?.items.into_iter().map(|v| (v.number, v)).collect();
        Ok(by_number.into_values().rev().collect())
    }

    async fn search(&self, model: &ModelName, token: String, size: usize) -> Outcome<Part<ModelVersion>> {
        let cursor = Cursor::read(&token);
        let what = format!("list the versions of {model}");
        let name = filter::name_is(model.as_str());
        let mut call = client::get(&self.route("model-versions/search"), &what)
            .query("max_results", size.to_string())
            .query("order_by", "version_number DESC");
        call = match &cursor {
            Cursor::Below(n) => call.query("filter", format!("{} AND version_number < {n}", name.condition)),
            Cursor::Start => call.query("filter", name.condition),
            Cursor::Token(t) => call.query("filter", name.condition).query("page_token", t.as_str()),
        };
        let (answer, bytes) = self.registry.sized::<wire::VersionPage>(call).await?;
        let token = answer.next_page_token.clone();
        let lowest = answer.model_versions.iter().filter_map(|dto| u64::try_from(dto.version.0?).ok()).min();
        let items = of_model(answer, model, &what)?;
        let next = match (!token.is_empty(), name.exact, lowest) {
            (true, true, Some(n)) => Cursor::Below(n),
            (true, false, _) => Cursor::Token(token),
            _ => Cursor::Start,
        };
        Ok(Part::new(items, next.write(), bytes))
    }
}

/// The versions of a page that are of `model`: some databases compare names ignoring case.
fn of_model(answer: wire::VersionPage, model: &ModelName, what: &str) -> Outcome<Vec<ModelVersion>> {
    let mut pool = Interner::default();
    let mut items = Vec::with_capacity(answer.model_versions.len());
    for dto in answer.model_versions {
        // An unreadable version might be the one in production: no silent gaps.
        let mut version = convert::version(dto, &mut pool).ok_or_else(|| {
            let reason = "the server lists a version without a number";
            Failure::new(FailureKind::Protocol, Service::Mlflow, what, reason)
        })?;
        if version.model == *model {
            version.model = model.clone();
            items.push(version);
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_as_page_tokens() {
        for cursor in [Cursor::Below(12), Cursor::Token("eyJvZmZzZXQiOiAyfQ==".to_owned())] {
            assert_eq!(Cursor::read(&cursor.write()), cursor);
        }
        assert_eq!(Cursor::read(""), Cursor::Start);
    }
}
