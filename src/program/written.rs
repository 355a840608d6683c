//! What a write of ours makes untrue of what was read before.

use crate::app::cache::Cache;
use crate::app::query::Query;
use crate::domain::ids::{ModelName, RepoSlug, TagName};

/// What was written about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub model: &'a ModelName,
    /// The release, where one was cut.
    pub release: Option<(&'a RepoSlug, &'a TagName)>,
}

/// Has everything asked again that may not be so any more, wherever it is shown.
pub(super) fn overtake(cache: &mut Cache, written: Written<'_>) {
    cache.overtake(|cache, query| touches(written, cache, query));
}

fn touches(written: Written<'_>, cache: &Cache, query: &Query) -> bool {
    let Written { model, release } = written;
    match query {
        Query::ModelVersion { model: of, .. }
        | Query::Facts { model: of, .. }
        | Query::RollbackCandidates { model: of }
        | Query::InProduction { model: of }
        | Query::Versions { model: of, page: None } => of == model,
        Query::Evaluation { facts } => facts.version.model == *model,
        Query::Log { model: of } => of.as_ref().is_none_or(|of| of == model),
        // One promotion of a model undoes what another one did.
        Query::Truth { promotion } => {
            cache.promotion(*promotion).is_some_and(|state| state.plan.draft.model() == model)
        }
        Query::ReleasedRecord { repo, tag } | Query::Deployment { repo, tag } => release == Some((repo, tag)),
        Query::Models { page: None }
        | Query::Promotions
        | Query::Records
        | Query::Verification { .. }
        | Query::WaitingIn { .. } => true,
        // Read again with the first page, or with each need of a row.
        Query::Models { page: Some(_) } | Query::Versions { page: Some(_), .. } | Query::Requests { .. } => false,
        // Read when their form opens. One that is open stays as it was read: what is signed is read again before it is
        // written.
        Query::Preflight { .. } | Query::Decision { .. } | Query::Values { .. } => false,
        // Read again with each entry of the journal, where the promotion is shown.
        Query::Cd { .. } | Query::Jobs { .. } | Query::Pending { .. } => false,
        // No decision changes them.
        Query::Session
        | Query::Signature { .. }
        | Query::Artifacts { .. }
        | Query::LoggedModel { .. }
        | Query::LoggedModels { .. }
        | Query::Experiment { .. }
        | Query::Experiments { .. }
        | Query::SearchRuns { .. }
        | Query::Runs { .. }
        | Query::Histories { .. }
        | Query::Preview { .. }
        | Query::Commit { .. }
        | Query::PullRequest { .. }
        | Query::Checks { .. }
        | Query::Changes { .. }
        | Query::Workflow { .. }
        | Query::JobLog { .. }
        | Query::Notified { .. }
        | Query::Attempt { .. } => false,
    }
}
