//! Checks the policy: the recorded verdict, and the verifier's own rules on current data.

use super::{Lines, Reread};
use crate::domain::evidence::Evidence;
use crate::domain::policy::{Answer, Answers, Effective, Evaluation, Severity, Verdict, checklist, judge};
use crate::domain::preflight::CheckState;
use crate::domain::record::{Decision, Record, Sealed, text};
use crate::domain::text::clean_line;

/// The recorded verdict: every blocking rule was overridden with a reason.
pub(super) fn recorded(sealed: &Sealed, lines: &mut Lines) {
    let record = &sealed.record;
    let blocking = record.policy.findings.iter().filter(|f| f.state == CheckState::Block);
    let wrong = blocking
        .filter(|f| !overridden(record, &f.rule))
        .map(|f| format!("{} blocked when it was signed, and nobody passed it: {}", f.rule, clean_line(&f.detail)))
        .collect();
    lines.all("verdict", wrong, format!("recorded: {}", text::policy_words(record)));
}

/// The verifier's own rules hold for the signed facts, at the time of signing.
pub(super) fn own(sealed: &Sealed, named: &Reread, lines: &mut Lines) {
    let record = &sealed.record;
    let Some(Evaluation { sources, evidence, .. }) = &named.policy else { return };
    let demands = Effective::of(sources);
    // Judged at signing time: a release must not fail later because the model has aged.
    let then = Evidence { read_at: record.signed_at, ..evidence.clone() };
    let verdict = judge::judge(sources, &then);
    let rollback = record.decision == Decision::Rollback;
    if !(rollback && demands.rollback != Severity::Block) {
        blocking(record, &verdict, demands.allow_override, lines);
    } else if verdict.blocking().next().is_some() {
        lines.note("policy", "rules do not hold, and the policy lets a rollback pass them");
    } else {
        lines.pass("policy", clean_line(&verdict.summary()));
    }
    if !rollback && !demands.checklist.is_empty() {
        let open = checklist::open_items(&demands.checklist, &answers(record));
        lines.all(
            "checklist",
            open.into_iter().map(|(_, why)| clean_line(&why)).collect(),
            "every question is answered",
        );
    }
    if (demands.require_reason || rollback) && record.reason.trim().is_empty() {
        lines.fail("reason", "a reason is needed, and there is none");
    }
}

fn blocking(record: &Record, verdict: &Verdict, may_override: bool, lines: &mut Lines) {
    let mut passed = Vec::new();
    let mut held = true;
    for finding in verdict.blocking() {
        let detail = format!("{}: {}", finding.rule, clean_line(&finding.detail));
        match (may_override, overridden(record, &finding.rule)) {
            (true, true) => passed.push(finding.rule.clone()),
            (false, true) => lines.fail("policy", format!("{detail} (overridden, which this policy does not allow)")),
            (_, false) => lines.fail("policy", detail),
        }
        held &= may_override && overridden(record, &finding.rule);
    }
    if held && passed.is_empty() {
        lines.pass("policy", clean_line(&verdict.summary()));
    } else if held {
        lines.pass("policy", format!("passed with a reason: {}", passed.join(", ")));
    }
}

fn overridden(record: &Record, rule: &str) -> bool {
    !record.reason.trim().is_empty() && record.overridden.iter().any(|r| r == rule)
}

fn answers(record: &Record) -> Answers {
    let given = record.checklist.iter().filter_map(|item| {
        let answer = Answer { answer: item.answer.clone()?, note: item.note.clone() };
        Some((item.id.clone(), answer))
    });
    given.collect()
}
