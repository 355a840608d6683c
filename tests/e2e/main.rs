//! The real program, in a pseudo-terminal and as a plain child process, with real MLflow servers and a GitHub double.
#![allow(clippy::unwrap_used, clippy::expect_used)]
// Needs pseudo-terminals and signals.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod approve;
mod bad_input;
mod command;
mod confirm;
mod crash;
mod databricks;
mod demo;
mod desk;
mod drift;
mod elsewhere;
mod hostile;
mod identity;
mod leave;
mod lineage;
mod network;
mod newcomer;
mod open_catalog;
mod own;
mod quorum;
mod race;
mod requests;
mod rollback;
mod scale;
mod site;
mod tabs;
mod verify;
mod watch;
