//! References to model versions and other things, as written by people, MLflow and GitHub.

pub mod page;

use std::fmt;
use std::str::FromStr;

use super::ids::{InvalidId, ModelName, VersionNumber};

/// `NAME/VERSION` or `NAME@ALIAS`, optionally prefixed with MLflow's `models:/`.
///
/// Names may contain slashes and at-signs, so the *last* separator counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRef {
    pub model: ModelName,
    pub selector: Selector,
}

/// Selects a version of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    Number(VersionNumber),
    /// By alias, resolved on use. Approvals act on the resolved number, never on the alias.
    Alias(String),
}

impl FromStr for VersionRef {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        let rest = s.strip_prefix("models:/").unwrap_or(s);
        if let Some((name, number)) = rest.rsplit_once('/')
            && let Ok(number) = number.parse()
            && !name.is_empty()
        {
            return Ok(Self { model: ModelName::new(name), selector: Selector::Number(number) });
        }
        if let Some((name, alias)) = rest.rsplit_once('@')
            && !name.is_empty()
            && !alias.is_empty()
            && !alias.contains('/')
        {
            return Ok(Self { model: ModelName::new(name), selector: Selector::Alias(alias.to_owned()) });
        }
        Err(InvalidId(format!(
            "'{}' names no model version: write NAME/VERSION (telco-churn/42) or NAME@ALIAS (telco-churn@champion)",
            super::text::clean_line(s)
        )))
    }
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.selector {
            Selector::Number(n) => write!(f, "{}/{}", self.model, n.0),
            Selector::Alias(a) => write!(f, "{}@{}", self.model, super::text::clean_line(a)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn number(s: &str) -> (String, u64) {
        let r: VersionRef = s.parse().unwrap();
        match r.selector {
            Selector::Number(n) => (r.model.as_str().to_owned(), n.0),
            Selector::Alias(a) => panic!("{a}"),
        }
    }

    #[test]
    fn every_spelling_is_read() {
        assert_eq!(number("telco/42"), ("telco".into(), 42));
        assert_eq!(number("telco/v42"), ("telco".into(), 42));
        assert_eq!(number("models:/telco/42"), ("telco".into(), 42));
        assert_eq!(number("a/b/7"), ("a/b".into(), 7));
        let r: VersionRef = "models:/a@b@champion".parse().unwrap();
        assert_eq!((r.model.as_str(), r.selector), ("a@b", Selector::Alias("champion".into())));
    }

    #[test]
    fn what_names_no_version_is_refused_with_an_example() {
        for bad in ["telco", "", "/3", "telco/x", "@champion", "telco@"] {
            let error = bad.parse::<VersionRef>().unwrap_err();
            assert!(error.0.contains("NAME/VERSION"), "{bad}");
        }
    }
}
