//! [`ReleaseHost`] over GitHub's REST API.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use http::Method;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::connection::Connection;
use super::convert;
use super::routes;
use super::transfer::upload_address;
use super::wire;
use crate::adapters::http::{Access, Listed, Part, read_pages};
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
use crate::domain::record::seal::sha256;
use crate::domain::text;
use crate::ports::{Journaled, ReleaseHost, unsupported};

/// Most pages of a list that are read: a thousand releases, a thousand jobs.
const MAX_PAGES: usize = 10;
/// Most pages of all runs of a repository: three hundred.
const WIDE_PAGES: usize = 3;
/// Annotated tags may point to annotated tags; nobody nests them more than once.
const MAX_PEELS: usize = 5;
/// Most bytes of a log that are kept: its end.
const LOG_END: usize = 1 << 20;

/// GitHub or a GitHub Enterprise Server.
#[derive(Debug)]
pub struct GitHub {
    pub(super) client: Client,
    /// Tag objects by id. Their content never changes: the id is its hash.
    objects: Mutex<HashMap<String, Peeled>>,
}

/// What a tag object says: kind and id of its target, and its message, raw.
#[derive(Clone, Debug)]
struct Peeled {
    target: (String, String),
    message: Option<String>,
}

impl GitHub {
    /// Creates the adapter. No lookup or request happens before the first call, which must be made within a tokio
    /// runtime that outlives the adapter's use.
    pub fn new(connection: Connection) -> Self {
        Self { client: Client::new(connection), objects: Mutex::default() }
    }

    /// Converts the response to a read; one that lacks a required field is [`FailureKind::Protocol`].
    pub(super) fn understood<T>(&self, operation: &str, converted: Result<T, String>) -> Outcome<T> {
        converted.map_err(|why| self.client.contradicts(Access::Read, operation, &why))
    }

    /// Converts the response to a write; one that lacks a required field leaves the outcome unknown.
    fn done<T>(&self, operation: &str, converted: Result<T, String>) -> Outcome<T> {
        converted.map_err(|why| self.client.contradicts(Access::Write, operation, &why))
    }

    /// At most `limit` pages of a list, and whether that is all of it. `items` splits a page into its entries and the
    /// total number, if the page has it.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        operation: &str,
        limit: usize,
        path: impl Fn(usize) -> String + Sync,
        items: impl Fn(P) -> (Vec<T>, Option<usize>) + Sync,
    ) -> Outcome<Listed<T>> {
        read_pages(Service::Github, operation, limit, |token| {
            let (path, items) = (&path, &items);
            async move {
                let page = token.parse().unwrap_or(1);
                let (read, bytes) = self.client.sized(operation, &path(page)).await?;
                let (items, total) = items(read);
                let next = if items.len() < routes::PAGE { String::new() } else { (page + 1).to_string() };
                Ok(Part { items, next, bytes, total })
            }
        })
        .await
    }

    /// Reads the repository after a 404 on something in it: only then is the 404 an absence.
    pub(super) async fn surely_readable(&self, repo: &RepoSlug) -> Outcome<Repository> {
        self.repository(repo).await
    }

    /// The releases of a tag, and drafts that carry the marker, as the list shows them, besides one that is known.
    async fn of_tag(
        &self,
        operation: &str,
        repo: &RepoSlug,
        tag: &TagName,
        marker: &str,
        known: Option<wire::Release>,
    ) -> Outcome<Vec<ReleaseState>> {
        let listed: Vec<wire::Release> = self
            .pages(operation, MAX_PAGES, |n| routes::releases_page(repo, n), |all| (all, None))
            .await
            .map_err(|failure| hidden(repo, failure))?
            .items;
        let mut found: Vec<ReleaseState> = Vec::new();
        for release in known.into_iter().chain(listed) {
            if release.tag_name.as_deref() != Some(tag.as_str()) {
                continue;
            }
            let release = self.understood(operation, convert::release(release))?;
            let counts = !release.draft || release.body.contains(marker);
            if counts && !found.iter().any(|r| r.id == release.id) {
                found.push(release);
            }
        }
        found.sort_by_key(|release| release.id);
        Ok(found)
    }

    /// A tag object, read once.
    async fn object(&self, operation: &str, repo: &RepoSlug, id: &str) -> Outcome<Peeled> {
        let key = format!("{repo} {id}");
        if let Some(known) = self.objects.lock().ok().and_then(|known| known.get(&key).cloned()) {
            return Ok(known);
        }
        let tag: wire::TagObject = self.client.read(operation, &routes::tag_object(repo, id)).await?;
        let read = Peeled { target: self.understood(operation, object_parts(tag.object))?, message: tag.message };
        self.keep_object(key, read.clone());
        Ok(read)
    }

    fn keep_object(&self, key: String, object: Peeled) {
        if let Ok(mut known) = self.objects.lock() {
            known.insert(key, object);
        }
    }

    /// Follows an annotated tag to its final target; also returns its message, raw.
    async fn peel(&self, operation: &str, repo: &RepoSlug, object: &str) -> Outcome<(String, Option<String>)> {
        let mut next = object.to_owned();
        let mut message = None;
        for depth in 0..MAX_PEELS {
            let Peeled { target: (kind, sha), message: said } = self.object(operation, repo, &next).await?;
            if depth == 0 {
                message = said;
            }
            if kind != "tag" {
                return Ok((sha, message));
            }
            next = sha;
        }
        self.understood(operation, Err("its tags point to each other in a circle".to_owned()))
    }
}

