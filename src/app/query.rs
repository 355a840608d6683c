//! Questions to the outside and their answers, as data.

use std::sync::Arc;

use super::trace::{Trace, Traced};
use crate::domain::artifact::{ArtifactEntry, ArtifactRoot, Signature};
use crate::domain::cd::CdJob;
use crate::domain::commit::HostIdentity;
use crate::domain::decision::Candidate;
use crate::domain::decision::DecisionDraft;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{ModelName, PromotionId, RepoSlug, RunId, VersionNumber};
use crate::domain::log::Log;
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preflight::Preflight;
use crate::domain::preview::Preview;
use crate::domain::promotion::SagaState;
use crate::domain::record::Decision;
use crate::domain::record::chain::ChainLine;
use crate::domain::registry::RegistryInfo;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::run::Run;

/// Ties an answer to its question. A late answer to an abandoned question is recognised by it and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A question. Equal questions are asked once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// Who am I on both servers?
    Session,
    /// One page of models.
    Models {
        /// Token of the page; none for the first.
        page: Option<String>,
    },
    /// One page of a model's versions.
    Versions {
        model: ModelName,
        /// Token of the page; none for the first.
        page: Option<String>,
    },
    /// One version by its number.
    ModelVersion { model: ModelName, version: VersionNumber },
    /// One page of experiments.
    Experiments {
        /// Token of the page; none for the first.
        page: Option<String>,
    },
    /// One page of the runs that match a filter.
    SearchRuns(RunQuery),
    /// Several runs at once.
    Runs { ids: Vec<RunId> },
    /// Everything a decision on this version rests on.
    Facts { model: ModelName, version: VersionNumber },
    /// All checks, and the plan.
    Preflight {
        model: ModelName,
        version: VersionNumber,
        /// Approve, or roll back.
        decision: Decision,
    },
    /// The verdict of the policy on a version.
    Evaluation { model: ModelName, version: VersionNumber },
    /// What a rejection or hold rests on.
    Decision {
        model: ModelName,
        version: VersionNumber,
        /// Reject, or hold.
        decision: Decision,
    },
    /// Which versions can be brought back.
    RollbackCandidates(ModelName),
    /// All sign-off records of this machine.
    Records,
    /// All promotions in this machine's journal.
    Promotions,
    /// What was decided on a model, or on all, wherever it is written.
    Log(Option<ModelName>),
    /// The history of one metric in several runs, sampled by the server where it is long.
    Histories {
        runs: Vec<RunId>,
        metric: String,
        /// Only between these steps.
        window: Option<(i64, i64)>,
    },
    /// The signature in a version's `MLmodel` file.
    Signature { model: ModelName, version: VersionNumber },
    /// What lies in a folder of a run or a logged model.
    Artifacts {
        /// Whose.
        root: ArtifactRoot,
        /// The folder; empty for the outermost.
        path: String,
    },
    /// The beginning of a file, ready to be shown.
    Preview {
        /// Whose.
        root: ArtifactRoot,
        path: String,
    },
    /// Where a version came from, in one part.
    Trace(Trace),
    /// The jobs of a CD run.
    Jobs {
        /// The repository.
        repo: RepoSlug,
        run: u64,
    },
}

/// Who we are on both servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub registry: Outcome<RegistryInfo>,
    /// The release host.
    pub host: Outcome<HostIdentity>,
}

/// One promotion from the journal directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    pub id: PromotionId,
    /// Its state, or why it cannot be read.
    pub state: Result<Box<SagaState>, Failure>,
    /// A process drives it right now.
    pub driven: bool,
}

/// The answer to the [`Query`] of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Session(Session),
    Models(Page<RegisteredModel>),
    Versions(Page<ModelVersion>),
    ModelVersion(Box<ModelVersion>),
    Experiments(Page<Experiment>),
    SearchRuns(Page<Run>),
    Runs(Vec<Run>),
    Facts(Box<ReviewedFacts>),
    Preflight(Box<Preflight>),
    Evaluation(Box<Evaluation>),
    Decision(Box<DecisionDraft>),
    RollbackCandidates(Vec<Candidate>),
    /// To [`Query::Records`]: oldest first.
    Records(Vec<ChainLine>),
    Promotions(Vec<Promotion>),
    /// To [`Query::Log`]; what could not be read is a note in it.
    Log(Box<Log>),
    Histories(Vec<History>),
    /// To [`Query::Signature`]; none if the file has none.
    Signature(Option<Signature>),
    Artifacts(Vec<ArtifactEntry>),
    Preview(Arc<Preview>),
    Traced(Box<Traced>),
    Jobs(Vec<CdJob>),
}
