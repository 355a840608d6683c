//! Re-reads every object a promotion may have touched and reports its state.

use std::time::Duration;

use super::probe::judge_tag;
use crate::domain::commit::ReleaseState;
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::ids::VersionNumber;
use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Ending, Finding, Observation, Phase, PlanDraft, Receipt, SagaState, Step, StepState};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::release::notes_marker;
use crate::domain::text::clean_line;
use crate::services::Services;

/// Seconds to wait before each retry when something is not as intended.
const PATIENCE: [u64; 3] = [1, 2, 4];

/// Reads everything, and retries if something is not as intended or cannot be read: a replica may lag behind a recent
/// write, and a server may be briefly unavailable.
pub(super) async fn read_patiently(services: &Services, state: &SagaState) -> Vec<Observation> {
    let mut truth = read(services, state).await;
    for wait_s in PATIENCE {
        if truth.iter().all(|t| t.as_meant == Some(true)) {
            break;
        }
        services.clock.sleep(Duration::from_secs(wait_s)).await;
        truth = read(services, state).await;
    }
    truth
}

/// Reads mark, target, tag and release. Never fails; the result says what could not be read.
pub(super) async fn read(services: &Services, state: &SagaState) -> Vec<Observation> {
    let plan = &state.plan;
    let draft = &plan.draft;
    let marker = notes_marker(&plan.id.to_string());
    let meant = Meant::of(state);
    let (mut found, tag, releases) = futures_util::future::join3(
        of_registry(services, state, meant),
        services.host.tag(&draft.repo, &draft.tag),
        releases(services, state, &marker),
    )
    .await;
    found.extend([
        truth("tag", tag, |tag| match tag {
            None => (
                format!("no tag {}", draft.tag),
                match meant {
                    Meant::Promoted => !state.may_be_cut(),
                    Meant::TakenBack => true,
                    Meant::LeftToOther => false,
                },
            ),
            Some(tag) => {
                let is = format!("{} at {}", tag.name, tag.commit);
                let ours = matches!(judge_tag(plan, tag), Finding::Applied { .. });
                (is, ours == (meant == Meant::Promoted))
            }
        }),
        truth("release", releases, |releases| {
            let published = releases.iter().filter(|r| !r.draft);
            let ours = published.clone().filter(|r| r.body.contains(&marker)).count();
            let is = match (published.clone().count(), releases.len()) {
                (0, 0) => "no release".to_owned(),
                (0, _) => "a draft, not published".to_owned(),
                (1, _) => published.clone().map(|r| r.web_url.clone()).collect(),
                (n, _) => format!("{n} releases of this tag"),
            };
            let as_meant = match meant {
                Meant::Promoted => ours == usize::from(state.may_be_cut()) && published.count() == ours,
                Meant::TakenBack | Meant::LeftToOther => ours == 0,
            };
            (is, as_meant)
        }),
    ]);
    found
}

/// Reads what is in production by the releases.
async fn by_release(services: &Services, state: &SagaState, meant: Meant) -> Observation {
    let draft = &state.plan.draft;
    let holders = services.registry.holders(draft.model(), &draft.promote_to).await;
    registered(draft.promote_to.kind(), holders, |holders| {
        let now: Vec<_> = holders.iter().map(|v: &ModelVersion| v.number).collect();
        let (ours, before) = (now == [draft.version()], now == draft.facts.holders);
        let published = matches!(state.step(Step::Release), StepState::Done(_));
        let as_meant = match meant {
            Meant::TakenBack => before,
            Meant::Promoted => ours || (before && !published),
            // The other one may not have come so far.
            Meant::LeftToOther => ours || before,
        };
        (in_place(&now, draft), as_meant)
    })
}

fn in_place(now: &[VersionNumber], draft: &PlanDraft) -> String {
    let names = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let is = if now.is_empty() { "nothing".to_owned() } else { names };
    match &draft.promote_to {
        // What is in production there, nobody here moves.
        PromotionTarget::Elsewhere(name) => format!("{is} released last for {}", clean_line(name)),
        place @ (PromotionTarget::Stage(_)
        | PromotionTarget::Alias(_)
        | PromotionTarget::Release
        | PromotionTarget::DeploymentJob) => format!("{is} in {place}"),
    }
}

