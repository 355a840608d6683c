//! What the steps work with: the ports, and how far the promotion is.

use crate::domain::promotion::SagaState;
use crate::services::Services;

/// One promotion as a step sees it. Steps change servers, never the state: that is the journal's, through the runner.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub services: &'a Services,
    pub state: &'a SagaState,
}
