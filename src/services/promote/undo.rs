//! Undoes a step, if what it wrote is still there and still ours. Every undo may be repeated.

use super::probe;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::plan::{MARK, live_promotion, released_mark};
use crate::domain::promotion::{PromotionPlan, Step};
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, PromotionTarget, Stage};
use crate::ports::Journaled;
use crate::services::Services;

/// Undoes `step` and returns what was done, as a phrase.
pub(super) async fn undo(
    services: &Services,
    plan: &PromotionPlan,
    step: Step,
    journaled: &Journaled,
) -> Outcome<String> {
    match step {
        Step::Mark => undo_mark(services, plan, journaled).await,
        Step::Move => undo_move(services, plan, journaled).await,
        _ => Err(Failure::new(
            FailureKind::Bug,
            Service::Local,
            format!("undo the step '{step}'"),
            "this step cannot be undone",
        )),
    }
}

async fn undo_mark(services: &Services, plan: &PromotionPlan, journaled: &Journaled) -> Outcome<String> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let version = registry.version(draft.model(), draft.version()).await?;
    if version.own_tag(MARK) != Some(plan.mark_promoting().as_str()) {
        return Ok("the mark is not ours any more: left alone".to_owned());
    }
    let key = format!("{OWN_TAG_PREFIX}{MARK}");
    // Our mark may have replaced that of another promotion of this version, written an instant before.
    let before = match other_release(services, plan).await {
        Some(id) => Some(released_mark(&id, version.own_tag("approved_by").unwrap_or("somebody"))),
        None => draft.facts.version.own_tag(MARK).map(str::to_owned),
    };
    match before {
        Some(before) => {
            registry.set_version_tag(journaled, draft.model(), draft.version(), &key, &before).await?;
            Ok(format!("the mark is '{before}' again"))
        }
        None => {
            registry.delete_version_tag(journaled, draft.model(), draft.version(), &key).await?;
            Ok("the mark is gone".to_owned())
        }
    }
}

async fn undo_move(services: &Services, plan: &PromotionPlan, journaled: &Journaled) -> Outcome<String> {
    let draft = &plan.draft;
    let version = services.registry.version(draft.model(), draft.version()).await?;
    if let Some(other) = other_owner(services, plan, &version).await {
        return Ok(format!("{other}: {} is left to it", draft.promote_to));
    }
    match &draft.promote_to {
        PromotionTarget::Stage(stage) => undo_stage(services, plan, stage, &version, journaled).await,
        PromotionTarget::Alias(alias) => undo_alias(services, plan, alias, journaled).await,
    }
}

/// Another promotion of the same version, running or done: the target is now its responsibility.
async fn other_owner(services: &Services, plan: &PromotionPlan, version: &ModelVersion) -> Option<String> {
    let draft = &plan.draft;
    match version.own_tag(MARK) {
        Some(mark) if mark == plan.mark_promoting() || Some(mark) == draft.facts.version.own_tag(MARK) => {}
        Some(mark) => {
            return Some(match live_promotion(mark) {
                Some((id, by)) => format!("{by} is promoting this version now (promotion {})", id.short()),
                None => format!("the version is marked by another promotion ({mark})"),
            });
        }
        None => {}
    }
    let id = other_release(services, plan).await?;
    Some(format!("{} was released by another promotion ({id})", draft.version()))
}

/// The id of another promotion that released the same version. An unreadable tag must not block an undo: it counts as
/// not there.
async fn other_release(services: &Services, plan: &PromotionPlan) -> Option<String> {
    let tag = services.host.tag(&plan.draft.repo, &plan.draft.tag).await.ok()??;
    probe::other_release(plan, &tag).map(str::to_owned)
}

async fn undo_stage(
    services: &Services,
    plan: &PromotionPlan,
    stage: &Stage,
    version: &ModelVersion,
    journaled: &Journaled,
) -> Outcome<String> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let (model, before) = (draft.model(), &draft.facts.version.stage);
    let mut notes = Vec::new();
    if version.stage != *stage {
        notes.push(format!("{} is in {} already", version.number, version.stage));
    } else if before != stage {
        registry.move_stage(journaled, model, version.number, before, false).await?;
        notes.push(format!("{} is back in {before}", version.number));
    }
    // The previous holders are restored only if nobody else's version has replaced them by now.
    let holders = registry.holders(model, &draft.promote_to).await?;
    let leaving = draft.leaving();
    match holders.iter().find(|v| v.number != draft.version() && !leaving.contains(&v.number)) {
        Some(stranger) => notes.push(format!("{} holds {stage} now: the old holders stay archived", stranger.number)),
        None => {
            for old in leaving.iter().filter(|old| !holders.iter().any(|v| v.number == **old)) {
                if registry.version(model, *old).await?.stage == Stage::Archived {
                    registry.move_stage(journaled, model, *old, stage, false).await?;
                    notes.push(format!("{old} is back in {stage}"));
                } else {
                    notes.push(format!("{old} was moved by somebody: left alone"));
                }
            }
        }
    }
    Ok(if notes.is_empty() { "nothing had moved".to_owned() } else { notes.join("; ") })
}

async fn undo_alias(services: &Services, plan: &PromotionPlan, alias: &str, journaled: &Journaled) -> Outcome<String> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let holders = registry.holders(draft.model(), &draft.promote_to).await?;
    if !holders.iter().any(|v| v.number == draft.version()) {
        return Ok(format!("@{alias} does not point to {} any more: left alone", draft.version()));
    }
    match draft.facts.holders.first() {
        Some(before) if *before == draft.version() => Ok("nothing had moved".to_owned()),
        Some(before) => {
            registry.set_alias(journaled, draft.model(), alias, *before).await?;
            Ok(format!("@{alias} points to {before} again"))
        }
        None => {
            registry.delete_alias(journaled, draft.model(), alias).await?;
            Ok(format!("@{alias} is gone again"))
        }
    }
}
