//! Finds the versions of a model that wait for a decision.

use std::collections::BTreeSet;

use serde::Serialize;

use super::check::CheckState;
use super::ids::VersionNumber;
use super::record::{Decision, DecisionMark};
use super::registry::{ModelVersion, PromotionTarget, RegisteredModel, Stage, There, VersionStatus};

/// A version that waits for a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting<'m> {
    pub candidate: &'m ModelVersion,
    /// The version in production, if any.
    pub production: Option<VersionNumber>,
    /// The full production version, if known: lists of models carry the newest version of each stage, which may not
    /// include the one an alias points to.
    pub production_version: Option<&'m ModelVersion>,
}

impl<'m> Waiting<'m> {
    /// Versions of `model` as waiting, against what is in production: at the other target if versions go to one, else
    /// this version, which `known` looks for.
    pub fn against(
        model: &'m RegisteredModel,
        production: Option<VersionNumber>,
        known: impl FnOnce(VersionNumber) -> Option<&'m ModelVersion>,
    ) -> impl Fn(&'m ModelVersion) -> Self {
        let (production, production_version) = match &model.there {
            There::Here => (production, production.and_then(known)),
            There::Nothing => (None, None),
            There::Version(version) => (Some(version.number), Some(&**version)),
        };
        move |candidate| Self { candidate, production, production_version }
    }

    /// The hold on the version, if any: by whom and why.
    pub fn held(&self) -> Option<DecisionMark> {
        DecisionMark::on(self.candidate).filter(|mark| mark.decision == Decision::Hold)
    }
}

/// What a version that waits calls for, in the order of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Every rule was read, and all of them pass.
    Ready,
    /// Something warns or is not known, or the rules are still being read.
    NeedsALook,
    /// A rule blocks it.
    CannotBeApproved,
    /// Somebody holds it back.
    Held,
}

impl Section {
    /// The section of a version by its verdict; none while that is incomplete.
    pub fn of(is_held: bool, verdict: Option<CheckState>) -> Self {
        match verdict {
            _ if is_held => Self::Held,
            Some(CheckState::Pass) => Self::Ready,
            Some(CheckState::Warn | CheckState::Unknown) | None => Self::NeedsALook,
            Some(CheckState::Block) => Self::CannotBeApproved,
        }
    }

    pub fn heading(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::NeedsALook => "NEEDS A LOOK",
            Self::CannotBeApproved => "CANNOT BE APPROVED",
            Self::Held => "HELD BACK",
        }
    }
}

/// The newest version that waits in `model`, as far as the entry of the list of models says.
pub fn waiting<'m>(model: &'m RegisteredModel, target: &PromotionTarget) -> Option<Waiting<'m>> {
    all_waiting(model, &model.latest, target).into_iter().next()
}

/// The versions among `versions` of `model` that wait, newest first: undecided, and newer than what is in production or
/// put forward by somebody, with a stage or an alias.
///
/// Archived, rejected and promoted versions are decided. A version on hold still waits, see [`Waiting::held`]. A version
/// that is not ready does not wait yet, and hides no other.
pub fn all_waiting<'m>(
    model: &'m RegisteredModel,
    versions: impl IntoIterator<Item = &'m ModelVersion>,
    target: &PromotionTarget,
) -> Vec<Waiting<'m>> {
    let versions: Vec<_> = versions.into_iter().collect();
    let production = production_among(model, versions.iter().copied(), target);
    let known = |number| model.latest.iter().chain(versions.iter().copied()).find(|v| v.number == number);
    let newer = |v: &ModelVersion| production.is_none_or(|p| v.number > p);
    let waits = |v: &&&ModelVersion| {
        v.status == VersionStatus::Ready
            && v.stage != Stage::Archived
            && !target.is_held_by(v)
            && Some(v.number) != production
            && (newer(v) || is_put_forward(model, v, target))
            && DecisionMark::on(v).is_none_or(|mark| !mark.decides(target))
    };
    let compared = Waiting::against(model, production, known);
    let mut found: Vec<_> = versions.iter().filter(waits).map(|candidate| compared(candidate)).collect();
    found.sort_by_key(|w| std::cmp::Reverse(w.candidate.number));
    found
}

