//! Queries to remote services and their answers, as data, defined by the table at the end of this file.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::under::Under;
use crate::domain::artifact::{ArtifactEntry, ArtifactRoot, Signature};
use crate::domain::cd::{CdJob, CdOutcome, CdRun, CdRuns};
use crate::domain::cd_act::PendingDeployment;
use crate::domain::command::{Placeholder, Values};
use crate::domain::commit::{Commit, HostIdentity};
use crate::domain::decision::Found as RollbackCandidates;
use crate::domain::event::EventId;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::SharedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::first_start::Answers;
use crate::domain::history::History;
use crate::domain::ids::{CommitSha, ExperimentId, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::job_log::JobLog;
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::log::Log;
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::preflight::Preflight;
use crate::domain::preview::Preview;
use crate::domain::promotion::{Observation, SagaState};
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{Decision, DecisionDraft, Sealed};
use crate::domain::registry::{FilesOf, ModelVersion, OpenRequests, RegisteredModel, RegistryInfo, VersionKey};
use crate::domain::road::Notified;
use crate::domain::run::Run;
use crate::domain::status::ModelStatus;
use crate::domain::target::WaitingCount;
use crate::domain::verification::Verification;

/// Matches an answer to its request. Late answers to abandoned requests are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// The identity of the user on both servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub registry: Outcome<RegistryInfo>,
    pub host: Outcome<HostIdentity>,
}

/// A promotion from the journal directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    pub id: PromotionId,
    /// Its state, or why it cannot be read.
    pub state: Result<Box<SagaState>, Failure>,
    /// Whether a process is running it.
    pub driven: bool,
}

