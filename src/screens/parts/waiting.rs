//! Which versions of a model wait, as far as its versions were read.

use super::Ctx;
use crate::domain::inbox::{Waiting, all_waiting};
use crate::domain::registry::{ModelVersion, RegisteredModel};

/// The versions of a model that were read: what was read last comes first, and each number once.
pub fn known<'a>(model: &'a RegisteredModel, ctx: &Ctx<'a>) -> impl Iterator<Item = &'a ModelVersion> {
    let list = ctx.cache.versions(&model.name);
    let read = list.map(|list| list.items.as_slice()).unwrap_or_default();
    let listed = model.latest.as_slice();
    let newer = list.is_some_and(|list| list.read_at > ctx.cache.models.read_at);
    let (first, then) = if newer { (read, listed) } else { (listed, read) };
    first.iter().chain(then.iter().filter(|v| !first.iter().any(|known| known.number == v.number)))
}

/// The waiting versions of a model, newest first.
pub fn waiting_in<'a>(model: &'a RegisteredModel, ctx: &Ctx<'a>) -> Vec<Waiting<'a>> {
    all_waiting(model, known(model, ctx), &ctx.rules.promote_to)
}
