//! The `--json` documents of promotions; see [`crate::cli::json`] for the rules they follow.

use jiff::Timestamp;
use serde::Serialize;

use crate::app::query;
use crate::domain::cd::{CdOutcome, CdRun, CdState};
use crate::domain::deployment::{ApprovalTask, JobOutcome};
use crate::domain::elsewhere::Arrival;
use crate::domain::failure::Failure;
use crate::domain::preflight;
use crate::domain::promotion::plan::PlanLine;
use crate::domain::promotion::{Observation, Receipt, SagaState, Step, StepState};
use crate::domain::record::Decision;
use crate::domain::registry::PromotionTarget;
use crate::present::promotion::{PromotionState, why};

/// `signoff approve --dry-run`.
#[derive(Clone, Debug, Serialize)]
pub struct Preflight {
    /// `signoff.preflight/1`.
    pub schema: &'static str,
    pub model: String,
    pub version: u64,
    /// `approve` or `rollback`.
    pub decision: Decision,
    pub may_approve: bool,
    /// What is still missing from the signer's input, one sentence each.
    pub objections: Vec<String>,
    /// Approvals that count before this one.
    pub approvals: Vec<String>,
    /// Number of approvals needed, including this one; `null` if there is no plan.
    pub approvals_needed: Option<u32>,
    pub checks: Vec<Check>,
    /// What would change; `null` if a check prevents a plan.
    pub plan: Option<Plan>,
    /// Time the servers were read.
    pub read_at: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub title: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: preflight::CheckState,
    pub detail: String,
    /// How to fix it.
    pub hint: Option<String>,
}

impl From<&preflight::Check> for Check {
    fn from(check: &preflight::Check) -> Self {
        let (title, detail, hint) = (check.title.clone(), check.detail.clone(), check.hint.clone());
        Self { title, state: check.state, detail, hint }
    }
}

/// What an approval would do.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub target: String,
    /// URL of the registry, without credentials.
    pub registry: String,
    /// The registry's workspace; null on servers without workspaces.
    pub workspace: Option<String>,
    /// The text to type for confirmation.
    pub confirm: String,
    pub signer: String,
    pub repository: String,
    /// The commit to tag, 40 digits.
    pub commit: String,
    pub tag: String,
    /// All changes in order, with old and new values.
    pub changes: Vec<PlanLine>,
    /// Digest of the facts the plan is based on.
    pub facts_digest: String,
}

impl Preflight {
    pub fn new(
        model: &str,
        version: u64,
        decision: Decision,
        preflight: &preflight::Preflight,
        objections: &[String],
    ) -> Self {
        let basis = preflight.draft.as_ref().map(|d| &d.basis);
        Self {
            decision,
            objections: objections.to_vec(),
            approvals: basis.iter().flat_map(|b| b.approvals.iter().map(|a| a.login.clone())).collect(),
            approvals_needed: basis.map(|b| b.demands.approvals),
            schema: "signoff.preflight/1",
            model: model.to_owned(),
            version,
            may_approve: preflight.may_confirm(),
            checks: preflight.checks.iter().map(Check::from).collect(),
            plan: preflight.draft.as_ref().map(|draft| Plan {
                target: draft.target_name.clone(),
                registry: draft.registry_url.clone(),
                workspace: draft.workspace.clone(),
                confirm: draft.confirmation(),
                signer: draft.signer.login.clone(),
                repository: draft.repo.to_string(),
                commit: draft.commit.sha.to_string(),
                tag: draft.tag.to_string(),
                changes: draft.lines(),
                facts_digest: draft.facts.digest(),
            }),
            read_at: preflight.read_at,
        }
    }
}

