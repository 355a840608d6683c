//! Policy files: the `[policy]` table of the configuration, or a `signoff.toml` in the repository.
//!
//! Both have the same shape and one parser. `[models."pattern".policy]` overrides the rules for matching models; if
//! several tables match, the first in the file wins. It replaces only what it names:
//!
//! - a plain key (`description`, `checks`, `approvals`, ...) as a whole, lists included;
//! - in `metrics`, the rule with the same name or pattern as a whole, with all its limits; in `tags`, the tag with the
//!   same key (`""` removes the rule); in `four_eyes`, the single key;
//! - in `checklist`, the question with the same id, in place; other questions are appended.
//!
//! Keys that are not set have the defaults of [`Policy::default`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use toml::Spanned;

use super::{FourEyes, MetricRule, Policy, Question, Severity, TagRule};
use crate::domain::compare::Direction;
use crate::domain::ids::ModelName;
use crate::domain::nearest::did_you_mean;
use crate::domain::pattern::{check_pattern, matches};
use crate::domain::score::MetricsFrom;
use crate::domain::text::clean_line;

/// An error in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Byte offset in the parsed text.
    pub offset: usize,
    /// The error, as a phrase.
    pub what: String,
}

/// The rules of one file, for all models. The default is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyFile {
    pub general: Option<PolicyTable>,
    /// `[models."pattern".policy]`, in file order.
    pub models: Vec<(String, PolicyTable)>,
}

impl PolicyFile {
    /// The rules for `model`; `None` if neither `[policy]` nor a model table applies.
    pub fn for_model(&self, model: &ModelName) -> Option<Policy> {
        match (&self.general, self.own(model)) {
            (None, None) => None,
            (Some(table), None) | (None, Some(table)) => Some(table.clone().policy()),
            (Some(general), Some(own)) => Some(own.clone().over(general.clone()).policy()),
        }
    }

    /// Whose metrics count for `model`; cheaper than getting its rules.
    pub fn metrics_from(&self, model: &ModelName) -> MetricsFrom {
        let said = |table: Option<&PolicyTable>| table.and_then(|table| table.metrics_from);
        said(self.own(model)).or_else(|| said(self.general.as_ref())).unwrap_or_default()
    }

    /// Whether the file has a policy for `model`.
    pub fn names(&self, model: &ModelName) -> bool {
        self.general.is_some() || self.own(model).is_some()
    }

    fn own(&self, model: &ModelName) -> Option<&PolicyTable> {
        self.models.iter().find(|(pattern, _)| matches(pattern, model.as_str())).map(|(_, table)| table)
    }
}

/// Parses a `signoff.toml`: `[policy]` and `[models."pattern".policy]`, nothing else.
///
/// # Errors
/// A message for people, as `line 3: ...`.
pub fn parse(text: &str) -> Result<PolicyFile, String> {
    let say = |error: &toml::de::Error| {
        let mistake = mistake(error);
        let line = text.bytes().take(mistake.offset).filter(|b| *b == b'\n').count() + 1;
        format!("line {line}: {}", mistake.what)
    };
    let whole: Whole = toml::de::Deserializer::parse(text).and_then(Whole::deserialize).map_err(|error| say(&error))?;
    let tables = whole.policy.iter().chain(whole.models.iter().filter_map(|(_, table)| table.policy.as_ref()));
    if tables.into_iter().any(|table| table.service_principals.is_some()) {
        return Err("service_principals belongs in the configuration: it says who may sign here".to_owned());
    }
    let models = whole.models.into_iter().filter_map(|(pattern, table)| Some((pattern, table.policy?))).collect();
    Ok(PolicyFile { general: whole.policy, models })
}

