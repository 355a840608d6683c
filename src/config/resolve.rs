//! Applies the layers of one target: defaults < file < environment < flags.

use std::path::Path;

use super::connections::{RegistryApi, TargetConnections};
use super::defaults::{self, MOST_BYTES};
use super::env::Env;
use super::model::{ConfigFile, DEMO_TARGET, ModelSection, POLICY_PLACES, ReleaseSection, TRIGGERS, TargetSection};
use super::origin::{Origin, Sourced};
use super::show::Shown;
use super::signing::Signing;
use crate::domain::cd::CdPlan;
use crate::domain::cd::CdTrigger;
use crate::domain::compare::Directions;
use crate::domain::elsewhere::NameThere;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::RepoSlug;
use crate::domain::policy::file::PolicyFile;
use crate::domain::registry::PromotionTarget;
use crate::domain::release::{self, DEFAULT_NOTES_TEMPLATE, NotesContext, NotesMetric};
use crate::domain::rules::{POLICY_FILE, PolicyFrom, PolicyRule, RepositoryRule, Rules};
use crate::domain::text::clean_line;
use crate::local;

/// The command-line flags, as plain values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--target`.
    pub target: Option<String>,
    /// `--target` again, for what watches several.
    pub more_targets: Vec<String>,
    /// `--tracking-uri`.
    pub tracking_uri: Option<String>,
    /// `--registry-uri`.
    pub registry_uri: Option<String>,
    /// `--repo`.
    pub repo: Option<String>,
    /// `--config`.
    pub config: Option<std::path::PathBuf>,
    /// `--readonly`.
    pub readonly: bool,
    /// `--demo`, or the command `demo`.
    pub demo: bool,
}

/// A target with all layers applied.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    /// Settings for the core.
    pub rules: Rules,
    /// The target that CD copies versions to, and how models are called there; none if versions stay.
    pub other: Option<Box<(Target, Option<NameThere>)>>,
    /// How to connect to its servers; none for the demo, which has no servers.
    pub connections: Option<TargetConnections>,
    /// The key to sign records with; none in the demo.
    pub signing: Signing,
    /// Warnings, one sentence each; for stderr and `doctor`.
    pub notices: Vec<String>,
    /// Every value with its origin, secrets hidden.
    pub values: Vec<Shown>,
}

/// Applies the layers and collects warnings and values to show.
pub(super) struct Resolver<'a> {
    pub env: &'a Env,
    pub flags: &'a Flags,
    pub file: &'a ConfigFile,
    pub name: &'a str,
    pub section: &'a TargetSection,
    pub notices: Vec<String>,
    pub values: Vec<Shown>,
}

