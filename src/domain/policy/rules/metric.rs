//! Metric rules: limits, and the allowed loss against the baseline.

use super::super::{Finding, MetricRule, Policy, Severity};
use crate::domain::compare::Direction;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts, Standing, Unread};
use crate::domain::pattern::matches;
use crate::domain::preflight::CheckState;
use crate::domain::provenance::Provenance;
use crate::domain::run::format_significant;
use crate::domain::score::{MetricsFrom, Score, Scores};

/// Judges every metric that matches the rule; at least one must match. A metric that the model has on several data sets
/// is judged on each.
pub(super) fn judge(rule: &MetricRule, policy: &Policy, facts: &ReviewedFacts) -> Vec<Finding> {
    if rule.severity == Severity::Ignore {
        return Vec::new();
    }
    let (name, failed) = (format!("metric.{}", rule.metric), rule.severity.state());
    let (unknown, from) = (policy.unknown, policy.metrics_from);
    let said = Provenance::from(facts);
    if let Some(why) = unreadable(from, &facts.run, facts.logged.as_ref()) {
        return vec![Finding::unread_run(name, unknown, why)];
    }
    if !said.is_known() {
        return vec![match &facts.run {
            RunFacts::Unreadable(why) => Finding::unread_run(name, unknown, why),
            RunFacts::NotRecorded | RunFacts::Known(_) => {
                Finding::new(name, failed, "the version names no training run, so it has no metrics")
            }
        }];
    }
    let mut findings = Vec::new();
    for score in Scores::of(said, from).iter().filter(|score| matches(&rule.metric, &score.metric)) {
        let one = One { rule, unknown, from, score, facts };
        findings.extend(one.judge().into_iter().map(|f| f.about(&score.name)));
    }
    if findings.is_empty() {
        findings.push(match (&facts.run, said.logged) {
            (RunFacts::Unreadable(why), _) => {
                let what = format!("the model has no metric {}, and its run: {why}", rule.metric);
                Finding::unread(name, unknown, what)
            }
            (RunFacts::Known(_), None) => Finding::new(name, failed, format!("the run has no metric {}", rule.metric)),
            (RunFacts::Known(_), Some(_)) => {
                Finding::new(name, failed, format!("neither the model nor its run has a metric {}", rule.metric))
            }
            (RunFacts::NotRecorded, _) => {
                Finding::new(name, failed, format!("the model has no metric {}", rule.metric))
            }
        });
    }
    findings
}

/// Why the values that count cannot be known. The other of model and run must not stand in for them.
fn unreadable<'a>(from: MetricsFrom, run: &'a RunFacts, logged: Option<&'a LoggedFacts>) -> Option<&'a Unread> {
    match (from, run, logged) {
        (MetricsFrom::Model, _, Some(LoggedFacts::Unreadable(why))) => Some(why),
        (MetricsFrom::Run, RunFacts::Unreadable(why), _) => Some(why),
        _ => None,
    }
}

/// One value under one rule.
struct One<'a> {
    rule: &'a MetricRule,
    unknown: Severity,
    from: MetricsFrom,
    score: &'a Score,
    facts: &'a ReviewedFacts,
}

