//! GitHub as one state machine: a repository, its content, and the effect of each request.
//!
//! Semantics as documented and shown by GitHub: tag objects are content-addressed and invisible, a tag ref is created
//! only if its name is free, a release uses the existing tag, and publishing starts workflows. The demo's ports use it
//! directly; the tests' double adds HTTP, permissions, quirks and faults.

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
pub use releases::{Asset, NewRelease, Release, at_most};
pub use runs::{JobScript, Protected, Run, StepScript, Workflow};

use super::server::shared;
use crate::domain::ids::{CommitSha, RepoSlug, TagName};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repo {
    pub slug: RepoSlug,
    /// The branch that releases must come from.
    pub default_branch: String,
    /// The head of each branch.
    pub branches: BTreeMap<String, CommitSha>,
    /// All commits. Requests never write them, so copies of a world share them.
    #[serde(with = "shared")]
    pub commits: Arc<BTreeMap<CommitSha, Commit>>,
    /// Pull requests, shared as commits are.
    #[serde(with = "shared")]
    pub pulls: Arc<Vec<Pull>>,
    /// Annotated tag objects by id, including those that no tag points to.
    pub tag_objects: BTreeMap<String, TagObject>,
    /// The target of each tag: a tag object, or, for a lightweight tag, a commit.
    pub tags: BTreeMap<TagName, String>,
    /// Releases in order of creation, drafts included.
    pub releases: Vec<Release>,
    pub workflows: Vec<Workflow>,
    /// Workflow runs in order of creation.
    pub runs: Vec<Run>,
    /// Comments on commits in order of creation.
    pub comments: Vec<Comment>,
    /// Logins of the members of each team, by `org/team`.
    pub teams: BTreeMap<String, Vec<String>>,
    /// Logins that may not write; everybody else may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<String>,
    /// Workflow runs that trained models. Nothing starts new ones.
    pub trainings: Vec<TrainingWorkflowRun>,
    /// The highest id assigned so far, to any object.
    pub last_id: u64,
}

impl Repo {
    /// An empty repository, with ids from `first_id` on.
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
            readers: Vec::new(),
            trainings: Vec::new(),
            last_id: first_id,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
