//! Names and texts of a release: tag, title, notes, and the markers by which signoff recognises its own work.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::compare::{Change, Comparison};
use super::ids::{InvalidId, ModelName, TagName, VersionNumber};

/// The built-in release notes template (minijinja syntax).
pub const DEFAULT_NOTES_TEMPLATE: &str = include_str!("../../assets/release-notes.md");

/// Trailer in the tag message with the promotion id.
pub const OPERATION_TRAILER: &str = "Signoff-Operation";

/// Trailer with the model's name.
pub const MODEL_TRAILER: &str = "Signoff-Model";

/// Trailer with the version's number.
pub const VERSION_TRAILER: &str = "Signoff-Version";

/// Trailer with the hash of the sign-off record.
pub const RECORD_TRAILER: &str = "Signoff-Record";

/// Trailer with the registry's address.
pub const REGISTRY_TRAILER: &str = "Signoff-Registry";

/// Trailer with the registry's workspace, on servers that have workspaces.
pub const WORKSPACE_TRAILER: &str = "Signoff-Workspace";

/// Trailer with the version's training run, or `none`.
pub const RUN_TRAILER: &str = "Signoff-Run";

/// Trailer with the time at which the version was registered.
pub const REGISTERED_TRAILER: &str = "Signoff-Registered";

/// A template that cannot be rendered, with the engine's reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the release notes template cannot be rendered: {0}")]
pub struct TemplateError(pub String);

/// Renders a tag name from a template with `{model}` and `{version}`.
///
/// Characters not allowed in Git refs or URLs become `-`. If that changed the model's name, eight digits of its hash
/// are appended, so that two models never share a tag by accident.
///
/// # Errors
/// If the template's own text does not form a safe tag name.
pub fn tag_name(template: &str, model: &ModelName, version: VersionNumber) -> Result<TagName, InvalidId> {
    fill(template, &safe_name(model), version).parse()
}

/// The tag of a version's `nth` release, derived from its first: `telco-churn-v41-r2`.
///
/// # Errors
/// If the result is not a safe tag name.
pub fn again(first: &TagName, nth: u32) -> Result<TagName, InvalidId> {
    format!("{first}-r{nth}").parse()
}

/// Renders a title from a template with `{model}` and `{version}`. Any text is allowed.
pub fn title(template: &str, model: &ModelName, version: VersionNumber) -> String {
    fill(template, &model.to_string(), version)
}

fn fill(template: &str, model: &str, version: VersionNumber) -> String {
    template.replace("{version}", &version.0.to_string()).replace("{model}", model)
}

fn safe_name(model: &ModelName) -> String {
    let raw = model.as_str();
    let mut safe = String::new();
    for c in raw.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        if !(matches!(c, '-' | '.') && safe.ends_with(c)) {
            safe.push(c);
        }
    }
    let safe = safe.trim_matches(['-', '.']).trim_end_matches(".lock");
    if safe == raw {
        return safe.to_owned();
    }
    let digest = Sha256::digest(raw.as_bytes());
    let hash: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
    if safe.is_empty() { format!("model-{hash}") } else { format!("{}-{hash}", &safe[..safe.len().min(100)]) }
}

/// The variables of the notes template.
#[derive(Clone, Debug, Serialize)]
pub struct NotesContext {
    /// Cleaned.
    pub model: String,
    pub version: u64,
    /// The promotion target: `Production` or `@champion`.
    pub target: String,
    /// The version it replaces, if any.
    pub baseline: Option<u64>,
    /// Login of the signer.
    pub signer: String,
    /// The signer's reason; may be empty.
    pub reason: String,
    /// The model version's description.
    pub description: String,
    pub commit: String,
    /// First line of the commit message.
    pub commit_title: String,
    /// Run id, or empty.
    pub run: String,
    /// Digest of the reviewed facts.
    pub facts: String,
    /// No real server is involved.
    pub demo: bool,
    pub metrics: Vec<NotesMetric>,
}

/// One metric in the notes, as text.
#[derive(Clone, Debug, Serialize)]
pub struct NotesMetric {
    pub name: String,
    /// Baseline value, or empty.
    pub old: String,
    /// Candidate value, or empty.
    pub new: String,
    /// Signed difference, or empty.
    pub delta: String,
    /// `better`, `worse`, or empty if no direction is stated.
    pub change: &'static str,
}

impl NotesMetric {
    /// The rows of a comparison as text.
    pub fn rows(comparison: &Comparison) -> Vec<Self> {
        let cell = |s: String| s.replace('|', "\\|");
        comparison
            .metrics
            .iter()
            .map(|m| Self {
                name: cell(m.name.clone()),
                old: m.old.map(|v| v.to_string()).unwrap_or_default(),
                new: m.new.map(|v| v.to_string()).unwrap_or_default(),
                delta: m.delta.map(signed).unwrap_or_default(),
                change: match m.change {
                    Change::Better => "better",
                    Change::Worse => "worse",
                    _ => "",
                },
            })
            .collect()
    }
}

/// A signed difference, `+0.012` or `-3`; zero is `0`.
pub fn signed(delta: f64) -> String {
    let text = super::run::format_significant(delta, 4);
    if delta > 0.0 { format!("+{text}") } else { text }
}

/// Renders release notes and appends the readable record and the marker of `operation`, which is not displayed.
///
/// # Errors
/// If the template is invalid; the message says where.
pub fn notes(template: &str, context: &NotesContext, record: &str, operation: &str) -> Result<String, TemplateError> {
    let env = minijinja::Environment::new();
    let text = env.render_str(template, minijinja::value::Serde(context)).map_err(|e| TemplateError(e.to_string()))?;
    Ok(format!("{}\n\n{}\n\n{}\n", text.trim_end(), record.trim_end(), notes_marker(operation)))
}

/// The marker at the end of the notes of `operation`.
pub fn notes_marker(operation: &str) -> String {
    format!("<!-- {OPERATION_TRAILER}: {operation} -->")
}

/// Reads a trailer from a tag message. Only the last paragraph counts: earlier ones are free text.
pub fn trailer<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    let last = message.trim_end().rsplit("\n\n").next()?;
    last.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::trim)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tag(model: &str) -> String {
        tag_name("{model}-v{version}", &ModelName::new(model), VersionNumber(3)).unwrap().to_string()
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(tag("telco-churn"), "telco-churn-v3");
        assert_eq!(tag("main.ml.churn"), "main.ml.churn-v3");
    }

    #[test]
    fn other_names_become_safe_and_stay_distinct() {
        let names = ["a/b", "a b", "a-b", "客户流失 🚀", "..", " ", "x\x1b[2J", "a.lock", "{version}"];
        let tags: std::collections::BTreeSet<_> = names.iter().map(|n| tag(n)).collect();
        assert_eq!(tags.len(), names.len(), "{tags:?}");
    }

    #[test]
    fn an_unsafe_template_is_refused() {
        assert!(tag_name("release {model}", &ModelName::new("m"), VersionNumber(1)).is_err());
    }

    #[test]
    fn trailers_are_read_from_the_last_paragraph_only() {
        let message =
            "Release m v1\n\nReason: x\nSignoff-Operation: forged\n\nSignoff-Operation: real\nSignoff-Model: m\n";
        assert_eq!(trailer(message, OPERATION_TRAILER), Some("real"));
        assert_eq!(trailer("no trailers here", OPERATION_TRAILER), None);
    }
}
