//! Builds a record from the reviewed facts and the signer's input.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mark::day;
use super::text::nth_approval;
use super::{
    Approval, BaselineFacts, ChangeFacts, ChecklistFacts, ClockFacts, CodeFacts, Decision, MetricFacts, ModelFacts,
    Observed, PolicyFacts, Record, SCHEMA, Tool,
};
use crate::domain::artifact::ArtifactFacts;
use crate::domain::compare::{Comparison, Directions, Side, compare};
use crate::domain::deployment::ApprovalTask;
use crate::domain::facts::ReviewedFacts;
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::{CommitSha, ModelName, PromotionId, RepoSlug, VersionNumber};
use crate::domain::logged::logged_model_of;
use crate::domain::policy::{Answers, Effective, People, Separation, Verdict, checklist};
use crate::domain::preflight::CheckState;
use crate::domain::provenance::Provenance;
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::signer::Signer;
use crate::domain::text;

/// The signer's input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// The reason, in the signer's own words; may be empty where none is required.
    pub reason: String,
    #[serde(default)]
    pub answers: Answers,
    /// When the signer opened the review.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// The signer overrides failing rules, for the reason above.
    #[serde(default)]
    pub overrides: bool,
    /// When a hold is to be looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl SignOff {
    /// A sign-off with only a reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }
}

/// What a decision rests on besides the facts; read before the signer confirms, and fixed then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    pub decision: Decision,
    /// The code host's data on the commit.
    pub code: CodeFacts,
    pub verdict: Verdict,
    /// The policy's requirements for the signer.
    pub demands: Effective,
    /// The people behind the version.
    pub people: People,
    /// Whether the signer is independent of them.
    pub separation: Separation,
    /// Approvals by others that count.
    pub approvals: Vec<Approval>,
    pub artifact: ArtifactFacts,
    /// Hash of the decision currently in force on the version.
    pub supersedes: Option<String>,
    /// Hash of the record that put the baseline into production.
    pub baseline_record: Option<String>,
    /// State of this machine's clock.
    pub clock: ClockFacts,
}

impl Basis {
    /// A basis without data: no rules, no known people.
    pub fn bare(decision: Decision) -> Self {
        Self {
            decision,
            code: CodeFacts::unread("not read"),
            verdict: Verdict::default(),
            demands: Effective::of(&[]),
            people: People::default(),
            separation: Separation::UNKNOWN,
            approvals: Vec::new(),
            artifact: ArtifactFacts::default(),
            supersedes: None,
            baseline_record: None,
            clock: ClockFacts::default(),
        }
    }

    /// Whether this approval is the last one required.
    pub fn completes(&self) -> bool {
        self.approvals.len() + 1 >= self.demands.approvals as usize
    }

    /// Whether there are failing rules that the signer may override with a reason.
    pub fn needs_override(&self) -> bool {
        self.decision.promotes() && self.demands.allow_override && self.verdict.blocking().next().is_some()
    }

    /// Which of the approvals needed this one is: `approval 1 of 2`.
    pub fn nth_approval(&self) -> String {
        nth_approval(self.approvals.len(), self.demands.approvals)
    }

    /// Why the decision cannot be taken with the input so far, one sentence each. Empty if it can.
    pub fn objections(&self, sign_off: &SignOff) -> Vec<String> {
        let mut out = Vec::new();
        let wordless = sign_off.reason.trim().is_empty();
        if !self.decision.promotes() {
            if wordless {
                out.push(format!("to {} needs a reason", self.decision.word()));
            }
            return out;
        }
        if self.decision == Decision::Approve {
            out.extend(
                checklist::open_items(&self.demands.checklist, &sign_off.answers).into_iter().map(|(_, why)| why),
            );
        }
        if wordless && (self.demands.require_reason || self.decision == Decision::Rollback) {
            out.push("a reason is needed".to_owned());
        }
        let failing = self.verdict.blocking().count();
        let rules = format!(
            "{} of the policy {} not hold",
            text::count(failing, "rule"),
            if failing == 1 { "does" } else { "do" }
        );
        match (failing, self.demands.allow_override, sign_off.overrides) {
            (0, ..) => {}
            (_, false, _) => out.push(format!("{rules}, and it allows no override")),
            (_, true, false) => {
                out.push(format!("{rules}, and {} not overridden", if failing == 1 { "was" } else { "were" }))
            }
            (_, true, true) if wordless => out.push("passing a failing rule needs a reason".to_owned()),
            (_, true, true) => {}
        }
        out
    }
}

