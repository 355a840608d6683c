//! Drafts a decision from the evidence, with all checks, before a human is asked. Writes nothing.
//!
//! The same for approve, roll back, reject and hold: the evidence is read once, and record, plan and tag are made from
//! it.

pub mod again;
mod basis;
pub mod checks;
mod job;
mod tag;
mod taken;

use futures_util::future::{join, join4};

use crate::domain::caution::{Caution, code_cautions};
use crate::domain::commit::HostIdentity;
use crate::domain::deployment::ApprovalTask;
use crate::domain::evidence::Source;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::{ModelName, PromotionId, RepoSlug, TagName, VersionNumber};
use crate::domain::origin::repository_of;
use crate::domain::policy::Evaluation;
use crate::domain::preflight::{CheckState, JOURNAL, Preflight};
use crate::domain::promotion::mark::LEFT;
use crate::domain::promotion::{PlanDraft, fold};
use crate::domain::record::DecisionDraft;
use crate::domain::record::{ClockFacts, Decision, SignOff};
use crate::domain::registry::{Permission, RegistryUser, UserKind};
use crate::domain::release;
use crate::domain::signer::Signer;
use crate::services::evidence::{self, Scope};
use crate::services::{Services, rollback};
use CheckState::{Block, Warn};
use basis::Grounds;
use checks::{Checks, lacking, workflow_check};
use taken::Wanted;

/// Reads both servers and drafts the plan of an approval or rollback, or says what blocks it.
///
/// # Errors
/// Only if the version itself cannot be read; everything else is a check that blocks.
pub async fn promotion(
    services: &Services,
    model: &ModelName,
    number: VersionNumber,
    decision: Decision,
) -> Outcome<Preflight> {
    let Prepared { evaluation, signer, permission, skew_ms, home } = read(services, model, number).await?;
    let evidence = &evaluation.evidence;
    let mut checks = Checks::default();
    let mut stored = Checks::default();
    let over = unfinished(services, model, &home, &mut stored).await;
    let directions = evaluation.directions(&services.rules.directions);
    checks.version(services, &evidence.facts, &directions, decision, &over);
    checks.list.append(&mut stored.list);
    if decision == Decision::Rollback {
        checks.rollback(&rollback::choose(services, model, number).await);
    }
    checks.signer(&signer);
    checks.clock(&ClockFacts { skew_ms, ..ClockFacts::default() }, &services.host.host());
    checks.permission(model, &permission);
    let repo = repository_of(&services.rules, (&evidence.facts).into(), &services.host.host()).ok();
    checks.code(&evidence.code, repo.as_ref());
    for Caution { about, text } in code_cautions(evidence) {
        checks.add(about, Warn, text);
    }
    let asked = job::read(services, &evidence.facts.version, &mut checks).await;
    let task = asked.as_ref().map(|asked| asked.task.as_str());
    checks.room(services.registry.most_tags(), &evidence.facts.version, &LEFT, task);
    let source = evidence.code.source.as_ref().ok().cloned();
    let default_branch = evidence.code.repository.as_ref().ok().map(|repository| repository.default_branch.clone());
    let tag = match &source {
        Some(source) => {
            let clock = ClockFacts { skew_ms, ..ClockFacts::default() };
            let now = clock.by_host(services.clock.now());
            let version = Identity::of(&home, &evidence.facts.version);
            let wanted = Wanted { repo: &source.repo, version: &version, commit: &source.commit.sha, now };
            let (named, ()) =
                join(tag::name(services, &wanted, decision), workflow(services, &source.repo, &mut checks)).await;
            checks.tag(named, number)
        }
        None => None,
    };
    let signer = signer.ok();
    let mut grounds = basis::read(services, &evaluation, signer.as_ref(), decision).await;
    grounds.basis.clock.skew_ms = skew_ms;
    checks.judged_branch(&grounds.basis);
    checks.append(std::mem::take(&mut grounds.checks));
    let draft = match (signer, source, tag) {
        (Some(signer), Some(source), Some(named)) => {
            Some(plan(services, draft(services, home, evaluation, grounds, signer, asked), source, named))
        }
        _ => None,
    };
    if let Some(draft) = &draft {
        // Rendered here only to be checked; the actual rendering happens when the plan is signed.
        checks.texts(draft.sign(services.clock.new_id(), services.clock.now(), &SignOff::default()));
    }
    Ok(Preflight { checks: checks.list, draft, read_at: services.clock.now(), default_branch })
}

