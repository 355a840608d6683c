//! The schema of the configuration file. `resolve.rs` interprets it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::address;
use super::commands::{self, CommandSection};
use super::drift::DriftSection;
use super::images::{IMAGES, Images};
use super::keys;
use super::notify::{self, ChannelSection};
use super::origin::Sourced;
use super::paths::themes_beside;
use super::place::Place;
use super::promote::PromoteSection;
use super::reader::{Document, Problem, Section, check_pattern, variable};
use super::running::{self, WitnessSection};
use super::signing::SigningSection;
use super::watch::WatchSection;
use crate::app::keymap::Keymap;
use crate::app::prefs::ShownTime;
use crate::domain::cd::CdTrigger;
use crate::domain::ids::RepoSlug;
use crate::domain::nearest::{did_you_mean, nearest};
use crate::domain::policy::file::PolicyTable;
use crate::domain::registry::{PromotionTarget, Stage};
use crate::domain::rules::PolicyFrom;
use crate::domain::text::clean_line;
use crate::ui::skin::is_colour;

/// Name of the built-in demo target. No target in the file may use it.
pub const DEMO_TARGET: &str = "demo";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark or light, depending on the terminal.
    #[default]
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    HighContrast,
    /// Without red and green, for dark or light backgrounds, depending on the terminal.
    ColorBlind,
    /// No colours.
    None,
    /// The user's own, from the file of this name.
    Own(String),
}

impl Theme {
    /// Name in the configuration file.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            theme => THEMES.iter().find(|(_, known)| known == theme).map_or("auto", |(name, _)| name),
        }
    }

    /// One of ours, or one whose file is in `own`.
    fn named(text: &str, own: &Path) -> Result<Self, String> {
        if let Some((_, theme)) = THEMES.iter().find(|(name, _)| *name == text) {
            return Ok(theme.clone());
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.chars().all(plain) && own.join(format!("{text}.toml")).is_file() {
            return Ok(Self::Own(text.to_owned()));
        }
        let words: Vec<_> = THEMES.iter().map(|(name, _)| *name).collect();
        let hint = did_you_mean(text, words.iter().copied());
        let text = clean_line(text);
        Err(format!("'{text}' is none of {}{hint}; your own would be in {}", words.join(", "), own.display()))
    }
}

const THEMES: &[(&str, Theme)] = &[
    ("auto", Theme::Auto),
    ("dark", Theme::Dark),
    ("light", Theme::Light),
    ("high-contrast", Theme::HighContrast),
    ("color-blind", Theme::ColorBlind),
    ("none", Theme::None),
];

/// Character set of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SymbolSet {
    /// Unicode, unless the locale does not support it.
    #[default]
    Auto,
    Unicode,
    Ascii,
}

impl SymbolSet {
    /// Name in the configuration file.
    pub fn name(self) -> &'static str {
        SYMBOLS.iter().find(|(_, set)| *set == self).map_or("auto", |(name, _)| name)
    }
}

/// Names of the zones of times in the configuration file.
pub const TIMES: &[(&str, ShownTime)] = &[("local", ShownTime::Local), ("utc", ShownTime::Utc)];

/// Name in the configuration file.
pub fn name_of_time(time: ShownTime) -> &'static str {
    TIMES.iter().find(|(_, named)| *named == time).map_or("local", |(name, _)| name)
}

const SYMBOLS: &[(&str, SymbolSet)] =
    &[("auto", SymbolSet::Auto), ("unicode", SymbolSet::Unicode), ("ascii", SymbolSet::Ascii)];

/// Names of the CD triggers in the configuration file.
pub const TRIGGERS: &[(&str, CdTrigger)] = &[
    ("release", CdTrigger::Release),
    ("tag", CdTrigger::Tag),
    ("dispatch", CdTrigger::Dispatch),
    ("none", CdTrigger::None),
];

