//! Where the API of a host is, and what it takes to talk to it.

use url::Url;

use super::token::TokenSource;
use crate::adapters::http::Settings;

/// One host and how to talk to it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Address of the REST API: `https://api.github.com` or `https://HOST/api/v3`.
    pub api_url: Url,
    /// Address of the pages for people: `https://HOST`.
    pub web_url: Url,
    /// The host's name for people and records, such as `github.com`.
    pub host: String,
    /// Where the token comes from. It is sent to the host of `api_url` only.
    pub token: TokenSource,
    /// Time-out and repetition.
    pub settings: Settings,
}

impl Connection {
    /// A connection to an API address given outright, as `GITHUB_API_URL` does on Actions runners.
    pub fn to_api(api_url: Url, token: TokenSource) -> Self {
        let host = host_for_api_url(&api_url);
        let mut web_url = api_url.clone();
        web_url.set_path("");
        web_url.set_query(None);
        // An address that was a host's stays one; failing to set it would only spoil links for people.
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let _ = web_url.set_host(Some(name));
        Self { api_url, web_url, host, token, settings: Settings::default() }
    }
}

/// The host whose API is at `api_url`: `github.com` for `https://api.github.com`, `SUB.ghe.com` for
/// `https://api.SUB.ghe.com`, else the host itself. A port that is not the scheme's own stays.
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
