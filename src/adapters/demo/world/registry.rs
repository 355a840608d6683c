//! Models, versions and runs, and the writes of a registry. Semantics as measured on MLflow 2.22 and 3.18.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;
use crate::adapters::demo::Refusal;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::registry::Stage;
use crate::domain::run::MetricValue;
use crate::domain::text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// The version each alias points to.
    pub aliases: BTreeMap<String, VersionNumber>,
    /// The input columns of its versions.
    pub inputs: Vec<Feature>,
    /// The output column.
    pub output: Column,
    pub versions: BTreeMap<VersionNumber, Version>,
    pub created_at: Timestamp,
    /// Last change of a version's stage.
    pub updated_at: Timestamp,
}

/// A named column of a model's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub name: String,
    /// Its type in MLflow's spelling.
    #[serde(rename = "type")]
    pub kind: String,
}

/// An input of some of a model's versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    pub name: String,
    /// Its type in MLflow's spelling.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default = "yes")]
    pub required: bool,
    /// The first version that has it.
    #[serde(default)]
    pub since: u64,
    /// The last version that has it.
    #[serde(default = "forever")]
    pub until: u64,
}

fn yes() -> bool {
    true
}

fn forever() -> u64 {
    u64::MAX
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    pub name: String,
    pub created_at: Timestamp,
    pub deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub stage: Stage,
    /// `READY`, `PENDING_REGISTRATION` or `FAILED_REGISTRATION`.
    pub status: String,
    pub created_at: Timestamp,
    /// Last change of its stage.
    pub updated_at: Timestamp,
    /// Who registered it.
    pub author: Option<String>,
    /// Where its files are, as registered.
    pub source: String,
    /// The run it came from.
    pub run_id: Option<RunId>,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// What is said of its logged model itself; usually nothing, so that the run's counts.
    #[serde(default)]
    pub logged: Logged,
}

/// What is said of a logged model, apart from its run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logged {
    pub metrics: Vec<LoggedMetric>,
    pub params: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// A metric of a logged model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedMetric {
    pub name: String,
    pub value: MetricValue,
    /// Name and digest of the data set it was measured on.
    #[serde(default)]
    pub data: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRun {
    pub experiment: ExperimentId,
    pub name: String,
    /// Who started it.
    pub user: String,
    /// `FINISHED` and so on.
    pub status: String,
    pub started_at: Timestamp,
    /// None while it runs.
    pub ended_at: Option<Timestamp>,
    pub deleted: bool,
    /// The last step; metrics are as of this step.
    pub steps: i64,
    /// Last steps of metrics that have more steps than the rest.
    pub last_steps: BTreeMap<String, i64>,
    /// Latest value of each metric.
    pub metrics: BTreeMap<String, MetricValue>,
    pub params: BTreeMap<String, String>,
    /// Tags, `mlflow.*` included.
    pub tags: BTreeMap<String, String>,
    /// Data sets it read.
    pub datasets: Vec<DataSet>,
}

/// A data set read by a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    pub name: String,
    pub digest: String,
    /// `training`, `validation`, `test`.
    pub context: String,
    pub rows: u64,
}

impl TrainingRun {
    /// The step of a metric's latest value.
    pub fn last_step(&self, metric: &str) -> i64 {
        self.last_steps.get(metric).copied().unwrap_or(self.steps)
    }
}

impl Model {
    /// The inputs of one version.
    pub fn inputs_of(&self, number: VersionNumber) -> impl Iterator<Item = &Feature> {
        self.inputs.iter().filter(move |f| (f.since..=f.until).contains(&number.0))
    }
}

impl World {
    /// The longest tag key, in characters.
    pub const TAG_KEY_LIMIT: usize = 250;
    /// The longest value of a version tag, in characters: the older servers' limit.
    pub const TAG_VALUE_LIMIT: usize = 5000;

