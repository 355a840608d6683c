//! What the core needs from the outside, as traits that adapters implement.
//!
//! Reading ports may be called at any time. Every *writing* method takes a [`Journaled`] token, which only
//! [`Ledger::append`] can make: the compiler enforces that no server is written to before the journal is on disk.

pub mod code;
pub mod names;
pub mod notify;
pub mod other;
pub mod records;
pub mod tracking;
pub mod witness;

pub use other::OtherTarget;

use async_trait::async_trait;
use futures_util::future::try_join;
use jiff::Timestamp;

use crate::domain::cd::{CdJob, CdQuery, CdRun};
use crate::domain::cd_act::PendingDeployment;
use crate::domain::commit::{
    Ancestry, Commit, CommitComment, HostIdentity, ReleaseAsset, ReleaseState, Repository, TagState,
};
use crate::domain::deployment::{ApprovalTask, DeploymentRun};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, ExperimentId, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::job_log::JobLog;
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::promotion::{Entry, Event, PromotionPlan, StoredPromotion};
use crate::domain::registry::{
    ModelVersion, Permission, PromotionTarget, RegisteredModel, RegistryInfo, RegistryUser, SignInEnd, Stage, Told,
    TransitionRequest, join_aliases,
};
use crate::domain::run::Run;
use crate::domain::text::clean_line;

