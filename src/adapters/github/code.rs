//! [`CodeHost`] over GitHub's REST API.

use async_trait::async_trait;
use futures_util::future::try_join;
use serde::de::DeserializeOwned;

use super::host::{GitHub, hidden, unknown_commit};
use super::{convert, convert_code, routes, wire};
use crate::adapters::http::Listed;
use crate::domain::cd::{CdRun, CdState};
use crate::domain::commit::CommitComment;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug, TagName};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::text::{self, clean_line};
use crate::domain::witness::Deployment;
use crate::ports::code::{CodeHost, MAX_FILE};

/// Most pages of checks that are read: 300 check runs and as many statuses.
const CHECK_PAGES: usize = 3;
/// Most pages of reviews, and of pull requests of one commit, that are read.
const REVIEW_PAGES: usize = 10;

/// Most pages of comments that are read: 2000 comments.
const COMMENT_PAGES: usize = 20;
/// Other deployments whose status is read to say what took a release's place.
const DEPLOYMENTS: usize = 5;

impl GitHub {
    /// A list that is meaningless unless read completely.
    async fn whole<T: DeserializeOwned>(
        &self,
        operation: &str,
        limit: usize,
        path: impl Fn(usize) -> String + Sync,
    ) -> Outcome<Vec<T>> {
        let listed = self.pages(operation, limit, path, |all: Vec<T>| (all, None)).await.map_err(unknown_commit)?;
        let enough = if listed.complete { Ok(()) } else { Err(format!("it has more than {}", listed.items.len())) };
        self.understood(operation, enough)?;
        Ok(listed.items)
    }
}

