//! What the steps work with: the ports and the promotion's progress.

use std::sync::Mutex;

use crate::domain::promotion::SagaState;
use crate::services::Services;

/// One promotion as a step sees it. Steps change servers, never the state: that changes only through the journal, by
/// the runner.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub services: &'a Services,
    pub state: &'a SagaState,
    /// This process has not judged the plan yet, or not lately.
    pub anew: bool,
    /// This process read what the plan rests on a moment ago.
    pub just_read: bool,
    /// The default branch of the repository, if that was read lately.
    pub default_branch: Option<&'a str>,
    /// What changed since the plan was signed and does not stop it.
    pub changed: &'a Mutex<Vec<String>>,
}

impl Work<'_> {
    pub(super) fn note(&self, changed: Vec<String>) {
        // A poisoned lock loses notes only.
        if let Ok(mut notes) = self.changed.lock() {
            notes.extend(changed);
        }
    }
}
