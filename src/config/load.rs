//! Reads all layers once and resolves targets from them.

use std::path::Path;

use secrecy::SecretString;

use super::connections::{MlflowConnection, TrackingApi};
use super::databricks;
use super::defaults::{self, MOST_BYTES};
use super::env::Env;
use super::images::Images;
use super::model::{self, ConfigFile, DEMO_TARGET, SymbolSet, TargetSection, Theme};
use super::notify::Channel;
use super::origin::{Origin, Sourced};
use super::paths::Paths;
use super::reader::Problem;
use super::resolve::{self, Flags, Resolver, Target};
use super::show::Shown;
use super::themes::{self, OwnTheme};
use super::watch::WatchSettings;
use crate::app::keymap::Keymap;
use crate::app::prefs::ShownTime;
use crate::domain::command::OwnCommand;
use crate::domain::elsewhere::NameThere;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::nearest::did_you_mean;
use crate::domain::text::clean_line;
use crate::local;
use crate::ui::skin::is_light;

/// Environment variables specific to this program.
const OWN_VARIABLES: &[&str] = &["SIGNOFF_CONFIG", "SIGNOFF_TARGET", "SIGNOFF_STATE_DIR", "SIGNOFF_LOG"];

/// Display settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiSettings {
    pub theme: Sourced<Theme>,
    pub symbols: Sourced<SymbolSet>,
    pub images: Sourced<Images>,
    /// Seconds between two refreshes of a screen; 0 for none.
    pub refresh: Sourced<u64>,
    /// Whether the screens open where the last session ended.
    pub restore: Sourced<bool>,
    /// The zone in which screens show times.
    pub time: Sourced<ShownTime>,
    /// What the terminal supports according to the environment, used for images `auto`. Never `auto` itself.
    pub terminal_images: Images,
    /// Whether this runs inside tmux, where terminal sequences must be wrapped.
    pub in_tmux: bool,
    /// Whether the terminal's background is light according to `COLORFGBG`, for themes that depend on it.
    pub light: Option<bool>,
    /// Whether the terminal may be asked for its background.
    pub can_be_asked: bool,
    /// The user's own themes, by name.
    pub own_themes: Vec<OwnTheme>,
    /// Whether the mouse is used.
    pub mouse: Sourced<bool>,
    /// Whether the locale uses Unicode, for the symbols `auto`.
    pub unicode_locale: bool,
}

/// All layers, read once. Targets are resolved on demand.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub paths: Paths,
    pub ui: UiSettings,
    pub file_exists: bool,
    /// Warnings that apply to every target, one sentence each.
    pub notices: Vec<String>,
    env: Env,
    flags: Flags,
    file: ConfigFile,
}

/// Reads the configuration file if it exists, the environment and the flags.
///
/// # Errors
/// [`FailureKind::Config`] with every mistake in the file, by line. A file named by flag or variable must exist.
pub fn load(env: Env, flags: Flags) -> Outcome<Loaded> {
    let paths = Paths::find(&env, flags.config.as_deref())?;
    let text = read(&paths)?;
    from_text(paths, text.as_deref(), env, flags)
}