/// A configuration failure about the target `name`.
pub(super) fn refuse(name: &str, reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, Service::Config, format!("use the target '{name}'"), reason)
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        env: &'a Env,
        flags: &'a Flags,
        file: &'a ConfigFile,
        name: &'a str,
        section: &'a TargetSection,
    ) -> Self {
        Self { env, flags, file, name, section, notices: Vec::new(), values: Vec::new() }
    }

    pub(super) fn target(mut self) -> Outcome<Target> {
        let production = self.flag_of("production", self.section.production.as_ref());
        let mlflow = self.mlflow()?;
        let github = self.github()?;
        if production {
            let told = self.env.on_the_way();
            self.notices.extend(told);
        }
        let rules = self.rules(production, &github.host, mlflow.registry_api)?;
        let running = self.section.running.iter().map(|witness| witness.settings(self.env)).collect();
        for witness in &self.section.running {
            self.values.extend(witness.shown(self.name));
        }
        Ok(Target {
            name: self.name.to_owned(),
            rules,
            other: None,
            connections: Some(TargetConnections { mlflow, github, running, neighbours: Vec::new() }),
            signing: self.file.signing.values(),
            notices: self.notices,
            values: self.values,
        })
    }

    /// Adds a value to `config show`.
    pub(super) fn show(&mut self, key: &str, value: impl Into<String>, origin: &Origin) {
        self.values.push(Shown::new(format!("targets.{}.{key}", self.name), value, origin));
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> Failure {
        refuse(self.name, reason)
    }

    /// Whether the environment may give `key` another value than `filed`, the one of the file, or one where the file
    /// has none.
    ///
    /// Normally it may; but a variable left over in a shell must not redirect an approval meant for production, or
    /// change whom it trusts, so there only the file and a flag count.
    pub(super) fn environment_overrides(
        &mut self,
        key: &str,
        filed: Option<&Sourced<String>>,
        variable: &str,
        value: &str,
    ) -> Outcome<()> {
        let name = self.name;
        // Such a target has nothing but the environment; what loosens security still needs a file.
        if self.section.made_of_environment
            && ["repository", "registry_uri", "github_host", "github_api_url"].contains(&key)
        {
            return Ok(());
        }
        let what = match filed {
            Some(filed) => format!("{variable} says {value}, but {key} is {} in {}", filed.value, filed.origin),
            None => format!("{variable} says {value}, but the configuration has no {key}"),
        };
        if self.section.production.as_ref().is_some_and(|p| p.value) {
            return Err(self
                .refuse(format!("'{name}' is a production target, and {what}"))
                .with_hint(format!("Unset {variable}, or write {key} into [targets.{name}] of the configuration.")));
        }
        if filed.is_some() {
            self.notices.push(format!("{what}; {variable} wins"));
        }
        Ok(())
    }

    fn flag_of(&mut self, key: &str, filed: Option<&Sourced<bool>>) -> bool {
        let value = filed.cloned().unwrap_or_else(|| Sourced::default_of(false));
        self.show(key, value.value.to_string(), &value.origin);
        value.value
    }

    fn rules(&mut self, production: bool, host: &str, registry: RegistryApi) -> Outcome<Rules> {
        let readonly = if self.flags.readonly {
            self.show("readonly", "true", &Origin::Flag("--readonly"));
            true
        } else {
            self.flag_of("readonly", self.section.readonly.as_ref())
        };
        let promote_to = self.promote_to(registry)?;
        self.show("promote_to", promotion_target_name(&promote_to.value), &promote_to.origin);
        let repository = self.repository()?;
        if promote_to.value.spares_registry() {
            self.show("registry_writes", promote_to.value.remark(), &Origin::Derived("promote_to"));
        }
        if promote_to.value.is_told_by_releases() && repository.configured().is_empty() {
            let reason = format!(
                "{} needs a repository: its releases say what is in production",
                match &promote_to.value {
                    PromotionTarget::Elsewhere(_) => "[promote]".to_owned(),
                    target => format!("promote_to = \"{}\"", promotion_target_name(target)),
                }
            );
            return Err(self.refuse(reason).with_hint(
                "Set `repository` for this target, or for models in [models], or GH_REPO, or pass --repo.",
            ));
        }
        let colour = self.section.colour.clone();
        self.optional("colour", colour.as_ref());
        let (own, shared) = (&self.section.release, &self.file.release);
        let tag = self.release("tag", pick(own, shared, |r| &r.tag), defaults::TAG.to_owned());
        let title = self.release("title", pick(own, shared, |r| &r.title), defaults::TITLE.to_owned());
        let notes_template = self.notes_template(pick(own, shared, |r| &r.notes_template))?;
        let cd = self.cd()?;
        let commit_from_branch = pick(own, shared, |r| &r.commit_from_branch).cloned();
        self.optional("release.commit_from_branch", commit_from_branch.as_ref());
        let metrics = &self.file.metrics;
        let list = |set: &Option<Sourced<Vec<String>>>| set.as_ref().map(|s| s.value.clone());
        Ok(Rules {
            target_name: self.name.to_owned(),
            production,
            colour: colour.map(|c| c.value),
            demo: false,
            readonly,
            service_principals: self.file.policy.as_ref().is_some_and(|p| p.value.service_principals == Some(true)),
            candidate_alias: self.candidate_alias(&promote_to.value, registry)?,
            promote_to_is_usual: promote_to.origin == Origin::Default,
            promote_to: promote_to.value,
            host: host.to_owned(),
            repository,
            commit_from_branch: commit_from_branch.map(|b| b.value),
            tag_template: tag,
            title_template: title,
            notes_template,
            cd,
            directions: Directions {
                higher: list(&metrics.higher_is_better).unwrap_or_default(),
                lower: list(&metrics.lower_is_better).unwrap_or_default(),
                ..Directions::default()
            },
            main_metrics: list(&metrics.main).unwrap_or_else(default_main_metrics),
            watched_paths: list(&self.file.review.watched_paths).unwrap_or_default(),
            policy: self.policy(),
            preview_bytes: bytes(self.file.review.preview_bytes.as_ref().map_or(defaults::PREVIEW_BYTES, |b| b.value)),
            drift: self.file.drift.values(),
        })
    }

    /// Where versions are promoted to. Unity Catalog has no stages, a workspace's own registry has no aliases.
    fn promote_to(&self, registry: RegistryApi) -> Outcome<Sourced<PromotionTarget>> {
        let usual = match registry {
            RegistryApi::Mlflow | RegistryApi::Workspace => defaults::promote_to(),
            RegistryApi::Catalog { .. } => defaults::promote_to_in_catalog(),
            RegistryApi::OpenCatalog => PromotionTarget::Release,
        };
        let asked = self.section.promote_to.clone();
        if let Some(to) = self.file.promote.of(self.name) {
            if let Some(asked) = asked {
                let reason =
                    format!("promote_to ({}) and [promote] ({}) contradict each other", asked.origin, to.origin);
                return Err(self.refuse(reason).with_hint("Keep one of them."));
            }
            if registry == RegistryApi::OpenCatalog {
                let reason = format!("[promote] ({}): open-source Unity Catalog takes no tags", to.origin);
                return Err(self.refuse(reason).with_hint("Write promote_to = \"release\" instead."));
            }
            return Ok(to.clone().map(PromotionTarget::Elsewhere));
        }
        let Some(asked) = asked else {
            return Ok(Sourced::default_of(usual));
        };
        let unfit = match (&asked.value, registry) {
            (PromotionTarget::Stage(_), RegistryApi::Catalog { .. }) => {
                Some(("Unity Catalog has no stages", "alias:champion"))
            }
            (PromotionTarget::Alias(_), RegistryApi::Workspace) => {
                Some(("a workspace's own registry has no aliases", "stage:Production"))
            }
            (PromotionTarget::DeploymentJob, RegistryApi::Mlflow | RegistryApi::Workspace) => {
                Some(("only models in Unity Catalog of Databricks have deployment jobs", "stage:Production"))
            }
            (
                PromotionTarget::Stage(_) | PromotionTarget::Alias(_) | PromotionTarget::DeploymentJob,
                RegistryApi::OpenCatalog,
            ) => Some(("open-source Unity Catalog has neither stages nor aliases nor tags", "release")),
            _ => None,
        };
        match unfit {
            None => Ok(asked),
            Some((why, instead)) => {
                let reason = format!("promote_to ({}): {why}", asked.origin);
                Err(self.refuse(reason).with_hint(format!("Write promote_to = \"{instead}\".")))
            }
        }
    }

    /// The alias that puts versions forward.
    fn candidate_alias(&mut self, promote_to: &PromotionTarget, registry: RegistryApi) -> Outcome<Option<String>> {
        let asked = self.section.candidate_alias.clone();
        self.optional("candidate_alias", asked.as_ref());
        let Some(Sourced { value: alias, origin }) = asked else { return Ok(None) };
        let refuse = |why: &str| Err(self.refuse(format!("candidate_alias ({origin}): {why}")));
        match (promote_to, registry) {
            (PromotionTarget::Alias(own), _) if *own == alias => refuse("it is the alias that promote_to names"),
            (PromotionTarget::Release, _) => refuse(
                "it is cleared after the release, and with promote_to = \"release\" the registry is not written to",
            ),
            (_, RegistryApi::Workspace) => refuse("a workspace's own registry has no aliases"),
            (
                PromotionTarget::Stage(_)
                | PromotionTarget::Alias(_)
                | PromotionTarget::DeploymentJob
                | PromotionTarget::Elsewhere(_),
                _,
            ) => Ok(Some(alias)),
        }
    }

    fn repository(&mut self) -> Outcome<RepositoryRule> {
        let from_run = pick(&self.section.release, &self.file.release, |r| &r.repository_from_run)
            .cloned()
            .unwrap_or_else(|| Sourced::default_of(false));
        self.show("release.repository_from_run", from_run.value.to_string(), &from_run.origin);
        let given = |text: &str, origin: Origin| -> Outcome<Sourced<RepoSlug>> {
            let slug = split_repo(text).1.parse::<RepoSlug>();
            slug.map(|s| Sourced::new(s, origin.clone())).map_err(|e| self.refuse(format!("{origin}: {e}")))
        };
        if let Some(flag) = &self.flags.repo {
            let repo = given(flag, Origin::Flag("--repo"))?;
            self.show("repository", repo.value.to_string(), &repo.origin);
            // The flag overrides every pattern in the file.
            return Ok(RepositoryRule { fixed: Some(repo.value), per_model: Vec::new(), from_run: from_run.value });
        }
        let filed = self.section.repository.clone();
        let fixed = match self.env.get("GH_REPO") {
            Some(text) => {
                let repo = given(text, Origin::Env("GH_REPO".to_owned()))?;
                if filed.as_ref().is_none_or(|f| f.value != repo.value) {
                    let (filed, shown) = (filed.map(|f| f.map(|r| r.to_string())), repo.value.to_string());
                    self.environment_overrides("repository", filed.as_ref(), "GH_REPO", &shown)?;
                }
                Some(repo)
            }
            None => filed,
        };
        self.optional("repository", fixed.clone().map(|r| r.map(|r| r.to_string())).as_ref());
        let of_model = |(p, m): &(String, ModelSection)| Some((p.clone(), m.repository.as_ref()?.value.clone()));
        let per_model = self.file.models.iter().filter_map(of_model).collect();
        Ok(RepositoryRule { fixed: fixed.map(|r| r.value), per_model, from_run: from_run.value })
    }

    /// The location of the policy, and its part in the configuration.
    fn policy(&mut self) -> PolicyRule {
        let (own, shared) = (&self.section.policy, &self.file.review.policy);
        let from = own.from.as_ref().or(shared.from.as_ref()).cloned();
        let from = from.unwrap_or_else(|| Sourced::default_of(PolicyFrom::default()));
        self.show("policy_from", policy_place_name(from.value), &from.origin);
        let path = own.file.as_ref().or(shared.file.as_ref()).cloned();
        let path = path.unwrap_or_else(|| Sourced::default_of(POLICY_FILE.to_owned()));
        self.show("policy_file", path.value.clone(), &path.origin);
        let models = &self.file.models;
        let configured = PolicyFile {
            general: self.file.policy.as_ref().map(|p| p.value.clone()),
            models: models.iter().filter_map(|(p, m)| Some((p.clone(), m.policy.as_ref()?.value.clone()))).collect(),
        };
        if from.value == PolicyFrom::Repository && configured != PolicyFile::default() {
            self.notices.push(format!(
                "policy_from = \"repository\" ({}): the policy in the configuration is ignored",
                from.origin
            ));
        }
        PolicyRule { from: from.value, file: path.value, configured }
    }

    fn cd(&mut self) -> Outcome<CdPlan> {
        let (own, shared) = (&self.section.release, &self.file.release);
        let trigger =
            pick(own, shared, |r| &r.cd_trigger).cloned().unwrap_or_else(|| Sourced::default_of(defaults::CD_TRIGGER));
        self.show("release.cd_trigger", trigger_name(trigger.value), &trigger.origin);
        let workflow = pick(own, shared, |r| &r.cd_workflow).cloned();
        self.optional("release.cd_workflow", workflow.as_ref());
        if trigger.value == CdTrigger::Dispatch && workflow.is_none() {
            let reason = format!("cd_trigger = \"dispatch\" ({}) needs a workflow to dispatch", trigger.origin);
            return Err(self.refuse(reason).with_hint("Set cd_workflow beside it, for example to \"cd.yml\"."));
        }
        let chain = pick(own, shared, |r| &r.cd_chain).cloned();
        self.optional("release.cd_chain", chain.clone().map(|c| Sourced::new(c.value.join(", "), c.origin)).as_ref());
        let wait = pick(own, shared, |r| &r.cd_wait_seconds)
            .cloned()
            .unwrap_or_else(|| Sourced::default_of(defaults::CD_WAIT_SECONDS));
        self.show("release.cd_wait_seconds", wait.value.to_string(), &wait.origin);
        Ok(CdPlan {
            trigger: trigger.value,
            workflow: workflow.map(|w| w.value),
            wait_s: wait.value,
            chain: chain.map(|c| c.value).unwrap_or_default(),
        })
    }

    fn notes_template(&mut self, path: Option<&Sourced<std::path::PathBuf>>) -> Outcome<String> {
        let Some(path) = path else {
            self.show("release.notes_template", "built in", &Origin::Default);
            return Ok(DEFAULT_NOTES_TEMPLATE.to_owned());
        };
        self.show("release.notes_template", path.value.display().to_string(), &path.origin);
        let refuse = |why: String| self.refuse(format!("notes_template ({}): {why}", path.origin));
        let text = read_text(&path.value).map_err(refuse)?;
        // Detect an invalid template now, not after the user typed a reason.
        release::notes(&text, &sample_context(), "", "sample")
            .map_err(|e| refuse(format!("{}: {e}", path.value.display())))?;
        Ok(text)
    }

    fn release(&mut self, key: &str, set: Option<&Sourced<String>>, default: String) -> String {
        let value = set.cloned().unwrap_or_else(|| Sourced::default_of(default));
        self.show(&format!("release.{key}"), value.value.clone(), &value.origin);
        value.value
    }

    /// Adds a value that may be unset to `config show`.
    pub(super) fn optional(&mut self, key: &str, value: Option<&Sourced<String>>) {
        match value {
            Some(v) => self.show(key, v.value.clone(), &v.origin),
            None => self.show(key, "", &Origin::Default),
        }
    }
}

