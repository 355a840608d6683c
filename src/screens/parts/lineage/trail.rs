//! The queries that make up the lineage of a version or run, as far as they can be made already.
//!
//! Every part is queried separately. The inputs of a query come from the facts, the configuration, or the answer to the
//! previous query.

use crate::app::query::Query;
use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::{CommitSha, ExperimentId, RepoSlug, RunId};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::logged::{LoggedModel, logged_model_of};
use crate::domain::origin::{Claim, CodeOrigin, Trained, code_of, code_of_baseline, training_of};
use crate::domain::provenance::Provenance;
use crate::domain::road;
use crate::domain::run::Run;
use crate::screens::parts::Ctx;

/// The current state of one part of the lineage.
#[derive(Clone, Debug)]
pub(super) struct Part<'a, T> {
    pub query: Query,
    pub known: Option<&'a T>,
    /// Why the last attempt failed. An earlier value is kept.
    pub failure: Option<&'a Failure>,
}

impl<'a, T> Part<'a, T> {
    /// As the road takes it. A value that could not be read again stays.
    pub(super) fn read<S>(&self, known: impl FnOnce(&'a T) -> S) -> road::Part<'a, S> {
        match (self.known, self.failure) {
            (Some(value), _) => road::Part::Known(known(value)),
            (None, Some(failure)) => road::Part::Unread(failure),
            (None, None) => road::Part::Underway,
        }
    }
}

/// The root of the tree.
#[derive(Clone, Copy, Debug)]
pub enum Root<'a> {
    /// A version under review.
    Version(&'a ReviewedFacts),
    /// A single run.
    Run(&'a Run),
}

impl<'a> Root<'a> {
    /// The version under review, if the root is one.
    pub(super) fn facts(self) -> Option<&'a ReviewedFacts> {
        match self {
            Self::Version(facts) => Some(facts),
            Self::Run(_) => None,
        }
    }

    /// What MLflow says of it.
    pub(super) fn said(self) -> Provenance<'a> {
        match self {
            Self::Version(facts) => facts.into(),
            Self::Run(run) => run.into(),
        }
    }

    /// The experiment of the training run, or of a model logged outside a run.
    pub(super) fn experiment(self) -> Option<&'a ExperimentId> {
        let said = self.said();
        said.run.map(|run| &run.experiment).or_else(|| said.logged?.experiment.as_ref())
    }

    /// The training run, if it was read.
    pub(super) fn run(self) -> Option<&'a Run> {
        match self {
            Self::Version(facts) => facts.run.known(),
            Self::Run(run) => Some(run),
        }
    }
}

