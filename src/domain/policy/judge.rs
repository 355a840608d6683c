//! The verdict: a pure function of policy and evidence.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::rules::{code, facts};
use super::{Effective, Finding, Policy, PolicySource, Severity, SourceRef, Verdict};
use crate::domain::evidence::Evidence;
use crate::domain::facts::{ReviewedFacts, Unread};
use crate::domain::failure::Failure;
use crate::domain::preflight::CheckState;

/// Lays every source's rules against the evidence. The sources add up: what one of them asks for has to hold, whatever the
/// others leave out.
///
/// Findings are the worst first, then in the order of the rules, source by source in the order of their names: the order
/// in which `sources` come means nothing. What two sources ask for in the same words, and find the same, is said once.
pub fn judge(sources: &[PolicySource], evidence: &Evidence) -> Verdict {
    laid_together(sources, |policy| {
        let mut findings = facts::judge(policy, &evidence.facts, evidence.read_at);
        findings.extend(code::judge(policy, evidence));
        findings
    })
}

/// A verdict on what a list has anyway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    /// The rules that could be judged.
    pub verdict: Verdict,
    /// How many rules were not looked at, because they need more than version, run and baseline, or because that could
    /// not be read.
    pub unseen: usize,
}

/// Judges only rules that need nothing but the version, its run and the baseline's run. What is not there is not looked
/// at, whatever the policy says about unknowns.
pub fn partial(sources: &[PolicySource], known: &ReviewedFacts, now: Timestamp) -> Partial {
    let mut verdict = laid_together(sources, |policy| facts::judge(policy, known, now));
    let before = verdict.findings.len();
    verdict.findings.retain(|f| !f.unreadable);
    let unread = before - verdict.findings.len();
    let of_code: usize = sources.iter().filter_map(|s| s.policy.as_ref().ok()).map(code::count).sum();
    Partial { verdict, unseen: unread + of_code }
}

fn laid_together(sources: &[PolicySource], judge_one: impl Fn(&Policy) -> Vec<Finding>) -> Verdict {
    let mut ordered: Vec<&PolicySource> = sources.iter().collect();
    ordered.sort_by(|a, b| a.source.cmp(&b.source));
    let mut findings: Vec<Finding> = Vec::new();
    let mut add = |finding: Finding| {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    for source in &ordered {
        match &source.policy {
            Ok(policy) => judge_one(policy).into_iter().for_each(&mut add),
            Err(why) => {
                let name = &source.source.name;
                add(Finding::new("policy", CheckState::Block, format!("the rules of {name} cannot be used: {why}")));
            }
        }
    }
    for id in Effective::of(sources).conflicts {
        let detail = format!("two sources ask the question '{id}' differently");
        add(Finding::new(format!("checklist.{id}"), CheckState::Block, detail));
    }
    // Stable: within a state the order of the rules stays.
    findings.sort_by_key(|f| Reverse(f.state));
    let sources: Vec<SourceRef> = ordered.into_iter().map(|s| s.source.clone()).collect();
    Verdict { findings, sources }
}

impl Finding {
    /// A finding that is about no metric.
    pub fn new(rule: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), detail: detail.into(), state, metric: None, unreadable: false, failure: None }
    }

    /// A rule that holds, or does not.
    pub(super) fn holds(rule: impl Into<String>, holds: bool, detail: impl Into<String>) -> Self {
        Self::new(rule, if holds { CheckState::Pass } else { CheckState::Block }, detail)
    }

    /// A rule that could not be judged; `unknown` is what the policy says about that.
    pub(super) fn unread(rule: impl Into<String>, unknown: Severity, why: impl Into<String>) -> Self {
        Self { unreadable: true, ..Self::new(rule, unknown.state(), why) }
    }

    /// A rule that could not be judged because of this failure, whose kind and hint are kept.
    pub(super) fn failed(rule: impl Into<String>, unknown: Severity, failure: &Failure) -> Self {
        Self { failure: Some(Box::new(failure.clone())), ..Self::unread(rule, unknown, failure.to_string()) }
    }

    /// A rule that needs a run that could not be read.
    pub(super) fn unread_run(rule: impl Into<String>, unknown: Severity, why: &Unread) -> Self {
        Self { failure: Some(Box::new(why.failure().clone())), ..Self::unread(rule, unknown, why.reason()) }
    }

    pub(super) fn about(self, metric: &str) -> Self {
        Self { metric: Some(metric.to_owned()), ..self }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
