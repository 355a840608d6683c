//! A verdict as it is told to others: in the JSON of commands and in events.

use serde::{Deserialize, Serialize};

use super::{Finding, SourceRef, Verdict};
use crate::domain::check::CheckState;

/// The verdict of a policy on a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldVerdict {
    /// The worst of the findings: `pass`, `unknown`, `warn` or `block`. `pass` if there are no rules.
    pub state: CheckState,
    /// All rules, worst first.
    pub findings: Vec<ToldFinding>,
    /// Sources of the rules; empty if there are none.
    pub sources: Vec<ToldSource>,
}

/// A rule and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldFinding {
    /// Such as `metric.auc.floor`, `tag.owner`, `checks.unit*`.
    pub rule: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: CheckState,
    pub detail: String,
    /// The metric the rule is about.
    pub metric: Option<String>,
    /// Whether data needed by the rule could not be read.
    pub unreadable: bool,
    /// What to do about that; left out where there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A source of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSource {
    /// `configuration`, or `OWNER/NAME@COMMIT:PATH`.
    pub name: String,
    /// Digest of its rules for this model; `null` if they are unusable.
    pub digest: Option<String>,
}

impl ToldVerdict {
    pub fn new(verdict: &Verdict) -> Self {
        let finding = |f: &Finding| ToldFinding {
            rule: f.rule.clone(),
            state: f.state,
            detail: f.detail.clone(),
            metric: f.metric.clone(),
            unreadable: f.unreadable,
            hint: f.failure.as_ref().and_then(|failure| failure.hint.clone()),
        };
        let source = |s: &SourceRef| ToldSource { name: s.name.clone(), digest: s.digest.clone() };
        Self {
            state: verdict.state(),
            findings: verdict.findings.iter().map(finding).collect(),
            sources: verdict.sources.iter().map(source).collect(),
        }
    }
}
