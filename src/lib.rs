//! signoff: review MLflow model versions in the terminal, approve one, release it through GitHub.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod local;
pub mod ports;
pub mod present;
pub mod preview;
pub mod program;
pub mod runtime;
pub mod screens;
pub mod services;
pub mod ui;
