//! Makes a fresh [`World`] from the fixtures in `assets/demo`.
//!
//! `repository.json` holds people, commits with their pull requests, checks and files, and the CD workflow; every other file holds one model with its
//! versions and their runs. All times are ages in hours (`hours_ago`), resolved when the world is made.
//! Unknown keys are refused, so that a typing error cannot pass unnoticed.
//!
//! `experiments.json` names the experiments and describes sweeps, whose runs are computed (`sweeps`).
//!
//! To add to the demo (pull requests, checks): give the structs here a field with
//! `#[serde(default)]`, the world a place for it, and raise [`super::world::FORMAT`]. Curves and files
//! are computed from what a run says (`demo::tracking`).

mod sweeps;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::HOST;
use super::world::cd::Workflow;
use super::world::code::{StoredCheck, StoredFile, StoredPull, TrainingWorkflowRun};
use super::world::{
    Column, DataSet, FORMAT, Feature, Identity, Model, NewRelease, Refusal, Repo, StoredCommit, TagObject, TrainingRun,
    Version, World, hex, server_time,
};
use crate::domain::ids::{CommitSha, ExperimentId, InvalidId, ModelName, PromotionId, RepoSlug, RunId, VersionNumber};
use crate::domain::promotion::plan::MARK;
use crate::domain::registry::{OWN_TAG_PREFIX, Stage};
use crate::domain::release;
use crate::domain::run::MetricValue;
use crate::failure::{Failure, FailureKind, Service};

const REPOSITORY: (&str, &str) = ("repository.json", include_str!("../../../assets/demo/repository.json"));

const MODELS: [(&str, &str); 7] = [
    ("telco-churn.json", include_str!("../../../assets/demo/telco-churn.json")),
    ("card-fraud.json", include_str!("../../../assets/demo/card-fraud.json")),
    ("pricing-elasticity.json", include_str!("../../../assets/demo/pricing-elasticity.json")),
    ("credit-limit.json", include_str!("../../../assets/demo/credit-limit.json")),
    ("churn-uplift.json", include_str!("../../../assets/demo/churn-uplift.json")),
    ("support-triage.json", include_str!("../../../assets/demo/support-triage.json")),
    ("retention-notes.json", include_str!("../../../assets/demo/retention-notes.json")),
];

/// Releases and runs of the demo are numbered from here, so that ids look like a host's.
const FIRST_ID: u64 = 30_433_600;

/// Workflow runs that trained models are numbered from here.
const FIRST_TRAINING_ID: u64 = 30_417_100;

