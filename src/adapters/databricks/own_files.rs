//! Files of a version itself, in Unity Catalog: the workspace hands them out by its Files API, whoever made them and
//! wherever the run was (`databricks_sdk_models_artifact_repo.py`, read at 3.17).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::catalog::needs_reading;
use super::wire;
use crate::adapters::http::{Call, Part, read_pages};
use crate::adapters::mlflow::{Mlflow, artifacts as files, client};
use crate::domain::artifact::{ArtifactEntry, ArtifactRoot};
use crate::domain::failure::{Failure, Outcome, Service};
use crate::domain::ids::{ModelName, VersionNumber};

/// Most pages of a folder that are read. One has up to a thousand names.
const MAX_PAGES: usize = 20;
/// Characters that are sent as they are in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A version whose files are read.
pub(super) struct OwnFiles<'a> {
    pub api: &'a Mlflow,
    pub model: &'a ModelName,
    pub number: VersionNumber,
}

impl OwnFiles<'_> {
    fn root(&self) -> ArtifactRoot {
        ArtifactRoot::Version(self.model.clone(), self.number)
    }

    /// The folder of the version, as the API names it.
    fn folder(&self) -> String {
        format!("/Models/{}/{}", self.model.as_str().replace('.', "/"), self.number.0)
    }

    fn call(&self, kind: &str, path: &str, what: &str) -> Call {
        let whole = if path.is_empty() { self.folder() } else { format!("{}/{path}", self.folder()) };
        let encoded: Vec<_> = whole.split('/').map(|part| utf8_percent_encode(part, PATH).to_string()).collect();
        client::get_raw(&format!("api/2.0/fs/{kind}{}", encoded.join("/")), what)
    }

    pub(super) async fn list(&self, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        let path = path.trim_end_matches('/');
        let what = files::listing(&self.root(), path);
        files::check(path, true, &what)?;
        let first = self.call("directories", path, &what);
        let listed = read_pages(Service::Mlflow, &what, MAX_PAGES, |token| {
            let call = if token.is_empty() { first.clone() } else { first.clone().query("page_token", token) };
            async {
                let (page, bytes) = self.api.registry.sized::<wire::Directory>(call).await?;
                Ok(Part::new(page.contents, page.next_page_token, bytes))
            }
        });
        let listed = listed.await.map_err(|failure| self.told(failure))?;
        let below = format!("{}/", self.folder());
        let entry = |found: wire::DirectoryEntry| {
            let path = found.path.strip_prefix(&below)?.to_owned();
            let size = found.file_size.0.and_then(|n| u64::try_from(n).ok()).filter(|_| !found.is_directory);
            Some(ArtifactEntry { path, is_dir: found.is_directory, size })
        };
        let mut entries: Vec<ArtifactEntry> = listed.items.into_iter().filter_map(entry).collect();
        entries.retain(|entry| files::directly_below(path, &entry.path));
        entries.sort_by(|a, b| (!a.is_dir, &a.path).cmp(&(!b.is_dir, &b.path)));
        entries.dedup();
        Ok(entries)
    }

    /// The request for a file.
    pub(super) fn file(&self, path: &str) -> Outcome<Call> {
        let what = files::reading(&self.root(), path);
        files::check(path, false, &what)?;
        Ok(self.call("files", path, &what))
    }

    /// Says which privilege is missing.
    pub(super) fn told(&self, failure: Failure) -> Failure {
        needs_reading(failure, self.model)
    }
}
