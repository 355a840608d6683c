//! The promotion of one version: a plan, a journal of events, and a saga folded from them.
//!
//! A promotion touches two servers that share no transaction, so it is a saga: small steps, each repeatable or
//! reversible, ordered so that the irreversible one (the tag ref, which starts CD) comes after everything reversible.
//! The state is always `fold(events)`: a live run and a recovery after a crash run the same code.

pub mod event;
pub mod mark;
pub mod plan;
pub mod saga;
pub mod step;

// For the tests of this crate and of those above it.
pub mod samples;

pub use event::{Ending, Entry, Event, Finding, Progress, StoredPromotion, Until};
pub use plan::{PlanDraft, PromotionPlan};
pub use saga::{IllegalEvent, Next, Phase, SagaState, StepState, Unanswered, fold};
pub use step::{Observation, Receipt, Step};
