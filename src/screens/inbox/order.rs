//! Another order than oldest first: by a column, within each section. What is not known comes last.

use std::cmp::Ordering;

use super::further::waiting_as;
use super::lines::Entry;
use crate::app::prefs::ListSort;
use crate::domain::inbox::Waiting;
use crate::domain::run::MetricValue;
use crate::present::version as words;
use crate::screens::parts::Ctx;
use crate::screens::parts::known::known;

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Key {
    Text(String),
    Number(f64),
}

/// Sorts the entries at these indices, each within its section; equal ones stay in their order.
pub fn sort(found: &mut [usize], rows: &[Entry], sort: &ListSort, ctx: &Ctx<'_>) {
    let key = |i: &usize| {
        let entry = rows[*i];
        let model = &ctx.cache.models.items[entry.model];
        (entry.section, waiting_as(model, entry.version, ctx).and_then(|waiting| key(&sort.by, &waiting, ctx)))
    };
    let compare = |(a_section, a): &(_, Option<Key>), (b_section, b): &(_, Option<Key>)| {
        let by_key = match (a, b) {
            (Some(a), Some(b)) => {
                let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if sort.descending { order.reverse() } else { order }
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        Ord::cmp(a_section, b_section).then(by_key)
    };
    let mut keyed: Vec<_> = found.iter().map(|i| (key(i), *i)).collect();
    keyed.sort_by(|(a, _), (b, _)| compare(a, b));
    for (slot, (_, i)) in found.iter_mut().zip(keyed) {
        *slot = i;
    }
}

fn key(by: &str, waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> Option<Key> {
    let candidate = waiting.candidate;
    let said = ctx.cache.said(candidate);
    let metric = || ctx.rules.main_metric(said);
    let finite = |value: MetricValue| Some(value.0).filter(|value| value.is_finite());
    match by {
        "MODEL" => Some(Key::Text(candidate.model.to_string())),
        // Older is larger.
        "AGE" => candidate.created_at.map(|at| Key::Number(-(at.as_second() as f64))),
        "AUTHOR" => words::author(candidate, said).map(|author| Key::Text(author.to_owned())),
        "STAGE" => Some(Key::Text(candidate.stage.to_string())),
        "VALUE" => known(candidate, metric()?, ctx).value().and_then(finite).map(Key::Number),
        "Δ PROD" => {
            let name = metric()?;
            let new = known(candidate, name, ctx).value().and_then(finite)?;
            let old = known(waiting.production_version?, name, ctx).value().and_then(finite)?;
            Some(Key::Number(new - old))
        }
        _ => None,
    }
}
