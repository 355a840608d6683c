//! Undoes a step, if what it wrote is still there and still ours. Every undo may be repeated.

use super::execute::moves_nothing;
use super::probe;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::Identity;
use crate::domain::promotion::mark::{self, MARK, live_promotion};
use crate::domain::promotion::{PromotionPlan, Step};
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, PromotionTarget, Stage};
use crate::ports::Journaled;
use crate::services::Services;
use crate::services::renamed::renamed;

/// What an undo did.
pub(super) struct Undo {
    /// As a phrase.
    pub note: String,
    /// There was something of ours to take back.
    pub found: bool,
    /// Everything was as the undo leaves it already.
    pub as_asked: bool,
}

fn did(note: String) -> Outcome<Undo> {
    Ok(Undo { note, found: true, as_asked: false })
}

/// Left to somebody else, or to another version of that name.
fn left(note: String) -> Outcome<Undo> {
    Ok(Undo { note, found: false, as_asked: false })
}

fn nothing_to_do(note: String) -> Outcome<Undo> {
    Ok(Undo { note, found: false, as_asked: true })
}

/// Undoes `step`, also under the name that the model has now. With `sure`, nothing is undone if the tag cannot be read: another copy of the journal may have cut it.
pub(super) async fn undo(
    services: &Services,
    plan: &PromotionPlan,
    step: Step,
    sure: bool,
    journaled: &Journaled,
) -> Outcome<Undo> {
    let failure = match undo_as_named(services, plan, step, sure, journaled).await {
        Err(failure) if failure.kind == FailureKind::NotFound && failure.service == Service::Mlflow => failure,
        done => return done,
    };
    let draft = &plan.draft;
    match services.registry.version(draft.model(), draft.version()).await {
        // What is not there is another version, such as the one that was in production.
        Ok(_) => return Err(failure),
        Err(failure) if failure.kind == FailureKind::NotFound => {}
        Err(failure) => return Err(failure),
    }
    let Some(now) = renamed(services, &draft.decision.identity()).await? else {
        return nothing_to_do(format!("{} of {} does not exist any more", draft.version(), draft.model()));
    };
    let mut under = plan.clone();
    under.draft.decision.facts.version.model = now.model.clone();
    if let Some(baseline) = &mut under.draft.decision.facts.baseline {
        baseline.version.model = now.model.clone();
    }
    let undone = undo_as_named(services, &under, step, sure, journaled).await?;
    Ok(Undo { note: format!("the model is called {} now: {}", now.model, undone.note), ..undone })
}

async fn undo_as_named(
    services: &Services,
    plan: &PromotionPlan,
    step: Step,
    sure: bool,
    journaled: &Journaled,
) -> Outcome<Undo> {
    match step {
        Step::Mark => undo_mark(services, plan, journaled).await,
        Step::Move => undo_move(services, plan, sure, journaled).await,
        _ => Err(Failure::new(
            FailureKind::Bug,
            Service::Local,
            format!("undo the step '{step}'"),
            "this step cannot be undone",
        )),
    }
}

async fn undo_mark(services: &Services, plan: &PromotionPlan, journaled: &Journaled) -> Outcome<Undo> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let version = registry.version(draft.model(), draft.version()).await?;
    // A mark with our id is ours, whatever else changed.
    if version.own_tag(MARK) != Some(plan.mark_promoting().as_str()) {
        let note = "the mark is not ours any more: left alone".to_owned();
        let as_before = version.own_tag(MARK).is_none_or(|mark| Some(mark) == draft.facts.version.own_tag(MARK));
        return if as_before { nothing_to_do(note) } else { left(note) };
    }
    let key = format!("{OWN_TAG_PREFIX}{MARK}");
    // Our mark may have replaced that of another promotion of this version, written an instant before.
    let before = match other_release(services, plan).await.unwrap_or_default() {
        Some(id) => {
            let by = version.own_tag("approved_by").unwrap_or("somebody");
            Some(mark::released(&id, by, version.stamp().as_deref()))
        }
        // The mark of a promotion that had ended already is not put back: it would block the version.
        None => draft.facts.version.own_tag(MARK).filter(|m| live_promotion(m).is_none()).map(str::to_owned),
    };
    match before {
        Some(before) => {
            registry.set_version_tag(journaled, draft.model(), draft.version(), &key, &before).await?;
            did(format!("the mark is '{before}' again"))
        }
        None => {
            registry.delete_version_tag(journaled, draft.model(), draft.version(), &key).await?;
            did("the mark is gone".to_owned())
        }
    }
}

/// Says that the version under that name and number is not the one that was promoted, and is left alone.
fn left_alone(plan: &PromotionPlan, version: &ModelVersion) -> Option<String> {
    let what = plan.draft.another(version)?;
    Some(format!("{} is another version of that name now: left alone ({what})", version.number))
}

async fn undo_move(services: &Services, plan: &PromotionPlan, sure: bool, journaled: &Journaled) -> Outcome<Undo> {
    let draft = &plan.draft;
    let version = services.registry.version(draft.model(), draft.version()).await?;
    if let Some(what) = left_alone(plan, &version) {
        return left(what);
    }
    if let Some(other) = other_owner(services, plan, sure, &version).await? {
        return left(format!("{other}: {} is left to it", draft.promote_to));
    }
    match &draft.promote_to {
        PromotionTarget::Stage(stage) => undo_stage(services, plan, stage, &version, journaled).await,
        PromotionTarget::Alias(alias) => undo_alias(services, plan, alias, journaled).await,
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
            Err(moves_nothing(Step::Move))
        }
    }
}

