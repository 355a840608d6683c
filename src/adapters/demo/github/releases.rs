//! Releases, drafts and their assets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Blob, Repo};
use crate::adapters::demo::Refusal;
use crate::domain::cd::CdTrigger;
use crate::domain::ids::TagName;
use crate::domain::text;

/// A release asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    pub content: Blob,
    /// Whether the upload finished.
    pub complete: bool,
    /// Login of who uploaded it.
    #[serde(default)]
    pub uploader: Option<String>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub id: u64,
    pub tag: TagName,
    pub title: String,
    pub body: String,
    pub draft: bool,
    /// Login of the creator.
    pub author: String,
    pub created_at: Timestamp,
    /// When it was published.
    #[serde(default)]
    pub published_at: Option<Timestamp>,
    pub assets: Vec<Asset>,
}

/// A release to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    pub tag: TagName,
    pub title: String,
    pub body: String,
    pub draft: bool,
    /// Login of the creator.
    pub author: String,
}

/// GitHub's answer to a text that is too long.
///
/// # Errors
/// [`Refusal::Invalid`] for more than `most` characters.
pub fn at_most(body: &str, most: usize) -> Result<(), Refusal> {
    if body.chars().count() <= most {
        return Ok(());
    }
    Err(Refusal::Invalid(format!("body is too long (maximum is {most} characters)")))
}

impl Repo {
    /// Characters of a release's body.
    pub const NOTES_LIMIT: usize = 125_000;
    /// Characters of a comment.
    pub const COMMENT_LIMIT: usize = 65_536;

    /// Creates a release and returns its id. Publishing on a tag that does not exist creates a *lightweight* tag at the
    /// head of the default branch, as GitHub does: create the tag first.
    ///
    /// # Errors
    /// [`Refusal::Exists`] if a published release has this tag; [`Refusal::Invalid`] if the body is too long.
    pub fn create_release(&mut self, new: NewRelease, now: Timestamp) -> Result<u64, Refusal> {
        let NewRelease { tag, title, body, draft, author } = new;
        at_most(&body, Self::NOTES_LIMIT)?;
        if !draft {
            self.check_unreleased(&tag)?;
        }
        let id = self.next_id();
        self.releases.push(Release {
            id,
            tag: tag.clone(),
            title,
            body,
            draft,
            author,
            created_at: now,
            published_at: (!draft).then_some(now),
            assets: Vec::new(),
        });
        if !draft {
            self.published(&tag, now);
        }
        Ok(id)
    }

    /// Publishes a draft. A published release stays as it is.
    ///
    /// # Errors
    /// Unknown id; another published release has its tag.
    pub fn publish_release(&mut self, id: u64, now: Timestamp) -> Result<(), Refusal> {
        let release = self.release(id)?;
        if !release.draft {
            return Ok(());
        }
        let tag = release.tag.clone();
        self.check_unreleased(&tag)?;
        if let Some(release) = self.releases.iter_mut().find(|r| r.id == id) {
            release.draft = false;
            release.published_at = Some(now);
        }
        self.published(&tag, now);
        Ok(())
    }

    /// One release.
    ///
    /// # Errors
    /// Unknown id.
    pub fn release(&self, id: u64) -> Result<&Release, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no release with the id {id}", self.slug));
        self.releases.iter().find(|r| r.id == id).ok_or_else(missing)
    }

    /// Adds an asset to a release, uploaded by `by`.
    ///
    /// # Errors
    /// Unknown release; [`Refusal::Exists`] if it has an asset with that name.
    pub fn attach(
        &mut self,
        release: u64,
        name: &str,
        content: &[u8],
        by: &str,
        now: Timestamp,
    ) -> Result<Asset, Refusal> {
        if self.release(release)?.assets.iter().any(|a| a.name == name) {
            return Err(Refusal::Exists(format!("the release has a file '{}' already", text::clean_line(name))));
        }
        let asset = Asset {
            id: self.next_id(),
            name: name.to_owned(),
            content: Blob(content.to_vec()),
            complete: true,
            uploader: Some(by.to_owned()),
            created_at: Some(now),
        };
        if let Some(release) = self.releases.iter_mut().find(|r| r.id == release) {
            release.assets.push(asset.clone());
        }
        Ok(asset)
    }

    /// One asset and its release.
    ///
    /// # Errors
    /// Unknown id.
    pub fn asset(&self, id: u64) -> Result<(&Release, &Asset), Refusal> {
        let all = self.releases.iter().flat_map(|r| r.assets.iter().map(move |a| (r, a)));
        let missing = || Refusal::NotFound(format!("{} has no release file with the id {id}", self.slug));
        all.into_iter().find(|(_, a)| a.id == id).ok_or_else(missing)
    }

    /// Removes an asset from its release.
    ///
    /// # Errors
    /// Unknown id.
    pub fn remove_asset(&mut self, id: u64) -> Result<(), Refusal> {
        self.asset(id)?;
        self.releases.iter_mut().for_each(|r| r.assets.retain(|a| a.id != id));
        Ok(())
    }

    fn check_unreleased(&self, tag: &TagName) -> Result<(), Refusal> {
        if self.releases.iter().any(|r| r.tag == *tag && !r.draft) {
            return Err(Refusal::Exists(format!("{} already has a release for the tag '{tag}'", self.slug)));
        }
        Ok(())
    }

    fn published(&mut self, tag: &TagName, now: Timestamp) {
        if !self.tags.contains_key(tag)
            && let Some(head) = self.branches.get(&self.default_branch)
        {
            self.tags.insert(tag.clone(), head.to_string());
            self.happened(CdTrigger::Tag, tag, now);
        }
        self.happened(CdTrigger::Release, tag, now);
    }
}
