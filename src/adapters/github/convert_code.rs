//! Wire types of pull requests, checks and comparisons to domain types. Remote text is cleaned here, once.

use jiff::Timestamp;

use super::convert::{line, time};
use super::wire;
use crate::domain::cd::CdState;
use crate::domain::ids::{CommitSha, TagName};
use crate::domain::lineage::{ChangedFile, CheckResult, CodeChange, PullRequest, ReviewState, approvers};
use crate::domain::text::{self, clean_line};
use crate::domain::witness::Deployment;

/// Most files that GitHub lists in a comparison.
const MAX_FILES: usize = 300;

/// The number of the pull request that brought `commit` in: the one whose merge created it, else the one merged first
/// (later ones only carried it along), else the newest open one. One closed without merging brought nothing in.
pub(super) fn bringer(pulls: &[wire::Pull], commit: &CommitSha) -> Result<Option<u64>, String> {
    let merged = pulls.iter().filter(|p| p.merged_at.is_some());
    let made = merged.clone().find(|p| p.merge_commit_sha.as_deref() == Some(commit.as_str()));
    let first = merged.min_by_key(|p| (time(p.merged_at.clone()), p.number));
    // Merged ones are closed too, but there are none at this point.
    let open = pulls.iter().filter(|p| p.state.as_deref() != Some("closed")).max_by_key(|p| p.number);
    let found = made.or(first).or(open);
    found.map(|pull| pull.number.ok_or_else(|| "the pull request has no number".to_owned())).transpose()
}

/// A pull request and its reviews, oldest first.
pub(super) fn pull_request(pull: wire::Pull, reviews: Vec<wire::Review>) -> Result<PullRequest, String> {
    let author = login(pull.user);
    // A reviewer whose account was deleted cannot be named, and their approval does not count.
    let opinions = reviews.into_iter().filter_map(|r| Some((login(r.user)?, verdict(r.state.as_deref()))));
    Ok(PullRequest {
        number: pull.number.ok_or("the pull request has no number")?,
        title: line(pull.title).unwrap_or_default(),
        approvers: approvers(author.as_deref(), opinions),
        author,
        merged_by: login(pull.merged_by),
        merged_at: time(pull.merged_at),
        web_url: line(pull.html_url).unwrap_or_default(),
    })
}

fn login(user: Option<wire::User>) -> Option<String> {
    line(user.and_then(|u| u.login))
}

fn verdict(state: Option<&str>) -> ReviewState {
    match state {
        Some("APPROVED") => ReviewState::Approved,
        Some("CHANGES_REQUESTED") => ReviewState::ChangesRequested,
        Some("DISMISSED") => ReviewState::Dismissed,
        _ => ReviewState::NoOpinion,
    }
}

/// A check, with the key that decides which of two with the same name is later: start time, then the host's id.
pub(super) type Dated = ((Timestamp, u64), CheckResult);

pub(super) fn check_run(run: wire::CheckRun) -> Dated {
    let check = CheckResult {
        name: line(run.name).unwrap_or_else(|| "(unnamed)".to_owned()),
        state: CdState::from_github(run.status.as_deref(), run.conclusion.as_deref()),
        web_url: line(run.html_url),
    };
    // A check that has not started is later than any that has.
    ((time(run.started_at).unwrap_or(Timestamp::MAX), run.id.unwrap_or(0)), check)
}

pub(super) fn status(status: wire::Status) -> Dated {
    let state = match status.state.as_deref() {
        Some("success") => CdState::Success,
        Some("pending") => CdState::Queued,
        Some(word @ ("failure" | "error")) => CdState::Failed(word.to_owned()),
        word => CdState::Other(text::clean_line(word.unwrap_or("unknown"))),
    };
    let name = line(status.context).unwrap_or_else(|| "(unnamed)".to_owned());
    let began = time(status.created_at).unwrap_or(Timestamp::MIN);
    ((began, status.id.unwrap_or(0)), CheckResult { name, state, web_url: line(status.target_url) })
}

/// The latest of each name, by name.
pub(super) fn latest(mut checks: Vec<Dated>) -> Vec<CheckResult> {
    checks.sort_by(|(a, x), (b, y)| x.name.cmp(&y.name).then(b.cmp(a)));
    checks.dedup_by(|(_, later), (_, kept)| later.name == kept.name);
    checks.into_iter().map(|(_, check)| check).collect()
}

pub(super) fn changes(changes: wire::Changes) -> Result<CodeChange, String> {
    let ahead_by = changes.ahead_by.ok_or("the comparison does not say how many commits are new")?;
    let behind_by = changes.behind_by.ok_or("the comparison does not say how many commits are missing")?;
    let mut commits: Vec<_> = changes.commits.unwrap_or_default().into_iter().map(listed).collect();
    commits.reverse();
    let unlisted = changes.files.is_none() && ahead_by > 0;
    let files: Vec<_> = changes.files.unwrap_or_default().into_iter().map(changed_file).collect();
    Ok(CodeChange {
        // If there are exactly 300, GitHub does not say whether that is all.
        truncated: unlisted || files.len() >= MAX_FILES || (commits.len() as u64) < ahead_by,
        ahead_by,
        behind_by,
        commits,
        files,
        web_url: line(changes.html_url).unwrap_or_default(),
    })
}

fn listed(commit: wire::Commit) -> (String, String) {
    let sha = line(commit.sha).unwrap_or_default().chars().take(7).collect();
    let message = commit.commit.and_then(|c| c.message).unwrap_or_default();
    (sha, text::clean_line(message.lines().next().unwrap_or_default()))
}

fn changed_file(file: wire::ChangedFile) -> ChangedFile {
    ChangedFile {
        path: line(file.filename).unwrap_or_else(|| "(unnamed)".to_owned()),
        previous_path: line(file.previous_filename),
        status: line(file.status).unwrap_or_else(|| "changed".to_owned()),
        additions: file.additions.unwrap_or(0),
        deletions: file.deletions.unwrap_or(0),
    }
}
/// A deployment, without its status.
pub(super) fn deployment(dto: wire::Deployment) -> Deployment {
    Deployment { id: dto.id, commit: clean_line(&dto.sha), git_ref: clean_line(&dto.git_ref), status: None }
}

/// Whether a deployment is of this release.
pub(super) fn is_of(deployment: &Deployment, commit: &CommitSha, tag: &TagName) -> bool {
    deployment.commit.eq_ignore_ascii_case(commit.as_str())
        || deployment.git_ref == tag.as_str()
        || deployment.git_ref == format!("refs/tags/{tag}")
}
