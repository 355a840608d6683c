//! The output of `signoff cd --json`.

use serde::Serialize;

use crate::cli::json::Where;
use crate::cli::json::promotion;
use crate::domain::cd::CdJob;
use crate::domain::cd_act::PendingDeployment;
use crate::domain::promotion::SagaState;

/// `signoff cd`.
#[derive(Clone, Debug, Serialize)]
pub struct Cd {
    /// `signoff.cd/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// The promotion.
    pub id: String,
    pub model: String,
    pub version: u64,
    /// Git tag of the release.
    pub tag: String,
    pub repository: String,
    /// The runs; null if none is known.
    pub cd: Option<promotion::Cd>,
    /// Environments that the runs wait for.
    pub pending: Vec<Pending>,
    /// Jobs that failed.
    pub failed_jobs: Vec<Job>,
    /// What was asked for and needs `--confirm`, as a phrase; null if nothing was.
    pub asks: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Pending {
    pub environment: String,
    pub run_id: u64,
    /// Whether the token's owner may approve it.
    pub may_approve: bool,
    /// Logins and teams that may.
    pub reviewers: Vec<String>,
    /// The environment's wait timer, in minutes.
    pub wait_minutes: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Job {
    pub id: u64,
    pub name: String,
    /// The host's word, such as `failure`.
    pub conclusion: String,
}

impl Pending {
    pub fn new(run: u64, pending: &PendingDeployment) -> Self {
        Self {
            environment: pending.environment.name.clone(),
            run_id: run,
            may_approve: pending.may_approve,
            reviewers: pending.reviewers.clone(),
            wait_minutes: pending.wait_minutes,
        }
    }
}

impl From<&CdJob> for Job {
    fn from(job: &CdJob) -> Self {
        Self { id: job.id, name: job.name.clone(), conclusion: job.state.to_string() }
    }
}

impl Cd {
    pub fn new(
        place: Where,
        state: &SagaState,
        pending: &[(u64, PendingDeployment)],
        failed: &[CdJob],
        asks: Option<String>,
    ) -> Self {
        let draft = &state.plan.draft;
        Self {
            schema: "signoff.cd/1",
            place,
            id: state.plan.id.to_string(),
            model: draft.model().as_str().to_owned(),
            version: draft.version().0,
            tag: draft.tag.to_string(),
            repository: draft.repo.to_string(),
            cd: state.cd.as_ref().map(promotion::Cd::from),
            pending: pending.iter().map(|(run, pending)| Pending::new(*run, pending)).collect(),
            failed_jobs: failed.iter().map(Job::from).collect(),
            asks,
        }
    }
}
