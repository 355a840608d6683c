//! Reads the evidence a policy asks for and judges it: one piece of code for the review, the approval, `check` and `verify`.

use serde::{Deserialize, Serialize};

use crate::domain::facts::ReviewedFacts;
use crate::domain::policy::{CodeEvidence, Evidence, Policy, PolicySource, Verdict, judge};
use crate::services::Services;

/// A verdict with everything it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The rules, as they were in force.
    pub sources: Vec<PolicySource>,
    /// What they were laid against.
    pub evidence: Evidence,
    /// What came of it.
    pub verdict: Verdict,
}

impl Judgement {
    /// The policies that could be understood.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.sources.iter().filter_map(|s| s.policy.as_ref().ok())
    }
}

/// Reads what the policy of this version asks for, and judges it. What cannot be read is part of the verdict, not an error.
pub async fn read(services: &Services, facts: &ReviewedFacts) -> Judgement {
    let evidence = Evidence {
        facts: facts.clone(),
        signature: Err("not read".to_owned()),
        code: CodeEvidence::unread("not read"),
        read_at: services.clock.now(),
    };
    let sources = Vec::new();
    let verdict = judge::judge(&sources, &evidence);
    Judgement { sources, evidence, verdict }
}