/// Reads one policy table of a parsed document.
///
/// # Errors
/// The first mistake.
pub fn table(value: toml::Spanned<toml::de::DeValue<'_>>) -> Result<PolicyTable, Mistake> {
    let start = value.span().start;
    PolicyTable::deserialize(toml::de::ValueDeserializer::from(value)).map_err(|error| {
        let found = mistake(&error);
        if error.span().is_none() { Mistake { offset: start, ..found } } else { found }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    policy: Option<PolicyTable>,
    #[serde(default, deserialize_with = "by_pattern")]
    models: Vec<(String, ModelTable)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    policy: Option<PolicyTable>,
}

/// A policy table as written; unset keys are `None`. Its values are validated.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "the keys mean what the fields of the same names in Policy mean")]
pub struct PolicyTable {
    pub metrics_from: Option<MetricsFrom>,
    pub run_finished: Option<bool>,
    pub clean_checkout: Option<bool>,
    #[serde(deserialize_with = "by_pattern")]
    pub metrics: Vec<(String, MetricTable)>,
    #[serde(deserialize_with = "by_key")]
    pub tags: Vec<(String, Pattern)>,
    pub description: Option<bool>,
    pub signature: Option<bool>,
    #[serde(deserialize_with = "severity_or_flag")]
    pub default_branch: Option<Severity>,
    pub checks: Option<Vec<Pattern>>,
    pub pull_request_approvals: Option<u32>,
    pub dataset_digest: Option<bool>,
    pub max_age_days: Option<u32>,
    pub first_release: Option<Severity>,
    pub four_eyes: FourEyesTable,
    pub unknown: Option<Severity>,
    #[serde(deserialize_with = "questions")]
    pub checklist: Vec<QuestionTable>,
    pub approvals: Option<Approvals>,
    pub approvers: Option<Vec<Approver>>,
    pub require_reason: Option<bool>,
    pub allow_override: Option<bool>,
    pub rollback: Option<Severity>,
    /// About who may sign, not about what must hold: for the configuration only.
    pub service_principals: Option<bool>,
}

impl PolicyTable {
    /// The keys that are set, in words: `metrics (auc, f1), description, approvals`.
    pub fn summary(&self) -> String {
        let names = |list: Vec<&str>| list.join(", ");
        let (four, plain) = (&self.four_eyes, |there: bool, key: &str| there.then(|| key.to_owned()));
        let parts = [
            plain(self.metrics_from.is_some(), "metrics_from"),
            plain(self.run_finished.is_some(), "run_finished"),
            plain(self.clean_checkout.is_some(), "clean_checkout"),
            (!self.metrics.is_empty())
                .then(|| format!("metrics ({})", names(self.metrics.iter().map(|m| m.0.as_str()).collect()))),
            (!self.tags.is_empty())
                .then(|| format!("tags ({})", names(self.tags.iter().map(|t| t.0.as_str()).collect()))),
            plain(self.description.is_some(), "description"),
            plain(self.signature.is_some(), "signature"),
            plain(self.default_branch.is_some(), "default_branch"),
            self.checks.as_ref().map(|c| format!("checks ({})", names(c.iter().map(|p| p.0.as_str()).collect()))),
            plain(self.pull_request_approvals.is_some(), "pull_request_approvals"),
            plain(self.dataset_digest.is_some(), "dataset_digest"),
            plain(self.max_age_days.is_some(), "max_age_days"),
            plain(self.first_release.is_some(), "first_release"),
            plain(four.trainer.is_some() || four.author.is_some() || four.unknown.is_some(), "four_eyes"),
            plain(self.unknown.is_some(), "unknown"),
            (!self.checklist.is_empty())
                .then(|| format!("checklist ({})", names(self.checklist.iter().map(|q| q.0.id.as_str()).collect()))),
            plain(self.approvals.is_some(), "approvals"),
            plain(self.approvers.is_some(), "approvers"),
            plain(self.require_reason.is_some(), "require_reason"),
            plain(self.allow_override.is_some(), "allow_override"),
            plain(self.rollback.is_some(), "rollback"),
            plain(self.service_principals.is_some(), "service_principals"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "asks for nothing".to_owned() } else { parts.join(", ") }
    }

    /// The table's values over the defaults.
    fn policy(self) -> Policy {
        let d = Policy::default();
        let texts = |list: Vec<Pattern>| list.into_iter().map(|p| p.0).collect();
        Policy {
            metrics_from: self.metrics_from.unwrap_or(d.metrics_from),
            run_finished: self.run_finished.unwrap_or(d.run_finished),
            clean_checkout: self.clean_checkout.unwrap_or(d.clean_checkout),
            metrics: self.metrics.into_iter().map(|(metric, rule)| rule.rule(metric)).collect(),
            tags: self
                .tags
                .into_iter()
                .filter(|(_, pattern)| !pattern.0.is_empty())
                .map(|(key, pattern)| TagRule { key, pattern: pattern.0 })
                .collect(),
            description: self.description.unwrap_or(d.description),
            signature: self.signature.unwrap_or(d.signature),
            default_branch: self.default_branch.or(d.default_branch),
            checks: self.checks.map_or(d.checks, texts),
            pull_request_approvals: self.pull_request_approvals.unwrap_or(d.pull_request_approvals),
            dataset_digest: self.dataset_digest.unwrap_or(d.dataset_digest),
            max_age_days: self.max_age_days.or(d.max_age_days),
            first_release: self.first_release.unwrap_or(d.first_release),
            four_eyes: self.four_eyes.four_eyes(),
            unknown: self.unknown.unwrap_or(d.unknown),
            checklist: self.checklist.into_iter().map(|q| q.0).collect(),
            approvals: self.approvals.map_or(d.approvals, |n| n.0),
            approvers: self.approvers.map_or(d.approvers, |list| list.into_iter().map(|a| a.0).collect()),
            require_reason: self.require_reason.unwrap_or(d.require_reason),
            allow_override: self.allow_override.unwrap_or(d.allow_override),
            rollback: self.rollback.unwrap_or(d.rollback),
        }
    }

    /// Merges this table over a more general one; see the module documentation.
    fn over(self, general: Self) -> Self {
        Self {
            metrics_from: self.metrics_from.or(general.metrics_from),
            run_finished: self.run_finished.or(general.run_finished),
            clean_checkout: self.clean_checkout.or(general.clean_checkout),
            metrics: replaced(general.metrics, self.metrics, |a, b| a.0 == b.0),
            tags: replaced(general.tags, self.tags, |a, b| a.0 == b.0),
            description: self.description.or(general.description),
            signature: self.signature.or(general.signature),
            default_branch: self.default_branch.or(general.default_branch),
            checks: self.checks.or(general.checks),
            pull_request_approvals: self.pull_request_approvals.or(general.pull_request_approvals),
            dataset_digest: self.dataset_digest.or(general.dataset_digest),
            max_age_days: self.max_age_days.or(general.max_age_days),
            first_release: self.first_release.or(general.first_release),
            four_eyes: FourEyesTable {
                trainer: self.four_eyes.trainer.or(general.four_eyes.trainer),
                author: self.four_eyes.author.or(general.four_eyes.author),
                unknown: self.four_eyes.unknown.or(general.four_eyes.unknown),
            },
            unknown: self.unknown.or(general.unknown),
            checklist: replaced(general.checklist, self.checklist, |a, b| a.0.id == b.0.id),
            approvals: self.approvals.or(general.approvals),
            approvers: self.approvers.or(general.approvers),
            require_reason: self.require_reason.or(general.require_reason),
            allow_override: self.allow_override.or(general.allow_override),
            rollback: self.rollback.or(general.rollback),
            service_principals: self.service_principals.or(general.service_principals),
        }
    }
}

fn replaced<T>(mut general: Vec<T>, own: Vec<T>, same: impl Fn(&T, &T) -> bool) -> Vec<T> {
    for item in own {
        match general.iter_mut().find(|g| same(g, &item)) {
            Some(place) => *place = item,
            None => general.push(item),
        }
    }
    general
}

/// One rule of `[policy.metrics]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawMetric")]
pub struct MetricTable(MetricRule);

impl MetricTable {
    fn rule(self, metric: String) -> MetricRule {
        MetricRule { metric, ..self.0 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMetric {
    direction: Option<Direction>,
    floor: Option<f64>,
    ceiling: Option<f64>,
    max_loss: Option<f64>,
    max_loss_percent: Option<f64>,
    severity: Option<Severity>,
}

impl TryFrom<RawMetric> for MetricTable {
    type Error = String;

    fn try_from(raw: RawMetric) -> Result<Self, String> {
        let limits = [
            ("floor", raw.floor),
            ("ceiling", raw.ceiling),
            ("max_loss", raw.max_loss),
            ("max_loss_percent", raw.max_loss_percent),
        ];
        for (key, limit) in limits {
            if limit.is_some_and(|l| !l.is_finite()) {
                return Err(format!("{key} has to be a finite number"));
            }
            if key.starts_with("max") && limit.is_some_and(|l| l < 0.0) {
                return Err(format!("{key} has to be 0 or more: it says how much may be lost"));
            }
            if key.starts_with("max") && limit.is_some() && raw.direction.is_none() {
                return Err(format!("{key} needs direction = \"higher\" or \"lower\": which way is a loss?"));
            }
        }
        if let (Some(floor), Some(ceiling)) = (raw.floor, raw.ceiling)
            && floor > ceiling
        {
            return Err(format!("floor ({floor}) is above ceiling ({ceiling}): no value could fit"));
        }
        Ok(Self(MetricRule {
            metric: String::new(),
            direction: raw.direction,
            floor: raw.floor,
            ceiling: raw.ceiling,
            max_loss: raw.max_loss,
            max_loss_percent: raw.max_loss_percent,
            severity: raw.severity.unwrap_or(Severity::Block),
        }))
    }
}

/// `[policy.four_eyes]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "as in FourEyes")]
pub struct FourEyesTable {
    pub trainer: Option<Severity>,
    pub author: Option<Severity>,
    pub unknown: Option<Severity>,
}

impl FourEyesTable {
    fn four_eyes(self) -> FourEyes {
        FourEyes {
            trainer: self.trainer.unwrap_or_default(),
            author: self.author.unwrap_or_default(),
            unknown: self.unknown.unwrap_or_default(),
        }
    }
}

/// One `[[policy.checklist]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawQuestion")]
pub struct QuestionTable(Question);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    id: String,
    text: String,
    required: Option<bool>,
    answers: Option<Vec<String>>,
    pass: Option<Vec<String>>,
}

impl TryFrom<RawQuestion> for QuestionTable {
    type Error = String;

    fn try_from(raw: RawQuestion) -> Result<Self, String> {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        if raw.id.is_empty() || !raw.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            return Err(format!("'{}' cannot be the id of a question: letters, digits, - _ .", clean_line(&raw.id)));
        }
        if raw.text.trim().is_empty() {
            return Err(format!("question '{}' has no text", raw.id));
        }
        let own_answers = raw.answers.is_some();
        let answers = raw.answers.unwrap_or_else(|| words(&["yes", "no", "n/a"]));
        if answers.is_empty() || answers.iter().any(|a| a.trim().is_empty() || clean_line(a) != *a) {
            return Err(format!("question '{}' needs answers that are words", raw.id));
        }
        let pass = raw.pass.unwrap_or_else(|| if own_answers { answers.clone() } else { words(&["yes", "n/a"]) });
        if let Some(stray) = pass.iter().find(|p| !answers.contains(p)) {
            let (id, stray) = (&raw.id, clean_line(stray));
            return Err(format!("question '{id}': '{stray}' is in pass, and not in answers ({})", answers.join(", ")));
        }
        let text = clean_line(raw.text.trim());
        Ok(Self(Question { id: raw.id, text, required: raw.required.unwrap_or(true), answers, pass }))
    }
}

/// A valid pattern; may be empty where that has a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_pattern(&text).map(|()| Self(text))
    }
}

/// A number of approvals, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Approvals(u32);

impl TryFrom<u32> for Approvals {
    type Error = String;

    fn try_from(n: u32) -> Result<Self, String> {
        if (1..=100).contains(&n) { Ok(Self(n)) } else { Err("approvals has to be from 1 to 100".to_owned()) }
    }
}

/// A GitHub login, or `@org/team`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Approver(String);

impl TryFrom<String> for Approver {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let fine = match text.strip_prefix('@') {
            Some(team) => team.split_once('/').is_some_and(|(org, team)| name(org) && name(team)),
            None => name(&text) || text.strip_suffix("[bot]").is_some_and(name),
        };
        let why = || format!("'{}' is neither a GitHub login nor a team such as @acme/reviewers", clean_line(&text));
        if fine { Ok(Self(text)) } else { Err(why()) }
    }
}

/// A severity, or `true` for "block" and `false` for "ignore".
fn severity_or_flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Severity>, D::Error> {
    struct Visit;

    impl Visitor<'_> for Visit {
        type Value = Severity;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"block\", \"warn\", \"ignore\", true or false")
        }

        fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Severity, E> {
            Ok(if flag { Severity::Block } else { Severity::Ignore })
        }

        fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Severity, E> {
            match word {
                "block" => Ok(Severity::Block),
                "warn" => Ok(Severity::Warn),
                "ignore" => Ok(Severity::Ignore),
                _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
            }
        }
    }

    from.deserialize_any(Visit).map(Some)
}

