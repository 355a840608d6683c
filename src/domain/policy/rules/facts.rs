//! Rules that need only the version, its run and the baseline.

use jiff::Timestamp;

use super::super::{Finding, Policy, Severity, TagRule};
use super::metric;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::pattern::matches;
use crate::domain::preflight::CheckState;
use crate::domain::provenance::Provenance;
use crate::domain::text::{count, shorten};

const DAY_S: i64 = 86_400;

/// Judges these rules of one policy, in their order.
pub(in super::super) fn judge(policy: &Policy, facts: &ReviewedFacts, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(first_release(policy.first_release, facts));
    if policy.run_finished {
        findings.push(run_finished(policy.unknown, facts));
    }
    findings.extend(policy.metrics.iter().flat_map(|rule| metric::judge(rule, policy, facts)));
    findings.extend(policy.tags.iter().map(|rule| tag(rule, policy.unknown, facts)));
    if policy.description {
        let there = !facts.version.description.trim().is_empty();
        let detail = if there { "the version has a description" } else { "the version has no description" };
        findings.push(Finding::holds("description", there, detail));
    }
    if policy.clean_checkout {
        findings.push(clean_checkout(policy.unknown, facts));
    }
    if policy.dataset_digest {
        findings.push(datasets(policy.unknown, facts));
    }
    findings.extend(policy.max_age_days.map(|days| age(days, policy.unknown, facts, now)));
    findings
}

fn first_release(severity: Severity, facts: &ReviewedFacts) -> Option<Finding> {
    if severity == Severity::Ignore {
        return None;
    }
    Some(match facts.holders.iter().max() {
        Some(number) => Finding::new("first_release", CheckState::Pass, format!("{number} is in production")),
        None => Finding::new("first_release", severity.state(), "nothing is in production yet"),
    })
}

/// The training run has ended well, and is still there.
fn run_finished(unknown: Severity, facts: &ReviewedFacts) -> Finding {
    const NAME: &str = "run_finished";
    match &facts.run {
        RunFacts::Known(run) if run.deleted => Finding::holds(NAME, false, "the training run was deleted"),
        RunFacts::Known(run) if run.is_finished() => Finding::holds(NAME, true, "the training run has finished"),
        RunFacts::Known(run) => Finding::holds(NAME, false, format!("the training run is {}", run.status)),
        RunFacts::NotRecorded => Finding::holds(NAME, false, "the version names no training run"),
        RunFacts::Unreadable(why) => Finding::unread_run(NAME, unknown, why),
    }
}

/// The version was trained from what is committed.
fn clean_checkout(unknown: Severity, facts: &ReviewedFacts) -> Finding {
    const NAME: &str = "clean_checkout";
    match (Provenance::from(facts).is_dirty(), &facts.logged, &facts.run) {
        (Some(false), ..) => Finding::holds(NAME, true, "it was trained from what is committed"),
        (Some(true), ..) => Finding::holds(NAME, false, "the checkout it was trained from had uncommitted changes"),
        (None, Some(LoggedFacts::Unreadable(why)), _) | (None, _, RunFacts::Unreadable(why)) => {
            Finding::unread_run(NAME, unknown, why)
        }
        (None, ..) => {
            Finding::unread(NAME, unknown, "nothing says whether the checkout was clean (mlflow.source.git.dirty)")
        }
    }
}

/// The version's own tag takes precedence over the model's, and that over the run's.
fn tag(rule: &TagRule, unknown: Severity, facts: &ReviewedFacts) -> Finding {
    let (name, key) = (format!("tag.{}", rule.key), &rule.key);
    let said = Provenance::from(facts);
    let of_run = || said.run.and_then(|r| r.tags.get(key)).map(|v| (v, "run tag"));
    let of_model = || said.logged.and_then(|l| l.tags.get(key)).map(|v| (v, "model tag"));
    let found = facts.version.tags.get(key).map(|v| (v, "tag")).or_else(of_model).or_else(of_run);
    match (found, &facts.run) {
        (Some((value, kind)), _) => {
            let holds = !value.trim().is_empty() && matches(&rule.pattern, value);
            let shown = shorten(&value.replace('\n', "⏎"), 60);
            let wanted = if rule.pattern == "*" { "anything" } else { &rule.pattern };
            let detail = if holds {
                format!("{kind} {key} is '{shown}'")
            } else {
                format!("{kind} {key} is '{shown}', it has to be {wanted}")
            };
            Finding::holds(name, holds, detail)
        }
        (None, RunFacts::Unreadable(why)) => {
            Finding::unread(name, unknown, format!("the version has no tag {key}, and its run: {why}"))
        }
        (None, _) => match &facts.logged {
            Some(LoggedFacts::Unreadable(why)) => {
                Finding::unread(name, unknown, format!("the version has no tag {key}, and its model: {why}"))
            }
            _ => Finding::holds(name, false, format!("neither the version nor its run has a tag {key}")),
        },
    }
}

fn datasets(unknown: Severity, facts: &ReviewedFacts) -> Finding {
    const NAME: &str = "dataset_digest";
    let said = Provenance::from(facts);
    let none = match &facts.run {
        RunFacts::Known(_) => "the run recorded no data set",
        RunFacts::NotRecorded if said.is_known() => "the model was measured on no data set that MLflow knows",
        RunFacts::NotRecorded => return Finding::holds(NAME, false, "the version names no training run"),
        RunFacts::Unreadable(why) => return Finding::unread_run(NAME, unknown, why),
    };
    let datasets = said.datasets();
    match (datasets.len(), datasets.iter().find(|d| d.digest.trim().is_empty())) {
        (0, _) => Finding::holds(NAME, false, none),
        (_, Some(bare)) => Finding::holds(NAME, false, format!("data set {} has no digest", shorten(&bare.name, 40))),
        (1, None) => Finding::holds(NAME, true, "the data set has a digest"),
        (n, None) => Finding::holds(NAME, true, format!("all {n} data sets have a digest")),
    }
}

fn age(days: u32, unknown: Severity, facts: &ReviewedFacts, now: Timestamp) -> Finding {
    const NAME: &str = "max_age_days";
    let Some(created) = facts.version.created_at else {
        return Finding::unread(NAME, unknown, "the registry does not say when the version was registered");
    };
    let age = now.as_second().saturating_sub(created.as_second()).max(0);
    let detail = format!("registered {} ago, at most {days}", count(age / DAY_S, "day"));
    Finding::holds(NAME, age <= i64::from(days) * DAY_S, detail)
}
