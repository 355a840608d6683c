//! Files of runs and logged models. A workspace does not serve them: it signs links to the cloud storage, which is
//! another host and must never see our token. A link is a credential of its own, and is neither logged nor kept.
//!
//! Sources: MLflow's `databricks_artifact_repo*.py` (read at 3.17) and its protocol.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::AsyncWrite;
use url::Url;

use super::identity::WorkspaceId;
use super::links;
use super::neighbours::Neighbours;
use super::own_files::OwnFiles;
use super::wire;
use crate::adapters::http::{About, Access, Answer, Call, Dialect, Plain, Said, Secrets, Server, Wire};
use crate::adapters::mlflow::{Mlflow, artifacts as files, client};
use crate::domain::address::is_loopback;
use crate::domain::artifact::{ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::history::History;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::ports::tracking::TrackingServer;

/// The shortest value in a link's query that is kept out of every text.
const SHORTEST_SECRET: usize = 8;

/// A workspace's tracking server: MLflow's, with files behind signed links and pages of its own.
#[derive(Debug)]
pub(super) struct DatabricksTracking {
    api: Arc<Mlflow>,
    /// Of the workspace that the tracking server is in.
    id: WorkspaceId,
    /// To the storage.
    wire: Wire,
    others: Neighbours,
}

/// A link to one file. Has no `Debug`, as it is a secret.
struct Link {
    server: Server,
    call: Call,
}

impl DatabricksTracking {
    pub(super) fn new(api: Arc<Mlflow>, id: WorkspaceId, wire: Wire, others: Neighbours) -> Self {
        Self { api, id, wire, others }
    }

    /// Asks for a link to the file.
    async fn link(&self, root: &ArtifactRoot, path: &str) -> Outcome<Link> {
        let what = files::reading(root, path);
        files::check(path, false, &what)?;
        let vended = match root {
            ArtifactRoot::Run(run) => {
                let body = json!({"run_id": run.as_str(), "path": [path]});
                let call = client::search("artifacts/credentials-for-read", &what, &body);
                let answer: wire::RunCredentials = self.api.tracking.json(call).await?;
                answer.credential_infos.into_iter().next()
            }
            ArtifactRoot::LoggedModel(id) => {
                let id = files::model_id(id, &what)?;
                let body = json!({"paths": [path]});
                let at = format!("logged-models/{id}/artifacts/credentials-for-download");
                let answer: wire::ModelCredentials = self.api.tracking.json(client::search(&at, &what, &body)).await?;
                answer.credentials.into_iter().next().map(|one| one.credential_info)
            }
            // The workspace hands them out itself.
            ArtifactRoot::Version(..) => None,
        };
        let odd = |why: &str| Failure::new(FailureKind::Protocol, Service::Mlflow, &what, why);
        let vended = vended.ok_or_else(|| odd("the workspace gave no link to the file"))?;
        self.open(&vended, &what).await
    }

    fn own<'a>(&'a self, root: &'a ArtifactRoot) -> Option<OwnFiles<'a>> {
        let ArtifactRoot::Version(model, number) = root else { return None };
        Some(OwnFiles { api: &self.api, model, number: *number })
    }

    async fn open(&self, vended: &wire::Credential, what: &str) -> Outcome<Link> {
        // Neither the address nor a header's value is quoted: they are credentials.
        let odd = |why: &str| Failure::new(FailureKind::Protocol, Service::Mlflow, what, why);
        let url = Url::parse(&vended.signed_uri).map_err(|_| odd("the link to the file is not a web address"))?;
        if url.host_str().is_none() || !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url))) {
            return Err(odd("the link to the file does not begin with https://"));
        }
        let mut secrets: Vec<SecretString> = url.query().map(SecretString::from).into_iter().collect();
        secrets.extend(
            url.query_pairs().filter(|(_, v)| v.len() >= SHORTEST_SECRET).map(|(_, v)| SecretString::from(&*v)),
        );
        let mut call = Call::new(Method::GET, target(&url), Access::Read, what);
        for header in &vended.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_str(&header.value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(odd("the link to the file needs a header that cannot be sent"));
            };
            value.set_sensitive(true);
            if header.value.len() >= SHORTEST_SECRET {
                secrets.push(SecretString::from(header.value.as_str()));
            }
            call = call.header(name, value);
        }
        let place = url.origin().ascii_serialization();
        let base = Url::parse(&place).map_err(|_| odd("the link to the file is not a web address"))?;
        // No header of the workspace's: the storage gets what was vended, and nothing else.
        let carrier = Plain::new(self.wire.client(&base).await?, base, HeaderMap::new());
        let server = Server::new(place, Box::new(Storage), Secrets::of(secrets), carrier, self.wire.settings());
        Ok(Link { server, call })
    }
}

/// Path and query of a link, as it was signed.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Whether another link may work: the storage refuses one that has ended.
fn has_ended(failure: &Failure) -> bool {
    failure.kind == FailureKind::Forbidden
}