/// A decision before the signer confirms it: everything that its record is made from. A promotion adds what it releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionDraft {
    /// Name of the configured target.
    pub target_name: String,
    /// No real server is involved.
    pub demo: bool,
    /// URL of the registry, without credentials.
    pub registry_url: String,
    /// The registry's workspace; `None` on servers without workspaces, and in plans of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What "in production" means here.
    pub promote_to: PromotionTarget,
    pub facts: ReviewedFacts,
    /// Which direction of each metric is better.
    pub directions: Directions,
    pub signer: Signer,
    /// What else the decision rests on: verdict, approvals, people.
    pub basis: Basis,
    /// The approval task of the deployment job that the decision answers; `None` if none waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<ApprovalTask>,
    /// The registry of the other target, where the baseline is; `None` if versions stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_at: Option<String>,
}

impl DecisionDraft {
    pub fn model(&self) -> &ModelName {
        &self.facts.version.model
    }

    pub fn version(&self) -> VersionNumber {
        self.facts.version.number
    }

    /// The target's name, with the workspace on a server that has workspaces.
    pub fn target(&self) -> String {
        let workspace = self.workspace.as_deref().map(|w| format!(" / {}", text::clean_line(w)));
        format!("{}{}", self.target_name, workspace.unwrap_or_default())
    }

    /// Where the version is.
    pub fn home(&self) -> Home {
        Home { registry: self.registry_url.clone(), workspace: self.workspace.clone() }
    }

    pub fn identity(&self) -> Identity {
        Identity::of(&self.home(), &self.facts.version)
    }

    /// What differs, if `version` is certainly not the one this draft is about, in the same registry.
    pub fn another(&self, version: &ModelVersion) -> Option<String> {
        self.identity().about(&Identity::of(&self.home(), version)).another().map(str::to_owned)
    }

    /// Whether an approval promotes: it is the last one required, of people and of the deployment job's tasks.
    pub fn completes(&self) -> bool {
        self.basis.completes() && self.deployment.as_ref().is_none_or(|asked| asked.left.is_empty())
    }

    /// The task that an approval lets pass without releasing anything, because others are left.
    pub fn passes(&self) -> Option<&ApprovalTask> {
        self.deployment.as_ref().filter(|asked| self.basis.completes() && !asked.left.is_empty())
    }

    /// The version's commit, if known: the host vouches for the decision there.
    pub fn source(&self) -> Option<&(RepoSlug, CommitSha)> {
        self.basis.code.source.as_ref().ok()
    }

    /// Whether a comment on the host has to back a decision that promotes nothing. If one person decides alone, the tag
    /// on the version is enough, where there is one.
    pub fn is_vouched(&self) -> bool {
        self.basis.demands.approvals > 1 || self.promote_to.spares_registry()
    }

