//! Types shared by all screens: input, actions, messages, effects, and the cache of remote data.
//!
//! Pure: independent of screens, terminal crates and the runtime. `update` consumes [`msg::Msg`] and returns
//! [`effect::Effect`]s as data, which the runtime executes.

pub mod action;
pub mod arrivals;
pub mod background;
pub mod batch_cache;
pub mod cache;
pub mod eager_pages;
pub mod edit;
pub mod effect;
pub mod evaluations;
pub mod find;
pub mod fuzzy;
pub mod input;
pub mod key_names;
pub mod keymap;
pub mod keys;
pub mod lazy_pages;
pub mod list;
pub mod msg;
pub mod own;
pub mod owner;
pub mod paint;
pub mod prefs;
pub mod query;
pub mod recent;
pub mod route;
pub mod saving;
pub mod text_area;
pub mod under;
