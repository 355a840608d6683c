//! Which approvals of others count, and who may approve.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::domain::decision::ApprovalTally;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::Outcome;
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::policy::Effective;
use crate::domain::record::Decision;
use crate::domain::record::mark::DecisionMark;
use crate::domain::record::vouch::{self, Void, Vouched, Writers};
use crate::domain::registry::ModelVersion;
use crate::services::Services;

/// Reads the approvals backed by comments on the code host, without those of people who may not approve.
///
/// # Errors
/// Those of reading the comments, and the members of teams that may approve.
pub async fn standing(
    services: &Services,
    facts: &ReviewedFacts,
    demands: &Effective,
    repo: &RepoSlug,
    commit: &CommitSha,
) -> Outcome<ApprovalTally> {
    let comments = services.code.comments(repo, commit).await?;
    let mut found = vouch::vouched(&comments, &services.home().await?, &facts.version);
    let writers = writers(services, demands, repo, &found).await;
    found.retain(|v| !writers.sets_nothing_aside(v));
    // A decision backed by a comment has the host's time; the mark has that of some machine's clock.
    let mark = DecisionMark::on(&facts.version).filter(|m| found.iter().all(|v| v.approval.record_hash != m.record));
    let (all, mut void) = vouch::standing(&found, &facts.digest(), mark.as_ref());
    let mut counting = Vec::new();
    for approval in all {
        if let Some(stranger) = writers.objection(&approval.login) {
            void.push(stranger);
            continue;
        }
        match may_sign(services, demands, &approval.login).await? {
            Ok(()) => counting.push(approval),
            Err(why) => void.push(Void::new(&approval.login, why)),
        }
    }
    Ok(ApprovalTally { counting, void })
}

/// The last rejection or hold in the comments on the commit, by somebody who may write: where no tags on the version say
/// it.
///
/// # Errors
/// Those of reading the comments.
pub async fn set_aside(
    services: &Services,
    demands: &Effective,
    version: &ModelVersion,
    repo: &RepoSlug,
    commit: &CommitSha,
) -> Outcome<Option<DecisionMark>> {
    let comments = services.code.comments(repo, commit).await?;
    let mut found = vouch::vouched(&comments, &services.home().await?, version);
    found.retain(|v| v.decision != Decision::Approve);
    let writers = writers(services, demands, repo, &found).await;
    found.retain(|v| !writers.sets_nothing_aside(v));
    Ok(found.pop().map(|last| DecisionMark {
        decision: last.decision,
        by: last.approval.login,
        at: last.approval.at,
        reason: format!("see {}", last.approval.url),
        record: last.approval.record_hash,
        to: None,
        until: None,
        of: version.stamp(),
    }))
}

/// Asks the code host which authors of decisions may write to the repository: anybody with an account may comment on a
/// commit of a public one. Where a list names the approvers, only those who reject or hold are asked about.
pub async fn writers(services: &Services, demands: &Effective, repo: &RepoSlug, found: &[Vouched]) -> Writers {
    let listed = !demands.approvers.is_empty();
    let asked = found.iter().filter(|v| !listed || v.decision != Decision::Approve);
    let logins: BTreeSet<&str> = asked.map(|v| v.approval.login.as_str()).collect();
    let answers = join_all(
        logins.into_iter().map(|login| async move { (login.to_owned(), services.code.may_write(repo, login).await) }),
    );
    Writers::new(answers.await)
}

/// Whether `login` is on every list of who may approve; the reason if not, as a phrase.
///
/// # Errors
/// Those of reading the members of a team, unless somewhere else says that `login` may.
pub async fn may_sign(services: &Services, demands: &Effective, login: &str) -> Outcome<Result<(), String>> {
    for list in &demands.approvers {
        let mut unread = None;
        let mut listed = false;
        for entry in list {
            match entry.strip_prefix('@').and_then(|team| team.split_once('/')) {
                Some((org, team)) => match services.code.is_member(org, team, login).await {
                    Ok(is) => listed |= is,
                    Err(failure) => unread = Some(failure),
                },
                None => listed |= entry.trim_start_matches('@').eq_ignore_ascii_case(login),
            }
            if listed {
                break;
            }
        }
        match (listed, unread) {
            (true, _) => {}
            (false, Some(failure)) => return Err(failure),
            (false, None) => {
                return Ok(Err(format!("{login} is not among those who may approve ({})", list.join(", "))));
            }
        }
    }
    Ok(Ok(()))
}
