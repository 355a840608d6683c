//! The rules a version must satisfy before it may be approved, and the verdict on one version.
//!
//! A policy is written in TOML ([`mod@file`]); [`judge::judge`] evaluates it against the evidence read about a version.
//! Both are pure: the same policy and evidence give the same verdict, whatever order the evidence was read in.

pub mod checklist;
pub mod effective;
pub mod file;
pub mod judge;
mod rules;
pub mod separation;
pub mod told;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use checklist::{Answer, Answers, Question};
pub use effective::Effective;
pub use separation::{People, Separation, Tristate};

use super::compare::{Direction, Directions};
use super::evidence::Evidence;
use super::failure::{Failure, Outcome};
use super::preflight::CheckState;
use super::score::MetricsFrom;
use super::text::count;

/// The rules for one model, from one source. The default has no rules and requires one approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Whose metrics are judged where a logged model and its run differ.
    #[serde(default, skip_serializing_if = "MetricsFrom::is_model")]
    pub metrics_from: MetricsFrom,
    /// The training run must have ended as `FINISHED`, and must not have been deleted.
    #[serde(default, skip_serializing_if = "is_off")]
    pub run_finished: bool,
    /// The checkout that the version was trained from must have had no uncommitted changes.
    #[serde(default, skip_serializing_if = "is_off")]
    pub clean_checkout: bool,
    /// Metric rules, in the order written.
    pub metrics: Vec<MetricRule>,
    /// Tags the version (or its run) must have.
    pub tags: Vec<TagRule>,
    /// The version must have a description.
    pub description: bool,
    /// The model must have a signature.
    pub signature: bool,
    /// Severity if the commit is not on the default branch; if no policy states it, it blocks ([`judge::branch`]).
    #[serde(with = "stated")]
    pub default_branch: Option<Severity>,
    /// Name patterns of checks that must succeed on the commit; each must match at least one check.
    pub checks: Vec<String>,
    /// Minimum approvals on the commit's pull request; 0 disables the rule.
    pub pull_request_approvals: u32,
    /// The run must have at least one data set, and every data set a digest.
    pub dataset_digest: bool,
    /// Maximum age of the version in days, counted from its registration.
    pub max_age_days: Option<u32>,
    /// Severity if nothing is in production yet.
    pub first_release: Severity,
    /// Whether the signer may be the trainer or the author.
    pub four_eyes: FourEyes,
    /// Severity of a rule that cannot be judged because something could not be read.
    pub unknown: Severity,
    pub checklist: Vec<Question>,
    /// Approvals required; the last one promotes. At least 1.
    pub approvals: u32,
    /// Who may approve: GitHub logins and `@org/team`. If empty, anyone with write access to the repository.
    pub approvers: Vec<String>,
    /// An approval needs a reason.
    pub require_reason: bool,
    /// Failing rules may be overridden with a reason, which is recorded.
    pub allow_override: bool,
    /// Severity of failing rules on a rollback to a version that was in production before.
    pub rollback: Severity,
}

/// A rule that is off is not written, so that the digests of policies without it are what they always were.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_off(rule: &bool) -> bool {
    !rule
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            metrics_from: MetricsFrom::default(),
            run_finished: false,
            clean_checkout: false,
            metrics: Vec::new(),
            tags: Vec::new(),
            description: false,
            signature: false,
            default_branch: None,
            checks: Vec::new(),
            pull_request_approvals: 0,
            dataset_digest: false,
            max_age_days: None,
            first_release: Severity::Ignore,
            four_eyes: FourEyes::default(),
            // Something unread may hide a failure.
            unknown: Severity::Block,
            checklist: Vec::new(),
            approvals: 1,
            approvers: Vec::new(),
            require_reason: false,
            allow_override: false,
            // During an incident, rules added later should not block a rollback.
            rollback: Severity::Warn,
        }
    }
}

