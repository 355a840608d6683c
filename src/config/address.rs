//! Server addresses: parsing, and which host a secret may be sent to.

use url::Url;

use crate::domain::address::redacted;
use crate::domain::shell::word;

/// Parses the address of an MLflow server. Only `http` and `https` are supported.
///
/// # Errors
/// A message that says what to do about a local store or an invalid address.
pub fn mlflow(text: &str) -> Result<Url, String> {
    let shown = redacted(text);
    if looks_like_host_and_port(text) {
        return Err(format!("'{shown}' lacks http:// or https:// in front"));
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(_) if text.contains(":/") => return Err(format!("'{shown}' is not an address")),
        Err(_) => return Err(local_store(&shown, &format!("file://{shown}"))),
    };
    match url.scheme() {
        "http" | "https" if url.has_host() => {
            // Addresses copied from the browser end in `#/models`.
            url.set_query(None);
            url.set_fragment(None);
            Ok(url)
        }
        "file" | "sqlite" | "mysql" | "postgresql" | "mssql" => Err(local_store(&shown, &shown)),
        scheme if scheme.contains('+') => Err(local_store(&shown, &shown)),
        // A Windows drive letter parses as a scheme.
        scheme if scheme.len() == 1 => Err(local_store(&shown, &format!("file:///{shown}"))),
        scheme => Err(format!("'{shown}' starts with {scheme}://; an MLflow server has http:// or https://")),
    }
}

/// `localhost:5000` and `10.0.0.7:5000/prefix`: clear except for the scheme.
fn looks_like_host_and_port(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    host.rsplit_once(':').is_some_and(|(name, port)| name.len() > 1 && port.parse::<u16>().is_ok())
}

fn local_store(shown: &str, store: &str) -> String {
    format!(
        "'{shown}' is a store on disk or in a database, not a server; serve it with \
         `mlflow server --backend-store-uri {} --port 5000` and use http://127.0.0.1:5000",
        word(store)
    )
}

/// The address without user and password.
pub fn bare(url: &Url) -> Url {
    let mut bare = url.clone();
    // Both fail only for addresses without a host, which were rejected before.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}

/// Rejects credentials in an address that other people can read (a file, a command line).
///
/// # Errors
/// A message that does not contain the credentials.
pub fn without_credentials(url: Url) -> Result<Url, String> {
    if url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err("the address holds a user or password; put them into environment variables".to_owned())
    }
}

/// Parses a GitHub host name.
///
/// # Errors
/// A message that describes a valid host.
pub fn host(text: &str) -> Result<String, String> {
    let fine = !text.is_empty()
        && Url::parse(&format!("https://{text}/"))
            .is_ok_and(|u| u.path() == "/" && u.username().is_empty() && u.query().is_none() && u.fragment().is_none())
        && !text.contains(['/', '@', ' ']);
    if fine {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("'{}' is not a host such as github.com", redacted(text)))
    }
}

/// Parses the address of a GitHub API.
///
/// # Errors
/// A message that describes a valid address.
pub fn api_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => without_credentials(url),
        _ => Err(format!("'{}' is not an address such as https://github.example.com/api/v3", redacted(text))),
    }
}

/// The API URL of a GitHub host: github.com and `*.ghe.com` have an API host of their own, Enterprise Server uses
/// `/api/v3`.
///
/// # Errors
/// If the host is invalid.
pub fn api_of_host(name: &str) -> Result<Url, String> {
    let address = match name {
        "github.com" => "https://api.github.com".to_owned(),
        name if name.ends_with(".ghe.com") => format!("https://api.{name}"),
        name => format!("https://{name}/api/v3"),
    };
    api_url(&address)
}

/// The GitHub host of an API URL, with its port if it is not the default.
pub fn host_of_api(api: &Url) -> String {
    let host = api.host_str().unwrap_or_default();
    match host.strip_prefix("api.") {
        Some(rest) if rest == "github.com" || rest.ends_with(".ghe.com") => rest.to_owned(),
        _ => api.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    }
}

/// Whether the host is GitHub's cloud, whose token variables are `GH_TOKEN` and `GITHUB_TOKEN`.
pub fn is_github_cloud(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com")
}

/// Whether both addresses have the same scheme, host and port.
pub fn same_server(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_local_store_gets_a_sentence_that_says_how_to_serve_it() {
        for store in
            ["sqlite:///mlflow.db", "file:///srv/mlruns", "./mlruns", "/srv/mlruns", "mysql+pymysql://u:p@h/db"]
        {
            let error = mlflow(store).unwrap_err();
            assert!(error.contains("mlflow server --backend-store-uri"), "{store}: {error}");
            assert!(!error.contains("u:p@"), "{error}");
        }
    }

    #[test]
    fn broken_addresses_are_refused_without_repeating_a_password() {
        assert!(mlflow("localhost:5000").unwrap_err().contains("lacks http://"));
        assert!(mlflow("10.0.0.7:5000/ml").unwrap_err().contains("lacks http://"));
        assert!(mlflow("ftp://u:pw@h/").unwrap_err().contains("'ftp://***@h/'"));
        for broken in ["http://u:pw@ho st/", "u:pw@host:5000", "http:/u:pw@ho st", "u:pw@host/x", "http://u:p/pw@h/"] {
            assert!(!mlflow(broken).unwrap_err().contains("pw"), "{broken}");
        }
        for broken in ["https://u:pw@h/", "u:pw@h", "u:pw@h/x"] {
            assert!(!host(broken).unwrap_err().contains("pw") && !api_url(broken).unwrap_err().contains("pw"));
        }
        assert_eq!(mlflow("https://h/prefix#/models").unwrap().as_str(), "https://h/prefix");
    }

    #[test]
    fn hosts_and_apis_belong_together() {
        for (host, api) in [
            ("github.com", "https://api.github.com/"),
            ("acme.ghe.com", "https://api.acme.ghe.com/"),
            ("github.acme.example", "https://github.acme.example/api/v3"),
        ] {
            let url = api_of_host(host).unwrap();
            assert_eq!(url.as_str(), api);
            assert_eq!(host_of_api(&url), host);
        }
        assert_eq!(host_of_api(&api_url("http://127.0.0.1:9000").unwrap()), "127.0.0.1:9000");
        assert!(host("https://github.com").is_err());
        assert!(host("github.com/acme").is_err());
    }
}
