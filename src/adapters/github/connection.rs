//! Where a host's API is, and how to connect to it.

use url::Url;

use super::token::TokenSource;
use crate::adapters::http::Settings;

/// One host and how to connect to it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// URL of the REST API: `https://api.github.com` or `https://HOST/api/v3`.
    pub api_url: Url,
    /// URL of the web pages: `https://HOST`.
    pub web_url: Url,
    /// The host's name for display and records, such as `github.com`.
    pub host: String,
    /// Where the token comes from. It is sent only to the host of `api_url`.
    pub token: TokenSource,
    /// Timeout and retries.
    pub settings: Settings,
}

impl Connection {
    /// A connection to an explicit API URL, as `GITHUB_API_URL` gives on Actions runners.
    pub fn to_api(api_url: Url, token: TokenSource) -> Self {
        let host = host_for_api_url(&api_url);
        let mut web_url = api_url.clone();
        web_url.set_path("");
        web_url.set_query(None);
        // A valid host stays valid; if setting it failed, only web links would be wrong.
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let _ = web_url.set_host(Some(name));
        Self { api_url, web_url, host, token, settings: Settings::default() }
    }
}

/// The host whose API is at `api_url`: `github.com` for `https://api.github.com`, `SUB.ghe.com` for
/// `https://api.SUB.ghe.com`, otherwise the host itself. A non-default port is kept.
fn host_for_api_url(api_url: &Url) -> String {
    let name = api_url.host_str().unwrap_or_default();
    let name = match name.strip_prefix("api.") {
        Some(rest) if rest == "github.com" || rest.ends_with(".ghe.com") => rest,
        _ => name,
    };
    api_url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_apis_address_names_its_host() {
        for (api, host) in [
            ("https://api.github.com", "github.com"),
            ("https://api.acme.ghe.com", "acme.ghe.com"),
            ("https://git.acme.example/api/v3", "git.acme.example"),
            ("https://git.acme.example:8443/api/v3", "git.acme.example:8443"),
        ] {
            assert_eq!(host_for_api_url(&api.parse().unwrap()), host);
        }
        let there = Connection::to_api("http://127.0.0.1:4711/api/v3".parse().unwrap(), TokenSource::absent("nothing"));
        assert_eq!((there.host.as_str(), there.web_url.as_str()), ("127.0.0.1:4711", "http://127.0.0.1:4711/"));
    }
}
