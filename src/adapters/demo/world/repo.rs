//! The repository: commits, tags, releases and CD runs, and the writes a release host takes.
//!
//! Semantics as GitHub documents and shows them: tag objects are content-addressed and invisible, a tag ref
//! is created only if its name is free, a release uses the tag that exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::cd::{Workflow, WorkflowRun};
use super::code::{StoredCheck, StoredFile, StoredPull, TrainingWorkflowRun};
use super::vouch::{StoredAsset, StoredComment};
use super::{Refusal, hex};
use crate::domain::cd::CdTrigger;
use crate::domain::ids::{CommitSha, RepoSlug, TagName};
use crate::domain::text;

/// The shortest abbreviation of a commit id that Git resolves.
const SHORTEST_ABBREVIATION: usize = 4;

/// A repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repo {
    /// Its name.
    pub slug: RepoSlug,
    /// The branch releases must come from.
    pub default_branch: String,
    /// The head of each branch.
    pub branches: BTreeMap<String, CommitSha>,
    /// All commits. Nothing writes them, so that copies of a world share them.
    #[serde(with = "super::shared")]
    pub commits: Arc<BTreeMap<CommitSha, StoredCommit>>,
    /// Annotated tag objects by id, those that no tag points to included.
    pub tag_objects: BTreeMap<String, TagObject>,
    /// What each tag points to: a tag object, or, for a lightweight tag, a commit.
    pub tags: BTreeMap<TagName, String>,
    /// Releases in the order they were made, drafts included.
    pub releases: Vec<Release>,
    /// The CD workflow.
    pub workflow: Workflow,
    /// Its runs in the order they were made.
    pub cd_runs: Vec<WorkflowRun>,
    /// Comments on commits, in the order they were made.
    #[serde(default)]
    pub comments: Vec<StoredComment>,
    /// Logins of the members of each team, `org/team`.
    #[serde(default)]
    pub teams: BTreeMap<String, Vec<String>>,
    /// Workflow runs that trained models.
    pub trainings: Vec<TrainingWorkflowRun>,
    /// The highest id given out so far, to releases and runs alike.
    pub last_id: u64,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCommit {
    /// Its message.
    pub title: String,
    /// Its author's login.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
    /// The commit before it.
    pub parent: Option<CommitSha>,
    /// The CD job that fails on this code, if one does.
    pub cd_fails_at: Option<String>,
    /// The pull request that brought it in; none if it was pushed directly.
    pub pull: Option<StoredPull>,
    /// What was checked on it.
    pub checks: Vec<StoredCheck>,
    /// What it changed.
    pub files: Vec<StoredFile>,
    /// Texts of files by path, where this commit wrote one that somebody reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<String, String>,
}

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagObject {
    /// The name it was made for.
    pub tag: TagName,
    pub message: String,
    pub commit: CommitSha,
    /// Printed name of the tagger.
    pub tagger: String,
    /// Mail address of the tagger.
    pub email: String,
    /// The tagger's date.
    pub at: Timestamp,
}

impl TagObject {
    /// The object's id: 40 digits that follow from its content, so that the same tag is the same object.
    /// (From SHA-256; real ids are SHA-1.)
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

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub id: u64,
    /// The tag it belongs to.
    pub tag: TagName,
    pub title: String,
    /// Its text.
    pub body: String,
    /// Not published.
    pub draft: bool,
    /// Login of who made it.
    pub author: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Files attached to it.
    #[serde(default)]
    pub assets: Vec<StoredAsset>,
}

/// A release to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    pub tag: TagName,
    pub title: String,
    /// Text.
    pub body: String,
    /// Do not publish yet.
    pub draft: bool,
    /// Login of who makes it.
    pub author: String,
}

