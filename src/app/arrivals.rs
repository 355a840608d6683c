//! What arrived while the screens are open.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::cache::Cache;
use super::route::Route;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::all_waiting;
use crate::domain::registry::PromotionTarget;

/// A version, by its model's name and its number.
pub type Arrived = (ModelName, VersionNumber);

/// What waits, as far as the list of models says, and what of it nobody looked at yet.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// What waited at the last look; none before the first.
    known: Option<BTreeSet<Arrived>>,
    /// What arrived since and was not opened.
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
        self.known.as_ref().map(BTreeSet::len)
    }

    /// Looks at the list of models, if it was read anew. Returns what is new in it.
    pub fn look(&mut self, cache: &Cache, target: &PromotionTarget) -> Vec<Arrived> {
        let models = &cache.models;
        if !models.complete || models.has_more() || models.read_at == self.read_at {
            return Vec::new();
        }
        self.read_at = models.read_at;
        let of_model = |model| all_waiting(model, &model.latest, target).into_iter().map(|w| w.candidate);
        let now: BTreeSet<Arrived> =
            models.items.iter().flat_map(of_model).map(|v| (v.model.clone(), v.number)).collect();
        let new = match &self.known {
            Some(known) => now.difference(known).cloned().collect(),
            None => Vec::new(),
        };
        self.fresh.retain(|arrived| now.contains(arrived));
        self.fresh.extend(new.iter().cloned());
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
