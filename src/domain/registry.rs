//! Registered models and their versions.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deployment::Deployment;
use super::failure::Outcome;
use super::ids::{ModelName, RunId, VersionNumber};

use super::sorted_map::Tags;
use super::text::clean_line;

/// Prefix of every tag signoff writes itself.
pub const OWN_TAG_PREFIX: &str = "signoff.";

/// Name (without prefix) of the tag on the version that was released last, where the registry does not say what is in
/// production. It is put on versions as they are read, and never written to a server.
pub const IN_PRODUCTION: &str = "in_production";

/// A registered model: a name with numbered versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegisteredModel {
    pub name: ModelName,
    /// Free text, often Markdown.
    pub description: String,
    /// Tags of the model itself, not of its versions.
    pub tags: Tags,
    /// The version of each alias. Aliases are case-sensitive.
    pub aliases: BTreeMap<String, VersionNumber>,
    /// The highest version of each stage; *not* all versions.
    pub latest: Vec<ModelVersion>,
    /// Whether `aliases` and `latest` are told. Lists of Unity Catalog tell neither.
    #[serde(default = "yes")]
    pub told: bool,
    /// Whether the user may only see that it exists (Unity Catalog's privilege BROWSE).
    #[serde(default)]
    pub browse_only: bool,
    /// What is in production at the other target, if versions go to one.
    #[serde(default)]
    pub there: There,
    /// When the name was registered.
    pub created_at: Option<Timestamp>,
    /// Last change of the model, or of any version's stage or description.
    pub updated_at: Option<Timestamp>,
}

/// What a promotion is compared with, if not with what is in production in its own registry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum There {
    /// Production is in this registry.
    #[default]
    Here,
    /// It is at the other target, where nothing is in production, or nothing that may be read.
    Nothing,
    /// It is at the other target.
    Version(Box<ModelVersion>),
}

fn yes() -> bool {
    true
}

/// Fills in the aliases of `versions` from the model's `aliases`: MLflow's lists omit them (measured on 2.22 and 3.17).
pub fn join_aliases(versions: &mut [ModelVersion], aliases: &BTreeMap<String, VersionNumber>) {
    for version in versions {
        // Map keys are sorted.
        version.aliases = aliases.iter().filter(|(_, n)| **n == version.number).map(|(a, _)| a.clone()).collect();
    }
}

/// One version of a registered model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    pub model: ModelName,
    pub number: VersionNumber,
    /// [`Stage::None`] on registries without stages.
    pub stage: Stage,
    /// The registration status.
    pub status: VersionStatus,
    /// When it was registered.
    pub created_at: Option<Timestamp>,
    /// Last change of stage or description; tag and alias writes do not update it (measured on 2.22 and 3.18).
    pub updated_at: Option<Timestamp>,
    /// Who registered it, if the registry says so; open-source servers usually do not.
    pub author: Option<String>,
    /// Location of the model's files. A URI of any scheme; shown, never fetched from.
    pub source: String,
    /// The training run; may be missing, deleted, or on another server.
    pub run_id: Option<RunId>,
    /// Free text, often Markdown.
    pub description: String,
    pub tags: Tags,
    /// Aliases of this version, sorted.
    pub aliases: Vec<String>,
    /// The logged model that it was made from, where the registry names it and the source does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_model: Option<String>,
    /// The id of the workspace that the run is in, if that is another than the one that runs are read from. No fact: it
    /// depends on who asks.
    #[serde(skip)]
    pub run_elsewhere: Option<String>,
    /// Whether the registry keeps files of the version itself (Unity Catalog does). It says nothing about the version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_files: bool,
    /// The run of its deployment job, where it has one. No fact: it changes by itself.
    #[serde(skip)]
    pub deployment: Option<Deployment>,
}

/// A version for what depends only on its files: equal if their place is, however often the version is read again.
#[derive(Clone, Debug)]
pub struct FilesOf(pub Arc<ModelVersion>);

impl FilesOf {
    fn key(&self) -> (&ModelName, VersionNumber, &str, Option<&RunId>) {
        (&self.0.model, self.0.number, &self.0.source, self.0.run_id.as_ref())
    }
}

impl From<&ModelVersion> for FilesOf {
    fn from(version: &ModelVersion) -> Self {
        Self(Arc::new(version.clone()))
    }
}

impl PartialEq for FilesOf {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for FilesOf {}

impl Hash for FilesOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl ModelVersion {
    /// The tag signoff wrote under `signoff.<name>`, if any.
    pub fn own_tag(&self, name: &str) -> Option<&str> {
        // The inbox calls this for every version of the registry: the key is compared in two parts to avoid allocating
        // it.
        let wanted = || OWN_TAG_PREFIX.bytes().chain(name.bytes());
        self.tags.get_by(|key| key.bytes().cmp(wanted())).map(AsRef::as_ref)
    }
}

/// A version's stage. Deprecated by MLflow since 2.9, but working in every release since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Stage {
    /// Not in any stage: the server's literal `None`.
    None,
    Staging,
    Production,
    Archived,
    /// A stage unknown to this program.
    Other(String),
}

impl From<String> for Stage {
    fn from(s: String) -> Self {
        match s.to_ascii_lowercase().as_str() {
            "" | "none" => Self::None,
            "staging" => Self::Staging,
            "production" => Self::Production,
            "archived" => Self::Archived,
            _ => Self::Other(s),
        }
    }
}

impl From<Stage> for String {
    fn from(stage: Stage) -> Self {
        stage.as_str().to_owned()
    }
}

