//! GitHub's data on code: repositories, commits, tags, releases and people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{CommitSha, TagName};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The branch that releases must come from.
    pub default_branch: String,
    /// Whether the token may push; `None` if the host does not say (App tokens).
    pub can_push: Option<bool>,
    /// Archived repositories are read-only.
    pub archived: bool,
    pub web_url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub sha: CommitSha,
    /// First line of the message, cleaned.
    pub title: String,
    /// Login or name of the author, cleaned.
    pub author: Option<String>,
    /// Committer date.
    pub at: Option<Timestamp>,
    pub web_url: String,
}

impl Commit {
    /// A commit of which nothing but its id is known.
    pub fn named(sha: CommitSha) -> Self {
        Self { sha, title: String::new(), author: None, at: None, web_url: String::new() }
    }
}

/// Where the tagged commit comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitOrigin {
    /// The training run recorded it.
    Run,
    /// The run recorded none, and the configuration allows the head of this branch.
    BranchHead(String),
}

/// The position of a commit relative to a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ancestry {
    /// On the branch (its head, or an ancestor of it).
    OnBranch,
    OffBranch,
}

/// A tag in the repository, peeled to its commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagState {
    pub name: TagName,
    /// The commit it peels to.
    pub commit: String,
    /// Object id of an annotated tag; `None` for a lightweight tag.
    pub object: Option<String>,
    /// Message of an annotated tag; `None` for a lightweight tag.
    pub message: Option<String>,
    /// SHA-256 of the message as the host has it, before cleaning, `sha256:<hex>`.
    #[serde(default)]
    pub message_digest: Option<String>,
}

/// A release on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseState {
    /// The host's id.
    pub id: u64,
    pub tag: String,
    /// Not published yet.
    pub draft: bool,
    /// Body text, raw, because it carries the operation marker.
    pub body: String,
    /// Login of the author as the host reports it.
    pub author: Option<String>,
    /// The host's id of the author.
    #[serde(default)]
    pub author_id: Option<u64>,
    /// When it was published, by the host's clock; `None` for a draft.
    #[serde(default)]
    pub published_at: Option<Timestamp>,
    #[serde(default)]
    pub assets: Vec<ReleaseAsset>,
    /// Upload URL template, as reported by the host.
    #[serde(default)]
    pub upload_url: Option<String>,
    pub web_url: String,
}

/// A file attached to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAsset {
    /// The host's id.
    pub id: u64,
    /// Cleaned.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// `sha256:<hex>`, if the host reports it (github.com since 2025, not every Enterprise Server).
    pub digest: Option<String>,
    /// The upload has finished.
    pub complete: bool,
    /// Login of the account that uploaded it, as the host reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader: Option<String>,
    /// The host's id of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploader_id: Option<u64>,
    /// When it was uploaded, by the host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitComment {
    /// The host's id.
    pub id: u64,
    /// Login of the author as the host reports it.
    pub login: String,
    /// The host's id of the author.
    pub author_id: u64,
    /// Cleaned.
    pub body: String,
    pub created_at: Timestamp,
    /// Time of the last edit; equal to `created_at` if never edited.
    pub updated_at: Timestamp,
    pub web_url: String,
}

/// The owner of a token, as the host reports them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// May change.
    pub login: String,
    /// Never changes.
    pub id: u64,
    /// Display name, if the profile has one.
    pub name: Option<String>,
    /// Public mail address, if the profile has one.
    pub email: Option<String>,
    /// The host's time, if reported (`Date` header, whole seconds).
    #[serde(default)]
    pub host_time: Option<Timestamp>,
}