/// Another promotion of the same version, running or done: the target is now its responsibility.
async fn other_owner(
    services: &Services,
    plan: &PromotionPlan,
    sure: bool,
    version: &ModelVersion,
) -> Outcome<Option<String>> {
    let draft = &plan.draft;
    match version.own_tag(MARK) {
        Some(mark) if mark == plan.mark_promoting() || Some(mark) == draft.facts.version.own_tag(MARK) => {}
        Some(mark) => {
            return Ok(Some(match live_promotion(mark) {
                Some((id, by)) => format!("{by} is promoting this version now (promotion {})", id.short()),
                None => format!("the version is marked by another promotion ({mark})"),
            }));
        }
        None => {}
    }
    let id = match other_release(services, plan).await {
        Ok(id) => id,
        Err(failure) if sure => return Err(failure),
        // This process alone drives the promotion and never asked for a tag: an outage must not keep the version there.
        Err(_) => None,
    };
    Ok(id.map(|id| format!("{} was released by another promotion ({id})", draft.version())))
}

/// The id of another promotion that released the same version.
async fn other_release(services: &Services, plan: &PromotionPlan) -> Outcome<Option<String>> {
    let tag = services.host.tag(&plan.draft.repo, &plan.draft.tag).await?;
    Ok(tag.and_then(|tag| probe::other_release(plan, &tag).map(str::to_owned)))
}

async fn undo_stage(
    services: &Services,
    plan: &PromotionPlan,
    stage: &Stage,
    version: &ModelVersion,
    journaled: &Journaled,
) -> Outcome<Undo> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let (model, before) = (draft.model(), &draft.facts.version.stage);
    let comment = format!("signoff undid the promotion {}", plan.id);
    let (mut notes, mut found) = (Vec::new(), false);
    if version.stage != *stage {
        notes.push(format!("{} is in {} already", version.number, version.stage));
    } else if before != stage {
        registry.move_stage(journaled, model, version.number, before, false, &comment).await?;
        found = true;
        notes.push(format!("{} is back in {before}", version.number));
    }
    // The previous holders are restored only if nobody else's version has replaced them by now.
    let holders = registry.holders(model, &draft.promote_to).await?;
    let leaving = draft.leaving();
    match holders.iter().find(|v| v.number != draft.version() && !leaving.contains(&v.number)) {
        Some(stranger) => notes.push(format!("{} holds {stage} now: the old holders stay archived", stranger.number)),
        None => {
            for old in leaving.iter().filter(|old| !holders.iter().any(|v| v.number == **old)) {
                match registry.version(model, *old).await {
                    Ok(there) if is_another_holder(plan, &there) => {
                        notes.push(format!("{old} is another version of that name now: left alone"));
                    }
                    Ok(there) if there.stage == Stage::Archived => {
                        registry.move_stage(journaled, model, *old, stage, false, &comment).await?;
                        found = true;
                        notes.push(format!("{old} is back in {stage}"));
                    }
                    Ok(_) => notes.push(format!("{old} was moved by somebody: left alone")),
                    // The candidate of the same model was read just now: the old one was deleted.
                    Err(failure) if failure.kind == FailureKind::NotFound => {
                        notes.push(format!("{old} does not exist any more"));
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
    let note = if notes.is_empty() { "nothing had moved".to_owned() } else { notes.join("; ") };
    Ok(Undo { note, found, as_asked: !found })
}

/// Whether a version has the number of one that was in production and is another one.
fn is_another_holder(plan: &PromotionPlan, now: &ModelVersion) -> bool {
    let draft = &plan.draft;
    let baseline = draft.facts.baseline.as_ref().map(|b| &b.version).filter(|b| b.number == now.number);
    match baseline {
        Some(then) => {
            let home = draft.home();
            Identity::of(&home, then).about(&Identity::of(&home, now)).another().is_some()
        }
        // Only the number of the others is known: what was registered after the signature is no holder of then.
        None => now.created_at.is_some_and(|at| at > plan.signed_at),
    }
}

async fn undo_alias(services: &Services, plan: &PromotionPlan, alias: &str, journaled: &Journaled) -> Outcome<Undo> {
    let (registry, draft) = (&services.registry, &plan.draft);
    let holders = registry.holders(draft.model(), &draft.promote_to).await?;
    if !holders.iter().any(|v| v.number == draft.version()) {
        let note = format!("@{alias} does not point to {} any more: left alone", draft.version());
        let now = holders.first().map(|v| v.number);
        return if now == draft.facts.holders.first().copied() { nothing_to_do(note) } else { left(note) };
    }
    match draft.facts.holders.first() {
        Some(before) if *before == draft.version() => nothing_to_do("nothing had moved".to_owned()),
        Some(before) if is_another_holder(plan, &registry.version(draft.model(), *before).await?) => {
            left(format!("{before} is another version of that name now: @{alias} is left at {}", draft.version()))
        }
        Some(before) => {
            registry.set_alias(journaled, draft.model(), alias, *before).await?;
            did(format!("@{alias} points to {before} again"))
        }
        None => {
            registry.delete_alias(journaled, draft.model(), alias).await?;
            did(format!("@{alias} is gone again"))
        }
    }
}
