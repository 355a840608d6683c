//! The core of signoff: data, rules, services, screens. The crate `signoff` beside it adds adapters, runtime and commands.

pub mod app;
pub mod domain;
pub mod ports;
pub mod present;
pub mod preview;
pub mod program;
pub mod screens;
pub mod services;
pub mod ui;
