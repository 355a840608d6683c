//! Computes the verdict: a pure function of policy and evidence.

use std::cmp::Reverse;

use jiff::Timestamp;

pub use super::rules::code::BRANCH;
use super::rules::{code, facts};
use super::{Effective, Finding, Policy, PolicySource, Severity, SourceRef, Verdict};
use crate::domain::evidence::Evidence;
use crate::domain::facts::{ReviewedFacts, Unread};
use crate::domain::failure::Failure;
use crate::domain::preflight::CheckState;

/// Evaluates the rules of all sources against the evidence. Sources add up: a rule of one source must hold, whatever
/// the others leave out.
///
/// Findings are sorted worst first, then in rule order, source by source by name; the order of `sources` does not
/// matter. Identical findings of two sources are reported once.
pub fn judge(sources: &[PolicySource], evidence: &Evidence) -> Verdict {
    laid_together(sources, |policy| {
        let mut findings = facts::judge(policy, &evidence.facts, evidence.read_at);
        findings.extend(code::judge(policy, evidence));
        findings
    })
}

/// What no policy has to state: a commit off the default branch blocks, and so does one of which that cannot be read. A
/// policy that states `default_branch` decides instead. None if nothing is wrong.
pub fn branch(sources: &[PolicySource], evidence: &Evidence) -> Option<Finding> {
    let stated = sources.iter().filter_map(|s| s.policy.as_ref().ok()).any(|p| p.default_branch.is_some());
    let finding = code::branch(Severity::Block, Severity::Block, evidence);
    (!stated && finding.state != CheckState::Pass).then_some(finding)
}

/// A verdict on the data a list already has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    /// The verdict on the rules that could be judged.
    pub verdict: Verdict,
    /// Number of rules not judged, because they need more than version, run and baseline, or because those could not be
    /// read.
    pub unseen: usize,
}

impl Partial {
    /// The verdict as far as it goes, which is no pass: `why` says what was left out.
    pub fn so_far(mut self, why: &str) -> Verdict {
        let unread = Finding { unreadable: true, ..Finding::new("policy", CheckState::Unknown, why) };
        self.verdict.findings.push(unread);
        self.verdict.findings.sort_by_key(|f| Reverse(f.state));
        self.verdict
    }
}

/// Judges only the rules that need nothing but the version, its run and the baseline's run. Rules with missing data are
/// skipped, whatever the policy says about unknowns.
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
            Err(failure) => {
                let detail = format!("the rules of {} cannot be used: {}", source.source.name, failure.reason);
                let failure = Some(Box::new(failure.clone()));
                add(Finding { failure, ..Finding::new("policy", CheckState::Block, detail) });
            }
        }
    }
    for id in Effective::of(sources).conflicts {
        let detail = format!("two sources ask the question '{id}' differently");
        add(Finding::new(format!("checklist.{id}"), CheckState::Block, detail));
    }
    // Stable: keeps the rule order within a state.
    findings.sort_by_key(|f| Reverse(f.state));
    let sources: Vec<SourceRef> = ordered.into_iter().map(|s| s.source.clone()).collect();
    Verdict { findings, sources }
}

impl Finding {
    /// A finding without a metric.
    pub fn new(rule: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), detail: detail.into(), state, metric: None, unreadable: false, failure: None }
    }

    /// A rule that passes or fails.
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

#[cfg(test)]
#[path = "score_tests.rs"]
mod score_tests;
