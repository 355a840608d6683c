//! Composes the screens: one state, one `update`, one `view`.
//!
//! `update` is the only thing that changes [`state::State`]; what the outside shall do is returned as data.

mod decided;
pub mod state;
pub mod update;
pub mod view;