/// The path from a version or run back to its code and data.
#[derive(Debug)]
pub(super) struct Trail<'a> {
    ctx: Ctx<'a>,
    root: Root<'a>,
    /// Where its code is, or why that is unknown.
    pub origin: Outcome<CodeOrigin>,
    /// The training workflow, as the run claims.
    pub training: Outcome<Option<Claim>>,
    /// Where the code of the production version is; none if there is no other version.
    pub baseline: Option<Outcome<CodeOrigin>>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(root: Root<'a>, ctx: &Ctx<'a>) -> Self {
        let (rules, host) = (ctx.rules, &ctx.rules.host);
        let trained = match root {
            Root::Version(facts) => Trained::from(facts),
            Root::Run(run) => Trained::from(run),
        };
        let origin = code_of(rules, trained, host);
        let of_baseline = |origin: &CodeOrigin| {
            let baseline = root.facts()?.baseline.as_ref()?;
            Some(code_of_baseline(rules, baseline, &origin.repo, host))
        };
        let baseline = origin.as_ref().ok().and_then(of_baseline);
        Self { ctx: *ctx, root, baseline, training: training_of(rules, trained, host), origin }
    }

    /// Every query that can be made so far.
    pub(super) fn questions(&self) -> Vec<Query> {
        let mut questions = self.ctx.cache.runs_to_ask(self.parent());
        questions.extend(self.children().map(|search| Query::SearchRuns { search }));
        let parts = [
            self.logged_model().filter(|_| self.read_with_the_facts().is_none()).map(|part| part.query),
            self.experiment().map(|p| p.query),
            self.origin_commit().map(|p| p.query),
            self.workflow().map(|p| p.query),
            self.pull_request().map(|p| p.query),
            self.checks().map(|p| p.query),
            self.production_commit().map(|p| p.query),
            self.changes().map(|p| p.query),
        ];
        questions.extend(parts.into_iter().flatten());
        questions
    }

    fn run(&self) -> Option<&'a Run> {
        self.root.run()
    }

    /// The logged model the version was created from.
    pub(super) fn logged_model(&self) -> Option<Part<'a, LoggedModel>> {
        let facts = self.root.facts()?;
        let id = logged_model_of(&facts.version)?;
        let part = self.part(self.ctx.cache.logged_model(&id), Query::LoggedModel { id });
        Some(Part { known: self.read_with_the_facts().or(part.known), ..part })
    }

    /// The facts have the logged model already, unless it says nothing that counts.
    fn read_with_the_facts(&self) -> Option<&'a LoggedModel> {
        self.root.facts()?.logged.as_ref()?.known()
    }

    /// The parent of the training run.
    pub(super) fn parent(&self) -> Option<RunId> {
        self.run()?.parent()
    }

    /// The children of the training run: the first page.
    pub(super) fn children(&self) -> Option<RunQuery> {
        self.run().map(RunQuery::children_of)
    }

    /// The experiment of the training run, or of a model logged outside a run.
    pub(super) fn experiment(&self) -> Option<Part<'a, Experiment>> {
        let id = self.root.experiment()?.clone();
        Some(self.part(self.ctx.cache.experiment(&id), Query::Experiment { id }))
    }

    /// The commit as recorded.
    pub(super) fn origin_commit(&self) -> Option<Part<'a, Commit>> {
        self.origin.as_ref().ok().map(|origin| self.commit_of(origin))
    }

    /// The production commit as recorded.
    pub(super) fn production_commit(&self) -> Option<Part<'a, Commit>> {
        self.baseline.as_ref()?.as_ref().ok().map(|origin| self.commit_of(origin))
    }

    fn commit_of(&self, origin: &CodeOrigin) -> Part<'a, Commit> {
        let (repo, rev) = (origin.repo.clone(), origin.rev.clone());
        self.part(self.ctx.cache.commit(&repo, &rev), Query::Commit { repo, rev })
    }

    /// The pull request of the commit, once the commit is resolved.
    pub(super) fn pull_request(&self) -> Option<Part<'a, Option<PullRequest>>> {
        let (repo, commit) = self.resolved()?;
        Some(self.part(self.ctx.cache.pull_request(&repo, &commit), Query::PullRequest { repo, commit }))
    }

    /// The checks of the commit, once the commit is resolved.
    pub(super) fn checks(&self) -> Option<Part<'a, Vec<CheckResult>>> {
        let (repo, commit) = self.resolved()?;
        Some(self.part(self.ctx.cache.checks(&repo, &commit), Query::Checks { repo, commit }))
    }

    /// The changes since production, once both commits are resolved and unless they are the same.
    pub(super) fn changes(&self) -> Option<Part<'a, CodeChange>> {
        let (repo, new) = self.resolved()?;
        let old = Some(&self.baseline_commit()?.sha).filter(|old| **old != new)?.clone();
        Some(self.part(self.ctx.cache.changes(&repo, &old, &new), Query::Changes { repo, old, new }))
    }

    /// The training workflow run.
    pub(super) fn workflow(&self) -> Option<Part<'a, CdRun>> {
        let claim = self.training.as_ref().ok()?.as_ref()?;
        let (repo, run) = (claim.repo.clone(), claim.id);
        Some(self.part(self.ctx.cache.workflow(&repo, run), Query::Workflow { repo, run }))
    }

    /// The commit, resolved.
    pub(super) fn commit(&self) -> Option<&'a Commit> {
        self.origin_commit()?.known
    }

    /// The production commit, resolved.
    pub(super) fn baseline_commit(&self) -> Option<&'a Commit> {
        self.production_commit()?.known
    }

    fn resolved(&self) -> Option<(RepoSlug, CommitSha)> {
        Some((self.origin.as_ref().ok()?.repo.clone(), self.commit()?.sha.clone()))
    }

    fn part<T>(&self, known: Option<&'a T>, query: Query) -> Part<'a, T> {
        Part { known, failure: self.ctx.cache.failure(&query), query }
    }
}
