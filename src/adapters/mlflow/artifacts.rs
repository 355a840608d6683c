//! Files of runs and of logged models. Paths from a server are never trusted: see [`directly_below`].

use std::time::Duration;

use http::{HeaderValue, header};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::{Mlflow, client, convert, wire};
use crate::adapters::http::{Body, Call, Part, Server, read_pages};
use crate::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;

/// Most pages of a folder that are read. Most stores return one page, whatever the size.
const MAX_PAGES: usize = 50;
/// How long a download may take to start: the server fetches the file from its store before sending the first byte.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(600);

impl Mlflow {
    pub(in crate::adapters) async fn list_files(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        let path = path.trim_end_matches('/');
        let what = listing(root, path);
        check(path, true, &what)?;
        let first = list_call(root, path, &what)?;
        let listed = read_pages(Service::Mlflow, &what, MAX_PAGES, |token| {
            let call = if token.is_empty() { first.clone() } else { first.clone().query("page_token", token) };
            async {
                let read = self.tracking.function::<wire::FilePage>(call).await?;
                let (page, bytes) = read.ok_or_else(|| no_logged_models(root, &what))?;
                Ok(Part::new(page.files, page.next_page_token, bytes))
            }
        });
        let mut entries: Vec<ArtifactEntry> = listed.await?.items.into_iter().map(convert::entry).collect();
        entries.retain(|entry| {
            let inside = directly_below(path, &entry.path);
            if !inside {
                tracing::warn!(path = %clean_line(&entry.path), "left out a path that leads out of its folder");
            }
            inside
        });
        entries.sort_by(|a, b| (!a.is_dir, &a.path).cmp(&(!b.is_dir, &b.path)));
        entries.dedup();
        Ok(entries)
    }

    pub(in crate::adapters) async fn file_head(
        &self,
        root: &ArtifactRoot,
        path: &str,
        limit: usize,
    ) -> Outcome<ArtifactHead> {
        let (server, call) = self.tracking.ready(file_call(root, path)?).await?;
        match head(server, call, limit).await {
            Ok(head) => Ok(head),
            Err(failure) => Err(self.explain(root, path, failure).await),
        }
    }

    pub(in crate::adapters) async fn save_file(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        let (server, call) = self.tracking.ready(file_call(root, path)?).await?;
        let body = match download(server, &call).await {
            Ok(body) => body,
            Err(failure) => return Err(self.explain(root, path, failure).await),
        };
        save(body, &saving(root, path), into, progress).await
    }

    /// The address of the files, as MLflow keeps it.
    pub(in crate::adapters) async fn files_uri(&self, root: &ArtifactRoot) -> Outcome<String> {
        let what = format!("find out where the files of {} are", owner(root));
        match root {
            ArtifactRoot::Run(run) => {
                let call = client::get("runs/get", &what).query("run_id", run.as_str());
                let answer: wire::OneRun = self.tracking.json(call).await?;
                Ok(answer.run.info.artifact_uri)
            }
            ArtifactRoot::LoggedModel(id) => {
                let call = client::get(&format!("logged-models/{}", model_id(id, &what)?), &what);
                let read = self.tracking.function::<wire::OneLoggedModel>(call).await?;
                let (answer, _) = read.ok_or_else(|| no_logged_models(root, &what))?;
                Ok(answer.model.info.artifact_uri)
            }
            ArtifactRoot::Version(..) => Err(no_own_files(&what)),
        }
    }