/// Reads what a rejection or hold rests on.
///
/// # Errors
/// If the version or the signer's identity cannot be read.
pub async fn decision(
    services: &Services,
    model: &ModelName,
    number: VersionNumber,
    decision: Decision,
) -> Outcome<DecisionDraft> {
    let Prepared { evaluation, signer, permission, skew_ms, home } = read(services, model, number).await?;
    let signer = signer?;
    if let Some(permission) = permission.ok().flatten().filter(|permission| !permission.enough) {
        return Err(lacking(model, &permission));
    }
    let mut grounds = basis::read(services, &evaluation, Some(&signer), decision).await;
    grounds.basis.clock.skew_ms = skew_ms;
    // A version can be rejected or held back whether or not its job waits.
    let asked = job::read(services, &evaluation.evidence.facts.version, &mut Checks::default()).await;
    Ok(draft(services, home, evaluation, grounds, signer, asked))
}

/// What every decision is prepared from.
struct Prepared {
    evaluation: Evaluation,
    signer: Outcome<Signer>,
    /// What the registry lets the signer do with the model, if it says.
    permission: Outcome<Option<Permission>>,
    skew_ms: Option<i64>,
    home: Home,
}

async fn read(services: &Services, model: &ModelName, number: VersionNumber) -> Outcome<Prepared> {
    let (evaluation, who, (user, permission), home) = join4(
        evidence::read(services, model, number, Scope::Decision),
        async {
            let who = services.host.whoami().await;
            // Compared with the clock right away: the other reads take their time.
            let skew_ms = who.as_ref().ok().and_then(|who| skew(services, who));
            (who, skew_ms)
        },
        join(services.registry.user(), services.registry.permission(model)),
        services.home(),
    )
    .await;
    let (who, skew_ms) = who;
    Ok(Prepared { evaluation: evaluation?, signer: signer(services, who, user), permission, skew_ms, home: home? })
}

/// How far this machine's clock is ahead of the host's `Date` header, in milliseconds. Valid only right after the
/// response.
pub fn skew(services: &Services, identity: &HostIdentity) -> Option<i64> {
    identity.host_time.map(|host| services.clock.now().as_millisecond() - host.as_millisecond())
}

/// The signer as the servers report them.
fn signer(services: &Services, who: Outcome<HostIdentity>, user: Outcome<RegistryUser>) -> Outcome<Signer> {
    let who = who?;
    let host = services.host.host();
    let email = who.email.unwrap_or_else(|| format!("{}+{}@users.noreply.{host}", who.id, who.login));
    let user = match user {
        Ok(user) => user,
        // A registry that does not answer may still have something to say of who signs.
        Err(failure) if failure.kind.is_transient() => return Err(failure),
        Err(_) => RegistryUser { name: None, kind: UserKind::Person },
    };
    let operation = "sign with this registry user";
    let refused = |reason: String| Failure::new(FailureKind::Forbidden, Service::Mlflow, operation, reason);
    match user.kind {
        UserKind::Service if !services.rules.service_principals => {
            let name = user.name.as_deref().unwrap_or("the user");
            return Err(refused(format!("{name} is a service principal, and a sign-off is a person's")).with_hint(
                "Sign in as yourself, or set `service_principals = true` in [policy] if a program may sign.",
            ));
        }
        UserKind::Untold => {
            return Err(refused("the workspace does not say who you are".to_owned())
                .with_hint("Ask for access to its SCIM API (`scim/v2/Me`), or use a token of yours."));
        }
        UserKind::Person | UserKind::Service => {}
    }
    Ok(Signer { login: who.login, id: who.id, name: who.name, email, registry_user: user.name })
}

