//! The configured rules of one target, as plain values.

use std::borrow::Cow;

use super::cd::CdPlan;
use super::compare::Directions;
use super::drift::Ignored;
use super::ids::{ModelName, RepoSlug};
use super::pattern::{is_literal, matches};
use super::policy::PolicySource;
use super::policy::file::PolicyFile;
use super::provenance::Provenance;
use super::registry::{ModelVersion, PromotionTarget};
use super::score::MetricsFrom;

/// What the core needs to know about a configured target. Holds no URLs and no secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub target_name: String,
    /// A production target is highlighted on every screen.
    pub production: bool,
    /// The user's colour for this target: a name, `#rrggbb`, or a number below 256.
    pub colour: Option<String>,
    /// Demo mode: no real server is involved.
    pub demo: bool,
    /// Forbids all writes, whatever the tokens permit.
    pub readonly: bool,
    /// Whether a service principal may sign: a program instead of a person.
    pub service_principals: bool,
    /// What "in production" means.
    pub promote_to: PromotionTarget,
    /// The alias that puts a version forward, such as `challenger`; taken off it once it is released.
    pub candidate_alias: Option<String>,
    /// Whether nothing says so, and it is the usual one of the registry.
    pub promote_to_is_usual: bool,
    /// The GitHub host for releases, such as `github.com`.
    pub host: String,
    pub repository: RepositoryRule,
    /// If a run recorded no commit, the head of this branch may be released instead.
    pub commit_from_branch: Option<String>,
    /// Tag name, with `{model}` and `{version}`.
    pub tag_template: String,
    /// Release title, with `{model}` and `{version}`.
    pub title_template: String,
    /// Release notes (minijinja).
    pub notes_template: String,
    pub cd: CdPlan,
    pub directions: Directions,
    /// Name patterns of the metric shown in lists, in order of preference.
    pub main_metrics: Vec<String>,
    /// Path patterns of files whose changes are pointed out to the reviewer, such as `src/train/**`.
    pub watched_paths: Vec<String>,
    /// What must hold before a version may be approved, and where that is defined.
    pub policy: PolicyRule,
    /// Bytes of a file to read for a preview.
    pub preview_bytes: usize,
    /// What is left out of the comparison with what was signed.
    pub drift: Ignored,
}

impl Rules {
    /// The candidate alias, if it is on `version`.
    pub fn put_forward(&self, version: &ModelVersion) -> Option<&str> {
        self.candidate_alias.as_deref().filter(|alias| version.aliases.iter().any(|there| there == alias))
    }

    /// The metric shown in lists: the first match of the configured patterns, in their order.
    pub fn main_metric<'a>(&'a self, said: Provenance<'a>) -> Option<&'a str> {
        // Called for every list row in every frame.
        let of_model = || said.logged.into_iter().flat_map(|l| &l.metrics).map(|m| m.name.as_str());
        let fits = |pattern: &'a String| match is_literal(pattern) {
            true => {
                let there = said.run.is_some_and(|r| r.metrics.contains(pattern)) || of_model().any(|m| m == pattern);
                there.then_some(pattern.as_str())
            }
            false => {
                let of_run = said.run.into_iter().flat_map(|r| r.metrics.names());
                of_model().chain(of_run).filter(|name| matches(pattern, name)).min()
            }
        };
        self.main_metrics.iter().find_map(fits)
    }

    /// Whether any policy may apply to `model`. A policy file in the repository is not known here.
    pub fn may_have_policy(&self, model: &ModelName) -> bool {
        self.policy.from != PolicyFrom::Configuration || self.policy.configured.for_model(model).is_some()
    }

    /// Whether the configuration has rules in force, for any model.
    pub fn configures_policy(&self) -> bool {
        self.policy.from != PolicyFrom::Repository && self.policy.configured != PolicyFile::default()
    }

    /// Whether the configuration has rules in force for `model`; cheaper than getting them.
    pub fn may_have_configured_policy(&self, model: &ModelName) -> bool {
        self.policy.from != PolicyFrom::Repository && self.policy.configured.names(model)
    }

    /// Metric directions for `model`, from `[metrics]` and the policy of the configuration. A policy file in the
    /// repository is not known here.
    pub fn directions_for(&self, model: &ModelName) -> Cow<'_, Directions> {
        if !self.may_have_configured_policy(model) {
            return Cow::Borrowed(&self.directions);
        }
        Cow::Owned(self.directions.and_of(&self.policy.configured.for_model(model)))
    }

    /// Whose metrics count for `model` in lists. A policy file in the repository is not known here.
    pub fn metrics_from(&self, model: &ModelName) -> MetricsFrom {
        match self.policy.from {
            PolicyFrom::Repository => MetricsFrom::default(),
            PolicyFrom::Configuration | PolicyFrom::Both => self.policy.configured.metrics_from(model),
        }
    }

    /// The configuration's rules for `model`, if in force and not empty.
    pub fn configured_policy(&self, model: &ModelName) -> Option<PolicySource> {
        if self.policy.from == PolicyFrom::Repository {
            return None;
        }
        self.policy.configured.for_model(model).map(|policy| PolicySource::new(CONFIGURATION, policy))
    }
}

