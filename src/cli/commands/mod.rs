//! One file a command.

pub mod approve;
pub mod check;
pub mod config;
pub mod decide;
pub mod doctor;
pub mod inbox;
pub mod log;
pub mod models;
pub mod promotions;
pub mod rollback;
pub mod runs;
pub mod screens;
pub mod shell;
pub mod show;
pub mod show_code;
pub mod signatures;
pub mod verify;