    /// Improves the failure of reading a file. 2.22 answers a missing file, and a folder, with only an internal error
    /// (measured on 2.22.5); 3.x names paths inside its store. The folder listing tells what happened.
    pub(in crate::adapters) async fn explain(&self, root: &ArtifactRoot, path: &str, failure: Failure) -> Failure {
        if !matches!(failure.kind, FailureKind::NotFound | FailureKind::Protocol | FailureKind::Rejected) {
            return failure;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match self.list_files(root, folder).await.map(|all| all.into_iter().find(|e| e.path == path)) {
            Ok(None) => Failure {
                kind: FailureKind::NotFound,
                reason: format!("{} has no file {}", owner(root), shown(path)),
                hint: None,
                ..failure
            },
            Ok(Some(entry)) if entry.is_dir => Failure {
                kind: FailureKind::Rejected,
                reason: format!("{} is a folder", shown(path)),
                hint: None,
                ..failure
            },
            // The run, or the logged model, does not exist at all.
            Err(list) if list.kind == FailureKind::NotFound => Failure { operation: failure.operation, ..list },
            _ => failure,
        }
    }
}

/// The first `limit` bytes of the file that `call` reads.
pub(in crate::adapters) async fn head(server: &Server, call: Call, limit: usize) -> Outcome<ArtifactHead> {
    // One byte more than wanted shows whether there is more, even if no size is sent.
    let range = HeaderValue::from_str(&format!("bytes=0-{limit}")).ok();
    let call = range.into_iter().fold(call, |call, range| call.header(header::RANGE, range));
    let body = server.open(&call, server.timeout()).await?;
    let total = body.total;
    let (bytes, truncated) = body.first(limit).await?;
    Ok(ArtifactHead { bytes, truncated, total })
}

/// Opens the file that `call` reads, whole.
pub(in crate::adapters) async fn download<'a>(server: &'a Server, call: &'a Call) -> Outcome<Body<'a>> {
    server.open(call, server.timeout().max(DOWNLOAD_PATIENCE)).await
}

/// Writes a file that was opened to `into`. `what` is a phrase after "could not".
pub(in crate::adapters) async fn save(
    mut body: Body<'_>,
    what: &str,
    into: &mut (dyn AsyncWrite + Unpin + Send),
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Outcome<u64> {
    let local = |e: std::io::Error| Failure::new(FailureKind::Local, Service::Local, what, clean_line(&e.to_string()));
    let mut written = 0;
    while let Some(piece) = body.chunk().await? {
        into.write_all(piece.as_ref()).await.map_err(local)?;
        written += piece.as_ref().len() as u64;
        progress(written);
    }
    into.flush().await.map_err(local)?;
    Ok(written)
}

/// The phrase for listing a folder.
pub(in crate::adapters) fn listing(root: &ArtifactRoot, path: &str) -> String {
    format!("list the files {} of {}", shown(path.trim_end_matches('/')), owner(root))
}

/// The phrase for reading a file.
pub(in crate::adapters) fn reading(root: &ArtifactRoot, path: &str) -> String {
    format!("read {} of {}", shown(path), owner(root))
}

/// The phrase for saving a file.
pub(in crate::adapters) fn saving(root: &ArtifactRoot, path: &str) -> String {
    format!("save {} of {}", shown(path), owner(root))
}

/// Rejects paths that lead out of the root before they are sent.
pub(in crate::adapters) fn check(path: &str, root_too: bool, what: &str) -> Outcome<()> {
    if (root_too && path.is_empty()) || path.split('/').all(is_name) {
        return Ok(());
    }
    let reason = format!("'{}' is not a path below these files", clean_line(path));
    Err(Failure::new(FailureKind::Rejected, Service::Mlflow, what, reason))
}

/// Whether this can be the name of one file or folder.
fn is_name(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".." && !part.contains('\0')
}

/// Whether a path from a server is that of a direct entry of `folder`.
pub(in crate::adapters) fn directly_below(folder: &str, path: &str) -> bool {
    let name = if folder.is_empty() { Some(path) } else { path.strip_prefix(folder).and_then(|p| p.strip_prefix('/')) };
    name.is_some_and(|name| is_name(name) && !name.contains('/'))
}

fn list_call(root: &ArtifactRoot, path: &str, what: &str) -> Outcome<Call> {
    let (call, key) = match root {
        ArtifactRoot::Run(run) => (client::get("artifacts/list", what).query("run_id", run.as_str()), "path"),
        ArtifactRoot::LoggedModel(id) => {
            let at = format!("logged-models/{}/artifacts/directories", model_id(id, what)?);
            (client::get(&at, what), "artifact_directory_path")
        }
        ArtifactRoot::Version(..) => return Err(no_own_files(what)),
    };
    Ok(if path.is_empty() { call } else { call.query(key, path) })
}

fn file_call(root: &ArtifactRoot, path: &str) -> Outcome<Call> {
    let what = reading(root, path);
    check(path, false, &what)?;
    Ok(match root {
        ArtifactRoot::Run(run) => {
            client::get_raw("get-artifact", what).query("run_id", run.as_str()).query("path", path)
        }
        // Only the web UI's part of the API has it (measured on 3.17).
        ArtifactRoot::LoggedModel(id) => {
            let at = format!("ajax-api/2.0/mlflow/logged-models/{}/artifacts/files", model_id(id, &what)?);
            client::get_raw(&at, what).query("artifact_file_path", path)
        }
        ArtifactRoot::Version(..) => return Err(no_own_files(&what)),
    })
}

/// The id, if it is safe in a URL as it is. It may come from a version's source, which anybody may write.
pub(in crate::adapters) fn model_id<'a>(id: &'a str, what: &str) -> Outcome<&'a str> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return Ok(id);
    }
    let reason = format!("'{}' is not the id of a logged model", clean_line(id));
    Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason))
}

