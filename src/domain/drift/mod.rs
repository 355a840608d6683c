//! Drift: what is in production is not what was signed.
//!
//! A pure comparison of a record with what is there now ([`Now`]). Every difference is a [`Finding`] that names what
//! was signed and what is there. Whatever a record does not carry, or could not be read now, cannot be told, and is
//! never called drift.

mod compare;
mod files;
pub mod metrics;
mod now;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::artifact::human_size;
use super::ids::VersionNumber;
use super::pattern::matches;
use super::record::observed::Kept;
use super::run::MetricValue;
use super::text::{clean_line, shorten};

pub use compare::compare;
pub use now::{FilesNow, Now, ReleaseNow, VersionNow};

/// Characters of a value in a sentence.
const SHOWN: usize = 60;

/// The kind of a finding. Its name is part of the JSON contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Metric,
    Param,
    RunTag,
    VersionTag,
    Description,
    Artifact,
    RunDeleted,
    Stage,
    Alias,
    VersionDeleted,
    ModelRenamed,
    ModelRecreated,
    ReleaseAsset,
    RecordMissing,
    GitTag,
    Release,
}

impl Kind {
    /// Every kind, in the order in which findings are listed.
    pub const ALL: [Self; 16] = [
        Self::RecordMissing,
        Self::VersionDeleted,
        Self::ModelRecreated,
        Self::ModelRenamed,
        Self::Stage,
        Self::Alias,
        Self::RunDeleted,
        Self::Metric,
        Self::Param,
        Self::RunTag,
        Self::VersionTag,
        Self::Description,
        Self::Artifact,
        Self::GitTag,
        Self::Release,
        Self::ReleaseAsset,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Param => "param",
            Self::RunTag => "run_tag",
            Self::VersionTag => "version_tag",
            Self::Description => "description",
            Self::Artifact => "artifact",
            Self::RunDeleted => "run_deleted",
            Self::Stage => "stage",
            Self::Alias => "alias",
            Self::VersionDeleted => "version_deleted",
            Self::ModelRenamed => "model_renamed",
            Self::ModelRecreated => "model_recreated",
            Self::ReleaseAsset => "release_asset",
            Self::RecordMissing => "record_missing",
            Self::GitTag => "git_tag",
            Self::Release => "release",
        }
    }

    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Param => "parameter",
            Self::RunTag => "run tag",
            Self::VersionTag => "version tag",
            Self::Description => "description",
            Self::Artifact => "file",
            Self::RunDeleted => "run deleted",
            Self::Stage => "stage",
            Self::Alias => "alias",
            Self::VersionDeleted => "version deleted",
            Self::ModelRenamed => "model renamed",
            Self::ModelRecreated => "model registered anew",
            Self::ReleaseAsset => "release file",
            Self::RecordMissing => "no sign-off",
            Self::GitTag => "Git tag",
            Self::Release => "release",
        }
    }
}

/// What was signed, or what is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Number(MetricValue),
    Version(VersionNumber),
    /// Size of a file in bytes.
    Size(u64),
    /// A text, or the digest of a long one.
    Kept(Kept),
}

impl Value {
    /// A text, whole.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Kept(Kept::Text(text.into()))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{}", value.0),
            Self::Version(number) => write!(f, "{number}"),
            Self::Size(bytes) => match *bytes {
                1 => f.write_str("1 byte"),
                n if n < 1024 => write!(f, "{n} bytes"),
                n => write!(f, "{n} bytes ({})", human_size(n)),
            },
            Self::Kept(Kept::Text(text)) => write!(f, "'{}'", shorten(&clean_line(text), SHOWN)),
            Self::Kept(Kept::Long { digest, length }) => {
                let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
                let start: String = clean_line(digits).chars().take(12).collect();
                write!(f, "a text of {} ({start})", human_size(*length))
            }
        }
    }
}

/// One difference between what was signed and what is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: Kind,
    /// The key, path, alias or file that differs.
    pub what: String,
    /// What was signed; `None` if there was none.
    pub old: Option<Value>,
    /// What is there now; `None` if it is gone.
    pub new: Option<Value>,
    /// When it changed, if a server recorded that.
    pub since: Option<Timestamp>,
    /// Who changed it, if a server recorded that.
    pub by: Option<String>,
    /// The difference, as a sentence without a period.
    pub reason: String,
}

impl Finding {
    /// A finding whose sentence follows from old and new.
    pub fn of(kind: Kind, what: impl Into<String>, old: Option<Value>, new: Option<Value>) -> Self {
        let what = what.into();
        let named = match what.is_empty() {
            true => format!("the {}", kind.words()),
            false => format!("the {} {}", kind.words(), shorten(&clean_line(&what), SHOWN)),
        };
        let reason = match (&old, &new) {
            (Some(old), Some(new)) => format!("{named} was {old} when it was signed, and is {new}"),
            (Some(old), None) => format!("{named} was {old} when it was signed, and is gone"),
            (None, Some(new)) => format!("{named} was not there when it was signed, and is {new}"),
            (None, None) => format!("{named} changed since it was signed"),
        };
        Self { kind, what, old, new, since: None, by: None, reason }
    }

    /// The same with another sentence.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// The same with the time of the change. A time before the sign-off is not the time of a change since.
    #[must_use]
    pub fn since(self, at: Option<Timestamp>, signed_at: Timestamp) -> Self {
        Self { since: at.filter(|at| *at > signed_at), ..self }
    }

    /// A version that is in production although no sign-off of it is known.
    pub fn record_missing(version: VersionNumber, place: &impl fmt::Display) -> Self {
        Self::of(Kind::RecordMissing, version.to_string(), None, Some(Value::Version(version)))
            .because(format!("{version} is in {place}, and no sign-off of it is known"))
    }
}

/// What a comparison tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub findings: Vec<Finding>,
    /// What cannot be told, and why; one phrase each.
    pub unknown: Vec<String>,
}

impl Told {
    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn cannot(&mut self, what: impl Into<String>) {
        self.unknown.push(what.into());
    }
}

/// What is not compared: names that pipelines set or move as a matter of course. Patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Keys of tags of runs and of versions.
    pub tags: Vec<String>,
    /// Aliases.
    pub aliases: Vec<String>,
}

impl Default for Ignored {
    /// Aliases that customarily point to the newest candidate move with each new version.
    fn default() -> Self {
        let aliases = ["challenger", "candidate", "latest", "staging"];
        Self { tags: Vec::new(), aliases: aliases.map(str::to_owned).to_vec() }
    }
}

impl Ignored {
    fn tag(&self, key: &str) -> bool {
        self.tags.iter().any(|pattern| matches(pattern, key))
    }

    fn alias(&self, alias: &str) -> bool {
        self.aliases.iter().any(|pattern| matches(pattern, alias))
    }
}
