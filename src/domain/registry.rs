//! Registered models and their versions, as every MLflow registry has them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ModelName, RunId, VersionNumber};

use super::sorted_map::Tags;

/// Prefix of every tag signoff writes itself.
pub const OWN_TAG_PREFIX: &str = "signoff.";

/// A registered model: a name under which versions are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// The model's name.
    pub name: ModelName,
    /// Free text, often Markdown.
    pub description: String,
    /// Tags of the model itself, not of its versions.
    pub tags: Tags,
    /// Which version each alias points to. Aliases are case-sensitive.
    pub aliases: BTreeMap<String, VersionNumber>,
    /// The highest version of each stage; *not* all versions.
    pub latest: Vec<ModelVersion>,
    /// When the name was registered.
    pub created_at: Option<Timestamp>,
    /// Last change of the model or of any version's stage or description.
    pub updated_at: Option<Timestamp>,
}

/// Tells `versions` which of the model's `aliases` point to them: MLflow's lists do not say (measured on 2.22 and 3.17).
pub fn join_aliases(versions: &mut [ModelVersion], aliases: &BTreeMap<String, VersionNumber>) {
    for version in versions {
        // A map's keys come sorted.
        version.aliases = aliases.iter().filter(|(_, n)| **n == version.number).map(|(a, _)| a.clone()).collect();
    }
}

/// One version of a registered model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The model it is a version of.
    pub model: ModelName,
    pub number: VersionNumber,
    /// Its stage; [`Stage::None`] on registries that have no stages.
    pub stage: Stage,
    /// Whether the registration is finished.
    pub status: VersionStatus,
    /// When it was registered.
    pub created_at: Option<Timestamp>,
    /// Last change of stage or description; tag and alias writes do not move it (measured on 2.22 and 3.18).
    pub updated_at: Option<Timestamp>,
    /// Who registered it, where the registry says so; open-source servers usually do not.
    pub author: Option<String>,
    /// Where the model's files are. A URI of any scheme; shown, never fetched from.
    pub source: String,
    /// The run that produced it; may be missing, deleted, or on another server.
    pub run_id: Option<RunId>,
    /// Free text, often Markdown.
    pub description: String,
    /// Tags of this version.
    pub tags: Tags,
    /// Aliases that point here, sorted.
    pub aliases: Vec<String>,
}

impl ModelVersion {
    /// The tag signoff wrote under `signoff.<name>`, if any.
    pub fn own_tag(&self, name: &str) -> Option<&str> {
        // The inbox asks this of every version of the registry: the key is compared in its two parts, never made.
        let wanted = || OWN_TAG_PREFIX.bytes().chain(name.bytes());
        self.tags.get_by(|key| key.bytes().cmp(wanted())).map(AsRef::as_ref)
    }
}

/// A version's stage. Deprecated by MLflow since 2.9, and working in every release since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Stage {
    /// Not in any stage: the server's literal `None`.
    None,
    Staging,
    Production,
    Archived,
    /// A stage this program does not know.
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

/// State of a version's registration. Only `Ready` versions may be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionStatus {
    Ready,
    /// `PENDING_REGISTRATION`.
    Pending,
    /// `FAILED_REGISTRATION`, with the server's message if it gave one.
    Failed(String),
    /// A status this program does not know.
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

/// What "in production" means on a target: the place a promotion moves a version to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionTarget {
    /// A stage, usually `Production`. Several versions can be in one stage.
    Stage(Stage),
    /// An alias such as `champion`. Always has at most one holder.
    Alias(String),
}

impl PromotionTarget {
    /// Whether `version` is in production by this definition.
    pub fn is_held_by(&self, version: &ModelVersion) -> bool {
        match self {
            Self::Stage(stage) => version.stage == *stage,
            Self::Alias(alias) => version.aliases.iter().any(|a| a == alias),
        }
    }

    /// What kind of place this is, for headings: `stage` or `alias`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::Alias(_) => "alias",
        }
    }
}

impl fmt::Display for PromotionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "{stage}"),
            Self::Alias(alias) => write!(f, "@{alias}"),
        }
    }
}
/// What is known of the registry server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryInfo {
    /// Version as the server reports it, such as `3.17.2`.
    pub version: String,
    /// The user it takes us for, where it says.
    pub user: Option<String>,
    /// Whether it has stages.
    pub stages: bool,
    /// Whether it has aliases.
    pub aliases: bool,
    /// The longest value of a version tag it takes, in characters.
    pub tag_value_limit: usize,
}