/// A table with patterns as keys, in file order.
fn by_pattern<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<(String, T)>, D::Error> {
    let entries: Vec<(String, T)> = by_key(d)?;
    for (pattern, _) in &entries {
        check_pattern(pattern).map_err(D::Error::custom)?;
    }
    Ok(entries)
}

/// A table in file order.
fn by_key<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<(String, T)>, D::Error> {
    struct InOrder<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries: Vec<(usize, String, T)> = Vec::new();
            while let Some(key) = map.next_key::<Spanned<String>>()? {
                entries.push((key.span().start, key.into_inner(), map.next_value()?));
            }
            // The parser sorts keys by name.
            entries.sort_by_key(|(start, ..)| *start);
            Ok(entries.into_iter().map(|(_, key, value)| (key, value)).collect())
        }
    }

    d.deserialize_map(InOrder(std::marker::PhantomData))
}

/// Questions with unique ids.
fn questions<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<QuestionTable>, D::Error> {
    let all = Vec::<QuestionTable>::deserialize(d)?;
    for (n, question) in all.iter().enumerate() {
        if all.iter().take(n).any(|q| q.0.id == question.0.id) {
            return Err(D::Error::custom(format!("two questions have the id '{}'", question.0.id)));
        }
    }
    Ok(all)
}

fn mistake(error: &toml::de::Error) -> Mistake {
    Mistake { offset: error.span().map_or(0, |span| span.start), what: phrase(error.message()) }
}

/// Rewords serde's message.
fn phrase(message: &str) -> String {
    let message = clean_line(message);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (message.split('`').next(), quoted.as_slice()) {
        (Some("unknown field "), [key, known @ ..]) => {
            format!("unknown key '{key}'{}", did_you_mean(key, known.iter().copied()))
        }
        (Some("unknown variant "), [word, known @ ..]) => {
            format!("'{word}' is none of {}{}", known.join(", "), did_you_mean(word, known.iter().copied()))
        }
        _ => message,
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