/// Reads and writes the model registry and the runs behind it.
///
/// The adapter may retry all reads, but never a write.
#[async_trait]
pub trait ModelRegistry: Send + Sync {
    /// The registry's URL without credentials, for display and records.
    fn url(&self) -> String;
    /// The workspace in use; none on servers without workspaces.
    async fn workspace(&self) -> Outcome<Option<String>> {
        Ok(None)
    }
    /// The workspace that the configuration names, whether or not the server has workspaces.
    fn named_workspace(&self) -> Option<String> {
        None
    }
    /// Server version, user and capabilities.
    async fn info(&self) -> Outcome<RegistryInfo>;
    /// The user as [`Self::info`] says it, where nothing else is wanted.
    async fn user(&self) -> Outcome<RegistryUser> {
        let info = self.info().await?;
        Ok(RegistryUser { name: info.user, kind: info.user_kind })
    }
    /// When the sign-in ends, where the registry tells.
    async fn sign_in_ends(&self) -> Outcome<Option<SignInEnd>> {
        Ok(None)
    }
    /// What this registry moves by default, where only the server could tell which registry it is.
    async fn usual_target(&self) -> Outcome<Option<PromotionTarget>> {
        Ok(None)
    }
    /// The most tags of a version; none if the registry sets no limit.
    fn most_tags(&self) -> Option<usize> {
        None
    }
    /// What the signed-in user may do with this model; none if the server does not say.
    async fn permission(&self, _model: &ModelName) -> Outcome<Option<Permission>> {
        Ok(None)
    }
    /// A run of a model's deployment job, where the registry has such jobs.
    async fn deployment_run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        Err(no_jobs(format!("read run {} of the deployment job {}", clean_line(run), clean_line(job))))
    }
    /// What the signed-in user may do with a deployment job; none if the server does not say.
    async fn may_repair(&self, _job: &str) -> Outcome<Option<Permission>> {
        Ok(None)
    }
    /// Whether the registry keeps requests to move a version to a stage, as far as it is known without a request.
    fn keeps_requests(&self) -> bool {
        false
    }
    /// The open requests to move a version to a stage; none on registries that have no such requests.
    async fn requests(&self, _model: &ModelName, _number: VersionNumber) -> Outcome<Vec<TransitionRequest>> {
        Ok(Vec::new())
    }
    /// One page of models in name order, without prompts, filtered to names that contain `name_like`.
    async fn models(&self, name_like: Option<&str>, page: Option<&str>) -> Outcome<Page<RegisteredModel>>;
    /// One model with its aliases. [`FailureKind::NotFound`] if it does not exist or is a prompt.
    async fn model(&self, name: &ModelName) -> Outcome<RegisteredModel>;
    /// One page of a model's versions, highest number first, with their aliases.
    async fn versions(&self, model: &ModelName, page: Option<&str>) -> Outcome<Page<ModelVersion>>;
    /// One version with its aliases.
    async fn version(&self, model: &ModelName, number: VersionNumber) -> Outcome<ModelVersion>;
    /// The versions that name this run, of all models, without aliases: where a model is under another name now.
    async fn versions_of_run(&self, _run: &RunId) -> Outcome<Vec<ModelVersion>> {
        Ok(Vec::new())
    }
    /// The version an alias points to. [`FailureKind::NotFound`] if the alias does not exist.
    async fn version_by_alias(&self, model: &ModelName, alias: &str) -> Outcome<ModelVersion>;
    /// Every version that is in production by `target`, ascending by number. May be none or several. Where a stage is
    /// the target, without their aliases.
    async fn holders(&self, model: &ModelName, target: &PromotionTarget) -> Outcome<Vec<ModelVersion>>;
    /// One version and [`Self::holders`], all with their aliases: what a decision is about, in few requests.
    async fn with_holders(
        &self,
        model: &ModelName,
        number: VersionNumber,
        target: &PromotionTarget,
    ) -> Outcome<(ModelVersion, Vec<ModelVersion>)> {
        let (version, mut holders) = try_join(self.version(model, number), self.holders(model, target)).await?;
        if matches!(target, PromotionTarget::Stage(_)) && holders.iter().any(|holder| holder.number != number) {
            join_aliases(&mut holders, &self.model(model).await?.aliases);
        }
        Ok((version, holders))
    }
    /// As [`Self::with_holders`], in fewer requests still; where a stage is the target, the aliases are left to chance.
    async fn at_a_glance(
        &self,
        model: &ModelName,
        number: VersionNumber,
        target: &PromotionTarget,
    ) -> Outcome<(ModelVersion, Vec<ModelVersion>)> {
        try_join(self.version(model, number), self.holders(model, target)).await
    }
    /// The readable runs among these ids, deleted ones included, in any order, in few requests.
    async fn runs(&self, ids: &[RunId]) -> Outcome<Vec<Run>>;
    /// The readable logged models among these ids, in any order, in few requests. A server that keeps none says nothing
    /// of any.
    async fn logged_models(&self, ids: &[String]) -> Outcome<Vec<LoggedModel>>;
    /// URL of a version's web page, if the server has one.
    fn version_page(&self, model: &ModelName, number: VersionNumber) -> Option<String>;
    /// URL of a run's web page.
    fn run_page(&self, experiment: &ExperimentId, run: &RunId) -> Option<String>;
    /// URL of the web page of a Databricks job run, where it can be known.
    fn job_page(&self, _job: &JobRun) -> Option<String> {
        None
    }

    /// The target that CD copies versions to, where that is another.
    fn other(&self) -> Option<&OtherTarget> {
        None
    }

    /// Whether tags may hold what people wrote, such as reasons.
    fn tags_hold_text(&self) -> bool {
        true
    }
    /// Sets (or overwrites) a version tag.
    async fn set_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Outcome<()>;
    /// Deletes a version tag; a missing one is fine.
    async fn delete_version_tag(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
    ) -> Outcome<()>;
    /// Transitions a version to a stage; with `archive_existing` all other versions in it become Archived. Registries
    /// that keep comments keep `comment` with it.
    async fn move_stage(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        comment: &str,
    ) -> Outcome<()>;
    /// Tells of a decision that moves nothing: rejects the open request that it answers, or comments. Does nothing on
    /// registries that keep neither.
    async fn tell(
        &self,
        _journaled: &Journaled,
        _model: &ModelName,
        _number: VersionNumber,
        _told: &Told,
    ) -> Outcome<()> {
        Ok(())
    }
    /// Runs this task of the run again, and those behind it. Refused unless `after` is the last repair of the run.
    async fn repair_deployment(
        &self,
        _journaled: &Journaled,
        asked: &ApprovalTask,
        _after: Option<&str>,
    ) -> Outcome<()> {
        Err(no_jobs(format!("repair {}", clean_line(&asked.name()))))
    }
    /// Points an alias to a version.
    async fn set_alias(
        &self,
        journaled: &Journaled,
        model: &ModelName,
        alias: &str,
        number: VersionNumber,
    ) -> Outcome<()>;
    /// Deletes an alias; a missing one is fine.
    async fn delete_alias(&self, journaled: &Journaled, model: &ModelName, alias: &str) -> Outcome<()>;
}

