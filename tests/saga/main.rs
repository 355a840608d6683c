//! Tests of the promotion over doubles: whatever fails and wherever the process dies, there is at most one tag and one
//! release, the target is moved or restored, and the journal says which.
//!
//! - `databricks`: both registries of a workspace, over HTTP, with a fault at every request;
//! - `exhaustive`: a death at every point, a fault at every call, one after the other;
//! - `random`: random sequences of faults, deaths, undos and resumes;
//! - `events`: the pure fold under events in any order;
//! - `approvers`: two people concurrently, interleaved at every call;
//! - `reviews`, `tags`, `undo`, `cd`, `pauses`: one scenario per test;
//! - `asked`: what a person asks of CD after the release;
//! - `moving`: a world that changes between any two calls of one act;
//! - `judged`: a decision that is voided between any two calls, and whoever resumes it;
//! - `late`: writes that take effect after the program gave them up or died;
//! - `copies`: two copies of one journal, one after the other and at once;
//! - `formats`: state written by earlier versions;
//! - `told`: a watch that is killed at every write;
//! - `candidate`: the alias that put a version forward, and is taken off it;
//! - `deployment`: approvals that a deployment job waits for;
//! - `elsewhere`: promotions from one workspace to another;
//! - `release`: promotions that write nothing to the registry, and what is in production then;
//! - `left`: tags left behind by a machine that was lost;
//! - `limits`: texts and files of any size;
//! - `disk`: the same with the real journal; `preflight`: the checks before confirmation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod doubles;
mod lab;
mod properties;

mod approvers;
mod asked;
mod candidate;
mod cd;
mod copies;
mod databricks;
mod deployment;
mod disk;
mod elsewhere;
mod events;
mod exhaustive;
mod formats;
mod identity;
mod judged;
mod late;
mod left;
mod limits;
mod moving;
mod pauses;
mod preflight;
mod random;
mod release;
mod reviews;
mod tags;
mod told;
mod undo;
