//! Where to look for the code of a version: what its training run recorded and what the configuration decides, before
//! any server is asked.

use super::facts::{Baseline, ReviewedFacts, RunFacts};
use super::ids::RepoSlug;
use super::lineage::trained_by;
use super::promotion::CommitOrigin;
use super::registry::ModelVersion;
use super::rules::Rules;
use super::run::Run;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Where a commit is, as far as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOrigin {
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

/// What was trained: a version by its run, or a run that is looked at on its own.
#[derive(Clone, Copy, Debug)]
pub struct Trained<'a> {
    /// The version; none if the run is no version's.
    pub version: Option<&'a ModelVersion>,
    /// The run, or a sentence that says why there is none.
    pub run: Result<&'a Run, &'a str>,
}

impl<'a> From<&'a ReviewedFacts> for Trained<'a> {
    fn from(facts: &'a ReviewedFacts) -> Self {
        Self::version(&facts.version, &facts.run)
    }
}

impl<'a> From<&'a Run> for Trained<'a> {
    fn from(run: &'a Run) -> Self {
        Self { version: None, run: Ok(run) }
    }
}

impl<'a> Trained<'a> {
    fn version(version: &'a ModelVersion, run: &'a RunFacts) -> Self {
        let run = match run {
            RunFacts::Known(run) => Ok(run.as_ref()),
            RunFacts::NotRecorded => Err("the version names no training run"),
            RunFacts::Unreadable(why) => Err(why.as_str()),
        };
        Self { version: Some(version), run }
    }

    /// What it is called: `telco-churn v42`, or a run by its id.
    fn name(&self) -> String {
        match (self.version, self.run) {
            (Some(version), _) => format!("{} {}", version.model, version.number),
            (None, Ok(run)) => format!("run {}", run.id.short()),
            (None, Err(_)) => "a run".to_owned(),
        }
    }

    fn run(&self, operation: &str) -> Outcome<&'a Run> {
        self.run.map_err(|why| missing(operation, why))
    }

    fn recorded_commit(&self, operation: &str) -> Outcome<&'a str> {
        self.run(operation)?.source_commit().ok_or_else(|| {
            missing(operation, "the training run recorded no commit").with_hint("Train from a Git checkout.")
        })
    }

    fn repository(&self, rules: &Rules, host: &str, operation: &str) -> Outcome<RepoSlug> {
        let model = self.version.map(|version| &version.model);
        rules.repository.resolve(model, self.run.ok(), host).map_err(|why| {
            Failure::new(FailureKind::Config, Service::Config, operation, why)
                .with_hint("Set `repository` for the target or the model, or pass --repo OWNER/NAME.")
        })
    }
}

/// Where the code of what was trained is; of a reviewed version, as an approval finds it. `host` is the configured
/// GitHub host.
///
/// # Errors
/// A sentence that says what is missing.
pub fn code_of(rules: &Rules, trained: Trained<'_>, host: &str) -> Outcome<CodeOrigin> {
    let operation = format!("find the code of {}", trained.name());
    let (rev, origin) = match (trained.recorded_commit(&operation), &rules.commit_from_branch) {
        (Ok(rev), _) => (rev, CommitOrigin::Run),
        (Err(_), Some(branch)) => (branch.as_str(), CommitOrigin::BranchHead(branch.clone())),
        (Err(failure), None) => return Err(failure),
    };
    let repo = trained.repository(rules, host, &operation)?;
    Ok(CodeOrigin { repo, rev: rev.to_owned(), origin })
}

/// Where the code of the version in production is, given that the candidate's is in `repo`.
///
/// # Errors
/// If its run names no commit, or one in another repository: then nothing can be compared.
pub fn code_of_baseline(rules: &Rules, baseline: &Baseline, repo: &RepoSlug, host: &str) -> Outcome<CodeOrigin> {
    let version = &baseline.version;
    let operation = format!("compare the code with that of {}, which is in production", version.number);
    let trained = Trained::version(version, &baseline.run);
    let rev = trained.recorded_commit(&operation)?;
    let of_baseline = trained.repository(rules, host, &operation)?;
    if of_baseline != *repo {
        return Err(missing(&operation, format!("its code is in {of_baseline}, this version's in {repo}")));
    }
    Ok(CodeOrigin { repo: of_baseline, rev: rev.to_owned(), origin: CommitOrigin::Run })
}

/// The workflow run that a tag of the training run names; none if no tag names one. Needs no commit: a run trained
/// from an archive may still say what trained it.
///
/// # Errors
/// If there is no training run, or the workflow run is on another host.
pub fn training_of(rules: &Rules, trained: Trained<'_>, host: &str) -> Outcome<Option<Claim>> {
    let operation = format!("find what trained {}", trained.name());
    let Some(claim) = trained_by(&trained.run(&operation)?.tags) else {
        return Ok(None);
    };
    let repo = match claim.place {
        None => trained.repository(rules, host, &operation)?,
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

fn missing(operation: &str, reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason)
}