impl Policy {
    /// SHA-256 over the canonical JSON (RFC 8785) of these rules, as `sha256:<64 hex digits>`.
    pub fn digest(&self) -> String {
        // Cannot fail: serialization only fails on non-finite numbers, which no policy file can hold.
        let json = serde_json_canonicalizer::to_vec(self).unwrap_or_default();
        let mut out = String::from("sha256:");
        for byte in Sha256::digest(&json) {
            use std::fmt::Write as _;
            let _ = write!(out, "{byte:02x}");
        }
        out
    }
}

/// The effect of a failing rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Not reported.
    #[default]
    Ignore,
    /// Reported, does not block.
    Warn,
    /// Blocks approval.
    Block,
}

impl Severity {
    /// The state of a failing rule of this severity.
    pub fn state(self) -> CheckState {
        match self {
            Self::Ignore => CheckState::Unknown,
            Self::Warn => CheckState::Warn,
            Self::Block => CheckState::Block,
        }
    }
}

/// A severity that is also written `true` (block). What no policy states and what blocks have the form of earlier
/// versions, so that the digests of policies stay.
mod stated {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Severity;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Plain(bool),
        Word(Severity),
    }

    pub(super) fn serialize<S: Serializer>(stated: &Option<Severity>, to: S) -> Result<S::Ok, S::Error> {
        match stated {
            None => Form::Plain(false),
            Some(Severity::Block) => Form::Plain(true),
            Some(other) => Form::Word(*other),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Severity>, D::Error> {
        Ok(match Form::deserialize(from)? {
            Form::Plain(false) => None,
            Form::Plain(true) => Some(Severity::Block),
            Form::Word(severity) => Some(severity),
        })
    }
}

/// A rule on one metric. Limits are inclusive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricRule {
    /// Name pattern with `*` and `?`. Every matching metric is judged; at least one must match.
    pub metric: String,
    /// Required for an allowed loss.
    pub direction: Option<Direction>,
    /// Minimum value.
    pub floor: Option<f64>,
    /// Maximum value.
    pub ceiling: Option<f64>,
    /// Largest allowed loss against the baseline, in the metric's own unit.
    pub max_loss: Option<f64>,
    /// Largest allowed loss against the baseline, in percent of the baseline's value.
    pub max_loss_percent: Option<f64>,
    /// Severity if the rule fails.
    pub severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRule {
    pub key: String,
    /// Pattern with `*` and `?` for the value; `*` matches any value that is not empty.
    pub pattern: String,
}

/// Who may not be the signer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FourEyes {
    /// Severity if the signer trained the model.
    pub trainer: Severity,
    /// Severity if the signer wrote the pull request.
    pub author: Severity,
    /// Severity if the servers do not say who did.
    pub unknown: Severity,
}

/// The result of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Identifier of the rule, never translated: `metric.auc.floor`, `tag.owner`, `checks.unit-tests`.
    pub rule: String,
    /// The finding as a phrase: `auc 0.914, at least 0.88`.
    pub detail: String,
    /// [`CheckState::Unknown`] only if the policy lets unknowns pass.
    pub state: CheckState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Not judged because something could not be read, whatever state that led to.
    #[serde(default)]
    pub unreadable: bool,
    /// Why it could not be read, with kind and hint. In memory only: records keep just the sentence.
    #[serde(skip)]
    pub failure: Option<Box<Failure>>,
}

/// The verdict on a version with its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rules in force.
    pub sources: Vec<PolicySource>,
    pub evidence: Evidence,
    pub verdict: Verdict,
}

impl Evaluation {
    /// Evaluates the rules of `sources` against `evidence`.
    pub fn of(sources: Vec<PolicySource>, evidence: Evidence) -> Self {
        let verdict = judge::judge(&sources, &evidence);
        Self { sources, evidence, verdict }
    }

