//! Which questions the lineage of a version or run consists of, as far as what is known already lets them be asked.
//!
//! Every part is asked on its own. What a question needs to be asked comes from the facts, from the configuration, or
//! from the answer to the question before it.

use crate::app::query::Query;
use crate::domain::artifact::LoggedModel;
use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::{CommitSha, RepoSlug, RunId};
use crate::domain::lineage::{CheckResult, CodeChange, PullRequest};
use crate::domain::origin::{Claim, CodeOrigin, Trained, code_of, code_of_baseline, training_of};
use crate::domain::run::Run;
use crate::screens::parts::Ctx;

/// A part of the lineage, as it stands.
#[derive(Clone, Debug)]
pub(super) struct Part<'a, T> {
    pub query: Query,
    /// What was read.
    pub known: Option<&'a T>,
    /// Why the last try failed. What was read before stays.
    pub failure: Option<&'a Failure>,
}

/// What the tree begins with.
#[derive(Clone, Copy, Debug)]
pub enum Root<'a> {
    /// A version under review.
    Version(&'a ReviewedFacts),
    /// A run on its own.
    Run(&'a Run),
}

impl<'a> Root<'a> {
    /// The version under review, if it is one.
    pub(super) fn facts(self) -> Option<&'a ReviewedFacts> {
        match self {
            Self::Version(facts) => Some(facts),
            Self::Run(_) => None,
        }
    }

    /// The training run, if it was read.
    pub(super) fn run(self) -> Option<&'a Run> {
        match self {
            Self::Version(facts) => facts.run.known(),
            Self::Run(run) => Some(run),
        }
    }
}

/// The way from a version or run back to its code and data.
#[derive(Debug)]
pub(super) struct Trail<'a> {
    ctx: Ctx<'a>,
    root: Root<'a>,
    /// Where its code is, or why that is not known.
    pub origin: Outcome<CodeOrigin>,
    /// What trained it, as its run claims.
    pub training: Outcome<Option<Claim>>,
    /// Where the code of the version in production is; none if there is no other.
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

    /// Every question that can be asked by now.
    pub(super) fn questions(&self) -> Vec<Query> {
        let mut questions = self.ctx.cache.runs_to_ask(self.parent());
        questions.extend(self.children().map(|search| Query::SearchRuns { search }));
        let parts = [
            self.logged_model().map(|p| p.query),
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

    /// The logged model that the version was made from.
    pub(super) fn logged_model(&self) -> Option<Part<'a, LoggedModel>> {
        // MLflow 3.x writes `models:/m-<32 hex digits>` as source (measured on 3.17 and 3.18).
        let id = self.root.facts()?.version.source.strip_prefix("models:/")?;
        let id = Some(id).filter(|id| id.starts_with("m-") && !id.contains('/'))?.to_owned();
        Some(self.part(self.ctx.cache.logged_model(&id), Query::LoggedModel { id }))
    }

    /// The run that the training run is a part of.
    pub(super) fn parent(&self) -> Option<RunId> {
        self.run()?.parent()
    }

    /// The runs that are a part of the training run: the first page.
    pub(super) fn children(&self) -> Option<RunQuery> {
        self.run().map(RunQuery::children_of)
    }

    /// The experiment of the training run.
    pub(super) fn experiment(&self) -> Option<Part<'a, Experiment>> {
        let id = self.run()?.experiment.clone();
        Some(self.part(self.ctx.cache.experiment(&id), Query::Experiment { id }))
    }

    /// The commit, as it is recorded.
    pub(super) fn origin_commit(&self) -> Option<Part<'a, Commit>> {
        self.origin.as_ref().ok().map(|origin| self.commit_of(origin))
    }

    /// The commit in production, as it is recorded.
    pub(super) fn production_commit(&self) -> Option<Part<'a, Commit>> {
        self.baseline.as_ref()?.as_ref().ok().map(|origin| self.commit_of(origin))
    }

    fn commit_of(&self, origin: &CodeOrigin) -> Part<'a, Commit> {
        let (repo, rev) = (origin.repo.clone(), origin.rev.clone());
        self.part(self.ctx.cache.commit(&repo, &rev), Query::Commit { repo, rev })
    }

    /// The pull request of the commit, once that is resolved.
    pub(super) fn pull_request(&self) -> Option<Part<'a, Option<PullRequest>>> {
        let (repo, commit) = self.resolved()?;
        Some(self.part(self.ctx.cache.pull_request(&repo, &commit), Query::PullRequest { repo, commit }))
    }

    /// The checks of the commit, once that is resolved.
    pub(super) fn checks(&self) -> Option<Part<'a, Vec<CheckResult>>> {
        let (repo, commit) = self.resolved()?;
        Some(self.part(self.ctx.cache.checks(&repo, &commit), Query::Checks { repo, commit }))
    }

    /// What changed since production, once both commits are resolved and unless they are the same.
    pub(super) fn changes(&self) -> Option<Part<'a, CodeChange>> {
        let (repo, new) = self.resolved()?;
        let old = Some(&self.baseline_commit()?.sha).filter(|old| **old != new)?.clone();
        Some(self.part(self.ctx.cache.changes(&repo, &old, &new), Query::Changes { repo, old, new }))
    }

    /// The workflow run that trained it.
    pub(super) fn workflow(&self) -> Option<Part<'a, CdRun>> {
        let claim = self.training.as_ref().ok()?.as_ref()?;
        let (repo, run) = (claim.repo.clone(), claim.id);
        Some(self.part(self.ctx.cache.workflow(&repo, run), Query::Workflow { repo, run }))
    }

    /// The commit, resolved.
    pub(super) fn commit(&self) -> Option<&'a Commit> {
        self.origin_commit()?.known
    }

    /// The commit in production, resolved.
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
