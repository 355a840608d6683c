//! Reads what the code host says about the commit behind a version. None of it is part of the facts an approval rests
//! on.

use futures_util::future::join5;

use super::Scope;
use super::rules::Asked;
use crate::domain::commit::{Ancestry, Commit, Repository};
use crate::domain::evidence::{Changes, Code, Source, Training, not_asked};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::Outcome;
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::lineage::watched;
use crate::domain::origin::{Claim, CodeOrigin, code_of_baseline, training_of};
use crate::services::Services;

/// Reads each requested part concurrently: at most six requests at a time.
pub(super) async fn read(
    services: &Services,
    facts: &ReviewedFacts,
    source: Outcome<Source>,
    repository: Option<Outcome<Repository>>,
    asked: Asked,
    scope: Scope,
) -> Code {
    let host = &services.code;
    // Whatever needs the commit fails with the error of resolving the commit.
    let at = || source.as_ref().map(|s| (&s.repo, &s.commit)).map_err(Clone::clone);
    let ((repository, on_default_branch), pull_request, checks, changes, training) = join5(
        async {
            match asked.branch {
                true => branch(services, at(), repository).await,
                false => (repository.unwrap_or_else(|| Err(not_asked("the repository"))), Err(not_asked("the branch"))),
            }
        },
        async {
            match (asked.pull_request, at()) {
                (true, Ok((repo, commit))) => host.pull_request(repo, &commit.sha).await,
                (true, Err(failure)) => Err(failure),
                (false, _) => Err(not_asked("the pull request")),
            }
        },
        async {
            match (asked.checks, at()) {
                (true, Ok((repo, commit))) => host.checks(repo, &commit.sha).await,
                (true, Err(failure)) => Err(failure),
                (false, _) => Err(not_asked("the checks")),
            }
        },
        async {
            match (asked.changes, at()) {
                (true, Ok((repo, commit))) => changes(services, facts, repo, commit, scope).await,
                (true, Err(failure)) => Err(failure),
                (false, _) => Err(not_asked("the changes")),
            }
        },
        async {
            match asked.training {
                true => training(services, facts).await,
                false => Err(not_asked("the training run")),
            }
        },
    )
    .await;
    Code { source, repository, on_default_branch, pull_request, checks, changes, training }
}

/// Whether the commit is on the default branch, and the repository, read if that was not done yet.
async fn branch(
    services: &Services,
    at: Outcome<(&RepoSlug, &Commit)>,
    repository: Option<Outcome<Repository>>,
) -> (Outcome<Repository>, Outcome<bool>) {
    let (repo, commit) = match at {
        Ok(at) => at,
        Err(failure) => return (repository.unwrap_or_else(|| Err(failure.clone())), Err(failure)),
    };
    let repository = match repository {
        Some(read) => read,
        None => services.host.repository(repo).await,
    };
    let on = match &repository {
        Ok(r) => services.host.ancestry(repo, &r.default_branch, &commit.sha).await.map(|a| a == Ancestry::OnBranch),
        Err(failure) => Err(failure.clone()),
    };
    (repository, on)
}

/// What changed between the commit of the version in production and `commit`; none if nothing is in production.
async fn changes(
    services: &Services,
    facts: &ReviewedFacts,
    repo: &RepoSlug,
    commit: &Commit,
    scope: Scope,
) -> Outcome<Option<Changes>> {
    let Some(baseline) = &facts.baseline else {
        return Ok(None);
    };
    let CodeOrigin { rev, .. } = code_of_baseline(&services.rules, baseline, repo, &services.host.host())?;
    // A whole id needs no look of its own where only the comparison is wanted.
    let from = match rev.parse::<CommitSha>() {
        Ok(sha) if scope == Scope::Decision => Commit::named(sha),
        _ => super::commit(services.host.as_ref(), repo, &rev).await?,
    };
    let change = services.code.changes(repo, &from.sha, &commit.sha).await?;
    let paths = &services.rules.watched_paths;
    let watched = (!paths.is_empty()).then(|| watched(&change.files, paths));
    Ok(Some(Changes { baseline: baseline.version.number, from, change, watched }))
}

/// The workflow run named by a tag of the training run; none if no tag names one. Needs no commit: a run trained from
/// an archive may still say what trained it.
async fn training(services: &Services, facts: &ReviewedFacts) -> Outcome<Option<Training>> {
    let Some(Claim { tag, repo, id }) = training_of(&services.rules, facts.into(), &services.host.host())? else {
        return Ok(None);
    };
    let run = services.code.workflow_run(&repo, id).await?;
    Ok(Some(Training { tag, repo, run }))
}
