//! Combines the screens: one state, one `update`, one `view`.
//!
//! Only `update` changes [`state::State`]; side effects are returned as data.

pub mod ask;
mod decided;
pub mod places;
mod refresh;
mod saving;
pub mod state;
mod unfiltered;
pub mod update;
pub mod view;
mod views;
mod written;
mod zone;
