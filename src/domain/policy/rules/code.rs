//! Rules that need more than the registry's facts: the model's files, and the code host's data on the commit.

use super::super::{Finding, Policy, Severity};
use crate::domain::cd::CdState;
use crate::domain::evidence::Evidence;
use crate::domain::failure::Outcome;
use crate::domain::lineage::{CheckConclusion, CheckResult, PullRequest};
use crate::domain::pattern::matches;
use crate::domain::preflight::CheckState;
use crate::domain::text;

/// The rule on the default branch.
pub const BRANCH: &str = "default_branch";

/// Number of rules of this kind in the policy.
pub(in super::super) fn count(policy: &Policy) -> usize {
    usize::from(policy.signature)
        + usize::from(policy.default_branch.is_some_and(|s| s != Severity::Ignore))
        + policy.checks.len()
        + usize::from(policy.pull_request_approvals > 0)
}

/// Judges these rules of one policy, in their order.
pub(in super::super) fn judge(policy: &Policy, evidence: &Evidence) -> Vec<Finding> {
    let (unknown, code) = (policy.unknown, &evidence.code);
    let mut findings = Vec::new();
    if policy.signature {
        findings.push(known("signature", unknown, &evidence.signature, |there| {
            let there = there.is_some();
            (there, if there { "the model has a signature" } else { "the model has no signature" }.to_owned())
        }));
    }
    if let Some(severity) = policy.default_branch.filter(|s| *s != Severity::Ignore) {
        findings.push(branch(severity, unknown, evidence));
    }
    if policy.pull_request_approvals > 0 {
        let needed = policy.pull_request_approvals;
        findings.push(known("pull_request", unknown, &code.pull_request, |pull| pull_request(needed, pull.as_ref())));
    }
    for pattern in &policy.checks {
        let name = format!("checks.{pattern}");
        findings.push(match &code.checks {
            Ok(checks) => check(name, pattern, unknown, checks),
            Err(failure) => Finding::failed(name, unknown, failure),
        });
    }
    findings
}

/// Whether the commit is on the default branch.
pub(in super::super) fn branch(severity: Severity, unknown: Severity, evidence: &Evidence) -> Finding {
    match &evidence.code.on_default_branch {
        Ok(true) => Finding::new(BRANCH, CheckState::Pass, "the commit is on it"),
        Ok(false) => Finding::new(BRANCH, severity.state(), "the commit is not on the default branch"),
        Err(failure) => Finding::failed(BRANCH, unknown, failure),
    }
}

fn known<T>(name: &str, unknown: Severity, read: &Outcome<T>, judge: impl Fn(&T) -> (bool, String)) -> Finding {
    match read {
        Ok(value) => {
            let (holds, detail) = judge(value);
            Finding::holds(name, holds, detail)
        }
        Err(failure) => Finding::failed(name, unknown, failure),
    }
}

fn pull_request(needed: u32, pull: Option<&PullRequest>) -> (bool, String) {
    let Some(pull) = pull else {
        return (false, "the commit was pushed without a pull request".to_owned());
    };
    let (number, approvals) = (pull.number, pull.approvers.len());
    if pull.merged_at.is_none() {
        return (false, format!("#{number} is not merged"));
    }
    let detail = format!("#{number} has {}, at least {needed}", text::count(approvals, "approval"));
    (usize::try_from(needed).is_ok_and(|n| approvals >= n), detail)
}

/// Every matching check must succeed; a skipped check does not count as success.
fn check(name: String, pattern: &str, unknown: Severity, checks: &[CheckResult]) -> Finding {
    // A placeholder for checks beyond those read: see `CodeHost::checks`.
    let unread = |c: &&CheckResult| c.name.starts_with('(') && c.state == CdState::Other("not read".to_owned());
    let fitting: Vec<&CheckResult> = checks.iter().filter(|c| !unread(c) && matches(pattern, &c.name)).collect();
    let said = |c: &CheckResult| match c.standing() {
        CheckConclusion::Open => format!("{} has not ended: {}", c.name, c.state),
        _ => format!("{}: {}", c.name, c.state),
    };
    if let Some(bad) = fitting.iter().find(|c| c.standing() != CheckConclusion::Passed) {
        return Finding::holds(name, false, said(bad));
    }
    if let Some(rest) = checks.iter().find(unread) {
        return Finding::unread(name, unknown, format!("not all checks were read: {}", rest.name));
    }
    match fitting.as_slice() {
        [] => Finding::holds(name, false, format!("the commit has no check '{}'", text::clean_line(pattern))),
        [one] => Finding::holds(name, true, said(one)),
        many => Finding::holds(name, true, format!("all {} are successful", many.len())),
    }
}