    /// The model with this name.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn model(&self, name: &ModelName) -> Result<&Model, Refusal> {
        self.models.get(name).ok_or_else(|| no_model(name))
    }

    /// One version.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown model or version.
    pub fn version(&self, model: &ModelName, number: VersionNumber) -> Result<&Version, Refusal> {
        self.model(model)?.versions.get(&number).ok_or_else(|| no_version(model, number))
    }

    /// The version that was made from the logged model with this id.
    pub fn made_from(&self, id: &str) -> Result<(ModelName, VersionNumber), Refusal> {
        let source = format!("models:/{id}");
        let found = self.models.iter().find_map(|(name, model)| {
            let number = model.versions.iter().find(|(_, v)| v.source == source).map(|(number, _)| *number)?;
            Some((name.clone(), number))
        });
        found.ok_or_else(|| Refusal::NotFound(format!("there is no logged model {}", text::clean_line(id))))
    }

    /// Sets or overwrites a version tag. Does not change `updated_at` of the version.
    ///
    /// # Errors
    /// Unknown version; a key that is empty or too long; a value that is too long.
    pub fn set_version_tag(
        &mut self,
        model: &ModelName,
        number: VersionNumber,
        key: &str,
        value: &str,
    ) -> Result<(), Refusal> {
        if key.is_empty() || key.chars().count() > Self::TAG_KEY_LIMIT {
            return Err(Refusal::Invalid(format!("a tag's key takes 1 to {} characters", Self::TAG_KEY_LIMIT)));
        }
        if value.chars().count() > Self::TAG_VALUE_LIMIT {
            return Err(Refusal::Invalid(format!("a tag's value takes at most {} characters", Self::TAG_VALUE_LIMIT)));
        }
        self.version_mut(model, number)?.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Deletes a version tag; a missing one is fine.
    ///
    /// # Errors
    /// Unknown version.
    pub fn delete_version_tag(&mut self, model: &ModelName, number: VersionNumber, key: &str) -> Result<(), Refusal> {
        self.version_mut(model, number)?.tags.remove(key);
        Ok(())
    }

    /// Transitions a version to a stage. With `archive_existing`, every *other* version in it becomes Archived at the
    /// same time. A version that is there already stays, with a new `updated_at`.
    ///
    /// # Errors
    /// Unknown version or stage, or `archive_existing` with a stage that allows several versions. Then nothing was
    /// archived either.
    pub fn move_stage(
        &mut self,
        model: &ModelName,
        number: VersionNumber,
        stage: &Stage,
        archive_existing: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Stage::Other(name) = stage {
            return Err(Refusal::Invalid(format!(
                "'{}' is no stage; there are None, Staging, Production and Archived",
                text::clean_line(name)
            )));
        }
        if archive_existing && !matches!(stage, Stage::Staging | Stage::Production) {
            return Err(Refusal::Invalid(format!(
                "'{stage}' is not an active stage, so nothing in it can be archived"
            )));
        }
        self.version(model, number)?;
        let entry = self.model_mut(model)?;
        for (other, version) in &mut entry.versions {
            if *other == number {
                version.stage = stage.clone();
                version.updated_at = now;
            } else if archive_existing && version.stage == *stage {
                version.stage = Stage::Archived;
                version.updated_at = now;
            }
        }
        entry.updated_at = now;
        Ok(())
    }

    /// Points an alias to a version; any other version loses it.
    ///
    /// # Errors
    /// Unknown version, or an invalid alias name.
    pub fn set_alias(&mut self, model: &ModelName, alias: &str, number: VersionNumber) -> Result<(), Refusal> {
        check_alias(alias)?;
        self.version(model, number)?;
        self.model_mut(model)?.aliases.insert(alias.to_owned(), number);
        Ok(())
    }

    /// Deletes an alias; a missing one is fine.
    ///
    /// # Errors
    /// Unknown model.
    pub fn delete_alias(&mut self, model: &ModelName, alias: &str) -> Result<(), Refusal> {
        self.model_mut(model)?.aliases.remove(alias);
        Ok(())
    }

    fn model_mut(&mut self, name: &ModelName) -> Result<&mut Model, Refusal> {
        self.models.get_mut(name).ok_or_else(|| no_model(name))
    }

    fn version_mut(&mut self, model: &ModelName, number: VersionNumber) -> Result<&mut Version, Refusal> {
        self.model_mut(model)?.versions.get_mut(&number).ok_or_else(|| no_version(model, number))
    }
}

fn no_model(name: &ModelName) -> Refusal {
    Refusal::NotFound(format!("there is no model '{name}'"))
}

fn no_version(model: &ModelName, number: VersionNumber) -> Refusal {
    Refusal::NotFound(format!("model '{model}' has no version {number}"))
}

/// The server's rules: letters of any script, digits, `_` and `-`; `latest` and `v<digits>` are reserved.
fn check_alias(alias: &str) -> Result<(), Refusal> {
    let shown = text::clean_line(alias);
    let word = !alias.is_empty() && alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !word || alias.chars().count() > 255 {
        return Err(Refusal::Invalid(format!("'{shown}' is not a name an alias may have")));
    }
    let numbered =
        alias.strip_prefix(['v', 'V']).is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    if numbered || alias.eq_ignore_ascii_case("latest") {
        return Err(Refusal::Invalid(format!("the alias '{shown}' is reserved")));
    }
    Ok(())
}