/// `signoff promotions`.
#[derive(Clone, Debug, Serialize)]
pub struct Promotions {
    /// `signoff.promotions/1`.
    pub schema: &'static str,
    /// Newest first.
    pub promotions: Vec<Listed>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Listed {
    Readable(Box<Body>),
    /// A promotion whose journal cannot be read.
    Unreadable {
        id: String,
        /// `unreadable`.
        state: PromotionState,
        why: String,
    },
}

/// `signoff approve`, `resume` and `undo`.
#[derive(Clone, Debug, Serialize)]
pub struct Promotion {
    /// `signoff.promotion/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub body: Body,
}

/// A promotion with a readable journal.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    pub id: String,
    pub state: PromotionState,
    /// Why it is not done, as a sentence.
    pub why: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    pub model: String,
    pub version: u64,
    pub target: String,
    /// URL of the registry, without credentials.
    pub registry: String,
    /// The registry's workspace; null on servers without workspaces.
    pub workspace: Option<String>,
    /// True if no real server was involved.
    pub demo: bool,
    /// Destination of the promotion: `Production`, `@champion`.
    pub promote_to: String,
    pub signer: String,
    pub signed_at: Timestamp,
    pub reason: String,
    /// Time of the last journal entry.
    pub updated_at: Timestamp,
    pub repository: String,
    /// The tagged commit.
    pub commit: String,
    pub tag: String,
    /// Web page of the release, once published.
    pub release_url: Option<String>,
    /// The last known state of the CD run.
    pub cd: Option<Cd>,
    /// When CD was seen, if it may have changed since and could not be read again; null otherwise.
    pub cd_seen_at: Option<Timestamp>,
    /// The approval in the version's deployment job; null where the plan has none.
    pub deployment_job: Option<Job>,
    /// The copy of the version at the other target; null where versions go to none.
    pub copy: Option<Copied>,
    /// In order.
    pub steps: Vec<StepLine>,
    /// Server state at the end, or when it stopped.
    pub truth: Vec<Observation>,
}

/// The approval task of a deployment job, and what became of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    pub job: String,
    pub run: String,
    pub task: String,
    /// `waiting` (it was not told to go on yet), `running`, `success`, `failed` or `withheld`.
    pub state: &'static str,
    /// Why it failed, or was not told to go on.
    pub why: Option<String>,
    /// Web page.
    pub url: Option<String>,
}

/// The copy of a version at the other target.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    pub target: String,
    /// `waiting`, `came` or `missing`.
    pub state: &'static str,
    /// The model's name there, once it was looked for.
    pub model: Option<String>,
    pub version: Option<u64>,
}

impl Copied {
    fn of(state: &SagaState) -> Option<Self> {
        let PromotionTarget::Elsewhere(target) = &state.plan.draft.promote_to else { return None };
        let (word, model, version) = match state.step(Step::Arrive) {
            StepState::Done(Receipt::Arrival { outcome: Arrival::Came { model, version } }) => {
                ("came", Some(model.to_string()), Some(version.0))
            }
            StepState::Done(Receipt::Arrival { outcome: Arrival::Missing { model, .. } }) => {
                ("missing", Some(model.to_string()), None)
            }
            _ => ("waiting", None, None),
        };
        Some(Self { target: target.clone(), state: word, model, version })
    }
}

impl Job {
    fn of(state: &SagaState) -> Option<Self> {
        let ApprovalTask { job, run, task, .. } = state.plan.draft.deployment.clone()?;
        let (word, why) = match &state.job {
            None => ("waiting", None),
            Some(JobOutcome::Running { .. }) => ("running", None),
            Some(JobOutcome::Succeeded { .. }) => ("success", None),
            Some(JobOutcome::Failed { why, .. }) => ("failed", Some(why.clone())),
            Some(JobOutcome::Withheld { why }) => ("withheld", Some(why.clone())),
        };
        let url = state.job.as_ref().and_then(JobOutcome::page).map(str::to_owned);
        Some(Self { job, run, task, state: word, why, url })
    }
}

/// The CD run, or why there is none.
#[derive(Clone, Debug, Serialize)]
pub struct Cd {
    /// `not_expected`, `not_started`, `queued`, `waiting` (for an approval), `running`, `success`, `failed`
    /// or `other`.
    pub state: &'static str,
    /// The host's word, such as `failure`, `cancelled` or `timed_out`.
    pub conclusion: Option<String>,
    pub run_id: Option<u64>,
    /// Number among the runs of the workflow.
    pub number: Option<u64>,
    /// Increases with each re-run, from 1.
    pub attempt: Option<u64>,
    /// The workflow file.
    pub workflow: Option<String>,
    /// Web page.
    pub url: Option<String>,
    /// The other runs that the release started; the one above is the worst of all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Cd>,
    /// Workflows that should have followed on these and did not start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl From<&CdOutcome> for Cd {
    fn from(outcome: &CdOutcome) -> Self {
        match outcome {
            CdOutcome::NotExpected => Self::without_run("not_expected"),
            CdOutcome::NotStarted { .. } => Self::without_run("not_started"),
            CdOutcome::Run(runs) => Self {
                others: runs.others.iter().map(Self::from).collect(),
                missing: runs.missing.clone(),
                ..Self::from(&runs.decides)
            },
        }
    }
}

