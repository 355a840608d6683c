//! The last look right before a write: are the facts still those that were signed, and is nobody else at it?
//!
//! No registry has a compare-and-set, so a look and the write after it are two requests, and somebody can
//! come between them. These looks make that window as short as one round trip, however long ago the human
//! decided and however often the promotion was interrupted.

use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::PromotionPlan;
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::services::Services;
use crate::services::evidence;

/// Nobody else has marked this version since it was reviewed.
pub(super) async fn before_the_mark(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    nobody_else(plan, &services.registry.version(draft.model(), draft.version()).await?)
}

/// The facts are those that were signed, to the byte, and nobody else is at it.
pub(super) async fn before_the_move(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let facts = read(services, plan).await?;
    nobody_else(plan, &facts.version)?;
    unchanged(plan, &facts)
}

/// The candidate alone is in the target, and all else is as it was signed.
///
/// Somebody who promotes the same version is no reason to stop here: both want the same, the tag has one
/// winner, and if both made way there would be none.
pub(super) async fn before_the_tag(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    let mut facts = read(services, plan).await?;
    if facts.holders != [draft.version()] {
        let list = facts.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let there = if list.is_empty() { "nothing".to_owned() } else { list };
        return Err(conflict(plan, format!("{there} is in {} now, not {} alone", draft.promote_to, draft.version())));
    }
    // What the promotion itself moved.
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
