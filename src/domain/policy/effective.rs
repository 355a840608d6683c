//! What several sources of rules ask for together. Sources add up: none can loosen another.

use serde::{Deserialize, Serialize};

use super::{FourEyes, Policy, PolicySource, Question, Severity};

/// The parts of all policies that are about people and the act, laid together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// Approvals that are needed: the most that any source asks for; at least 1.
    pub approvals: u32,
    /// Lists of who may approve, one a source that has one. A signer has to be in every list; none: everybody may.
    pub approvers: Vec<Vec<String>>,
    /// An approval needs a reason: if any source says so.
    pub require_reason: bool,
    /// Failing rules may be passed with a reason: if every source says so, and every source was understood.
    pub allow_override: bool,
    /// Questions of all sources, each once, in their order.
    pub checklist: Vec<Question>,
    /// Ids of questions that two sources ask differently. Nothing can be approved then: [`super::judge::judge`] blocks.
    pub conflicts: Vec<String>,
    /// Who may not be the signer: the strictest of each.
    pub four_eyes: FourEyes,
    /// Whether the rules hold back a rollback: the strictest.
    pub rollback: Severity,
}

impl Effective {
    /// Lays the sources together. The result does not depend on their order, but for that of the questions.
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
