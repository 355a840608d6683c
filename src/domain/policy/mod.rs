//! What has to hold before a version may be approved, and the verdict on one version.
//!
//! A policy is written by people in TOML ([`mod@file`]); [`judge::judge`] lays it against what was read about a version. Both
//! are pure: the same policy and the same evidence give the same verdict, in whatever order the evidence was read.

pub mod checklist;
pub mod effective;
pub mod file;
pub mod judge;
mod rules;
pub mod separation;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use checklist::{Answer, Answers, Question};
pub use effective::Effective;
pub use separation::{People, Separation, Tristate};

use super::compare::{Direction, Directions};
use super::evidence::Evidence;
use super::failure::Failure;
use super::preflight::CheckState;

/// The rules for one model, from one source. By default nothing is asked for, and one approval is enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Rules on metrics, in the order they were written.
    pub metrics: Vec<MetricRule>,
    /// Tags the version (or its run) has to have.
    pub tags: Vec<TagRule>,
    /// The version has a description.
    pub description: bool,
    /// The model has a signature.
    pub signature: bool,
    /// The commit is on the default branch.
    pub default_branch: bool,
    /// Name patterns of checks that have to be successful on the commit; each has to fit at least one check.
    pub checks: Vec<String>,
    /// The commit came in by a pull request with at least this many approvals; 0 asks for none.
    pub pull_request_approvals: u32,
    /// Every data set the run read has a digest, and there is at least one.
    pub dataset_digest: bool,
    /// The version was registered at most this many days ago.
    pub max_age_days: Option<u32>,
    /// What it means if nothing is in production yet.
    pub first_release: Severity,
    /// Whether the signer may be the trainer or the author.
    pub four_eyes: FourEyes,
    /// What it means if a rule cannot be judged because something could not be read.
    pub unknown: Severity,
    /// Questions a reviewer answers.
    pub checklist: Vec<Question>,
    /// Approvals that are needed, the last of which promotes; at least 1.
    pub approvals: u32,
    /// Who may approve: GitHub logins and `@org/team`. Empty: everybody who may write to the repository.
    pub approvers: Vec<String>,
    /// An approval needs a reason.
    pub require_reason: bool,
    /// A person may pass failing rules, with a reason that goes into the record.
    pub allow_override: bool,
    /// Whether the rules hold back a rollback to a version that was in production before.
    pub rollback: Severity,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            tags: Vec::new(),
            description: false,
            signature: false,
            default_branch: false,
            checks: Vec::new(),
            pull_request_approvals: 0,
            dataset_digest: false,
            max_age_days: None,
            first_release: Severity::Ignore,
            four_eyes: FourEyes::default(),
            // What cannot be read may hide anything.
            unknown: Severity::Block,
            checklist: Vec::new(),
            approvals: 1,
            approvers: Vec::new(),
            require_reason: false,
            allow_override: false,
            // An incident is no time for rules that came later.
            rollback: Severity::Warn,
        }
    }
}

impl Policy {
    /// SHA-256 over the canonical JSON (RFC 8785) of these rules, as `sha256:<64 hex digits>`.
    pub fn digest(&self) -> String {
        // Plain data: the only thing that can fail is a number that is not finite, which no policy file can hold.
        let json = serde_json_canonicalizer::to_vec(self).unwrap_or_default();
        let mut out = String::from("sha256:");
        for byte in Sha256::digest(&json) {
            use std::fmt::Write as _;
            let _ = write!(out, "{byte:02x}");
        }
        out
    }
}

/// What becomes of a rule that does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It says nothing.
    #[default]
    Ignore,
    /// It is said, and hinders nothing.
    Warn,
    /// Nothing can be approved.
    Block,
}

impl Severity {
    /// How a rule of this severity stands if it does not hold.
    pub fn state(self) -> CheckState {
        match self {
            Self::Ignore => CheckState::Unknown,
            Self::Warn => CheckState::Warn,
            Self::Block => CheckState::Block,
        }
    }
}

/// A rule on one metric. Limits include their bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricRule {
    /// Name pattern with `*` and `?`. Every metric that fits is judged; at least one has to.
    pub metric: String,
    /// Which way it should go. An allowed loss needs it.
    pub direction: Option<Direction>,
    /// It is at least this.
    pub floor: Option<f64>,
    /// It is at most this.
    pub ceiling: Option<f64>,
    /// Against the baseline it may get worse by at most this, in the metric's own unit.
    pub max_loss: Option<f64>,
    /// Against the baseline it may get worse by at most this many percent of the baseline's value.
    pub max_loss_percent: Option<f64>,
    /// What it means if it does not hold.
    pub severity: Severity,
}

/// A rule on one tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRule {
    pub key: String,
    /// Pattern with `*` and `?` that the value has to fit; `*` for any that is not empty.
    pub pattern: String,
}

