//! Each kind of rule, judged on its own.

pub(super) mod code;
pub(super) mod facts;
pub(super) mod metric;
