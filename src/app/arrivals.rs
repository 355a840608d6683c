//! What arrived or changed while the screens are open.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;

use super::cache::Cache;
use super::route::Route;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::all_waiting;
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, PromotionTarget};

/// What the terminal itself is to tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What arrived; never empty.
    pub arrived: Vec<Arrived>,
    pub text: String,
}

/// A version, by its model's name and its number.
pub type Arrived = (ModelName, VersionNumber);

/// What waits, as far as the list of models says, and what of it nobody looked at yet.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// What waited at the last look, and how it stood; none before the first.
    known: Option<BTreeMap<Arrived, u64>>,
    /// What arrived or changed since and was not opened.
    fresh: BTreeSet<Arrived>,
    /// When the list that was looked at was read.
    read_at: Option<Timestamp>,
}

impl Arrivals {
    /// What nobody looked at yet.
    pub fn fresh(&self) -> &BTreeSet<Arrived> {
        &self.fresh
    }

    /// How many versions wait; none before the first look.
    pub fn waiting(&self) -> Option<usize> {
        self.known.as_ref().map(BTreeMap::len)
    }

    /// Looks at the list of models, if it was read anew. Returns what is new in it.
    pub fn look(&mut self, cache: &Cache, target: &PromotionTarget) -> Vec<Arrived> {
        let models = &cache.models;
        if !models.complete || models.has_more() || models.read_at == self.read_at {
            return Vec::new();
        }
        self.read_at = models.read_at;
        let of_model = |model| all_waiting(model, &model.latest, target).into_iter().map(|w| w.candidate);
        let now: BTreeMap<Arrived, u64> =
            models.items.iter().flat_map(of_model).map(|v| ((v.model.clone(), v.number), standing(v))).collect();
        self.fresh.retain(|arrived| now.contains_key(arrived));
        let mut new = Vec::new();
        if let Some(known) = &self.known {
            for (arrived, stands) in &now {
                let before = known.get(arrived);
                if before != Some(stands) {
                    self.fresh.insert(arrived.clone());
                    new.extend(before.is_none().then(|| arrived.clone()));
                }
            }
        }
        self.known = Some(now);
        new
    }

    /// Somebody looks at a version.
    pub fn opened(&mut self, route: &Route) {
        if let Route::Review(model, version) | Route::Approve(model, version, _) | Route::Decide(model, version, _) =
            route
        {
            self.fresh.remove(&(model.clone(), *version));
        }
    }
}

/// How a version stands, for telling a change: what others set on it, and none of what decisions write.
fn standing(version: &ModelVersion) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&version.source, &version.run_id, &version.description, &version.aliases).hash(&mut hasher);
    (version.stage.to_string(), version.status.to_string()).hash(&mut hasher);
    for (key, value) in version.tags.iter().filter(|(key, _)| !key.starts_with(OWN_TAG_PREFIX)) {
        (key, value).hash(&mut hasher);
    }
    hasher.finish()
}
