//! Answers questions about where a version came from.

use crate::app::trace::{Trace, Traced};
use crate::domain::failure::Outcome;
use crate::services::{Services, evidence};

/// Answers one question.
///
/// # Errors
/// Whatever the port says.
pub async fn trace(services: &Services, what: &Trace) -> Outcome<Traced> {
    let (tracking, code) = (&services.tracking, &services.code);
    Ok(match what {
        Trace::LoggedModel(id) => Traced::LoggedModel(tracking.logged_model(id).await?),
        Trace::Experiment(id) => Traced::Experiment(tracking.experiment(id).await?),
        Trace::Commit { repo, rev } => Traced::Commit(evidence::commit(services.host.as_ref(), repo, rev).await?),
        Trace::PullRequest { repo, commit } => Traced::PullRequest(code.pull_request(repo, commit).await?),
        Trace::Checks { repo, commit } => Traced::Checks(code.checks(repo, commit).await?),
        Trace::Changes { repo, old, new } => Traced::Changes(code.changes(repo, old, new).await?),
        Trace::Workflow { repo, id } => Traced::Workflow(code.workflow_run(repo, *id).await?),
    })
}