impl Repo {
    /// Resolves a branch, a tag, a full id or an abbreviation of at least four digits.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] where an abbreviation fits several commits.
    pub fn resolve(&self, rev: &str) -> Result<(&CommitSha, &StoredCommit), Refusal> {
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

    /// Whether `commit` is the head of `branch` or an ancestor of it.
    ///
    /// # Errors
    /// Unknown branch or commit.
    pub fn is_on_branch(&self, branch: &str, commit: &CommitSha) -> Result<bool, Refusal> {
        let Some(head) = self.branches.get(branch) else {
            return Err(Refusal::NotFound(format!("{} has no branch '{}'", self.slug, text::clean_line(branch))));
        };
        if !self.commits.contains_key(commit) {
            return Err(Refusal::NotFound(format!("{} has no commit '{commit}'", self.slug)));
        }
        let mut next = Some(head);
        // A damaged file could hold a circle of parents; no walk is longer than there are commits.
        for _ in 0..self.commits.len() {
            let Some(sha) = next else { return Ok(false) };
            if sha == commit {
                return Ok(true);
            }
            next = self.commits.get(sha).and_then(|c| c.parent.as_ref());
        }
        Ok(false)
    }

    /// The commit a tag finally points to, and the tag object on the way, if it is annotated.
    pub fn peel(&self, tag: &TagName) -> Option<(&CommitSha, Option<(&str, &TagObject)>)> {
        let target = self.tags.get(tag)?;
        match self.tag_objects.get_key_value(target) {
            Some((id, object)) => Some((&object.commit, Some((id.as_str(), object)))),
            None => self.commits.get_key_value(&target.parse().ok()?).map(|(sha, _)| (sha, None)),
        }
    }

    /// Creates a tag object and gives its id. The same object again changes nothing. Starts nothing.
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

    /// Creates a tag, if its name is free, pointing to a tag object or a commit.
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

    /// Makes a release and gives its id. Publishing on a tag that does not exist makes a *lightweight* tag at
    /// the head of the default branch, as GitHub does: create the tag first.
    ///
    /// # Errors
    /// [`Refusal::Exists`] if a published release has this tag.
    pub fn create_release(&mut self, new: NewRelease, now: Timestamp) -> Result<u64, Refusal> {
        let NewRelease { tag, title, body, draft, author } = new;
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
            assets: Vec::new(),
        });
        if !draft {
            self.published(&tag, now);
        }
        Ok(id)
    }

    /// Publishes a draft. One that is published already stays as it is.
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

    /// Starts the workflow on a tag by `workflow_dispatch`.
    ///
    /// # Errors
    /// Unknown workflow or tag; the workflow does not listen.
    pub fn dispatch(&mut self, workflow: &str, tag: &TagName, now: Timestamp) -> Result<(), Refusal> {
        let shown = text::clean_line(workflow);
        if !self.workflow.is_called(workflow) {
            return Err(Refusal::NotFound(format!("{} has no workflow '{shown}'", self.slug)));
        }
        if self.peel(tag).is_none() {
            return Err(Refusal::Invalid(format!("{} has no tag '{tag}'", self.slug)));
        }
        if !self.workflow.starts_on.contains(&CdTrigger::Dispatch) {
            return Err(Refusal::Invalid(format!("the workflow '{shown}' does not listen to workflow_dispatch")));
        }
        self.happened(CdTrigger::Dispatch, tag, now);
        Ok(())
    }

    /// One CD run.
    ///
    /// # Errors
    /// Unknown id.
    pub fn cd_run(&self, id: u64) -> Result<&WorkflowRun, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no workflow run with the id {id}", self.slug));
        self.cd_runs.iter().find(|r| r.id == id).ok_or_else(missing)
    }

    /// Makes the CD workflow listen to `trigger` and nothing else.
    pub fn listen_to(&mut self, trigger: CdTrigger) {
        self.workflow.starts_on = if trigger == CdTrigger::None { Vec::new() } else { vec![trigger] };
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

    /// Something happened to a tag: starts the workflow, if it listens to that.
    fn happened(&mut self, trigger: CdTrigger, tag: &TagName, now: Timestamp) {
        if !self.workflow.starts_on.contains(&trigger) {
            return;
        }
        let Some(commit) = self.peel(tag).map(|(commit, _)| commit.clone()) else { return };
        let fails_at = self.commits.get(&commit).and_then(|c| c.cd_fails_at.clone());
        let id = self.next_id();
        let number = self.cd_runs.iter().map(|r| r.number).max().unwrap_or(0) + 1;
        self.cd_runs.push(WorkflowRun { id, number, trigger, tag: tag.clone(), commit, created_at: now, fails_at });
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
