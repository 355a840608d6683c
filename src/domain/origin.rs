//! Where to find the code of a version, from its training run and the configuration alone, before any server is asked.

use crate::domain::commit::CommitOrigin;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts, Standing, Unread};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, RepoSlug};
use crate::domain::lineage::trained_by;
use crate::domain::logged::LoggedModel;
use crate::domain::provenance::Provenance;
use crate::domain::registry::ModelVersion;
use crate::domain::rules::Rules;
use crate::domain::run::Run;
use crate::domain::text::{clean_line, shorten};

/// The recorded location of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOrigin {
    pub repo: RepoSlug,
    /// The revision: a commit id as the run recorded it (possibly abbreviated), or a branch.
    pub rev: String,
    pub origin: CommitOrigin,
}

/// The workflow run that trained a version, as claimed by a tag of the training run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The tag that claims it.
    pub tag: String,
    /// The repository of the workflow. May differ from that of the code.
    pub repo: RepoSlug,
    /// The host's id of the workflow run.
    pub id: u64,
}

/// The subject: a version with its run and its logged model, or a run on its own.
#[derive(Clone, Copy, Debug)]
pub struct Trained<'a> {
    /// `None` for a run without a version.
    pub version: Option<&'a ModelVersion>,
    pub run: TrainedBy<'a>,
    pub logged: Option<&'a LoggedModel>,
}

/// The training run.
#[derive(Clone, Copy, Debug)]
pub enum TrainedBy<'a> {
    Run(&'a Run),
    /// The version names no run.
    NotRecorded,
    /// The version names a run that could not be read.
    Unreadable(&'a Unread),
}

impl<'a> From<&'a ReviewedFacts> for Trained<'a> {
    fn from(facts: &'a ReviewedFacts) -> Self {
        Self::version(&facts.version, &facts.run, facts.logged.as_ref())
    }
}

impl<'a> From<&'a Run> for Trained<'a> {
    fn from(run: &'a Run) -> Self {
        Self { version: None, run: TrainedBy::Run(run), logged: None }
    }
}

impl<'a> Trained<'a> {
    fn version(version: &'a ModelVersion, run: &'a RunFacts, logged: Option<&'a LoggedFacts>) -> Self {
        let run = match run {
            RunFacts::Known(run) => TrainedBy::Run(run),
            RunFacts::NotRecorded => TrainedBy::NotRecorded,
            RunFacts::Unreadable(unread) => TrainedBy::Unreadable(unread),
        };
        Self { version: Some(version), run, logged: logged.and_then(LoggedFacts::known) }
    }

    /// Its name: `telco-churn v42`, or a run by its id.
    fn name(&self) -> String {
        match (self.version, self.run) {
            (Some(version), _) => format!("{} {}", version.model, version.number),
            (None, TrainedBy::Run(run)) => format!("run {}", run.id.short()),
            (None, _) => "a run".to_owned(),
        }
    }

    /// What is known of it.
    fn said(&self) -> Provenance<'a> {
        let run = match self.run {
            TrainedBy::Run(run) => Some(run),
            TrainedBy::NotRecorded | TrainedBy::Unreadable(_) => None,
        };
        Provenance { run, logged: self.logged }
    }

    /// What `of` finds in the model or the run; fails if a run that cannot be read might say it.
    fn find<T>(&self, operation: &str, of: impl FnOnce(Provenance<'a>) -> Option<T>) -> Outcome<Option<T>> {
        match (of(self.said()), self.run) {
            (None, TrainedBy::Unreadable(unread)) => {
                Err(Failure { operation: operation.to_owned(), ..unread.failure().clone() })
            }
            (found, _) => Ok(found),
        }
    }

    /// Why there is no commit, given that the run can be read.
    fn no_commit(&self, operation: &str) -> Failure {
        const TRAIN: &str = "Train from a Git checkout, or set `commit_from_branch` to allow the head of a branch.";
        const BRANCH: &str = "Set `commit_from_branch` to allow the head of a branch.";
        let (who, hint) = match (self.run, self.logged) {
            (TrainedBy::Run(_), None) => ("the training run recorded no commit", TRAIN),
            (TrainedBy::Run(_), Some(_)) => ("neither the model nor its training run recorded a commit", TRAIN),
            (TrainedBy::NotRecorded | TrainedBy::Unreadable(_), None) => ("the version names no training run", BRANCH),
            (TrainedBy::NotRecorded | TrainedBy::Unreadable(_), Some(_)) => {
                ("the version names no training run, and its model recorded no commit", TRAIN)
            }
        };
        let why = match self.said().commit_text() {
            Some(text) => format!("{who}: '{}' is not a commit id", shorten(&clean_line(text), 60)),
            None => who.to_owned(),
        };
        missing(operation, why).with_hint(hint)
    }

    fn repository(&self, rules: &Rules, host: &str, operation: &str) -> Outcome<RepoSlug> {
        repository_at(rules, self.version.map(|version| &version.model), self.said(), host).map_err(|why| {
            Failure::new(FailureKind::Config, Service::Config, operation, why)
                .with_hint("Set `repository` for the target or the model, or pass --repo OWNER/NAME.")
        })
    }
}

