//! Builds the basis of a decision from the evidence: verdict, people, approvals, and the checks that follow from them.

use super::checks::{Checks, check, is_of_a_server};
use crate::domain::compare::Directions;
use crate::domain::decision::ApprovalTally;
use crate::domain::evidence::Evidence;
use crate::domain::facts::RunFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::policy::judge::BRANCH;
use crate::domain::policy::{Effective, Evaluation, Finding, People, Separation, Severity, Tristate, Verdict};
use crate::domain::preflight::{Check, CheckState};
use crate::domain::record::{Approval, Basis, ClockFacts, CodeFacts, Decision, DecisionMark};
use crate::domain::signer::Signer;
use crate::services::Services;
use crate::services::approvals::{may_sign, set_aside, standing};

/// A basis and the checks about it.
#[derive(Clone, Debug)]
pub(super) struct Grounds {
    pub basis: Basis,
    /// Which direction of each metric is better, by the configuration and the policies in force.
    pub directions: Directions,
    /// Checks of policy, four eyes and approvals, for the preflight.
    pub checks: Checks,
    /// The decision in force on the version.
    pub mark: Option<DecisionMark>,
}

/// Builds the basis for a decision by `signer`: verdict, people and approvals.
///
/// What cannot be read becomes a check that says so, never an error.
pub(super) async fn read(
    services: &Services,
    evaluation: &Evaluation,
    signer: Option<&Signer>,
    decision: Decision,
) -> Grounds {
    let evidence = &evaluation.evidence;
    let facts = &evidence.facts;
    let mut demands = Effective::of(&evaluation.sources);
    let directions = evaluation.directions(&services.rules.directions);
    let mut verdict = evaluation.verdict.clone();
    if decision == Decision::Rollback {
        // One person may roll back; the checklist was answered when the version was approved.
        demands.approvals = 1;
        demands.checklist.clear();
        soften(&mut verdict, demands.rollback);
    }
    let people = People::of(evidence);
    let names: Vec<&str> = signer
        .map(|s| [Some(s.login.as_str()), s.registry_user.as_deref()].into_iter().flatten().collect())
        .unwrap_or_default();
    let separation = if names.is_empty() { Separation::UNKNOWN } else { Separation::of(&names, &people) };
    let mut checks = Checks::default();
    if decision.promotes() {
        // The check of the commit tells it already, and blocks.
        let said = |failure: &Failure| evidence.code.source.as_ref().is_err_and(|told| told.same_cause(failure));
        policy_checks(&verdict, demands.allow_override, said, &mut checks);
        checks.list.extend(four_eyes(&demands, separation, (&people, evidence), &names, decision));
        if let Some(signer) = signer {
            match may_sign(services, &demands, &signer.login).await {
                Ok(Ok(())) => {}
                Ok(Err(why)) => checks.add("approver", CheckState::Block, why),
                Err(failure) => checks.fail("approver", CheckState::Block, &failure),
            }
        }
    }
    let approvals = match (decision, &evidence.code.source, signer) {
        (Decision::Approve, Ok(source), Some(signer)) if demands.approvals > 1 => {
            let read = standing(services, facts, &demands, &source.repo, &source.commit.sha).await;
            approvals(read, signer, &demands, &mut checks)
        }
        _ => Vec::new(),
    };
    let mark = in_force(services, evaluation, &demands, &mut checks).await;
    if let Some(mark) = mark.as_ref().filter(|m| m.sets_aside() && decision.promotes()) {
        let what = format!("{} was {} by {}: {}", facts.version.number, mark.decision.past(), mark.by, mark.reason);
        checks.add("decision", CheckState::Warn, what);
    }
    if let Some(copied) = DecisionMark::copied_to(&facts.version) {
        let what = format!(
            "tags say that it was {} by {}, but they were written for another version and copied: nothing was decided on {}",
            copied.decision.past(),
            copied.by,
            facts.version.number
        );
        checks.add("decision", CheckState::Warn, what);
    }
    let basis = Basis {
        decision,
        code: CodeFacts::from(&evidence.code),
        verdict,
        demands,
        people,
        separation,
        approvals,
        artifact: evidence.artifact.clone().unwrap_or_default(),
        supersedes: mark.as_ref().map(|m| m.record.clone()),
        baseline_record: facts.baseline.as_ref().and_then(|b| DecisionMark::on(&b.version)).map(|m| m.record),
        clock: ClockFacts { utc_offset_s: services.clock.utc_offset_s(), skew_ms: None },
    };
    Grounds { basis, directions, checks, mark }
}

/// The decision in force: by the tag on the version, and by the comments on its commit where others write no tags.
async fn in_force(
    services: &Services,
    evaluation: &Evaluation,
    demands: &Effective,
    checks: &mut Checks,
) -> Option<DecisionMark> {
    let Evidence { facts, code, .. } = &evaluation.evidence;
    let on_version = DecisionMark::on(&facts.version);
    let (true, Ok(source)) = (services.rules.promote_to.spares_registry(), &code.source) else { return on_version };
    match set_aside(services, demands, &facts.version, &source.repo, &source.commit.sha).await {
        Ok(commented) => on_version.into_iter().chain(commented).max_by_key(|mark| mark.at),
        Err(failure) => {
            checks.fail("decision", CheckState::Block, &failure);
            on_version
        }
    }
}

