//! The combined rules of several sources. Sources add up: none can loosen another.

use serde::{Deserialize, Serialize};

use super::{FourEyes, Policy, PolicySource, Question, Severity};

/// The rules of all policies about people and the decision itself, combined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// Approvals required: the maximum over the sources; at least 1.
    pub approvals: u32,
    /// One list of approvers for each source that has one. A signer must be in every list; without lists, everyone may
    /// sign.
    pub approvers: Vec<Vec<String>>,
    /// Whether an approval needs a reason: if any source requires one.
    pub require_reason: bool,
    /// Whether failing rules may be overridden with a reason: if every source allows it and every source parsed.
    pub allow_override: bool,
    /// Questions of all sources, each once, in order.
    pub checklist: Vec<Question>,
    /// Ids of questions that two sources define differently; [`super::judge::judge`] then blocks approval.
    pub conflicts: Vec<String>,
    /// The strictest of each setting.
    pub four_eyes: FourEyes,
    /// Severity of failing rules on a rollback: the strictest.
    pub rollback: Severity,
}

impl Effective {
    /// Combines the sources. Only the order of the questions depends on the order of the sources.
    pub fn of(sources: &[PolicySource]) -> Self {
        let understood: Vec<&Policy> = sources.iter().filter_map(|s| s.policy.as_ref().ok()).collect();
        let strictest = |of: fn(&Policy) -> Severity| understood.iter().map(|p| of(p)).max().unwrap_or_default();
        let mut approvers: Vec<Vec<String>> =
            understood.iter().map(|p| p.approvers.clone()).filter(|list| !list.is_empty()).collect();
        approvers.sort();
        approvers.dedup();
        let (mut checklist, mut conflicts): (Vec<Question>, Vec<String>) = (Vec::new(), Vec::new());
        for question in understood.iter().flat_map(|p| &p.checklist) {
            match checklist.iter().find(|q| q.id == question.id) {
                Some(there) if there == question => {}
                Some(_) if conflicts.contains(&question.id) => {}
                Some(_) => conflicts.push(question.id.clone()),
                None => checklist.push(question.clone()),
            }
        }
        conflicts.sort();
        Self {
            approvals: understood.iter().map(|p| p.approvals).max().unwrap_or(1).max(1),
            approvers,
            require_reason: understood.iter().any(|p| p.require_reason),
            allow_override: !sources.is_empty()
                && sources.iter().all(|s| s.policy.as_ref().is_ok_and(|p| p.allow_override)),
            checklist,
            conflicts,
            four_eyes: FourEyes {
                trainer: strictest(|p| p.four_eyes.trainer),
                author: strictest(|p| p.four_eyes.author),
                unknown: strictest(|p| p.four_eyes.unknown),
            },
            rollback: strictest(|p| p.rollback),
        }
    }
}
