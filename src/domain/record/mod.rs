//! The sign-off record: who decided what on which evidence, in one JSON document per decision.
//!
//! A record is made before anything is written to any server, never edited, and superseded by later ones. Its hash
//! ([`seal`]) covers every field; the tag message, the release and the comment on the commit carry that hash, so that a
//! record changed later no longer fits them.

pub mod build;
pub mod chain;
pub mod mark;
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
use super::evidence::Code;
use super::failure::Outcome;
use super::ids::{CommitSha, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use super::lineage::{CheckResult, PullRequest};
use super::policy::{Finding, People, Separation, SourceRef};
use super::preflight::CheckState;
use super::registry::{PromotionTarget, Stage};
use super::run::{Dataset, MetricValue};
use super::signer::Signer;

pub use build::{Basis, SignOff};
pub use mark::DecisionMark;
pub use seal::{Sealed, Unreadable};

/// Name and version of the record's form. A reader refuses others.
pub const SCHEMA: &str = "signoff.record/1";

/// Name of the record's file on a release.
pub const ASSET: &str = "signoff.json";

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The version may go to production.
    Approve,
    /// It may not.
    Reject,
    /// Not yet.
    Hold,
    /// A version that was in production before goes there again.
    Rollback,
}

impl Decision {
    /// The word for it in commands and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Hold => "hold",
            Self::Rollback => "rollback",
        }
    }

    /// What was done to the version by it: `approved`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Hold => "held",
            Self::Rollback => "rolled back to",
        }
    }

    /// Whether it puts the version into production.
    pub fn promotes(self) -> bool {
        matches!(self, Self::Approve | Self::Rollback)
    }
}

/// One decision with everything it rests on. Carries no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: String,
    /// Unique; also the id of the promotion it starts.
    pub record_id: PromotionId,
    /// What was decided.
    pub decision: Decision,
    /// The sentence the signer saw.
    pub meaning: String,
    /// The signer's own words; may be empty.
    pub reason: String,
    /// Who decided, as the servers report it.
    pub signer: Signer,
    /// How it is known that it was this person.
    pub proven_by: String,
    /// When, in UTC.
    pub signed_at: Timestamp,
    /// What is known of the clock that says so.
    pub clock: ClockFacts,
    /// When the signer opened the review; none if there was none on screen.
    pub opened_at: Option<Timestamp>,
    /// Seconds between the two.
    pub time_in_review_s: Option<i64>,
    /// The configured target's name.
    pub target: String,
    /// The version.
    pub model: ModelFacts,
    /// Its files.
    pub artifact: ArtifactFacts,
    /// Digest of everything reviewed, `sha256:<hex>`.
    pub facts: String,
    /// What the code host says about the commit; the commit itself is in [`Self::change`] where one is released.
    pub code: CodeFacts,
    /// Data sets the run read.
    pub data: Vec<Dataset>,
    /// Who made the version.
    pub people: People,
    /// What was in production.
    pub baseline: Option<BaselineFacts>,
    /// Every metric, as it was shown.
    pub metrics: Vec<MetricFacts>,
    /// The verdict.
    pub policy: PolicyFacts,
    /// Every question with its answer.
    pub checklist: Vec<ChecklistFacts>,
    /// Failing rules that the signer passed, with [`Self::reason`] as the reason.
    pub overridden: Vec<String>,
    /// Approvals of others that this one adds to.
    pub approvals: Vec<Approval>,
    /// How many approvals the policy asks for, this one included.
    pub quorum: u32,
    /// Whether the signer stands apart from those who made the version.
    pub separation: Separation,
    /// What will be changed by it; none for decisions that promote nothing.
    pub change: Option<ChangeFacts>,
    /// Hash of the decision on this version that this one takes the place of.
    pub supersedes: Option<String>,
    /// Hash of the record before this one in the signer's journal.
    pub prev_hash: Option<String>,
    /// What made the record.
    pub tool: Tool,
    /// No real server was involved.
    pub demo: bool,
}