/// Reads mark and target in the registry, or what is in production if it is not written to.
async fn of_registry(services: &Services, state: &SagaState, meant: Meant) -> Vec<Observation> {
    let draft = &state.plan.draft;
    if draft.promote_to.spares_registry() {
        return vec![by_release(services, state, meant).await];
    }
    if draft.promote_to.is_told_by_releases() {
        let (version, live) = futures_util::future::join(
            services.registry.version(draft.model(), draft.version()),
            by_release(services, state, meant),
        )
        .await;
        return vec![mark(version, state, meant), live];
    }
    let glance = services.registry.at_a_glance(draft.model(), draft.version(), &draft.promote_to).await;
    let (version, holders) = match glance {
        Ok((version, holders)) => (Ok(version), Ok(holders)),
        // One of them may be there.
        Err(_) => {
            futures_util::future::join(
                services.registry.version(draft.model(), draft.version()),
                services.registry.holders(draft.model(), &draft.promote_to),
            )
            .await
        }
    };
    vec![
        mark(version, state, meant),
        registered(draft.promote_to.kind(), holders, |holders| {
            let now: Vec<_> = holders.iter().map(|v: &ModelVersion| v.number).collect();
            let holder = holders.iter().find(|v| v.number == draft.version());
            if let Some(what) = holder.and_then(|v| draft.another(v)) {
                let is = format!("{} in {} is another version of that name: {what}", draft.version(), draft.promote_to);
                return (is, false);
            }
            let as_meant = match meant {
                Meant::TakenBack => now == draft.facts.holders,
                Meant::Promoted | Meant::LeftToOther => now == [draft.version()],
            };
            (in_place(&now, draft), as_meant)
        }),
    ]
}

/// The mark on the version.
fn mark(version: Outcome<ModelVersion>, state: &SagaState, meant: Meant) -> Observation {
    let (draft, id) = (&state.plan.draft, state.plan.id.to_string());
    registered("mark", version, |v| {
        let mark = v.own_tag(MARK);
        let ours = match state.step(Step::Link) {
            StepState::Done(Receipt::Linked) => mark == Some(state.plan.mark_released().as_str()),
            _ => mark.is_some_and(|m| m.contains(&id)),
        };
        let as_meant = match meant {
            Meant::Promoted => ours,
            // A mark that belongs to somebody else by now was left alone on purpose.
            // Nor is the mark of a promotion that had ended before put back.
            Meant::TakenBack => mark.is_none() || mark == draft.facts.version.own_tag(MARK) || !ours,
            Meant::LeftToOther => !ours,
        };
        (mark.unwrap_or("none").to_owned(), as_meant)
    })
}

/// The releases of the tag. Ours is read by its id if known, because the list may lag behind.
async fn releases(services: &Services, state: &SagaState, marker: &str) -> Outcome<Vec<ReleaseState>> {
    let draft = &state.plan.draft;
    let mut found = services.host.listed_releases(&draft.repo, &draft.tag, marker).await?;
    if let StepState::Done(Receipt::Drafted { id }) = state.step(Step::Draft)
        && !found.iter().any(|r| r.id == *id && !r.draft)
        && let Some(ours) = services.host.release(&draft.repo, *id).await?
    {
        found.retain(|r| r.id != *id);
        found.push(ours);
    }
    Ok(found)
}

/// What the promotion should have left behind, as far as it got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    Promoted,
    TakenBack,
    /// Another promotion released the same version: target, tag and release are its own.
    LeftToOther,
}

impl Meant {
    fn of(state: &SagaState) -> Self {
        match &state.phase {
            Phase::Backward { superseded_by: None, .. } => Self::TakenBack,
            Phase::Backward { superseded_by: Some(_), .. } => Self::LeftToOther,
            // Looked at again after the end.
            Phase::Closing(ending) | Phase::Ended(ending) => match ending {
                Ending::Done => Self::Promoted,
                Ending::Undone { .. } | Ending::Refused { .. } => Self::TakenBack,
                Ending::Superseded { .. } => Self::LeftToOther,
            },
            Phase::Opened | Phase::Forward => Self::Promoted,
        }
    }
}

/// As [`truth`], for what the registry may have deleted: reading again does not bring it back. The host's answer that
/// something is missing may also be about the token.
fn registered<T>(what: &str, read: Outcome<T>, judge: impl FnOnce(T) -> (String, bool)) -> Observation {
    match read {
        Err(failure) if failure.kind == FailureKind::NotFound => {
            Observation { what: what.to_owned(), is: format!("not there: {}", failure.reason), as_meant: Some(false) }
        }
        read => truth(what, read, judge),
    }
}

fn truth<T>(what: &str, read: Outcome<T>, judge: impl FnOnce(T) -> (String, bool)) -> Observation {
    match read {
        Ok(found) => {
            let (is, as_meant) = judge(found);
            Observation { what: what.to_owned(), is, as_meant: Some(as_meant) }
        }
        Err(failure) => {
            Observation { what: what.to_owned(), is: format!("not readable: {}", failure.reason), as_meant: None }
        }
    }
}
