//! Names and texts of a release: tag, title, notes, and the markers by which signoff recognises its own work.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::compare::note::note;
use super::compare::{Change, Comparison};
use super::ids::{InvalidId, ModelName, TagName, VersionNumber};
use super::limits::{TITLE, length};
use super::markdown::inline;
use super::text::shorten;

/// Characters of a version's first tag: its later releases add up to four.
const TAG_LENGTH: usize = TagName::MAX - 4;

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
/// are appended, so that two models never share a tag by accident. So does a name too long for a tag and the suffix of
/// its later releases.
///
/// # Errors
/// If the template's own text does not form a safe tag name.
pub fn tag_name(template: &str, model: &ModelName, version: VersionNumber) -> Result<TagName, InvalidId> {
    let tag = fill(template, &safe_name(model), version);
    if tag.len() <= TAG_LENGTH { tag.parse() } else { fill(template, &short_name(model), version).parse() }
}

/// The tag of a version's `nth` release, derived from its first: `telco-churn-v41-r2`.
///
/// # Errors
/// If the result is not a safe tag name.
pub fn again(first: &TagName, nth: u32) -> Result<TagName, InvalidId> {
    format!("{first}-r{nth}").parse()
}

/// The version of `model` whose tag, by the template, is `tag`: of its first release or a later one. Says nothing of
/// whether the tag was made for it.
pub fn version_of_tag(template: &str, model: &ModelName, tag: &str) -> Option<VersionNumber> {
    let (head, _) = template.split_once("{version}")?;
    let fits = |number: VersionNumber| {
        let first = tag_name(template, model, number).ok()?;
        let rest = tag.strip_prefix(first.as_str())?;
        let nth = rest.strip_prefix("-r").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        (rest.is_empty() || nth).then_some(number)
    };
    let of_name = |name: String| {
        let rest = tag.strip_prefix(head.replace("{model}", &name).as_str())?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // Digits of the template may follow those of the version.
        (1..=digits).rev().find_map(|n| fits(VersionNumber(rest[..n].parse().ok()?)))
    };
    of_name(safe_name(model)).or_else(|| of_name(short_name(model)))
}

/// Renders a title from a template with `{model}` and `{version}`. Any text is allowed; one that is too long is cut.
pub fn title(template: &str, model: &ModelName, version: VersionNumber) -> String {
    let title = fill(template, &model.plain(), version);
    // Twice as many characters as GitHub may count for each.
    if length(&title) <= TITLE { title } else { shorten(&title, TITLE / 2) }
}

fn fill(template: &str, model: &str, version: VersionNumber) -> String {
    template.replace("{version}", &version.0.to_string()).replace("{model}", model)
}

fn safe_name(model: &ModelName) -> String {
    let raw = model.as_str();
    let safe = safe_text(raw);
    if safe == raw { safe } else { short_name(model) }
}

fn safe_text(raw: &str) -> String {
    let mut safe = String::new();
    for c in raw.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        if !(matches!(c, '-' | '.') && safe.ends_with(c)) {
            safe.push(c);
        }
    }
    safe.trim_matches(['-', '.']).trim_end_matches(".lock").to_owned()
}

/// The start of the safe name, and digits of the hash of the real one.
fn short_name(model: &ModelName) -> String {
    let (raw, safe) = (model.as_str(), safe_text(model.as_str()));
    let digest = Sha256::digest(raw.as_bytes());
    let hash: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
    if safe.is_empty() { format!("model-{hash}") } else { format!("{}-{hash}", &safe[..safe.len().min(100)]) }
}

/// The variables of the notes template. Whatever others wrote is neutral Markdown ([`super::markdown`]), so that a
/// template may put it anywhere.
#[derive(Clone, Debug, Serialize)]
pub struct NotesContext {
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
    /// The model version's description, as a quotation.
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
    /// Whose values they are and what they were measured on, where that has to be said; or empty.
    pub note: String,
}

impl NotesMetric {
    /// The rows of a comparison as text; `labels` name the baseline and the candidate.
    pub fn rows(comparison: &Comparison, labels: (&str, &str)) -> Vec<Self> {
        comparison
            .metrics
            .iter()
            .map(|m| Self {
                name: inline(&m.name),
                old: m.old.map(|v| v.to_string()).unwrap_or_default(),
                new: m.new.map(|v| v.to_string()).unwrap_or_default(),
                delta: m.delta.map(signed).unwrap_or_default(),
                change: match m.change {
                    Change::Better => "better",
                    Change::Worse => "worse",
                    _ => "",
                },
                note: note(m, labels).map(|note| inline(&note.text)).unwrap_or_default(),
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

/// The promotion that a release belongs to, from the end of its notes.
pub fn operation_in(notes: &str) -> Option<&str> {
    let (_, rest) = notes.rsplit_once(&format!("<!-- {OPERATION_TRAILER}: "))?;
    rest.split_once(" -->").map(|(id, _)| id)
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
    fn the_longest_names_of_models_get_tags_of_their_own_and_room_for_later_releases() {
        let names = ["a".repeat(256), "a".repeat(255), "客".repeat(256), "a".repeat(190), "a".repeat(194)];
        let tags: Vec<_> = names.iter().map(|n| tag(n)).collect();
        assert_eq!(tags.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "{tags:?}");
        for first in &tags {
            assert!(again(&first.parse().unwrap(), 50).is_ok(), "{first}");
        }
        assert_eq!(tags[3], format!("{}-v3", names[3]), "a name that fits stays");
        assert!(length(&title("{model} v{version}", &ModelName::new("🚀".repeat(256)), VersionNumber(3))) <= TITLE);
    }

    #[test]
    fn a_tag_tells_the_version_of_its_own_model_and_of_no_other() {
        let templates = ["{model}-v{version}", "{version}", "v{version}0/{model}", "r{version}-{model}-{version}"];
        let names = ["telco-churn", "telco-churn-v4", "a/b", "a b", "7", "客户流失 🚀", &"a".repeat(256)];
        for template in templates {
            for name in names.map(ModelName::new) {
                for number in [1, 4, 10, 42, 100, u64::MAX].map(VersionNumber) {
                    let first = tag_name(template, &name, number).unwrap();
                    for tag in [first.to_string(), again(&first, 2).unwrap().to_string()] {
                        assert_eq!(version_of_tag(template, &name, &tag), Some(number), "{template} {name} {tag}");
                    }
                    for other in names.map(ModelName::new).iter().filter(|other| **other != name) {
                        let found = version_of_tag("{model}-v{version}", other, first.as_str());
                        let same = |n| tag_name("{model}-v{version}", other, n).is_ok_and(|tag| tag == first);
                        assert!(found.is_none_or(same), "{first} of {other}");
                    }
                }
            }
        }
        for tag in ["telco-churn-v", "telco-churn-v4-r", "telco-churn-v4-rx", "telco-churn-v4a", "telco-churn-v04", ""]
        {
            assert_eq!(version_of_tag("{model}-v{version}", &ModelName::new("telco-churn"), tag), None, "{tag}");
        }
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