/// The contents of the file. `None` for unset keys.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// The target used if none is named.
    pub default_target: Option<Sourced<String>>,
    pub ui: UiSection,
    /// The keys in use, with those of `[keys]`.
    pub keymap: Keymap,
    /// `[[commands]]`, in the order of the file.
    pub commands: Vec<CommandSection>,
    pub metrics: MetricsSection,
    pub review: ReviewSection,
    /// `[github] use_gh_cli`.
    pub use_gh_cli: Option<Sourced<bool>>,
    pub release: ReleaseSection,
    pub policy: Option<Sourced<PolicyTable>>,
    pub signing: SigningSection,
    pub drift: DriftSection,
    pub watch: WatchSection,
    /// `[promote]`.
    pub promote: PromoteSection,
    /// `[notify.NAME]`, in the order of the file.
    pub channels: Vec<(String, ChannelSection)>,
    /// `[models."pattern"]`, in the order of the file.
    pub models: Vec<(String, ModelSection)>,
    /// `[targets.NAME]`.
    pub targets: BTreeMap<String, TargetSection>,
}

/// `[models."pattern"]`.
#[derive(Clone, Debug, Default)]
pub struct ModelSection {
    /// The repository of these models.
    pub repository: Option<Sourced<RepoSlug>>,
    /// Overrides `[policy]`.
    pub policy: Option<Sourced<PolicyTable>>,
}

/// `[ui]`.
#[derive(Clone, Debug, Default)]
pub struct UiSection {
    pub theme: Option<Sourced<Theme>>,
    pub symbols: Option<Sourced<SymbolSet>>,
    pub images: Option<Sourced<Images>>,
    /// Seconds between two refreshes of a screen.
    pub refresh: Option<Sourced<u64>>,
    /// Whether the screens open where the last session ended.
    pub restore: Option<Sourced<bool>>,
    /// The zone in which screens show times.
    pub time: Option<Sourced<ShownTime>>,
    /// Whether the mouse is used.
    pub mouse: Option<Sourced<bool>>,
}

/// `[metrics]`.
#[derive(Clone, Debug, Default)]
pub struct MetricsSection {
    /// Name patterns of metrics where higher is better.
    pub higher_is_better: Option<Sourced<Vec<String>>>,
    /// Name patterns of metrics where lower is better.
    pub lower_is_better: Option<Sourced<Vec<String>>>,
    /// Name patterns of the metric shown in lists, best first.
    pub main: Option<Sourced<Vec<String>>>,
}

/// `[review]`.
#[derive(Clone, Debug, Default)]
pub struct ReviewSection {
    /// Path patterns of files whose changes are counted.
    pub watched_paths: Option<Sourced<Vec<String>>>,
    pub preview_bytes: Option<Sourced<u64>>,
    pub policy: PolicyPlace,
}

/// Where the policy is located: in `[review]`, overridden by `[targets.NAME]`.
#[derive(Clone, Debug, Default)]
pub struct PolicyPlace {
    /// `policy_from`.
    pub from: Option<Sourced<PolicyFrom>>,
    /// `policy_file`.
    pub file: Option<Sourced<String>>,
}

/// Names of the policy locations in the configuration file.
pub const POLICY_PLACES: &[(&str, PolicyFrom)] =
    &[("configuration", PolicyFrom::Configuration), ("repository", PolicyFrom::Repository), ("both", PolicyFrom::Both)];

/// `[release]`, overridden by `[targets.NAME.release]`.
#[derive(Clone, Debug, Default)]
pub struct ReleaseSection {
    /// Tag name with `{model}` and `{version}`.
    pub tag: Option<Sourced<String>>,
    /// Release title with `{model}` and `{version}`.
    pub title: Option<Sourced<String>>,
    /// Template file for the release notes.
    pub notes_template: Option<Sourced<PathBuf>>,
    /// What starts CD.
    pub cd_trigger: Option<Sourced<CdTrigger>>,
    pub cd_workflow: Option<Sourced<String>>,
    /// Workflow files that start when others have ended, and belong to CD.
    pub cd_chain: Option<Sourced<Vec<String>>>,
    /// Seconds to wait for a CD run to appear.
    pub cd_wait_seconds: Option<Sourced<u64>>,
    /// Whether the run may determine the repository.
    pub repository_from_run: Option<Sourced<bool>>,
    /// Branch whose head may be released if the run recorded no commit.
    pub commit_from_branch: Option<Sourced<String>>,
}