    /// With what holds whether a policy states it or not, for a decision that is still to be made.
    pub fn with_defaults(mut self) -> Self {
        if let Some(finding) = judge::branch(&self.sources, &self.evidence) {
            self.verdict.findings.push(finding);
            self.verdict.findings.sort_by_key(|f| std::cmp::Reverse(f.state));
        }
        self
    }

    /// Metric directions, from `stated` and from the rules in force.
    pub fn directions(&self, stated: &Directions) -> Directions {
        stated.and_of(self.policies())
    }

    /// The policies that parsed.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.sources.iter().filter_map(|s| s.policy.as_ref().ok())
    }
}

/// The origin of a set of rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceRef {
    /// `configuration`, or `acme/churn@3f9c1ab:signoff.toml`.
    pub name: String,
    /// SHA-256 of the policy as canonical JSON, `sha256:<hex>`; `None` if it did not parse.
    pub digest: Option<String>,
}

impl PolicySource {
    /// A source that parsed, with its digest.
    pub fn new(name: impl Into<String>, policy: Policy) -> Self {
        Self { source: SourceRef { name: name.into(), digest: Some(policy.digest()) }, policy: Ok(policy) }
    }

    /// A source that should exist but cannot be used.
    pub fn broken(name: impl Into<String>, why: Failure) -> Self {
        Self { source: SourceRef { name: name.into(), digest: None }, policy: Err(why) }
    }
}

/// One source of rules, parsed or not.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySource {
    pub source: SourceRef,
    /// The rules, or why they cannot be used, which blocks approval.
    pub policy: Outcome<Policy>,
}

impl SourceRef {
    /// The name with the start of the digest: `configuration a1b2c3d`.
    pub fn shown(&self) -> String {
        let digest =
            self.digest.as_deref().map(|d| d.trim_start_matches("sha256:").chars().take(7).collect::<String>());
        digest.map_or_else(|| format!("{} cannot be used", self.name), |d| format!("{} {d}", self.name))
    }
}

/// The verdict on one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The findings of all sources, worst first, then in rule order.
    pub findings: Vec<Finding>,
    pub sources: Vec<SourceRef>,
}

impl Verdict {
    /// The worst state; [`CheckState::Pass`] without rules.
    pub fn state(&self) -> CheckState {
        self.findings.iter().map(|f| f.state).max().unwrap_or(CheckState::Pass)
    }

    /// The findings that block approval.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.state == CheckState::Block)
    }

    /// The summary, without a symbol: `pass  11 rules: 10 pass, 1 unknown`.
    pub fn summary(&self) -> String {
        let word = self.state().word();
        let parts = [CheckState::Block, CheckState::Warn, CheckState::Unknown, CheckState::Pass];
        let counts: Vec<String> = parts
            .into_iter()
            .map(|state| (self.count(state), state.word()))
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        match self.findings.len() {
            0 if self.sources.is_empty() => format!("{word}  there is no policy for this model"),
            0 => format!("{word}  the policy asks for nothing"),
            n => format!("{word}  {}: {}", count(n, "rule"), counts.join(", ")),
        }
    }

    /// Number of findings in this state.
    pub fn count(&self, state: CheckState) -> usize {
        self.findings.iter().filter(|f| f.state == state).count()
    }
}

impl Directions {
    /// Adds the directions stated in the metric rules of `policies`. The run's metrics count only if all of them say
    /// so, for none can loosen another.
    pub fn and_of<'a>(&self, policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut all = self.clone();
        let policies: Vec<&Policy> = policies.into_iter().collect();
        if !policies.is_empty() {
            let of_run = policies.iter().all(|policy| policy.metrics_from == MetricsFrom::Run);
            all.from = if of_run { MetricsFrom::Run } else { MetricsFrom::Model };
        }
        for rule in policies.into_iter().flat_map(|policy| &policy.metrics) {
            match rule.direction {
                Some(Direction::Higher) => all.higher.push(rule.metric.clone()),
                Some(Direction::Lower) => all.lower.push(rule.metric.clone()),
                None => {}
            }
        }
        all
    }
}
