//! The last check right before a write: are the facts still those that were signed, and has nobody else started?
//!
//! No registry has compare-and-set, so the check and the write after it are two requests, and somebody can get in
//! between. These checks shrink that window to one round trip, however long ago the decision was made and however often
//! the promotion was interrupted.

use std::time::Duration;

use crate::domain::facts::{ReviewedFacts, RunFacts, Standing};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::PromotionPlan;
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::services::Services;
use crate::services::evidence;
use crate::services::prepare::again;
use crate::services::renamed::renamed;

/// The version is the one that was signed, not another that has its name and number now.
pub(super) fn same(plan: &PromotionPlan, version: &ModelVersion) -> Outcome<()> {
    match plan.draft.another(version) {
        None => Ok(()),
        Some(what) => Err(conflict(plan, format!("{} is another version of that name now: {what}", version.number))),
    }
}

/// Pauses before what was just written and does not show yet is read again: a replica may lag behind.
const LAG_MS: [u64; 3] = [0, 300, 1000];

/// Nobody else has marked this version since the review, nobody rejected it, and what the decision rests on holds.
///
/// `anew`: this process has not judged the plan yet, or not lately. Returns what changed and does not stop it.
pub(super) async fn before_the_mark(services: &Services, plan: &PromotionPlan, anew: bool) -> Outcome<Vec<String>> {
    if !anew {
        let draft = &plan.draft;
        let version = services.registry.version(draft.model(), draft.version()).await?;
        same(plan, &version)?;
        nobody_else(plan, &version)?;
        again::in_force(plan, &version)?;
        return Ok(Vec::new());
    }
    let facts = read(services, plan).await?;
    nobody_else(plan, &facts.version)?;
    unchanged(plan, &facts)?;
    again::judge(services, plan, &facts, None).await
}

/// The facts are exactly those that were signed, the version is marked as ours, and the decision stands.
///
/// This is the look that shows whether the mark was written. What the run says is read again before the tag: until then
/// everything can be undone.
pub(super) async fn before_the_move(services: &Services, plan: &PromotionPlan, anew: bool) -> Outcome<Vec<String>> {
    let is_ours = |version: &ModelVersion| {
        let mark = version.own_tag(MARK);
        mark == Some(&plan.mark_promoting()) || mark == Some(&plan.mark_released())
    };
    let mut facts = None;
    for wait_ms in LAG_MS {
        services.clock.sleep(Duration::from_millis(wait_ms)).await;
        let now = if anew { read(services, plan).await? } else { glance(services, plan).await? };
        let shows = is_ours(&now.version) || now.version.own_tag(MARK) != plan.draft.facts.version.own_tag(MARK);
        facts = Some(now);
        if shows {
            break;
        }
    }
    let Some(facts) = facts else { return Ok(Vec::new()) };
    nobody_else(plan, &facts.version)?;
    unchanged(plan, &facts)?;
    again::in_force(plan, &facts.version)?;
    if !is_ours(&facts.version) {
        let what = "its mark is gone from the version: it was undone from another copy of its journal, or somebody \
                    removed the mark";
        return Err(conflict(plan, what.to_owned()));
    }
    if anew { again::judge(services, plan, &facts, None).await } else { Ok(Vec::new()) }
}

/// Only the candidate is in the target, if that is a place in the registry; everything else is as signed, and the
/// decision stands.
///
/// Another promotion of the same version is no reason to stop: both want the same, only one can create the tag, and if
/// both backed off neither would.
pub(super) async fn before_the_tag(
    services: &Services,
    plan: &PromotionPlan,
    default_branch: Option<&str>,
) -> Outcome<Vec<String>> {
    let draft = &plan.draft;
    let mut facts = read(services, plan).await?;
    if !draft.promote_to.is_told_by_releases() {
        for wait_ms in LAG_MS.into_iter().skip(1) {
            // The move was accepted, and does not show yet.
            if facts.holders != draft.facts.holders || facts.holders == [draft.version()] {
                break;
            }
            services.clock.sleep(Duration::from_millis(wait_ms)).await;
            facts = read(services, plan).await?;
        }
        as_before_the_move(plan, &mut facts)?;
    }
    unchanged(plan, &facts)?;
    still_waits(services, plan).await?;
    again::judge(services, plan, &facts, default_branch).await
}

