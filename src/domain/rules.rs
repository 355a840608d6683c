//! What the configuration decides about one target, as plain values.

use serde::{Deserialize, Serialize};

use super::compare::{Directions, matches};
use super::ids::{ModelName, RepoSlug};
use super::promotion::CdPlan;
use super::registry::PromotionTarget;
use super::run::Run;

/// Everything the core needs to know about a configured target. Holds no address and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Name of the target.
    pub target_name: String,
    /// A production target looks different on every screen.
    pub production: bool,
    /// The colour the user gave this target: a name, `#rrggbb`, or a number below 256.
    pub colour: Option<String>,
    /// The built-in world: no real server is involved.
    pub demo: bool,
    /// Nothing may be written, whatever the tokens allow.
    pub readonly: bool,
    /// What "in production" means.
    pub promote_to: PromotionTarget,
    /// The GitHub host releases are cut on, such as `github.com`.
    pub host: String,
    /// Which repository a model is released from.
    pub repository: RepositoryRule,
    /// If a run recorded no commit: the head of this branch may be released instead.
    pub commit_from_branch: Option<String>,
    /// Tag name, with `{model}` and `{version}`.
    pub tag_template: String,
    /// Release title, with `{model}` and `{version}`.
    pub title_template: String,
    /// Release notes (minijinja).
    pub notes_template: String,
    /// What starts CD.
    pub cd: CdPlan,
    /// Directions of metrics.
    pub directions: Directions,
    /// Name patterns of the metric that lists show, best first.
    pub main_metrics: Vec<String>,
    /// Path patterns of files whose changes a reviewer should know of, such as `src/train/**`.
    pub watched_paths: Vec<String>,
    /// Bytes of a file that are read to show its beginning.
    pub preview_bytes: usize,
}

impl Rules {
    /// The metric that stands for `run` in lists: the first that fits the configured patterns in their order.
    #[must_use]
    pub fn main_metric<'a>(&self, run: &'a Run) -> Option<&'a str> {
        self.main_metrics.iter().find_map(|p| run.metrics.keys().find(|k| matches(p, k))).map(String::as_str)
    }
}

/// Which repository a model is released from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryRule {
    /// The target's repository.
    pub fixed: Option<RepoSlug>,
    /// Model name patterns with repositories of their own; the first that fits wins over all else.
    pub per_model: Vec<(String, RepoSlug)>,
    /// Whether the run's own `mlflow.source.git.repoURL` may name it, if nothing above does.
    pub from_run: bool,
}

impl RepositoryRule {
    /// The repository of `model`; `host` is the configured GitHub host, which a run's URL has to name too.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn resolve(&self, model: &ModelName, run: Option<&Run>, host: &str) -> Result<RepoSlug, String> {
        if let Some((_, repo)) = self.per_model.iter().find(|(p, _)| matches(p, model.as_str())) {
            return Ok(repo.clone());
        }
        if let Some(repo) = &self.fixed {
            return Ok(repo.clone());
        }
        if !self.from_run {
            return Err("no repository is configured, and taking it from the run is not allowed".to_owned());
        }
        let Some(url) = run.and_then(Run::source_repo_url) else {
            return Err("no repository is configured, and the run does not name one".to_owned());
        };
        match RepoSlug::from_remote_url(url) {
            Some((url_host, repo)) if url_host.eq_ignore_ascii_case(host) => Ok(repo),
            Some((url_host, _)) => Err(format!("the run's repository is on {url_host}, but this target uses {host}")),
            None => Err("the run names a repository that is no GitHub address".to_owned()),
        }
    }
}
