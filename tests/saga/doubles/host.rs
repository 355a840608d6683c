//! The release host's double.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use signoff::domain::cd::CdQuery;
use signoff::domain::cd::{CdJob, CdRun};
use signoff::domain::cd_act::PendingDeployment;
use signoff::domain::commit::{
    Ancestry, Commit, CommitComment, HostIdentity, ReleaseAsset, ReleaseState, Repository, TagState,
};
use signoff::domain::failure::{Outcome, Service};
use signoff::domain::ids::{CommitSha, RepoSlug, TagName};
use signoff::domain::promotion::PromotionPlan;
use signoff::ports::{Journaled, ReleaseHost};

use super::Script;

const GITHUB: Service = Service::Github;

type Change<T> = Mutex<Option<Box<dyn Fn(&mut T) + Send>>>;

/// A release host whose calls go through a script.
pub struct FaultyHost {
    pub inner: Arc<dyn ReleaseHost>,
    pub script: Script,
    /// Changes the reported repository.
    pub repository: Change<Repository>,
    /// Changes the owner of the token.
    pub identity: Change<HostIdentity>,
    /// Changes the reported CD run.
    pub cd_run: Change<CdRun>,
    /// Filtered lists of runs show nothing.
    pub blind: AtomicBool,
}

impl FaultyHost {
    pub fn new(inner: Arc<dyn ReleaseHost>, script: Script) -> Self {
        Self {
            inner,
            script,
            repository: Mutex::default(),
            identity: Mutex::default(),
            cd_run: Mutex::default(),
            blind: AtomicBool::default(),
        }
    }
}

fn changed<T>(change: &Change<T>, mut value: T) -> T {
    if let Some(change) = &*change.lock().unwrap() {
        change(&mut value);
    }
    value
}

#[async_trait]
impl ReleaseHost for FaultyHost {
    fn host(&self) -> String {
        self.inner.host()
    }

    async fn whoami(&self) -> Outcome<HostIdentity> {
        let me = self.script.read(GITHUB, "whoami", self.inner.whoami()).await?;
        Ok(changed(&self.identity, me))
    }

    async fn repository(&self, repo: &RepoSlug) -> Outcome<Repository> {
        let read = self.script.read(GITHUB, "repository", self.inner.repository(repo)).await?;
        Ok(changed(&self.repository, read))
    }

    async fn commit(&self, repo: &RepoSlug, rev: &str) -> Outcome<Commit> {
        self.script.read(GITHUB, "commit", self.inner.commit(repo, rev)).await
    }

    async fn ancestry(&self, repo: &RepoSlug, branch: &str, commit: &CommitSha) -> Outcome<Ancestry> {
        self.script.read(GITHUB, "ancestry", self.inner.ancestry(repo, branch, commit)).await
    }

    async fn tag(&self, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<TagState>> {
        let there = self.script.read(GITHUB, "tag", self.inner.tag(repo, tag)).await?;
        Ok(there.filter(|_| !self.script.is_hidden("tag")))
    }

    async fn releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>> {
        let there = self.script.read(GITHUB, "releases", self.inner.releases(repo, tag, marker)).await?;
        Ok(if !there.is_empty() && self.script.is_hidden("releases") { Vec::new() } else { there })
    }

    async fn recent_releases(&self, repo: &RepoSlug, pages: usize) -> Outcome<(Vec<ReleaseState>, bool)> {
        self.script.read(GITHUB, "recent_releases", self.inner.recent_releases(repo, pages)).await
    }

    async fn release(&self, repo: &RepoSlug, id: u64) -> Outcome<Option<ReleaseState>> {
        self.script.read(GITHUB, "release", self.inner.release(repo, id)).await
    }

    async fn workflow(&self, repo: &RepoSlug, file: &str) -> Outcome<Result<(), String>> {
        self.script.read(GITHUB, "workflow", self.inner.workflow(repo, file)).await
    }

    async fn cd_runs(&self, repo: &RepoSlug, query: &CdQuery) -> Outcome<Vec<CdRun>> {
        let there = self.script.read(GITHUB, "cd_runs", self.inner.cd_runs(repo, query)).await?;
        if !query.wide && self.blind.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        if !there.is_empty() && self.script.is_hidden("cd_runs") {
            return Ok(Vec::new());
        }
        Ok(there.into_iter().map(|run| changed(&self.cd_run, run)).collect())
    }

    async fn cd_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        let run = self.script.read(GITHUB, "cd_run", self.inner.cd_run(repo, id)).await?;
        Ok(changed(&self.cd_run, run))
    }

