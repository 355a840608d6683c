//! The demo's code host.

use async_trait::async_trait;

use super::github::{Check, Commit, File};
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
            repo.commit(&sha)?;
            let merged = repo.pulls_of(&sha).find_map(|pull| Some((pull, pull.merge.as_ref()?)));
            let Some((pull, merge)) = merged else { return Ok(None) };
            let approved = pull.reviews.iter().filter(|(_, state)| state == "APPROVED");
            let reviews = approved.filter_map(|(who, _)| Some((clean_line(who.as_deref()?), ReviewState::Approved)));
            let author = pull.author.as_deref().map(clean_line);
            Ok(Some(PullRequest {
                number: pull.number,
                title: clean_line(&pull.title),
                approvers: approvers(author.as_deref(), reviews),
                author,
                merged_by: merge.by.as_deref().map(clean_line),
                merged_at: Some(merge.at),
                web_url: format!("{}/pull/{}", convert::repo_page(&repo.slug), pull.number),
            }))
        })
        .await
    }

    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>> {
        let sha = commit.clone();
        self.read(repo, format!("read the checks of commit {} in {repo}", commit.short()), move |repo| {
            let page = format!("{}/commit/{sha}/checks", convert::repo_page(&repo.slug));
            let result = |check: &Check| CheckResult {
                name: clean_line(&check.name),
                state: CdState::from_github(Some(&check.status), check.conclusion.as_deref()),
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
            let title = |(sha, commit): &(&CommitSha, &Commit)| (sha.short().to_owned(), convert::title(commit));
            let file = |file: File| ChangedFile {
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
            None => Ok(convert::cd_run(repo, repo.run(id)?, now)),
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

    async fn may_write(&self, repo: &RepoSlug, login: &str) -> Outcome<bool> {
        let who = login.to_owned();
        self.read(repo, format!("read the permission of {login} in {repo}"), move |repo| {
            Ok(!repo.readers.iter().any(|reader| reader.eq_ignore_ascii_case(&who)))
        })
        .await
    }

    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>> {
        let operation = format!("read the release file {id} of {repo}");
        let bytes = self.read(repo, operation.clone(), move |repo| Ok(repo.asset(id)?.1.content.0.clone())).await?;
        if bytes.len() > limit {
            let reason = format!("it has {} bytes, more than {limit}", bytes.len());
            return Err(Failure::new(FailureKind::Protocol, Service::Github, operation, reason));
        }
        Ok(bytes)
    }

    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>> {
        let operation = format!("read {} of {repo} at commit {}", clean_line(path), commit.short());
        let (sha, path) = (commit.clone(), path.to_owned());
        self.read(repo, operation, move |repo| Ok(repo.file(&sha, &path)?.map(|file| file.0.clone()))).await
    }

    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String {
        convert::commit_page(repo, commit)
    }
}