/// `[targets.NAME]`.
#[derive(Clone, Debug, Default)]
pub struct TargetSection {
    /// Line of the table header.
    pub line: usize,
    pub tracking_uri: Option<Sourced<String>>,
    /// The MLflow registry, if on another server.
    pub registry_uri: Option<Sourced<String>>,
    /// The workspace, on servers that have workspaces.
    pub workspace: Option<Sourced<String>>,
    /// The catalog, or catalog and schema, of Unity Catalog whose models are listed.
    pub catalog: Option<Sourced<String>>,
    /// Variable with the bearer token.
    pub tracking_token_env: Option<Sourced<String>>,
    /// Variable with the user name.
    pub tracking_username_env: Option<Sourced<String>>,
    /// Variable with the password.
    pub tracking_password_env: Option<Sourced<String>>,
    /// Variable with the address of the Databricks workspace.
    pub databricks_host_env: Option<Sourced<String>>,
    /// Variable with its token.
    pub databricks_token_env: Option<Sourced<String>>,
    /// Variable with the id of a service principal.
    pub databricks_client_id_env: Option<Sourced<String>>,
    /// Variable with the service principal's secret.
    pub databricks_client_secret_env: Option<Sourced<String>>,
    /// Profile of `.databrickscfg`.
    pub databricks_profile: Option<Sourced<String>>,
    /// Whether variables of the environment made this target, rather than the file.
    pub made_of_environment: bool,
    /// CA certificates to trust, PEM.
    pub ca_file: Option<Sourced<PathBuf>>,
    /// Disables certificate verification.
    pub insecure_tls: Option<Sourced<bool>>,
    /// Allows credentials over unencrypted HTTP to other machines.
    pub allow_plain_http: Option<Sourced<bool>>,
    /// What "in production" means.
    pub promote_to: Option<Sourced<PromotionTarget>>,
    /// The alias that puts a version forward.
    pub candidate_alias: Option<Sourced<String>>,
    /// The repository for releases.
    pub repository: Option<Sourced<RepoSlug>>,
    pub github_host: Option<Sourced<String>>,
    pub github_api_url: Option<Sourced<url::Url>>,
    /// Variable with the GitHub token.
    pub github_token_env: Option<Sourced<String>>,
    /// Whether the target is shown as production.
    pub production: Option<Sourced<bool>>,
    /// Colour of the header.
    pub colour: Option<Sourced<String>>,
    /// Whether all writes are refused.
    pub readonly: Option<Sourced<bool>>,
    pub policy: PolicyPlace,
    pub release: ReleaseSection,
    /// `[targets.NAME.running.WITNESS]`, in the order of the file.
    pub running: Vec<WitnessSection>,
}

/// Result of parsing the file.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Everything that could be parsed.
    pub file: ConfigFile,
    /// All mistakes, by line.
    pub problems: Vec<Problem>,
    /// Dotted keys that are unset in the sections present.
    pub unset: BTreeSet<String>,
}

/// Parses a configuration file. `path` is used in messages, and relative paths in the file are resolved against it.
pub fn parse(path: &Path, text: &str, home: Option<&Path>) -> Parsed {
    let doc = Document::new(path, text);
    let table = doc.parse();
    let mut root = Section::root(&doc, &table);
    let commands = commands::read(root.tables("commands"));
    let promote_line = root.keys().into_iter().find(|(key, _)| key == "promote").map_or(1, |(_, line)| line);
    let mut file = ConfigFile {
        default_target: root.string("default_target"),
        ui: ui(root.section("ui")),
        keymap: keys::keymap(&keys::read(root.section("keys")), &commands, &doc),
        commands,
        metrics: metrics(root.section("metrics")),
        review: review(root.section("review")),
        use_gh_cli: github(root.section("github")),
        release: release(root.section("release"), home),
        policy: root.policy("policy"),
        signing: SigningSection::read(root.section("signing"), home),
        drift: DriftSection::read(root.section("drift")),
        watch: WatchSection::read(root.section("watch"), variable),
        promote: PromoteSection::read(root.section("promote"), promote_line),
        channels: notify::read(root.section("notify"), home, variable),
        models: models(root.section("models")),
        targets: BTreeMap::new(),
    };
    for (name, line, section) in root.section("targets").children() {
        if name == DEMO_TARGET {
            section.note(line, "the name 'demo' is taken by the built-in world; call the target something else");
        } else if name.trim().is_empty() || clean_line(&name) != name || name.contains(char::is_whitespace) {
            section.note(line, format!("'{}' cannot be the name of a target", clean_line(&name)));
        }
        file.targets.insert(name, target(section, line, home));
    }
    root.finish();
    if let Some(default) = &file.default_target
        && default.value != DEMO_TARGET
        && !file.targets.contains_key(&default.value)
    {
        let hint = match nearest(&default.value, file.targets.keys().map(String::as_str)) {
            Some(name) => format!(" (did you mean '{name}'?)"),
            None => String::new(),
        };
        let line = if let super::origin::Origin::File { line, .. } = default.origin { line } else { 1 };
        doc.note(line, format!("default_target: there is no [targets.{}]{hint}", clean_line(&default.value)));
    }
    let (problems, unset) = doc.into_findings();
    Parsed { file, problems, unset }
}

