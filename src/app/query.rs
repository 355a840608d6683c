//! Questions to the outside and their answers, as data: one row of the table at the end of this file each.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::artifact::{ArtifactEntry, ArtifactRoot, LoggedModel, Signature};
use crate::domain::cd::{CdJob, CdRun};
use crate::domain::commit::{Commit, HostIdentity};
use crate::domain::decision::{Candidate, DecisionDraft};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::SharedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::history::History;
use crate::domain::ids::{CommitSha, ExperimentId, ModelName, PromotionId, RepoSlug, RunId, VersionNumber};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::log::Log;
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preflight::Preflight;
use crate::domain::preview::Preview;
use crate::domain::promotion::SagaState;
use crate::domain::record::Decision;
use crate::domain::record::chain::ChainLine;
use crate::domain::registry::{ModelVersion, RegisteredModel, RegistryInfo};
use crate::domain::run::Run;

/// Ties an answer to its question. A late answer to an abandoned question is recognised by it and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

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

/// Part of a question, given or lent.
pub trait Key<T> {
    fn key(self) -> T;
}

impl<T> Key<T> for T {
    fn key(self) -> T {
        self
    }
}

impl<T: Clone> Key<T> for &T {
    fn key(self) -> T {
        self.clone()
    }
}

impl Key<String> for &str {
    fn key(self) -> String {
        self.to_owned()
    }
}

