//! Values as `config show` prints them: what is in force, and why.

use super::origin::Origin;
use crate::domain::text::clean_line;

/// One value with its origin. Secrets never get here: they are shown as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name, dotted as in the file.
    pub key: String,
    /// The value in force; none if it is unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: String,
}

impl Shown {
    /// A value; an empty one is unset.
    pub fn new(key: impl Into<String>, value: impl Into<String>, origin: &Origin) -> Self {
        let value = clean_line(&value.into());
        Self { key: key.into(), value: (!value.is_empty()).then_some(value), origin: origin.to_string() }
    }
}