/// Where a model's policy is defined. The default has no rules.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRule {
    /// Which of the two below applies.
    pub from: PolicyFrom,
    /// Path of the policy file in the model's repository, read at the reviewed commit.
    pub file: String,
    /// The configuration's policy.
    pub configured: PolicyFile,
}

/// Name of the configuration as a source of rules.
pub const CONFIGURATION: &str = "configuration";

/// Default path of the policy file.
pub const POLICY_FILE: &str = "signoff.toml";

impl Default for PolicyRule {
    fn default() -> Self {
        Self { from: PolicyFrom::default(), file: POLICY_FILE.to_owned(), configured: PolicyFile::default() }
    }
}

/// The source of the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyFrom {
    /// The configuration; a file in the repository is ignored.
    #[default]
    Configuration,
    /// A file in the model's repository at the reviewed commit; the configuration's policy is ignored.
    Repository,
    /// Both: the rules of either must hold, and neither can loosen the other.
    Both,
}

/// The repository a model is released from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryRule {
    /// The target's repository.
    pub fixed: Option<RepoSlug>,
    /// Model name patterns with their own repositories; the first match takes precedence over everything else.
    pub per_model: Vec<(String, RepoSlug)>,
    /// Whether the run's `mlflow.source.git.repoURL` may name it, if nothing above does.
    pub from_run: bool,
}

impl RepositoryRule {
    /// Every repository that the configuration names, each once.
    pub fn configured(&self) -> Vec<&RepoSlug> {
        let mut all: Vec<&RepoSlug> = Vec::new();
        for repo in self.fixed.iter().chain(self.per_model.iter().map(|(_, repo)| repo)) {
            if !all.contains(&repo) {
                all.push(repo);
            }
        }
        all
    }

    /// The repository of `model`, or of a run without a model. `url` is the remote that run or model recorded; `host` is
    /// the configured GitHub host, which it must be on.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn resolve(&self, model: Option<&ModelName>, url: Option<&str>, host: &str) -> Result<RepoSlug, String> {
        let own = |model: &ModelName| self.per_model.iter().find(|(p, _)| matches(p, model.as_str()));
        if let Some((_, repo)) = model.and_then(own) {
            return Ok(repo.clone());
        }
        if let Some(repo) = &self.fixed {
            return Ok(repo.clone());
        }
        if !self.from_run {
            return Err("no repository is configured, and taking it from the run is not allowed".to_owned());
        }
        let Some(url) = url else {
            return Err("no repository is configured, and the run does not name one".to_owned());
        };
        match RepoSlug::from_remote_url(url) {
            Some((url_host, repo)) if url_host.eq_ignore_ascii_case(host) => Ok(repo),
            Some((url_host, _)) => Err(format!("the run's repository is on {url_host}, but this target uses {host}")),
            None => Err("the run names a repository that is no GitHub address".to_owned()),
        }
    }
}
