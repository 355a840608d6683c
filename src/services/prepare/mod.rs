//! What is read and checked before a human is asked.

pub mod basis;
pub mod preflight;
