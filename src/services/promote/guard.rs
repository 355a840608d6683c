//! The last check right before a write: are the facts still those that were signed, and has nobody else started?
//!
//! No registry has compare-and-set, so the check and the write after it are two requests, and somebody can get in
//! between. These checks shrink that window to one round trip, however long ago the decision was made and however often
//! the promotion was interrupted.

use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::PromotionPlan;
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::services::Services;
use crate::services::evidence;

/// Nobody else has marked this version since the review.
pub(super) async fn before_the_mark(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    nobody_else(plan, &services.registry.version(draft.model(), draft.version()).await?)
}

/// The facts are exactly those that were signed, and no other promotion is running.
pub(super) async fn before_the_move(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let facts = read(services, plan).await?;
    nobody_else(plan, &facts.version)?;
    unchanged(plan, &facts)
}

/// Only the candidate is in the target; everything else is as signed.
///
/// Another promotion of the same version is no reason to stop: both want the same, only one can create the tag, and if
/// both backed off neither would.
pub(super) async fn before_the_tag(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    let mut facts = read(services, plan).await?;
    if facts.holders != [draft.version()] {
        let list = facts.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let there = if list.is_empty() { "nothing".to_owned() } else { list };
        return Err(conflict(plan, format!("{there} is in {} now, not {} alone", draft.promote_to, draft.version())));
    }
    // The holders were changed by this promotion itself.
    facts.holders.clone_from(&draft.facts.holders);
    facts.baseline.clone_from(&draft.facts.baseline);
    match &draft.promote_to {
        PromotionTarget::Stage(_) => facts.version.stage = draft.facts.version.stage.clone(),
        PromotionTarget::Alias(_) => facts.version.aliases.clone_from(&draft.facts.version.aliases),
    }
    unchanged(plan, &facts)
}

async fn read(services: &Services, plan: &PromotionPlan) -> Outcome<ReviewedFacts> {
    let draft = &plan.draft;
    evidence::facts(services.registry.as_ref(), &draft.promote_to, draft.model(), draft.version()).await
}

fn nobody_else(plan: &PromotionPlan, version: &ModelVersion) -> Outcome<()> {
    let mark = version.own_tag(MARK);
    if mark.is_none_or(|m| m == plan.mark_promoting()) || mark == plan.draft.facts.version.own_tag(MARK) {
        return Ok(());
    }
    Err(conflict(plan, whose_mark(mark.unwrap_or_default())))
}

fn unchanged(plan: &PromotionPlan, facts: &ReviewedFacts) -> Outcome<()> {
    let changes = plan.draft.facts.changes_to(facts);
    if changes.is_empty() {
        return Ok(());
    }
    Err(conflict(plan, format!("something changed since it was reviewed: {}", changes.join("; "))))
}

fn whose_mark(mark: &str) -> String {
    match live_promotion(mark) {
        Some((id, by)) => format!("{by} is promoting this version at the same time (promotion {})", id.short()),
        None => format!("the version is marked by another promotion: {mark}"),
    }
}

fn conflict(plan: &PromotionPlan, what: String) -> Failure {
    let draft = &plan.draft;
    let operation = format!("go on with {} {}", draft.model(), draft.version());
    Failure::new(FailureKind::Conflict, Service::Mlflow, operation, what).with_hint("Look at it again, then decide.")
}