macro_rules! queries {
    (
        kept { $($(#[doc = $kdoc:literal])* $kept:ident $({ $($kfield:ident: $ktype:ty),* })? => $kanswer:ty as $get:ident,)* }
        merged { $($(#[doc = $mdoc:literal])* $merged:ident { $($mfield:ident: $mtype:ty),* } => $manswer:ty as $put:ident,)* }
    ) => {
        /// A question. Equal questions are asked once.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Query {
            $($(#[doc = $kdoc])* $kept $({ $($kfield: $ktype),* })?,)*
            $($(#[doc = $mdoc])* $merged { $($mfield: $mtype),* },)*
        }

        /// A question with its answer. They are one variant, so that no answer can be given to another question.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "messages box it as a whole")]
        pub enum Reply {
            $($kept { $($($kfield: $ktype,)*)? answer: Outcome<$kanswer> },)*
            $($merged { $($mfield: $mtype,)* answer: Outcome<$manswer> },)*
        }

        /// The last answer to each question whose answer replaces the one before.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Known {
            $($get: HashMap<($($($ktype,)*)?), $kanswer>,)*
        }

        /// Says how answers that add to what is there are taken in.
        pub trait Merge {
            fn known(&mut self) -> &mut Known;
            $(fn $put(&mut self, $($mfield: $mtype,)* answer: Outcome<$manswer>, now: Timestamp);)*
        }

        impl Known {
            $(pub fn $get(&self, $($($kfield: impl Key<$ktype>),*)?) -> Option<&$kanswer> {
                self.$get.get(&($($($kfield.key(),)*)?))
            })*

            pub(super) fn forget(&mut self, query: &Query) {
                match query {
                    $(Query::$kept { $($($kfield),*)? } => drop(self.$get.remove(&($($($kfield.clone(),)*)?))),)*
                    $(Query::$merged { .. } => {})*
                }
            }
        }

        impl Reply {
            pub fn failed(query: Query, failure: Failure) -> Self {
                match query {
                    $(Query::$kept { $($($kfield),*)? } => Self::$kept { $($($kfield,)*)? answer: Err(failure) },)*
                    $(Query::$merged { $($mfield),* } => Self::$merged { $($mfield,)* answer: Err(failure) },)*
                }
            }

            pub fn query(&self) -> Query {
                match self {
                    $(Self::$kept { $($($kfield,)*)? .. } => Query::$kept { $($($kfield: $kfield.clone()),*)? },)*
                    $(Self::$merged { $($mfield,)* .. } => Query::$merged { $($mfield: $mfield.clone()),* },)*
                }
            }

            pub fn failure(&self) -> Option<&Failure> {
                match self {
                    $(Self::$kept { answer, .. } => answer.as_ref().err(),)*
                    $(Self::$merged { answer, .. } => answer.as_ref().err(),)*
                }
            }

            /// Puts the answer where it is kept. What was read before stays if there is none.
            pub fn store(self, into: &mut impl Merge, now: Timestamp) {
                match self {
                    $(Self::$kept { $($($kfield,)*)? answer } => if let Ok(answer) = answer {
                        into.known().$get.insert(($($($kfield,)*)?), answer);
                    })*
                    $(Self::$merged { $($mfield,)* answer } => into.$put($($mfield,)* answer, now),)*
                }
            }
        }
    };
}

// question { what it asks by } => answer as its name in the cache. `kept`: the name is that of the getter; `merged`: of
// the method of `Merge` by which the cache takes it in.
queries! {
    kept {
        /// Who am I on both servers?
        Session => Session as session,
        /// One version by its number.
        ModelVersion { model: ModelName, version: VersionNumber } => ModelVersion as version,
        /// Everything a decision on this version rests on.
        Facts { model: ModelName, version: VersionNumber } => SharedFacts as facts,
        /// All checks, and the plan, of an approval or a rollback.
        Preflight { model: ModelName, version: VersionNumber, decision: Decision } => Preflight as preflight,
        /// What a rejection or hold rests on.
        Decision { model: ModelName, version: VersionNumber, decision: Decision } => DecisionDraft as decision_draft,
        /// Which versions can be brought back, newest first.
        RollbackCandidates { model: ModelName } => Vec<Candidate> as rollback_candidates,
        /// All sign-off records of this machine, oldest first.
        Records => Vec<ChainLine> as record_chain,
        /// All promotions in this machine's journal, newest first.
        Promotions => Vec<Promotion> as promotions,
        /// What was decided on a model, or on all, wherever it is written. What could not be read is a note in it.
        Log { model: Option<ModelName> } => Log as log,
        /// The signature in a version's `MLmodel` file, if the file has one.
        Signature { model: ModelName, version: VersionNumber } => Option<Signature> as signature,
        /// What lies in a folder of a run or a logged model. The outermost folder has an empty path.
        Artifacts { root: ArtifactRoot, path: String } => Vec<ArtifactEntry> as artifacts,
        /// A logged model, by its id.
        LoggedModel { id: String } => LoggedModel as logged_model,
        Experiment { id: ExperimentId } => Experiment as experiment,
        /// A commit, by anything Git would resolve: an id, perhaps abbreviated, or a branch.
        Commit { repo: RepoSlug, rev: String } => Commit as commit,
        /// The pull request that brought a commit in; none if the commit was pushed directly.
        PullRequest { repo: RepoSlug, commit: CommitSha } => Option<PullRequest> as pull_request,
        /// Checks and statuses of a commit.
        Checks { repo: RepoSlug, commit: CommitSha } => Vec<CheckResult> as checks,
        /// What one commit has that another has not.
        Changes { repo: RepoSlug, old: CommitSha, new: CommitSha } => CodeChange as changes,
        /// A workflow run.
        Workflow { repo: RepoSlug, run: u64 } => CdRun as workflow,
        /// The jobs of a workflow run.
        Jobs { repo: RepoSlug, run: u64 } => Vec<CdJob> as jobs,
    }
    merged {
        /// One page of models; no token asks for the first.
        Models { page: Option<String> } => Page<RegisteredModel> as add_models,
        /// One page of a model's versions; no token asks for the first.
        Versions { model: ModelName, page: Option<String> } => Page<ModelVersion> as add_versions,
        /// One page of experiments; no token asks for the first.
        Experiments { page: Option<String> } => Page<Experiment> as add_experiments,
        /// One page of the runs that match a filter.
        SearchRuns { search: RunQuery } => Page<Run> as add_found_runs,
        /// Several runs at once.
        Runs { ids: Vec<RunId> } => Vec<Run> as add_runs,
        /// The history of one metric in several runs between two steps, sampled by the server where it is long.
        Histories { runs: Vec<RunId>, metric: String, window: Option<(i64, i64)> } => Vec<History> as add_histories,
        /// The verdict of the policy on the version of these facts.
        Evaluation { facts: SharedFacts } => Evaluation as put_evaluation,
        /// The beginning of a file, ready to be shown.
        Preview { root: ArtifactRoot, path: String } => Arc<Preview> as add_preview,
    }
}
