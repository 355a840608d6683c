//! The trait that sends requests.

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;
use url::Url;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The head of a response, with its body still unread.
pub type Response = http::Response<reqwest::Body>;

/// Adds the credentials of one server to requests and sends them to that server only.
///
/// Sends once, follows no redirects, and has no timeout except for connecting: the rest is done by [`Server`].
///
/// [`Server`]: super::server::Server
#[async_trait]
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Sends a request whose URI is path and query below the server's base URL.
    ///
    /// # Errors
    /// [`Unwritable`] if it cannot be sent as it is; otherwise the error below HTTP, with the [`reqwest::Error`] in its
    /// chain.
    async fn carry(&self, request: http::Request<Vec<u8>>) -> Result<Response, BoxError>;
}

/// A request that cannot be sent as it is, for example because of an invalid URL.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(pub String);

/// Sends with reqwest, with the same headers on every request.
pub struct Plain {
    client: reqwest::Client,
    base: Url,
    headers: HeaderMap,
}

impl Plain {
    /// `headers` hold the credentials for `base`.
    pub fn new(client: reqwest::Client, base: Url, headers: HeaderMap) -> Self {
        Self { client, base, headers }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("base", &super::address::shown(&self.base)).finish_non_exhaustive()
    }
}

#[async_trait]
impl Carrier for Plain {
    async fn carry(&self, request: http::Request<Vec<u8>>) -> Result<Response, BoxError> {
        let (parts, body) = request.into_parts();
        let at = format!("{}{}", self.base.as_str().trim_end_matches('/'), parts.uri);
        let url = Url::parse(&at).map_err(|e| Unwritable(e.to_string()))?;
        if url.origin() != self.base.origin() {
            return Err(Box::new(Unwritable("its address is on another server".to_owned())));
        }
        let mut headers = self.headers.clone();
        headers.extend(parts.headers);
        let mut sent = self.client.request(parts.method, url).headers(headers);
        if !body.is_empty() {
            sent = sent.body(body);
        }
        Ok(sent.send().await?.into())
    }
}
