//! The verdict in `signoff check --json` and `signoff show --json`.

use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::policy;
use crate::domain::preflight::CheckState;

/// `signoff check`.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// `signoff.check/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub model: String,
    pub version: u64,
    pub verdict: Verdict,
    /// What to know before any number is read, one sentence each; left out if there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
    /// Digest of the facts the verdict is based on.
    pub facts_digest: String,
}

/// The verdict of a policy on a version.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The worst of the findings: `pass`, `unknown`, `warn` or `block`. `pass` if there are no rules.
    pub state: CheckState,
    /// All rules, worst first.
    pub findings: Vec<Finding>,
    /// Sources of the rules; empty if there are none.
    pub sources: Vec<Source>,
}

/// A rule and its result.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A source of rules.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// `configuration`, or `OWNER/NAME@COMMIT:PATH`.
    pub name: String,
    /// Digest of its rules for this model; `null` if they are unusable.
    pub digest: Option<String>,
}

impl Verdict {
    pub fn new(verdict: &policy::Verdict) -> Self {
        let finding = |f: &policy::Finding| Finding {
            rule: f.rule.clone(),
            state: f.state,
            detail: f.detail.clone(),
            metric: f.metric.clone(),
            unreadable: f.unreadable,
            hint: f.failure.as_ref().and_then(|failure| failure.hint.clone()),
        };
        let source = |s: &policy::SourceRef| Source { name: s.name.clone(), digest: s.digest.clone() };
        Self {
            state: verdict.state(),
            findings: verdict.findings.iter().map(finding).collect(),
            sources: verdict.sources.iter().map(source).collect(),
        }
    }
}