    /// Who learns of a decision that no comment backs, as a phrase.
    pub fn without_comment(&self) -> &'static str {
        match self.promote_to.spares_registry() {
            true => "only the records of this machine tell",
            false => "only the tag on the version tells others",
        }
    }

    /// Compares candidate and baseline.
    pub fn comparison(&self) -> Comparison {
        compare(Side::from(&self.facts), self.facts.baseline.as_ref().map(Side::from), &self.directions)
    }

    /// The record of the decision `sign_off` with the change it makes, taken at `at`; `prev` is the hash of the previous
    /// record.
    pub fn record(
        &self,
        change: Option<ChangeFacts>,
        (id, at): (PromotionId, Timestamp),
        sign_off: &SignOff,
        prev: Option<&str>,
    ) -> Record {
        let (basis, version) = (&self.basis, &self.facts.version);
        let said = Provenance::from(&self.facts);
        let experiment = said.run.map(|r| &r.experiment).or_else(|| said.logged?.experiment.as_ref());
        let of_models = [self.facts.logged.as_ref(), self.facts.baseline.as_ref().and_then(|b| b.logged.as_ref())];
        Record {
            schema: SCHEMA.to_owned(),
            record_id: id,
            decision: basis.decision,
            meaning: match sign_off.until {
                Some(until) => format!("{} It is due again after {}.", self.meaning(false), day(until)),
                None => self.meaning(change.is_some()),
            },
            reason: text::clean(sign_off.reason.trim()),
            until: sign_off.until,
            signer: self.signer.clone(),
            proven_by: "the release host named the owner of the token".to_owned(),
            signed_at: at,
            clock: basis.clock.clone(),
            opened_at: sign_off.opened_at,
            time_in_review_s: sign_off.opened_at.map(|opened| at.as_second() - opened.as_second()),
            target: self.target_name.clone(),
            model: ModelFacts {
                name: version.model.clone(),
                version: version.number,
                registry: self.registry_url.clone(),
                source: version.source.clone(),
                model_id: logged_model_of(version),
                run_id: version.run_id.clone(),
                experiment_id: experiment.map(ToString::to_string),
                workspace: self.workspace.clone(),
                registered_at: version.created_at,
            },
            artifact: basis.artifact.clone(),
            facts: self.facts.digest(),
            code: basis.code.clone(),
            data: said.datasets(),
            observed: Some(Observed::of(&self.facts)),
            people: basis.people.clone(),
            baseline: self.facts.baseline.as_ref().map(|b| BaselineFacts {
                version: b.version.number,
                run_id: b.version.run_id.clone(),
                record: basis.baseline_record.clone(),
                source: Some(b.version.source.clone()),
                registered_at: b.version.created_at,
                elsewhere: self.baseline_at.clone().map(|at| (at, b.version.model.clone())),
            }),
            metrics: self.metrics(),
            metrics_from: of_models.iter().any(Option::is_some).then_some(self.directions.from),
            policy: PolicyFacts {
                sources: basis.verdict.sources.clone(),
                findings: basis.verdict.findings.clone(),
                verdict: (!basis.verdict.sources.is_empty()).then(|| basis.verdict.state()),
            },
            checklist: self.checklist(&sign_off.answers),
            overridden: match sign_off.overrides {
                true => basis.verdict.blocking().map(|f| f.rule.clone()).collect(),
                false => Vec::new(),
            },
            approvals: basis.approvals.clone(),
            quorum: basis.demands.approvals,
            separation: basis.separation,
            change,
            deployment: self.deployment.clone(),
            supersedes: basis.supersedes.clone(),
            prev_hash: prev.map(str::to_owned),
            tool: Tool { name: "signoff".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            demo: self.demo,
        }
    }

    /// The sentence that the signer signs.
    pub fn meaning(&self, promotes: bool) -> String {
        let what = format!("{} {}", self.facts.version.model, self.facts.version.number);
        let (basis, place) = (&self.basis, &self.promote_to);
        match basis.decision {
            Decision::Approve if !promotes && self.passes().is_some() => {
                let asked = self.deployment.as_ref();
                let (task, left) = asked.map(|asked| (asked.name(), asked.left())).unwrap_or_default();
                format!("I reviewed {what} and let {task} pass; {left} is left before it goes to {place}.")
            }
            Decision::Approve if !promotes => {
                let nth = basis.approvals.len() + 1;
                format!(
                    "I reviewed {what} and approve it for {place}, as {nth} of {} approvals.",
                    basis.demands.approvals
                )
            }
            Decision::Approve => format!("I reviewed {what} and approve it: it goes to {place} and is released."),
            Decision::Reject => format!("I reviewed {what} and reject it for {place}."),
            Decision::Hold => format!("I hold {what} back from {place} until this is settled."),
            Decision::Rollback => format!("I put {what} back into {place} and release it again."),
        }
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        self.comparison()
            .metrics
            .into_iter()
            .map(|row| {
                let about = || self.basis.verdict.findings.iter().filter(|f| f.metric.as_ref() == Some(&row.name));
                MetricFacts {
                    rules: about().map(|f| f.detail.clone()).collect(),
                    verdict: about().map(|f| f.state).max().filter(|s| *s >= CheckState::Pass),
                    name: row.name.clone(),
                    candidate: row.new,
                    baseline: row.old,
                    delta: row.delta,
                    change: row.change,
                    direction: row.direction,
                    baseline_origin: row.old_origin,
                    candidate_origin: row.new_origin,
                }
            })
            .collect()
    }

    fn checklist(&self, answers: &Answers) -> Vec<ChecklistFacts> {
        let row = |q: &crate::domain::policy::Question| {
            let given = answers.get(&q.id);
            ChecklistFacts {
                id: q.id.clone(),
                question: q.text.clone(),
                answer: given.map(|a| a.answer.clone()),
                note: given.map(|a| text::clean(a.note.trim())).unwrap_or_default(),
            }
        };
        self.basis.demands.checklist.iter().map(row).collect()
    }
}
