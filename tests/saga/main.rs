//! The promotion, proved over doubles: whatever fails and wherever the process dies, there is at most one tag
//! and one release, the target is moved or restored, and the journal says which.
//!
//! - `exhaustive`: a death at every point, a fault at every call, one after the other;
//! - `random`: sequences of faults, deaths, undos and resumes nobody thought of;
//! - `events`: the pure fold under events in any order;
//! - `approvers`: two people at once, interleaved at every call;
//! - `reviews`, `tags`, `undo`, `cd`, `pauses`: one story each, by name;
//! - `moving`: a world that changes between any two calls of one act;
//! - `formats`: what earlier versions wrote;
//! - `disk`: the same on the real journal; `preflight`: what is checked before anybody is asked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod doubles;
mod lab;
mod properties;

mod approvers;
mod cd;
mod disk;
mod events;
mod exhaustive;
mod formats;
mod moving;
mod pauses;
mod preflight;
mod random;
mod reviews;
mod tags;
mod undo;
