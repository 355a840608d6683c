//! Decisions vouched for by the code host: comments on the reviewed commit, written by the signers' own accounts.
//!
//! Anyone with permission to edit tags can write tags on a model version, but the author of a comment is reported by
//! the host. A comment that was edited, by anyone, does not count.

use jiff::Timestamp;

use super::mark::DecisionMark;
use super::text::{DECISION_TRAILER, FACTS_TRAILER};
use super::{Approval, Decision};
use crate::domain::commit::CommitComment;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::{ModelName, PromotionId};
use crate::domain::registry::ModelVersion;
use crate::domain::release::{
    MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, REGISTERED_TRAILER, REGISTRY_TRAILER, VERSION_TRAILER,
    WORKSPACE_TRAILER,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    pub decision: Decision,
    /// Digest of the facts it was decided on.
    pub facts: String,
    /// The approval that the comment is or would be.
    pub approval: Approval,
    /// The comment was edited.
    pub edited: bool,
}

/// An approval that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// Login of the approver.
    pub login: String,
    /// Why it does not count, as a phrase.
    pub why: String,
    /// Why the host did not say whether it counts, if that is the reason.
    pub unread: Option<Failure>,
}

impl Void {
    pub fn new(login: &str, why: String) -> Self {
        Self { login: login.to_owned(), why, unread: None }
    }

    /// It may count, but that could not be read.
    pub fn unread(login: &str, failure: Failure) -> Self {
        Self { login: login.to_owned(), why: failure.to_string(), unread: Some(failure) }
    }
}

/// Who may write to the repository, as far as that was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    /// Logins with the answer, or why there is none.
    asked: Vec<(String, Outcome<bool>)>,
}

impl Writers {
    pub fn new(asked: Vec<(String, Outcome<bool>)>) -> Self {
        Self { asked }
    }

    /// Whether `login` may approve as far as writing is concerned: also if it was not asked about.
    ///
    /// Otherwise returns what is to be said of the approval: the reason, or why the host did not say.
    pub fn objection(&self, login: &str) -> Option<Void> {
        match self.asked.iter().find(|(asked, _)| asked == login).map(|(_, may)| may) {
            None | Some(Ok(true)) => None,
            Some(Ok(false)) => {
                let why = format!("{login} may not write to the repository, and no list names the approvers");
                Some(Void::new(login, why))
            }
            Some(Err(failure)) => Some(Void::unread(login, failure.clone())),
        }
    }

    /// Whether this is a rejection or hold by somebody who surely may not write: a stranger stops nothing. One whose
    /// permission is not known counts.
    pub fn sets_nothing_aside(&self, vouched: &Vouched) -> bool {
        let surely_not = |(login, may): &(String, Outcome<bool>)| *login == vouched.approval.login && *may == Ok(false);
        vouched.decision != Decision::Approve && self.asked.iter().any(surely_not)
    }
}

/// The decisions about `version` of the registry at `home` in the comments on its commit, oldest first. Those that name
/// another workspace or another version of that name are left out.
pub fn vouched(comments: &[CommitComment], home: &Home, version: &ModelVersion) -> Vec<Vouched> {
    let now = Identity::of(home, version);
    let mut found: Vec<_> = comments.iter().filter_map(|c| parse(c, &now)).collect();
    found.sort_by_key(|v| (v.approval.at, v.approval.comment_id));
    found
}

fn parse(comment: &CommitComment, now: &Identity) -> Option<Vouched> {
    // The trailers are in the last code block; anything before is free text, including quotes of other comments.
    let block = comment.body.trim_end().strip_suffix("```")?.rsplit_once("```\n")?.1;
    let says = |key: &str| {
        let mut lines = block.lines().filter_map(|l| l.strip_prefix(key)?.strip_prefix(": "));
        // A trailer that appears twice is ambiguous.
        lines.next().filter(|_| lines.next().is_none()).map(str::trim)
    };
    let said = Identity {
        registry: Some(says(REGISTRY_TRAILER)?.to_owned()),
        workspace: says(WORKSPACE_TRAILER).map(str::to_owned),
        name: ModelName::new(says(MODEL_TRAILER)?),
        number: says(VERSION_TRAILER)?.parse().ok()?,
        run: None,
        source: None,
        registered_at: says(REGISTERED_TRAILER).and_then(|at| at.parse().ok()),
    };
    let about = said.about(now).another().is_none();
    let decision = match says(DECISION_TRAILER)? {
        "approve" => Decision::Approve,
        "reject" => Decision::Reject,
        "hold" => Decision::Hold,
        _ => return None,
    };
    about.then(|| {
        Some(Vouched {
            decision,
            facts: says(FACTS_TRAILER)?.to_owned(),
            approval: Approval {
                record_id: says(OPERATION_TRAILER)?.parse::<PromotionId>().ok()?,
                record_hash: says(RECORD_TRAILER)?.to_owned(),
                login: comment.login.clone(),
                id: comment.author_id,
                at: comment.created_at,
                comment_id: comment.id,
                url: comment.web_url.clone(),
            },
            edited: comment.created_at != comment.updated_at,
        })
    })?
}

/// The approvals that count for the facts with this digest, one per person, and those that do not, with the reason.
///
/// Only the latest decision of each person is in force. A later rejection or hold by anyone, in a comment or on the
/// version, voids all approvals before it.
pub fn standing(vouched: &[Vouched], facts: &str, mark: Option<&DecisionMark>) -> (Vec<Approval>, Vec<Void>) {
    let set_aside: Option<(Timestamp, String, Decision)> = vouched
        .iter()
        .filter(|v| v.decision != Decision::Approve)
        .map(|v| (v.approval.at, v.approval.login.clone(), v.decision))
        .chain(mark.filter(|m| m.sets_aside()).map(|m| (m.at, m.by.clone(), m.decision)))
        .max_by_key(|(at, ..)| *at);
    let (mut counting, mut void) = (Vec::new(), Vec::new());
    for (index, one) in vouched.iter().enumerate().filter(|(_, v)| v.decision == Decision::Approve) {
        let later = &vouched[index + 1..];
        if later.iter().any(|v| v.approval.id == one.approval.id) {
            continue;
        }
        let why = match &set_aside {
            _ if one.edited => Some("its comment was edited after it was written".to_owned()),
            Some((at, by, decision)) if *at >= one.approval.at => {
                Some(format!("the version was {} by {by} later", decision.past()))
            }
            _ if one.facts != facts => Some("the version's facts changed since".to_owned()),
            _ => None,
        };
        match why {
            None => counting.push(one.approval.clone()),
            Some(why) => void.push(Void::new(&one.approval.login, why)),
        }
    }
    (counting, void)
}