fn from_text(paths: Paths, text: Option<&str>, env: Env, flags: Flags) -> Outcome<Loaded> {
    let file_exists = text.is_some();
    let path = &paths.config.value;
    let parsed = model::parse(path, text.unwrap_or_default(), env.home.as_deref());
    if !parsed.problems.is_empty() {
        return Err(mistakes(path, &parsed.problems));
    }
    let mut file = parsed.file;
    if file.targets.is_empty() && flags.tracking_uri.is_none() {
        file.targets = databricks::targets(&env).into_iter().map(|(name, t)| (name.to_owned(), t)).collect();
    }
    let theme = match env.get("NO_COLOR") {
        Some(_) => Sourced::new(Theme::None, Origin::Env("NO_COLOR".to_owned())),
        None => file.ui.theme.clone().unwrap_or_else(|| Sourced::default_of(Theme::default())),
    };
    let symbols = file.ui.symbols.clone().unwrap_or_else(|| Sourced::default_of(SymbolSet::default()));
    let ui = UiSettings {
        theme: theme.clone(),
        symbols,
        images: file.ui.images.clone().unwrap_or_else(|| Sourced::default_of(Images::default())),
        refresh: file.ui.refresh.clone().unwrap_or_else(|| Sourced::default_of(defaults::REFRESH_SECONDS)),
        restore: file.ui.restore.clone().unwrap_or_else(|| Sourced::default_of(false)),
        terminal_images: super::images::of_terminal(&env),
        in_tmux: env.get("TMUX").is_some(),
        light: is_light(env.get("COLORFGBG")),
        can_be_asked: env.get("TERM").is_some_and(|term| term != "dumb" && term != "linux"),
        time: file.ui.time.clone().unwrap_or_else(|| Sourced::default_of(ShownTime::default())),
        mouse: file.ui.mouse.clone().unwrap_or_else(|| Sourced::default_of(!env.is_over_ssh())),
        own_themes: themes::own(&paths.config.value, &theme)?,
        unicode_locale: has_unicode_locale(&env),
    };
    let notices = env
        .names("SIGNOFF_")
        .filter(|name| !OWN_VARIABLES.contains(name))
        .map(|name| {
            let hint = did_you_mean(name, OWN_VARIABLES.iter().copied());
            format!("the environment variable {name} is not used{hint}")
        })
        .collect();
    Ok(Loaded { paths, ui, file_exists, notices, env, flags, file })
}

/// The first of these variables that is set decides, as in the C library; if none is, assume Unicode.
fn has_unicode_locale(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name));
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

fn read(paths: &Paths) -> Outcome<Option<String>> {
    let path = &paths.config.value;
    let refuse = |why: String| {
        Failure::new(FailureKind::Config, Service::Config, format!("read the configuration {}", path.display()), why)
    };
    match local::read_text(path, MOST_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match &paths.config.origin {
            Origin::Flag(_) | Origin::Env(_) if is_named(paths) => {
                Err(refuse(format!("there is no such file ({})", paths.config.origin))
                    .with_hint("`signoff config init` writes one there, with every option explained."))
            }
            _ => Ok(None),
        },
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Err(refuse("it is not UTF-8 text".to_owned())),
        Err(e) => Err(refuse(e.to_string())),
    }
}

/// Whether the user named the file itself, not only the configuration directory.
fn is_named(paths: &Paths) -> bool {
    !matches!(&paths.config.origin, Origin::Env(name) if name.starts_with("XDG_"))
}

fn mistakes(path: &Path, problems: &[Problem]) -> Failure {
    let lines: Vec<_> = problems.iter().map(|p| format!("line {}: {}", p.line, p.what)).collect();
    let reason = match lines.as_slice() {
        [one] => one.clone(),
        many => format!("{} mistakes\n  {}", many.len(), many.join("\n  ")),
    };
    let operation = format!("read the configuration {}", path.display());
    Failure::new(FailureKind::Config, Service::Config, operation, reason)
        .with_hint("`signoff config init --print` shows every option.")
}

impl Loaded {
    /// Names of the targets in the file, or made of the environment, sorted.
    pub fn target_names(&self) -> impl Iterator<Item = &str> {
        self.file.targets.keys().map(String::as_str)
    }

