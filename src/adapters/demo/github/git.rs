//! Commits, branches and tags, as in Git.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Check, Repo};
use crate::adapters::demo::Refusal;
use crate::adapters::demo::server::hex;
use crate::domain::cd::CdTrigger;
use crate::domain::ids::{CommitSha, TagName};
use crate::domain::text;

/// The shortest abbreviation of a commit id that Git resolves.
const SHORTEST_ABBREVIATION: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    pub message: String,
    /// Its author's login.
    pub author: String,
    pub at: Timestamp,
    pub parent: Option<CommitSha>,
    /// The CD job that fails on this code, if any.
    pub cd_fails_at: Option<String>,
    pub checks: Vec<Check>,
    /// The files it changed.
    pub files: Vec<File>,
    /// Files by path, if this commit wrote one that is read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<String, Blob>,
}

/// The content of a file. Stored as text if it is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredBlob", into = "StoredBlob")]
pub struct Blob(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredBlob {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<StoredBlob> for Blob {
    fn from(stored: StoredBlob) -> Self {
        match stored {
            StoredBlob::Text(text) => Self(text.into_bytes()),
            StoredBlob::Bytes(bytes) => Self(bytes),
        }
    }
}

impl From<Blob> for StoredBlob {
    fn from(blob: Blob) -> Self {
        String::from_utf8(blob.0).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::Text)
    }
}

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub path: String,
    /// The path before a rename.
    #[serde(default)]
    pub previous_path: Option<String>,
    /// `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    pub additions: u64,
    pub deletions: u64,
}

/// The difference between two commits.
#[derive(Debug)]
pub struct Between<'a> {
    /// Commits that only the new one has, newest first.
    pub ahead: Vec<(&'a CommitSha, &'a Commit)>,
    /// Number of commits that only the old one has.
    pub behind: usize,
    /// The combined changes of the new commits, by path.
    pub files: Vec<File>,
}

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagObject {
    pub tag: TagName,
    pub message: String,
    pub commit: CommitSha,
    /// Display name of the tagger.
    pub tagger: String,
    /// Email address of the tagger.
    pub email: String,
    /// The tagger's date.
    pub at: Timestamp,
}

impl TagObject {
    /// The object's id: 40 digits derived from its content, so the same tag is the same object. (From SHA-256; real ids
    /// are SHA-1.)
    pub fn id(&self) -> String {
        let content = format!(
            "object {}\ntype commit\ntag {}\ntagger {} <{}> {}\n\n{}",
            self.commit,
            self.tag,
            self.tagger,
            self.email,
            self.at.as_second(),
            self.message
        );
        hex(&Sha256::digest(content.as_bytes())[..20])
    }
}

