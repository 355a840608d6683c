//! Which questions the lineage of a version or run consists of, as far as what is known already lets them be asked.
//!
//! Every part is asked on its own. What a question needs to be asked comes from the facts, from the configuration, or
//! from the answer to the question before it.

use crate::app::query::Query;
use crate::app::trace::{Trace, Traced};
use crate::domain::commit::Commit;
use crate::domain::evidence::source::{Claim, CodeOrigin, Trained, code_of, code_of_baseline, training_of};
use crate::domain::experiment::RunQuery;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::RunId;
use crate::domain::run::Run;
use crate::screens::parts::Ctx;

/// A part of the lineage, as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a, T> {
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
        questions.extend(self.children().map(Query::SearchRuns));
        let traces = [
            self.logged_model(),
            self.experiment(),
            self.commit_question(),
            self.workflow(),
            self.pull_request(),
            self.checks(),
            self.baseline_question(),
            self.changes(),
        ];
        questions.extend(traces.into_iter().flatten().map(Query::Trace));
        questions
    }

    fn run(&self) -> Option<&'a Run> {
        self.root.run()
    }

    /// The logged model that the version was made from.
    pub(super) fn logged_model(&self) -> Option<Trace> {
        // MLflow 3.x writes `models:/m-<32 hex digits>` as source (measured on 3.17 and 3.18).
        let id = self.root.facts()?.version.source.strip_prefix("models:/")?;
        (id.starts_with("m-") && !id.contains('/')).then(|| Trace::LoggedModel(id.to_owned()))
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
    pub(super) fn experiment(&self) -> Option<Trace> {
        self.run().map(|run| Trace::Experiment(run.experiment.clone()))
    }

    /// The commit, as it is recorded.
    pub(super) fn commit_question(&self) -> Option<Trace> {
        self.origin.as_ref().ok().map(commit)
    }

    /// The commit in production, as it is recorded.
    pub(super) fn baseline_question(&self) -> Option<Trace> {
        self.baseline.as_ref()?.as_ref().ok().map(commit)
    }

    /// The pull request of the commit, once that is resolved.
    pub(super) fn pull_request(&self) -> Option<Trace> {
        let (repo, commit) = (self.origin.as_ref().ok()?.repo.clone(), self.commit()?.sha.clone());
        Some(Trace::PullRequest { repo, commit })
    }

    /// The checks of the commit, once that is resolved.
    pub(super) fn checks(&self) -> Option<Trace> {
        let (repo, commit) = (self.origin.as_ref().ok()?.repo.clone(), self.commit()?.sha.clone());
        Some(Trace::Checks { repo, commit })
    }

    /// What changed since production, once both commits are resolved and unless they are the same.
    pub(super) fn changes(&self) -> Option<Trace> {
        let (old, new) = (self.baseline_commit()?.sha.clone(), self.commit()?.sha.clone());
        let repo = self.origin.as_ref().ok()?.repo.clone();
        (old != new).then_some(Trace::Changes { repo, old, new })
    }

    /// The workflow run that trained it.
    pub(super) fn workflow(&self) -> Option<Trace> {
        let claim = self.training.as_ref().ok()?.as_ref()?;
        Some(Trace::Workflow { repo: claim.repo.clone(), id: claim.id })
    }

    /// The commit, resolved.
    pub(super) fn commit(&self) -> Option<&'a Commit> {
        as_commit(self.traced(&self.commit_question()?).known?)
    }

    /// The commit in production, resolved.
    pub(super) fn baseline_commit(&self) -> Option<&'a Commit> {
        as_commit(self.traced(&self.baseline_question()?).known?)
    }

    /// How far a question is.
    pub(super) fn traced(&self, what: &Trace) -> Part<'a, Traced> {
        let cache = self.ctx.cache;
        Part { known: cache.traced(what), failure: cache.failure(&Query::Trace(what.clone())) }
    }
}

fn commit(origin: &CodeOrigin) -> Trace {
    Trace::Commit { repo: origin.repo.clone(), rev: origin.rev.clone() }
}

fn as_commit(traced: &Traced) -> Option<&Commit> {
    if let Traced::Commit(commit) = traced { Some(commit) } else { None }
}
