//! One module per kind of rule.

pub(super) mod code;
pub(super) mod facts;
pub(super) mod metric;
