//! The `code` of `signoff show --json`: where the code of the version came from. Each part has a `_missing` field
//! that says why it is absent; exactly one of the two is `null`.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::commit::CommitOrigin;
use crate::domain::evidence as code;
use crate::domain::failure::Failure;
use crate::domain::lineage::{self as words, CheckConclusion, CheckResult, NO_BASELINE, NO_PULL_REQUEST, NO_TRAINING};

/// Where the code of a version came from.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// Resolved.
    pub commit: Option<Commit>,
    pub commit_missing: Option<String>,
    /// The pull request that introduced the commit.
    pub pull_request: Option<PullRequest>,
    pub pull_request_missing: Option<String>,
    /// Checks and statuses of the commit, the latest of each name; empty if it has none.
    pub checks: Option<Vec<Check>>,
    pub checks_missing: Option<String>,
    /// What changed since the version in production.
    pub changes: Option<Changes>,
    pub changes_missing: Option<String>,
    /// The workflow run that trained it, as claimed by a tag of the training run.
    pub training: Option<Training>,
    pub training_missing: Option<String>,
}

/// A commit and its repository.
#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Full id.
    pub sha: String,
    /// First line of the message.
    pub title: String,
    pub author: Option<String>,
    pub at: Option<Timestamp>,
    /// The branch whose head this is, if the training run recorded no commit.
    pub head_of: Option<String>,
    /// Web page.
    pub url: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct PullRequest {
    pub number: u64,
    pub title: String,
    /// Login.
    pub author: Option<String>,
    /// Logins whose latest review approves, except the author.
    pub approvers: Vec<String>,
    /// Login.
    pub merged_by: Option<String>,
    /// `null` if it is not merged.
    pub merged_at: Option<Timestamp>,
    /// Web page.
    pub url: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: String,
    /// `passed`, `skipped`, `failed` or `open`.
    pub standing: CheckConclusion,
    /// The host's word for the state.
    pub state: String,
    /// Web page.
    pub url: Option<String>,
}

/// What changed since the version in production.
#[derive(Clone, Debug, Serialize)]
pub struct Changes {
    /// The version in production.
    pub baseline: u64,
    /// Full id of the baseline's commit.
    pub from: String,
    /// Number of new commits.
    pub ahead_by: u64,
    /// Number of commits of the baseline that are missing here.
    pub behind_by: u64,
    /// The most recent of the new commits, newest first.
    pub commits: Vec<ListedCommit>,
    /// Changed files.
    pub files: Vec<File>,
    /// Number of `files` that match `review.watched_paths`; `null` if no paths are configured.
    pub watched_files: Option<usize>,
    /// Whether there are, or may be, more commits or files than listed.
    pub truncated: bool,
    /// Web page.
    pub url: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ListedCommit {
    /// Short id.
    pub id: String,
    /// First line of the message.
    pub title: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct File {
    pub path: String,
    /// The path before a rename.
    pub previous_path: Option<String>,
    /// The host's word, such as `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    /// Lines added.
    pub additions: u64,
    /// Lines removed.
    pub deletions: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Training {
    /// The tag that names the run.
    pub tag: String,
    /// `OWNER/NAME`; may differ from that of the commit.
    pub repository: String,
    pub id: u64,
    /// From 1.
    pub attempt: u64,
    /// The workflow file.
    pub workflow: String,
    /// The host's word for the state.
    pub state: String,
    pub created_at: Option<Timestamp>,
    /// Web page.
    pub url: String,
}

impl Code {
    /// Each part, or why it is missing.
    pub fn new(code: &code::Code) -> Self {
        let (commit, commit_missing) = part(code.source.as_ref().map(|s| Some(commit(s))), "");
        let (pull_request, pull_request_missing) =
            part(code.pull_request.as_ref().map(|p| p.as_ref().map(pull_request)), NO_PULL_REQUEST);
        let (checks, checks_missing) = part(code.checks.as_ref().map(|c| Some(c.iter().map(check).collect())), "");
        let (changes, changes_missing) = part(code.changes.as_ref().map(|c| c.as_ref().map(changes)), NO_BASELINE);
        let (training, training_missing) = part(code.training.as_ref().map(|t| t.as_ref().map(training)), NO_TRAINING);
        Self {
            commit,
            commit_missing,
            pull_request,
            pull_request_missing,
            checks,
            checks_missing,
            changes,
            changes_missing,
            training,
            training_missing,
        }
    }
}

/// The part, or why it is missing: the failure, else `none`.
fn part<T>(read: Result<Option<T>, &Failure>, none: &str) -> (Option<T>, Option<String>) {
    match read {
        Ok(Some(part)) => (Some(part), None),
        Ok(None) => (None, Some(none.to_owned())),
        Err(failure) => (None, Some(failure.to_string())),
    }
}

fn commit(source: &code::Source) -> Commit {
    let commit = &source.commit;
    Commit {
        repository: source.repo.to_string(),
        sha: commit.sha.to_string(),
        title: commit.title.clone(),
        author: commit.author.clone(),
        at: commit.at,
        head_of: match &source.origin {
            CommitOrigin::Run => None,
            CommitOrigin::BranchHead(branch) => Some(branch.clone()),
        },
        url: commit.web_url.clone(),
    }
}

fn pull_request(pull: &words::PullRequest) -> PullRequest {
    PullRequest {
        number: pull.number,
        title: pull.title.clone(),
        author: pull.author.clone(),
        approvers: pull.approvers.clone(),
        merged_by: pull.merged_by.clone(),
        merged_at: pull.merged_at,
        url: pull.web_url.clone(),
    }
}

fn check(check: &CheckResult) -> Check {
    Check {
        name: check.name.clone(),
        standing: check.standing(),
        state: check.state.to_string(),
        url: check.web_url.clone(),
    }
}

fn changes(changes: &code::Changes) -> Changes {
    let change = &changes.change;
    let listed = |(id, title): &(String, String)| ListedCommit { id: id.clone(), title: title.clone() };
    Changes {
        baseline: changes.baseline.0,
        from: changes.from.sha.to_string(),
        ahead_by: change.ahead_by,
        behind_by: change.behind_by,
        commits: change.commits.iter().map(listed).collect(),
        files: change.files.iter().map(file).collect(),
        watched_files: changes.watched,
        truncated: change.truncated,
        url: change.web_url.clone(),
    }
}

fn file(file: &words::ChangedFile) -> File {
    File {
        path: file.path.clone(),
        previous_path: file.previous_path.clone(),
        status: file.status.clone(),
        additions: file.additions,
        deletions: file.deletions,
    }
}

fn training(training: &code::Training) -> Training {
    let run = &training.run;
    Training {
        tag: training.tag.clone(),
        repository: training.repo.to_string(),
        id: run.id,
        attempt: run.attempt,
        workflow: run.path.clone(),
        state: run.state.to_string(),
        created_at: run.created_at,
        url: run.web_url.clone(),
    }
}
