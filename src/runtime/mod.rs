//! tokio and crossterm: the event loop, and the only place where tasks are spawned.

pub mod answer;
pub mod executor;
pub mod input;
pub mod run;
mod signals;
pub mod terminal;