#[async_trait]
impl CodeHost for GitHub {
    async fn pull_request(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Option<PullRequest>> {
        let operation = format!("read the pull requests of commit {} in {repo}", commit.short());
        let pulls: Vec<wire::Pull> =
            self.whole(&operation, REVIEW_PAGES, |page| routes::pulls_of(repo, commit, page)).await?;
        let Some(number) = self.understood(&operation, convert_code::bringer(&pulls, commit))? else {
            return Ok(None);
        };
        let operation = format!("read pull request #{number} of {repo}");
        let of_reviews = format!("read the reviews of pull request #{number} of {repo}");
        let path = routes::pull(repo, number);
        let (pull, reviews) = try_join(
            self.client.read(&operation, &path),
            self.whole(&of_reviews, REVIEW_PAGES, |page| routes::reviews(repo, number, page)),
        )
        .await?;
        self.understood(&operation, convert_code::pull_request(pull, reviews)).map(Some)
    }

    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>> {
        let of_runs = format!("read the checks of commit {} in {repo}", commit.short());
        let of_statuses = format!("read the statuses of commit {} in {repo}", commit.short());
        let (runs, statuses) = try_join(
            self.pages(
                &of_runs,
                CHECK_PAGES,
                |page| routes::check_runs(repo, commit, page),
                |page: wire::CheckRuns| (page.check_runs, page.total_count),
            ),
            self.pages(
                &of_statuses,
                CHECK_PAGES,
                |page| routes::statuses(repo, commit, page),
                |page: wire::CombinedStatus| (page.statuses, page.total_count),
            ),
        )
        .await
        .map_err(unknown_commit)?;
        let unread = [unread(&runs, "checks"), unread(&statuses, "statuses")];
        let runs = runs.items.into_iter().map(convert_code::check_run);
        let dated = runs.chain(statuses.items.into_iter().map(convert_code::status)).collect();
        let mut checks = convert_code::latest(dated);
        checks.extend(unread.into_iter().flatten());
        Ok(checks)
    }

    async fn changes(&self, repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> Outcome<CodeChange> {
        let operation = format!("compare commit {} with {} in {repo}", old.short(), new.short());
        let read = self.client.read(&operation, &routes::changes(repo, old, new)).await.map_err(|failure| {
            if failure.kind == FailureKind::NotFound {
                failure.with_hint("Both commits must be in this repository and have a common ancestor.")
            } else {
                unknown_commit(failure)
            }
        })?;
        self.understood(&operation, convert_code::changes(read))
    }

    async fn workflow_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        let operation = format!("read workflow run {id} of {repo}");
        let read = self.client.read(&operation, &routes::run(repo, id)).await?;
        self.understood(&operation, convert::run(read))
    }

    /// A comment whose account was deleted backs nothing and is left out.
    async fn comments(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CommitComment>> {
        let operation = format!("read the comments on commit {} in {repo}", commit.short());
        let path = |page| routes::comments_page(repo, commit, page);
        let listed: Vec<wire::Comment> =
            self.whole(&operation, COMMENT_PAGES, path).await.map_err(|failure| hidden(repo, failure))?;
        let of_this = |c: &wire::Comment| c.commit_id.as_deref().is_none_or(|id| id == commit.as_str());
        let kept = listed.into_iter().filter(of_this);
        let mut comments: Vec<CommitComment> = kept.filter_map(|c| convert::comment(c).ok()).collect();
        comments.sort_by_key(|c| (c.created_at, c.id));
        Ok(comments)
    }

    /// GitHub answers 404 both for a non-member and for a team that may not be seen, so the team itself is read as
    /// well.
    async fn is_member(&self, org: &str, team: &str, login: &str) -> Outcome<bool> {
        let shown = format!("{}/{}", text::clean_line(org), text::clean_line(team));
        let operation = format!("look for {} in the team {shown}", text::clean_line(login));
        if [org, team, login].iter().any(|name| matches!(*name, "" | "." | "..")) {
            return Err(Failure::new(FailureKind::Rejected, Service::Github, operation, "a name in it is none"));
        }
        let membership = self.client.find::<wire::Membership>(&operation, &routes::membership(org, team, login)).await;
        if let Some(found) = membership.map_err(unseen_team)? {
            return Ok(found.state.as_deref() == Some("active"));
        }
        if self.client.find::<wire::Team>(&operation, &routes::team(org, team)).await.map_err(unseen_team)?.is_some() {
            return Ok(false);
        }
        let reason = format!("there is no team {shown}, or the token may not see it");
        Err(unseen_team(Failure::new(FailureKind::Forbidden, Service::Github, operation, reason)))
    }

    /// GitHub reports `maintain` as `write` and `triage` as `read` here.
    async fn may_write(&self, repo: &RepoSlug, login: &str) -> Outcome<bool> {
        let operation = format!("read the permission of {} in {repo}", text::clean_line(login));
        if matches!(login, "" | "." | "..") {
            return Err(Failure::new(FailureKind::Rejected, Service::Github, operation, "the name is none"));
        }
        let read = self.client.find::<wire::Permission>(&operation, &routes::permission(repo, login)).await;
        let read = read.map_err(|failure| match failure.kind {
            FailureKind::Forbidden => {
                failure.with_hint("Use a token that may write to the repository, or name the approvers in the policy.")
            }
            _ => failure,
        })?;
        match read {
            Some(found) => Ok(matches!(found.permission.as_deref(), Some("admin" | "write" | "maintain"))),
            None => self.surely_readable(repo).await.map(|_| false),
        }
    }

    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>> {
        self.client.download(&format!("read the file {id} in {repo}"), &routes::asset(repo, id), limit).await
    }

    async fn deployments(
        &self,
        repo: &RepoSlug,
        environment: &str,
        commit: &CommitSha,
        tag: &TagName,
    ) -> Outcome<Vec<Deployment>> {
        let operation = format!("list the deployments of {repo} to {}", clean_line(environment));
        let listed: Vec<wire::Deployment> =
            self.client.read(&operation, &routes::deployments(repo, environment)).await.map_err(|f| hidden(repo, f))?;
        let mut all: Vec<Deployment> = listed.into_iter().map(convert_code::deployment).collect();
        let ours = all.iter().position(|d| convert_code::is_of(d, commit, tag));
        // The newest of the release; if that is inactive, the newest other one may be why.
        let Some(ours) = ours else { return Ok(all) };
        let status = |id: u64| async move {
            let path = routes::deployment_status(repo, id);
            let read: Vec<wire::DeploymentStatus> =
                self.client.read("read the status of a deployment", &path).await.map_err(|f| hidden(repo, f))?;
            Ok::<_, Failure>(read.into_iter().next().map(|status| clean_line(&status.state)))
        };
        all[ours].status = status(all[ours].id).await?;
        if all[ours].status.as_deref() == Some("inactive") {
            let others: Vec<usize> =
                (0..all.len()).filter(|at| !convert_code::is_of(&all[*at], commit, tag)).take(DEPLOYMENTS).collect();
            for other in others {
                all[other].status = status(all[other].id).await?;
                if all[other].status.as_deref() == Some("success") {
                    break;
                }
            }
        }
        Ok(all)
    }

    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>> {
        let operation = format!("read {} of {repo} at commit {}", clean_line(path), commit.short());
        let content = self.client.find_raw(&operation, &routes::file(repo, commit, path)).await?;
        match content {
            Some(bytes) if bytes.len() > MAX_FILE => {
                let reason = format!("it is larger than the {} KiB that are read", MAX_FILE / 1024);
                Err(Failure::new(FailureKind::Rejected, Service::Github, operation, reason))
            }
            Some(bytes) => Ok(Some(bytes)),
            None => self.surely_readable(repo).await.map(|_| None),
        }
    }

    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String {
        let web = self.client.connection().web_url.as_str();
        format!("{}/{}", web.trim_end_matches('/'), routes::commit_page(repo, commit))
    }
}

/// Adds what a token needs to see teams; other failures keep their own hint.
fn unseen_team(failure: Failure) -> Failure {
    if failure.kind == FailureKind::Forbidden {
        failure.with_hint("Check the team's name; the token needs the scope read:org, or the permission Members: read.")
    } else {
        failure
    }
}

/// A line for what was not read: no incomplete list may look complete, and this line never counts as passed.
fn unread<T>(listed: &Listed<T>, what: &str) -> Option<CheckResult> {
    if listed.complete {
        return None;
    }
    let more = listed.total.and_then(|t| t.checked_sub(listed.items.len())).filter(|n| *n > 0);
    let name = more.map_or_else(|| format!("(more {what})"), |n| format!("({n} more {what})"));
    Some(CheckResult { name, state: CdState::Other("not read".to_owned()), web_url: None })
}
