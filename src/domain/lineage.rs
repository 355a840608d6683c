//! Where a version's code came from: pull request, checks, and what changed since production.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cd::CdState;

/// A pull request that brought a commit in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its title, cleaned.
    pub title: String,
    /// Login of its author.
    pub author: Option<String>,
    /// Logins whose latest review approves, without the author.
    pub approvers: Vec<String>,
    /// Login of who merged it.
    pub merged_by: Option<String>,
    /// When it was merged; none if it was not.
    pub merged_at: Option<Timestamp>,
    /// Address for people.
    pub web_url: String,
}

/// One check run or commit status on a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Its name, cleaned.
    pub name: String,
    /// How it stands.
    pub state: CdState,
    /// Address for people.
    pub web_url: Option<String>,
}

/// What lies between two commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChange {
    /// Commits that the new one has and the old one has not.
    pub ahead_by: u64,
    /// Commits that the old one has and the new one has not: not zero means they diverged.
    pub behind_by: u64,
    /// First lines of the newest of these commits, newest first, with short ids.
    pub commits: Vec<(String, String)>,
    /// Changed files; the host names at most 300.
    pub files: Vec<ChangedFile>,
    /// There are more commits or files than listed.
    pub truncated: bool,
    /// Address for people.
    pub web_url: String,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Path in the repository, cleaned.
    pub path: String,
    /// `added`, `removed`, `modified`, `renamed`, as the host says.
    pub status: String,
    /// Lines added.
    pub additions: u64,
    /// Lines removed.
    pub deletions: u64,
}