impl Repo {
    /// Resolves a branch, a tag, a full id or an abbreviation of at least four digits.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] if an abbreviation is ambiguous.
    pub fn resolve(&self, rev: &str) -> Result<(&CommitSha, &Commit), Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no commit '{}'", self.slug, text::clean_line(rev)));
        if let Some(head) = self.branches.get(rev) {
            return self.commits.get_key_value(head).ok_or_else(missing);
        }
        if let Some((commit, _)) = rev.parse().ok().and_then(|tag| self.peel(&tag)) {
            return self.commits.get_key_value(commit).ok_or_else(missing);
        }
        let abbreviation = rev.to_ascii_lowercase();
        if abbreviation.len() < SHORTEST_ABBREVIATION {
            return Err(missing());
        }
        let mut fitting = self.commits.iter().filter(|(sha, _)| sha.as_str().starts_with(&abbreviation));
        match (fitting.next(), fitting.next()) {
            (Some(found), None) => Ok(found),
            (None, _) => Err(missing()),
            _ => Err(Refusal::Invalid(format!("'{abbreviation}' fits several commits of {}", self.slug))),
        }
    }

    /// One commit by its full id.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn commit(&self, sha: &CommitSha) -> Result<&Commit, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no commit '{sha}'", self.slug));
        self.commits.get(sha).ok_or_else(missing)
    }

    /// Whether `commit` is the head of `branch` or an ancestor of it.
    ///
    /// # Errors
    /// Unknown branch or commit.
    pub fn is_on_branch(&self, branch: &str, commit: &CommitSha) -> Result<bool, Refusal> {
        let Some(head) = self.branches.get(branch) else {
            return Err(Refusal::NotFound(format!("{} has no branch '{}'", self.slug, text::clean_line(branch))));
        };
        self.commit(commit)?;
        Ok(self.history(head)?.iter().any(|(sha, _)| *sha == commit))
    }

    /// What `new` has that `old` does not.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn between(&self, old: &CommitSha, new: &CommitSha) -> Result<Between<'_>, Refusal> {
        let (of_old, of_new) = (self.history(old)?, self.history(new)?);
        let lacks = |history: &[(&CommitSha, &Commit)], sha: &CommitSha| !history.iter().any(|(s, _)| *s == sha);
        let ahead: Vec<_> = of_new.iter().filter(|(sha, _)| lacks(&of_old, sha)).copied().collect();
        let behind = of_old.iter().filter(|(sha, _)| lacks(&of_new, sha)).count();
        let mut files = BTreeMap::new();
        for file in ahead.iter().rev().flat_map(|(_, commit)| &commit.files) {
            add(&mut files, file);
        }
        Ok(Between { ahead, behind, files: files.into_values().collect() })
    }

    /// The file at `path` as of one commit; none if it does not exist.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn file(&self, sha: &CommitSha, path: &str) -> Result<Option<&Blob>, Refusal> {
        let history = self.history(sha)?;
        Ok(history.iter().find_map(|(_, commit)| commit.contents.get(path)))
    }

    /// The commit a tag finally points to, and the tag object in between, if it is annotated.
    pub fn peel(&self, tag: &TagName) -> Option<(&CommitSha, Option<(&str, &TagObject)>)> {
        let target = self.tags.get(tag)?;
        match self.tag_objects.get_key_value(target) {
            Some((id, object)) => Some((&object.commit, Some((id.as_str(), object)))),
            None => self.commits.get_key_value(&target.parse().ok()?).map(|(sha, _)| (sha, None)),
        }
    }

    /// Creates a tag object and returns its id. Creating the same object again changes nothing. Triggers nothing.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn create_tag_object(&mut self, object: TagObject) -> Result<String, Refusal> {
        if !self.commits.contains_key(&object.commit) {
            return Err(Refusal::Invalid(format!("{} has no commit '{}' to tag", self.slug, object.commit)));
        }
        let id = object.id();
        self.tag_objects.insert(id.clone(), object);
        Ok(id)
    }

    /// Creates a tag ref to a tag object or a commit, if its name is free.
    ///
    /// # Errors
    /// [`Refusal::Exists`] if the name is taken, whatever it points to; unknown object.
    pub fn create_tag_ref(&mut self, tag: &TagName, object: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.tags.contains_key(tag) {
            return Err(Refusal::Exists(format!("{} already has a tag '{tag}'", self.slug)));
        }
        let is_commit = object.parse().is_ok_and(|sha: CommitSha| self.commits.contains_key(&sha));
        if !is_commit && !self.tag_objects.contains_key(object) {
            return Err(Refusal::Invalid(format!("{} has no object '{}'", self.slug, text::clean_line(object))));
        }
        self.tags.insert(tag.clone(), object.to_owned());
        self.happened(CdTrigger::Tag, tag, now);
        Ok(())
    }

    /// The commit and all its ancestors.
    fn history(&self, sha: &CommitSha) -> Result<Vec<(&CommitSha, &Commit)>, Refusal> {
        self.commit(sha)?;
        let mut all = Vec::new();
        let mut next = Some(sha);
        // A damaged file could contain a cycle of parents; no walk is longer than the number of commits.
        while let Some(found) = next.and_then(|sha| self.commits.get_key_value(sha))
            && all.len() < self.commits.len()
        {
            next = found.1.parent.as_ref();
            all.push(found);
        }
        Ok(all)
    }
}

/// Adds a later commit's change to the combined changes.
fn add(files: &mut BTreeMap<String, File>, file: &File) {
    let earlier = file.previous_path.as_ref().and_then(|path| files.remove(path)).or_else(|| files.remove(&file.path));
    let Some(earlier) = earlier else {
        files.insert(file.path.clone(), file.clone());
        return;
    };
    let was_added = earlier.status == "added";
    if was_added && file.status == "removed" {
        return;
    }
    let sum = File {
        path: file.path.clone(),
        previous_path: if was_added { None } else { earlier.previous_path.or_else(|| file.previous_path.clone()) },
        status: if was_added || file.status == "modified" { earlier.status } else { file.status.clone() },
        additions: earlier.additions + file.additions,
        deletions: earlier.deletions + file.deletions,
    };
    files.insert(sum.path.clone(), sum);
}