    async fn cd_jobs(&self, repo: &RepoSlug, id: u64) -> Outcome<Vec<CdJob>> {
        self.script.read(GITHUB, "cd_jobs", self.inner.cd_jobs(repo, id)).await
    }

    async fn pending_deployments(&self, repo: &RepoSlug, run: u64) -> Outcome<Vec<PendingDeployment>> {
        self.script.read(GITHUB, "pending_deployments", self.inner.pending_deployments(repo, run)).await
    }

    fn tag_page(&self, repo: &RepoSlug, tag: &TagName) -> String {
        self.inner.tag_page(repo, tag)
    }

    async fn create_tag_object(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<String> {
        let call = self.inner.create_tag_object(journaled, plan);
        self.script.write(GITHUB, "create_tag_object", journaled, call).await
    }

    async fn create_tag_ref(&self, journaled: &Journaled, plan: &PromotionPlan, object: &str) -> Outcome<()> {
        let call = self.inner.create_tag_ref(journaled, plan, object);
        self.script.write(GITHUB, "create_tag_ref", journaled, call).await
    }

    async fn create_release(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<ReleaseState> {
        let call = self.inner.create_release(journaled, plan);
        self.script.write(GITHUB, "create_release", journaled, call).await
    }

    async fn attach(
        &self,
        journaled: &Journaled,
        repo: &RepoSlug,
        release: &ReleaseState,
        name: &str,
        bytes: &[u8],
    ) -> Outcome<ReleaseAsset> {
        let call = self.inner.attach(journaled, repo, release, name, bytes);
        self.script.write(GITHUB, "attach", journaled, call).await
    }

    async fn remove_unfinished_asset(&self, journaled: &Journaled, repo: &RepoSlug, asset: u64) -> Outcome<()> {
        let call = self.inner.remove_unfinished_asset(journaled, repo, asset);
        self.script.write(GITHUB, "remove_unfinished_asset", journaled, call).await
    }

    async fn comment(
        &self,
        journaled: &Journaled,
        repo: &RepoSlug,
        commit: &CommitSha,
        body: &str,
    ) -> Outcome<CommitComment> {
        let call = self.inner.comment(journaled, repo, commit, body);
        self.script.write(GITHUB, "comment", journaled, call).await
    }

    async fn publish_release(&self, journaled: &Journaled, repo: &RepoSlug, id: u64) -> Outcome<ReleaseState> {
        let call = self.inner.publish_release(journaled, repo, id);
        self.script.write(GITHUB, "publish_release", journaled, call).await
    }

    async fn dispatch(&self, journaled: &Journaled, plan: &PromotionPlan) -> Outcome<()> {
        let call = self.inner.dispatch(journaled, plan);
        self.script.write(GITHUB, "dispatch", journaled, call).await
    }

    async fn rerun_failed(&self, journaled: &Journaled, repo: &RepoSlug, run: u64) -> Outcome<()> {
        let call = self.inner.rerun_failed(journaled, repo, run);
        self.script.write(GITHUB, "rerun_failed", journaled, call).await
    }

    async fn approve_deployments(
        &self,
        journaled: &Journaled,
        repo: &RepoSlug,
        run: u64,
        environments: &[u64],
        comment: &str,
    ) -> Outcome<()> {
        let call = self.inner.approve_deployments(journaled, repo, run, environments, comment);
        self.script.write(GITHUB, "approve_deployments", journaled, call).await
    }
}