/// Converts a number of bytes that was checked to fit into any `usize`.
fn bytes(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The demo as a target. It uses nothing from file, environment or flags except `--readonly`.
pub fn demo(flags: &Flags) -> Target {
    let patterns = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect();
    let origin = if flags.demo { Origin::Flag("--demo") } else { Origin::Default };
    Target {
        name: DEMO_TARGET.to_owned(),
        rules: Rules {
            target_name: DEMO_TARGET.to_owned(),
            production: false,
            colour: None,
            demo: true,
            readonly: flags.readonly,
            service_principals: false,
            promote_to: defaults::promote_to(),
            candidate_alias: None,
            promote_to_is_usual: true,
            host: crate::adapters::demo::HOST.to_owned(),
            repository: RepositoryRule {
                fixed: crate::adapters::demo::REPOSITORY.parse().ok(),
                per_model: Vec::new(),
                from_run: false,
            },
            commit_from_branch: None,
            tag_template: defaults::TAG.to_owned(),
            title_template: defaults::TITLE.to_owned(),
            notes_template: DEFAULT_NOTES_TEMPLATE.to_owned(),
            cd: CdPlan {
                trigger: CdTrigger::Release,
                workflow: Some("cd.yml".to_owned()),
                wait_s: defaults::CD_WAIT_SECONDS,
                chain: Vec::new(),
            },
            directions: Directions {
                higher: patterns(&["*auc", "*f1*", "*accuracy", "recall*", "precision*", "r2"]),
                lower: patterns(&["*loss", "rmse", "mae", "mape", "brier", "calibration_error", "latency*"]),
                ..Directions::default()
            },
            main_metrics: default_main_metrics(),
            watched_paths: patterns(&["src/train/**", "src/features/**"]),
            policy: PolicyRule { configured: crate::adapters::demo::policy(), ..PolicyRule::default() },
            preview_bytes: bytes(defaults::PREVIEW_BYTES),
            drift: Default::default(),
        },
        other: None,
        connections: None,
        signing: Signing::default(),
        notices: Vec::new(),
        values: vec![Shown::new("target", DEMO_TARGET, &origin)],
    }
}

/// A target of no server, read-only.
pub fn none(flags: &Flags) -> Target {
    let mut target = demo(flags);
    target.rules.target_name = "no target".to_owned();
    (target.rules.demo, target.rules.readonly) = (false, true);
    target
}

impl Target {
    /// Its servers on one line.
    pub fn servers(&self) -> String {
        let Some(TargetConnections { mlflow, github, .. }) = &self.connections else { return "built in".to_owned() };
        let registry = mlflow.registry.as_str().trim_end_matches('/');
        let kind = match mlflow.registry_api {
            RegistryApi::Mlflow => "",
            RegistryApi::Workspace => " (workspace registry)",
            RegistryApi::Catalog { .. } => " (Unity Catalog)",
            RegistryApi::OpenCatalog => " (open-source Unity Catalog)",
        };
        match &self.rules.repository.fixed {
            Some(repository) => format!("{registry}{kind}, {repository}"),
            None => format!("{registry}{kind}, {}", github.host),
        }
    }
}

fn default_main_metrics() -> Vec<String> {
    defaults::MAIN_METRICS.iter().map(|p| (*p).to_owned()).collect()
}

/// The target's own release setting, else the shared one.
fn pick<'s, T>(
    own: &'s ReleaseSection,
    shared: &'s ReleaseSection,
    field: impl Fn(&'s ReleaseSection) -> &'s Option<Sourced<T>>,
) -> Option<&'s Sourced<T>> {
    field(own).as_ref().or(field(shared).as_ref())
}

