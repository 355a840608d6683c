//! Types printed by `--json`, separate from the internal types, so that internal changes cannot break scripts.
//!
//! Every document is one object with a `schema` of the form `signoff.NAME/1`. Fields may be added; changing the
//! meaning of a field or removing it raises the number. Times are RFC 3339 in UTC. Model names are spelled as on the
//! server; control characters are removed from other server text. Unknown values are `null`.
//! Metrics are numbers, or the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, which JSON cannot express as numbers.
//!
//! | command | schema | type |
//! |---|---|---|
//! | `inbox` | `signoff.inbox/1` | [`crate::cli::json::inbox::Inbox`] |
//! | `models` | `signoff.models/1` | [`Models`] |
//! | `versions` | `signoff.versions/1` | [`Versions`] |
//! | `runs` | `signoff.runs/1` | [`Runs`] |
//! | `show` | `signoff.version/1` | [`Show`] |
//! | `check` | `signoff.check/1` | [`crate::cli::json::verdict::Check`] |
//! | `compare` | `signoff.comparison/1` | [`Compare`] |
//! | `approve` and `rollback` with `--dry-run`, or blocked by checks or open answers | `signoff.preflight/1` | [`crate::cli::json::promotion::Preflight`] |
//! | `reject`, `hold`, an approval that needs more approvals | `signoff.decision/1` | [`crate::cli::json::decision::Decided`] |
//! | `approve`, `rollback`, `resume`, `undo` | `signoff.promotion/1` | [`crate::cli::json::promotion::Promotion`] |
//! | `promotions` | `signoff.promotions/1` | [`crate::cli::json::promotion::Promotions`] |
//! | `verify` | `signoff.verification/1` | [`crate::cli::json::verify::Verify`] |
//! | `log` | `signoff.log/1` | [`crate::cli::json::log::Log`] |
//! | `status` | `signoff.status/1` | [`crate::cli::json::status::Status`] |
//! | `audit` | `signoff.audit/1` | [`crate::cli::json::status::Audit`] |
//! | `doctor` | `signoff.doctor/1` | [`Doctor`] |
//! | `config show` | `signoff.config/1` | [`Config`] |
//!
//! Failures are reported on stderr and by the exit code; stdout then stays empty.

pub mod browse;
pub mod cd;
pub mod code;
pub mod decision;
pub mod inbox;
pub mod log;
pub mod notify;
pub mod promotion;
pub mod status;
pub mod verdict;
pub mod verify;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::Shown;
use crate::domain::artifact::Signature;
use crate::domain::compare::data::DataRow;
use crate::domain::compare::signature::FieldRow;
use crate::domain::compare::{Change, Direction, MetricRow, TextRow};
use crate::domain::experiment;
use crate::domain::ids::RepoSlug;
use crate::domain::logged;
use crate::domain::provenance::Provenance;
use crate::domain::registry::{ModelVersion, RegisteredModel, TransitionRequest};
use crate::domain::run::{Dataset, MetricValue, Run};
use crate::domain::score::MetricOrigin;
use crate::domain::sorted_map::Tags;
use crate::present::version::author;

/// The servers that the output is about.
#[derive(Clone, Debug, Serialize)]
pub struct Where {
    pub target: String,
    /// URL of the registry, without credentials.
    pub registry: String,
    /// The registry's workspace; null on servers without workspaces.
    pub workspace: Option<String>,
    /// What "in production" means: `stage:Production`, `alias:champion`.
    pub promote_to: String,
    /// True if no real server is involved.
    pub demo: bool,
}

/// An open request to move a version to a stage.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// The stage.
    pub to: String,
    /// Who asked.
    pub by: String,
    pub comment: String,
    pub at: Option<Timestamp>,
}

impl From<&TransitionRequest> for Request {
    fn from(request: &TransitionRequest) -> Self {
        let TransitionRequest { to, by, comment, at } = request;
        Self { to: to.to_string(), by: by.clone(), comment: comment.clone(), at: *at }
    }
}

/// One metric of a version, and the same metric of the version in production.
#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    pub name: String,
    /// Value of the baseline.
    pub old: Option<MetricValue>,
    /// Value of the candidate.
    pub new: Option<MetricValue>,
    /// `new - old`, if both are finite.
    pub delta: Option<f64>,
    /// `same`, `better`, `worse`, `unknown`, `added` or `removed`.
    pub change: Change,
    /// `higher` or `lower` is better, if configured.
    pub direction: Option<Direction>,
    /// Where the baseline's value comes from. Absent if MLflow has only the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_origin: Option<MetricOrigin>,
    /// Where the candidate's value comes from: `of` (`model` or `run`), `data` (`name`, `digest`) if known, and in
    /// `other` what the other of model and run has, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_origin: Option<MetricOrigin>,
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
            old_origin: row.old_origin.clone(),
            new_origin: row.new_origin.clone(),
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

