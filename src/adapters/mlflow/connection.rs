//! Where an MLflow server is and how to prove who is asking.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;

/// How long a request may take when nothing else is configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything needed to talk to one tracking server and its model registry.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The server that keeps experiments and runs.
    pub tracking: Endpoint,
    /// The server that keeps registered models; none if it is the tracking server, as it usually is.
    pub registry: Option<Endpoint>,
    /// The longest one request may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How the server's certificate is checked.
    pub tls: Tls,
    /// The MLflow workspace to work in. Sent only to servers that say they have workspaces.
    pub workspace: Option<String>,
}

impl Connection {
    /// One server for both, with the usual timeout and certificate checks.
    pub fn new(tracking: Endpoint) -> Self {
        Self { tracking, registry: None, timeout: DEFAULT_TIMEOUT, tls: Tls::default(), workspace: None }
    }
}

/// How a server's certificate is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Accept any certificate (`MLFLOW_TRACKING_INSECURE_TLS`).
    pub insecure: bool,
    /// PEM bundle of the only authorities to trust (`MLFLOW_TRACKING_SERVER_CERT_PATH`); none trusts the system's.
    pub ca_file: Option<PathBuf>,
}

/// One server.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    auth: Auth,
}

impl Endpoint {
    /// Reads a tracking URI. Credentials written into the URI are taken out of it and used if `auth` has none.
    ///
    /// # Errors
    /// [`FailureKind::Config`], as [`endpoint_url`].
    pub fn parse(uri: &str, auth: Auth) -> Outcome<Self> {
        let (url, from_uri) = parse(uri)?;
        let auth = if matches!(auth, Auth::None) { from_uri } else { auth };
        Ok(Self { url, auth })
    }

    /// The address, without credentials, query, fragment or trailing slash.
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Whether the server is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    /// How to prove who is asking.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url()).field("auth", &self.auth).finish()
    }
}

/// How to prove who is asking. Its `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// User and password (`MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`).
    Basic {
        /// The user's name.
        user: String,
        password: SecretString,
    },
    /// A token (`MLFLOW_TRACKING_TOKEN`), usually for a proxy in front: MLflow's own basic-auth app refuses tokens.
    Bearer(SecretString),
}

/// Reads a tracking or registry URI and returns the address without credentials.
///
/// # Errors
/// [`FailureKind::Config`], with what to do, for an empty URI, a local store (`sqlite:`, `file:`, a path), a
/// database, Databricks, and anything else that is not `http` or `https`.
pub fn endpoint_url(uri: &str) -> Outcome<Url> {
    parse(uri).map(|(url, _)| url)
}

fn parse(uri: &str) -> Outcome<(Url, Auth)> {
    let uri = uri.trim();
    let scheme = match uri.split_once(':') {
        // A single letter is a Windows drive.
        Some((scheme, _))
            if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            scheme.to_ascii_lowercase()
        }
        _ => uri.to_ascii_lowercase(),
    };
    match scheme.as_str() {
        "http" | "https" => http(uri),
        "" => Err(config("no tracking URI is set").with_hint(
            "Set MLFLOW_TRACKING_URI to your server's address, such as http://127.0.0.1:5000, or run `signoff demo`.",
        )),
        s if s.starts_with("databricks") => Err(config("Databricks workspaces are not supported yet")
            .with_hint("Use the address of an open-source MLflow server for now.")),
        _ if is_host_and_port(uri) => Err(config(format!(
            "'{}' does not say how to talk to that server",
            clean_line(uri)
        ))
        .with_hint(format!("Write http://{} or https://{}.", clean_line(uri), clean_line(uri)))),
        s if s == "sqlite" || s == "file" || !uri.contains("://") => {
            let store = clean_line(uri);
            let store = if store.contains(' ') { format!("\"{store}\"") } else { store };
            Err(local(&format!("'{}'", clean_line(uri)), &store))
        }
        s if ["postgresql", "mysql", "mssql", "oracle"].iter().any(|db| s.starts_with(db)) => {
            // The URI of a database holds its password: it is not repeated.
            Err(local("a database", "<the database's URI>"))
        }
        s => Err(config(format!("'{}' is not a kind of server signoff can talk to", clean_line(s)))
            .with_hint("A tracking URI starts with http:// or https://.")),
    }
}

