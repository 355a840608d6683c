//! The demo's release host.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::github::{NewRelease, Repo, TagObject};
use super::latency::Wire;
use super::server::server_time;
use super::world::World;
use super::{HOST, Latency, Refusal, Store, convert};
use crate::domain::cd::CdQuery;
use crate::domain::cd::{CdJob, CdRun};
use crate::domain::cd_act::PendingDeployment;
use crate::domain::commit::{
    Ancestry, Commit, CommitComment, HostIdentity, ReleaseAsset, ReleaseState, Repository, TagState,
};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug, TagName};
use crate::domain::job_log::JobLog;
use crate::domain::promotion::PromotionPlan;
use crate::domain::text;
use crate::ports::{Clock, Journaled, ReleaseHost};

/// How far before the requested time a CD run may have started: server times are truncated.
const SKEW: SignedDuration = SignedDuration::from_secs(1);

/// A release host over a [`Store`].
#[allow(missing_debug_implementations)]
pub struct DemoHost {
    pub(super) store: Store,
    wire: Wire,
}

impl DemoHost {
    pub fn new(store: Store, clock: Arc<dyn Clock>, latency: Latency) -> Self {
        Self { store, wire: Wire::new(clock, latency) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.wire.clock().now()
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        repo: &RepoSlug,
        operation: String,
        f: impl FnOnce(&Repo) -> Result<T, Refusal> + Send + 'static,
    ) -> Outcome<T> {
        self.wire.pass().await;
        let slug = repo.clone();
        let done = self.store.look_async(move |world| f(repo_of(world, &slug)?)).await?;
        done.map_err(|r| r.into_failure(Service::Github, operation))
    }

    async fn write<T: Send + 'static>(
        &self,
        repo: &RepoSlug,
        operation: String,
        f: impl FnOnce(&mut Repo, &str, Timestamp) -> Result<T, Refusal> + Send + 'static,
    ) -> Outcome<T> {
        self.wire.pass().await;
        let now = server_time(self.wire.clock().now());
        let slug = repo.clone();
        let change = move |world: &mut World| {
            repo_of(world, &slug)?;
            f(&mut world.repo, &world.identity.login, now)
        };
        self.store.change_async(change).await?.map_err(|r| r.into_failure(Service::Github, operation))
    }
}

fn repo_of<'a>(world: &'a World, slug: &RepoSlug) -> Result<&'a Repo, Refusal> {
    if world.repo.slug == *slug {
        return Ok(&world.repo);
    }
    Err(Refusal::NotFound(format!("the demo has no repository {slug}; it has {}", world.repo.slug)))
}

#[async_trait]
impl ReleaseHost for DemoHost {
    fn host(&self) -> String {
        HOST.to_owned()
    }

    async fn whoami(&self) -> Outcome<HostIdentity> {
        self.wire.pass().await;
        let me = self.store.look_async(|world| world.identity.clone()).await?;
        let name = Some(text::clean_line(&me.name));
        Ok(HostIdentity { login: text::clean_line(&me.login), id: me.id, name, email: None, host_time: None })
    }

    async fn repository(&self, repo: &RepoSlug) -> Outcome<Repository> {
        self.read(repo, format!("read repository {repo}"), |repo| {
            Ok(Repository {
                default_branch: text::clean_line(&repo.default_branch),
                can_push: Some(true),
                archived: false,
                web_url: convert::repo_page(&repo.slug),
            })
        })
        .await
    }

    async fn commit(&self, repo: &RepoSlug, rev: &str) -> Outcome<Commit> {
        let wanted = rev.to_owned();
        self.read(repo, format!("read commit '{}' of {repo}", text::clean_line(rev)), move |repo| {
            let (sha, commit) = repo.resolve(&wanted)?;
            Ok(convert::commit(&repo.slug, sha, commit))
        })
        .await
    }

    async fn ancestry(&self, repo: &RepoSlug, branch: &str, commit: &CommitSha) -> Outcome<Ancestry> {
        let (onto, sha) = (branch.to_owned(), commit.clone());
        let operation = format!("find commit {} on branch '{}' of {repo}", commit.short(), text::clean_line(branch));
        self.read(repo, operation, move |repo| {
            Ok(if repo.is_on_branch(&onto, &sha)? { Ancestry::OnBranch } else { Ancestry::OffBranch })
        })
        .await
    }

