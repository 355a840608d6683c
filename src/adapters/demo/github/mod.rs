//! GitHub as one state machine: a repository, what is in it, and what each request does to it.
//!
//! Semantics as GitHub documents and shows them: tag objects are content-addressed and invisible, a tag ref
//! is created only if its name is free, a release uses the tag that exists, and publishing starts workflows.
//! The demo's ports stand on it directly; the tests' double puts HTTP, permissions, quirks and faults on top.

mod code;
mod comments;
mod git;
mod releases;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use code::{Check, Merge, Pull, TrainingWorkflowRun};
pub use comments::Comment;
pub use git::{Between, Blob, Commit, File, TagObject};
pub use releases::{Asset, NewRelease, Release};
pub use runs::{JobScript, Run, StepScript, Workflow};

use super::server::shared;
use crate::domain::ids::{CommitSha, RepoSlug, TagName};

/// A repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repo {
    pub slug: RepoSlug,
    /// The branch releases must come from.
    pub default_branch: String,
    /// The head of each branch.
    pub branches: BTreeMap<String, CommitSha>,
    /// All commits. Requests never write them, so that copies of a world share them.
    #[serde(with = "shared")]
    pub commits: Arc<BTreeMap<CommitSha, Commit>>,
    /// Pull requests, shared as commits are.
    #[serde(with = "shared")]
    pub pulls: Arc<Vec<Pull>>,
    /// Annotated tag objects by id, those that no tag points to included.
    pub tag_objects: BTreeMap<String, TagObject>,
    /// What each tag points to: a tag object, or, for a lightweight tag, a commit.
    pub tags: BTreeMap<TagName, String>,
    /// Releases in the order they were made, drafts included.
    pub releases: Vec<Release>,
    pub workflows: Vec<Workflow>,
    /// Runs of the workflows in the order they were made.
    pub runs: Vec<Run>,
    /// Comments on commits, in the order they were made.
    pub comments: Vec<Comment>,
    /// Logins of the members of each team, `org/team`.
    pub teams: BTreeMap<String, Vec<String>>,
    /// Workflow runs that trained models. Nothing starts more of them.
    pub trainings: Vec<TrainingWorkflowRun>,
    /// The highest id given out so far, to whatever has one.
    pub last_id: u64,
}

impl Repo {
    /// An empty repository, whose ids are counted from `first_id`.
    pub fn new(slug: RepoSlug, default_branch: &str, first_id: u64) -> Self {
        Self {
            slug,
            default_branch: default_branch.to_owned(),
            branches: BTreeMap::new(),
            commits: Arc::default(),
            pulls: Arc::default(),
            tag_objects: BTreeMap::new(),
            tags: BTreeMap::new(),
            releases: Vec::new(),
            workflows: Vec::new(),
            runs: Vec::new(),
            comments: Vec::new(),
            teams: BTreeMap::new(),
            trainings: Vec::new(),
            last_id: first_id,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