/// The versions of one model that need no row of their own, and the version whose row stands for them: those that nobody
/// put forward and nobody holds, under the newest that somebody put forward; if there is none, under the newest.
/// `waiting` are those of one model, newest first.
pub fn folded(
    model: &RegisteredModel,
    waiting: &[Waiting<'_>],
    target: &PromotionTarget,
) -> Option<(VersionNumber, Vec<VersionNumber>)> {
    let open = || waiting.iter().filter(|w| w.held().is_none());
    let (forward, others): (Vec<&Waiting<'_>>, Vec<&Waiting<'_>>) =
        open().partition(|w| is_put_forward(model, w.candidate, target));
    let head = forward.first().or(others.first())?.candidate.number;
    let under: Vec<VersionNumber> = others.iter().map(|w| w.candidate.number).filter(|n| *n != head).collect();
    (!under.is_empty()).then_some((head, under))
}

/// Whether versions that the entry of the list of models does not carry may wait, so that they have to be read. Those
/// from `down_to` on were read already.
pub fn may_hide(model: &RegisteredModel, down_to: Option<VersionNumber>, target: &PromotionTarget) -> bool {
    if model.browse_only {
        return false;
    }
    if !model.told {
        return down_to.is_none_or(|read| read.0 > 1);
    }
    let listed: BTreeSet<u64> = model.latest.iter().map(|v| v.number.0).collect();
    let unknown = |number: u64| !listed.contains(&number) && down_to.is_none_or(|read| number < read.0);
    let aliased = |(alias, number): (&String, &VersionNumber)| is_another(alias, target) && unknown(number.0);
    if model.aliases.iter().any(aliased) {
        return true;
    }
    let Some(newest) = listed.last().copied() else { return false };
    // The list has the highest of each stage: others of a stage are below.
    let staged = model.latest.iter().filter(|v| is_staged(v, target)).map(|v| v.number.0).max();
    let above = match (production(model, target), staged) {
        (_, Some(_)) | (None, None) => 0,
        (Some(production), None) => production.0,
    };
    let until = if production(model, target).is_some_and(|p| p.0 >= newest) { staged.unwrap_or(0) } else { newest };
    // Numbers start at one, and each version has one.
    (above + 1..until).any(unknown)
}

fn is_put_forward(model: &RegisteredModel, version: &ModelVersion, target: &PromotionTarget) -> bool {
    is_staged(version, target)
        || (*target == PromotionTarget::DeploymentJob && version.deployment.as_ref().is_some_and(|run| run.waits))
        || model.aliases.iter().any(|(alias, number)| *number == version.number && is_another(alias, target))
        || version.aliases.iter().any(|alias| is_another(alias, target))
}

/// In a stage on the way to production.
fn is_staged(version: &ModelVersion, target: &PromotionTarget) -> bool {
    match version.stage {
        Stage::None | Stage::Archived => false,
        // In production by its stage, whatever the target is.
        Stage::Production => false,
        Stage::Staging | Stage::Other(_) => !target.is_held_by(version),
    }
}

fn is_another(alias: &str, target: &PromotionTarget) -> bool {
    !matches!(target, PromotionTarget::Alias(own) if own == alias)
}

/// The version in production for this target; the highest, if several are in the stage.
pub fn production(model: &RegisteredModel, target: &PromotionTarget) -> Option<VersionNumber> {
    match target {
        PromotionTarget::Stage(stage) => model.latest.iter().filter(|v| v.stage == *stage).map(|v| v.number).max(),
        PromotionTarget::Alias(alias) => model.aliases.get(alias).copied(),
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
            model.latest.iter().filter(|v| target.is_held_by(v)).map(|v| v.number).max()
        }
    }
}

