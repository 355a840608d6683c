//! Decisions on model versions: what they rest on, and carrying out those that promote nothing by themselves.
//!
//! A decision is a record first: it is in the chain on this machine before any server hears of it. Approvals that promote
//! are carried out by [`crate::promoter`]; [`Decider`] writes rejections, holds, and approvals that others have to add to.

mod approvals;
mod artifact;
pub mod basis;
mod decide;
pub mod keep;
pub mod rollback;

pub use approvals::{Standing, may_sign, standing};
pub use decide::{Decided, Decider, DecisionDraft};
