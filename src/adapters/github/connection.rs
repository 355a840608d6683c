//! Where the API of a host is, and what it takes to talk to it.

use std::time::Duration;

use url::Url;

use super::token::TokenSource;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;

/// Time limit of one whole request, answer included, unless the configuration says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time limit for making a connection. A part of the whole limit, never more than that.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// Time limit of one whole request. Making the connection may take five seconds of it.
    pub timeout: Duration,
}

impl Connection {
    /// The usual connection to a host, such as `github.com` or `ghe.example.com`.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if the host's name is none.
    pub fn to_host(host: &str, token: TokenSource) -> Outcome<Self> {
        Ok(Self {
            api_url: api_url_for(host)?,
            web_url: web_url_for(host)?,
            host: host.trim().to_ascii_lowercase(),
            token,
            timeout: DEFAULT_TIMEOUT,
        })
    }

    /// A connection to an API address given outright, as `GITHUB_API_URL` does on Actions runners.
    pub fn to_api(api_url: Url, token: TokenSource) -> Self {
        let host = host_for_api_url(&api_url);
        let mut web_url = api_url.clone();
        web_url.set_path("");
        web_url.set_query(None);
        // An address that was a host's stays one; failing to set it would only spoil links for people.
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let _ = web_url.set_host(Some(name));
        Self { api_url, web_url, host, token, timeout: DEFAULT_TIMEOUT }
    }
}

/// Address of the REST API of `host`: `https://api.github.com` for `github.com`, `https://api.SUB.ghe.com` for
/// `SUB.ghe.com`, `https://HOST/api/v3` for a GitHub Enterprise Server (the rules of the `gh` command).
///
/// # Errors
/// [`FailureKind::Config`] if that is not a host's name.
pub fn api_url_for(host: &str) -> Outcome<Url> {
    let mut url = web_url_for(host)?;
    let name = url.host_str().unwrap_or_default().to_owned();
    if name == "github.com" || name.ends_with(".ghe.com") {
        url.set_host(Some(&format!("api.{name}"))).map_err(|_| not_a_host(host))?;
    } else {
        url.set_path("/api/v3");
    }
    Ok(url)
}

/// Address of the pages for people on `host`.
///
/// # Errors
/// [`FailureKind::Config`] if that is not a host's name.
pub fn web_url_for(host: &str) -> Outcome<Url> {
    let host = host.trim();
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b));
    if !plain {
        return Err(not_a_host(host));
    }
    Url::parse(&format!("https://{host}")).map_err(|_| not_a_host(host))
}

/// The host whose API is at `api_url`: the way back from [`api_url_for`]. A port that is not the scheme's own stays.
pub fn host_for_api_url(api_url: &Url) -> String {
    let name = api_url.host_str().unwrap_or_default();
    let name = match name.strip_prefix("api.") {
        Some(rest) if rest == "github.com" || rest.ends_with(".ghe.com") => rest,
        _ => name,
    };
    api_url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn not_a_host(host: &str) -> Failure {
    Failure::new(
        FailureKind::Config,
        Service::Config,
        "find GitHub",
        format!("'{}' is not the name of a host", text::clean_line(host)),
    )
    .with_hint("Write it like github.com or ghe.example.com, without https://.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_api_is_where_gh_looks_for_it() {
        let api = |host| api_url_for(host).unwrap().to_string();
        assert_eq!(api("github.com"), "https://api.github.com/");
        assert_eq!(api("GitHub.com"), "https://api.github.com/");
        assert_eq!(api("acme.ghe.com"), "https://api.acme.ghe.com/");
        assert_eq!(api("git.acme.example:8443"), "https://git.acme.example:8443/api/v3");
    }

    #[test]
    fn the_way_back_finds_the_host_again() {
        for host in ["github.com", "acme.ghe.com", "git.acme.example", "git.acme.example:8443"] {
            assert_eq!(host_for_api_url(&api_url_for(host).unwrap()), host);
        }
        let there = Connection::to_api("http://127.0.0.1:4711/api/v3".parse().unwrap(), TokenSource::absent("nothing"));
        assert_eq!((there.host.as_str(), there.web_url.as_str()), ("127.0.0.1:4711", "http://127.0.0.1:4711/"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in ["", "https://github.com", "a b", "user@github.com", "github.com/acme"] {
            assert_eq!(api_url_for(bad).unwrap_err().kind, FailureKind::Config, "{bad}");
        }
    }
}