fn ui(mut s: Section<'_, '_>) -> UiSection {
    let own = themes_beside(s.file());
    let ui = UiSection {
        theme: s.parsed("theme", |text| Theme::named(text, &own)),
        symbols: s.choice("symbols", SYMBOLS),
        images: s.choice("images", IMAGES),
        refresh: s.integer("refresh", 0..=86_400),
        restore: s.boolean("restore"),
        time: s.choice("time", TIMES),
        mouse: s.boolean("mouse"),
    };
    s.finish();
    ui
}

fn metrics(mut s: Section<'_, '_>) -> MetricsSection {
    let metrics = MetricsSection {
        higher_is_better: s.patterns("higher_is_better"),
        lower_is_better: s.patterns("lower_is_better"),
        main: s.patterns("main"),
    };
    s.finish();
    metrics
}

fn review(mut s: Section<'_, '_>) -> ReviewSection {
    let review = ReviewSection {
        watched_paths: s.patterns("watched_paths"),
        preview_bytes: s.integer("preview_bytes", 1_024..=67_108_864),
        policy: policy_place(&mut s),
    };
    s.finish();
    review
}

fn github(mut s: Section<'_, '_>) -> Option<Sourced<bool>> {
    let use_gh_cli = s.boolean("use_gh_cli");
    s.finish();
    use_gh_cli
}

fn policy_place(s: &mut Section<'_, '_>) -> PolicyPlace {
    PolicyPlace { from: s.choice("policy_from", POLICY_PLACES), file: s.parsed("policy_file", policy_file) }
}

/// A path inside a repository.
fn policy_file(text: &str) -> Result<String, String> {
    let fine = !text.contains('\\') && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if fine && clean_line(text) == text {
        Ok(text.to_owned())
    } else {
        Err(format!("'{}' is not a path in a repository such as \"ops/signoff.toml\"", clean_line(text)))
    }
}

fn models(s: Section<'_, '_>) -> Vec<(String, ModelSection)> {
    let mut out = Vec::new();
    for (pattern, line, mut section) in s.children() {
        if let Err(what) = check_pattern(&pattern) {
            section.note(line, what);
        }
        let repository = section.parsed("repository", repository);
        let policy = section.policy("policy");
        section.finish();
        out.push((pattern, ModelSection { repository, policy }));
    }
    out
}

fn release(mut s: Section<'_, '_>, home: Option<&Path>) -> ReleaseSection {
    let release = ReleaseSection {
        tag: s.parsed("tag", tag_template),
        title: s.string("title"),
        notes_template: s.path("notes_template", home),
        cd_trigger: s.choice("cd_trigger", TRIGGERS),
        cd_workflow: s.parsed("cd_workflow", workflow),
        cd_chain: s.each("cd_chain", workflow),
        cd_wait_seconds: s.integer("cd_wait_seconds", 0..=86_400),
        repository_from_run: s.boolean("repository_from_run"),
        commit_from_branch: s.string("commit_from_branch"),
    };
    s.finish();
    release
}

