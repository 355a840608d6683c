//! The demo's release host as evidence.

use async_trait::async_trait;

use super::world::StoredCommit;
use super::world::code::{StoredCheck, StoredFile};
use super::{DemoHost, convert};
use crate::domain::cd::{CdRun, CdState};
use crate::domain::commit::CommitComment;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::lineage::{ChangedFile, CheckResult, CodeChange, PullRequest, ReviewState, approvers};
use crate::domain::text::clean_line;
use crate::ports::code::CodeHost;

#[async_trait]
impl CodeHost for DemoHost {
    async fn pull_request(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Option<PullRequest>> {
        let sha = commit.clone();
        self.read(repo, format!("read the pull requests of commit {} in {repo}", commit.short()), move |repo| {
            let commit = repo.commit(&sha)?;
            let Some(pull) = &commit.pull else { return Ok(None) };
            let reviews = pull.approvals.iter().map(|login| (clean_line(login), ReviewState::Approved));
            let author = clean_line(&commit.author);
            Ok(Some(PullRequest {
                number: pull.number,
                title: clean_line(&commit.title),
                approvers: approvers(Some(&author), reviews),
                author: Some(author),
                merged_by: Some(clean_line(&pull.merged_by)),
                merged_at: Some(commit.at),
                web_url: format!("{}/pull/{}", convert::repo_page(&repo.slug), pull.number),
            }))
        })
        .await
    }

    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>> {
        let sha = commit.clone();
        self.read(repo, format!("read the checks of commit {} in {repo}", commit.short()), move |repo| {
            let page = format!("{}/commit/{sha}/checks", convert::repo_page(&repo.slug));
            let result = |check: &StoredCheck| CheckResult {
                name: clean_line(&check.name),
                state: CdState::from_github(Some("completed"), Some(&check.conclusion)),
                web_url: Some(page.clone()),
            };
            Ok(repo.commit(&sha)?.checks.iter().map(result).collect())
        })
        .await
    }

    async fn changes(&self, repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> Outcome<CodeChange> {
        let operation = format!("compare commit {} with {} in {repo}", old.short(), new.short());
        let (old, new) = (old.clone(), new.clone());
        self.read(repo, operation, move |repo| {
            let between = repo.between(&old, &new)?;
            let title =
                |(sha, commit): &(&CommitSha, &StoredCommit)| (sha.short().to_owned(), clean_line(&commit.title));
            let file = |file: StoredFile| ChangedFile {
                path: clean_line(&file.path),
                previous_path: file.previous_path.as_deref().map(clean_line),
                status: clean_line(&file.status),
                additions: file.additions,
                deletions: file.deletions,
            };
            Ok(CodeChange {
                ahead_by: between.ahead.len() as u64,
                behind_by: between.behind as u64,
                commits: between.ahead.iter().map(title).collect(),
                files: between.files.into_iter().map(file).collect(),
                truncated: false,
                web_url: format!("{}/compare/{old}...{new}", convert::repo_page(&repo.slug)),
            })
        })
        .await
    }

    async fn workflow_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        let now = self.now();
        self.read(repo, format!("read workflow run {id} of {repo}"), move |repo| match repo.training(id) {
            Some(run) => Ok(convert::training_run(&repo.slug, run)),
            None => Ok(convert::cd_run(&repo.slug, &repo.workflow, repo.cd_run(id)?, now)),
        })
        .await
    }

    async fn comments(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CommitComment>> {
        let (slug, sha) = (repo.clone(), commit.clone());
        self.read(repo, format!("read the comments on commit {} in {repo}", commit.short()), move |repo| {
            Ok(repo.comments.iter().filter(|c| c.commit == sha).map(|c| convert::comment(&slug, c)).collect())
        })
        .await
    }

    async fn is_member(&self, org: &str, team: &str, login: &str) -> Outcome<bool> {
        let repo = self.store.look_async(|world| world.repo.slug.clone()).await?;
        let (key, who) = (format!("{org}/{team}"), login.to_owned());
        self.read(&repo, format!("look for {login} in the team {key}"), move |repo| {
            let members = repo.teams.get(&key).map(Vec::as_slice).unwrap_or_default();
            Ok(members.iter().any(|m| m.eq_ignore_ascii_case(&who)))
        })
        .await
    }

    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>> {
        let operation = format!("read the release file {id} of {repo}");
        let bytes =
            self.read(repo, operation.clone(), move |repo| Ok(repo.asset(id)?.content.clone().into_bytes())).await?;
        if bytes.len() > limit {
            let reason = format!("it has {} bytes, more than {limit}", bytes.len());
            return Err(Failure::new(FailureKind::Protocol, Service::Github, operation, reason));
        }
        Ok(bytes)
    }

    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>> {
        let operation = format!("read {} of {repo} at commit {}", clean_line(path), commit.short());
        let (sha, path) = (commit.clone(), path.to_owned());
        self.read(repo, operation, move |repo| Ok(repo.file(&sha, &path)?.map(|text| text.as_bytes().to_vec()))).await
    }

    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String {
        convert::commit_page(repo, commit)
    }
}
