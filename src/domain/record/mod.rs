//! The sign-off record: who decided what on which evidence, one JSON document per decision.
//!
//! A record is made before anything is written to a server. It is never edited, only superseded by later ones. Its hash
//! ([`seal`]) covers every field; the tag message, the release and the comment on the commit carry that hash, so an
//! edited record no longer matches them.

pub mod build;
pub mod chain;
pub mod mark;
pub mod observed;
pub mod seal;
pub mod text;
pub mod vouch;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifact::ArtifactFacts;
use super::commit::CommitOrigin;
use super::compare::{Change, Direction};
use super::deployment::ApprovalTask;
use super::evidence::Code;
use super::failure::Outcome;
use super::identity::{Home, Identity};
use super::ids::{CommitSha, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use super::lineage::{CheckResult, PullRequest};
use super::policy::{Finding, People, Separation, SourceRef};
use super::preflight::CheckState;
use super::registry::{PromotionTarget, Stage};
use super::run::{Dataset, MetricValue};
use super::score::{MetricOrigin, MetricsFrom};
use super::signer::Signer;
use super::text::clean_line;

pub use build::{Basis, DecisionDraft, SignOff};
pub use mark::DecisionMark;
pub use observed::Observed;
pub use seal::{Sealed, Unreadable};

/// Name and version of the record schema. A reader refuses others.
pub const SCHEMA: &str = "signoff.record/1";

/// File name of the record on a release.
pub const ASSET: &str = "signoff.json";

/// The kind of decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The version may go to production.
    Approve,
    /// The version may not go to production.
    Reject,
    /// Undecided for now.
    Hold,
    /// Puts a version back that was in production before.
    Rollback,
}

impl Decision {
    /// Its name in commands and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Hold => "hold",
            Self::Rollback => "rollback",
        }
    }

    /// Past participle: `approved`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Hold => "held",
            Self::Rollback => "rolled back to",
        }
    }

    /// Whether the decision puts the version into production.
    pub fn promotes(self) -> bool {
        matches!(self, Self::Approve | Self::Rollback)
    }
}

/// One decision with everything it rests on. Contains no secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: String,
    /// Unique; also the id of the promotion it starts.
    pub record_id: PromotionId,
    pub decision: Decision,
    /// The sentence shown to the signer.
    pub meaning: String,
    /// The signer's own words; may be empty.
    pub reason: String,
    /// When a hold is to be looked at again; `None` without a date, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The signer, as the servers report them.
    pub signer: Signer,
    /// How the signer's identity was proven.
    pub proven_by: String,
    /// Time of signing, in UTC.
    pub signed_at: Timestamp,
    /// State of the clock behind `signed_at`.
    pub clock: ClockFacts,
    /// When the signer opened the review; `None` if it was not on screen.
    pub opened_at: Option<Timestamp>,
    /// Seconds from `opened_at` to `signed_at`.
    pub time_in_review_s: Option<i64>,
    /// The configured target's name.
    pub target: String,
    pub model: ModelFacts,
    pub artifact: ArtifactFacts,
    /// Digest of the reviewed facts, `sha256:<hex>`.
    pub facts: String,
    /// The code host's data on the commit; a released commit itself is in [`Self::change`].
    pub code: CodeFacts,
    /// Data sets the run read.
    pub data: Vec<Dataset>,
    /// What MLflow lets anybody edit, as it was then; `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// The people behind the version.
    pub people: People,
    /// The version that was in production.
    pub baseline: Option<BaselineFacts>,
    /// Every metric, as shown.
    pub metrics: Vec<MetricFacts>,
    /// Whose metrics counted where a model and its run differ. `None` if MLflow had only those of runs, and in records
    /// from before the models' own were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_from: Option<MetricsFrom>,
    pub policy: PolicyFacts,
    /// Every question with its answer.
    pub checklist: Vec<ChecklistFacts>,
    /// Failing rules that the signer overrode; [`Self::reason`] is the reason.
    pub overridden: Vec<String>,
    /// Approvals by others that this one adds to.
    pub approvals: Vec<Approval>,
    /// Approvals required by the policy, this one included.
    pub quorum: u32,
    /// Whether the signer is independent of the people who made the version.
    pub separation: Separation,
    /// The planned change; `None` for decisions that promote nothing.
    pub change: Option<ChangeFacts>,
    /// The approval task of the deployment job that the decision answers; `None` without one, and in records of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<ApprovalTask>,
    /// Hash of the decision on this version that this one supersedes.
    pub supersedes: Option<String>,
    /// Hash of the previous record in the signer's journal.
    pub prev_hash: Option<String>,
    /// The program that made the record.
    pub tool: Tool,
    /// No real server was involved.
    pub demo: bool,
}

