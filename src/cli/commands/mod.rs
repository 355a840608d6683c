//! One file per command. `promote`, `drive` and `signature` are shared by several.

pub mod approve;
pub mod audit;
pub mod check;
pub mod compare;
pub mod config;
pub mod decide;
pub mod doctor;
pub mod drive;
pub mod inbox;
pub mod log;
pub mod models;
pub mod promote;
pub mod promotions;
pub mod provenance;
pub mod resume;
pub mod rollback;
pub mod runs;
pub mod screens;
pub mod shell;
pub mod show;
pub mod signature;
pub mod status;
pub mod undo;
pub mod verify;
pub mod versions;
