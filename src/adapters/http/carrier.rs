//! The trait that sends requests.

use std::fmt;

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::secrets::Secrets;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

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
    /// [`Unwritable`] if it cannot be sent as it is; a [`Failure`] if there are no credentials to send it with, and so
    /// it was not sent; otherwise the error below HTTP, with the [`reqwest::Error`] in its chain.
    async fn carry(&self, request: http::Request<Vec<u8>>) -> Result<Response, BoxError>;
}

/// A request that cannot be sent as it is, for example because of an invalid URL.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(pub String);

/// Where the bearer tokens of a server come from, if they end and are renewed.
#[async_trait]
pub trait Tokens: fmt::Debug + Send + Sync {
    /// A token that is valid now. Called for every request; renews the token before it ends.
    ///
    /// # Errors
    /// Of a kind that says that a request which needs the token was not sent.
    async fn token(&self) -> Outcome<SecretString>;
}

/// Sends with reqwest, with the same headers on every request.
pub struct Plain {
    client: reqwest::Client,
    base: Url,
    headers: HeaderMap,
    renewed: Option<(Arc<dyn Tokens>, Secrets)>,
}

impl Plain {
    /// `headers` hold the credentials for `base`.
    pub fn new(client: reqwest::Client, base: Url, headers: HeaderMap) -> Self {
        Self { client, base, headers, renewed: None }
    }

    /// Sends each request with a token of `tokens`, which `secrets` learns.
    pub fn with_tokens(self, tokens: Arc<dyn Tokens>, secrets: Secrets) -> Self {
        Self { renewed: Some((tokens, secrets)), ..self }
    }

    async fn signed(&self) -> Outcome<HeaderMap> {
        let mut headers = self.headers.clone();
        if let Some((tokens, secrets)) = &self.renewed {
            let token = tokens.token().await?;
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
                let reason = "the token that was issued holds characters that no token has";
                Failure::new(FailureKind::Unauthenticated, Service::Mlflow, "sign in", reason)
            })?;
            value.set_sensitive(true);
            secrets.learn([token]);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(headers)
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
        let mut headers = self.signed().await?;
        headers.extend(parts.headers);
        let mut sent = self.client.request(parts.method, url).headers(headers);
        if !body.is_empty() {
            sent = sent.body(body);
        }
        Ok(sent.send().await?.into())
    }
}
