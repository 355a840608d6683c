//! What is asked about the code of a version.

use crate::app::query::Query;
use crate::domain::evidence::Source;

/// The queries for the pull request and the checks of a commit.
pub fn needs(source: &Source) -> Vec<Query> {
    let (repo, commit) = (source.repo.clone(), source.commit.sha.clone());
    vec![Query::PullRequest { repo: repo.clone(), commit: commit.clone() }, Query::Checks { repo, commit }]
}