/// Reads and writes the repository that holds the releases.
#[async_trait]
pub trait ReleaseHost: Send + Sync {
    /// The host's name, such as `github.com`.
    fn host(&self) -> String;
    /// The token's owner. [`FailureKind::Forbidden`] for tokens that belong to no user.
    async fn whoami(&self) -> Outcome<HostIdentity>;
    /// The repository and the token's permissions on it.
    async fn repository(&self, repo: &RepoSlug) -> Outcome<Repository>;
    /// Resolves anything Git would (an abbreviation, a branch, a full id) to a commit.
    async fn commit(&self, repo: &RepoSlug, rev: &str) -> Outcome<Commit>;
    /// The position of `commit` relative to `branch`.
    async fn ancestry(&self, repo: &RepoSlug, branch: &str, commit: &CommitSha) -> Outcome<Ancestry>;
    /// The tag, peeled; none if the name is free.
    async fn tag(&self, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<TagState>>;
    /// Every release of this tag, and drafts whose body contains `marker`. Usually none or one.
    async fn releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>>;
    /// Published releases of the repository, newest first, at most `pages` pages of a hundred, and whether that is all.
    async fn recent_releases(&self, repo: &RepoSlug, pages: usize) -> Outcome<(Vec<ReleaseState>, bool)> {
        let operation = format!("list the {} newest releases of {repo}", pages * 100);
        Err(unsupported(Service::Github, operation, "this host does not list releases"))
    }
    /// As [`Self::releases`], for a look at what is known to be there: only as the list shows it.
    async fn listed_releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>> {
        self.releases(repo, tag, marker).await
    }
    /// One release by its id, draft or not; none if it does not exist. Shows recent writes even if the list lags
    /// behind.
    async fn release(&self, repo: &RepoSlug, id: u64) -> Outcome<Option<ReleaseState>>;
    /// Whether the workflow file exists and is enabled; if not, a sentence that says why.
    async fn workflow(&self, repo: &RepoSlug, file: &str) -> Outcome<Result<(), String>>;
    /// Runs that match, newest first.
    async fn cd_runs(&self, repo: &RepoSlug, query: &CdQuery) -> Outcome<Vec<CdRun>>;
    /// The current state of one run.
    async fn cd_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun>;
    /// The jobs of a run's latest attempt.
    async fn cd_jobs(&self, repo: &RepoSlug, id: u64) -> Outcome<Vec<CdJob>>;
    /// The log of a job that has ended; of a large one, its end.
    async fn job_log(&self, repo: &RepoSlug, job: u64) -> Outcome<JobLog> {
        Err(unsupported(Service::Github, format!("read the log of job {job} of {repo}"), "this host keeps no logs"))
    }
    /// The environments whose approval a run waits for.
    async fn pending_deployments(&self, _repo: &RepoSlug, _run: u64) -> Outcome<Vec<PendingDeployment>> {
        Ok(Vec::new())
    }
    /// URL of the release, tag or repository page.
    fn tag_page(&self, repo: &RepoSlug, tag: &TagName) -> String;

    /// Creates the annotated tag object. The same plan always makes the same object.
    async fn create_tag_object(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<String>;
    /// Creates the tag ref if the name is free; otherwise [`FailureKind::Conflict`] or [`FailureKind::Rejected`].
    async fn create_tag_ref(&self, journaled: &Journaled, plan: &PromotionPlan, object: &str) -> Outcome<()>;
    /// Drafts the release on the existing tag: a draft is not public and starts nothing.
    async fn create_release(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<ReleaseState>;
    /// Uploads a release asset. [`FailureKind::Conflict`] if one with that name exists.
    async fn attach(
        &self,
        journaled: &Journaled,
        repo: &RepoSlug,
        release: &ReleaseState,
        name: &str,
        bytes: &[u8],
    ) -> Outcome<ReleaseAsset>;
    /// Deletes an asset left by an interrupted upload; never one whose upload finished.
    async fn remove_unfinished_asset(&self, journaled: &Journaled, repo: &RepoSlug, asset: u64) -> Outcome<()>;
    /// Comments on a commit as the token's owner.
    async fn comment(
        &self,
        journaled: &Journaled,
        repo: &RepoSlug,
        commit: &CommitSha,
        body: &str,
    ) -> Outcome<CommitComment>;
    /// Publishes a draft.
    async fn publish_release(&self, journaled: &Journaled, repo: &RepoSlug, id: u64) -> Outcome<ReleaseState>;
    /// Sends `workflow_dispatch` with the tag as ref.
    async fn dispatch(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<()>;
    /// Runs the failed jobs of a run again, and those that need them: its next attempt.
    async fn rerun_failed(&self, _journaled: &Journaled, repo: &RepoSlug, run: u64) -> Outcome<()> {
        let operation = format!("run the failed jobs of run {run} of {repo} again");
        Err(unsupported(Service::Github, operation, "this host does not run jobs again"))
    }
    /// Approves the deployments of a run to these environments as the token's owner.
    async fn approve_deployments(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        run: u64,
        _environments: &[u64],
        _comment: &str,
    ) -> Outcome<()> {
        let operation = format!("approve the deployment of run {run} of {repo}");
        Err(unsupported(Service::Github, operation, "this host asks nobody"))
    }
}

/// The clock, and ids derived from it.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
    /// The current UTC offset of local time in seconds, positive to the east.
    fn utc_offset_s(&self) -> i32 {
        0
    }
    /// A new promotion id.
    fn new_id(&self) -> PromotionId;
    /// How long after its start a write without an answer may still take effect. GitHub ends requests after ten seconds,
    /// and its replicas lag; MLflow sets no bound, and proxies commonly give up after a minute.
    fn late(&self, service: Service) -> std::time::Duration {
        std::time::Duration::from_secs(match service {
            Service::Github => 30,
            Service::Mlflow | Service::Journal | Service::Config | Service::Local => 60,
        })
    }
    /// Sleeps; returns at once in tests.
    fn sleep(&self, duration: std::time::Duration) -> futures_util::future::BoxFuture<'static, ()>;
}

/// Storage of journals.
#[async_trait]
pub trait JournalStore: Send + Sync {
    /// Creates a journal and locks it for writing.
    async fn create(&self, id: PromotionId) -> Outcome<Box<dyn JournalFile>>;
    /// Locks an existing journal for writing, repairs a torn tail and returns its entries. [`FailureKind::Conflict`] if
    /// another process holds it.
    async fn open(&self, id: PromotionId) -> Outcome<(Vec<Entry>, Box<dyn JournalFile>)>;
    /// Reads one journal without locking it.
    async fn read(&self, id: PromotionId) -> Outcome<Vec<Entry>>;
    /// Removes a journal that holds no complete entry, and returns what it holds; none if there is an entry, or another
    /// process holds it.
    async fn clear(&self, id: PromotionId) -> Outcome<Option<String>>;
    /// Reads all journals, newest first.
    async fn list(&self) -> Outcome<Vec<StoredPromotion>>;
}

/// One journal, locked for writing until dropped.
#[async_trait]
pub trait JournalFile: Send + Sync {
    /// Appends one entry and returns when it is on disk.
    async fn append(&mut self, entry: &Entry) -> Outcome<()>;
}

/// Proof that an entry is on disk. Only [`Ledger::append`] makes one.
#[derive(Debug)]
pub struct Journaled {
    seq: u64,
}

impl Journaled {
    /// Only for [`Ledger`] and [`records::Chain`]: the entry at `seq` is on disk.
    fn at(seq: u64) -> Self {
        Self { seq }
    }

    /// Position of the entry that this token proves.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

/// A journal being written: numbers and timestamps entries.
#[allow(missing_debug_implementations)]
pub struct Ledger {
    file: Box<dyn JournalFile>,
    next_seq: u64,
}

impl Ledger {
    /// Wraps a locked journal whose next entry gets number `next_seq`.
    pub fn new(file: Box<dyn JournalFile>, next_seq: u64) -> Self {
        Self { file, next_seq }
    }

    /// Appends one event. Returns the entry and the proof once it is on disk.
    ///
    /// # Errors
    /// [`FailureKind::Local`] if the disk write fails. Then nothing may be written to any server.
    pub async fn append(&mut self, at: Timestamp, event: Event) -> Outcome<(Entry, Journaled)> {
        let entry = Entry { v: event.format(), seq: self.next_seq, at, event };
        self.file.append(&entry).await?;
        self.next_seq += 1;
        let seq = entry.seq;
        Ok((entry, Journaled::at(seq)))
    }
}

/// What the UI needs from the desktop.
#[async_trait]
pub trait Desktop: Send + Sync {
    /// Whether a browser that is opened here is seen by the user.
    fn has_browser(&self) -> bool {
        true
    }
    /// Opens a page in the browser.
    async fn open_url(&self, url: &str) -> Outcome<()>;
}

/// The failure of a registry that is asked what is in production where it does not say so.
pub fn told_by_releases(model: &ModelName) -> Failure {
    let operation = format!("read which version of {model} is in production");
    unsupported(Service::Mlflow, operation, "the registry does not say it: releases do")
}

fn no_jobs(operation: String) -> Failure {
    unsupported(Service::Mlflow, operation, "this registry has no deployment jobs")
}

/// The failure for an operation this server does not support.
pub fn unsupported(service: Service, operation: impl Into<String>, reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, service, operation, reason)
}