/// A fixture that makes no world. The fixtures are part of the program: this is a mistake in it.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// Not the JSON it should be.
    #[error("the demo's {file} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The world itself refuses what the fixtures say.
    #[error("the demo's fixtures do not fit together: {0}")]
    Refused(#[from] Refusal),
    /// A name that cannot be one.
    #[error("the demo's fixtures do not fit together: {0}")]
    Name(#[from] InvalidId),
}

impl From<FixtureError> for Failure {
    fn from(error: FixtureError) -> Self {
        Self::new(FailureKind::Bug, Service::Local, "make the demo world", error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryFixture {
    slug: RepoSlug,
    default_branch: String,
    identity: Identity,
    /// What is checked on every commit.
    checks: Vec<String>,
    branches: Vec<BranchFixture>,
    workflow: Workflow,
}

/// Commits oldest first; each has the one before as its parent, the first has `from`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchFixture {
    name: String,
    #[serde(default)]
    from: Option<CommitSha>,
    commits: Vec<CommitFixture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitFixture {
    sha: CommitSha,
    hours_ago: f64,
    author: String,
    title: String,
    #[serde(default)]
    cd_fails_at: Option<String>,
    /// Absent where it was pushed directly.
    #[serde(default)]
    pull: Option<StoredPull>,
    /// Conclusions of checks that did not succeed.
    #[serde(default)]
    checks: BTreeMap<String, String>,
    /// Nothing was checked.
    #[serde(default)]
    unchecked: bool,
    files: Vec<StoredFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFixture {
    name: ModelName,
    description: String,
    tags: BTreeMap<String, String>,
    hours_ago: f64,
    experiment: ExperimentId,
    #[serde(default)]
    aliases: BTreeMap<String, VersionNumber>,
    inputs: Vec<Feature>,
    output: Column,
    versions: Vec<VersionFixture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionFixture {
    number: VersionNumber,
    stage: Stage,
    #[serde(default = "ready")]
    status: String,
    hours_ago: f64,
    author: String,
    description: String,
    tags: BTreeMap<String, String>,
    /// Absent where the registry names no run.
    #[serde(default)]
    run: Option<RunFixture>,
    /// The version was signed off and released once: gets tag, release and a finished CD run.
    #[serde(default)]
    released: Option<ReleasedFixture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleasedFixture {
    by: String,
    hours_ago: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunFixture {
    name: String,
    user: String,
    hours_ago: f64,
    minutes: i64,
    /// Absent where the run recorded no commit.
    #[serde(default)]
    commit: Option<CommitSha>,
    #[serde(default)]
    branch: Option<String>,
    #[serde(default)]
    deleted: bool,
    steps: i64,
    /// Last steps of metrics that have more of them than the rest.
    #[serde(default)]
    last_steps: BTreeMap<String, i64>,
    metrics: BTreeMap<String, MetricValue>,
    params: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// CI started it, for whoever the user is. What `ci-` users ran, it did anyway.
    #[serde(default)]
    in_ci: bool,
    /// The sweep of the same experiment that it is a part of.
    #[serde(default)]
    sweep: Option<String>,
    datasets: Vec<DataSet>,
}

fn ready() -> String {
    "READY".to_owned()
}

impl World {
    /// A fresh world, as old as it should look at `now`.
    ///
    /// # Errors
    /// If the embedded fixtures are wrong; a test keeps them right.
    pub fn new(now: Timestamp) -> Result<Self, FixtureError> {
        let now = server_time(now);
        let repository: RepositoryFixture = parse(REPOSITORY)?;
        let identity = repository.identity.clone();
        let mut world = Self {
            format: FORMAT,
            made_at: now,
            identity,
            models: BTreeMap::new(),
            experiments: BTreeMap::new(),
            runs: Arc::default(),
            repo: repo(repository, now),
        };
        let mut runs = BTreeMap::new();
        world.experiments = sweeps::add(&world.repo.slug, &mut runs, now)?;
        let mut releases = Vec::new();
        for file in MODELS {
            let fixture: ModelFixture = parse(file)?;
            for version in &fixture.versions {
                if let (Some(released), Some(run)) = (&version.released, &version.run) {
                    let at = hours_before(now, released.hours_ago);
                    let by = released.by.clone();
                    releases.push((at, fixture.name.clone(), version.number, by, run.commit.clone()));
                }
            }
            let (name, model) = model(fixture, &world.repo.slug, &mut runs, now);
            world.models.insert(name, model);
        }
        world.repo.trainings = trained_in_ci(&mut runs, &world.repo.slug);
        world.runs = Arc::new(runs);
        releases.sort();
        for (at, name, number, by, commit) in releases {
            world.release_in_the_past(&name, number, &by, commit, at)?;
        }
        Ok(world)
    }

    fn release_in_the_past(
        &mut self,
        model: &ModelName,
        number: VersionNumber,
        by: &str,
        commit: Option<CommitSha>,
        at: Timestamp,
    ) -> Result<(), FixtureError> {
        let Some(commit) = commit else {
            return Err(Refusal::Invalid(format!("{model} {number} was released without a commit")).into());
        };
        let tag = release::tag_name("{model}-v{version}", model, number)?;
        let id = past_promotion(&tag.to_string(), at);
        let message = format!(
            "Release {model} {number}\n\nDemo: no real server was involved.\n\nApproved for Production by @{by}.\n\n\
             {}: {id}\n{}: {model}\n{}: {}\n",
            release::OPERATION_TRAILER,
            release::MODEL_TRAILER,
            release::VERSION_TRAILER,
            number.0,
        );
        let email = format!("{by}@users.noreply.{HOST}");
        let object = TagObject { tag: tag.clone(), message, commit, tagger: by.to_owned(), email, at };
        let object = self.repo.create_tag_object(object)?;
        self.repo.create_tag_ref(&tag, &object, at)?;
        let title = format!("{model} {number}");
        let body = format!("Demo: no real server was involved.\n\n{}\n", release::notes_marker(&id.to_string()));
        self.repo.create_release(NewRelease { tag, title, body, draft: false, author: by.to_owned() }, at)?;
        self.set_version_tag(model, number, &format!("{OWN_TAG_PREFIX}{MARK}"), &format!("released {id} by {by}"))?;
        if let Some(version) = self.models.get_mut(model).and_then(|m| m.versions.get_mut(&number)) {
            version.updated_at = at;
        }
        Ok(())
    }
}

fn parse<T: for<'de> Deserialize<'de>>((file, json): (&'static str, &str)) -> Result<T, FixtureError> {
    serde_json::from_str(json).map_err(|source| FixtureError::Unreadable { file, source })
}

fn repo(fixture: RepositoryFixture, now: Timestamp) -> Repo {
    let mut commits = BTreeMap::new();
    let mut branches = BTreeMap::new();
    for branch in fixture.branches {
        let mut parent = branch.from;
        for commit in branch.commits {
            let checks = if commit.unchecked { Vec::new() } else { checks(&fixture.checks, &commit.checks) };
            let stored = StoredCommit {
                title: commit.title,
                author: commit.author,
                at: hours_before(now, commit.hours_ago),
                parent: parent.replace(commit.sha.clone()),
                cd_fails_at: commit.cd_fails_at,
                pull: commit.pull,
                checks,
                files: commit.files,
                contents: BTreeMap::new(),
            };
            commits.insert(commit.sha, stored);
        }
        branches.extend(parent.map(|head| (branch.name, head)));
    }
    Repo {
        slug: fixture.slug,
        default_branch: fixture.default_branch,
        branches,
        commits: Arc::new(commits),
        tag_objects: BTreeMap::new(),
        tags: BTreeMap::new(),
        releases: Vec::new(),
        workflow: fixture.workflow,
        cd_runs: Vec::new(),
        comments: Vec::new(),
        teams: BTreeMap::new(),
        trainings: Vec::new(),
        last_id: FIRST_ID,
    }
}

fn checks(usual: &[String], others: &BTreeMap<String, String>) -> Vec<StoredCheck> {
    let check = |name: &String| {
        let conclusion = others.get(name).map_or("success", String::as_str);
        StoredCheck { name: name.clone(), conclusion: conclusion.to_owned() }
    };
    usual.iter().map(check).collect()
}

/// The workflow runs behind the runs that CI started; a tag of theirs names it.
fn trained_in_ci(runs: &mut BTreeMap<RunId, TrainingRun>, repo: &RepoSlug) -> Vec<TrainingWorkflowRun> {
    let in_ci = |run: &&mut TrainingRun| run.tags.get("mlflow.source.type").is_some_and(|kind| kind == "JOB");
    let mut ours: Vec<_> = runs.values_mut().filter(in_ci).collect();
    ours.sort_by_key(|run| run.started_at);
    (1..)
        .zip(ours)
        .map(|(number, run)| {
            let id = FIRST_TRAINING_ID + number;
            run.tags.insert("ci.run_url".to_owned(), format!("https://{HOST}/{repo}/actions/runs/{id}"));
            TrainingWorkflowRun { id, number, created_at: run.started_at, actor: None }
        })
        .collect()
}

fn model(
    fixture: ModelFixture,
    repo: &RepoSlug,
    runs: &mut BTreeMap<RunId, TrainingRun>,
    now: Timestamp,
) -> (ModelName, Model) {
    let mut versions = BTreeMap::new();
    for v in fixture.versions {
        let key = format!("{}/{}", fixture.name.as_str(), v.number.0);
        let run_id = v.run.map(|run| {
            let id = RunId::new(digits(&format!("run {key}")));
            runs.insert(id.clone(), training_run(run, &fixture.experiment, repo, now));
            id
        });
        let at = hours_before(now, v.hours_ago);
        let version = Version {
            stage: v.stage,
            status: v.status,
            created_at: at,
            updated_at: at,
            author: Some(v.author),
            source: format!("models:/m-{}", digits(&format!("model {key}"))),
            run_id,
            description: v.description,
            tags: v.tags,
        };
        versions.insert(v.number, version);
    }
    let created_at = hours_before(now, fixture.hours_ago);
    let updated_at = versions.values().map(|v| v.updated_at).max().unwrap_or(created_at);
    let model = Model {
        description: fixture.description,
        tags: fixture.tags,
        aliases: fixture.aliases,
        inputs: fixture.inputs,
        output: fixture.output,
        versions,
        created_at,
        updated_at,
    };
    (fixture.name, model)
}

fn training_run(fixture: RunFixture, experiment: &ExperimentId, repo: &RepoSlug, now: Timestamp) -> TrainingRun {
    let started_at = hours_before(now, fixture.hours_ago);
    let ended_at = started_at.checked_add(SignedDuration::from_mins(fixture.minutes)).unwrap_or(started_at);
    let mut tags = fixture.tags;
    let mut tag = |key: &str, value: String| tags.insert(format!("mlflow.{key}"), value);
    tag("user", fixture.user.clone());
    tag("runName", fixture.name.clone());
    tag("source.name", "src/train/__main__.py".to_owned());
    let in_ci = fixture.in_ci || fixture.user.starts_with("ci-");
    tag("source.type", if in_ci { "JOB" } else { "LOCAL" }.to_owned());
    if let Some(sweep) = fixture.sweep {
        tag("parentRunId", sweeps::parent_id(experiment, &sweep).as_str().to_owned());
    }
    if let Some(commit) = fixture.commit {
        tag("source.git.commit", commit.to_string());
        tag("source.git.repoURL", format!("https://{HOST}/{repo}.git"));
    }
    if let Some(branch) = fixture.branch {
        tag("source.git.branch", branch);
    }
    TrainingRun {
        experiment: experiment.clone(),
        name: fixture.name,
        user: fixture.user,
        status: "FINISHED".to_owned(),
        started_at,
        ended_at: Some(ended_at),
        deleted: fixture.deleted,
        steps: fixture.steps,
        last_steps: fixture.last_steps,
        metrics: fixture.metrics,
        params: fixture.params,
        tags,
        datasets: fixture.datasets,
    }
}

fn hours_before(now: Timestamp, hours: f64) -> Timestamp {
    let age = SignedDuration::try_from_secs_f64(hours * 3600.0).unwrap_or_default();
    server_time(now.checked_sub(age).unwrap_or(Timestamp::MIN))
}

/// 32 digits that follow from `seed`.
fn digits(seed: &str) -> String {
    hex(&Sha256::digest(seed.as_bytes())[..16])
}

/// The id of a promotion that happened before the demo began.
fn past_promotion(seed: &str, at: Timestamp) -> PromotionId {
    let digest = Sha256::digest(seed.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    PromotionId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