/// Locates the code of a version or run, the same way an approval does. `host` is the configured GitHub host.
///
/// A branch may replace a missing commit if the run recorded none or the version has no run; never if the run cannot be
/// read, because that run may name another commit.
///
/// # Errors
/// A sentence that says what is missing.
pub fn code_of(rules: &Rules, trained: Trained<'_>, host: &str) -> Outcome<CodeOrigin> {
    let operation = format!("find the code of {}", trained.name());
    let commit = trained.find(&operation, Provenance::commit).map_err(|failure| match &rules.commit_from_branch {
        Some(_) => failure
            .with_hint("A branch may stand in for a run that recorded no commit, not for one that cannot be read."),
        None => failure,
    })?;
    let (rev, origin) = match (commit, &rules.commit_from_branch) {
        (Some(rev), _) => (rev, CommitOrigin::Run),
        (None, Some(branch)) => (branch.as_str(), CommitOrigin::BranchHead(branch.clone())),
        (None, None) => return Err(trained.no_commit(&operation)),
    };
    let repo = trained.repository(rules, host, &operation)?;
    Ok(CodeOrigin { repo, rev: rev.to_owned(), origin })
}

/// The repository of a version or run, whether or not its commit is known.
///
/// # Errors
/// If neither the configuration nor the run names a repository.
pub fn repository_of(rules: &Rules, trained: Trained<'_>, host: &str) -> Outcome<RepoSlug> {
    trained.repository(rules, host, &format!("find the repository of {}", trained.name()))
}

/// The repository of a version of `model`, or of a run without one, by what MLflow says of it.
///
/// # Errors
/// A sentence that says what is missing.
pub fn repository_at(
    rules: &Rules,
    model: Option<&ModelName>,
    said: Provenance<'_>,
    host: &str,
) -> Result<RepoSlug, String> {
    rules.repository.resolve(model, said.repo_url(), host)
}

/// Locates the code of the version in production, given that the candidate's is in `repo`.
///
/// # Errors
/// If its run names no commit, or one in another repository: then no comparison is possible.
pub fn code_of_baseline(rules: &Rules, baseline: &Standing, repo: &RepoSlug, host: &str) -> Outcome<CodeOrigin> {
    let version = &baseline.version;
    let operation = format!("compare the code with that of {}, which is in production", version.number);
    let trained = Trained::version(version, &baseline.run, baseline.logged.as_ref());
    let rev = trained.find(&operation, Provenance::commit)?.ok_or_else(|| trained.no_commit(&operation))?;
    let of_baseline = trained.repository(rules, host, &operation)?;
    if of_baseline != *repo {
        return Err(missing(&operation, format!("its code is in {of_baseline}, this version's in {repo}")));
    }
    Ok(CodeOrigin { repo: of_baseline, rev: rev.to_owned(), origin: CommitOrigin::Run })
}

/// The workflow run named by a tag of the training run; `None` if no tag names one. Needs no commit: a run trained from
/// an archive may still name its workflow run.
///
/// # Errors
/// If there is no training run, or the workflow run is on another host.
pub fn training_of(rules: &Rules, trained: Trained<'_>, host: &str) -> Outcome<Option<Claim>> {
    let operation = format!("find what trained {}", trained.name());
    let Some(claim) = trained.find(&operation, |said| trained_by(&said.tags()))? else {
        return match trained.said().is_known() {
            true => Ok(None),
            false => Err(missing(&operation, "the version names no training run")),
        };
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
