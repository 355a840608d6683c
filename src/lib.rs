//! signoff: review MLflow model versions in the terminal, approve one, release it through GitHub.

// The core is a crate of its own (`core.rs`). Its rooms are named here as if they were this crate's.
pub use signoff_core::{app, domain, ports, present, preview, program, screens, services, ui};

pub mod adapters;
pub mod cli;
pub mod config;
pub mod local;
pub mod runtime;
