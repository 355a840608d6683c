//! Messages from templates, escaped for the place they go to.
//!
//! The built-in templates are in `assets/notify`; a file of the same name in the user's directory replaces one.

use std::path::PathBuf;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Output, State, escape_formatter};
use serde::Serialize;

use crate::domain::event::say::{self, NOBODY};
use crate::domain::event::{Data, Event, EventKind, VersionData};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{clean_line, shorten};
use crate::local;

/// The largest template that is read.
const MOST_BYTES: u64 = 256 * 1024;
/// Most entries of a list in a message; the document has all.
const MOST: usize = 20;
/// Most findings and metrics of a version in a message.
const FEW: usize = 8;
/// Longest text of people in a message, in characters.
const LONGEST: usize = 500;

/// Name and text of the built-in templates.
const BUILT_IN: &[(&str, &str)] = &[
    ("subject.txt", include_str!("../../../../assets/notify/subject.txt")),
    ("email.txt", include_str!("../../../../assets/notify/email.txt")),
    ("email.html", include_str!("../../../../assets/notify/email.html")),
    ("slack.txt", include_str!("../../../../assets/notify/slack.txt")),
    ("teams.txt", include_str!("../../../../assets/notify/teams.txt")),
];

/// The escaping of HTML. minijinja's own also escapes every slash, which no reader of the source expects.
const HTML: &str = "html";

/// Where the user's templates are.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    dir: Option<PathBuf>,
}

impl Templates {
    /// Templates in `dir` replace the built-in ones of the same name.
    pub fn in_dir(dir: PathBuf) -> Self {
        Self { dir: Some(dir) }
    }

    /// The message about an event from the template `name`.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if the user's template cannot be used.
    pub(super) fn render(&self, name: &str, event: &Event) -> Outcome<String> {
        let refuse = |why: String| {
            Failure::new(FailureKind::Config, Service::Config, format!("write a message from the template {name}"), why)
        };
        let text = match self.dir.as_ref().map(|dir| dir.join(name)) {
            Some(path) if path.exists() => {
                local::read_text(&path, MOST_BYTES).map_err(|e| refuse(format!("{}: {e}", path.display())))?
            }
            _ => BUILT_IN
                .iter()
                .find(|(built_in, _)| *built_in == name)
                .map(|(_, text)| *text)
                .unwrap_or_default()
                .to_owned(),
        };
        let mut env = Environment::new();
        env.set_auto_escape_callback(|name| match name {
            "email.html" => AutoEscape::Custom(HTML.into()),
            "slack.txt" => AutoEscape::Custom("slack".into()),
            _ => AutoEscape::None,
        });
        env.set_formatter(escaped);
        let rendered =
            env.template_from_named_str(name, &text).and_then(|template| template.render(Serde(context_of(event))));
        Ok(rendered.map_err(|e| refuse(clean_line(&e.to_string())))?.trim_end().to_owned())
    }
}

/// What is not ours stays text: no tag in HTML, and no markup in Slack, where `<!channel>` would call everybody.
fn escaped(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let AutoEscape::Custom(place) = state.auto_escape() else { return escape_formatter(out, state, value) };
    if value.is_safe() {
        return write!(out, "{value}").map_err(minijinja::Error::from);
    }
    let text = value.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = match place.as_ref() {
        HTML => text.replace('"', "&quot;").replace('\'', "&#39;"),
        // Code of somebody else's would not end where it should.
        _ => text.replace('`', "'"),
    };
    out.write_str(&text).map_err(minijinja::Error::from)
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Link {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Entry {
    headline: String,
    verdict: String,
    metrics: Vec<String>,
    open: String,
}

/// What templates may use.
#[derive(Serialize)]
struct Context<'e> {
    headline: String,
    target: String,
    demo: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'e str,
    /// The whole document.
    event: &'e Event,
    message: Option<String>,
    facts: Vec<Fact>,
    metrics: Vec<String>,
    findings: Vec<String>,
    waiting: Vec<Entry>,
    more_waiting: usize,
    drift: Vec<String>,
    open: Option<&'e str>,
    links: Vec<Link>,
}

fn context_of(event: &Event) -> Context<'_> {
    let bare = Context {
        headline: say::headline(event),
        target: clean_line(&event.target),
        demo: event.demo,
        kind: event.kind.name(),
        id: event.id.as_str(),
        event,
        message: None,
        facts: Vec::new(),
        metrics: Vec::new(),
        findings: Vec::new(),
        waiting: Vec::new(),
        more_waiting: 0,
        drift: Vec::new(),
        open: None,
        links: Vec::new(),
    };
    match &event.data {
        Data::Version(data) => {
            let drift = data.drift.iter().take(MOST).map(finding_of_drift);
            Context {
                facts: facts(event.kind, data),
                metrics: metrics(data),
                findings: findings(data),
                drift: drift.chain(data.running.iter().map(witness)).collect(),
                open: Some(&data.open),
                links: links(data),
                ..bare
            }
        }
        Data::Digest(digest) => Context {
            waiting: digest.waiting.iter().take(MOST).map(entry).collect(),
            more_waiting: digest.waiting.len().saturating_sub(MOST),
            drift: digest.drift.iter().take(MOST).map(finding_of_drift).collect(),
            ..bare
        },
        Data::Test(test) => Context { message: Some(clean_line(&test.message)), ..bare },
    }
}

