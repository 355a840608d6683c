//! Files: lists, signed links, and the cloud storage behind them, which is on a port of its own and knows no tokens.

use serde_json::{Value, json};
use signoff::domain::artifact::{ArtifactEntry, ArtifactRoot};
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::ports::tracking::TrackingServer as _;

use super::super::double::{Answer, Request};
use super::registry::listed;
use super::state::Workspace;
use super::tracking::{demo, said};
use super::{arg, denied, invalid, missing, ok};

/// The header that every request for a file must carry, as vended.
const HEADER: &str = "x-amz-server-side-encryption-customer-algorithm";

/// A link that was vended.
#[derive(Clone, Debug)]
pub struct Link {
    root: ArtifactRoot,
    path: String,
    /// Whether it has ended.
    pub stale: bool,
}

type Answered = Result<Answer, Answer>;

fn entries(state: &Workspace, root: &ArtifactRoot, path: &str) -> Answered {
    let entry = |e: &ArtifactEntry| {
        let mut body = json!({"path": e.path, "is_dir": e.is_dir});
        if let Some(size) = e.size {
            body["file_size"] = size.to_string().into();
        }
        body
    };
    let found = said(demo(state).artifacts(root, path))?;
    let mut body = listed("files", found.iter().map(entry).collect(), None);
    body["root_uri"] = "dbfs:/databricks/mlflow-tracking/x".into();
    Ok(ok(body))
}

pub(super) fn list(state: &Workspace, request: &Request) -> Answered {
    entries(state, &ArtifactRoot::Run(RunId::new(arg(request, "run_id"))), &arg(request, "path"))
}

pub(super) fn list_of_logged_model(state: &Workspace, request: &Request, id: &str) -> Answered {
    entries(state, &ArtifactRoot::LoggedModel(id.to_owned()), &arg(request, "artifact_directory_path"))
}

/// Signs whatever is asked for, whether it exists or not, as the real server does.
fn sign(state: &mut Workspace, root: &ArtifactRoot, paths: &Value) -> Result<Vec<Value>, Answer> {
    let Some(paths) = paths.as_array() else { return Err(invalid("The paths must be a list.")) };
    let mut signed = Vec::new();
    for path in paths.iter().filter_map(Value::as_str) {
        let stale = state.stale_links > 0;
        state.stale_links = state.stale_links.saturating_sub(1);
        let number = state.links.len();
        state.links.push(Link { root: root.clone(), path: path.to_owned(), stale });
        signed.push(json!({
            "path": path, "type": "AWS_PRESIGNED_URL",
            "signed_uri": format!(
                "{}/bucket/{number}?X-Amz-Expires=900&X-Amz-Signature={}", state.storage, signature(number)
            ),
            // `name`, and not `key`.
            "headers": [{"name": HEADER, "value": vended(number)}],
        }));
    }
    Ok(signed)
}

/// The secret part of a link's address.
pub(super) fn signature(number: usize) -> String {
    format!("51a9c0de{number:032x}")
}

fn vended(number: usize) -> String {
    format!("AES256-{number}")
}

pub(super) fn credentials_of_run(state: &mut Workspace, request: &Request) -> Answered {
    let run = RunId::new(arg(request, "run_id"));
    let mut signed = sign(state, &ArtifactRoot::Run(run.clone()), &request.body["path"])?;
    for info in &mut signed {
        info["run_id"] = run.as_str().into();
    }
    Ok(ok(json!({"credential_infos": signed})))
}

/// Takes `paths` instead of `path`, and answers with other names.
pub(super) fn credentials_of_logged_model(state: &mut Workspace, request: &Request, id: &str) -> Answered {
    let signed = sign(state, &ArtifactRoot::LoggedModel(id.to_owned()), &request.body["paths"])?;
    let all: Vec<Value> = signed.into_iter().map(|info| json!({"credential_info": info})).collect();
    Ok(ok(json!({"credentials": all})))
}

fn said_by_storage(status: u16, code: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>");
    Answer::file(status, body.as_bytes(), "application/xml")
}

/// Answers a request for a file by its link.
pub(super) fn stored(state: &Workspace, request: &Request) -> Answer {
    if request.header("authorization").is_some() {
        return said_by_storage(400, "InvalidArgument: Only one auth mechanism allowed");
    }
    let ["bucket", number] = request.segments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return said_by_storage(404, "NoSuchBucket");
    };
    let number: usize = number.parse().unwrap_or(usize::MAX);
    let Some(link) = state.links.get(number) else { return said_by_storage(404, "NoSuchKey") };
    let signed = request.query("X-Amz-Signature") == Some(&signature(number));
    if link.stale {
        return said_by_storage(state.says_ended.0, state.says_ended.1);
    }
    if !signed || request.header(HEADER) != Some(&vended(number)) {
        return said_by_storage(403, "AccessDenied");
    }
    match said(demo(state).artifact_head(&link.root, &link.path, usize::MAX)) {
        Ok(file) => part(&file.bytes, request.header("range")),
        Err(_) => said_by_storage(404, "NoSuchKey"),
    }
}

/// The whole file, or the range that was asked for.
fn part(bytes: &[u8], range: Option<&str>) -> Answer {
    let kind = "application/octet-stream";
    let last = range.and_then(|r| r.strip_prefix("bytes=0-")?.parse::<usize>().ok());
    match last.filter(|_| !bytes.is_empty()) {
        Some(last) => {
            let last = last.min(bytes.len() - 1);
            Answer::file(206, &bytes[..=last], kind).with("content-range", &format!("bytes 0-{last}/{}", bytes.len()))
        }
        None => Answer::file(200, bytes, kind),
    }
}

/// The Files API for a version: `fs/directories` and `fs/files`, below `/Models/CATALOG/SCHEMA/MODEL/VERSION`.
pub(super) fn of_version(state: &Workspace, kind: &str, path: &[&str], request: &Request) -> Answer {
    let [catalog, schema, model, number, rest @ ..] = path else { return missing("The path has no version.") };
    if state.browse_only.contains(model) {
        return denied("User does not have EXECUTE on Routine or Model.");
    }
    let root = ArtifactRoot::Version(ModelName::new(*model), VersionNumber(number.parse().unwrap_or_default()));
    let below = format!("/Models/{catalog}/{schema}/{model}/{number}");
    let at = rest.join("/");
    match kind {
        "files" => match said(demo(state).artifact_head(&root, &at, usize::MAX)) {
            Ok(file) => part(&file.bytes, request.header("range")),
            Err(_) => missing("The file being accessed is not found."),
        },
        _ => match said(demo(state).artifacts(&root, &at)) {
            Ok(entries) if entries.is_empty() => missing("The directory being accessed is not found."),
            Ok(entries) => {
                let entry = |e: &ArtifactEntry| {
                    let name = e.path.rsplit('/').next();
                    let mut body =
                        json!({"path": format!("{below}/{}", e.path), "is_directory": e.is_dir, "name": name});
                    if let Some(size) = e.size {
                        body["file_size"] = size.into();
                    }
                    body
                };
                ok(json!({"contents": entries.iter().map(entry).collect::<Vec<_>>()}))
            }
            Err(_) => missing("The directory being accessed is not found."),
        },
    }
}
