//! Judges a signed plan again, right before it acts: what changed since it was signed, and what of that stops it.

use super::basis;
use crate::domain::check::CheckState;
use crate::domain::evidence::Source;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::VersionNumber;
use crate::domain::policy::Finding;
use crate::domain::promotion::PromotionPlan;
use crate::domain::record::DecisionMark;
use crate::domain::registry::ModelVersion;
use crate::services::Services;
use crate::services::evidence;

/// Reads decision, approvals, policy and people again. `facts` are the current facts as the signer saw them, without the
/// promotion's own changes; `default_branch` is known if it was read lately. Returns what changed and does not stop it, one sentence each.
///
/// # Errors
/// [`FailureKind::Conflict`] if something is worse than when it was signed; [`FailureKind::Unavailable`] if that could
/// not be found out now.
pub async fn judge(
    services: &Services,
    plan: &PromotionPlan,
    facts: &ReviewedFacts,
    default_branch: Option<&str>,
) -> Outcome<Vec<String>> {
    in_force(plan, &facts.version)?;
    let (draft, signed) = (&plan.draft, &plan.draft.basis);
    let (repo, commit, origin) = (draft.repo.clone(), draft.commit.clone(), draft.commit_origin.clone());
    let source = Ok(Source { repo, commit, origin });
    let evaluation = evidence::released(services, facts.clone(), source, default_branch).await;
    let now = basis::read(services, &evaluation, Some(&draft.signer), signed.decision).await;
    let mut worse = Vec::new();
    worse.extend(aside(now.mark.as_ref(), facts.version.number, signed.supersedes.as_deref()));
    for check in now.checks.list.iter().filter(|c| c.state == CheckState::Block && c.title != "policy") {
        match check.failure {
            Some(kind) if kind.is_transient() => return Err(unread(plan, &check.detail)),
            _ => worse.push(check.detail.clone()),
        }
    }
    let then = |finding: &Finding| signed.verdict.findings.iter().find(|f| f.rule == finding.rule).map(|f| f.state);
    let mut changed = Vec::new();
    for finding in &now.basis.verdict.findings {
        let before = then(finding);
        if before.is_some_and(|before| before >= finding.state) || finding.state <= CheckState::Unknown {
            continue;
        }
        match &finding.failure {
            _ if finding.state != CheckState::Block => changed.push(finding.detail.clone()),
            Some(failure) if failure.kind.is_transient() => return Err(unread(plan, &finding.detail)),
            _ => worse.push(finding.detail.clone()),
        }
    }
    for lost in signed.approvals.iter().filter(|a| !now.basis.approvals.contains(a)) {
        let void = now
            .checks
            .list
            .iter()
            .find(|c| c.title == "approvals" && c.detail.starts_with(&format!("{}'s ", lost.login)));
        worse.push(match void {
            Some(check) => check.detail.clone(),
            None => format!("{}'s approval does not count any more: its comment is gone", lost.login),
        });
    }
    if worse.is_empty() {
        if !now.basis.completes() {
            let (have, needed) = (now.basis.approvals.len() + 1, now.basis.demands.approvals);
            worse.push(format!("{have} of {needed} approvals count now"));
        }
        worse.extend(now.basis.objections(&plan.sign_off));
    }
    if !worse.is_empty() {
        return Err(conflict(plan, worse.join("; ")));
    }
    if now.basis.verdict.sources != signed.verdict.sources {
        changed.push("the policy is another one than when it was signed, and it allows this too".to_owned());
    }
    Ok(changed)
}

/// Nobody rejected the version or held it back since the plan was made.
///
/// # Errors
/// [`FailureKind::Conflict`] with who did, and why.
pub fn in_force(plan: &PromotionPlan, version: &ModelVersion) -> Outcome<()> {
    match set_aside(version, plan.draft.basis.supersedes.as_deref()) {
        None => Ok(()),
        Some(what) => Err(conflict(plan, what)),
    }
}

/// Who took the version out of review, unless the decision rests on that record already.
pub fn set_aside(version: &ModelVersion, known: Option<&str>) -> Option<String> {
    aside(DecisionMark::on(version).as_ref(), version.number, known)
}

fn aside(mark: Option<&DecisionMark>, number: VersionNumber, known: Option<&str>) -> Option<String> {
    let mark = mark.filter(|m| m.sets_aside() && Some(m.record.as_str()) != known)?;
    Some(format!("{number} was {} by {} meanwhile: {}", mark.decision.past(), mark.by, mark.reason))
}

fn conflict(plan: &PromotionPlan, what: String) -> Failure {
    failure(plan, FailureKind::Conflict, what).with_hint("Look at it again, then decide.")
}

fn unread(plan: &PromotionPlan, what: &str) -> Failure {
    failure(plan, FailureKind::Unavailable, format!("what it rests on cannot be read now: {what}"))
}

fn failure(plan: &PromotionPlan, kind: FailureKind, what: String) -> Failure {
    let draft = &plan.draft;
    let operation = format!("{} {} {}", draft.basis.decision.word(), draft.model(), draft.version());
    Failure::new(kind, Service::Local, operation, what)
}