impl Stage {
    /// The server's spelling.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
            Self::Other(s) => s,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Registration status of a version. Only `Ready` versions may be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionStatus {
    Ready,
    /// `PENDING_REGISTRATION`.
    Pending,
    /// `FAILED_REGISTRATION`, with the server's message if it gave one.
    Failed(String),
    /// A status unknown to this program.
    Other(String),
}

impl fmt::Display for VersionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ready => "ready",
            Self::Pending => "registration pending",
            Self::Failed(_) => "registration failed",
            Self::Other(s) => s,
        })
    }
}

/// What "in production" means for a target: where a promotion moves a version to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionTarget {
    /// A stage, usually `Production`. A stage can hold several versions.
    Stage(Stage),
    /// An alias such as `champion`. An alias has at most one version.
    Alias(String),
    /// Nowhere in the registry, which is not written to: what was released last is in production.
    Release,
    /// Nowhere in the registry: the deployment job of the version deploys it once its approval tasks have passed. What
    /// was released last is in production.
    DeploymentJob,
    /// Nowhere in the registry: CD copies the version to the target of this name, which says what is in production. What
    /// was released last is the one that was promoted last.
    Elsewhere(String),
}

impl PromotionTarget {
    /// Whether `version` is in production by this definition.
    pub fn is_held_by(&self, version: &ModelVersion) -> bool {
        match self {
            Self::Stage(stage) => version.stage == *stage,
            Self::Alias(alias) => version.aliases.iter().any(|a| a == alias),
            Self::Release | Self::DeploymentJob | Self::Elsewhere(_) => version.own_tag(IN_PRODUCTION).is_some(),
        }
    }

    /// The other target's name; empty where versions stay.
    pub fn name(&self) -> &str {
        match self {
            Self::Elsewhere(name) => name,
            Self::Stage(_) | Self::Alias(_) | Self::Release | Self::DeploymentJob => "",
        }
    }

    /// The kind of place, for headings: `stage`, `alias`, or `live`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::Alias(_) => "alias",
            Self::Release | Self::DeploymentJob | Self::Elsewhere(_) => "live",
        }
    }

    /// Whether nothing is written to the registry: the decision lives in Git tag, release and record.
    pub fn spares_registry(&self) -> bool {
        match self {
            Self::Release => true,
            Self::Stage(_) | Self::Alias(_) | Self::DeploymentJob | Self::Elsewhere(_) => false,
        }
    }

    /// Whether releases say what is in production, and the registry does not.
    pub fn is_told_by_releases(&self) -> bool {
        match self {
            Self::Release | Self::DeploymentJob | Self::Elsewhere(_) => true,
            Self::Stage(_) | Self::Alias(_) => false,
        }
    }

    /// What is to be said wherever the place is named, beyond its name; empty if there is nothing.
    pub fn remark(&self) -> &'static str {
        match self {
            Self::Release => "nothing is written to the registry",
            Self::Elsewhere(_) => "CD copies it there; nothing is moved here",
            Self::Stage(_) | Self::Alias(_) | Self::DeploymentJob => "",
        }
    }
}

impl fmt::Display for PromotionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "{stage}"),
            Self::Alias(alias) => write!(f, "@{alias}"),
            Self::Release => f.write_str("production (by release)"),
            Self::DeploymentJob => f.write_str("production (by deployment job)"),
            Self::Elsewhere(name) => write!(f, "production in {}", clean_line(name)),
        }
    }
}
/// Facts about the registry server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryInfo {
    /// Version as reported by the server, such as `3.17.2`.
    pub version: String,
    /// The authenticated user, if the server says.
    pub user: Option<String>,
    pub user_kind: UserKind,
    /// The workspace in use; `None` on servers without workspaces.
    pub workspace: Option<String>,
    /// Whether it supports stages.
    pub stages: bool,
    /// Whether it supports aliases.
    pub aliases: bool,
    /// Maximum length of a version tag's value, in characters.
    pub tag_value_limit: usize,
    /// Whether it keeps requests to move a version to a stage.
    pub requests: bool,
    /// Which registry it is and why, where that was not settled by the configuration; a phrase.
    pub chosen: Option<String>,
    /// What the registry itself cannot prevent or does not record, one sentence each.
    pub holes: Vec<String>,
}

/// The user that is signed in to a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryUser {
    /// The name, if the server says.
    pub name: Option<String>,
    pub kind: UserKind,
}

/// What kind of user is signed in to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserKind {
    /// A person, or anybody on a registry that does not tell people and programs apart.
    Person,
    /// A service principal: a program.
    Service,
    /// The registry has users, and does not say which one this is.
    Untold,
}

/// When the sign-in to a registry ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInEnd {
    /// When, and what happens then; a phrase.
    pub said: String,
    /// Whether that is within days, and nothing renews it.
    pub soon: bool,
}

/// What the user may do with a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The user's level, in the registry's words.
    pub level: String,
    /// Whether it allows a promotion.
    pub enough: bool,
    /// The lowest level that does.
    pub needed: &'static str,
}

/// A decision that moves nothing, told to a registry that keeps such things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The open request that the decision answers with no: the one for this stage, if there is one.
    pub refuses: Option<Stage>,
    /// Who decided what, and why.
    pub comment: String,
}

/// Somebody's open request to move a version to a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionRequest {
    pub to: Stage,
    pub by: String,
    pub comment: String,
    pub at: Option<Timestamp>,
}

/// One version, by model and number.
pub type VersionKey = (ModelName, VersionNumber);

/// The open requests of one version, or why they cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequests {
    pub of: VersionKey,
    pub requests: Outcome<Vec<TransitionRequest>>,
}
