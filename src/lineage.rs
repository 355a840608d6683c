//! Reads where the code of a version came from: pull request, checks, what changed since production, and the
//! workflow run that trained it. Reading only, and never part of the facts an approval rests on.
//!
//! Every part is read on its own and has its own outcome, so that one that cannot be read hides no other.

use futures_util::future::join4;

use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::ids::{ModelName, RepoSlug, VersionNumber};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest, trained_by, watched};
use crate::domain::promotion::CommitOrigin;
use crate::domain::run::Run;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::services::Services;

/// The code a version was made from, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The repository.
    pub repo: RepoSlug,
    /// The commit.
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
    /// Its commit.
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
    let (rules, version) = (&services.rules, &facts.version);
    let operation = format!("find the code of {} {}", version.model, version.number);
    let (rev, origin) = match (recorded_commit(&facts.run, &operation), &rules.commit_from_branch) {
        (Ok(rev), _) => (rev, CommitOrigin::Run),
        (Err(_), Some(branch)) => (branch.as_str(), CommitOrigin::BranchHead(branch.clone())),
        (Err(failure), None) => return Err(failure),
    };
    let repo = repository(services, &version.model, facts.run.known(), &operation)?;
    let commit = services.host.commit(&repo, rev).await?;
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
    let version = &baseline.version;
    let operation = format!("compare the code with that of {}, which is in production", version.number);
    let rev = recorded_commit(&baseline.run, &operation)?;
    let of_baseline = repository(services, &version.model, baseline.run.known(), &operation)?;
    if of_baseline != *repo {
        return Err(missing(&operation, format!("its code is in {of_baseline}, this version's in {repo}")));
    }
    let from = services.host.commit(repo, rev).await?;
    let change = services.code.changes(repo, &from.sha, &commit.sha).await?;
    let paths = &services.rules.watched_paths;
    let watched = (!paths.is_empty()).then(|| watched(&change.files, paths));
    Ok(Some(Changes { baseline: version.number, from, change, watched }))
}

/// The workflow run that a tag of the training run names; none if no tag names one. Needs no commit: a run trained
/// from an archive may still say what trained it.
///
/// # Errors
/// If there is no training run, or the workflow run is on another host; whatever the host says.
pub async fn training(services: &Services, facts: &ReviewedFacts) -> Outcome<Option<Training>> {
    let operation = format!("find what trained {} {}", facts.version.model, facts.version.number);
    let run = readable(&facts.run, &operation)?;
    let Some(claim) = trained_by(&run.tags) else {
        return Ok(None);
    };
    let repo = match claim.place {
        None => repository(services, &facts.version.model, Some(run), &operation)?,
        Some((host, repo)) if host.eq_ignore_ascii_case(&services.host.host()) => repo,
        Some((host, _)) => {
            let ours = services.host.host();
            return Err(missing(
                &operation,
                format!("the tag {} names a run on {host}, but this target uses {ours}", claim.tag),
            ));
        }
    };
    let run = services.code.workflow_run(&repo, claim.id).await?;
    Ok(Some(Training { tag: claim.tag, repo, run }))
}

/// The run, or a sentence that says why there is none.
fn readable<'a>(run: &'a RunFacts, operation: &str) -> Outcome<&'a Run> {
    match run {
        RunFacts::Known(run) => Ok(run),
        RunFacts::NotRecorded => Err(missing(operation, "the version names no training run")),
        RunFacts::Unreadable(why) => Err(missing(operation, why.clone())),
    }
}

fn recorded_commit<'a>(run: &'a RunFacts, operation: &str) -> Outcome<&'a str> {
    readable(run, operation)?.source_commit().ok_or_else(|| {
        missing(operation, "the training run recorded no commit").with_hint("Train from a Git checkout.")
    })
}

fn repository(services: &Services, model: &ModelName, run: Option<&Run>, operation: &str) -> Outcome<RepoSlug> {
    services.rules.repository.resolve(model, run, &services.host.host()).map_err(|why| {
        Failure::new(FailureKind::Config, Service::Config, operation, why)
            .with_hint("Set `repository` for the target or the model, or pass --repo OWNER/NAME.")
    })
}

fn missing(operation: &str, reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason)
}
