//! What `--json` prints: types of their own, so that nothing inside the program can change a script's input.
//!
//! Every document is one object with a `schema` of the form `signoff.NAME/1`. Fields may be added; a field that
//! changes its meaning, or goes away, raises the number. Times are RFC 3339 in UTC. Names of models are the server's
//! own spelling; other text from servers is cleaned of control characters. A field that is not known is `null`.
//! Metrics are numbers, or the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, which JSON has no numbers for.
//!
//! | command | schema | type |
//! |---|---|---|
//! | `inbox` | `signoff.inbox/1` | [`Inbox`] |
//! | `models` | `signoff.models/1` | [`Models`] |
//! | `versions` | `signoff.versions/1` | [`Versions`] |
//! | `runs` | `signoff.runs/1` | [`Runs`] |
//! | `show` | `signoff.version/1` | [`Show`] |
//! | `check` | `signoff.check/1` | [`crate::cli::json::verdict::Check`] |
//! | `compare` | `signoff.comparison/1` | [`Compare`] |
//! | `approve` and `rollback` with `--dry-run`, or where checks or open answers hinder them | `signoff.preflight/1` | [`crate::cli::json::promotion::Preflight`] |
//! | `reject`, `hold`, an approval that others have to add to | `signoff.decision/1` | [`crate::cli::json::decision::Decided`] |
//! | `approve`, `rollback`, `resume`, `undo` | `signoff.promotion/1` | [`crate::cli::json::promotion::Promotion`] |
//! | `promotions` | `signoff.promotions/1` | [`crate::cli::json::promotion::Promotions`] |
//! | `verify` | `signoff.verification/1` | [`crate::cli::json::verify::Verify`] |
//! | `log` | `signoff.log/1` | [`crate::cli::json::log::Log`] |
//! | `doctor` | `signoff.doctor/1` | [`Doctor`] |
//! | `config show` | `signoff.config/1` | [`Config`] |
//!
//! Failures go to stderr as sentences, and into the exit code; stdout then stays empty.

pub mod code;
pub mod decision;
pub mod log;
pub mod promotion;
pub mod verdict;
pub mod verify;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{Shown, address::redact};
use crate::domain::artifact::Signature;
use crate::domain::compare::data::DataRow;
use crate::domain::compare::signature::FieldRow;
use crate::domain::compare::{Change, Direction, MetricRow, TextRow};
use crate::domain::experiment;
use crate::domain::ids::RepoSlug;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::run::{Dataset, MetricValue, Run};
use crate::domain::sorted_map::Tags;
use crate::present::version::author;

/// Which world an answer is about.
#[derive(Clone, Debug, Serialize)]
pub struct Where {
    /// The configured target.
    pub target: String,
    /// The registry, without credentials.
    pub registry: String,
    /// What "in production" means: `stage:Production`, `alias:champion`.
    pub promote_to: String,
    /// True where no real server is involved.
    pub demo: bool,
}

/// `signoff inbox`.
#[derive(Clone, Debug, Serialize)]
pub struct Inbox {
    /// `signoff.inbox/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// Oldest first.
    pub waiting: Vec<Waiting>,
}

/// A version that waits for a decision.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    #[serde(flatten)]
    pub version: Version,
    pub production: Option<u64>,
    /// The metric that stands for it.
    pub main_metric: Option<Metric>,
}

/// One metric of a version, beside that of the one in production.
#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    pub name: String,
    /// The baseline's value.
    pub old: Option<MetricValue>,
    /// The candidate's value.
    pub new: Option<MetricValue>,
    /// `new - old`, where both are finite.
    pub delta: Option<f64>,
    /// `same`, `better`, `worse`, `unknown`, `added` or `removed`.
    pub change: Change,
    /// `higher` or `lower` is better, where the configuration says so.
    pub direction: Option<Direction>,
}

impl From<&MetricRow> for Metric {
    fn from(row: &MetricRow) -> Self {
        Self {
            name: row.name.clone(),
            old: row.old,
            new: row.new,
            delta: row.delta,
            change: row.change,
            direction: row.direction,
        }
    }
}

/// `signoff models`.
#[derive(Clone, Debug, Serialize)]
pub struct Models {
    /// `signoff.models/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// By name.
    pub models: Vec<Model>,
}

/// A registered model.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    pub name: String,
    pub description: String,
    /// The version in production; the highest, if there are several.
    pub production: Option<u64>,
    /// The highest version of each stage that has one.
    pub latest: Vec<StageVersion>,
    /// Which version each alias points to.
    pub aliases: BTreeMap<String, u64>,
    /// The model's own tags.
    pub tags: Tags,
    /// When it was registered.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A version and its stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageVersion {
    pub version: u64,
    pub stage: String,
}