fn draft(
    services: &Services,
    home: Home,
    evaluation: Evaluation,
    grounds: Grounds,
    signer: Signer,
    deployment: Option<ApprovalTask>,
) -> DecisionDraft {
    let rules = &services.rules;
    DecisionDraft {
        basis: grounds.basis,
        signer,
        target_name: rules.target_name.clone(),
        demo: rules.demo,
        registry_url: home.registry,
        workspace: home.workspace,
        promote_to: rules.promote_to.clone(),
        directions: grounds.directions,
        facts: evaluation.evidence.facts,
        deployment,
        baseline_at: services.registry.other().map(|other| other.registry.url()),
    }
}

/// The draft of a promotion: the decision and what it releases.
fn plan(
    services: &Services,
    decision: DecisionDraft,
    source: Source,
    named: (TagName, Option<PromotionId>),
) -> PlanDraft {
    let rules = &services.rules;
    PlanDraft {
        title: release::title(&rules.title_template, decision.model(), decision.version()),
        clears: rules.put_forward(&decision.facts.version).map(str::to_owned),
        notes_template: rules.notes_template.clone(),
        cd: rules.cd.clone(),
        host: services.host.host(),
        repo: source.repo,
        commit: source.commit,
        commit_origin: source.origin,
        tag: named.0,
        supersedes: named.1,
        decision,
    }
}

/// An unfinished promotion of the same model on this machine must be completed first. Returns those that have ended.
async fn unfinished(services: &Services, model: &ModelName, home: &Home, checks: &mut Checks) -> Vec<PromotionId> {
    let mut over = Vec::new();
    let stored = match services.journals.list().await {
        Ok(stored) => stored,
        Err(failure) => {
            checks.fail(JOURNAL, Block, &failure);
            return over;
        }
    };
    for promotion in stored {
        let state = match promotion.entries {
            // Interrupted before its first entry: nothing was written to a server.
            Ok(entries) if entries.is_empty() => continue,
            Ok(entries) => fold(&entries).map_err(|e| e.to_string()),
            Err(failure) => Err(failure.to_string()),
        };
        let state = match state {
            Ok(state) => state,
            Err(why) => {
                let id = promotion.id;
                checks.add("journal", Warn, format!("promotion {id} cannot be read, and may be unfinished: {why}"));
                continue;
            }
        };
        if state.is_over() {
            over.push(promotion.id);
        }
        let draft = &state.plan.draft;
        // A plan of an earlier version names no workspace, and may be about this one.
        let workspaces = draft.workspace.as_ref().zip(home.workspace.as_ref());
        let same_place = draft.registry_url == home.registry
            && workspaces.is_none_or(|(there, here)| there == here)
            && draft.promote_to == services.rules.promote_to;
        if draft.model() == model && same_place && !state.is_over() && !state.is_released() {
            checks.add_hint(
                "promotion",
                Block,
                format!("the promotion of {} is unfinished", draft.version()),
                format!("Finish or undo it first: `signoff resume {0}` or `signoff undo {0}`.", promotion.id),
            );
        }
        for open in state.unanswered().into_iter().filter(|_| draft.model() == model && same_place) {
            let (version, at) = (draft.version(), open.at.strftime("%F"));
            checks.add("promotion", Warn, format!("{open} on {at}, of {version}, was never answered"));
        }
    }
    over
}

/// Whether the configured CD workflow exists and will start.
async fn workflow(services: &Services, repo: &RepoSlug, checks: &mut Checks) {
    let cd = &services.rules.cd;
    if let Some(file) = &cd.workflow
        && cd.trigger.event().is_some()
    {
        checks.list.extend(workflow_check(file, &services.host.workflow(repo, file).await));
    }
}
