//! What several test programs share. Each uses only a part of it.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used)]

pub mod fake_github;
pub mod journal;
pub mod plan;
