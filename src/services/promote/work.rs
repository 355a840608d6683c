//! What the steps work with: the ports and the promotion's progress.

use crate::domain::promotion::SagaState;
use crate::services::Services;

/// One promotion as a step sees it. Steps change servers, never the state: that changes only through the journal, by
/// the runner.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub services: &'a Services,
    pub state: &'a SagaState,
}