/// A query parameter, owned or borrowed.
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
        paged { $($(#[doc = $pdoc:literal])* $paged:ident { $($pfield:ident: $ptype:ty),* } => $panswer:ty as $add:ident, $restart:ident,)* }
    ) => {
        /// A query. Equal queries are sent once.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Query {
            $($(#[doc = $kdoc])* $kept $({ $($kfield: $ktype),* })?,)*
            $($(#[doc = $mdoc])* $merged { $($mfield: $mtype),* },)*
            $($(#[doc = $pdoc])* $paged { $($pfield: $ptype),* },)*
        }

        /// A query with its answer, in one variant, so that an answer cannot be paired with another query.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "messages box it as a whole")]
        pub enum Reply {
            $($kept { $($($kfield: $ktype,)*)? answer: Outcome<$kanswer> },)*
            $($merged { $($mfield: $mtype,)* answer: Outcome<$manswer> },)*
            $($paged { $($pfield: $ptype,)* answer: Outcome<$panswer> },)*
        }

        /// The last answer to each query whose answer replaces the previous one.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Known {
            $($get: HashMap<($($($ktype,)*)?), $kanswer>,)*
        }

        /// How to add answers to existing data.
        pub trait Merge {
            fn known(&mut self) -> &mut Known;
            /// The next answer replaces the one to `query`.
            fn outdate(&mut self, query: &Query);
            $(fn $put(&mut self, $($mfield: $mtype,)* answer: Outcome<$manswer>, now: Timestamp);)*
            $(fn $add(&mut self, $($pfield: $ptype,)* answer: Outcome<$panswer>, now: Timestamp);
            /// The list is read again from its first page.
            fn $restart(&mut self, $($pfield: &$ptype),*);)*
        }

        impl Query {
            /// Has it asked again, and its answer kept until the new one arrives.
            pub fn refresh(&self, of: &mut impl Merge) {
                match self {
                    $(Self::$kept { .. } => of.outdate(self),)*
                    $(Self::$merged { .. } => of.outdate(self),)*
                    $(Self::$paged { $($pfield),* } => of.$restart($($pfield),*),)*
                }
            }
        }

        impl Known {
            $(pub fn $get(&self, $($($kfield: impl Key<$ktype>),*)?) -> Option<&$kanswer> {
                self.$get.get(&($($($kfield.key(),)*)?))
            })*

            pub(super) fn forget(&mut self, query: &Query) {
                match query {
                    $(Query::$kept { $($($kfield),*)? } => drop(self.$get.remove(&($($($kfield.clone(),)*)?))),)*
                    $(Query::$merged { .. } => {})*
                    $(Query::$paged { .. } => {})*
                }
            }
        }

        impl Reply {
            pub fn failed(query: Query, failure: Failure) -> Self {
                match query {
                    $(Query::$kept { $($($kfield),*)? } => Self::$kept { $($($kfield,)*)? answer: Err(failure) },)*
                    $(Query::$merged { $($mfield),* } => Self::$merged { $($mfield,)* answer: Err(failure) },)*
                    $(Query::$paged { $($pfield),* } => Self::$paged { $($pfield,)* answer: Err(failure) },)*
                }
            }

            pub fn query(&self) -> Query {
                match self {
                    $(Self::$kept { $($($kfield,)*)? .. } => Query::$kept { $($($kfield: $kfield.clone()),*)? },)*
                    $(Self::$merged { $($mfield,)* .. } => Query::$merged { $($mfield: $mfield.clone()),* },)*
                    $(Self::$paged { $($pfield,)* .. } => Query::$paged { $($pfield: $pfield.clone()),* },)*
                }
            }

            pub fn failure(&self) -> Option<&Failure> {
                match self {
                    $(Self::$kept { answer, .. } => answer.as_ref().err(),)*
                    $(Self::$merged { answer, .. } => answer.as_ref().err(),)*
                    $(Self::$paged { answer, .. } => answer.as_ref().err(),)*
                }
            }

            /// Stores the answer. On failure, previous data stays.
            pub fn store(self, into: &mut impl Merge, now: Timestamp) {
                match self {
                    $(Self::$kept { $($($kfield,)*)? answer } => if let Ok(answer) = answer {
                        into.known().$get.insert(($($($kfield,)*)?), answer);
                    })*
                    $(Self::$merged { $($mfield,)* answer } => into.$put($($mfield,)* answer, now),)*
                    $(Self::$paged { $($pfield,)* answer } => into.$add($($pfield,)* answer, now),)*
                }
            }
        }
    };
}

// query { parameters } => answer as name. For `kept`, the name is that of the getter; for `merged`, that of the method
// of `Merge` that adds the answer to the cache; for `paged`, also that of the method that starts the list again.
queries! {
    kept {
        /// The identity of the user on both servers.
        Session => Session as session,
        ModelVersion { model: ModelName, version: VersionNumber } => ModelVersion as version,
        /// The facts that a decision on this version is based on.
        Facts { model: ModelName, version: VersionNumber } => SharedFacts as facts,
        /// All checks, and the plan, of an approval or a rollback.
        Preflight { model: ModelName, version: VersionNumber, decision: Decision } => Preflight as preflight,
        /// What a rejection or hold rests on.
        Decision { model: ModelName, version: VersionNumber, decision: Decision } => DecisionDraft as decision_draft,
        /// Versions to roll back to, newest first, and what could not be read.
        RollbackCandidates { model: ModelName } => RollbackCandidates as rollback_candidates,
        /// All sign-off records of this machine, oldest first.
        Records => Vec<ChainLine> as record_chain,
        /// The record that a release carries, if it is the one that its tag names.
        ReleasedRecord { repo: RepoSlug, tag: TagName } => Sealed as released_record,
        /// Whether a release carries the sign-off that it should, read now.
        Verification { tag: TagName } => Verification as verification,
        /// All promotions in this machine's journal, newest first.
        Promotions => Vec<Promotion> as promotions,
        /// CD of a released promotion as it is now; none if that cannot differ from what the journal says.
        Cd { promotion: PromotionId } => Option<CdOutcome> as cd,
        /// What is in production of a model, measured against its sign-off and what runs; none if nothing is or was.
        InProduction { model: ModelName } => Option<Arc<ModelStatus>> as in_production,
        /// Decisions on one model or all, from all sources. Read failures are notes in the log.
        Log { model: Option<ModelName> } => Log as log,
        /// What a command of the user's own is given of what is under the cursor.
        Values { under: Under, wanted: Vec<Placeholder> } => Values as values,
        /// The signature in a version's `MLmodel` file, if it has one.
        Signature { version: FilesOf } => Option<Signature> as signature,
        /// The entries of a folder of a run or a logged model. The path of the root folder is empty.
        Artifacts { root: ArtifactRoot, path: String } => Vec<ArtifactEntry> as artifacts,
        LoggedModel { id: String } => LoggedModel as logged_model,
        Experiment { id: ExperimentId } => Experiment as experiment,
        /// A commit, by anything Git resolves: an id, possibly abbreviated, or a branch.
        Commit { repo: RepoSlug, rev: String } => Commit as commit,
        /// The pull request that introduced a commit; none if the commit was pushed directly.
        PullRequest { repo: RepoSlug, commit: CommitSha } => Option<PullRequest> as pull_request,
        /// Checks and statuses of a commit.
        Checks { repo: RepoSlug, commit: CommitSha } => Vec<CheckResult> as checks,
        /// What `new` has that `old` does not.
        Changes { repo: RepoSlug, old: CommitSha, new: CommitSha } => CodeChange as changes,
        /// What waits in another target, or in this one.
        WaitingIn { target: String } => WaitingCount as waiting_in,
        /// The runs that a release started; none if none is found.
        Deployment { repo: RepoSlug, tag: TagName } => Option<CdRuns> as deployment,
        Workflow { repo: RepoSlug, run: u64 } => CdRun as workflow,
        /// What the outbox of this machine knows of an event.
        Notified { event: EventId } => Option<Notified> as notified,
        /// The jobs of a workflow run.
        Jobs { repo: RepoSlug, run: u64 } => Vec<CdJob> as jobs,
        /// The log of a job that has ended.
        JobLog { repo: RepoSlug, job: u64 } => Arc<JobLog> as job_log,
        /// The environments whose approval a workflow run waits for.
        Pending { repo: RepoSlug, run: u64 } => Vec<PendingDeployment> as pending,
        /// What a server says of the answers at the first start.
        Attempt { answers: Answers } => String as attempt,
        /// What each server has of a promotion now.
        Truth { promotion: PromotionId } => Vec<Observation> as truth,
    }
    merged {
        /// Several runs at once.
        Runs { ids: Vec<RunId> } => Vec<Run> as add_runs,
        /// Several logged models at once.
        LoggedModels { ids: Vec<String> } => Vec<LoggedModel> as add_logged_models,
        /// The open requests to move these versions to a stage.
        Requests { of: Vec<VersionKey> } => Vec<OpenRequests> as add_requests,
        /// The history of one metric in several runs between two steps, sampled by the server if it is long.
        Histories { runs: Vec<RunId>, metric: String, window: Option<(i64, i64)> } => Vec<History> as add_histories,
        /// The verdict of the policy on the version of these facts.
        Evaluation { facts: SharedFacts } => Evaluation as put_evaluation,
        /// The beginning of a file, ready to be shown.
        Preview { root: ArtifactRoot, path: String } => Arc<Preview> as add_preview,
    }
    paged {
        /// One page of models; without a token, the first.
        Models { page: Option<String> } => Page<RegisteredModel> as add_models, restart_models,
        /// One page of a model's versions; without a token, the first.
        Versions { model: ModelName, page: Option<String> } => Page<ModelVersion> as add_versions, restart_versions,
        /// One page of experiments; without a token, the first.
        Experiments { page: Option<String> } => Page<Experiment> as add_experiments, restart_experiments,
        /// One page of the runs that match a filter.
        SearchRuns { search: RunQuery } => Page<Run> as add_found_runs, restart_found_runs,
    }
}
