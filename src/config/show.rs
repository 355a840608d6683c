//! Values as printed by `config show`, with their origins.

use super::origin::Origin;
use crate::domain::text::clean_line;

/// A value with its origin. Secrets are shown as `***` and never stored here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Dotted name, as in the file.
    pub key: String,
    /// The effective value; none if unset.
    pub value: Option<String>,
    pub origin: String,
}

impl Shown {
    /// An empty value counts as unset.
    pub fn new(key: impl Into<String>, value: impl Into<String>, origin: &Origin) -> Self {
        let value = clean_line(&value.into());
        Self { key: key.into(), value: (!value.is_empty()).then_some(value), origin: origin.to_string() }
    }
}