/// State of a clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// UTC offset of the signer's local time, in seconds east.
    pub utc_offset_s: i32,
    /// Milliseconds by which the clock is ahead of the release host's `Date` header (whole seconds); `None` if it was
    /// not read.
    pub skew_ms: Option<i64>,
}

/// A value that was read, or a sentence that says why it was not.
pub type Reading<T> = Result<T, String>;

/// The code host's data on the commit behind a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFacts {
    /// Repository and commit.
    pub source: Reading<(RepoSlug, CommitSha)>,
    /// Whether the commit is on the default branch.
    pub on_default_branch: Reading<bool>,
    /// The pull request that merged the commit; `None` for a direct push.
    pub pull_request: Reading<Option<PullRequest>>,
    pub checks: Reading<Vec<CheckResult>>,
    /// Login of whoever started the workflow run that trained the version, where a tag names that run.
    pub training_actor: Reading<Option<String>>,
}

impl CodeFacts {
    /// Nothing was read, for the given reason.
    pub fn unread(why: &str) -> Self {
        let why = why.to_owned();
        Self {
            source: Err(why.clone()),
            on_default_branch: Err(why.clone()),
            pull_request: Err(why.clone()),
            checks: Err(why.clone()),
            training_actor: Err(why),
        }
    }
}

impl From<&Code> for CodeFacts {
    fn from(code: &Code) -> Self {
        fn reading<T, R>(part: &Outcome<T>, take: impl FnOnce(&T) -> R) -> Reading<R> {
            part.as_ref().map(take).map_err(ToString::to_string)
        }
        Self {
            source: reading(&code.source, |s| (s.repo.clone(), s.commit.sha.clone())),
            on_default_branch: reading(&code.on_default_branch, |on| *on),
            pull_request: reading(&code.pull_request, Clone::clone),
            checks: reading(&code.checks, Clone::clone),
            training_actor: reading(&code.training, |t| t.as_ref().and_then(|t| t.run.actor.clone())),
        }
    }
}

/// The version a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFacts {
    pub name: ModelName,
    pub version: VersionNumber,
    /// URL of the registry, without credentials.
    pub registry: String,
    /// Where its files are, according to the registry.
    pub source: String,
    /// The logged model behind it (MLflow 3.x), where the source names one.
    pub model_id: Option<String>,
    pub run_id: Option<RunId>,
    pub experiment_id: Option<String>,
    /// The registry's workspace; `None` on servers without workspaces, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// When the registry registered it; `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
}

/// The version that was in production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineFacts {
    pub version: VersionNumber,
    pub run_id: Option<RunId>,
    /// Hash of the record that put it into production, from the version's tag.
    pub record: Option<String>,
    /// Where its files are; `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the registry registered it; `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
    /// The registry of the other target, if it is there, and its model's name in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<(String, ModelName)>,
}

/// One metric as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricFacts {
    pub name: String,
    pub candidate: Option<MetricValue>,
    /// Value of the version in production.
    pub baseline: Option<MetricValue>,
    /// Difference, if both are finite.
    pub delta: Option<f64>,
    pub change: Change,
    /// The stated direction.
    pub direction: Option<Direction>,
    /// What the policy says about it, one phrase per rule.
    pub rules: Vec<String>,
    /// The worst result of these rules.
    pub verdict: Option<CheckState>,
    /// Where the candidate's value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_origin: Option<MetricOrigin>,
    /// Where the baseline's value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_origin: Option<MetricOrigin>,
}

/// The verdict and the sources of its rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyFacts {
    /// The rule sources, with digests. Empty if there are none.
    pub sources: Vec<SourceRef>,
    pub findings: Vec<Finding>,
    /// The worst state; `None` without rules.
    pub verdict: Option<CheckState>,
}

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistFacts {
    pub id: String,
    pub question: String,
    /// The answer; `None` if unanswered.
    pub answer: Option<String>,
    /// The reviewer's note.
    pub note: String,
}

