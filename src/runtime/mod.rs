//! tokio and crossterm: the event loop, and the only place that spawns tasks.

pub mod answer;
pub mod executor;
pub mod export;
pub mod input;
mod own;
pub mod prefs;
pub mod run;
pub mod save;
pub mod signals;
pub mod terminal;
pub mod terminal_click;
pub mod terminal_pictures;