    /// Name of the selected target: `--demo`, `--target`, `SIGNOFF_TARGET`, `default_target`, the only one in the file,
    /// or, if the file has none, the one made from environment and flags.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if there are several and none is selected.
    pub fn chosen(&self) -> Outcome<Sourced<String>> {
        let flags = &self.flags;
        if flags.demo {
            if let Some(name) = flags.target.iter().chain(&flags.more_targets).find(|t| *t != DEMO_TARGET) {
                return Err(resolve::refuse(name, "--demo and --target contradict each other")
                    .with_hint("Leave one of them out."));
            }
            return Ok(Sourced::new(DEMO_TARGET.to_owned(), Origin::Flag("--demo")));
        }
        if let (Some(name), Some(another)) = (&flags.target, flags.more_targets.first()) {
            return Err(Failure::new(
                FailureKind::Config,
                Service::Config,
                "choose a target",
                format!("--target names {} and {}", clean_line(name), clean_line(another)),
            )
            .with_hint("Only `signoff watch` takes several targets."));
        }
        if let Some(name) = &flags.target {
            return Ok(Sourced::new(name.clone(), Origin::Flag("--target")));
        }
        if let Some(name) = self.env.get("SIGNOFF_TARGET") {
            return Ok(Sourced::new(name.to_owned(), Origin::Env("SIGNOFF_TARGET".to_owned())));
        }
        if let Some(name) = &self.file.default_target {
            return Ok(name.clone());
        }
        let mut names = self.file.targets.iter();
        match (names.next(), names.next()) {
            (None, _) => Ok(Sourced::default_of(defaults::IMPLICIT_TARGET.to_owned())),
            (Some((name, section)), None) => {
                let path = self.paths.config.value.clone();
                let origin = match &section.tracking_uri {
                    Some(uri) if section.made_of_environment => uri.origin.clone(),
                    _ => Origin::File { path, line: section.line },
                };
                Ok(Sourced::new(name.clone(), origin))
            }
            _ => Err(Failure::new(
                FailureKind::Config,
                Service::Config,
                "choose a target",
                format!("there are several: {}", self.target_names().collect::<Vec<_>>().join(", ")),
            )
            .with_hint("Choose one with --target, SIGNOFF_TARGET or default_target.")),
        }
    }

    /// The channels that tell people what happened, in the order of the file, with their secrets.
    pub fn channels(&self) -> Vec<Channel> {
        self.file.channels.iter().filter_map(|(name, section)| section.resolve(name, &self.env)).collect()
    }

