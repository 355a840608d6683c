//! What a text names that a person typed or pasted: a version, a run, an experiment, a tag, or a web page of one of these.

use percent_encoding::percent_decode_str;
use url::Url;

use super::VersionRef;
use crate::domain::address::{is_loopback, redacted};
use crate::domain::ids::{ExperimentId, ModelName, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::reference::Selector;
use crate::domain::text::clean_line;

/// What a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Version(VersionRef),
    Model(ModelName),
    Run(RunId),
    Experiment(ExperimentId),
    /// A tag, or the release on it.
    Tag(RepoSlug, TagName),
}

/// The servers of a target, whose pages mean something there.
#[derive(Clone, Copy, Debug)]
pub struct Servers<'a> {
    pub registry: &'a str,
    pub tracking: &'a str,
    /// The workspace in use, on servers that have workspaces and once it is known.
    pub workspace: Option<&'a str>,
    /// Host of the releases, such as `github.com`.
    pub host: &'a str,
}

/// Reads a spelling that can be told from a mere name: an address, `models:/…`, `runs:/…`, or the id of a run.
///
/// # Errors
/// A sentence that says why an address leads nowhere here.
pub fn spelled(text: &str, servers: Servers<'_>) -> Option<Result<Named, String>> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("runs:/") {
        let id = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
        return Some(match id {
            "" => Err("runs:/ names no run: its id follows, as in runs:/0123abcd…".to_owned()),
            id => Ok(Named::Run(RunId::new(id))),
        });
    }
    if let Some(rest) = text.strip_prefix("models:/") {
        return Some(match text.parse() {
            Ok(version) => Ok(Named::Version(version)),
            // MLflow addresses a logged model so, too: its id has no version.
            Err(_) if !rest.is_empty() && !rest.contains(['/', '@']) => Ok(Named::Model(ModelName::new(rest))),
            Err(why) => Err(why.0),
        });
    }
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(Ok(Named::Run(RunId::new(text.to_ascii_lowercase()))));
    }
    let lower = text.to_ascii_lowercase();
    (lower.starts_with("http://") || lower.starts_with("https://")).then(|| address(text, servers))
}

fn address(text: &str, servers: Servers<'_>) -> Result<Named, String> {
    let Ok(page) = Url::parse(text) else {
        return Err(format!("'{}' is not an address.", redacted(text)));
    };
    for base in [servers.registry, servers.tracking] {
        if let Some(rest) = below(&page, base) {
            return of_mlflow(&page, &rest, servers);
        }
    }
    if at_host(&page, servers.host) {
        return of_github(&page);
    }
    let here = match servers.registry == servers.tracking {
        true => servers.registry.to_owned(),
        false => format!("{}, {}", servers.registry, servers.tracking),
    };
    Err(format!(
        "That page is on {}, which is none of this target's servers ({here} and {}).",
        place(&page),
        servers.host
    ))
}

/// Scheme, host and port of an address, for messages: without what could be a secret.
pub fn place(page: &Url) -> String {
    clean_line(&page.origin().ascii_serialization())
}