/// The failure for requesting what only 3.x has.
pub(in crate::adapters) fn no_logged_models(root: &ArtifactRoot, what: &str) -> Failure {
    let reason = match root {
        ArtifactRoot::Run(_) | ArtifactRoot::Version(..) => "the server lists no files",
        ArtifactRoot::LoggedModel(_) => "the server keeps no logged models; MLflow does since 3.0",
    };
    Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason)
}

/// The failure for files of a version itself.
fn no_own_files(what: &str) -> Failure {
    Failure::new(FailureKind::NotFound, Service::Mlflow, what, "the registry keeps no files of its own")
}

fn owner(root: &ArtifactRoot) -> String {
    match root {
        ArtifactRoot::Run(run) => format!("run {}", run.short()),
        ArtifactRoot::LoggedModel(id) => format!("logged model {}", clean_line(id)),
        ArtifactRoot::Version(model, number) => format!("{model} {number}"),
    }
}

fn shown(path: &str) -> String {
    if path.is_empty() { "at the root".to_owned() } else { clean_line(path) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::ids::RunId;

    #[test]
    fn only_entries_of_the_folder_itself_are_believed() {
        for (folder, path) in [("", "a"), ("", "..a"), ("plots", "plots/roc.png"), ("a/b", "a/b/c\\d")] {
            assert!(directly_below(folder, path), "{folder} {path}");
        }
        for (folder, path) in [
            ("", ""),
            ("", ".."),
            ("", "."),
            ("", "/etc"),
            ("", "a/b"),
            ("", "a\0"),
            ("plots", "plots"),
            ("plots", "plots/"),
            ("plots", "plots/.."),
            ("plots", "plotsx"),
            ("plots", "../plots/x"),
            ("plots", "/plots/x"),
            ("plots", "model/x"),
        ] {
            assert!(!directly_below(folder, path), "{folder} {path:?}");
        }
    }

    #[test]
    fn paths_out_of_the_root_are_not_even_asked_for() {
        let run = ArtifactRoot::Run(RunId::new("r"));
        for path in ["", "..", "a/../../b", "/etc/passwd", "a//b", "a/", "./a"] {
            let failure = file_call(&run, path).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
        }
    }

    #[test]
    fn an_id_cannot_lead_to_another_part_of_the_api() {
        for id in ["", "..", "m-1/../../x", "m-1?x", "m%2f"] {
            let failure = file_call(&ArtifactRoot::LoggedModel(id.to_owned()), "MLmodel").unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotFound, "{failure}");
        }
    }
}
