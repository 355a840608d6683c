//! What MLflow says of a version: its logged model first, then its training run.
//!
//! The one place that decides whose metrics, params, tags, user and commit are a version's.

use std::collections::BTreeSet;

use super::facts::{LoggedFacts, ReviewedFacts, RunFacts, Standing};
use super::logged::LoggedModel;
use super::run::{Dataset, Run, is_commit_id};
use super::sorted_map::Tags;

const COMMIT: &str = "mlflow.source.git.commit";

/// The run and the logged model behind a version, as far as they were read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'a> {
    pub run: Option<&'a Run>,
    pub logged: Option<&'a LoggedModel>,
}

impl<'a> From<&'a ReviewedFacts> for Provenance<'a> {
    fn from(facts: &'a ReviewedFacts) -> Self {
        Self::of(&facts.run, facts.logged.as_ref())
    }
}

impl<'a> From<&'a Standing> for Provenance<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self::of(&standing.run, standing.logged.as_ref())
    }
}

impl<'a> From<&'a Run> for Provenance<'a> {
    fn from(run: &'a Run) -> Self {
        Self { run: Some(run), logged: None }
    }
}

impl<'a> Provenance<'a> {
    pub fn of(run: &'a RunFacts, logged: Option<&'a LoggedFacts>) -> Self {
        Self { run: run.known(), logged: logged.and_then(LoggedFacts::known) }
    }

    /// Whether anything was read.
    pub fn is_known(self) -> bool {
        self.run.is_some() || self.logged.is_some()
    }

    /// The value of a tag that is not empty: the model's own, or else the run's.
    pub fn tag(self, key: &str) -> Option<&'a str> {
        let of = |tags: &'a Tags| tags.text(key).filter(|text| !text.is_empty());
        self.logged.and_then(|l| of(&l.tags)).or_else(|| self.run.and_then(|r| of(&r.tags)))
    }

    /// All tags; where both have one, the model's.
    pub fn tags(self) -> Tags {
        over(self.run.map(|r| &r.tags), self.logged.map(|l| &l.tags))
    }

    /// All params; where both have one, the model's.
    pub fn params(self) -> Tags {
        over(self.run.map(|r| &r.params), self.logged.map(|l| &l.params))
    }

    /// Everyone who is named as the trainer, each once.
    pub fn users(self) -> Vec<&'a str> {
        let of_run = self.run.and_then(|r| r.user.as_deref());
        let of_model = self.logged.and_then(|l| l.tags.text("mlflow.user"));
        let mut users: Vec<&str> = Vec::new();
        for user in [of_run, of_model].into_iter().flatten().filter(|user| !user.is_empty()) {
            if !users.iter().any(|known| known.eq_ignore_ascii_case(user)) {
                users.push(user);
            }
        }
        users
    }

    /// The first of [`Self::users`].
    pub fn user(self) -> Option<&'a str> {
        self.users().first().copied()
    }

    /// The text that was recorded as the commit, which may be anything.
    pub fn commit_text(self) -> Option<&'a str> {
        self.tag(COMMIT)
    }

    /// The recorded commit, possibly abbreviated; never anything else, such as a branch, which moves.
    pub fn commit(self) -> Option<&'a str> {
        let of = |tags: &'a Tags| commit_in(tags);
        self.logged.and_then(|l| of(&l.tags)).or_else(|| self.run.and_then(|r| of(&r.tags)))
    }

    /// The recorded remote URL. May contain credentials: never show it unparsed.
    pub fn repo_url(self) -> Option<&'a str> {
        self.tag("mlflow.source.git.repoURL")
    }

    pub fn branch(self) -> Option<&'a str> {
        self.tag("mlflow.source.git.branch")
    }

    /// Whether the checkout had changes that were not committed; `None` if that was not recorded.
    pub fn is_dirty(self) -> Option<bool> {
        match self.tag("mlflow.source.git.dirty")? {
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The commits of model and run, if they name different ones.
    pub fn two_commits(self) -> Option<(&'a str, &'a str)> {
        let (model, run) = (commit_in(&self.logged?.tags)?, commit_in(&self.run?.tags)?);
        let same = model.len().min(run.len());
        (!model[..same].eq_ignore_ascii_case(&run[..same])).then_some((model, run))
    }

    /// The data sets: those the run read, or, without a run, those the model was measured on.
    pub fn datasets(self) -> Vec<Dataset> {
        if let Some(run) = self.run {
            return run.datasets.clone();
        }
        let measured: BTreeSet<_> =
            self.logged.into_iter().flat_map(|l| &l.metrics).filter_map(|m| m.data.as_ref()).collect();
        let set = |data: &super::logged::DataRef| Dataset {
            name: data.name.clone(),
            digest: data.digest.clone(),
            context: Some("measured on".to_owned()),
            rows: None,
        };
        measured.into_iter().map(set).collect()
    }
}

fn commit_in(tags: &Tags) -> Option<&str> {
    tags.text(COMMIT).filter(|text| is_commit_id(text))
}

fn over(below: Option<&Tags>, above: Option<&Tags>) -> Tags {
    match (below, above) {
        (Some(below), Some(above)) => below.iter().chain(above.iter()).map(|(k, v)| (k, v.clone())).collect(),
        (one, other) => one.or(other).cloned().unwrap_or_default(),
    }
}
