//! Metric rules: limits, and the allowed loss against the baseline.

use super::super::{Finding, MetricRule, Severity};
use crate::domain::compare::Direction;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::pattern::matches;
use crate::domain::preflight::CheckState;
use crate::domain::run::{MetricValue, format_significant};

/// Judges every metric that matches the rule; at least one must match.
pub(super) fn judge(rule: &MetricRule, unknown: Severity, facts: &ReviewedFacts) -> Vec<Finding> {
    if rule.severity == Severity::Ignore {
        return Vec::new();
    }
    let (name, failed) = (format!("metric.{}", rule.metric), rule.severity.state());
    let run = match &facts.run {
        RunFacts::Known(run) => run,
        RunFacts::NotRecorded => {
            return vec![Finding::new(name, failed, "the version names no training run, so it has no metrics")];
        }
        RunFacts::Unreadable(why) => return vec![Finding::unread_run(name, unknown, why)],
    };
    let mut findings = Vec::new();
    for (metric, point) in run.metrics.iter().filter(|(metric, _)| matches(&rule.metric, metric)) {
        let one = One { rule, unknown, metric, value: point.value };
        findings.extend(one.judge(facts).into_iter().map(|f| f.about(metric)));
    }
    if findings.is_empty() {
        findings.push(Finding::new(name, failed, format!("the run has no metric {}", rule.metric)));
    }
    findings
}

/// One metric of the run under one rule.
struct One<'a> {
    rule: &'a MetricRule,
    unknown: Severity,
    metric: &'a str,
    value: MetricValue,
}

impl One<'_> {
    fn judge(&self, facts: &ReviewedFacts) -> Vec<Finding> {
        let (rule, metric, value) = (self.rule, self.metric, self.value);
        if !value.is_finite() {
            return vec![self.found("finite", false, format!("{metric} is {value}, which is no number to judge by"))];
        }
        let mut findings = Vec::new();
        if let Some(floor) = rule.floor {
            let holds = value.0 >= floor;
            findings.push(self.found("floor", holds, format!("{metric} {value}, at least {}", number(floor))));
        }
        if let Some(ceiling) = rule.ceiling {
            let holds = value.0 <= ceiling;
            findings.push(self.found("ceiling", holds, format!("{metric} {value}, at most {}", number(ceiling))));
        }
        if let (Some(max), Some(direction)) = (rule.max_loss, rule.direction) {
            findings.push(self.loss("max_loss", facts, direction, |_| max, number(max)));
        }
        if let (Some(percent), Some(direction)) = (rule.max_loss_percent, rule.direction) {
            let said = format!("{} %", number(percent));
            findings.push(self.loss("max_loss_percent", facts, direction, |old| old.abs() * percent / 100.0, said));
        }
        if findings.is_empty() {
            findings.push(self.found("finite", true, format!("{metric} {value}")));
        }
        findings
    }

    /// The loss against the baseline, at most `allowed(baseline)`.
    fn loss(
        &self,
        limit: &str,
        facts: &ReviewedFacts,
        direction: Direction,
        allowed: impl Fn(f64) -> f64,
        said: String,
    ) -> Finding {
        let (metric, new) = (self.metric, self.value);
        let unread = |why: String| Finding::unread(self.name(limit), self.unknown, why);
        let Some(baseline) = &facts.baseline else {
            return match facts.holders.iter().find(|n| **n != facts.version.number) {
                None => self.found(limit, true, "nothing in production yet to compare with".to_owned()),
                Some(number) => unread(format!("{number}, which is in production, was not read")),
            };
        };
        let number_of = baseline.version.number;
        let run = match &baseline.run {
            RunFacts::Known(run) => run,
            RunFacts::NotRecorded => return unread(format!("{number_of}, which is in production, names no run")),
            RunFacts::Unreadable(why) => return unread(format!("the run of {number_of} in production: {why}")),
        };
        let Some(old) = run.metrics.get(metric).map(|p| p.value) else {
            return unread(format!("{number_of}, which is in production, has no {metric} to compare with"));
        };
        if !old.is_finite() {
            return unread(format!("{metric} of {number_of}, which is in production, is {old}"));
        }
        let lost = match direction {
            Direction::Higher => old.0 - new.0,
            Direction::Lower => new.0 - old.0,
        };
        let max = allowed(old.0);
        // In floating point, 0.91 - 0.90 is slightly more than 0.01; the limit is inclusive all the same.
        let slack = 4.0 * f64::EPSILON * old.0.abs().max(new.0.abs()).max(max);
        let step = match lost {
            l if l > 0.0 => format!("loses {}", number(l)),
            l if l < 0.0 => format!("gains {}", number(-l)),
            _ => "the same".to_owned(),
        };
        let detail = format!("{metric} {new}, {number_of} has {old}: {step}, may lose {said}");
        self.found(limit, lost <= max + slack, detail)
    }

    fn name(&self, limit: &str) -> String {
        format!("metric.{}.{limit}", self.metric)
    }

    fn found(&self, limit: &str, holds: bool, detail: String) -> Finding {
        Finding::new(self.name(limit), if holds { CheckState::Pass } else { self.rule.severity.state() }, detail)
    }
}

fn number(value: f64) -> String {
    format_significant(value, 6)
}
