//! The pure core: models, versions, runs, releases and promotions.
//!
//! Defines the terms and the rules. Must not do I/O, read a clock or an environment variable, or use an HTTP, terminal
//! or runtime crate; `tests/architecture.rs` enforces that.

pub mod address;
pub mod artifact;
pub mod beside;
pub mod caution;
pub mod cd;
pub mod check;
pub mod commit;
pub mod compare;
pub mod confirmation;
pub mod decision;
pub mod drift;
pub mod evidence;
pub mod experiment;
pub mod facts;
pub mod failure;
pub mod fold;
pub mod history;
pub mod identity;
pub mod ids;
pub mod inbox;
pub mod limits;
pub mod lineage;
pub mod log;
pub mod logged;
pub mod markdown;
pub mod name;
pub mod nearest;
pub mod origin;
pub mod page;
pub mod pattern;
pub mod policy;
pub mod preflight;
pub mod preview;
pub mod promotion;
pub mod provenance;
pub mod record;
pub mod reference;
pub mod registry;
pub mod release;
pub mod road;
pub mod rules;
pub mod run;
pub mod score;
pub mod shell;
pub mod signer;
pub mod sorted_map;
pub mod status;
pub mod target;
pub mod text;
pub mod verification;
pub mod waiting;
pub mod witness;
