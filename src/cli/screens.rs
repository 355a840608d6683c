//! `signoff`, `signoff open` and `signoff demo`: the way into the terminal screens.

use super::exit::Exit;
use crate::config::{Target, UiSettings};
use crate::domain::registry::ModelVersion;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::services::Services;

/// What the screens start with.
#[allow(missing_debug_implementations)]
pub struct Start<'a> {
    /// The ports.
    pub services: Services,
    /// The target, for its colour and notices.
    pub target: &'a Target,
    /// How the screens look.
    pub ui: &'a UiSettings,
    /// The version to open; the inbox if none.
    pub open: Option<ModelVersion>,
}

/// Runs the screens until the user leaves.
///
/// # Errors
/// If there is no terminal.
#[allow(clippy::unused_async, reason = "the screens are")]
pub async fn run(_start: Start<'_>) -> Outcome<Exit> {
    Err(Failure::new(FailureKind::Bug, Service::Local, "open the screens", "they are not connected yet"))
}
