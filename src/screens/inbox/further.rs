//! Versions that wait and that the list of models does not carry: it has only the newest of each stage.
//!
//! A model is looked through if its entry says that it may hide something: those with a row in sight, and a few without
//! a row. The number of the latter is bounded, so that a registry of thousands of models is not read model by model.

use std::collections::BTreeSet;

use crate::app::eager_pages::EagerPages;
use crate::app::query::Query;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::inbox::{Waiting, may_hide, production_among};
use crate::domain::registry::RegisteredModel;
use crate::screens::parts::Ctx;
use crate::screens::parts::waiting::known;

/// Models without a row whose versions are read at a time.
const AT_ONCE: usize = 4;

/// Models without a row whose versions are read at all.
pub const MOST: usize = 100;

/// Models of which nothing waits as far as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silent {
    /// Indices of those that may hide something.
    unread: Vec<usize>,
    /// Those that are looked through. The first stay chosen: to read another hundred with each refresh would read all.
    chosen: BTreeSet<ModelName>,
}

impl Silent {
    /// Forgets the models from index `kept` on.
    pub fn truncate(&mut self, kept: usize) {
        self.unread.retain(|model| *model < kept);
    }

    /// Adds a model without a row.
    pub fn add(&mut self, at: usize, model: &RegisteredModel, ctx: &Ctx<'_>) {
        if hides(model, ctx) {
            self.unread.push(at);
            if self.chosen.len() < MOST {
                self.chosen.insert(model.name.clone());
            }
        }
    }

    /// The models to read now.
    pub fn next<'c>(&self, ctx: &Ctx<'c>) -> impl Iterator<Item = &'c RegisteredModel> {
        self.within(ctx).filter(|model| failure(model, ctx).is_none()).take(AT_ONCE)
    }

    /// Number of models that are not looked through, because there are too many of them.
    pub fn beyond(&self, ctx: &Ctx<'_>) -> usize {
        self.unread.len().saturating_sub(self.within(ctx).count())
    }

    /// Whether all were looked through.
    pub fn is_done(&self) -> bool {
        self.unread.is_empty()
    }

    /// Why one of them could not be read.
    pub fn failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Failure> {
        self.within(ctx).find_map(|model| failure(model, ctx))
    }

    fn within<'c>(&self, ctx: &Ctx<'c>) -> impl Iterator<Item = &'c RegisteredModel> {
        let models = &ctx.cache.models.items;
        self.unread.iter().filter_map(|at| models.get(*at)).filter(|model| self.chosen.contains(&model.name))
    }
}

/// The version of the model, to be drawn as waiting.
pub fn waiting_as<'a>(model: &'a RegisteredModel, number: VersionNumber, ctx: &Ctx<'a>) -> Option<Waiting<'a>> {
    let find = |number: VersionNumber| known(model, ctx).find(|v| v.number == number);
    let production = production_among(model, known(model, ctx), &ctx.rules.promote_to);
    let known = |n| find(n).or_else(|| ctx.cache.version(&model.name, n));
    Some(Waiting::against(model, production, known)(find(number)?))
}

/// Whether versions of the model that were not read may wait.
pub fn hides(model: &RegisteredModel, ctx: &Ctx<'_>) -> bool {
    let target = &ctx.rules.promote_to;
    match ctx.cache.versions(&model.name) {
        Some(read) if !read.has_more() => false,
        // Newest first: whatever was not read is below.
        Some(read) if !read.is_refreshing() => may_hide(model, read.items.iter().map(|v| v.number).min(), target),
        _ => may_hide(model, None, target),
    }
}

/// The query for the next page of the model's versions.
pub fn next_versions(model: &RegisteredModel, ctx: &Ctx<'_>) -> Query {
    let page = ctx.cache.versions(&model.name).and_then(EagerPages::next_page);
    Query::Versions { model: model.name.clone(), page }
}

/// Why the model's versions could not be read.
pub fn failure<'a>(model: &RegisteredModel, ctx: &Ctx<'a>) -> Option<&'a Failure> {
    ctx.cache.failure(&next_versions(model, ctx))
}
