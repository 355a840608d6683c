//! signoff: review MLflow model versions in the terminal, approve one, release it through GitHub.

pub mod adapters;
pub mod app;
pub mod audit;
pub mod cli;
pub mod config;
pub mod decision;
pub mod domain;
pub mod evidence;
pub mod failure;
pub mod lineage;
pub mod ports;
pub mod preview;
pub mod program;
pub mod promoter;
pub mod runtime;
pub mod screens;
pub mod services;
pub mod ui;
pub mod verdict;
