//! Carries a store's requests by our own HTTP client: its certificates and its proxies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use url::Url;

use crate::adapters::http::{Settings, Tls, Wire};
use crate::domain::failure::{Failure, FailureKind, Service};

/// How long the machine's metadata service may take: it is on this machine, or nowhere.
const METADATA_PATIENCE: Duration = Duration::from_secs(2);
/// The hosts that hand out the credentials of a machine or a task. They speak http only.
const METADATA: [&str; 4] = ["169.254.169.254", "169.254.170.2", "[fd00:ec2::254]", "metadata.google.internal"];

/// Our client, as the library wants it.
#[derive(Clone, Debug)]
pub(super) struct Carrier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    wire: Wire,
    /// Origins that the user set themselves, which may speak http.
    plain: Vec<String>,
    /// Of them, that of the metadata service.
    metadata: Option<String>,
    /// The metadata service was asked, and is not there.
    is_alone: AtomicBool,
}

impl Carrier {
    /// `plain` are addresses that the user set; the last is that of the metadata service.
    pub(super) fn new(tls: Tls, plain: &[&str], metadata: Option<&str>) -> Self {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
        let plain = plain.iter().copied().chain(metadata).filter_map(origin).collect();
        let wire = Wire::new(Settings { tls, ..Settings::default() });
        let metadata = metadata.and_then(origin);
        Self(Arc::new(Inner { wire, plain, metadata, is_alone: AtomicBool::new(false) }))
    }

    /// Whether nobody on this machine hands out credentials.
    pub(super) fn is_alone(&self) -> bool {
        self.0.is_alone.load(Ordering::Relaxed)
    }

    /// The region of a bucket of Amazon's, as its front door says to anybody.
    pub(super) async fn region(&self, bucket: &str) -> Option<String> {
        let url = Url::parse(&format!("https://s3.amazonaws.com/{bucket}")).ok()?;
        let client = self.0.wire.client(&url).await.ok()?;
        let asked = tokio::time::timeout(self.timeout(), client.head(url).send());
        let answer = asked.await.ok()?.ok()?;
        let region = answer.headers().get("x-amz-bucket-region")?.to_str().ok()?;
        let is_plain = region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_plain.then(|| region.to_owned())
    }

    pub(super) fn timeout(&self) -> Duration {
        self.0.wire.settings().timeout
    }
}

impl Inner {
    fn is_metadata(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| METADATA.contains(&host))
            || self.metadata.as_ref().is_some_and(|origin| *origin == url.origin().ascii_serialization())
    }
}

impl HttpConnector for Carrier {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Carrier {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Inner { wire, plain, is_alone, .. } = &*self.0;
        let failed = |kind, reason: &str| {
            HttpError::new(kind, Failure::new(FailureKind::Unavailable, Service::Mlflow, "ask the store", reason))
        };
        let url = Url::parse(&request.uri().to_string())
            .map_err(|_| failed(HttpErrorKind::Unknown, "its address is no web address"))?;
        let is_metadata = self.0.is_metadata(&url);
        if url.scheme() != "https" && !is_metadata && !plain.contains(&url.origin().ascii_serialization()) {
            return Err(failed(HttpErrorKind::Unknown, "http:// was not asked for, and would show credentials"));
        }
        let client = wire.client(&url).await.map_err(|failure| HttpError::new(HttpErrorKind::Unknown, failure))?;
        let patience = if is_metadata { METADATA_PATIENCE } else { wire.settings().timeout };
        let answer = match tokio::time::timeout(patience, client.call(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(failed(HttpErrorKind::Timeout, "it did not answer in time")),
        };
        if is_metadata {
            let is_there = answer.as_ref().is_ok_and(|answer| answer.status() != http::StatusCode::NOT_FOUND);
            is_alone.store(!is_there, Ordering::Relaxed);
        }
        answer
    }
}