#[async_trait]
impl ReleaseHost for GitHub {
    fn host(&self) -> String {
        self.client.connection().host.clone()
    }

    async fn whoami(&self) -> Outcome<HostIdentity> {
        let operation = "read who the GitHub token belongs to";
        let (user, host_time) = self.client.read_dated(operation, &routes::user()).await.map_err(|failure| {
            // GitHub's response to tokens of Apps and of Actions only.
            if failure.kind == FailureKind::Forbidden && failure.reason.contains("not accessible by integration") {
                let reason = format!("the token belongs to an app, not to a person ({})", failure.reason);
                Failure { reason, ..failure }.with_hint("Sign with a token of your own account.")
            } else {
                failure
            }
        })?;
        self.understood(operation, convert::identity(user, host_time))
    }

    async fn repository(&self, repo: &RepoSlug) -> Outcome<Repository> {
        let operation = format!("read repository {repo}");
        let read = self.client.read(&operation, &routes::repository(repo)).await;
        self.understood(&operation, convert::repository(read.map_err(|failure| hidden(repo, failure))?))
    }

    async fn commit(&self, repo: &RepoSlug, rev: &str) -> Outcome<Commit> {
        let shown = text::clean_line(rev);
        let operation = format!("read commit {shown} of {repo}");
        // For these, GitHub lists commits or the path leaves the repository.
        if matches!(rev, "" | "." | "..") {
            let reason = format!("'{shown}' does not name a commit");
            return Err(Failure::new(FailureKind::NotFound, Service::Github, operation, reason));
        }
        let read = self.client.read(&operation, &routes::commit(repo, rev)).await;
        // GitHub does not answer 404 for an unknown commit.
        let read = read.map_err(|failure| unknown_commit(hidden(repo, failure)))?;
        self.understood(&operation, convert::commit(read))
    }

    async fn ancestry(&self, repo: &RepoSlug, branch: &str, commit: &CommitSha) -> Outcome<Ancestry> {
        let operation = format!("compare commit {} with {} in {repo}", commit.short(), text::clean_line(branch));
        let read = match self.client.read(&operation, &routes::compare(repo, branch, commit)).await {
            // Which of the two is not there?
            Err(failure) if failure.kind == FailureKind::NotFound => {
                self.commit(repo, commit.as_str()).await?;
                return Err(failure);
            }
            read => read?,
        };
        self.understood(&operation, convert::ancestry(&read))
    }

