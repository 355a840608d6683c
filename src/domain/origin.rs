//! Where to look for the code of a version: what its training run recorded and what the configuration decides, before
//! any server is asked.

use super::facts::{Baseline, ReviewedFacts, RunFacts};
use super::ids::{ModelName, RepoSlug};
use super::lineage::trained_by;
use super::promotion::CommitOrigin;
use super::rules::Rules;
use super::run::Run;
use crate::failure::{Failure, FailureKind, Outcome, Service};

/// Where a commit is, as far as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The repository.
    pub repo: RepoSlug,
    /// What names the commit: as the run recorded it (it may be abbreviated), or a branch.
    pub rev: String,
    /// Why this.
    pub origin: CommitOrigin,
}

/// The workflow run that trained a version, as a tag of the training run claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The tag that claims it.
    pub tag: String,
    /// The repository the workflow ran in. May be another than that of the code.
    pub repo: RepoSlug,
    /// The host's id of the workflow run.
    pub id: u64,
}

/// Where the code of the reviewed version is, as an approval finds it. `host` is the configured GitHub host.
///
/// # Errors
/// A sentence that says what is missing.
pub fn code_of(rules: &Rules, facts: &ReviewedFacts, host: &str) -> Outcome<Origin> {
    let version = &facts.version;
    let operation = format!("find the code of {} {}", version.model, version.number);
    let (rev, origin) = match (recorded_commit(&facts.run, &operation), &rules.commit_from_branch) {
        (Ok(rev), _) => (rev, CommitOrigin::Run),
        (Err(_), Some(branch)) => (branch.as_str(), CommitOrigin::BranchHead(branch.clone())),
        (Err(failure), None) => return Err(failure),
    };
    let repo = repository(rules, &version.model, facts.run.known(), host, &operation)?;
    Ok(Origin { repo, rev: rev.to_owned(), origin })
}

/// Where the code of the version in production is, given that the candidate's is in `repo`.
///
/// # Errors
/// If its run names no commit, or one in another repository: then nothing can be compared.
pub fn code_of_baseline(rules: &Rules, baseline: &Baseline, repo: &RepoSlug, host: &str) -> Outcome<Origin> {
    let version = &baseline.version;
    let operation = format!("compare the code with that of {}, which is in production", version.number);
    let rev = recorded_commit(&baseline.run, &operation)?;
    let of_baseline = repository(rules, &version.model, baseline.run.known(), host, &operation)?;
    if of_baseline != *repo {
        return Err(missing(&operation, format!("its code is in {of_baseline}, this version's in {repo}")));
    }
    Ok(Origin { repo: of_baseline, rev: rev.to_owned(), origin: CommitOrigin::Run })
}

/// The workflow run that a tag of the training run names; none if no tag names one. Needs no commit: a run trained
/// from an archive may still say what trained it.
///
/// # Errors
/// If there is no training run, or the workflow run is on another host.
pub fn training_of(rules: &Rules, facts: &ReviewedFacts, host: &str) -> Outcome<Option<Claim>> {
    let operation = format!("find what trained {} {}", facts.version.model, facts.version.number);
    let run = readable(&facts.run, &operation)?;
    let Some(claim) = trained_by(&run.tags) else {
        return Ok(None);
    };
    let repo = match claim.place {
        None => repository(rules, &facts.version.model, Some(run), host, &operation)?,
        Some((named, repo)) if named.eq_ignore_ascii_case(host) => repo,
        Some((named, _)) => {
            return Err(missing(
                &operation,
                format!("the tag {} names a run on {named}, but this target uses {host}", claim.tag),
            ));
        }
    };
    Ok(Some(Claim { tag: claim.tag, repo, id: claim.id }))
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

fn repository(rules: &Rules, model: &ModelName, run: Option<&Run>, host: &str, operation: &str) -> Outcome<RepoSlug> {
    rules.repository.resolve(model, run, host).map_err(|why| {
        Failure::new(FailureKind::Config, Service::Config, operation, why)
            .with_hint("Set `repository` for the target or the model, or pass --repo OWNER/NAME.")
    })
}

fn missing(operation: &str, reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason)
}