fn target(mut s: Section<'_, '_>, line: usize, home: Option<&Path>) -> TargetSection {
    let uri = |text: &str| Place::parse(text).and_then(Place::without_credentials).map(|_| text.to_owned());
    let target = TargetSection {
        line,
        tracking_uri: s.parsed("tracking_uri", uri),
        registry_uri: s.parsed("registry_uri", uri),
        workspace: s.string("workspace"),
        catalog: s.parsed("catalog", catalog),
        tracking_token_env: s.parsed("tracking_token_env", variable),
        tracking_username_env: s.parsed("tracking_username_env", variable),
        tracking_password_env: s.parsed("tracking_password_env", variable),
        databricks_host_env: s.parsed("databricks_host_env", variable),
        databricks_token_env: s.parsed("databricks_token_env", variable),
        databricks_client_id_env: s.parsed("databricks_client_id_env", variable),
        databricks_client_secret_env: s.parsed("databricks_client_secret_env", variable),
        databricks_profile: s.string("databricks_profile"),
        made_of_environment: false,
        ca_file: s.path("ca_file", home),
        insecure_tls: s.boolean("insecure_tls"),
        allow_plain_http: s.boolean("allow_plain_http"),
        promote_to: s.parsed("promote_to", promote_to),
        candidate_alias: s.parsed("candidate_alias", |name| alias(name).map(str::to_owned)),
        repository: s.parsed("repository", repository),
        github_host: s.parsed("github_host", address::host),
        github_api_url: s.parsed("github_api_url", address::api_url),
        github_token_env: s.parsed("github_token_env", variable),
        production: s.boolean("production"),
        colour: s.parsed("colour", colour),
        readonly: s.boolean("readonly"),
        policy: policy_place(&mut s),
        release: release(s.section("release"), home),
        running: running::read(s.section("running"), home),
    };
    if let (Some(_), Some(insecure)) = (&target.ca_file, &target.insecure_tls)
        && insecure.value
    {
        s.note(line, "ca_file and insecure_tls = true contradict each other; keep one of them");
    }
    s.finish();
    target
}

fn catalog(text: &str) -> Result<String, String> {
    let levels: Vec<&str> = text.split('.').collect();
    let fine = |level: &&str| !level.is_empty() && !level.contains(char::is_whitespace) && !level.contains('/');
    match levels.len() <= 2 && levels.iter().all(fine) {
        true => Ok(text.to_owned()),
        false => Err("must be CATALOG or CATALOG.SCHEMA".to_owned()),
    }
}

fn repository(text: &str) -> Result<RepoSlug, String> {
    text.parse::<RepoSlug>().map_err(|e| e.0)
}

fn colour(text: &str) -> Result<String, String> {
    if is_colour(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("'{}' is not a colour such as \"red\", \"light-blue\", \"#aa3355\" or \"208\"", clean_line(text)))
    }
}

fn workflow(text: &str) -> Result<String, String> {
    let name = text.strip_prefix(".github/workflows/").unwrap_or(text);
    if !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml")) {
        Ok(name.to_owned())
    } else {
        Err(format!("'{}' is not a workflow file such as cd.yml", clean_line(text)))
    }
}

fn tag_template(text: &str) -> Result<String, String> {
    use crate::domain::ids::{ModelName, VersionNumber};
    if !text.contains("{version}") {
        return Err("without {version} all versions would get the same tag".to_owned());
    }
    crate::domain::release::tag_name(text, &ModelName::new("model"), VersionNumber(1)).map_err(|e| e.0)?;
    Ok(text.to_owned())
}

/// Parses `stage:Production`, `alias:champion`, `deployment-job` and `release`.
fn promote_to(text: &str) -> Result<PromotionTarget, String> {
    const SHAPE: &str = "write \"stage:Production\", \"alias:champion\", \"deployment-job\" or \"release\"";
    match text.split_once(':') {
        None if text == "release" => Ok(PromotionTarget::Release),
        None if text == "deployment-job" => Ok(PromotionTarget::DeploymentJob),
        Some(("stage", name)) => match Stage::from(name.to_owned()) {
            stage @ (Stage::Production | Stage::Staging) => Ok(PromotionTarget::Stage(stage)),
            _ => Err(format!("MLflow has no stage '{}' to promote to; {SHAPE}", clean_line(name))),
        },
        Some(("alias", name)) => match alias(name) {
            Ok(name) => Ok(PromotionTarget::Alias(name.to_owned())),
            Err(why) => Err(format!("{why}; {SHAPE}")),
        },
        _ => Err(format!("'{}' is not a promotion target; {SHAPE}", clean_line(text))),
    }
}

/// An alias as MLflow takes it.
fn alias(name: &str) -> Result<&str, String> {
    let number = name.strip_prefix(['v', 'V']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let charset = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if name.is_empty() || !charset || number || name.eq_ignore_ascii_case("latest") {
        return Err(format!("MLflow does not accept the alias '{}'", clean_line(name)));
    }
    Ok(name)
}
