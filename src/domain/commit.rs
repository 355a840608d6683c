//! What GitHub says about code: repositories, commits, tags, releases and people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{CommitSha, TagName};

/// A repository, as far as a release needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The branch releases must come from.
    pub default_branch: String,
    /// Whether the token may push; unknown where the host does not say (App tokens).
    pub can_push: Option<bool>,
    /// Archived repositories take no writes.
    pub archived: bool,
    /// Address for people.
    pub web_url: String,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its full id.
    pub sha: CommitSha,
    /// First line of its message, cleaned.
    pub title: String,
    /// Author's login or name, cleaned.
    pub author: Option<String>,
    /// When it was committed.
    pub at: Option<Timestamp>,
    /// Address for people.
    pub web_url: String,
}

/// Where the commit that gets the tag comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitOrigin {
    /// The training run recorded it.
    Run,
    /// The run recorded none, and the configuration allows the head of this branch.
    BranchHead(String),
}

/// Where a commit stands relative to a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ancestry {
    /// On the branch (its head, or an ancestor of it).
    OnBranch,
    /// Not on the branch.
    OffBranch,
}

/// A tag as it stands in the repository, peeled to its commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagState {
    pub name: TagName,
    /// The commit it finally points to.
    pub commit: String,
    /// The annotated tag's object id; none for a lightweight tag.
    pub object: Option<String>,
    /// The annotated tag's message; none for a lightweight tag.
    pub message: Option<String>,
    /// SHA-256 of that message as the host has it, before anything was cleaned, `sha256:<hex>`.
    #[serde(default)]
    pub message_digest: Option<String>,
}

/// A release as it stands on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseState {
    /// The host's id.
    pub id: u64,
    /// The tag it belongs to.
    pub tag: String,
    /// Not published yet.
    pub draft: bool,
    /// Body text, raw: it carries the operation marker.
    pub body: String,
    /// Login of its author as the host reports it.
    pub author: Option<String>,
    /// The host's id of its author.
    #[serde(default)]
    pub author_id: Option<u64>,
    /// Files attached to it.
    #[serde(default)]
    pub assets: Vec<ReleaseAsset>,
    /// Where files are uploaded to, as the host says; a template.
    #[serde(default)]
    pub upload_url: Option<String>,
    /// Address for people.
    pub web_url: String,
}

/// A file attached to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAsset {
    /// The host's id.
    pub id: u64,
    /// Its name, cleaned.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// `sha256:<hex>`, where the host says it (github.com since 2025, not every Enterprise Server).
    pub digest: Option<String>,
    /// Its upload finished.
    pub complete: bool,
}

/// A comment on a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitComment {
    /// The host's id.
    pub id: u64,
    /// Login of its author, as the host reports it.
    pub login: String,
    /// The host's id of its author.
    pub author_id: u64,
    /// Its text, cleaned.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last; the same as `created_at` if never.
    pub updated_at: Timestamp,
    /// Address for people.
    pub web_url: String,
}

/// Who a token belongs to, as the host reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// Login; can change.
    pub login: String,
    /// Numeric id; never changes.
    pub id: u64,
    /// Printed name, where the profile has one.
    pub name: Option<String>,
    /// Public mail address, where the profile has one.
    pub email: Option<String>,
    /// The host's own time when it said so (`Date` header, whole seconds).
    #[serde(default)]
    pub host_time: Option<Timestamp>,
}