/// Another person's approval of the same facts, vouched for by the code host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub record_id: PromotionId,
    /// Hash of that record.
    pub record_hash: String,
    /// Author of the comment, as the host reports it.
    pub login: String,
    /// The host's id of that person.
    pub id: u64,
    /// When, as the host reports it.
    pub at: Timestamp,
    /// Id of the comment on the commit that vouches for it.
    pub comment_id: u64,
    pub url: String,
}

/// The change made by a promoting decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFacts {
    /// Where the version goes.
    pub to: PromotionTarget,
    /// The stage it comes from.
    pub from: Stage,
    /// Versions that leave the target.
    pub leaving: Vec<VersionNumber>,
    /// The release host, such as `github.com`.
    pub host: String,
    pub repository: RepoSlug,
    pub tag: TagName,
    /// The tagged commit.
    pub commit: CommitSha,
    pub commit_origin: CommitOrigin,
    /// First line of the commit message.
    pub commit_title: String,
    pub title: String,
}

/// The program that made a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `signoff`.
    pub name: String,
    pub version: String,
}

impl ClockFacts {
    /// From where a difference to the host's clock is worth a warning: more than networks and whole seconds explain.
    pub const ODD_MS: i64 = 60_000;

    /// A time by this clock, by the host's clock: as it is, if that was never read. Up to a second by which this clock
    /// seems to be ahead is the second that the host did not tell in full, and would turn the order of two decisions
    /// around.
    pub fn by_host(&self, at: Timestamp) -> Timestamp {
        const WHOLE_SECONDS_MS: i64 = 1000;
        let ahead = match self.skew_ms.unwrap_or(0) {
            behind if behind < 0 => behind,
            ahead => ahead.saturating_sub(WHOLE_SECONDS_MS).max(0),
        };
        Timestamp::from_millisecond(at.as_millisecond().saturating_sub(ahead)).unwrap_or(at)
    }

    /// How far this clock is from the host's, if that is odd: `5 min 3 s ahead of`, `2 min 0 s behind`.
    pub fn oddity(&self) -> Option<String> {
        let ms = self.skew_ms.filter(|ms| ms.abs() >= Self::ODD_MS)?;
        let seconds = ms.unsigned_abs() / 1000;
        let side = if ms > 0 { "ahead of" } else { "behind" };
        Some(format!("{} min {} s {side}", seconds / 60, seconds % 60))
    }
}

impl Record {
    /// The version that was in production when it was signed.
    pub fn baseline_identity(&self) -> Option<Identity> {
        let baseline = self.baseline.as_ref()?;
        let here = Identity::from(&self.model);
        let there = baseline.elsewhere.clone();
        let (registry, name) = there.map_or((here.registry.clone(), here.name.clone()), |(at, name)| (Some(at), name));
        Some(Identity {
            registry,
            name,
            number: baseline.version,
            run: Some(baseline.run_id.clone()),
            source: baseline.source.clone(),
            registered_at: baseline.registered_at,
            ..here
        })
    }

    /// When it was signed, by the host's clock: comments and releases carry the host's times, and two machines' clocks
    /// need not agree.
    pub fn decided_at(&self) -> Timestamp {
        self.clock.by_host(self.signed_at)
    }

    /// The place of another registry or workspace that it is about, as a phrase; `None` if it is about `here`. `demo`:
    /// whether that is the demo.
    pub fn elsewhere(&self, here: &Home, demo: bool) -> Option<String> {
        let there = Home { registry: self.model.registry.clone(), workspace: self.model.workspace.clone() };
        match (self.demo, demo) {
            (true, false) => Some("the demo".to_owned()),
            (theirs, ours) => (theirs != ours || !here.holds(&there)).then(|| clean_line(&there.to_string())),
        }
    }

    /// Logins of all approvers, the signer last.
    pub fn approvers(&self) -> Vec<&str> {
        let others = self.approvals.iter().map(|a| a.login.as_str());
        others.chain(self.decision.promotes().then_some(self.signer.login.as_str())).collect()
    }
}

impl From<&ModelFacts> for Identity {
    fn from(model: &ModelFacts) -> Self {
        Self {
            registry: Some(model.registry.clone()),
            workspace: model.workspace.clone(),
            name: model.name.clone(),
            number: model.version,
            run: Some(model.run_id.clone()),
            source: Some(model.source.clone()),
            registered_at: model.registered_at,
        }
    }
}