    async fn tag(&self, repo: &RepoSlug, tag: &TagName) -> Outcome<Option<TagState>> {
        let operation = format!("read tag {tag} of {repo}");
        let there: Vec<wire::GitRef> = self
            .client
            .read(&operation, &routes::tags_beginning(repo, tag))
            .await
            .map_err(|failure| hidden(repo, failure))?;
        let prefix = format!("refs/tags/{tag}");
        if let Some(other) = there.iter().find(|r| r.name.as_ref().is_none_or(|n| !n.starts_with(&prefix))) {
            let other = text::clean_line(other.name.as_deref().unwrap_or_default());
            return self.understood(&operation, Err(format!("it is about '{other}'")));
        }
        let Some(found) = there.into_iter().find(|r| r.name.as_deref() == Some(prefix.as_str())) else {
            return Ok(None);
        };
        let (kind, sha) = self.understood(&operation, object_parts(found.object))?;
        let (commit, object, message) = if kind == "tag" {
            let (commit, message) = self.peel(&operation, repo, &sha).await?;
            (commit, Some(sha), message)
        } else {
            (sha, None, None)
        };
        let message_digest = message.as_ref().map(|m: &String| sha256(m.as_bytes()));
        let message = message.map(|m| text::clean(&m));
        Ok(Some(TagState { name: tag.clone(), commit, object, message, message_digest }))
    }

    async fn releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>> {
        let operation = format!("read the releases of {tag} in {repo}");
        // Drafts are in the list only, and the list shows two releases of one tag where the other endpoint shows one.
        let by_tag = self.client.find::<wire::Release>(&operation, &routes::release_by_tag(repo, tag)).await?;
        self.of_tag(&operation, repo, tag, marker, by_tag).await
    }

    async fn listed_releases(&self, repo: &RepoSlug, tag: &TagName, marker: &str) -> Outcome<Vec<ReleaseState>> {
        self.of_tag(&format!("read the releases of {tag} in {repo}"), repo, tag, marker, None).await
    }

    async fn recent_releases(&self, repo: &RepoSlug, pages: usize) -> Outcome<(Vec<ReleaseState>, bool)> {
        let operation = format!("list the releases of {repo}");
        let listed: Listed<wire::Release> =
            self.pages(&operation, pages, |n| routes::releases_page(repo, n), |all| (all, None)).await?;
        let published = listed.items.into_iter().filter(|r| r.draft != Some(true));
        let releases = published.map(|r| self.understood(&operation, convert::release(r))).collect::<Outcome<_>>()?;
        Ok((releases, listed.complete))
    }

    async fn release(&self, repo: &RepoSlug, id: u64) -> Outcome<Option<ReleaseState>> {
        let operation = format!("read release {id} of {repo}");
        let found = self.client.find::<wire::Release>(&operation, &routes::release(repo, id)).await?;
        if found.is_none() && self.surely_readable(repo).await?.can_push == Some(false) {
            let reason = format!("this token may not write to {repo}, so it does not see drafts");
            return Err(Failure::new(FailureKind::Forbidden, Service::Github, operation, reason)
                .with_hint("Use a token that may write to the repository."));
        }
        found.map(|release| self.understood(&operation, convert::release(release))).transpose()
    }

    async fn workflow(&self, repo: &RepoSlug, file: &str) -> Outcome<Result<(), String>> {
        let shown = text::clean_line(file);
        let operation = format!("read workflow {shown} of {repo}");
        let found = self.client.find::<wire::Workflow>(&operation, &routes::workflow(repo, file)).await?;
        if found.is_none() {
            self.surely_readable(repo).await?;
        }
        Ok(match found.map(|w| w.state) {
            None => Err(format!("{repo} has no workflow {shown}, or the token may not see it")),
            Some(Some(state)) if state == "active" => Ok(()),
            Some(state) => {
                let state = convert::line(state).unwrap_or_else(|| "in an unknown state".to_owned());
                Err(format!("the workflow {shown} of {repo} is {}", state.replace('_', " ")))
            }
        })
    }

