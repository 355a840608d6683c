//! Composes the screens: one state, one `update`, one `view`.
//!
//! `update` is the only thing that changes [`state::State`]; what the outside shall do is returned as data.

mod decided;
pub mod state;
pub mod update;
pub mod view;

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_browse;
#[cfg(test)]
mod tests_decide;
#[cfg(test)]
mod tests_diff;
#[cfg(test)]
mod tests_lineage;
#[cfg(test)]
mod tests_trend;
