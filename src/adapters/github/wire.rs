//! JSON as GitHub sends and accepts it. Every field that some version leaves out or sends as null is an `Option`; ids
//! are 64 bit, as numbers or text; enums that grow over time (`status`, `conclusion`, ...) are text.

use serde::{Deserialize, Serialize};

use crate::adapters::http::int;

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub login: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub full_name: Option<String>,
    pub default_branch: Option<String>,
    pub archived: Option<bool>,
    pub html_url: Option<String>,
    /// Absent for App tokens.
    pub permissions: Option<Permissions>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Permissions {
    pub push: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub sha: Option<String>,
    pub html_url: Option<String>,
    pub commit: Option<GitCommit>,
    /// The account, if GitHub knows one with the email address.
    pub author: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GitCommit {
    pub message: Option<String>,
    pub author: Option<Person>,
    pub committer: Option<Person>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Person {
    pub name: Option<String>,
    pub date: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    /// `ahead`, `behind`, `identical` or `diverged`: head relative to base.
    pub status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GitRef {
    #[serde(rename = "ref")]
    pub name: Option<String>,
    pub object: Option<GitObject>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GitObject {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub sha: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TagObject {
    pub sha: Option<String>,
    pub message: Option<String>,
    pub object: Option<GitObject>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Release {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub tag_name: Option<String>,
    pub draft: Option<bool>,
    pub body: Option<String>,
    pub html_url: Option<String>,
    pub author: Option<User>,
    pub published_at: Option<String>,
    pub assets: Option<Vec<Asset>>,
    /// A template: `https://uploads.github.com/…/assets{?name,label}`.
    pub upload_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asset {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub name: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub size: Option<u64>,
    /// `uploaded`, or `starter` if an upload was interrupted [GitHub's documentation of uploads].
    pub state: Option<String>,
    /// Null for files from before mid 2025, absent on Enterprise Servers without support for it.
    pub digest: Option<String>,
    pub uploader: Option<User>,
    pub created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    /// Null for deleted accounts.
    pub user: Option<User>,
    pub body: Option<String>,
    pub commit_id: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub permission: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Membership {
    /// `active`, or `pending` until the invitation is accepted.
    pub state: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {}

#[derive(Debug, Deserialize)]
pub(super) struct Workflow {
    /// `active`, `disabled_manually`, `disabled_inactivity`, `disabled_fork`, `deleted`.
    pub state: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Runs {
    pub workflow_runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    #[serde(default, deserialize_with = "int")]
    pub run_number: Option<u64>,
    #[serde(default, deserialize_with = "int")]
    pub run_attempt: Option<u64>,
    pub event: Option<String>,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub head_branch: Option<String>,
    pub head_sha: Option<String>,
    /// Who started the first attempt; null for deleted accounts.
    pub actor: Option<User>,
    /// Who started this attempt.
    pub triggering_actor: Option<User>,
    /// May end in `@` and the ref the file was read from.
    pub path: Option<String>,
    pub created_at: Option<String>,
    /// When this attempt began.
    pub run_started_at: Option<String>,
    pub html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Jobs {
    pub jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub name: Option<String>,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    pub steps: Option<Vec<JobStep>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobStep {
    pub name: Option<String>,
    pub status: Option<String>,
}

/// As in a list; the response for one pull request also has `merged_by`.
#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    #[serde(default, deserialize_with = "int")]
    pub number: Option<u64>,
    pub title: Option<String>,
    /// Null for deleted accounts.
    pub user: Option<User>,
    /// `open` or `closed`.
    pub state: Option<String>,
    pub merged_at: Option<String>,
    pub merged_by: Option<User>,
    pub merge_commit_sha: Option<String>,
    pub html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub user: Option<User>,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED` or `PENDING`.
    pub state: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRuns {
    #[serde(default, deserialize_with = "int")]
    pub total_count: Option<usize>,
    pub check_runs: Vec<CheckRun>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub name: Option<String>,
    pub status: Option<String>,
    pub conclusion: Option<String>,
    /// Null while queued, for some apps.
    pub started_at: Option<String>,
    pub html_url: Option<String>,
}

/// Without `state`: it is `pending` even if there are no statuses at all.
#[derive(Debug, Deserialize)]
pub(super) struct CombinedStatus {
    #[serde(default, deserialize_with = "int")]
    pub total_count: Option<usize>,
    pub statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub context: Option<String>,
    /// `success`, `failure`, `error` or `pending`.
    pub state: Option<String>,
    pub created_at: Option<String>,
    pub target_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Changes {
    #[serde(default, deserialize_with = "int")]
    pub ahead_by: Option<u64>,
    #[serde(default, deserialize_with = "int")]
    pub behind_by: Option<u64>,
    /// Oldest first.
    pub commits: Option<Vec<Commit>>,
    pub files: Option<Vec<ChangedFile>>,
    pub html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChangedFile {
    pub filename: Option<String>,
    pub previous_filename: Option<String>,
    pub status: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub additions: Option<u64>,
    #[serde(default, deserialize_with = "int")]
    pub deletions: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewTagObject<'a> {
    pub tag: &'a str,
    pub message: &'a str,
    pub object: &'a str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub tagger: Tagger,
}

/// With a fixed date, the same plan always makes the same object.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tagger {
    pub name: String,
    pub email: String,
    pub date: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NewRef<'a> {
    #[serde(rename = "ref")]
    pub name: String,
    pub sha: &'a str,
}

/// No `target_commitish`: the tag exists, and naming a commit can require the `workflow` scope. No `make_latest`:
/// GitHub's default matches its web page, and old Enterprise Servers do not know the field.
#[derive(Debug, Serialize)]
pub(super) struct NewRelease<'a> {
    pub tag_name: &'a str,
    pub name: &'a str,
    pub body: &'a str,
    pub draft: bool,
    pub prerelease: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct NewComment<'a> {
    pub body: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Publish {
    pub draft: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Dispatch<'a> {
    #[serde(rename = "ref")]
    pub name: &'a str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    pub id: u64,
    pub sha: String,
    #[serde(rename = "ref")]
    pub git_ref: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeploymentStatus {
    pub state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pending {
    pub environment: Option<Environment>,
    /// Minutes.
    #[serde(default, deserialize_with = "int")]
    pub wait_timer: Option<u64>,
    pub current_user_can_approve: Option<bool>,
    pub reviewers: Option<Vec<Reviewer>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    #[serde(default, deserialize_with = "int")]
    pub id: Option<u64>,
    pub name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reviewer {
    pub reviewer: Option<Named>,
}

/// A user or a team.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub login: Option<String>,
    pub slug: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ReviewDeployments<'a> {
    pub environment_ids: &'a [u64],
    pub state: &'static str,
    pub comment: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Nothing {}
