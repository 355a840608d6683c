//! Reading the versions of a model page by page.
//!
//! MLflow pages by offset over a live table, so its own page tokens skip rows when a version is deleted in
//! between. Versions are read by descending number instead, each page from below the last number seen.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::Mutex;

use super::client::Call;
use super::{Mlflow, convert, filter, wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::page::Page;
use crate::domain::registry::{ModelVersion, RegisteredModel, join_aliases};
use crate::domain::sorted_map::Interner;

/// Which version each alias of a model points to.
type Aliases = BTreeMap<String, VersionNumber>;

/// The aliases of the model that was listed last, for its further pages: searches do not carry them.
#[derive(Debug, Default)]
pub(super) struct KnownAliases(Mutex<Option<(ModelName, Aliases)>>);

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cursor {
    /// At the newest version.
    Start,
    /// Below this number.
    Below(u64),
    /// Where the server's own token says: for names no filter can express exactly.
    Token(String),
}

impl Cursor {
    fn read(page: Option<&str>) -> Option<Self> {
        match page {
            None => Some(Self::Start),
            Some(p) => match p.split_once(':')? {
                ("below", n) => n.parse().ok().map(Self::Below),
                ("token", t) => Some(Self::Token(t.to_owned())),
                _ => None,
            },
        }
    }

    fn write(&self) -> Option<String> {
        match self {
            Self::Start => None,
            Self::Below(n) => Some(format!("below:{n}")),
            Self::Token(t) => Some(format!("token:{t}")),
        }
    }
}

impl Mlflow {
    /// One model with its aliases; a prompt is not one.
    pub(super) async fn one_model(&self, name: &ModelName) -> Outcome<RegisteredModel> {
        let what = format!("read the model {name}");
        let call = Call::get("registered-models/get", &what).query("name", name.as_str());
        let answer: wire::OneModel = self.registry.json(&call).await?;
        let model = convert::model(answer.registered_model, &mut Interner::default());
        if convert::is_prompt(&model.tags) {
            let reason = format!("{name} is a prompt, not a model");
            return Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason)
                .with_hint("MLflow keeps prompts beside models; signoff reviews models only."));
        }
        Ok(model)
    }

    /// One page for listing, aliases joined. An unknown model is an error, a model without versions is not.
    pub(super) async fn version_page(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>> {
        let cursor = Cursor::read(page).ok_or_else(|| {
            Failure::new(
                FailureKind::Bug,
                Service::Local,
                format!("list the versions of {model}"),
                "the page token is not ours",
            )
        })?;
        let size = self.tuning.versions_per_page;
        let known = self.aliases.0.lock().await.clone().filter(|(name, _)| page.is_some() && name == model);
        let (mut found, aliases) = match known {
            Some((_, aliases)) => (self.search(model, &cursor, size).await?, aliases),
            None => {
                let (found, read) =
                    futures_util::future::try_join(self.search(model, &cursor, size), self.one_model(model)).await?;
                *self.aliases.0.lock().await = Some((model.clone(), read.aliases.clone()));
                (found, read.aliases)
            }
        };
        join_aliases(&mut found.items, &aliases);
        Ok(found)
    }

    /// Every version for which `keep` holds, aliases joined, ascending.
    pub(super) async fn scan(
        &self,
        model: &ModelName,
        keep: impl Fn(&ModelVersion) -> bool + Send,
    ) -> Outcome<Vec<ModelVersion>> {
        let all = async {
            let mut kept = BTreeMap::new();
            let mut cursor = Cursor::Start;
            let mut seen = HashSet::new();
            loop {
                let page = self.search(model, &cursor, self.tuning.versions_per_scan).await?;
                kept.extend(page.items.into_iter().filter(|v| keep(v)).map(|v| (v.number, v)));
                let Some(next) = page.next else { break };
                if !seen.insert(next.clone()) {
                    let what = format!("list the versions of {model}");
                    return Err(Failure::new(
                        FailureKind::Protocol,
                        Service::Mlflow,
                        what,
                        "the server repeats the same page",
                    ));
                }
                cursor = Cursor::read(Some(&next)).unwrap_or(Cursor::Start);
            }
            Ok(kept.into_values().collect::<Vec<_>>())
        };
        let (mut kept, read) = futures_util::future::try_join(all, self.one_model(model)).await?;
        join_aliases(&mut kept, &read.aliases);
        Ok(kept)
    }

    async fn search(&self, model: &ModelName, cursor: &Cursor, size: usize) -> Outcome<Page<ModelVersion>> {
        let what = format!("list the versions of {model}");
        let name = filter::name_is(model.as_str());
        let mut call = Call::get("model-versions/search", &what)
            .query("max_results", size.to_string())
            .query("order_by", "version_number DESC");
        call = match cursor {
            Cursor::Below(n) => call.query("filter", format!("{} AND version_number < {n}", name.condition)),
            Cursor::Start => call.query("filter", name.condition),
            Cursor::Token(t) => call.query("filter", name.condition).query("page_token", t.as_str()),
        };
        let answer: wire::VersionPage = self.registry.json(&call).await?;
        let more = !answer.next_page_token.is_empty();
        let mut items = Vec::with_capacity(answer.model_versions.len());
        let (mut lowest, mut pool) = (None, Interner::default());
        for dto in answer.model_versions {
            // A version that cannot be read might be the one in production: no silent gaps.
            let mut version = convert::version(dto, &mut pool).ok_or_else(|| {
                Failure::new(
                    FailureKind::Protocol,
                    Service::Mlflow,
                    &what,
                    "the server lists a version without a number",
                )
            })?;
            lowest = lowest.min(Some(version.number.0)).or(Some(version.number.0));
            // Some databases compare names without regard to case.
            if version.model == *model {
                version.model = model.clone();
                items.push(version);
            }
        }
        let next = match (more, name.exact, lowest) {
            (true, true, Some(n)) => Some(Cursor::Below(n)),
            (true, false, _) if *cursor != Cursor::Token(answer.next_page_token.clone()) => {
                Some(Cursor::Token(answer.next_page_token))
            }
            _ => None,
        };
        Ok(Page { items, next: next.and_then(|c| c.write()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_as_page_tokens() {
        for cursor in [Cursor::Below(12), Cursor::Token("eyJvZmZzZXQiOiAyfQ==".to_owned())] {
            assert_eq!(Cursor::read(cursor.write().as_deref()), Some(cursor));
        }
        assert_eq!(Cursor::read(None), Some(Cursor::Start));
        assert_eq!(Cursor::read(Some("eyJ")), None);
    }
}