    async fn cd_runs(&self, repo: &RepoSlug, query: &CdQuery) -> Outcome<Vec<CdRun>> {
        if query.trigger.event().is_none() {
            return Ok(Vec::new());
        }
        let operation = format!("look for the CD run of {} in {repo}", query.tag);
        let found = if query.wide {
            let page = |page: wire::Runs| (page.workflow_runs, None);
            self.pages(&operation, WIDE_PAGES, |n| routes::all_runs(repo, n), page).await?.items
        } else {
            let path = routes::runs(repo, query.workflow.as_deref(), &query.tag);
            self.client.read::<wire::Runs>(&operation, &path).await?.workflow_runs
        };
        let ours = found.into_iter().filter(|run| convert::belongs(run, query));
        let mut runs = ours.map(|r| self.understood(&operation, convert::run(r))).collect::<Outcome<Vec<CdRun>>>()?;
        if query.wide
            && let Some(file) = &query.workflow
        {
            runs.retain(|run| run.is_of(file));
        }
        if let Some(first) = runs.iter().map(|r| r.created_at).min() {
            for file in &query.chain {
                let read: wire::Runs = self.client.read(&operation, &routes::followers(repo, file)).await?;
                let followers = read.workflow_runs.into_iter().map(convert::run);
                let followers = followers.map(|r| self.understood(&operation, r)).collect::<Outcome<Vec<_>>>()?;
                runs.extend(CdQuery::follower(followers, first));
            }
        }
        runs.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
        Ok(runs)
    }