    async fn tag(&self, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<TagState>> {
        let name = tag.clone();
        self.read(repo, format!("read tag '{tag}' of {repo}"), move |repo| {
            Ok(repo.peel(&name).map(|(commit, object)| convert::tag_state(&name, commit, object)))
        })
        .await
    }

    async fn releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>> {
        let (name, marker) = (tag.clone(), marker.to_owned());
        self.read(repo, format!("list the releases of '{tag}' in {repo}"), move |repo| {
            let of_tag = repo.releases.iter().filter(|r| r.tag == name);
            let found = of_tag.filter(|r| !r.draft || r.body.contains(&marker));
            Ok(found.map(|r| convert::release_state(repo, r)).collect())
        })
        .await
    }

    async fn recent_releases(&self, repo: &RepoSlug, _pages: usize) -> Outcome<(Vec<ReleaseState>, bool)> {
        self.read(repo, format!("list the releases of {repo}"), move |repo| {
            let published = repo.releases.iter().rev().filter(|r| !r.draft);
            Ok((published.map(|r| convert::release_state(repo, r)).collect(), true))
        })
        .await
    }

    async fn release(&self, repo: &RepoSlug, id: u64) -> Outcome<Option<ReleaseState>> {
        self.read(repo, format!("read release {id} of {repo}"), move |repo| {
            Ok(repo.release(id).ok().map(|found| convert::release_state(repo, found)))
        })
        .await
    }

    async fn workflow(&self, repo: &RepoSlug, file: &str) -> Outcome<Result<(), String>> {
        let (wanted, shown) = (file.to_owned(), text::clean_line(file));
        self.read(repo, format!("read workflow '{shown}' of {repo}"), move |repo| {
            Ok(repo.workflow(&wanted).map(drop).ok_or_else(|| format!("{} has no workflow '{shown}'", repo.slug)))
        })
        .await
    }

    async fn cd_runs(&self, repo: &RepoSlug, query: &CdQuery) -> Outcome<Vec<CdRun>> {
        let (query, now) = (query.clone(), self.wire.clock().now());
        self.read(repo, format!("list the CD runs of '{}' in {repo}", query.tag), move |repo| {
            let since = query.since.and_then(|since| since.checked_sub(SKEW).ok()).unwrap_or(Timestamp::MIN);
            let workflow = match query.workflow.as_deref().map(|name| repo.workflow(name)) {
                Some(None) => return Ok(Vec::new()),
                named => named.flatten(),
            };
            let found = repo.runs.iter().rev().filter(|run| {
                workflow.is_none_or(|w| w.file == run.workflow)
                    && run.trigger.event().is_some_and(|event| query.counts(event))
                    && run.tag == query.tag
                    && run.commit == query.commit
                    && run.created_at >= since
            });
            Ok(found.map(|run| convert::cd_run(repo, run, now)).collect())
        })
        .await
    }

    async fn cd_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        let now = self.wire.clock().now();
        self.read(repo, format!("read CD run {id} of {repo}"), move |repo| {
            Ok(convert::cd_run(repo, repo.run(id)?, now))
        })
        .await
    }

    async fn cd_jobs(&self, repo: &RepoSlug, id: u64) -> Outcome<Vec<CdJob>> {
        let now = self.wire.clock().now();
        self.read(repo, format!("read the jobs of CD run {id} of {repo}"), move |repo| {
            Ok(repo.progress(repo.run(id)?, now).1.into_iter().map(convert::cd_job).collect())
        })
        .await
    }

    async fn job_log(&self, repo: &RepoSlug, job: u64) -> Outcome<JobLog> {
        let now = self.wire.clock().now();
        let log = self.read(repo, format!("read the log of job {job} of {repo}"), move |repo| repo.job_log(job, now));
        Ok(JobLog::of(log.await?.as_bytes(), false))
    }

    async fn pending_deployments(&self, repo: &RepoSlug, run: u64) -> Outcome<Vec<PendingDeployment>> {
        let (now, me) = (self.wire.clock().now(), self.store.look_async(|world| world.identity.login.clone()).await?);
        let operation = format!("read what run {run} of {repo} waits for");
        let pending = self.read(repo, operation, move |repo| repo.pending(run, now)).await?;
        Ok(pending.into_iter().map(|there| convert::pending(there, &me)).collect())
    }

    fn tag_page(&self, repo: &RepoSlug, tag: &TagName) -> String {
        convert::tag_page(repo, tag)
    }