/// Who may not be the signer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FourEyes {
    /// The signer trained the model.
    pub trainer: Severity,
    /// The signer wrote the pull request.
    pub author: Severity,
    /// The servers do not say who did.
    pub unknown: Severity,
}

/// One rule with what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What the rule is called, in every language: `metric.auc.floor`, `tag.owner`, `checks.unit-tests`.
    pub rule: String,
    /// What was found, as a phrase: `auc 0.914, at least 0.88`.
    pub detail: String,
    /// How it stands. [`CheckState::Unknown`] only if the policy lets what is unknown pass.
    pub state: CheckState,
    /// The metric it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Not judged because something could not be read, whatever the state it was given for that.
    #[serde(default)]
    pub unreadable: bool,
    /// Why it could not be read, with kind and hint. Lives as long as the program: records keep the sentence.
    #[serde(skip)]
    pub failure: Option<Box<Failure>>,
}

/// The verdict on a version with everything it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rules, as they were in force.
    pub sources: Vec<PolicySource>,
    /// What they were laid against.
    pub evidence: Evidence,
    pub verdict: Verdict,
}

impl Evaluation {
    /// Lays the rules of `sources` against `evidence`.
    pub fn of(sources: Vec<PolicySource>, evidence: Evidence) -> Self {
        let verdict = judge::judge(&sources, &evidence);
        Self { sources, evidence, verdict }
    }

    /// Which way metrics should go, by `stated` and by the rules that were in force.
    pub fn directions(&self, stated: &Directions) -> Directions {
        stated.and_of(self.policies())
    }

    /// The policies that could be understood.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.sources.iter().filter_map(|s| s.policy.as_ref().ok())
    }
}

/// Where rules came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceRef {
    /// `configuration`, or `acme/churn@3f9c1ab:signoff.toml`.
    pub name: String,
    /// SHA-256 of the policy as canonical JSON, `sha256:<hex>`; none if it could not be understood.
    pub digest: Option<String>,
}

impl PolicySource {
    /// Rules that were understood, with their digest.
    pub fn new(name: impl Into<String>, policy: Policy) -> Self {
        Self { source: SourceRef { name: name.into(), digest: Some(policy.digest()) }, policy: Ok(policy) }
    }

    /// Rules that should be there and cannot be used; `why` says where and why.
    pub fn broken(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { source: SourceRef { name: name.into(), digest: None }, policy: Err(why.into()) }
    }
}

/// One source of rules, understood or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicySource {
    /// Where it came from.
    pub source: SourceRef,
    /// The rules, or where and why they cannot be understood: then nothing can be approved.
    pub policy: Result<Policy, String>,
}

impl SourceRef {
    /// The name with the beginning of the digest: `configuration a1b2c3d`.
    pub fn shown(&self) -> String {
        let digest =
            self.digest.as_deref().map(|d| d.trim_start_matches("sha256:").chars().take(7).collect::<String>());
        digest.map_or_else(|| format!("{} cannot be used", self.name), |d| format!("{} {d}", self.name))
    }
}

/// The verdict on one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Every rule of every source, worst first, then in the order of the rules.
    pub findings: Vec<Finding>,
    /// Where the rules came from.
    pub sources: Vec<SourceRef>,
}

impl Verdict {
    /// The worst finding; [`CheckState::Pass`] where there are no rules.
    pub fn state(&self) -> CheckState {
        self.findings.iter().map(|f| f.state).max().unwrap_or(CheckState::Pass)
    }

    /// The findings that keep the version from being approved.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.state == CheckState::Block)
    }

    /// The sum, without a symbol: `pass  11 rules: 10 pass, 1 unknown`.
    pub fn summary(&self) -> String {
        let word = match self.state() {
            CheckState::Pass => "pass",
            CheckState::Unknown => "unknown",
            CheckState::Warn => "warn",
            CheckState::Block => "block",
        };
        let parts = [
            (CheckState::Block, "block"),
            (CheckState::Warn, "warn"),
            (CheckState::Unknown, "unknown"),
            (CheckState::Pass, "pass"),
        ];
        let counts: Vec<String> = parts
            .into_iter()
            .map(|(state, word)| (self.count(state), word))
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        match self.findings.len() {
            0 if self.sources.is_empty() => format!("{word}  there is no policy for this model"),
            0 => format!("{word}  the policy asks for nothing"),
            1 => format!("{word}  1 rule: {}", counts.join(", ")),
            n => format!("{word}  {n} rules: {}", counts.join(", ")),
        }
    }

    /// How many findings stand so.
    pub fn count(&self, state: CheckState) -> usize {
        self.findings.iter().filter(|f| f.state == state).count()
    }
}

impl Directions {
    /// These and those that `policies` state in their rules on metrics.
    pub fn and_of<'a>(&self, policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut all = self.clone();
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