/// Splits `[HOST/]OWNER/NAME`, the syntax of `GH_REPO` in `gh`.
pub(super) fn split_repo(text: &str) -> (Option<&str>, &str) {
    match text.split_once('/') {
        Some((host, rest)) if rest.contains('/') => (Some(host), rest),
        _ => (None, text),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, String> {
    local::read_text(path, MOST_BYTES).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

/// `stage:Production`, as spelled in the file.
pub fn promotion_target_name(target: &PromotionTarget) -> String {
    match target {
        PromotionTarget::Stage(stage) => format!("stage:{stage}"),
        PromotionTarget::Alias(alias) => format!("alias:{alias}"),
        PromotionTarget::Release => "release".to_owned(),
        PromotionTarget::DeploymentJob => "deployment-job".to_owned(),
        PromotionTarget::Elsewhere(name) => format!("the target {}", clean_line(name)),
    }
}

/// `both`, as spelled in the file.
fn policy_place_name(from: PolicyFrom) -> &'static str {
    POLICY_PLACES.iter().find(|(_, p)| *p == from).map_or("configuration", |(name, _)| name)
}

fn trigger_name(trigger: CdTrigger) -> &'static str {
    TRIGGERS.iter().find(|(_, t)| *t == trigger).map_or("release", |(name, _)| name)
}

fn sample_context() -> NotesContext {
    NotesContext {
        model: "model".to_owned(),
        version: 2,
        target: "Production".to_owned(),
        baseline: Some(1),
        signer: "reviewer".to_owned(),
        reason: "sample".to_owned(),
        description: "sample".to_owned(),
        commit: "0".repeat(40),
        commit_title: "sample".to_owned(),
        run: "sample".to_owned(),
        facts: "sha256:sample".to_owned(),
        demo: false,
        metrics: vec![NotesMetric {
            name: "auc".to_owned(),
            old: "0.9".to_owned(),
            new: "0.91".to_owned(),
            delta: "+0.01".to_owned(),
            change: "better",
            note: String::new(),
        }],
    }
}