/// As [`production`], with the versions that were read where the entry of the list of models does not tell.
pub fn production_among<'m>(
    model: &RegisteredModel,
    versions: impl IntoIterator<Item = &'m ModelVersion>,
    target: &PromotionTarget,
) -> Option<VersionNumber> {
    if model.told {
        return production(model, target);
    }
    versions.into_iter().filter(|version| target.is_held_by(version)).map(|version| version.number).max()
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
            logged_model: None,
            run_elsewhere: None,
            keeps_files: false,
            deployment: None,
        }
    }

    fn model(latest: Vec<ModelVersion>) -> RegisteredModel {
        RegisteredModel {
            name: ModelName::new("m"),
            description: String::new(),
            tags: Default::default(),
            aliases: [("champion".to_owned(), VersionNumber(2))].into(),
            latest,
            told: true,
            browse_only: false,
            there: Default::default(),
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
            until: None,
            record: "sha256:0".into(),
            to: None,
            of: None,
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
        assert_eq!(waiting(&model(vec![approved]), &target), None, "it is decided");
    }

    #[test]
    fn only_a_verdict_that_is_complete_and_passes_is_ready() {
        let section = |verdict| Section::of(false, verdict);
        assert_eq!(section(Some(CheckState::Pass)), Section::Ready);
        assert_eq!(section(None), Section::NeedsALook);
        assert_eq!(section(Some(CheckState::Unknown)), Section::NeedsALook);
        assert_eq!(section(Some(CheckState::Warn)), Section::NeedsALook);
        assert_eq!(section(Some(CheckState::Block)), Section::CannotBeApproved);
        assert_eq!(Section::of(true, Some(CheckState::Block)), Section::Held, "whatever else it is");
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

    fn of(versions: &[ModelVersion], target: &PromotionTarget) -> Vec<u64> {
        let mut model = model(latest(versions));
        model.aliases.insert("challenger".into(), VersionNumber(1));
        all_waiting(&model, versions, target).iter().map(|w| w.candidate.number.0).collect()
    }

    /// The highest of each stage, as in MLflow's list of models.
    fn latest(versions: &[ModelVersion]) -> Vec<ModelVersion> {
        let highest = |v: &&ModelVersion| !versions.iter().any(|o| o.stage == v.stage && o.number > v.number);
        versions.iter().filter(highest).cloned().collect()
    }

    #[test]
    fn every_undecided_version_that_is_staged_or_newer_has_its_row() {
        let stage = PromotionTarget::Stage(Stage::Production);
        let all = [
            version(1, Stage::None),
            version(2, Stage::Staging),
            version(3, Stage::Staging),
            version(4, Stage::Production),
            version(5, Stage::None),
            marked(version(6, Stage::Staging), Decision::Reject),
            marked(version(7, Stage::None), Decision::Hold),
            ModelVersion { status: VersionStatus::Failed(String::new()), ..version(8, Stage::None) },
            version(9, Stage::None),
        ];
        assert_eq!(of(&all, &stage), [9, 7, 5, 3, 2, 1], "v1 is @challenger");
        let alias = PromotionTarget::Alias("champion".into());
        assert_eq!(of(&all, &alias), [9, 7, 5, 4, 3, 1], "v2 is @champion");
    }

    #[test]
    fn what_nobody_put_forward_folds_under_what_somebody_did() {
        let target = PromotionTarget::Stage(Stage::Production);
        let of = |all: &[ModelVersion]| {
            let model = model(latest(all));
            folded(&model, &all_waiting(&model, all, &target), &target)
                .map(|(head, under)| (head.0, under.iter().map(|n| n.0).collect::<Vec<_>>()))
        };
        let (none, staged) = (|n| version(n, Stage::None), |n| version(n, Stage::Staging));
        assert_eq!(of(&[staged(3), none(4), none(5)]), Some((3, vec![5, 4])));
        assert_eq!(of(&[none(3), staged(4), none(5), staged(6)]), Some((6, vec![5, 3])), "v4 has a row of its own");
        assert_eq!(of(&[none(3), none(4)]), Some((4, vec![3])), "the newest stands for all");
        assert_eq!(of(&[none(3), marked(none(4), Decision::Hold)]), None, "what is held has a row of its own");
        assert_eq!(of(&[staged(3), staged(4)]), None);
    }

    /// Every combination of stages and decisions of four versions: whatever waits is in the list of models, or the list
    /// says that it may hide something.
    #[test]
    fn nothing_that_waits_is_hidden_without_a_sign() {
        let kinds: [fn(u64) -> ModelVersion; 6] = [
            |n| version(n, Stage::None),
            |n| version(n, Stage::Staging),
            |n| version(n, Stage::Production),
            |n| version(n, Stage::Archived),
            |n| marked(version(n, Stage::Staging), Decision::Reject),
            |n| ModelVersion { status: VersionStatus::Pending, ..version(n, Stage::None) },
        ];
        let (mut hidden, mut quiet) = (0, 0);
        for target in [PromotionTarget::Stage(Stage::Production), PromotionTarget::Alias("champion".into())] {
            for all in (0..6_usize.pow(4)).map(|i| [i % 6, i / 6 % 6, i / 36 % 6, i / 216]) {
                let versions: Vec<_> = (1..).zip(all).map(|(n, kind)| kinds[kind](n)).collect();
                for champion in [None, Some(1), Some(4)] {
                    let mut model = model(latest(&versions));
                    model.aliases = champion.map(|n| ("champion".to_owned(), VersionNumber(n))).into_iter().collect();
                    let whole = all_waiting(&model, &versions, &target);
                    let listed = all_waiting(&model, &model.latest, &target);
                    let numbers = |all: &[Waiting<'_>]| all.iter().map(|w| w.candidate.number.0).collect::<Vec<_>>();
                    if numbers(&whole) != numbers(&listed) {
                        hidden += 1;
                        assert!(may_hide(&model, None, &target), "{target} {champion:?} {versions:?}");
                    } else if !may_hide(&model, None, &target) {
                        quiet += 1;
                    }
                }
            }
        }
        assert!(hidden > 100 && quiet > 100, "{hidden} {quiet}");
    }
}
