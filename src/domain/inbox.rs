//! Finds the version of a model that waits for a decision.

use super::ids::VersionNumber;
use super::record::{Decision, DecisionMark};
use super::registry::{ModelVersion, PromotionTarget, RegisteredModel, Stage, VersionStatus};

/// A model's newest undecided version that is newer than what is in production.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting<'m> {
    pub candidate: &'m ModelVersion,
    /// The version in production, if any.
    pub production: Option<VersionNumber>,
    /// The full production version, if known: lists of models carry the newest version of each stage, which may not
    /// include the one an alias points to.
    pub production_version: Option<&'m ModelVersion>,
}

impl Waiting<'_> {
    /// The hold on the version, if any: by whom and why.
    pub fn held(&self) -> Option<DecisionMark> {
        DecisionMark::on(self.candidate).filter(|mark| mark.decision == Decision::Hold)
    }
}

/// Finds the version that waits in `model`, from one page entry and without further requests.
///
/// Archived and rejected versions count as decided. A version on hold still waits, see [`Waiting::held`]. A version
/// that is not ready does not wait yet.
pub fn waiting<'m>(model: &'m RegisteredModel, target: &PromotionTarget) -> Option<Waiting<'m>> {
    let production = production(model, target);
    let candidate = model
        .latest
        .iter()
        .filter(|v| v.status == VersionStatus::Ready && v.stage != Stage::Archived && !is_rejected(v))
        .filter(|v| !target.is_held_by(v) && production.is_none_or(|p| v.number > p))
        .max_by_key(|v| v.number)?;
    let production_version = production.and_then(|p| model.latest.iter().find(|v| v.number == p));
    Some(Waiting { candidate, production, production_version })
}

/// Whether the decision in force on `version` is a rejection.
pub fn is_rejected(version: &ModelVersion) -> bool {
    DecisionMark::on(version).is_some_and(|mark| mark.decision == Decision::Reject)
}

/// The version in production for this target; the highest, if several are in the stage.
pub fn production(model: &RegisteredModel, target: &PromotionTarget) -> Option<VersionNumber> {
    match target {
        PromotionTarget::Stage(stage) => model.latest.iter().filter(|v| v.stage == *stage).map(|v| v.number).max(),
        PromotionTarget::Alias(alias) => model.aliases.get(alias).copied(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::ids::ModelName;

    fn version(number: u64, stage: Stage) -> ModelVersion {
        ModelVersion {
            model: ModelName::new("m"),
            number: VersionNumber(number),
            stage,
            status: VersionStatus::Ready,
            created_at: None,
            updated_at: None,
            author: None,
            source: String::new(),
            run_id: None,
            description: String::new(),
            tags: Default::default(),
            aliases: Vec::new(),
        }
    }

    fn model(latest: Vec<ModelVersion>) -> RegisteredModel {
        RegisteredModel {
            name: ModelName::new("m"),
            description: String::new(),
            tags: Default::default(),
            aliases: [("champion".to_owned(), VersionNumber(2))].into(),
            latest,
            created_at: None,
            updated_at: None,
        }
    }

    fn found(latest: Vec<ModelVersion>, target: &PromotionTarget) -> Option<(u64, Option<u64>)> {
        waiting(&model(latest), target).map(|w| (w.candidate.number.0, w.production.map(|p| p.0)))
    }

    #[test]
    fn the_newest_version_above_production_waits() {
        let target = PromotionTarget::Stage(Stage::Production);
        let latest = vec![version(2, Stage::Production), version(5, Stage::Staging), version(4, Stage::None)];
        assert_eq!(found(latest, &target), Some((5, Some(2))));
    }

    #[test]
    fn older_archived_and_unready_versions_do_not_wait() {
        let target = PromotionTarget::Stage(Stage::Production);
        let mut pending = version(9, Stage::Staging);
        pending.status = VersionStatus::Pending;
        let latest = vec![version(6, Stage::Production), version(5, Stage::None), version(8, Stage::Archived), pending];
        assert_eq!(found(latest, &target), None);
    }

    fn marked(mut version: ModelVersion, decision: Decision) -> ModelVersion {
        let mark = DecisionMark {
            decision,
            by: "lee".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            reason: "waiting for legal".into(),
            record: "sha256:0".into(),
        };
        let key = format!("{}{}", crate::domain::registry::OWN_TAG_PREFIX, crate::domain::record::mark::DECISION);
        version.tags.insert(&key, mark.to_value());
        version
    }

    #[test]
    fn a_rejected_version_waits_no_more_and_the_one_below_it_does() {
        let target = PromotionTarget::Stage(Stage::Production);
        let rejected = marked(version(6, Stage::Staging), Decision::Reject);
        let latest = vec![version(2, Stage::Production), rejected.clone(), version(4, Stage::None)];
        assert_eq!(found(latest, &target), Some((4, Some(2))));
        assert_eq!(found(vec![version(2, Stage::Production), rejected], &target), None);
    }

    #[test]
    fn a_held_version_waits_and_says_who_holds_it() {
        let target = PromotionTarget::Stage(Stage::Production);
        let held = marked(version(6, Stage::Staging), Decision::Hold);
        let held = model(vec![held]);
        assert_eq!(waiting(&held, &target).unwrap().held().unwrap().reason, "waiting for legal");
        let approved = marked(version(6, Stage::Staging), Decision::Approve);
        let approved = model(vec![approved]);
        assert_eq!(waiting(&approved, &target).unwrap().held(), None);
    }

    #[test]
    fn a_model_never_released_waits_without_baseline() {
        let target = PromotionTarget::Stage(Stage::Production);
        assert_eq!(found(vec![version(1, Stage::None)], &target), Some((1, None)));
        assert_eq!(found(vec![], &target), None);
    }

    #[test]
    fn an_alias_target_reads_the_models_alias_map() {
        let target = PromotionTarget::Alias("champion".into());
        assert_eq!(found(vec![version(3, Stage::None)], &target), Some((3, Some(2))));
        assert_eq!(found(vec![version(2, Stage::None)], &target), None);
    }
}
