//! Audit: does a release carry the sign-off it should, and what was in production when? Read-only.

pub mod chain;
pub mod log;
pub mod record;
pub mod verify;
