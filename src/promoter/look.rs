//! The last look right before a write: are the facts still those that were signed, and is nobody else at it?
//!
//! No registry has a compare-and-set, so a look and the write after it are two requests, and somebody can
//! come between them. These looks make that window as short as one round trip, however long ago the human
//! decided and however often the promotion was interrupted.

use crate::domain::facts::ReviewedFacts;
use crate::domain::promotion::PromotionPlan;
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::evidence;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::services::Services;

/// The mark of this version is free, or ours.
pub(super) async fn before_the_mark(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    let version = services.registry.version(draft.model(), draft.version()).await?;
    let mark = version.own_tag(MARK);
    if mark == Some(plan.mark_promoting().as_str()) || mark == draft.facts.version.own_tag(MARK) {
        return Ok(());
    }
    Err(conflict(plan, whose_mark(&version)))
}

/// The facts are those that were signed, to the byte.
pub(super) async fn before_the_move(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let facts = read(services, plan).await?;
    still_ours(plan, &facts)?;
    unchanged(plan, &facts)
}

/// The candidate alone is in the target, and all else is as it was signed.
pub(super) async fn before_the_tag(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let draft = &plan.draft;
    let mut facts = read(services, plan).await?;
    still_ours(plan, &facts)?;
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
    evidence::reviewed_facts(services.registry.as_ref(), &draft.promote_to, draft.model(), draft.version()).await
}

fn still_ours(plan: &PromotionPlan, facts: &ReviewedFacts) -> Outcome<()> {
    if facts.version.own_tag(MARK) == Some(plan.mark_promoting().as_str()) {
        return Ok(());
    }
    Err(conflict(plan, whose_mark(&facts.version)))
}

fn unchanged(plan: &PromotionPlan, facts: &ReviewedFacts) -> Outcome<()> {
    let changes = plan.draft.facts.changes_to(facts);
    if changes.is_empty() {
        return Ok(());
    }
    Err(conflict(plan, format!("something changed since it was reviewed: {}", changes.join("; "))))
}

fn whose_mark(version: &ModelVersion) -> String {
    match version.own_tag(MARK) {
        None => "somebody removed the mark of this promotion from the version".to_owned(),
        Some(mark) => match live_promotion(mark) {
            Some((id, by)) => {
                format!("{by} is promoting this version at the same time (promotion {})", id.short())
            }
            None => format!("the version is marked by another promotion: {mark}"),
        },
    }
}

fn conflict(plan: &PromotionPlan, what: String) -> Failure {
    let draft = &plan.draft;
    let operation = format!("go on with {} {}", draft.model(), draft.version());
    Failure::new(FailureKind::Conflict, Service::Mlflow, operation, what).with_hint("Look at it again, then decide.")
}
