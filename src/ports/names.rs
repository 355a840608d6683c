//! Names that lists showed, kept for completion on the command line.

use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::registry::RegisteredModel;

/// Keeps names for a while. Never fails: without them, completion knows less.
pub trait SeenNames: Send + Sync {
    /// Some models, with the versions that their list carries.
    fn models(&self, seen: &[RegisteredModel]);
    /// The numbers on a page of a model's versions; `newest` if it is the first one.
    fn versions(&self, model: &ModelName, seen: &[VersionNumber], newest: bool);
}
