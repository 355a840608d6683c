//! Where an MLflow server is and how to authenticate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use crate::adapters::http::{Dialect, Settings, Tokens};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Below the 5 s after which uvicorn closes idle connections.
const IDLE: Duration = Duration::from_secs(4);

/// Everything needed to talk to one tracking server and its model registry.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The server with experiments and runs.
    pub tracking: Endpoint,
    /// The server with registered models; none if it is the tracking server, as usual.
    pub registry: Option<Endpoint>,
    /// Timeout, retries, certificates.
    pub settings: Settings,
    /// The MLflow workspace to use. Sent only to servers that say they have workspaces.
    pub workspace: Option<String>,
    /// The part of Unity Catalog whose models are listed: `CATALOG` or `CATALOG.SCHEMA`.
    pub catalog: Option<String>,
}

impl Connection {
    /// One server for both, with the default settings.
    pub fn new(tracking: Endpoint) -> Self {
        Self { tracking, registry: None, settings: Self::settings(), workspace: None, catalog: None }
    }

    /// The default settings for MLflow's servers.
    pub fn settings() -> Settings {
        Settings { idle: IDLE, ..Settings::default() }
    }
}

/// Makes a dialect for one kind of credentials.
pub(super) type Words = Arc<dyn Fn(&Auth) -> Box<dyn Dialect> + Send + Sync>;

/// One server.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    auth: Auth,
    /// Another server that speaks MLflow's API has words and hints of its own.
    words: Option<Words>,
}

impl Endpoint {
    /// Parses a server URL. Credentials in it are removed, and used if `auth` has none. The configuration handles URIs
    /// that are not server URLs.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if it is not a web URL.
    pub fn parse(uri: &str, auth: Auth) -> Outcome<Self> {
        let failure = |reason: String| {
            Failure::new(FailureKind::Config, Service::Config, "use the MLflow tracking URI", reason)
                .with_hint("It should look like http://127.0.0.1:5000.")
        };
        // The text itself is not quoted: it may contain a password.
        let mut url = Url::parse(uri.trim()).map_err(|e| failure(format!("it is not a web address ({e})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(failure("it starts with neither http:// nor https://".to_owned()));
        }
        let decode = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
        let auth = match (auth, url.username(), url.password()) {
            (Auth::None, user, Some(password)) => Auth::Basic { user: decode(user), password: decode(password).into() },
            (Auth::None, user, None) if !user.is_empty() => {
                Auth::Basic { user: decode(user), password: String::new().into() }
            }
            (auth, ..) => auth,
        };
        // A URL with a host always accepts these.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        // A URL copied from the browser ends in `#/models`.
        url.set_fragment(None);
        url.set_query(None);
        Ok(Self { url, auth, words: None })
    }

    /// The same server with another dialect.
    pub(in crate::adapters) fn with_dialect(
        self,
        words: impl Fn(&Auth) -> Box<dyn Dialect> + Send + Sync + 'static,
    ) -> Self {
        Self { words: Some(Arc::new(words)), ..self }
    }

    /// What makes its dialect, if that is not MLflow's own.
    pub(super) fn words(&self) -> Option<&Words> {
        self.words.as_ref()
    }

    /// Whether it is MLflow's own server, and none that only speaks its API.
    pub(in crate::adapters) fn is_mlflow(&self) -> bool {
        self.words.is_none()
    }

    /// The URL, without credentials, query, fragment or trailing slash.
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    pub(super) fn address(&self) -> &Url {
        &self.url
    }

    /// How to authenticate.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url()).field("auth", &self.auth).finish()
    }
}

/// How to authenticate. Its `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// No authentication.
    #[default]
    None,
    /// User and password (`MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`).
    Basic {
        /// The user's name.
        user: String,
        password: SecretString,
    },
    /// A token (`MLFLOW_TRACKING_TOKEN`), usually for a proxy in front: MLflow's own basic-auth app rejects tokens.
    Bearer(SecretString),
    /// Tokens that end and are renewed.
    Renewed(Arc<dyn Tokens>),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn addresses_are_taken_with_prefix_and_without_what_a_browser_adds() {
        for (uri, url) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("https://mlflow.acme.example/team/", "https://mlflow.acme.example/team"),
            (" HTTP://Host:80/#/models?x=1 ", "http://host"),
        ] {
            assert_eq!(Endpoint::parse(uri, Auth::None).unwrap().url(), url);
        }
    }

    #[test]
    fn credentials_leave_the_address_and_are_never_printed() {
        let endpoint = Endpoint::parse("https://ann:p%40ss@host/x", Auth::None).unwrap();
        assert_eq!(endpoint.url(), "https://host/x");
        let Auth::Basic { user, password } = endpoint.auth() else { panic!("no credentials") };
        assert_eq!((user.as_str(), password.expose_secret()), ("ann", "p@ss"));
        let shown = format!("{:?}", Connection::new(endpoint));
        assert!(!shown.contains("p@ss") && !shown.contains("p%40ss"), "{shown}");
    }

    #[test]
    fn configured_credentials_win_over_those_in_the_address() {
        let endpoint = Endpoint::parse("https://ann:pw@host", Auth::Bearer("t".to_owned().into())).unwrap();
        assert!(matches!(endpoint.auth(), Auth::Bearer(_)));
    }

    #[test]
    fn what_is_no_web_address_is_refused_without_repeating_it() {
        for uri in ["", "http://", "ftp://u:s3cret@host", "postgresql://u:s3cret@db/x", "./mlruns"] {
            let failure = Endpoint::parse(uri, Auth::None).unwrap_err();
            assert!(failure.kind == FailureKind::Config && !format!("{failure:?}").contains("s3cret"), "{failure:?}");
        }
    }
}
