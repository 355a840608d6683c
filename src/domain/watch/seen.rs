//! What is seen of the versions of a model, as far as events depend on it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::inbox::all_waiting;
use crate::domain::record::mark::{APPROVAL, stamped};
use crate::domain::record::{Decision, DecisionMark};
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, PromotionTarget, RegisteredModel};
use crate::domain::text::clean_line;

/// A model as it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenModel {
    pub name: ModelName,
    /// As [`entry_of`].
    pub entry: String,
    pub versions: Vec<SeenVersion>,
    /// Whether these are all its versions.
    pub whole: bool,
}

/// A version as it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenVersion {
    pub number: VersionNumber,
    pub run: Option<RunId>,
    pub registered_at: Option<Timestamp>,
    /// What tells it from another version of that number.
    pub stamp: String,
    pub waits: bool,
    /// The decision in force.
    pub mark: Option<DecisionMark>,
    /// Whether it is a hold whose date has passed.
    pub is_due: bool,
    /// Git tag of its release.
    pub tag: Option<String>,
    /// Approvals that wait for others, by login.
    pub approvals: BTreeMap<String, DecisionMark>,
    /// Digest of its facts, if they were read: where somebody decided on them.
    pub facts: Option<String>,
}

impl SeenVersion {
    /// Whether somebody decided on it, and it still waits: then a change of its facts matters.
    pub fn is_decided_on(&self) -> bool {
        self.waits && (self.mark.is_some() || !self.approvals.is_empty())
    }
}

/// A digest of the entry of the list of models.
pub fn entry_of(model: &RegisteredModel) -> String {
    // Plain data: serialization cannot fail.
    let bytes = serde_json::to_vec(model).unwrap_or_default();
    Sha256::digest(bytes)[..8].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What is seen of `versions` of a model at a time.
pub fn seen(
    model: &RegisteredModel,
    versions: &[ModelVersion],
    target: &PromotionTarget,
    now: Timestamp,
) -> Vec<SeenVersion> {
    let waiting: Vec<VersionNumber> = all_waiting(model, versions, target).iter().map(|w| w.candidate.number).collect();
    versions
        .iter()
        .map(|version| SeenVersion {
            number: version.number,
            run: version.run_id.clone(),
            registered_at: version.created_at,
            stamp: version
                .stamp()
                .unwrap_or_else(|| version.run_id.as_ref().map(ToString::to_string).unwrap_or_default()),
            waits: waiting.contains(&version.number),
            mark: DecisionMark::on(version),
            is_due: DecisionMark::on(version).is_some_and(|mark| mark.is_due(now).is_some()),
            tag: version.own_tag("tag").map(clean_line),
            approvals: approvals(version),
            facts: None,
        })
        .collect()
}

/// The approvals that tags on the version point to: pointers, not proofs.
fn approvals(version: &ModelVersion) -> BTreeMap<String, DecisionMark> {
    let mut out = BTreeMap::new();
    for (key, value) in version.tags.iter() {
        let Some(login) = key.strip_prefix(OWN_TAG_PREFIX).and_then(|k| k.strip_prefix(APPROVAL)) else { continue };
        // The mark, a space, and the address of the comment.
        let mark = DecisionMark::parse(value)
            .or_else(|| value.rsplit_once(' ').and_then(|(mark, _)| DecisionMark::parse(mark)));
        let about = |mark: &DecisionMark| stamped(mark.of.as_deref(), Some(mark.at), version).another().is_none();
        if let Some(mark) = mark.filter(|mark| mark.decision == Decision::Approve && about(mark)) {
            out.insert(clean_line(login), mark);
        }
    }
    out
}