    /// The flags that say the same again to another run of this program, for `target`.
    pub fn flags_for(&self, target: Option<&str>) -> Vec<String> {
        let flags = &self.flags;
        let config = flags.config.as_ref().map(|path| path.display().to_string());
        let given = [
            ("--config", config.as_deref()),
            ("--tracking-uri", flags.tracking_uri.as_deref()),
            ("--registry-uri", flags.registry_uri.as_deref()),
            ("--repo", flags.repo.as_deref()),
            (
                "--target",
                target.filter(|name| !flags.demo && *name != DEMO_TARGET && self.file.targets.contains_key(*name)),
            ),
        ];
        let mut out: Vec<String> =
            given.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value?))).collect();
        out.extend((flags.demo || target == Some(DEMO_TARGET)).then(|| "--demo".to_owned()));
        out.extend(flags.readonly.then(|| "--readonly".to_owned()));
        out
    }

    /// The keys in use.
    pub fn keymap(&self) -> &Keymap {
        &self.file.keymap
    }

    /// The user's own commands, in the order of the file.
    pub fn commands(&self) -> Vec<OwnCommand> {
        self.file.commands.iter().map(|section| section.command.clone()).collect()
    }

    /// How `signoff watch` works.
    pub fn watch(&self) -> WatchSettings {
        self.file.watch.values()
    }

    /// The secret that a variable holds, if it is set.
    pub fn secret(&self, variable: &str) -> Option<SecretString> {
        self.env.get(variable).map(SecretString::from)
    }

    /// The targets to watch: those that are named, or else all of the file.
    ///
    /// # Errors
    /// As [`Self::chosen`].
    pub fn watched(&self) -> Outcome<Vec<String>> {
        let mut named: Vec<String> = Vec::new();
        for name in self.flags.target.iter().chain(&self.flags.more_targets) {
            if !named.contains(name) {
                named.push(name.clone());
            }
        }
        if !self.flags.demo && !named.is_empty() {
            return Ok(named);
        }
        let all: Vec<String> = self.target_names().map(str::to_owned).collect();
        let is_named = self.flags.demo || self.env.get("SIGNOFF_TARGET").is_some();
        if is_named || all.is_empty() { Ok(vec![self.chosen()?.value]) } else { Ok(all) }
    }

    /// Whether there are several targets and none is selected.
    pub fn is_undecided(&self) -> bool {
        self.file.targets.len() > 1 && self.chosen().is_err()
    }

    /// The same with this text as the file.
    ///
    /// # Errors
    /// As [`load`].
    pub fn with_file(&self, text: &str) -> Outcome<Self> {
        from_text(self.paths.clone(), Some(text), self.env.clone(), self.flags.clone())
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn flags(&self) -> &Flags {
        &self.flags
    }

    /// No target at all, for a list of them: read-only, and of no server.
    pub fn no_target(&self) -> Target {
        resolve::none(&self.flags)
    }

    /// The selected target, with all layers applied.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if none is selected or its settings are invalid.
    pub fn target(&self) -> Outcome<Target> {
        let name = self.chosen()?;
        let mut target = self.target_named(&name.value)?;
        if target.values.first().is_none_or(|v| v.key != "target") {
            target.values.insert(0, Shown::new("target", &name.value, &name.origin));
        }
        Ok(target)
    }

    /// A target by name, with all layers applied.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if it does not exist or its settings are invalid.
    pub fn target_named(&self, name: &str) -> Outcome<Target> {
        if name == DEMO_TARGET {
            return Ok(resolve::demo(&self.flags));
        }
        let implicit = TargetSection::default();
        let section = match self.file.targets.get(name) {
            Some(section) => section,
            None if name == defaults::IMPLICIT_TARGET && self.file.targets.is_empty() => &implicit,
            None => return Err(self.no_such_target(name)),
        };
        let mut target = Resolver::new(&self.env, &self.flags, &self.file, name, section).target()?;
        if let Some(to) = self.file.promote.of(name) {
            target.other = Some(Box::new((self.other(name, to)?, self.names_there(to))));
        }
        if let Some(connections) = &mut target.connections {
            connections.neighbours = self.neighbours(name, &connections.mlflow);
        }
        let mut notices = self.notices.clone();
        notices.append(&mut target.notices);
        target.notices = notices;
        Ok(target)
    }

    /// The Databricks workspaces of the targets beside `name`. One that is not configured well is none: the target that
    /// is meant works without it.
    fn neighbours(&self, name: &str, own: &MlflowConnection) -> Vec<MlflowConnection> {
        if own.tracking_api != TrackingApi::Databricks {
            return Vec::new();
        }
        let flags = Flags { readonly: true, ..Flags::default() };
        let others = self.file.targets.iter().filter(|(other, _)| *other != name);
        let read = others
            .filter_map(|(other, section)| Resolver::new(&self.env, &flags, &self.file, other, section).mlflow().ok());
        let mut found: Vec<MlflowConnection> = Vec::new();
        for other in read.filter(|other| other.tracking_api == TrackingApi::Databricks) {
            let is_new = other.tracking != own.tracking && found.iter().all(|known| known.tracking != other.tracking);
            if is_new {
                found.push(other);
            }
        }
        found
    }

    /// The target that versions of `from` go to. It is only read, and flags are about `from`.
    fn other(&self, from: &str, to: &Sourced<String>) -> Outcome<Target> {
        let Some(section) = self.file.targets.get(&to.value) else { return Err(self.no_such_target(&to.value)) };
        let flags = Flags { readonly: true, ..Flags::default() };
        if self.file.promote.of(&to.value).is_some() {
            return Err(resolve::refuse(from, format!("[promote] ({}): that target promotes on", to.origin)));
        }
        Resolver::new(&self.env, &flags, &self.file, &to.value, section).target()
    }

    /// How models are called at the target `to`: as [promote] says, or in the catalog of that target.
    fn names_there(&self, to: &Sourced<String>) -> Option<NameThere> {
        let own = self.file.promote.model.as_ref().map(|names| names.value.clone());
        let catalog = || {
            let section = self.file.targets.get(&to.value)?;
            let catalog = section.catalog.as_ref()?.value.split('.').next()?;
            NameThere::new(&format!("{catalog}.{{schema}}.{{model}}")).ok()
        };
        own.or_else(catalog)
    }

    fn no_such_target(&self, name: &str) -> Failure {
        let names: Vec<_> = self.target_names().collect();
        let hint = did_you_mean(name, names.iter().copied());
        let there = if names.is_empty() {
            format!("the configuration {} has no targets", self.paths.config.value.display())
        } else {
            format!("there are {}", names.join(", "))
        };
        resolve::refuse(&clean_line(name), format!("it is not configured{hint}; {there}"))
    }

    /// The values that do not belong to a target, with their origins.
    pub fn shared_values(&self) -> Vec<Shown> {
        let mut out = vec![
            Shown::new("config", self.paths.config.value.display().to_string(), &self.paths.config.origin),
            Shown::new("state_dir", self.paths.state.value.display().to_string(), &self.paths.state.origin),
            Shown::new("log", self.paths.log().display().to_string(), &self.paths.state.origin),
            Shown::new("ui.theme", self.ui.theme.value.name().to_owned(), &self.ui.theme.origin),
            Shown::new("ui.symbols", self.ui.symbols.value.name(), &self.ui.symbols.origin),
            Shown::new("ui.images", self.ui.images.value.name(), &self.ui.images.origin),
            Shown::new("ui.refresh", self.ui.refresh.value.to_string(), &self.ui.refresh.origin),
            Shown::new("ui.mouse", self.ui.mouse.value.to_string(), &self.ui.mouse.origin),
            Shown::new("ui.time", model::name_of_time(self.ui.time.value), &self.ui.time.origin),
            Shown::new("ui.restore", self.ui.restore.value.to_string(), &self.ui.restore.origin),
        ];
        let gh = self.file.use_gh_cli.clone().unwrap_or_else(|| Sourced::default_of(false));
        out.push(Shown::new("github.use_gh_cli", gh.value.to_string(), &gh.origin));
        let preview =
            self.file.review.preview_bytes.clone().unwrap_or_else(|| Sourced::default_of(defaults::PREVIEW_BYTES));
        out.push(Shown::new("review.preview_bytes", preview.value.to_string(), &preview.origin));
        let metrics = &self.file.metrics;
        let none = Sourced::default_of(Vec::new());
        let main = Sourced::default_of(defaults::MAIN_METRICS.iter().map(|p| (*p).to_owned()).collect());
        for (key, list) in [
            ("metrics.higher_is_better", metrics.higher_is_better.as_ref().unwrap_or(&none)),
            ("metrics.lower_is_better", metrics.lower_is_better.as_ref().unwrap_or(&none)),
            ("metrics.main", metrics.main.as_ref().unwrap_or(&main)),
            ("review.watched_paths", self.file.review.watched_paths.as_ref().unwrap_or(&none)),
        ] {
            out.push(Shown::new(key, list.value.join(", "), &list.origin));
        }
        out.extend(self.file.signing.shown());
        out.extend(self.file.drift.shown());
        out.extend(self.file.watch.shown());
        out.extend(self.file.promote.shown());
        out.extend(self.file.channels.iter().flat_map(|(name, channel)| channel.shown(name)));
        out.extend(self.file.commands.iter().map(|section| {
            let path = self.paths.config.value.clone();
            section.shown(&Origin::File { path, line: section.key.line })
        }));
        if let Some(policy) = &self.file.policy {
            out.push(Shown::new("policy", policy.value.summary(), &policy.origin));
        }
        for (pattern, model) in &self.file.models {
            let key = |key| format!("models.\"{}\".{key}", clean_line(pattern));
            if let Some(repository) = &model.repository {
                out.push(Shown::new(key("repository"), repository.value.to_string(), &repository.origin));
            }
            if let Some(policy) = &model.policy {
                out.push(Shown::new(key("policy"), policy.value.summary(), &policy.origin));
            }
        }
        out
    }
}