#[derive(Clone, Debug, Serialize)]
pub struct Model {
    pub name: String,
    pub description: String,
    /// The version in production; the highest if there are several.
    pub production: Option<u64>,
    /// The highest version in each stage that has one.
    pub latest: Vec<StageVersion>,
    /// The version of each alias.
    pub aliases: BTreeMap<String, u64>,
    pub tags: Tags,
    /// Time of registration.
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
    /// True if you may only see that it exists (Unity Catalog's BROWSE); left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub browse_only: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct StageVersion {
    pub version: u64,
    pub stage: String,
}

impl Model {
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
            browse_only: model.browse_only,
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
    /// Whether there are more than `--limit`.
    pub truncated: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct ListedVersion {
    #[serde(flatten)]
    pub version: Version,
    pub in_production: bool,
    /// `null` if its run could not be read.
    pub metrics: Option<BTreeMap<String, MetricValue>>,
    /// The verdict of the policy on a version that waits for a decision; `null` for others.
    pub verdict: Option<verdict::Verdict>,
    /// The decision in force; `null` if there is none.
    pub decision: Option<inbox::Decided>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Version {
    pub model: String,
    pub version: u64,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub stage: String,
    /// `ready`, `registration pending`, `registration failed`, or the server's own word.
    pub status: String,
    /// Aliases of this version.
    pub aliases: Vec<String>,
    /// Time of registration.
    pub created_at: Option<Timestamp>,
    /// Time of the last change of stage or description.
    pub updated_at: Option<Timestamp>,
    /// Who registered it, or else who started its run.
    pub author: Option<String>,
    /// URI of its files.
    pub source: String,
    /// The run that created it.
    pub run_id: Option<String>,
    pub description: String,
    pub tags: Tags,
    /// Web page.
    pub url: Option<String>,
}

impl Version {
    /// Uses the author from its run if the registry has none.
    pub fn new(version: &ModelVersion, said: Provenance<'_>, url: Option<String>) -> Self {
        Self {
            model: version.model.as_str().to_owned(),
            version: version.number.0,
            stage: version.stage.to_string(),
            status: version.status.to_string(),
            aliases: version.aliases.clone(),
            created_at: version.created_at,
            updated_at: version.updated_at,
            author: author(version, said).map(str::to_owned),
            source: version.source.clone(),
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
    /// Every version of the model in production.
    pub in_production: Vec<u64>,
    /// `null` if it has no run or the run cannot be read.
    pub run: Option<RunShown>,
    /// Why there is no run.
    pub run_missing: Option<String>,
    /// The logged model it was made from; left out if there is none, or if MLflow says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged_model: Option<LoggedModel>,
    /// Open requests to move it to a stage; left out if there are none, or the registry keeps none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// Why the requests cannot be read; left out if they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_missing: Option<String>,
    /// What to know before any number is read, one sentence each; left out if there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
    /// The version it is compared with.
    pub baseline: Option<u64>,
    /// Metrics, with those of the baseline.
    pub metrics: Vec<Metric>,
    /// Inputs and outputs of the model; `null` if it has no signature or the signature cannot be read.
    pub signature: Option<Signature>,
    /// Why there is no signature.
    pub signature_missing: Option<String>,
    /// Where its code came from. Not part of the facts.
    pub code: crate::cli::json::code::Code,
    /// The verdict of the policy.
    pub verdict: crate::cli::json::verdict::Verdict,
    /// Digest of the facts that an approval would be based on.
    pub facts_digest: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct RunShown {
    pub id: String,
    pub experiment_id: String,
    pub name: String,
    pub user: Option<String>,
    /// `FINISHED`, `FAILED`, ...
    pub status: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Whether it is deleted on the server.
    pub deleted: bool,
    /// The commit recorded by the run.
    pub commit: Option<String>,
    /// The branch recorded by the run.
    pub branch: Option<String>,
    /// The repository recorded by the run, as `host/owner/name`.
    pub repository: Option<String>,
    pub params: Tags,
    /// Tags other than MLflow's own.
    pub tags: Tags,
    /// The data sets it read.
    pub datasets: Vec<Dataset>,
    /// Web page.
    pub url: Option<String>,
}

impl RunShown {
    /// Leaves out everything that may hold credentials.
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
            repository: repository_of(run.into()),
            params: run.params.clone(),
            tags: own_tags(&run.tags),
            datasets: run.datasets.clone(),
            url,
        }
    }
}

/// A logged model (MLflow 3.x).
#[derive(Clone, Debug, Serialize)]
pub struct LoggedModel {
    pub id: String,
    pub experiment_id: Option<String>,
    /// As the server spells it.
    pub status: String,
    /// The run that logged it; `null` if it was logged outside a run.
    pub run_id: Option<String>,
    pub user: Option<String>,
    pub commit: Option<String>,
    pub branch: Option<String>,
    pub repository: Option<String>,
    pub params: Tags,
    /// Its own tags, without MLflow's.
    pub tags: Tags,
}

impl LoggedModel {
    /// Leaves out everything that may hold credentials.
    pub fn new(model: &logged::LoggedModel) -> Self {
        let said = Provenance { run: None, logged: Some(model) };
        Self {
            id: model.id.clone(),
            experiment_id: model.experiment.as_ref().map(|id| id.as_str().to_owned()),
            status: model.status.clone(),
            run_id: model.source_run.as_ref().map(|id| id.as_str().to_owned()),
            user: said.user().map(str::to_owned),
            commit: said.commit().map(str::to_owned),
            branch: said.branch().map(str::to_owned),
            repository: repository_of(said),
            params: model.params.clone(),
            tags: own_tags(&model.tags),
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
    pub experiment: Experiment,
    /// The filter sent to the server; empty for none.
    pub filter: String,
    /// Newest first.
    pub runs: Vec<ListedRun>,
    /// Whether there are more than `--limit`.
    pub truncated: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Experiment {
    pub id: String,
    pub name: String,
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
    /// Whether it was deleted on the server, and its runs with it; left out if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl From<&experiment::Experiment> for Experiment {
    fn from(experiment: &experiment::Experiment) -> Self {
        Self {
            id: experiment.id.as_str().to_owned(),
            name: experiment.name.clone(),
            created_at: experiment.created_at,
            updated_at: experiment.updated_at,
            deleted: experiment.deleted,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ListedRun {
    #[serde(flatten)]
    pub run: RunShown,
    /// The parent run.
    pub parent_id: Option<String>,
    /// The latest value of each metric.
    pub metrics: BTreeMap<String, MetricValue>,
}

impl ListedRun {
    pub fn new(run: &Run, url: Option<String>) -> Self {
        Self {
            run: RunShown::new(run, url),
            parent_id: run.parent().map(|p| p.as_str().to_owned()),
            metrics: run.metrics.iter().map(|(k, p)| (k.to_owned(), p.value)).collect(),
        }
    }
}

/// Tags that are not MLflow's own.
fn own_tags(tags: &Tags) -> Tags {
    let mut tags = tags.clone();
    tags.retain(|key| !key.starts_with("mlflow."));
    tags
}

/// The recorded repository, parsed, because its URL may hold credentials.
pub fn repository_of(said: Provenance<'_>) -> Option<String> {
    said.repo_url().and_then(RepoSlug::from_remote_url).map(|(host, repo)| format!("{host}/{repo}"))
}

/// `signoff compare`.
#[derive(Clone, Debug, Serialize)]
pub struct Compare {
    /// `signoff.comparison/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    pub candidate: Version,
    /// The version it is compared with; `null` if nothing is in production.
    pub baseline: Option<Version>,
    /// Why a run is missing from the comparison.
    pub runs_missing: Vec<String>,
    /// What to know before any number is read, one sentence each; left out if there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
    /// All metrics of both versions, by name.
    pub metrics: Vec<Metric>,
    /// All params of both versions, by name.
    pub params: Vec<TextRow>,
    /// All tags of both versions, by name.
    pub tags: Vec<TextRow>,
    /// Inputs and outputs of both models; empty if either signature cannot be read.
    pub signature: Vec<FieldRow>,
    /// Why a signature is missing from the comparison.
    pub signatures_missing: Vec<String>,
    /// Data sets of both runs, by context.
    pub data: Vec<DataRow>,
}

/// `signoff doctor`.
#[derive(Clone, Debug, Serialize)]
pub struct Doctor {
    /// `signoff.doctor/1`.
    pub schema: &'static str,
    /// Whether nothing blocks an approval.
    pub ok: bool,
    pub checks: Vec<DoctorCheck>,
    /// What signoff cannot prevent, one sentence each.
    pub holes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DoctorCheck {
    pub check: String,
    /// `pass`, `unknown`, `warn` or `block`.
    pub state: crate::domain::preflight::CheckState,
    pub found: String,
    /// How to fix it.
    pub hint: Option<String>,
}

/// `signoff config show`.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// `signoff.config/1`.
    pub schema: &'static str,
    /// The selected target; `null` if there is none.
    pub target: Option<String>,
    /// All configured targets.
    pub targets: Vec<String>,
    /// All effective values.
    pub values: Vec<ConfigValue>,
    /// Configuration warnings.
    pub notices: Vec<String>,
}

/// An effective value.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigValue {
    /// Dotted name, as in the file.
    pub key: String,
    /// `***` for secrets, `null` if unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: String,
}

impl From<Shown> for ConfigValue {
    fn from(shown: Shown) -> Self {
        Self { key: shown.key, value: shown.value, origin: shown.origin }
    }
}