impl One<'_> {
    fn judge(&self) -> Vec<Finding> {
        let (rule, value) = (self.rule, self.score.value);
        let subject = self.subject();
        if !value.is_finite() {
            let detail = format!("{} is {value}{}, which is no number to judge by", self.score.name, self.whose());
            return vec![self.found("finite", false, detail)];
        }
        let mut findings = Vec::new();
        if let Some(floor) = rule.floor {
            let holds = value.0 >= floor;
            findings.push(self.found("floor", holds, format!("{subject}, at least {}", number(floor))));
        }
        if let Some(ceiling) = rule.ceiling {
            let holds = value.0 <= ceiling;
            findings.push(self.found("ceiling", holds, format!("{subject}, at most {}", number(ceiling))));
        }
        if let (Some(max), Some(direction)) = (rule.max_loss, rule.direction) {
            findings.extend(self.loss("max_loss", direction, |_| max, &number(max)));
        }
        if let (Some(percent), Some(direction)) = (rule.max_loss_percent, rule.direction) {
            let said = format!("{} %", number(percent));
            findings.extend(self.loss("max_loss_percent", direction, |old| old.abs() * percent / 100.0, &said));
        }
        if findings.is_empty() {
            findings.push(self.found("finite", true, subject));
        }
        findings
    }

    /// `auc 0.6 of the model (its run has 0.8)`
    fn subject(&self) -> String {
        format!("{} {}{}", self.score.name, self.score.value, self.whose())
    }

    /// Whose value it is, where that could be mistaken, and what it was measured on.
    fn whose(&self) -> String {
        let Some(origin) = &self.score.origin else { return String::new() };
        let of = origin.of.words();
        let whose = match origin.other {
            Some(other) => format!(" of {of} ({} has {other})", origin.of.other().words()),
            // The policy asks for the other one's, which has none.
            None if origin.of != self.from => format!(" of {of}"),
            None => String::new(),
        };
        match &origin.data {
            Some(data) if self.score.is_latest() => format!("{whose} on {}", data.name),
            _ => whose,
        }
    }

    /// The loss against the baseline, at most `allowed(baseline)`. None for one of several values of a metric that the
    /// baseline has nothing to lay beside of: its latest value is judged.
    fn loss(&self, limit: &str, direction: Direction, allowed: impl Fn(f64) -> f64, said: &str) -> Option<Finding> {
        let (metric, new, facts) = (&self.score.metric, self.score.value, self.facts);
        let unread = |why: String| Some(Finding::unread(self.name(limit), self.unknown, why));
        let Some(baseline) = &facts.baseline else {
            return match facts.holders.iter().find(|n| **n != facts.version.number) {
                None => Some(self.found(limit, true, "nothing in production yet to compare with".to_owned())),
                Some(number) => unread(format!("{number}, which is in production, was not read")),
            };
        };
        let number_of = baseline.version.number;
        let scores = match self.of_baseline(baseline) {
            Ok(scores) => scores,
            Err(why) => return unread(why),
        };
        let Some(before) = scores.beside(self.score) else {
            return match self.score.is_latest() {
                true => unread(format!("{number_of}, which is in production, has no {metric} to compare with")),
                false => None,
            };
        };
        let old = before.value;
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
        let other_data = match (self.score.data(), before.data()) {
            (Some(new), Some(old)) if new.name != old.name => format!(" on {}", old.name),
            (Some(new), Some(old)) if new != old => format!(" on another {}", old.name),
            _ => String::new(),
        };
        let detail = format!("{}, {number_of} has {old}{other_data}: {step}, may lose {said}", self.subject());
        Some(self.found(limit, lost <= max + slack, detail))
    }

    /// What the version in production scored.
    fn of_baseline(&self, baseline: &Standing) -> Result<Scores, String> {
        let number = baseline.version.number;
        if let Some(why) = unreadable(self.from, &baseline.run, baseline.logged.as_ref()) {
            let what = match self.from {
                MetricsFrom::Model => "model",
                MetricsFrom::Run => "run",
            };
            return Err(format!("the {what} of {number} in production: {why}"));
        }
        let said = Provenance::from(baseline);
        match &baseline.run {
            _ if said.is_known() => Ok(Scores::of(said, self.from)),
            RunFacts::Unreadable(why) => Err(format!("the run of {number} in production: {why}")),
            RunFacts::NotRecorded | RunFacts::Known(_) => {
                Err(format!("{number}, which is in production, names no run"))
            }
        }
    }

    fn name(&self, limit: &str) -> String {
        format!("metric.{}.{limit}", self.score.name)
    }

    fn found(&self, limit: &str, holds: bool, detail: String) -> Finding {
        Finding::new(self.name(limit), if holds { CheckState::Pass } else { self.rule.severity.state() }, detail)
    }
}

fn number(value: f64) -> String {
    format_significant(value, 6)
}