/// A rollback's rules may be softer: what worked in production before is better than what is broken now.
fn soften(verdict: &mut Verdict, severity: Severity) {
    let ceiling = match severity {
        Severity::Block => return,
        Severity::Warn => CheckState::Warn,
        Severity::Ignore => CheckState::Unknown,
    };
    for finding in &mut verdict.findings {
        finding.state = finding.state.min(ceiling);
    }
}

/// What failed, one line each. That rules hold is said only where all do; what could not be judged is counted.
fn policy_checks(verdict: &Verdict, overridable: bool, said: impl Fn(&Failure) -> bool, checks: &mut Checks) {
    if verdict.sources.is_empty() {
        return;
    }
    // The check of the branch says it.
    let worth = |f: &&Finding| f.state >= CheckState::Warn && f.rule != BRANCH;
    for finding in verdict.findings.iter().filter(worth) {
        let failure = finding.failure.as_deref();
        let check = Check {
            overridable: overridable && finding.state == CheckState::Block,
            hint: failure.and_then(|failure| failure.hint.clone()),
            failure: failure.filter(|failure| is_of_a_server(failure)).map(|failure| failure.kind),
            ..check("policy", finding.state, finding.detail.clone())
        };
        match failure {
            Some(failure) if said(failure) => {}
            Some(failure) => checks.tell(check, failure),
            None => checks.list.push(check),
        }
    }
    let (pass, all) = (verdict.count(CheckState::Pass), verdict.findings.len());
    match verdict.count(CheckState::Unknown) {
        0 if pass == all => checks.add("policy", CheckState::Pass, format!("{pass} of {all} rules hold")),
        0 => {}
        open => {
            let what = format!("{pass} of {all} rules hold, {open} could not be judged");
            checks.add("policy", CheckState::Unknown, what);
        }
    }
}

fn four_eyes(
    demands: &Effective,
    separation: Separation,
    (people, evidence): (&People, &Evidence),
    signer: &[&str],
    decision: Decision,
) -> Vec<Check> {
    let mut out = Vec::new();
    let (rule, rollback) = (&demands.four_eyes, demands.rollback);
    // Who signs is not known: the check of the signer says it, and nothing can be compared.
    let Some(me) = signer.first().copied() else { return out };
    let mut judge = |severity: Severity, apart: Tristate, same: String, other: String, unknown: &str| {
        let (severity, what) = match apart {
            _ if severity == Severity::Ignore => return,
            Tristate::True => return out.push(check("four eyes", CheckState::Pass, other)),
            Tristate::False => (severity, same),
            Tristate::Unknown => (rule.unknown, unknown.to_owned()),
        };
        let severity = if decision == Decision::Rollback { severity.min(rollback) } else { severity };
        out.push(check("four eyes", state_of(severity), what));
    };
    judge(
        rule.trainer,
        separation.not_trainer,
        format!("{me} trained this version"),
        format!("{me} did not train it ({} did)", people.trainers.join(", ")),
        match &evidence.facts.run {
            RunFacts::Unreadable(_) => "who trained this version cannot be told: its run could not be read",
            RunFacts::Known(_) | RunFacts::NotRecorded => "the servers do not say who trained this version",
        },
    );
    if let Some(apart) = separation.not_requester {
        judge(
            rule.trainer,
            apart,
            format!("{me} asked for this promotion"),
            format!("{me} did not ask for it ({} did)", people.requesters.join(", ")),
            "who asked for this promotion could not be read",
        );
    }
    judge(
        rule.author,
        separation.not_author,
        format!("{me} wrote the pull request"),
        format!("{me} did not write the pull request ({} did)", people.author.as_deref().unwrap_or_default()),
        match (&evidence.code.source, &evidence.code.pull_request) {
            (Err(_), _) => "who wrote the change cannot be told without its commit",
            (Ok(_), Err(_)) => "who wrote the pull request cannot be told: it could not be read",
            (Ok(_), Ok(None)) => "who wrote the change is not known: the commit came without a pull request",
            (Ok(_), Ok(Some(_))) => "GitHub does not say who wrote the pull request",
        },
    );
    out
}

/// The state of a failed check of this `severity`.
fn state_of(severity: Severity) -> CheckState {
    match severity {
        Severity::Ignore => CheckState::Unknown,
        Severity::Warn => CheckState::Warn,
        Severity::Block => CheckState::Block,
    }
}

fn approvals(read: Outcome<ApprovalTally>, signer: &Signer, demands: &Effective, checks: &mut Checks) -> Vec<Approval> {
    let standing = match read {
        Ok(standing) => standing,
        Err(failure) => {
            checks.fail("approvals", CheckState::Block, &failure);
            return Vec::new();
        }
    };
    for void in &standing.void {
        let what = format!("{}'s approval does not count: {}", void.login, void.why);
        let hint = void.unread.as_ref().and_then(|failure| failure.hint.clone());
        checks.list.push(Check { hint, ..check("approvals", CheckState::Warn, what) });
    }
    let others = standing.of_others(signer.id);
    let names = others.iter().map(|a| a.login.as_str()).collect::<Vec<_>>().join(", ");
    let by = if names.is_empty() { String::new() } else { format!(" by {names}") };
    let needed = demands.approvals;
    let what = format!("{} of {needed} approvals{by}", others.len());
    let next = if others.len() + 1 >= needed as usize {
        "yours is the last one needed: it promotes"
    } else {
        "yours is recorded, and promotes nothing yet"
    };
    checks.add("approvals", CheckState::Pass, format!("{what}; {next}"));
    others
}
