//! What the policies of all sources together ask of a signer.

use serde::{Deserialize, Serialize};

use super::checklist::Question;
use super::{FourEyes, PolicySource, Severity};

/// What a decision has to bring along. Sources add up: none can take back what another asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// Questions, each id once; of two with the same id the first source's.
    pub questions: Vec<Question>,
    /// Approvals that are needed: the highest number any source asks for, at least 1.
    pub approvals: u32,
    /// Lists of who may approve; somebody has to be on every one of them.
    pub approvers: Vec<Vec<String>>,
    /// A reason has to be given.
    pub require_reason: bool,
    /// Failing rules may be passed with a reason; only if every source allows it.
    pub allow_override: bool,
    /// The strictest of all.
    pub four_eyes: FourEyes,
    /// What a rule that does not hold means for a rollback: the strictest of all.
    pub rollback: Severity,
}

impl Default for Demands {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Demands {
    /// Adds up the policies of `sources`.
    #[must_use]
    pub fn of(sources: &[PolicySource]) -> Self {
        let mut out = Self {
            questions: Vec::new(),
            approvals: 1,
            approvers: Vec::new(),
            require_reason: false,
            allow_override: !sources.is_empty(),
            four_eyes: FourEyes::default(),
            rollback: Severity::Ignore,
        };
        for source in sources {
            let Ok(policy) = &source.policy else {
                // Rules that nobody can read must not be passed by.
                out.allow_override = false;
                continue;
            };
            for question in &policy.checklist {
                if !out.questions.iter().any(|q| q.id == question.id) {
                    out.questions.push(question.clone());
                }
            }
            out.approvals = out.approvals.max(policy.approvals);
            if !policy.approvers.is_empty() {
                out.approvers.push(policy.approvers.clone());
            }
            out.require_reason |= policy.require_reason;
            out.allow_override &= policy.allow_override;
            out.four_eyes = FourEyes {
                trainer: out.four_eyes.trainer.max(policy.four_eyes.trainer),
                author: out.four_eyes.author.max(policy.four_eyes.author),
                unknown: out.four_eyes.unknown.max(policy.four_eyes.unknown),
            };
            out.rollback = out.rollback.max(policy.rollback);
        }
        out
    }
}
