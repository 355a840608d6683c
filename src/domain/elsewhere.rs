//! Promotion from one workspace to another: the candidate is in one target, production in another, and CD copies it.

use serde::{Deserialize, Serialize};

use super::ids::{ModelName, TagName, VersionNumber};
use super::registry::ModelVersion;

/// How a model is called at the other target: a template with `{catalog}`, `{schema}` and `{model}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameThere(String);

impl NameThere {
    /// # Errors
    /// A sentence, if the template names no model, or something else than the three levels.
    pub fn new(template: &str) -> Result<Self, String> {
        let mut plain = template.to_owned();
        for level in LEVELS {
            plain = plain.replace(level, "");
        }
        if plain.contains(['{', '}']) {
            return Err("there are {catalog}, {schema} and {model}, and nothing else".to_owned());
        }
        match template.contains("{model}") {
            true => Ok(Self(template.to_owned())),
            false => Err("without {model} all models would get the same name".to_owned()),
        }
    }

    /// # Errors
    /// A sentence, if the name has no such level.
    pub fn of(&self, model: &ModelName) -> Result<ModelName, String> {
        let levels: Vec<&str> = model.as_str().splitn(3, '.').collect();
        let (catalog, schema, name) = match levels.as_slice() {
            [catalog, schema, name] => (Some(*catalog), Some(*schema), *name),
            _ => (None, None, model.as_str()),
        };
        let mut out = self.0.clone();
        for (level, value) in LEVELS.into_iter().zip([catalog, schema, Some(name)]) {
            match value {
                Some(value) => out = out.replace(level, value),
                None if out.contains(level) => {
                    return Err(format!("{model} has no {level}, which `model` of [promote] asks for"));
                }
                None => {}
            }
        }
        Ok(ModelName::new(out))
    }
}

const LEVELS: [&str; 3] = ["{catalog}", "{schema}", "{model}"];

/// What is known of the signed version, by which its copy can name it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub version: &'a ModelVersion,
    pub tag: &'a TagName,
    pub record_hash: &'a str,
}

impl Signed<'_> {
    /// Whether `there` says that it was made from the signed version: by its source, its run or one of its tags.
    pub fn is_named_by(&self, there: &ModelVersion) -> bool {
        let (model, number) = (&self.version.model, self.version.number.0);
        let (plain, uri) = (format!("{model}/{number}"), format!("models:/{model}/{number}"));
        let source = there.source.as_str();
        // A copy from another server names it too: `models://databricks@prod/NAME/42`.
        let names_uri = source.strip_prefix("models:/").is_some_and(|rest| {
            rest.strip_suffix(&plain).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        });
        let by_source = !source.is_empty() && (source == self.version.source || names_uri);
        let by_run = there.run_id.is_some() && there.run_id == self.version.run_id;
        let names = |value: &str| {
            value == plain || value == uri || value == self.tag.as_str() || value.contains(self.record_hash)
        };
        by_source || by_run || there.tags.iter().any(|(_, value)| names(value))
    }
}

/// Whether the signed version came to the other target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "arrival")]
pub enum Arrival {
    Came { model: ModelName, version: VersionNumber },
    Missing { model: ModelName, waited_s: u64 },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::ids::RunId;
    use crate::domain::promotion::samples;
    use crate::domain::registry::Stage;

    #[test]
    fn a_name_is_mapped_by_its_levels() {
        let map = |template: &str, name: &str| NameThere::new(template).and_then(|t| t.of(&ModelName::new(name)));
        let full = "staging.telco.churn";
        for (template, name, wanted) in [
            ("prod.{schema}.{model}", full, "prod.telco.churn"),
            ("{catalog}_prod.{schema}.{model}", full, "staging_prod.telco.churn"),
            ("{model}", "telco-churn", "telco-churn"),
            ("{model}", full, "churn"),
            ("prod-{model}", "a.b", "prod-a.b"),
        ] {
            assert_eq!(map(template, name).unwrap().as_str(), wanted);
        }
        assert!(map("prod.{schema}.{model}", "telco-churn").unwrap_err().contains("has no {schema}"));
        assert!(map("prod.telco.churn", full).unwrap_err().contains("without {model}"));
        assert!(map("{stage}.{model}", full).unwrap_err().contains("nothing else"));
    }

    #[test]
    fn a_copy_names_the_signed_version_by_source_run_or_tag() {
        let (tag, hash) = ("telco-churn-v42".parse().unwrap(), "sha256:0123");
        let version = samples::version(42, Stage::Staging);
        let signed = Signed { version: &version, tag: &tag, record_hash: hash };
        let other = ModelVersion { run_id: Some(RunId::new("other")), ..samples::version(7, Stage::None) };
        assert!(!signed.is_named_by(&other));
        let tagged = |value: &str| {
            let mut version = other.clone();
            version.tags.insert("from", value);
            version
        };
        for copy in [
            ModelVersion { source: version.source.clone(), ..other.clone() },
            ModelVersion { source: "models:/telco-churn/42".to_owned(), ..other.clone() },
            ModelVersion { source: "models://databricks@qa/telco-churn/42".to_owned(), ..other.clone() },
            ModelVersion { run_id: version.run_id.clone(), ..other.clone() },
            tagged("telco-churn/42"),
            tagged("models:/telco-churn/42"),
            tagged("telco-churn-v42"),
            tagged("record sha256:0123"),
        ] {
            assert!(signed.is_named_by(&copy), "{copy:?}");
        }
        assert!(!signed.is_named_by(&tagged("telco-churn/421")) && !signed.is_named_by(&tagged("telco-churn-v421")));
        let another = ModelVersion { source: "models:/my-telco-churn/42".to_owned(), ..other.clone() };
        assert!(!signed.is_named_by(&another));
        let unsaid = ModelVersion { source: String::new(), run_id: None, ..other };
        let bare = ModelVersion { source: String::new(), run_id: None, ..version.clone() };
        assert!(!Signed { version: &bare, ..signed }.is_named_by(&unsaid), "nothing is no name");
    }
}
