//! Comments on commits, which back decisions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Repo;
use crate::adapters::demo::Refusal;
use crate::domain::ids::CommitSha;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub id: u64,
    pub commit: CommitSha,
    /// Login of its author.
    pub login: String,
    pub author_id: u64,
    pub body: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Repo {
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
    ) -> Result<Comment, Refusal> {
        self.commit(commit)?;
        super::releases::at_most(body, Self::COMMENT_LIMIT)?;
        let comment = Comment {
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
