//! Failures: what happened, and what to do next.

use super::{Mark, Phrase, Role, Symbols};
use crate::domain::failure::Failure;

/// `✗ could not …: why. What to do next.` Without a hint, `otherwise` is used.
pub fn line(failure: &Failure, otherwise: &str, symbols: &Symbols) -> Phrase<'static> {
    let hint = failure.hint.clone().unwrap_or_else(|| otherwise.to_owned());
    Mark::Block.say(format_args!("{failure}. "), symbols).add(Role::Muted, hint)
}
