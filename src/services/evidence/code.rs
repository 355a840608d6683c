//! Reads where the code of a version came from: pull request, checks, what changed since production, and the
//! workflow run that trained it. Reading only, and never part of the facts an approval rests on.
//!
//! Every part is read on its own and has its own outcome, so that one that cannot be read hides no other.

use futures_util::future::join4;

use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::Outcome;
use crate::domain::ids::{RepoSlug, VersionNumber};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest, watched};
use crate::domain::origin::{Claim, CodeOrigin, code_of, code_of_baseline, training_of};
use crate::domain::promotion::CommitOrigin;
use crate::services::Services;

/// The code a version was made from, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The repository.
    pub repo: RepoSlug,
    pub commit: Commit,
    /// Why this commit.
    pub origin: CommitOrigin,
}

/// What is known of the code behind a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Repository and commit. If they are not known, pull request, checks and changes fail in the same words.
    pub source: Outcome<Source>,
    /// What brought the commit in; none if it was pushed directly.
    pub pull_request: Outcome<Option<PullRequest>>,
    /// Checks and statuses of the commit; may be empty.
    pub checks: Outcome<Vec<CheckResult>>,
    /// What changed since the version in production; none if nothing is in production.
    pub changes: Outcome<Option<Changes>>,
    /// What trained the version; none if no tag of its run says so.
    pub training: Outcome<Option<Training>>,
}

/// What changed in the code since the version in production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The version in production.
    pub baseline: VersionNumber,
    pub from: Commit,
    /// What the candidate's commit has that this one has not.
    pub change: CodeChange,
    /// How many of the listed files are under the configured paths; none if no paths are configured.
    pub watched: Option<usize>,
}

/// The workflow run that trained a version, as a tag of the training run claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The tag that claims it.
    pub tag: String,
    /// The repository the workflow ran in. May be another than that of the code.
    pub repo: RepoSlug,
    /// The workflow run.
    pub run: CdRun,
}

/// Finds repository and commit of the reviewed version as an approval does: from the configuration and from what the
/// training run recorded, an abbreviated commit resolved by the host.
///
/// # Errors
/// A sentence that says what is missing; whatever the host says about the commit.
pub async fn source(services: &Services, facts: &ReviewedFacts) -> Outcome<Source> {
    let CodeOrigin { repo, rev, origin } = code_of(&services.rules, facts.into(), &services.host.host())?;
    let commit = services.host.commit(&repo, &rev).await?;
    Ok(Source { repo, commit, origin })
}

/// Reads everything that is known of the code behind the reviewed version, given where it is or why that is not
/// known: seven requests or so, at most six at a time.
pub async fn code(services: &Services, facts: &ReviewedFacts, source: Outcome<Source>) -> Code {
    match &source {
        Ok(Source { repo, commit, .. }) => {
            let host = &services.code;
            let (pull_request, checks, changes, training) = join4(
                host.pull_request(repo, &commit.sha),
                host.checks(repo, &commit.sha),
                changes(services, facts, repo, commit),
                training(services, facts),
            )
            .await;
            Code { source, pull_request, checks, changes, training }
        }
        Err(failure) => Code {
            pull_request: Err(failure.clone()),
            checks: Err(failure.clone()),
            changes: Err(failure.clone()),
            training: training(services, facts).await,
            source,
        },
    }
}

/// What changed between the commit of the version in production and `commit`; none if nothing is in production.
///
/// # Errors
/// If the run of the version in production names no commit, or one in another repository; whatever the host says.
pub async fn changes(
    services: &Services,
    facts: &ReviewedFacts,
    repo: &RepoSlug,
    commit: &Commit,
) -> Outcome<Option<Changes>> {
    let Some(baseline) = &facts.baseline else {
        return Ok(None);
    };
    let CodeOrigin { rev, .. } = code_of_baseline(&services.rules, baseline, repo, &services.host.host())?;
    let from = services.host.commit(repo, &rev).await?;
    let change = services.code.changes(repo, &from.sha, &commit.sha).await?;
    let paths = &services.rules.watched_paths;
    let watched = (!paths.is_empty()).then(|| watched(&change.files, paths));
    Ok(Some(Changes { baseline: baseline.version.number, from, change, watched }))
}

/// The workflow run that a tag of the training run names; none if no tag names one. Needs no commit: a run trained
/// from an archive may still say what trained it.
///
/// # Errors
/// If there is no training run, or the workflow run is on another host; whatever the host says.
pub async fn training(services: &Services, facts: &ReviewedFacts) -> Outcome<Option<Training>> {
    let Some(Claim { tag, repo, id }) = training_of(&services.rules, facts.into(), &services.host.host())? else {
        return Ok(None);
    };
    let run = services.code.workflow_run(&repo, id).await?;
    Ok(Some(Training { tag, repo, run }))
}