#[async_trait]
impl TrackingServer for DatabricksTracking {
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>> {
        self.api.experiments(page).await
    }

    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment> {
        self.api.experiment(id).await
    }

    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>> {
        self.api.search_runs(query).await
    }

    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        let (mut here, mut found) = (Vec::new(), Vec::new());
        for run in runs {
            match self.others.with(run.as_str()).await {
                Some(there) => {
                    let run = std::slice::from_ref(run);
                    found.extend(there.api.histories(run, metric, window, max_points).await?);
                }
                None => here.push(run.clone()),
            }
        }
        if !here.is_empty() {
            found.extend(self.api.histories(&here, metric, window, max_points).await?);
        }
        // As they were asked for.
        found.sort_by_key(|history| runs.iter().position(|run| *run == history.run));
        Ok(found)
    }

    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        if let Some(there) = self.others.files(root).await {
            return there.artifacts(root, path).await;
        }
        match self.own(root) {
            Some(own) => own.list(path).await,
            None => self.api.artifacts(root, path).await,
        }
    }

    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead> {
        if let Some(there) = self.others.files(root).await {
            return there.artifact_head(root, path, limit).await;
        }
        if let Some(own) = self.own(root) {
            let (server, call) = self.api.registry.ready(own.file(path)?).await?;
            return files::head(server, call, limit).await.map_err(|failure| own.told(failure));
        }
        let link = self.link(root, path).await?;
        let mut read = files::head(&link.server, link.call, limit).await;
        if read.as_ref().is_err_and(has_ended) {
            let link = self.link(root, path).await?;
            read = files::head(&link.server, link.call, limit).await;
        }
        match read {
            Ok(head) => Ok(head),
            Err(failure) => Err(self.api.explain(root, path, failure).await),
        }
    }

    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        if let Some(there) = self.others.files(root).await {
            return there.download(root, path, into, progress).await;
        }
        let what = files::saving(root, path);
        if let Some(own) = self.own(root) {
            let (server, call) = self.api.registry.ready(own.file(path)?).await?;
            let body = files::download(server, &call).await.map_err(|failure| own.told(failure))?;
            return files::save(body, &what, into, progress).await;
        }
        let first = self.link(root, path).await?;
        let failure = match files::download(&first.server, &first.call).await {
            Ok(body) => return files::save(body, &what, into, progress).await,
            Err(failure) => failure,
        };
        if !has_ended(&failure) {
            return Err(self.api.explain(root, path, failure).await);
        }
        let second = self.link(root, path).await?;
        match files::download(&second.server, &second.call).await {
            Ok(body) => files::save(body, &what, into, progress).await,
            Err(failure) => Err(self.api.explain(root, path, failure).await),
        }
    }

    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel> {
        self.api.logged_model(id).await
    }

    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile> {
        self.api.mlmodel_from(self, version).await
    }

    fn experiment_page(&self, id: &ExperimentId) -> Option<String> {
        Some(links::experiment(self.api.tracking.base(), self.id.get(), id))
    }

    fn logged_model_page(&self, experiment: &ExperimentId, id: &str) -> Option<String> {
        Some(links::logged_model(self.api.tracking.base(), self.id.get(), experiment, id))
    }
}

/// Codes of storages for a link, or the credential in it, that has ended.
const ENDED: [&str; 5] =
    ["ExpiredToken", "TokenRefreshRequired", "RequestExpired", "InvalidToken", "AuthenticationFailed"];

/// Cloud storage: what it says is XML in three dialects, and its status says enough.
#[derive(Debug)]
struct Storage;

impl Dialect for Storage {
    fn service(&self) -> Service {
        Service::Mlflow
    }

    fn said(&self, _body: &[u8]) -> Option<Said> {
        None
    }

    /// A link that has ended is a 403 on S3 and Azure; a 400 with a word for it on Google and for S3's session tokens,
    /// and a 401 behind some gateways.
    fn quirk(&self, answer: &Answer, _said: &Said) -> Option<FailureKind> {
        let says = |word: &&str| answer.body.windows(word.len()).any(|text| text == word.as_bytes());
        match answer.status {
            // Files are signed for whether or not they exist.
            404 => Some(FailureKind::NotFound),
            400 if ENDED.iter().any(says) => Some(FailureKind::Forbidden),
            401 => Some(FailureKind::Forbidden),
            _ => None,
        }
    }

    fn hint(&self, about: About<'_>) -> Option<String> {
        let hint = match about {
            About::Certificate => "If your company has its own authority, its PEM file must hold the storage's too.",
            About::Slow => "Try again; the storage may be reached through a slow proxy.",
            About::Forbidden { .. } => {
                "Two signed links in turn were refused: check this machine's clock, and whether the storage may be \
                 reached from this network."
            }
            About::NotFound { .. } => return None,
            About::Moved => "Links are not followed anywhere else; a proxy may be in between.",
        };
        Some(hint.to_owned())
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        ("asks for credentials, although the link is signed", "A proxy may be in between; try again.")
    }

    fn has_pages(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_link_is_used_exactly_as_it_was_signed() {
        let url = Url::parse("https://b.s3.amazonaws.com/a%20b/c+d?X-Amz-Signature=a%2Fb&x=1").unwrap();
        assert_eq!(target(&url), "/a%20b/c+d?X-Amz-Signature=a%2Fb&x=1");
    }
}