impl Model {
    /// A model whose version in production is `production`.
    pub fn new(model: &RegisteredModel, production: Option<u64>) -> Self {
        Self {
            name: model.name.as_str().to_owned(),
            description: model.description.clone(),
            production,
            latest: model
                .latest
                .iter()
                .map(|v| StageVersion { version: v.number.0, stage: v.stage.to_string() })
                .collect(),
            aliases: model.aliases.iter().map(|(k, v)| (k.clone(), v.0)).collect(),
            tags: model.tags.clone(),
            created_at: model.created_at,
            updated_at: model.updated_at,
        }
    }
}

/// `signoff versions`.
#[derive(Clone, Debug, Serialize)]
pub struct Versions {
    /// `signoff.versions/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// Newest first.
    pub versions: Vec<ListedVersion>,
    /// Whether there are more than `--limit` let through.
    pub truncated: bool,
}

/// A version in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedVersion {
    #[serde(flatten)]
    pub version: Version,
    /// Whether it is in production.
    pub in_production: bool,
    /// Its metrics; `null` if its run could not be read.
    pub metrics: Option<BTreeMap<String, MetricValue>>,
}

/// One version of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Version {
    /// The model's name.
    pub model: String,
    /// Its number.
    pub version: u64,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub stage: String,
    /// `ready`, `registration pending`, `registration failed` or the server's word.
    pub status: String,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
    /// When it was registered.
    pub created_at: Option<Timestamp>,
    /// When stage or description last changed.
    pub updated_at: Option<Timestamp>,
    /// Who registered it, or started its run.
    pub author: Option<String>,
    /// Where its files are.
    pub source: String,
    /// The run that made it.
    pub run_id: Option<String>,
    /// Free text.
    pub description: String,
    pub tags: Tags,
    /// Its page for people.
    pub url: Option<String>,
}

impl Version {
    /// A version with the author its run names, if the registry names none.
    pub fn new(version: &ModelVersion, run: Option<&Run>, url: Option<String>) -> Self {
        Self {
            model: version.model.as_str().to_owned(),
            version: version.number.0,
            stage: version.stage.to_string(),
            status: version.status.to_string(),
            aliases: version.aliases.clone(),
            created_at: version.created_at,
            updated_at: version.updated_at,
            author: author(version, run).map(str::to_owned),
            source: redact(&version.source),
            run_id: version.run_id.as_ref().map(|r| r.as_str().to_owned()),
            description: version.description.clone(),
            tags: version.tags.clone(),
            url,
        }
    }
}

/// `signoff show`.
#[derive(Clone, Debug, Serialize)]
pub struct Show {
    /// `signoff.version/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub version: Version,
    /// Every version in production.
    pub in_production: Vec<u64>,
    /// Its run; `null` if it names none or it cannot be read.
    pub run: Option<RunShown>,
    /// Why there is no run to show.
    pub run_missing: Option<String>,
    /// What it was laid against.
    pub baseline: Option<u64>,
    /// Metrics beside those of the baseline.
    pub metrics: Vec<Metric>,
    /// What goes into the model and what comes out; `null` if it has no signature or that cannot be read.
    pub signature: Option<Signature>,
    /// Why there is no signature.
    pub signature_missing: Option<String>,
    /// Where its code came from. Not part of the facts.
    pub code: crate::cli::json::code::Code,
    /// What the policy says about it.
    pub verdict: crate::cli::json::verdict::Verdict,
    /// Digest of the facts an approval would rest on.
    pub facts_digest: String,
}

/// A training run.
#[derive(Clone, Debug, Serialize)]
pub struct RunShown {
    pub id: String,
    pub experiment_id: String,
    pub name: String,
    /// Who started it.
    pub user: Option<String>,
    /// `FINISHED`, `FAILED`, ...
    pub status: String,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether it lies in the server's waste bin.
    pub deleted: bool,
    /// The commit it says it was started from.
    pub commit: Option<String>,
    /// The branch it says.
    pub branch: Option<String>,
    /// The repository it says, as `host/owner/name`.
    pub repository: Option<String>,
    /// Its parameters.
    pub params: Tags,
    /// Its tags, without MLflow's own.
    pub tags: Tags,
    /// The data it read.
    pub datasets: Vec<Dataset>,
    /// Its page for people.
    pub url: Option<String>,
}

