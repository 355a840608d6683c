//! The `--json` documents about promotions; see [`crate::cli::json`] for the rules they follow.

use jiff::Timestamp;
use serde::Serialize;

use crate::app::query;
use crate::domain::cd::{CdOutcome, CdState};
use crate::domain::failure::Failure;
use crate::domain::preflight;
use crate::domain::promotion::plan::PlanLine;
use crate::domain::promotion::{Observation, Receipt, SagaState, Step, StepState};
use crate::domain::record::Decision;
use crate::present::promotion::{PromotionState, why};

/// `signoff approve --dry-run`.
#[derive(Clone, Debug, Serialize)]
pub struct Preflight {
    /// `signoff.preflight/1`.
    pub schema: &'static str,
    /// The model's name.
    pub model: String,
    pub version: u64,
    /// What it is for: `approve` or `rollback`.
    pub decision: Decision,
    /// Whether it may be approved.
    pub may_approve: bool,
    /// What is missing in what the signer said so far, one sentence each.
    pub objections: Vec<String>,
    /// Approvals that count before this one.
    pub approvals: Vec<String>,
    /// Approvals that are needed, this one included; `null` if there is no plan.
    pub approvals_needed: Option<u32>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What would change; `null` if a check hinders the plan.
    pub plan: Option<Plan>,
    /// When the servers were read.
    pub read_at: Timestamp,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was checked, in a few words.
    pub title: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: preflight::CheckState,
    /// What was found.
    pub detail: String,
    /// What to do about it.
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
    /// The configured target.
    pub target: String,
    /// What has to be typed to confirm.
    pub confirm: String,
    /// Who would sign.
    pub signer: String,
    pub repository: String,
    /// The commit that gets the tag, 40 digits.
    pub commit: String,
    pub tag: String,
    /// Every object with its old and new value, in order.
    pub changes: Vec<PlanLine>,
    /// Digest of the facts it rests on.
    pub facts_digest: String,
}

impl Preflight {
    /// A preflight of one version.
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

/// A promotion in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Listed {
    Readable(Box<Body>),
    /// One whose journal cannot be read.
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

/// What is known of a promotion.
#[derive(Clone, Debug, Serialize)]
pub struct Body {
    pub id: String,
    /// How far it is.
    pub state: PromotionState,
    /// Why it is not done, as a sentence.
    pub why: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The model's name.
    pub model: String,
    pub version: u64,
    /// The configured target.
    pub target: String,
    /// True where no real server was involved.
    pub demo: bool,
    /// Where it was promoted to: `Production`, `@champion`.
    pub promote_to: String,
    /// Who signed.
    pub signer: String,
    /// When.
    pub signed_at: Timestamp,
    /// Why it was approved.
    pub reason: String,
    /// Time of the last journal entry.
    pub updated_at: Timestamp,
    pub repository: String,
    /// The commit that gets the tag.
    pub commit: String,
    pub tag: String,
    /// The release's page, once it is published.
    pub release_url: Option<String>,
    /// The CD run as last seen.
    pub cd: Option<Cd>,
    /// The steps, in order.
    pub steps: Vec<StepLine>,
    /// What the servers said at the end, or when it stopped.
    pub truth: Vec<Observation>,
}

/// The CD run, or why there is none.
#[derive(Clone, Debug, Serialize)]
pub struct Cd {
    /// `not_expected`, `not_started`, `queued`, `waiting` (for somebody's approval), `running`, `success`, `failed`
    /// or `other`.
    pub state: &'static str,
    /// The host's own word, such as `failure`, `cancelled` or `timed_out`.
    pub conclusion: Option<String>,
    /// The run's id.
    pub run_id: Option<u64>,
    /// Its number among the workflow's runs.
    pub number: Option<u64>,
    /// Raised by each re-run, from 1.
    pub attempt: Option<u64>,
    /// The workflow file.
    pub workflow: Option<String>,
    /// Its page for people.
    pub url: Option<String>,
}

impl From<&CdOutcome> for Cd {
    fn from(outcome: &CdOutcome) -> Self {
        let without_run = |state| Self {
            state,
            conclusion: None,
            run_id: None,
            number: None,
            attempt: None,
            workflow: None,
            url: None,
        };
        let run = match outcome {
            CdOutcome::NotExpected => return without_run("not_expected"),
            CdOutcome::NotStarted { .. } => return without_run("not_started"),
            CdOutcome::Run(run) => run,
        };
        let (state, conclusion) = match &run.state {
            CdState::Queued => ("queued", None),
            CdState::Waiting => ("waiting", None),
            CdState::Running => ("running", None),
            CdState::Success => ("success", Some("success".to_owned())),
            CdState::Failed(word) => ("failed", Some(word.clone())),
            CdState::Other(word) => ("other", Some(word.clone())),
        };
        Self {
            state,
            conclusion,
            run_id: Some(run.id),
            number: Some(run.number),
            attempt: Some(run.attempt),
            workflow: Some(run.path.clone()),
            url: Some(run.web_url.clone()),
        }
    }
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct StepLine {
    pub step: Step,
    /// `waiting`, `running`, `unknown`, `done`, `failed`, `undoing` or `undone`.
    pub state: &'static str,
    /// When it was settled.
    pub ended_at: Option<Timestamp>,
}

impl Promotion {
    /// A promotion that this process just drove.
    pub fn new(state: &SagaState) -> Self {
        Self { schema: "signoff.promotion/1", body: Body::new(state, false) }
    }
}

impl Listed {
    /// A promotion as the journal has it.
    pub fn new(promotion: &query::Promotion) -> Self {
        match &promotion.state {
            Ok(state) => Self::Readable(Box::new(Body::new(state, promotion.driven))),
            Err(failure) => Self::Unreadable {
                id: promotion.id.to_string(),
                state: PromotionState::Unreadable,
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

/// The release's page, once it is published.
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