fn http(uri: &str) -> Outcome<(Url, Auth)> {
    let mut url = Url::parse(uri).map_err(|e| {
        config(format!("the tracking URI is not a web address ({e})"))
            .with_hint("It should look like http://127.0.0.1:5000.")
    })?;
    let decode = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
    let auth = match (url.username(), url.password()) {
        ("", None) => Auth::None,
        (user, password) => Auth::Basic { user: decode(user), password: decode(password.unwrap_or_default()).into() },
    };
    // A URL with a host always takes these.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    // An address copied from the browser ends in `#/models`.
    url.set_fragment(None);
    url.set_query(None);
    Ok((url, auth))
}

/// `localhost:5000`, as people write it.
fn is_host_and_port(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(host, rest)| {
        let port = rest.split('/').next().unwrap_or_default();
        host.len() > 1 && !host.contains('/') && port.parse::<u16>().is_ok()
    })
}

fn local(what: &str, store: &str) -> Failure {
    config(format!("{what} is a local store, and signoff talks to MLflow servers only")).with_hint(format!(
        "Serve it with `mlflow server --backend-store-uri {store} --port 5000` and set \
         MLFLOW_TRACKING_URI=http://127.0.0.1:5000."
    ))
}

fn config(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, Service::Config, "use the MLflow tracking URI", reason)
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
        assert_eq!(endpoint_url("http://ann:pw@host").unwrap().as_str(), "http://host/");
    }

    #[test]
    fn configured_credentials_win_over_those_in_the_address() {
        let endpoint = Endpoint::parse("https://ann:pw@host", Auth::Bearer("t".to_owned().into())).unwrap();
        assert!(matches!(endpoint.auth(), Auth::Bearer(_)));
    }

    #[test]
    fn local_stores_are_refused_with_the_command_that_serves_them() {
        for uri in ["sqlite:///mlflow.db", "file:///srv/mlruns", "./mlruns", "/srv/mlruns", "mlruns", "C:\\mlruns"] {
            let failure = endpoint_url(uri).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Config, "{uri}");
            assert!(failure.hint.as_deref().unwrap().contains("mlflow server --backend-store-uri"), "{failure:?}");
        }
        for (uri, part) in
            [("sqlite:///mlflow.db", "uri sqlite:///mlflow.db --port"), ("/my runs", "uri \"/my runs\" --port")]
        {
            let failure = endpoint_url(uri).unwrap_err();
            assert!(failure.hint.as_deref().unwrap().contains(part), "{failure:?}");
        }
    }

    #[test]
    fn a_host_without_a_scheme_is_told_apart_from_a_folder() {
        for uri in ["localhost:5000", "127.0.0.1:5000", "mlflow.acme.example:443/team"] {
            let failure = endpoint_url(uri).unwrap_err();
            assert!(failure.hint.as_deref().unwrap().starts_with(&format!("Write http://{uri} or")), "{failure:?}");
        }
    }

    #[test]
    fn a_databases_password_is_not_repeated() {
        let failure = endpoint_url("postgresql+psycopg2://u:secret@db/mlflow").unwrap_err();
        assert!(!format!("{failure:?}").contains("secret"));
    }

    #[test]
    fn other_uris_are_refused_with_a_sentence_of_their_own() {
        for (uri, part) in [
            ("", "no tracking URI"),
            ("databricks", "Databricks"),
            ("databricks-uc://profile", "Databricks"),
            ("ftp://host", "'ftp'"),
            ("http://", "not a web address"),
        ] {
            let failure = endpoint_url(uri).unwrap_err();
            assert!(failure.reason.contains(part), "{uri}: {failure:?}");
            assert!(failure.hint.is_some());
        }
    }
}
