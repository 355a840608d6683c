//! The vocabulary all screens share: input, actions, messages, effects, and the cache of remote data.
//!
//! Pure: knows no screen, no terminal crate and no runtime. `update` consumes [`msg::Msg`] and returns
//! [`effect::Effect`]s as data; somebody else carries them out.

pub mod action;
pub mod cache;
pub mod eager_pages;
pub mod edit;
pub mod effect;
pub mod fuzzy;
pub mod input;
pub mod keymap;
pub mod lazy_pages;
pub mod list;
pub mod msg;
pub mod owner;
pub mod paint;
pub mod prefs;
pub mod query;
pub mod recent;
pub mod route;
pub mod run_cache;
pub mod saving;
pub mod text_area;
