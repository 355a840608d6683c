//! Tracking and registry URIs, as MLflow's client parses them (`mlflow/utils/uri.py`, read at 3.17).

use std::fmt;

use url::Url;

use super::address;
use crate::domain::address::redacted;
use crate::domain::text::clean_line;

/// What a tracking or registry URI names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An MLflow server.
    Server(Url),
    /// `databricks`: a Databricks workspace, its tracking server or its own registry.
    Workspace(Login),
    /// `databricks-uc`: Unity Catalog, by way of a Databricks workspace.
    Catalog(Login),
    /// `uc:http://…`: the server of an open-source Unity Catalog.
    Open(Url),
}

/// Which credentials open a Databricks workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Those of the environment, else the default profile.
    Usual,
    /// This profile of `.databrickscfg`, and nothing else. Case-sensitive.
    Profile(String),
}

impl Place {
    /// Parses a URI.
    ///
    /// # Errors
    /// A message that says what is wrong with it, without credentials.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Not by a URL parser: it would change the case of a profile's name.
        let (scheme, rest) = text.split_once(':').map_or((text, None), |(scheme, rest)| (scheme, Some(rest)));
        match (scheme.to_ascii_lowercase().as_str(), rest) {
            ("databricks", rest) => login(text, rest).map(Self::Workspace),
            ("databricks-uc", rest) => login(text, rest).map(Self::Catalog),
            ("uc", rest) => open(text, rest.unwrap_or_default()),
            _ => address::mlflow(text).map(Self::Server),
        }
    }

    /// The place without user and password.
    pub fn bare(&self) -> Self {
        match self {
            Self::Server(url) => Self::Server(address::bare(url)),
            Self::Workspace(_) | Self::Catalog(_) | Self::Open(_) => self.clone(),
        }
    }

    /// Rejects credentials in the address.
    ///
    /// # Errors
    /// A message that does not contain the credentials.
    pub fn without_credentials(self) -> Result<Self, String> {
        match self {
            Self::Server(url) => address::without_credentials(url).map(Self::Server),
            workspace => Ok(workspace),
        }
    }

    /// The MLflow server, if it is one.
    pub fn server(&self) -> Option<&Url> {
        if let Self::Server(url) = self { Some(url) } else { None }
    }
}

/// As it is written. Contains the credentials of an address that has some: see [`Place::bare`].
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(url) => write!(f, "{url}"),
            Self::Workspace(login) => write!(f, "databricks{login}"),
            Self::Catalog(login) => write!(f, "databricks-uc{login}"),
            Self::Open(url) => write!(f, "uc:{url}"),
        }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => Ok(()),
            Self::Profile(name) => write!(f, "://{}", clean_line(name)),
        }
    }
}

/// The server after `uc:`. MLflow takes its token from MLFLOW_UC_OSS_TOKEN.
fn open(text: &str, rest: &str) -> Result<Place, String> {
    let shown = redacted(text);
    let server = match rest {
        "" => Err(format!("'{shown}' names no server")),
        rest => address::mlflow(rest),
    };
    let url = server.map_err(|why| {
        format!("{why}; open-source Unity Catalog is uc:http://HOST:PORT, that of a Databricks workspace databricks-uc")
    })?;
    match address::without_credentials(url) {
        Ok(url) => Ok(Place::Open(url)),
        Err(_) => Err(format!("'{shown}' holds credentials; put the token into MLFLOW_UC_OSS_TOKEN")),
    }
}

/// The credentials after `databricks:`.
fn login(text: &str, rest: Option<&str>) -> Result<Login, String> {
    let Some(rest) = rest else { return Ok(Login::Usual) };
    let shown = redacted(text);
    // MLflow ignores what follows the name.
    let name = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match name {
        None | Some("") => {
            Err(format!("'{shown}' names no profile; write databricks, or databricks://PROFILE with two slashes"))
        }
        Some(name) if name.contains('@') => Err(format!("'{shown}' holds credentials; name a profile instead")),
        Some(name) if name.contains(':') => Err(format!(
            "'{shown}' names a secret scope, which only works inside a Databricks cluster and is deprecated; \
             name a profile of .databrickscfg instead"
        )),
        Some(name) if name.trim() != name || clean_line(name) != name => {
            Err(format!("'{shown}' is not the name of a profile"))
        }
        Some(name) => Ok(Login::Profile(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn databricks_uris_are_read_as_mlflow_reads_them() {
        let profile = |name: &str| Login::Profile(name.to_owned());
        for (text, place) in [
            ("databricks", Place::Workspace(Login::Usual)),
            ("databricks-uc", Place::Catalog(Login::Usual)),
            ("databricks://Prod", Place::Workspace(profile("Prod"))),
            ("databricks-uc://my profile", Place::Catalog(profile("my profile"))),
            ("Databricks://Prod/x", Place::Workspace(profile("Prod"))),
            ("uc:http://127.0.0.1:8080", Place::Open("http://127.0.0.1:8080".parse().unwrap())),
            ("https://h/p#/models", Place::Server("https://h/p".parse().unwrap())),
        ] {
            assert_eq!(Place::parse(text).as_ref(), Ok(&place), "{text}");
        }
        for text in ["databricks://Prod", "databricks-uc", "databricks"] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_workspace_is_refused_with_the_reason() {
        for (text, reason) in [
            ("databricks:", "names no profile"),
            ("databricks:/P", "names no profile"),
            ("databricks:P", "names no profile"),
            ("databricks://", "names no profile"),
            ("databricks-uc:///x", "names no profile"),
            ("databricks://scope:prefix", "secret scope"),
            ("databricks-uc://scope:prefix", "secret scope"),
            ("databricks://tok@en", "holds credentials"),
            ("uc:", "names no server"),
            ("uc:127.0.0.1:8080", "lacks http://"),
            ("uc:file:///x", "uc:http://HOST:PORT"),
            ("uc:http://ann:pw@127.0.0.1:8080", "MLFLOW_UC_OSS_TOKEN"),
            ("databrick://x", "starts with databrick://"),
        ] {
            let error = Place::parse(text).unwrap_err();
            assert!(error.contains(reason) && !error.contains("pw"), "{text}: {error}");
        }
    }
}
