//! Evidence about commits: pull requests, checks, changed files, and the workflow runs that trained models.
//! Nothing writes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refusal, Repo, StoredCommit};
use crate::domain::ids::CommitSha;

/// A merged pull request. Its title, author and time are those of the commit its merge made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPull {
    pub number: u64,
    /// Logins that approved it, the author's own included.
    pub approvals: Vec<String>,
    /// Login of who merged it.
    pub merged_by: String,
}

/// A check that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCheck {
    pub name: String,
    /// How it ended, in the host's word.
    pub conclusion: String,
}

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    pub path: String,
    /// The path before, if it was renamed.
    #[serde(default)]
    pub previous_path: Option<String>,
    /// `added`, `removed`, `modified` or `renamed`.
    pub status: String,
    /// Lines added.
    pub additions: u64,
    /// Lines removed.
    pub deletions: u64,
}

/// A workflow run that trained a model, and ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingWorkflowRun {
    pub id: u64,
    /// Number counted per workflow.
    pub number: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Login of who started it.
    #[serde(default)]
    pub actor: Option<String>,
}

/// What lies between two commits.
#[derive(Debug)]
pub struct Between<'a> {
    /// Commits that only the new one has, newest first.
    pub ahead: Vec<(&'a CommitSha, &'a StoredCommit)>,
    /// How many only the old one has.
    pub behind: usize,
    /// What the new ones changed in sum, by path.
    pub files: Vec<StoredFile>,
}

impl Repo {
    /// One commit by its full id.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn commit(&self, sha: &CommitSha) -> Result<&StoredCommit, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no commit '{sha}'", self.slug));
        self.commits.get(sha).ok_or_else(missing)
    }

    /// What `new` has that `old` has not.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn between(&self, old: &CommitSha, new: &CommitSha) -> Result<Between<'_>, Refusal> {
        let (of_old, of_new) = (self.history(old)?, self.history(new)?);
        let lacks = |history: &[(&CommitSha, &StoredCommit)], sha: &CommitSha| !history.iter().any(|(s, _)| *s == sha);
        let ahead: Vec<_> = of_new.iter().filter(|(sha, _)| lacks(&of_old, sha)).copied().collect();
        let behind = of_old.iter().filter(|(sha, _)| lacks(&of_new, sha)).count();
        let mut files = BTreeMap::new();
        for file in ahead.iter().rev().flat_map(|(_, commit)| &commit.files) {
            add(&mut files, file);
        }
        Ok(Between { ahead, behind, files: files.into_values().collect() })
    }

    /// The text of the file at `path` as of one commit; none if it is not there.
    ///
    /// # Errors
    /// Unknown commit.
    pub fn file(&self, sha: &CommitSha, path: &str) -> Result<Option<&str>, Refusal> {
        let history = self.history(sha)?;
        Ok(history.iter().find_map(|(_, commit)| commit.contents.get(path)).map(String::as_str))
    }

    /// One workflow run that trained a model.
    pub fn training(&self, id: u64) -> Option<&TrainingWorkflowRun> {
        self.trainings.iter().find(|run| run.id == id)
    }

    /// The commit and everything before it.
    fn history(&self, sha: &CommitSha) -> Result<Vec<(&CommitSha, &StoredCommit)>, Refusal> {
        self.commit(sha)?;
        let mut all = Vec::new();
        let mut next = Some(sha);
        // A damaged file could hold a circle of parents; no walk is longer than there are commits.
        while let Some(found) = next.and_then(|sha| self.commits.get_key_value(sha))
            && all.len() < self.commits.len()
        {
            next = found.1.parent.as_ref();
            all.push(found);
        }
        Ok(all)
    }
}

/// Adds the change of a later commit to the sum.
fn add(files: &mut BTreeMap<String, StoredFile>, file: &StoredFile) {
    let earlier = file.previous_path.as_ref().and_then(|path| files.remove(path)).or_else(|| files.remove(&file.path));
    let Some(earlier) = earlier else {
        files.insert(file.path.clone(), file.clone());
        return;
    };
    let was_added = earlier.status == "added";
    if was_added && file.status == "removed" {
        return;
    }
    let sum = StoredFile {
        path: file.path.clone(),
        previous_path: if was_added { None } else { earlier.previous_path.or_else(|| file.previous_path.clone()) },
        status: if was_added || file.status == "modified" { earlier.status } else { file.status.clone() },
        additions: earlier.additions + file.additions,
        deletions: earlier.deletions + file.deletions,
    };
    files.insert(sum.path.clone(), sum);
}