/// The path of `page` below the address of a server; none if it is another server.
fn below(page: &Url, base: &str) -> Option<String> {
    let base = Url::parse(base).ok()?;
    let same_host = page.host() == base.host() || is_loopback(page) && is_loopback(&base);
    if !same_host || page.port_or_known_default() != base.port_or_known_default() || page.host().is_none() {
        return None;
    }
    let rest = page.path().strip_prefix(base.path().trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

fn at_host(page: &Url, host: &str) -> bool {
    let there = page.host_str().unwrap_or_default();
    let there = page.port().map_or_else(|| there.to_owned(), |port| format!("{there}:{port}"));
    there.trim_start_matches("www.").eq_ignore_ascii_case(host)
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// A page of MLflow's or a workspace's own web pages, whose route is behind the `#` or, in newer workspaces, in the path.
fn of_mlflow(page: &Url, path: &str, servers: Servers<'_>) -> Result<Named, String> {
    let fragment = page.fragment().unwrap_or_default();
    let (route, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    let route = if route.trim_matches('/').is_empty() { path } else { route };
    let asked = url::form_urlencoded::parse(query.as_bytes())
        .chain(page.query_pairs())
        .find_map(|(key, value)| (key == "workspace" && !value.is_empty()).then(|| value.into_owned()));
    if let (Some(asked), Some(here)) = (&asked, servers.workspace)
        && asked != here
    {
        let (asked, here) = (clean_line(asked), clean_line(here));
        return Err(format!("That page is in the workspace {asked}; this target uses the workspace {here}."));
    }
    let all: Vec<&str> = route.split('/').filter(|segment| !segment.is_empty()).collect();
    let segments = match all.as_slice() {
        ["mlflow" | "ml", rest @ ..] => rest,
        rest => rest,
    };
    let version = |name: String, number: &str| {
        let number: VersionNumber = number.parse().ok()?;
        Some(Named::Version(VersionRef { model: ModelName::new(name), selector: Selector::Number(number) }))
    };
    let found = match segments {
        ["models", name, "versions", number, ..] => version(decoded(name), number),
        ["models", name, ..] => Some(Named::Model(ModelName::new(decoded(name)))),
        ["experiments", _, "runs", run, ..] => Some(Named::Run(RunId::new(decoded(run)))),
        ["experiments", id, ..] => Some(Named::Experiment(ExperimentId::new(decoded(id)))),
        ["explore", "data", "models", catalog, schema, name, rest @ ..] => {
            let full = [catalog, schema, name].map(|part| decoded(part)).join(".");
            match rest {
                ["version", number, ..] => version(full, number),
                _ => Some(Named::Model(ModelName::new(full))),
            }
        }
        _ => None,
    };
    found.ok_or_else(|| format!("That page of {} shows no model, version, run or experiment.", place(page)))
}

fn of_github(page: &Url) -> Result<Named, String> {
    let segments: Vec<String> = page.path_segments().into_iter().flatten().map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
    let named = match segments.as_slice() {
        [owner, name, "releases", "tag", tag @ ..] | [owner, name, "tree", tag @ ..] if !tag.is_empty() => {
            let repo = format!("{owner}/{name}").parse().ok();
            repo.zip(tag.join("/").parse().ok()).map(|(repo, tag)| Named::Tag(repo, tag))
        }
        _ => None,
    };
    named.ok_or_else(|| {
        let place = place(page);
        format!(
            "That page of {place} is no tag and no release: its address would be {place}/OWNER/NAME/releases/tag/TAG."
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RUN: &str = "0123456789abcdef0123456789ABCDEF";

    fn servers(workspace: Option<&'static str>) -> Servers<'static> {
        Servers {
            registry: "http://127.0.0.1:5000/ml",
            tracking: "https://track.example",
            workspace,
            host: "github.com",
        }
    }

    fn read(text: &str) -> Result<Named, String> {
        spelled(text, servers(None)).unwrap()
    }

    fn version(model: &str, number: u64) -> Named {
        let selector = Selector::Number(VersionNumber(number));
        Named::Version(VersionRef { model: ModelName::new(model), selector })
    }

    #[test]
    fn pages_and_spellings_are_what_they_name() {
        for (text, named) in [
            (" models:/telco/3 ", version("telco", 3)),
            ("models:/telco", Named::Model(ModelName::new("telco"))),
            ("http://127.0.0.1:5000/ml/#/models/telco/versions/3", version("telco", 3)),
            ("http://localhost:5000/ml/#/models/telco/versions/3", version("telco", 3)),
            ("http://127.0.0.1:5000/ml/?workspace=a#/models/telco/versions/3", version("telco", 3)),
            ("http://127.0.0.1:5000/ml/#/models/a%2Fb%20c%3F/versions/12?workspace=a", version("a/b c?", 12)),
            ("http://127.0.0.1:5000/ml#/models/%E5%AE%A2", Named::Model(ModelName::new("客"))),
            ("https://track.example/#/experiments/7/runs/a1/artifacts", Named::Run(RunId::new("a1"))),
            ("https://track.example/#/experiments/7?x=1", Named::Experiment(ExperimentId::new("7"))),
            ("https://track.example/?o=4#mlflow/models/t/versions/2", version("t", 2)),
            ("https://track.example/ml/experiments/9/runs/b2?o=4", Named::Run(RunId::new("b2"))),
            ("https://track.example/explore/data/models/c/s/m/version/2?o=4", version("c.s.m", 2)),
            (RUN, Named::Run(RunId::new(RUN.to_ascii_lowercase()))),
            ("runs:/a1/model", Named::Run(RunId::new("a1"))),
            (
                "https://GitHub.com/acme/churn/releases/tag/team%2Fm-v3",
                Named::Tag("acme/churn".parse().unwrap(), "team/m-v3".parse().unwrap()),
            ),
            (
                "https://github.com/acme/churn/tree/m-v3",
                Named::Tag("acme/churn".parse().unwrap(), "m-v3".parse().unwrap()),
            ),
        ] {
            assert_eq!(read(text), Ok(named), "{text}");
        }
        for name in ["telco", "telco/3", "telco@champion", "telco-v3", "0123"] {
            assert_eq!(spelled(name, servers(None)), None, "{name} may be a name");
        }
    }

    #[test]
    fn pages_of_other_servers_and_workspaces_are_refused_with_a_sentence() {
        for (text, sentence) in [
            ("https://mlflow.prod/#/models/telco/versions/3", "https://mlflow.prod, which is none of this target's"),
            ("http://127.0.0.1:5001/ml/#/models/telco/versions/3", "none of this target's servers"),
            ("http://127.0.0.1:5000/other/#/models/telco/versions/3", "none of this target's servers"),
            ("https://127.0.0.1.example/ml/#/models/telco/versions/3", "none of this target's servers"),
            ("https://github.com.evil.example/acme/churn/releases/tag/v3", "none of this target's servers"),
            ("https://u:hunter2@evil.example/x", "https://evil.example"),
            ("https://github.com/acme/churn/pull/3", "is no tag and no release"),
            ("http://127.0.0.1:5000/ml/#/models/telco/versions/newest", "shows no model, version"),
            ("http://127.0.0.1:5000/ml/", "shows no model, version"),
            ("https://ho st/", "is not an address"),
            ("models:/@", "names no model version"),
            ("runs:/", "names no run"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(sentence) && !refused.contains("hunter2"), "{text}: {refused}");
        }
        let page = "http://127.0.0.1:5000/ml/#/models/telco/versions/3?workspace=b";
        let refused = spelled(page, servers(Some("a"))).unwrap().unwrap_err();
        assert!(refused.contains("in the workspace b; this target uses the workspace a"), "{refused}");
        assert!(spelled(page, servers(Some("b"))).unwrap().is_ok());
    }
}