impl RunShown {
    /// A run, without anything that may hold credentials.
    pub fn new(run: &Run, url: Option<String>) -> Self {
        Self {
            id: run.id.as_str().to_owned(),
            experiment_id: run.experiment.as_str().to_owned(),
            name: run.name.clone(),
            user: run.user.clone(),
            status: run.status.clone(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            deleted: run.deleted,
            commit: run.source_commit().map(str::to_owned),
            branch: run.source_branch().map(str::to_owned),
            repository: repository_of(run),
            params: run.params.clone(),
            tags: own_tags(run),
            datasets: run.datasets.clone(),
            url,
        }
    }
}

/// `signoff runs`.
#[derive(Clone, Debug, Serialize)]
pub struct Runs {
    /// `signoff.runs/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// The experiment they are in.
    pub experiment: Experiment,
    /// The filter that was sent to the server; empty for none.
    pub filter: String,
    /// Newest first.
    pub runs: Vec<ListedRun>,
    /// Whether there are more than `--limit` let through.
    pub truncated: bool,
}

/// An experiment.
#[derive(Clone, Debug, Serialize)]
pub struct Experiment {
    pub id: String,
    pub name: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl From<&experiment::Experiment> for Experiment {
    fn from(experiment: &experiment::Experiment) -> Self {
        Self {
            id: experiment.id.as_str().to_owned(),
            name: experiment.name.clone(),
            created_at: experiment.created_at,
            updated_at: experiment.updated_at,
        }
    }
}

/// A run in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListedRun {
    #[serde(flatten)]
    pub run: RunShown,
    /// The run it is a part of.
    pub parent_id: Option<String>,
    /// The latest value of each of its metrics.
    pub metrics: BTreeMap<String, MetricValue>,
}

impl ListedRun {
    /// A run with its page.
    pub fn new(run: &Run, url: Option<String>) -> Self {
        Self {
            run: RunShown::new(run, url),
            parent_id: run.parent().map(|p| p.as_str().to_owned()),
            metrics: run.metrics.iter().map(|(k, p)| (k.to_owned(), p.value)).collect(),
        }
    }
}

/// The tags of a run that are not MLflow's.
fn own_tags(run: &Run) -> Tags {
    let mut tags = run.tags.clone();
    tags.retain(|key| !key.starts_with("mlflow."));
    tags
}

/// The repository a run names, parsed: its address may hold credentials.
pub fn repository_of(run: &Run) -> Option<String> {
    run.source_repo_url().and_then(RepoSlug::from_remote_url).map(|(host, repo)| format!("{host}/{repo}"))
}

/// `signoff compare`.
#[derive(Clone, Debug, Serialize)]
pub struct Compare {
    /// `signoff.comparison/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub candidate: Version,
    /// What it is laid against; `null` if nothing is in production.
    pub baseline: Option<Version>,
    /// Why the candidate's or the baseline's run is missing from the comparison.
    pub runs_missing: Vec<String>,
    /// All metrics of both, by name.
    pub metrics: Vec<Metric>,
    /// All params of both, by name.
    pub params: Vec<TextRow>,
    /// All tags of both, by name.
    pub tags: Vec<TextRow>,
    /// What goes into the models and what comes out; empty if either cannot be read.
    pub signature: Vec<FieldRow>,
    /// Why a signature is missing from the comparison.
    pub signatures_missing: Vec<String>,
    /// The data that their runs read, by what it was read for.
    pub data: Vec<DataRow>,
}

/// `signoff doctor`.
#[derive(Clone, Debug, Serialize)]
pub struct Doctor {
    /// `signoff.doctor/1`.
    pub schema: &'static str,
    /// Whether nothing hinders an approval.
    pub ok: bool,
    /// What was looked at.
    pub checks: Vec<DoctorCheck>,
    /// What remains open even if all is well, one sentence each.
    pub holes: Vec<String>,
}

/// One thing `doctor` looked at.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorCheck {
    pub check: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: crate::domain::preflight::CheckState,
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// `signoff config show`.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// `signoff.config/1`.
    pub schema: &'static str,
    /// The target in force; `null` if none is.
    pub target: Option<String>,
    /// All configured targets.
    pub targets: Vec<String>,
    /// Every value in force.
    pub values: Vec<ConfigValue>,
    /// What is odd.
    pub notices: Vec<String>,
}

/// A value in force.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigValue {
    /// Its name, dotted as in the file.
    pub key: String,
    /// The value; `***` for secrets, `null` if unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: String,
}

impl From<Shown> for ConfigValue {
    fn from(shown: Shown) -> Self {
        Self { key: shown.key, value: shown.value, origin: shown.origin }
    }
}