fn facts(kind: EventKind, data: &VersionData) -> Vec<Fact> {
    let line = |text: &str| shorten(&clean_line(text), LONGEST);
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| Fact { name, value }));
    fact(
        "By",
        match kind {
            EventKind::CdWaiting | EventKind::CdSucceeded | EventKind::CdFailed | EventKind::Seen => {
                data.actor.as_deref().map(line)
            }
            _ => Some(data.actor.as_deref().map_or_else(|| NOBODY.to_owned(), line)),
        },
    );
    fact("Reason", data.reason.as_deref().map(|reason| line(reason.trim())));
    fact("Verdict", data.verdict.as_ref().map(|verdict| say::verdict(verdict.state).to_owned()));
    fact("In production", data.production.map(|number| format!("v{number}")));
    fact("Trained by", data.trainer.as_deref().map(line));
    fact("Commit", data.commit.as_deref().map(line));
    fact("Pull request", data.pull_request.as_ref().map(|pull| format!("#{}", pull.number)));
    fact("Release", data.tag.as_deref().map(line));
    fact("Description", Some(line(&data.description)).filter(|text| !text.is_empty()));
    facts
}

fn metrics(data: &VersionData) -> Vec<String> {
    data.metrics.iter().take(FEW).map(say::metric).collect()
}

/// The rules that are not met.
fn findings(data: &VersionData) -> Vec<String> {
    use crate::domain::check::CheckState;
    let all = data.verdict.iter().flat_map(|verdict| &verdict.findings);
    let bad = all.filter(|finding| finding.state != CheckState::Pass);
    let line = |finding: &crate::domain::policy::told::ToldFinding| {
        format!("{}: {}", say::verdict(finding.state), shorten(&clean_line(&finding.detail), LONGEST))
    };
    bad.take(FEW).map(line).collect()
}

fn links(data: &VersionData) -> Vec<Link> {
    let safe = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    let link = |name, url: Option<&String>| url.filter(safe).map(|url| Link { name, url: clean_line(url) });
    [
        link("In MLflow", data.url.as_ref()),
        link("Pull request", data.pull_request.as_ref().map(|pull| &pull.url)),
        link("On GitHub", data.page.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn entry(data: &VersionData) -> Entry {
    let verdict = data.verdict.as_ref().map_or("not judged", |verdict| say::verdict(verdict.state));
    let metrics = metrics(data).into_iter().take(1).collect();
    Entry { headline: say::name(data), verdict: verdict.to_owned(), metrics, open: data.open.clone() }
}

/// A finding of drift in words: what, and why.
fn finding_of_drift(finding: &serde_json::Value) -> String {
    let text = |key: &str| finding.get(key).and_then(serde_json::Value::as_str).map(clean_line);
    let version = finding.get("version").and_then(serde_json::Value::as_u64);
    let of = match (text("model"), version) {
        (Some(model), Some(version)) => format!("{model} v{version}: "),
        _ => String::new(),
    };
    let reason = text("reason").or_else(|| text("kind")).unwrap_or_default();
    format!("{of}{}", shorten(&reason, LONGEST))
}

fn witness(said: &serde_json::Value) -> String {
    let text = |key: &str| said.get(key).and_then(serde_json::Value::as_str).map(clean_line).unwrap_or_default();
    format!("{} {}: {}", text("name"), text("state"), shorten(&text("reason"), LONGEST))
}

#[cfg(test)]
mod tests;
