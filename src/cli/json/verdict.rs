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
    /// The model's name.
    pub model: String,
    pub version: u64,
    /// What came of it.
    pub verdict: Verdict,
    /// Digest of the facts it rests on.
    pub facts_digest: String,
}

/// What a policy says about a version.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The worst of the findings: `pass`, `unknown`, `warn` or `block`. `pass` where there are no rules.
    pub state: CheckState,
    /// Every rule, the worst first.
    pub findings: Vec<Finding>,
    /// Where the rules came from; empty if there are none.
    pub sources: Vec<Source>,
}

/// One rule and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Such as `metric.auc.floor`, `tag.owner`, `checks.unit*`.
    pub rule: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: CheckState,
    /// What was found.
    pub detail: String,
    /// The metric it is about.
    pub metric: Option<String>,
    /// Whether something could not be read that the rule needs.
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
    /// Digest of its rules for this model; `null` if they cannot be used.
    pub digest: Option<String>,
}

impl Verdict {
    /// The verdict as scripts read it.
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
