//! What is there now of a version that was signed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::commit::{ReleaseState, TagState};
use crate::domain::facts::Standing;
use crate::domain::failure::Failure;
use crate::domain::identity::{About, Home, Identity};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::registry::{ModelVersion, RegisteredModel};

/// What is there now.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    pub version: VersionNow,
    /// Every version in production, ascending.
    pub holders: Vec<VersionNumber>,
    /// A version in production that a promotion is moving there at this moment.
    pub under_way: Option<VersionNumber>,
    /// The version of each alias of the model; `None` if they were not read.
    pub aliases: Option<BTreeMap<String, VersionNumber>>,
    pub files: FilesNow,
    pub release: ReleaseNow,
}

/// The version that was signed, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub enum VersionNow {
    There(Box<Standing>),
    /// Its model has another name.
    Renamed(Box<Standing>, ModelName),
    /// The registry has another version under its name and number, or a model that was made after it was signed.
    Another {
        /// When the model or the version there now was registered.
        registered_at: Option<Timestamp>,
        /// What differs, as a phrase.
        what: String,
    },
    /// The registry does not have it any more.
    Deleted {
        /// The whole model is gone.
        model: bool,
    },
    /// It could not be read.
    Unread(Failure),
}

impl VersionNow {
    /// What became of the version `then`. `version` is the one that the registry has under its name and number,
    /// `model` the model of that name, and `renamed` the version as it was found under another name.
    pub fn of(
        then: &Identity,
        home: &Home,
        version: Option<Standing>,
        model: Option<&RegisteredModel>,
        renamed: Option<Standing>,
    ) -> Self {
        if let Some(standing) = renamed {
            let name = standing.version.model.clone();
            return Self::Renamed(Box::new(standing), name);
        }
        if let Some(standing) = version {
            return match then.about(&Identity::of(home, &standing.version)) {
                About::Another(what) => Self::Another { registered_at: standing.version.created_at, what },
                About::Same | About::CannotTell(_) => Self::There(Box::new(standing)),
            };
        }
        let made_later = |model: &&RegisteredModel| {
            let times = model.created_at.zip(then.registered_at);
            times.is_some_and(|(model, version)| model > version)
        };
        match model.filter(made_later) {
            Some(model) => Self::Another {
                registered_at: model.created_at,
                what: "the model was deleted and registered again".to_owned(),
            },
            None => Self::Deleted { model: model.is_none() },
        }
    }

    /// The version, if it is there under any name.
    pub fn standing(&self) -> Option<&Standing> {
        match self {
            Self::There(standing) | Self::Renamed(standing, _) => Some(standing),
            Self::Another { .. } | Self::Deleted { .. } | Self::Unread(_) => None,
        }
    }

    /// The version as the registry has it, if it is there under any name.
    pub fn version(&self) -> Option<&ModelVersion> {
        self.standing().map(|standing| &standing.version)
    }
}

/// The version's files, as far as they were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesNow {
    /// The files directly in each folder that was listed, with their sizes; the root is the empty text.
    pub folders: BTreeMap<String, Vec<(String, Option<u64>)>>,
    /// Every folder was listed.
    pub complete: bool,
    /// Digests of the files that were read.
    pub digests: BTreeMap<String, String>,
    /// Why something could not be read.
    pub unread: Option<Failure>,
}

/// Tag and release, as far as they were looked at. The inner `None` means that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseNow {
    pub tag: Option<Option<TagState>>,
    pub release: Option<Option<ReleaseState>>,
    /// Digest of the record attached to the release, where it was read.
    pub record: Option<Option<String>>,
    /// Why something could not be read.
    pub unread: Option<Failure>,
}
