//! What of a version a record keeps so that later changes can be told: whatever MLflow lets anybody edit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::seal::sha256;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::registry::OWN_TAG_PREFIX;
use crate::domain::sorted_map::Tags;

/// Bytes of a value that is kept as it is. Of a longer one its digest and its length are kept.
pub const WHOLE: usize = 1024;

/// Params or tags by key.
pub type KeptMap = BTreeMap<String, Kept>;

/// A version as it was seen when it was signed. A part that could not be read is missing, and nothing is said of it
/// later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Params of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<KeptMap>,
    /// Tags of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_tags: Option<KeptMap>,
    /// Tags of the version, without signoff's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_tags: Option<KeptMap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Kept>,
    /// Aliases of the version, without the one that it was promoted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// Params of the logged model, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_params: Option<KeptMap>,
    /// Tags of the logged model, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tags: Option<KeptMap>,
}

/// A text as a record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kept {
    Text(String),
    /// A text of more than [`WHOLE`] bytes.
    Long {
        /// `sha256:<hex>` of its bytes.
        digest: String,
        /// Its length in bytes.
        length: u64,
    },
}

impl From<&str> for Kept {
    fn from(text: &str) -> Self {
        match text.len() <= WHOLE {
            true => Self::Text(text.to_owned()),
            false => Self::Long { digest: sha256(text.as_bytes()), length: text.len() as u64 },
        }
    }
}

/// Tags as a record keeps them, without signoff's own.
pub fn kept(tags: &Tags) -> KeptMap {
    let others = tags.iter().filter(|(key, _)| !key.starts_with(OWN_TAG_PREFIX));
    others.map(|(key, value)| (key.to_owned(), Kept::from(value.as_ref()))).collect()
}

impl Observed {
    /// What is to be kept of these facts.
    pub fn of(facts: &ReviewedFacts) -> Self {
        let none = Tags::default();
        let (params, run_tags) = match &facts.run {
            RunFacts::Known(run) => (Some(&run.params), Some(&run.tags)),
            RunFacts::NotRecorded => (Some(&none), Some(&none)),
            RunFacts::Unreadable(_) => (None, None),
        };
        let logged = facts.logged.as_ref().and_then(LoggedFacts::known);
        Self {
            params: params.map(kept),
            run_tags: run_tags.map(kept),
            version_tags: Some(kept(&facts.version.tags)),
            description: Some(Kept::from(facts.version.description.as_str())),
            aliases: Some(facts.version.aliases.clone()),
            model_params: logged.map(|model| kept(&model.params)),
            model_tags: logged.map(|model| kept(&model.tags)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::samples;

    #[test]
    fn a_long_value_is_kept_as_digest_and_length_and_a_short_one_whole() {
        let json = |text: &str| serde_json::to_value(Kept::from(text)).unwrap();
        let (whole, long) = ("é".repeat(512), "x".repeat(1025));
        assert_eq!(json(&whole), serde_json::json!(whole));
        assert_eq!(json(&long), serde_json::json!({"digest": sha256(long.as_bytes()), "length": 1025}));
        for text in [&whole, &long] {
            assert_eq!(serde_json::from_value::<Kept>(json(text)).unwrap(), Kept::from(text.as_str()));
        }
    }

    #[test]
    fn a_record_carries_what_may_be_edited_and_not_signoffs_own_tags() {
        let mut facts = samples::facts();
        facts.version.tags.insert("signoff.promotion", "x");
        let observed = serde_json::to_value(Observed::of(&facts)).unwrap();
        assert_eq!(observed["params"], serde_json::json!({"depth": "8"}));
        assert_eq!(observed["run_tags"]["mlflow.source.git.commit"], samples::sha());
        assert_eq!(observed["version_tags"], serde_json::json!({"team": "retention"}));
        assert_eq!(observed["description"], "Tuned threshold.");
    }

    #[test]
    fn a_run_that_could_not_be_read_is_no_empty_run() {
        let mut facts = samples::facts();
        facts.run = RunFacts::Unreadable("the server is down".into());
        let observed = Observed::of(&facts);
        assert_eq!((observed.params, observed.run_tags), (None, None));
        assert!(observed.version_tags.is_some());
    }
}