/// What is known of a clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// Seconds the signer's local time is east of UTC.
    pub utc_offset_s: i32,
    /// Milliseconds the clock is ahead of the release host's `Date` header (whole seconds); none if it was not read.
    pub skew_ms: Option<i64>,
}

/// Something that was read, or the sentence that says why it could not be.
pub type Reading<T> = Result<T, String>;

/// What the code host says about the commit behind a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFacts {
    /// Repository and commit.
    pub source: Reading<(RepoSlug, CommitSha)>,
    /// The commit is on the default branch.
    pub on_default_branch: Reading<bool>,
    /// The pull request that brought it in; none for a direct push.
    pub pull_request: Reading<Option<PullRequest>>,
    pub checks: Reading<Vec<CheckResult>>,
    /// Login of who started the workflow run that trained the version, where a tag names one.
    pub training_actor: Reading<Option<String>>,
}

impl CodeFacts {
    /// Nothing was read, for the reason given.
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
    /// The registered model.
    pub name: ModelName,
    pub version: VersionNumber,
    /// The registry, without credentials.
    pub registry: String,
    /// Where its files are, as the registry says.
    pub source: String,
    /// The logged model behind it (MLflow 3.x), where the source names one.
    pub model_id: Option<String>,
    /// The training run.
    pub run_id: Option<RunId>,
    /// The experiment of that run.
    pub experiment_id: Option<String>,
}

/// What was in production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineFacts {
    pub version: VersionNumber,
    pub run_id: Option<RunId>,
    /// Hash of the record that put it there, as the version says.
    pub record: Option<String>,
}

/// One metric as it was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricFacts {
    pub name: String,
    /// The version's value.
    pub candidate: Option<MetricValue>,
    /// The value of what was in production.
    pub baseline: Option<MetricValue>,
    /// Difference, where both are finite.
    pub delta: Option<f64>,
    /// How it differs.
    pub change: Change,
    /// The stated direction.
    pub direction: Option<Direction>,
    /// What the policy says of it, one phrase a rule.
    pub rules: Vec<String>,
    /// The worst of these.
    pub verdict: Option<CheckState>,
}

/// The verdict and where its rules came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyFacts {
    /// Where the rules came from, with their digests. Empty: there are none.
    pub sources: Vec<SourceRef>,
    /// Every rule with what was found.
    pub findings: Vec<Finding>,
    /// The worst of these; none without rules.
    pub verdict: Option<CheckState>,
}

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistFacts {
    /// The question's id.
    pub id: String,
    pub question: String,
    /// The answer; none if it was left open.
    pub answer: Option<String>,
    /// What the reviewer added.
    pub note: String,
}

/// Somebody else's approval of the same facts, vouched for by the code host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub record_id: PromotionId,
    /// That record's hash.
    pub record_hash: String,
    /// Who, as the host reports the author of the comment.
    pub login: String,
    /// The host's id of that person.
    pub id: u64,
    /// When, as the host reports it.
    pub at: Timestamp,
    /// The comment on the commit that vouches for it.
    pub comment_id: u64,
    /// Address of the comment.
    pub url: String,
}

/// What a promoting decision changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFacts {
    /// Where the version goes.
    pub to: PromotionTarget,
    /// The stage it comes from.
    pub from: Stage,
    /// Versions that leave.
    pub leaving: Vec<VersionNumber>,
    /// The release host, such as `github.com`.
    pub host: String,
    pub repository: RepoSlug,
    pub tag: TagName,
    /// The tagged commit.
    pub commit: CommitSha,
    /// Why this commit.
    pub commit_origin: CommitOrigin,
    /// First line of its message.
    pub commit_title: String,
    /// Title of the release.
    pub title: String,
}

/// What made a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `signoff`.
    pub name: String,
    pub version: String,
}

impl Record {
    /// Everybody whose approval is in it: the signer last.
    pub fn approvers(&self) -> Vec<&str> {
        let others = self.approvals.iter().map(|a| a.login.as_str());
        others.chain(self.decision.promotes().then_some(self.signer.login.as_str())).collect()
    }
}