impl From<&CdRun> for Cd {
    fn from(run: &CdRun) -> Self {
        let (state, conclusion) = match &run.state {
            CdState::Queued => ("queued", None),
            CdState::Waiting => ("waiting", None),
            CdState::Running => ("running", None),
            CdState::Success => ("success", Some("success".to_owned())),
            CdState::Failed(word) => ("failed", Some(word.clone())),
            CdState::Other(word) => ("other", Some(word.clone())),
        };
        Self {
            conclusion,
            run_id: Some(run.id),
            number: Some(run.number),
            attempt: Some(run.attempt),
            workflow: Some(run.path.clone()),
            url: Some(run.web_url.clone()),
            ..Self::without_run(state)
        }
    }
}

impl Cd {
    fn without_run(state: &'static str) -> Self {
        Self {
            state,
            conclusion: None,
            run_id: None,
            number: None,
            attempt: None,
            workflow: None,
            url: None,
            others: Vec::new(),
            missing: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct StepLine {
    pub step: Step,
    /// `waiting`, `running`, `unknown`, `done`, `failed`, `undoing` or `undone`.
    pub state: &'static str,
    /// When it completed.
    pub ended_at: Option<Timestamp>,
}

impl Promotion {
    /// A promotion that this process drove.
    pub fn new(state: &SagaState) -> Self {
        Self { schema: "signoff.promotion/1", body: Body::new(state, false) }
    }
}

impl Listed {
    /// A promotion from the journal; `unread` if its CD could not be read again.
    pub fn new(promotion: &query::Promotion, unread: bool) -> Self {
        match &promotion.state {
            Ok(state) => {
                let cd_seen_at = unread.then_some(state.updated_at);
                Self::Readable(Box::new(Body { cd_seen_at, ..Body::new(state, promotion.driven) }))
            }
            Err(failure) => Self::Unreadable {
                id: promotion.id.to_string(),
                state: PromotionState::stored(promotion.state.as_deref(), promotion.driven),
                why: Failure::to_string(failure),
            },
        }
    }
}

impl Body {
    fn new(state: &SagaState, driven: bool) -> Self {
        let (plan, draft) = (&state.plan, &state.plan.draft);
        let (why, hint) = why(state);
        Self {
            id: plan.id.to_string(),
            state: PromotionState::of(state, driven),
            why,
            hint,
            model: draft.model().as_str().to_owned(),
            version: draft.version().0,
            target: draft.target_name.clone(),
            registry: draft.registry_url.clone(),
            workspace: draft.workspace.clone(),
            demo: draft.demo,
            promote_to: draft.promote_to.to_string(),
            signer: draft.signer.login.clone(),
            signed_at: plan.signed_at,
            reason: plan.sign_off.reason.clone(),
            updated_at: state.updated_at,
            repository: draft.repo.to_string(),
            commit: draft.commit.sha.to_string(),
            tag: draft.tag.to_string(),
            release_url: release_url(state),
            cd: state.cd.as_ref().map(Cd::from),
            cd_seen_at: None,
            deployment_job: Job::of(state),
            copy: Copied::of(state),
            steps: state
                .steps
                .iter()
                .map(|s| StepLine { step: s.step, state: step_word(&s.state), ended_at: s.ended_at })
                .collect(),
            truth: match &state.paused {
                Some((_, truth)) => truth.clone(),
                None => state.truth.clone(),
            },
        }
    }
}

/// Web page of the release, once published.
pub fn release_url(state: &SagaState) -> Option<String> {
    match state.step(Step::Release) {
        StepState::Done(Receipt::Released { url, .. }) => Some(url.clone()),
        _ => None,
    }
}

fn step_word(state: &StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Running => "running",
        StepState::Unknown(_) => "unknown",
        StepState::Done(_) => "done",
        StepState::Failed(_) => "failed",
        StepState::Undoing => "undoing",
        StepState::Undone(_) => "undone",
    }
}