/// The approval task still waits for this very approval, and no other task does.
pub(super) async fn still_waits(services: &Services, plan: &PromotionPlan) -> Outcome<()> {
    let Some(asked) = &plan.draft.deployment else { return Ok(()) };
    let run = services.registry.deployment_run(&asked.job, &asked.run).await?;
    let waiting = run.waiting();
    let what = match waiting.first() {
        Some(_) if waiting.contains(&asked.task.as_str()) && waiting.len() == 1 => return Ok(()),
        Some(other) if *other != asked.task => format!("{other} waits for an approval now, not {}", asked.task),
        Some(_) => format!("{} wait for an approval now", waiting.join(" and ")),
        None => format!("{} does not wait any more", asked.name()),
    };
    Err(conflict(plan, what))
}

/// The facts without what this promotion itself changed.
fn as_before_the_move(plan: &PromotionPlan, facts: &mut ReviewedFacts) -> Outcome<()> {
    let draft = &plan.draft;
    if facts.holders != [draft.version()] {
        let leaving = draft.leaving();
        let stranger = facts.holders.iter().find(|n| **n != draft.version() && !leaving.contains(n));
        if let Some(stranger) = stranger {
            return Err(conflict(plan, format!("somebody put {stranger} into {} in the meantime", draft.promote_to)));
        }
        let list = facts.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let there = if list.is_empty() { "nothing".to_owned() } else { list };
        return Err(conflict(plan, format!("{there} is in {} now, not {} alone", draft.promote_to, draft.version())));
    }
    facts.holders.clone_from(&draft.facts.holders);
    facts.baseline.clone_from(&draft.facts.baseline);
    match &draft.promote_to {
        PromotionTarget::Stage(_) => facts.version.stage = draft.facts.version.stage.clone(),
        PromotionTarget::Alias(_) => facts.version.aliases.clone_from(&draft.facts.version.aliases),
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {}
    }
    Ok(())
}

async fn read(services: &Services, plan: &PromotionPlan) -> Outcome<ReviewedFacts> {
    let draft = &plan.draft;
    let facts = evidence::facts(services.registry.as_ref(), &draft.promote_to, draft.model(), draft.version()).await;
    let Err(failure) = &facts else { return facts };
    if failure.kind == FailureKind::NotFound
        && let Some(now) = renamed(services, &draft.decision.identity()).await?
    {
        let what = format!(
            "it is {} of {} now: the model was renamed, and nothing was signed under that name",
            now.number, now.model
        );
        return Err(conflict(plan, what));
    }
    facts
}

/// The facts as [`read`] reads them, as far as one look at the registry shows them; the rest as they were signed.
async fn glance(services: &Services, plan: &PromotionPlan) -> Outcome<ReviewedFacts> {
    let (draft, signed) = (&plan.draft, &plan.draft.facts);
    let (model, number) = (draft.model(), draft.version());
    if services.registry.other().is_some() {
        // What is in production is said elsewhere.
        return read(services, plan).await;
    }
    let (mut version, holders) = match services.registry.at_a_glance(model, number, &draft.promote_to).await {
        Ok(seen) => seen,
        // It says more.
        Err(_) => return read(services, plan).await,
    };
    let by_stage = matches!(draft.promote_to, PromotionTarget::Stage(_));
    if by_stage {
        version.aliases.clone_from(&signed.version.aliases);
    }
    let baseline = holders.iter().rev().find(|v| v.number != number).cloned().map(|mut holder| {
        let known = signed.baseline.as_ref().filter(|known| known.version.number == holder.number);
        if let (true, Some(known)) = (by_stage, known) {
            holder.aliases.clone_from(&known.version.aliases);
        }
        let (run, logged) = known.map_or((RunFacts::NotRecorded, None), |k| (k.run.clone(), k.logged.clone()));
        Standing { version: holder, run, logged }
    });
    let holders = holders.iter().map(|v| v.number).collect();
    Ok(ReviewedFacts { version, run: signed.run.clone(), logged: signed.logged.clone(), baseline, holders })
}

fn nobody_else(plan: &PromotionPlan, version: &ModelVersion) -> Outcome<()> {
    let mark = version.own_tag(MARK);
    let ours = |m: &str| m == plan.mark_promoting() || m == plan.mark_released();
    if mark.is_none_or(ours) || mark == plan.draft.facts.version.own_tag(MARK) {
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
