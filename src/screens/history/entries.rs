//! Decisions and promotions in one list. A promotion has the id of the record it carries out.

use jiff::Timestamp;

use crate::app::catalog::Catalog;
use crate::app::query::Promotion;
use crate::domain::ids::PromotionId;
use crate::domain::promotion::SagaState;
use crate::domain::record::Record;

/// One decision, one promotion, or both.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its id.
    pub id: PromotionId,
    /// The promotion, if there is one.
    pub promotion: Option<&'a Promotion>,
    /// Its state, if it can be read.
    pub state: Option<&'a SagaState>,
    /// The record, if the chain has it.
    pub record: Option<&'a Record>,
}

impl Entry<'_> {
    fn at(&self) -> Option<Timestamp> {
        self.record.map(|r| r.signed_at).or_else(|| self.state.map(|s| s.opened_at))
    }
}

/// Everything, newest first; what cannot be read last.
#[must_use]
pub fn entries(catalog: &Catalog) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = catalog
        .promotions
        .iter()
        .map(|p| Entry {
            id: p.id,
            promotion: Some(p),
            state: catalog.promotion(p.id).or_else(|| p.state.as_ref().ok().map(AsRef::as_ref)),
            record: catalog.decisions.record(p.id).map(|s| &s.record),
        })
        .collect();
    let promoted: Vec<PromotionId> = entries.iter().map(|e| e.id).collect();
    let alone = catalog.decisions.records().filter(|s| !promoted.contains(&s.record.record_id));
    entries.extend(alone.map(|s| Entry {
        id: s.record.record_id,
        promotion: None,
        state: None,
        record: Some(&s.record),
    }));
    entries.sort_by_key(|e| (e.at().is_none(), std::cmp::Reverse(e.at())));
    entries
}
