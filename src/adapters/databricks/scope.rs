//! The part of Unity Catalog whose models are listed.

use crate::domain::ids::ModelName;

/// A catalog, or a schema in it. Names there are not case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub catalog: String,
    pub schema: Option<String>,
}

impl Scope {
    /// From `CATALOG` or `CATALOG.SCHEMA`.
    pub(super) fn new(text: &str) -> Self {
        match text.split_once('.') {
            Some((catalog, schema)) => Self { catalog: catalog.to_owned(), schema: Some(schema.to_owned()) },
            None => Self { catalog: text.to_owned(), schema: None },
        }
    }

    pub(super) fn has_catalog(&self, name: &str) -> bool {
        self.catalog.eq_ignore_ascii_case(name)
    }

    pub(super) fn has_schema(&self, name: &str) -> bool {
        self.schema.as_deref().is_none_or(|schema| schema.eq_ignore_ascii_case(name))
    }

    pub(super) fn holds(&self, model: &ModelName) -> bool {
        let mut levels = model.as_str().split('.');
        levels.next().is_some_and(|name| self.has_catalog(name))
            && levels.next().is_some_and(|name| self.has_schema(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_catalog_or_a_schema_in_it() {
        for (scope, name, wanted) in [
            ("prod", "prod.telco.churn", true),
            ("prod", "prod2.telco.churn", false),
            ("PROD.telco", "prod.Telco.churn", true),
            ("prod.telco", "prod.telco2.churn", false),
            ("prod.telco", "prod", false),
        ] {
            assert_eq!(Scope::new(scope).holds(&ModelName::new(name)), wanted, "{scope} {name}");
        }
    }
}