    async fn cd_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        let operation = format!("read run {id} of {repo}");
        let read = self.client.read(&operation, &routes::run(repo, id)).await?;
        self.understood(&operation, convert::run(read))
    }

    async fn cd_jobs(&self, repo: &RepoSlug, id: u64) -> Outcome<Vec<CdJob>> {
        let operation = format!("read the jobs of run {id} of {repo}");
        let jobs = |page: wire::Jobs| (page.jobs, None);
        let listed = self.pages(&operation, MAX_PAGES, |n| routes::jobs(repo, id, n), jobs).await?;
        Ok(listed.items.into_iter().map(convert::job).collect())
    }

    async fn job_log(&self, repo: &RepoSlug, job: u64) -> Outcome<JobLog> {
        let operation = format!("read the log of job {job} of {repo}");
        let read = self.client.end_of(&operation, &routes::job_log(repo, job), LOG_END).await;
        let (end, cut) = read.map_err(|failure| match failure.kind {
            FailureKind::NotFound => Failure {
                reason: "GitHub has no log of it: it is not over, its log was deleted, or the token may not see it"
                    .to_owned(),
                ..failure
            },
            _ => failure,
        })?;
        Ok(JobLog::of(&end, cut))
    }

    async fn pending_deployments(&self, repo: &RepoSlug, run: u64) -> Outcome<Vec<PendingDeployment>> {
        let operation = format!("read what run {run} of {repo} waits for");
        let read: Vec<wire::Pending> = self.client.read(&operation, &routes::pending_deployments(repo, run)).await?;
        read.into_iter().map(|pending| self.understood(&operation, convert::pending(pending))).collect()
    }

    fn tag_page(&self, repo: &RepoSlug, tag: &TagName) -> String {
        let web = self.client.connection().web_url.as_str();
        format!("{}/{}", web.trim_end_matches('/'), routes::tag_page(repo, tag))
    }

    async fn create_tag_object(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<String> {
        let (repo, tag) = (&plan.draft.repo, &plan.draft.tag);
        let operation = format!("make the object of tag {tag} in {repo}");
        let body = wire::NewTagObject {
            tag: tag.as_str(),
            message: &plan.tag_message,
            object: plan.commit().as_str(),
            kind: "commit",
            tagger: convert::tagger(plan),
        };
        let made: wire::TagObject =
            self.client.write(&operation, Method::POST, &routes::tag_objects(repo), &body).await?;
        let to = made.object.and_then(|o| o.sha);
        let converted = match made.sha {
            Some(_) if to.as_deref() != Some(body.object) => Err("the tag object is of another commit".to_owned()),
            Some(sha) => Ok(sha),
            None => Err("the tag object has no id".to_owned()),
        };
        let made = self.done(&operation, converted)?;
        let target = ("commit".to_owned(), plan.commit().to_string());
        self.keep_object(format!("{repo} {made}"), Peeled { target, message: Some(plan.tag_message.clone()) });
        Ok(made)
    }

    async fn create_tag_ref(&self, _journaled: &Journaled, plan: &PromotionPlan, object: &str) -> Outcome<()> {
        let (repo, tag) = (&plan.draft.repo, &plan.draft.tag);
        let operation = format!("cut tag {tag} in {repo}");
        let body = wire::NewRef { name: format!("refs/tags/{tag}"), sha: object };
        let made: wire::GitRef = self.client.write(&operation, Method::POST, &routes::refs(repo), &body).await?;
        let sha = made.object.and_then(|o| o.sha);
        let ours = made.name.as_deref() == Some(body.name.as_str()) && sha.as_deref() == Some(object);
        self.done(&operation, if ours { Ok(()) } else { Err("it is about another tag".to_owned()) })
    }

    async fn create_release(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<ReleaseState> {
        let (repo, tag) = (&plan.draft.repo, &plan.draft.tag);
        let operation = format!("draft the release of {tag} in {repo}");
        let notes = plan.body();
        let body = wire::NewRelease {
            tag_name: tag.as_str(),
            name: &plan.draft.title,
            body: &notes,
            draft: true,
            prerelease: false,
        };
        let made = self.client.write(&operation, Method::POST, &routes::releases(repo), &body).await?;
        self.done(&operation, convert::release(made))
    }

    async fn attach(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        release: &ReleaseState,
        name: &str,
        bytes: &[u8],
    ) -> Outcome<ReleaseAsset> {
        let operation = format!("attach {} to the release of {} in {repo}", text::clean_line(name), release.tag);
        let to = upload_address(self.client.connection(), release.upload_url.as_deref(), release.id, name)
            .map_err(|why| Failure::new(FailureKind::Protocol, Service::Github, &operation, why))?;
        let made = self.client.upload(&operation, &to, bytes).await?;
        let ours = |asset: ReleaseAsset| match () {
            () if asset.name != name => Err(format!("the file was named '{}'", asset.name)),
            () if !asset.complete => Err("the upload was not finished".to_owned()),
            () if asset.size != bytes.len() as u64 => Err("the file there has another size".to_owned()),
            () => Ok(asset),
        };
        self.done(&operation, convert::asset(made).and_then(ours))
    }

    async fn remove_unfinished_asset(&self, _journaled: &Journaled, repo: &RepoSlug, asset: u64) -> Outcome<()> {
        let operation = format!("remove the unfinished file {asset} in {repo}");
        let path = routes::asset(repo, asset);
        let Some(there) = self.client.find::<wire::Asset>(&operation, &path).await? else {
            return Ok(());
        };
        if there.state.as_deref() != Some("starter") {
            let reason = "its upload is finished, and finished files are not removed";
            return Err(Failure::new(FailureKind::Conflict, Service::Github, operation, reason));
        }
        match self.client.delete(&operation, &path).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    async fn comment(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        commit: &CommitSha,
        body: &str,
    ) -> Outcome<CommitComment> {
        let operation = format!("comment on commit {} in {repo}", commit.short());
        let sent = wire::NewComment { body };
        let made: wire::Comment =
            self.client.write(&operation, Method::POST, &routes::comments(repo, commit), &sent).await?;
        let elsewhere = made.commit_id.as_deref().is_some_and(|id| id != commit.as_str());
        let converted = if elsewhere { Err("it is on another commit".to_owned()) } else { convert::comment(made) };
        self.done(&operation, converted)
    }

    async fn publish_release(&self, _journaled: &Journaled, repo: &RepoSlug, id: u64) -> Outcome<ReleaseState> {
        let operation = format!("publish the draft release {id} in {repo}");
        let body = wire::Publish { draft: false };
        let made = self.client.write(&operation, Method::PATCH, &routes::release(repo, id), &body).await?;
        self.done(&operation, convert::release(made))
    }

    async fn dispatch(&self, _journaled: &Journaled, plan: &PromotionPlan) -> Outcome<()> {
        let draft = &plan.draft;
        let Some(file) = &draft.cd.workflow else {
            let operation = format!("start CD of {}", draft.tag);
            return Err(unsupported(Service::Config, operation, "no workflow file is configured to be dispatched")
                .with_hint("Name the workflow file of CD in the configuration."));
        };
        let operation = format!("dispatch {} on {} in {}", text::clean_line(file), draft.tag, draft.repo);
        let body = wire::Dispatch { name: draft.tag.as_str() };
        self.client.post(&operation, &routes::dispatches(&draft.repo, file), &body).await
    }

    async fn rerun_failed(&self, _journaled: &Journaled, repo: &RepoSlug, run: u64) -> Outcome<()> {
        let operation = format!("run the failed jobs of run {run} of {repo} again");
        let asked = self.client.post(&operation, &routes::rerun_failed(repo, run), &wire::Nothing {}).await;
        asked.map_err(|failure| needs(failure, "Actions: write"))
    }

    async fn approve_deployments(
        &self,
        _journaled: &Journaled,
        repo: &RepoSlug,
        run: u64,
        environments: &[u64],
        comment: &str,
    ) -> Outcome<()> {
        let operation = format!("approve the deployment of run {run} of {repo}");
        let body = wire::ReviewDeployments { environment_ids: environments, state: "approved", comment };
        let asked = self.client.post(&operation, &routes::pending_deployments(repo, run), &body).await;
        asked.map_err(|failure| needs(failure, "Deployments: write"))
    }
}

/// Adds the permission that the token lacks.
fn needs(failure: Failure, permission: &str) -> Failure {
    match failure.kind {
        FailureKind::Forbidden if failure.hint.is_none() => failure.with_hint(format!(
            "The token needs the permission {permission} (fine-grained) or the scope repo (classic)."
        )),
        _ => failure,
    }
}

/// 422 "No commit found for SHA" and, in an empty repository, 409 "Git Repository is empty": neither means that the
/// request was wrong. Whatever else is refused has another cause.
pub(super) fn unknown_commit(failure: Failure) -> Failure {
    let says = |words: &str| failure.reason.contains(words);
    if failure.kind == FailureKind::Rejected && (says("No commit found for") || says("Git Repository is empty")) {
        Failure { kind: FailureKind::NotFound, ..failure }
            .with_hint("Push the commit, or check that this is the model's repository.")
    } else {
        failure
    }
}

/// GitHub answers 404 for everything in a repository that the token may not see, so a 404 on something that every
/// repository has says nothing about what was asked for.
pub(super) fn hidden(repo: &RepoSlug, failure: Failure) -> Failure {
    if failure.kind != FailureKind::NotFound {
        return failure;
    }
    Failure {
        kind: FailureKind::Forbidden,
        reason: format!("{repo} is not readable: it does not exist, or this token may not see it"),
        hint: Some("Check the repository's name, and that the token still has access to it.".to_owned()),
        ..failure
    }
}

/// Kind and id of a Git object.
fn object_parts(object: Option<wire::GitObject>) -> Result<(String, String), String> {
    let object = object.ok_or("the tag points to nothing")?;
    let sha = convert::line(object.sha).ok_or("the tag points to nothing")?;
    Ok((object.kind.unwrap_or_default(), sha))
}
