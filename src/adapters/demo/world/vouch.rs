//! What vouches for decisions: files on releases, comments on commits.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refusal, Repo};
use crate::domain::ids::CommitSha;
use crate::domain::text;

/// A file attached to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAsset {
    pub id: u64,
    pub name: String,
    /// What stands in it: the demo takes text alone.
    pub content: String,
}

/// A comment on a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredComment {
    pub id: u64,
    pub commit: CommitSha,
    /// Login of its author.
    pub login: String,
    pub author_id: u64,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Repo {
    /// Attaches a file to a release.
    ///
    /// # Errors
    /// Unknown release; [`Refusal::Exists`] if it has a file of that name; content that is no text.
    pub fn attach(&mut self, release: u64, name: &str, content: &[u8]) -> Result<StoredAsset, Refusal> {
        let shown = text::clean_line(name);
        if self.release(release)?.assets.iter().any(|a| a.name == name) {
            return Err(Refusal::Exists(format!("the release has a file '{shown}' already")));
        }
        let content = String::from_utf8(content.to_vec())
            .map_err(|_| Refusal::Invalid(format!("the demo takes text alone, and '{shown}' is none")))?;
        let asset = StoredAsset { id: self.next_id(), name: name.to_owned(), content };
        if let Some(release) = self.releases.iter_mut().find(|r| r.id == release) {
            release.assets.push(asset.clone());
        }
        Ok(asset)
    }

    /// One attached file.
    ///
    /// # Errors
    /// Unknown id.
    pub fn asset(&self, id: u64) -> Result<&StoredAsset, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no release file with the id {id}", self.slug));
        self.releases.iter().flat_map(|r| &r.assets).find(|a| a.id == id).ok_or_else(missing)
    }

    /// Comments on a commit.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn comment(
        &mut self,
        commit: &CommitSha,
        author: (&str, u64),
        body: &str,
        now: Timestamp,
    ) -> Result<StoredComment, Refusal> {
        if !self.commits.contains_key(commit) {
            return Err(Refusal::NotFound(format!("{} has no commit '{commit}'", self.slug)));
        }
        let comment = StoredComment {
            id: self.next_id(),
            commit: commit.clone(),
            login: author.0.to_owned(),
            author_id: author.1,
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
        };
        self.comments.push(comment.clone());
        Ok(comment)
    }
}