    async fn create_tag_object(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<String> {
        let signer = &plan.draft.signer;
        let object = TagObject {
            tag: plan.draft.tag.clone(),
            message: plan.tag_message.clone(),
            commit: plan.commit().clone(),
            tagger: signer.name.clone().unwrap_or_else(|| signer.login.clone()),
            email: signer.email.clone(),
            at: plan.signed_at,
        };
        let operation = format!("create the tag object for '{}' in {}", plan.draft.tag, plan.draft.repo);
        self.write(&plan.draft.repo, operation, |repo, _, _| repo.create_tag_object(object)).await
    }

    async fn create_tag_ref(&self, _journaled: &Journaled, plan: &PromotionPlan, object: &str) -> Outcome<()> {
        let (tag, object) = (plan.draft.tag.clone(), object.to_owned());
        let operation = format!("create the tag '{tag}' in {}", plan.draft.repo);
        self.write(&plan.draft.repo, operation, move |repo, _, now| repo.create_tag_ref(&tag, &object, now)).await
    }

    async fn create_release(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<ReleaseState> {
        let (tag, title, body) = (plan.draft.tag.clone(), plan.draft.title.clone(), plan.body().into_owned());
        let operation = format!("draft the release '{}' in {}", plan.draft.tag, plan.draft.repo);
        self.write(&plan.draft.repo, operation, move |repo, login, now| {
            let new = NewRelease { tag, title, body, draft: true, author: login.to_owned() };
            let id = repo.create_release(new, now)?;
            Ok(convert::release_state(repo, repo.release(id)?))
        })
        .await
    }

    async fn attach(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        release: &ReleaseState,
        name: &str,
        bytes: &[u8],
    ) -> Outcome<ReleaseAsset> {
        let (id, owned, bytes) = (release.id, name.to_owned(), bytes.to_vec());
        let operation = format!("attach {} to the release of {} in {repo}", text::clean_line(name), release.tag);
        self.write(repo, operation, move |repo, login, now| {
            Ok(convert::asset(&repo.attach(id, &owned, &bytes, login, now)?))
        })
        .await
    }

    async fn remove_unfinished_asset(&self, _journaled: &Journaled, repo: &RepoSlug, asset: u64) -> Outcome<()> {
        self.write(repo, format!("remove the file {asset} in {repo}"), move |repo, _, _| match repo.asset(asset) {
            Ok((_, found)) if !found.complete => repo.remove_asset(asset),
            // Already gone counts as removed; a finished upload stays.
            _ => Ok(()),
        })
        .await
    }

    async fn comment(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        commit: &CommitSha,
        body: &str,
    ) -> Outcome<CommitComment> {
        let me = self.store.look_async(|world| world.identity.id).await?;
        let (slug, commit, body) = (repo.clone(), commit.clone(), body.to_owned());
        let operation = format!("comment on commit {} in {repo}", commit.short());
        self.write(repo, operation, move |repo, login, now| {
            Ok(convert::comment(&slug, &repo.comment(&commit, (login, me), &body, now)?))
        })
        .await
    }

    async fn publish_release(&self, _journaled: &Journaled, repo: &RepoSlug, id: u64) -> Outcome<ReleaseState> {
        self.write(repo, format!("publish the draft release {id} in {repo}"), move |repo, _, now| {
            repo.publish_release(id, now)?;
            Ok(convert::release_state(repo, repo.release(id)?))
        })
        .await
    }

    async fn dispatch(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<()> {
        let tag = plan.draft.tag.clone();
        let operation = format!("start CD on '{tag}' in {}", plan.draft.repo);
        let Some(workflow) = plan.draft.cd.workflow.clone() else {
            let reason = "no workflow file is named, and a dispatch needs one";
            return Err(Failure::new(FailureKind::Config, Service::Github, operation, reason));
        };
        self.write(&plan.draft.repo, operation, move |repo, _, now| repo.dispatch(&workflow, &tag, now)).await
    }

    async fn rerun_failed(&self, _journaled: &Journaled, repo: &RepoSlug, run: u64) -> Outcome<()> {
        let operation = format!("run the failed jobs of run {run} of {repo} again");
        self.write(repo, operation, move |repo, _, now| repo.rerun(run, now)).await
    }

    async fn approve_deployments(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        run: u64,
        environments: &[u64],
        _comment: &str,
    ) -> Outcome<()> {
        let (operation, ids) = (format!("approve the deployment of run {run} of {repo}"), environments.to_vec());
        let at = self.wire.clock().now();
        self.write(repo, operation, move |repo, login, _| repo.approve(run, &ids, login, at)).await
    }
}
