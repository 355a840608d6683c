//! Release assets: uploads to the host's upload URL, downloads from wherever the host stores them.
//!
//! Both leave the API's URL, so they are kept apart: an upload sends the token only to a URL of the same host, and a
//! download sends it to no other URL at all.

use url::Url;

use super::client::{Client, is_redirect};
use super::connection::Connection;
use crate::adapters::http::{Access, Answer};
use crate::domain::address::is_loopback;
use crate::domain::failure::Outcome;
use crate::domain::text;

/// Most redirects of a download that are followed. GitHub sends one.
const MAX_HOPS: usize = 3;
/// Most bytes of a file that pass to get at its end.
const MOST_PASSED: usize = 64 << 20;

impl Client {
    /// Reads the bytes behind an API URL, `limit` at most. Retried like every read.
    pub(super) async fn download(&self, operation: &str, path: &str, limit: usize) -> Outcome<Vec<u8>> {
        let wrong = |why: String| self.contradicts(Access::Read, operation, &why);
        let mut answer = self.bytes(operation, path, limit).await?;
        let mut at = self.connection().api_url.clone();
        for _ in 0..MAX_HOPS {
            if !is_redirect(&answer) {
                return Ok(answer.body);
            }
            at = next_hop(&at, &answer).map_err(wrong)?;
            answer = self.bytes_at(operation, &at, limit).await?;
        }
        if is_redirect(&answer) { Err(wrong("its redirects do not end".to_owned())) } else { Ok(answer.body) }
    }
}

impl Client {
    /// The last `keep` bytes of the file that an API URL redirects to, and whether that is not all of it. The whole file
    /// passes, because storages do not agree on how an end is asked for; a very long one is not read to its end.
    pub(super) async fn end_of(&self, operation: &str, path: &str, keep: usize) -> Outcome<(Vec<u8>, bool)> {
        let answer = self.bytes(operation, path, keep).await?;
        if !is_redirect(&answer) {
            return Ok((answer.body, false));
        }
        let at = next_hop(&self.connection().api_url, &answer);
        let at = at.map_err(|why| self.contradicts(Access::Read, operation, &why))?;
        self.end_at(operation, &at, keep, MOST_PASSED).await
    }
}

/// The target of a redirect, or a phrase that says what is wrong. Must be encrypted, unless API and target are both on
/// this machine.
fn next_hop(from: &Url, answer: &Answer) -> Result<Url, String> {
    let to = from.join(answer.header("location")).map_err(|_| "a redirect leads to what is no address".to_owned())?;
    let safe = to.scheme() == "https" || (to.scheme() == "http" && is_loopback(from) && is_loopback(&to));
    if !safe || to.host_str().is_none() || !to.username().is_empty() || to.password().is_some() {
        let host = text::clean_line(to.host_str().unwrap_or("nowhere"));
        return Err(format!("it redirects to an unsafe address on {host}"));
    }
    Ok(to)
}

/// The URL to upload a file named `name` to, from the server's template for release `release`:
/// `https://uploads.github.com/repos/O/R/releases/ID/assets{?name,label}`.
///
/// # Errors
/// A phrase if the URL does not belong to the connection's host. Then nothing may be sent there, least of all a token.
pub(super) fn upload_address(
    connection: &Connection,
    template: Option<&str>,
    release: u64,
    name: &str,
) -> Result<Url, String> {
    let template = template.ok_or("the release does not say where files are uploaded to")?;
    let plain = template.split('{').next().unwrap_or_default();
    let mut url = Url::parse(plain).map_err(|_| "the release has no upload address".to_owned())?;
    let api = &connection.api_url;
    let name_of = |u: &Url| u.host_str().unwrap_or_default().to_owned();
    let (wanted, start) = match name_of(api).strip_prefix("api.") {
        Some(rest) if rest == "github.com" || rest.ends_with(".ghe.com") => (format!("uploads.{rest}"), "/repos/"),
        _ if is_loopback(api) && api.path().trim_end_matches('/').is_empty() => (name_of(api), "/repos/"),
        _ => (name_of(api), "/api/uploads/repos/"),
    };
    let same = name_of(&url) == wanted
        && url.scheme() == api.scheme()
        && url.port_or_known_default() == api.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none();
    if !same {
        let there = text::clean_line(&name_of(&url));
        return Err(format!("the release's upload address is on '{there}', which is not {wanted}"));
    }
    let ours = url.path().starts_with(start) && url.path().ends_with(&format!("/releases/{release}/assets"));
    if !ours {
        return Err("the release's upload address is that of something else".to_owned());
    }
    url.set_fragment(None);
    url.query_pairs_mut().clear().append_pair("name", name);
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::token::TokenSource;
    use super::*;

    fn to(api: &str, template: &str) -> Result<String, String> {
        let connection = Connection::to_api(api.parse().unwrap(), TokenSource::absent("nothing"));
        upload_address(&connection, Some(template), 5, "signoff.json").map(String::from)
    }

    #[test]
    fn files_go_to_the_upload_address_of_the_same_host() {
        for (api, template) in [
            ("https://api.github.com", "https://uploads.github.com/repos/o/r/releases/5/assets{?name,label}"),
            ("https://api.acme.ghe.com", "https://uploads.acme.ghe.com/repos/o/r/releases/5/assets{?name,label}"),
            ("https://git.acme.example/api/v3", "https://git.acme.example/api/uploads/repos/o/r/releases/5/assets"),
            ("http://127.0.0.1:99", "http://127.0.0.1:99/repos/o/r/releases/5/assets{?name,label}"),
            ("http://127.0.0.1:99/api/v3", "http://127.0.0.1:99/api/uploads/repos/o/r/releases/5/assets"),
        ] {
            let address = to(api, template).unwrap();
            assert_eq!(address, format!("{}?name=signoff.json", template.split('{').next().unwrap()));
        }
    }

    #[test]
    fn a_token_goes_with_an_upload_to_no_other_host() {
        let api = "https://api.github.com";
        for template in [
            "https://uploads.github.com.evil.example/repos/o/r/releases/5/assets",
            "https://evil.example/repos/o/r/releases/5/assets",
            "http://uploads.github.com/repos/o/r/releases/5/assets",
            "https://uploads.github.com:444/repos/o/r/releases/5/assets",
            "https://me@uploads.github.com/repos/o/r/releases/5/assets",
            "https://api.github.com/repos/o/r/releases/5/assets",
            "https://uploads.github.com/repos/o/r/releases/6/assets",
            "https://uploads.github.com/gists/releases/5/assets",
            "nonsense",
        ] {
            assert!(to(api, template).is_err(), "{template}");
        }
        assert!(
            to("https://git.acme.example/api/v3", "https://uploads.github.com/repos/o/r/releases/5/assets").is_err()
        );
        assert!(to("http://127.0.0.1:99", "http://127.0.0.1:98/repos/o/r/releases/5/assets").is_err());
    }

    #[test]
    fn a_download_is_not_followed_to_an_open_address() {
        let hop = |from: &str, to: &str| {
            let headers = http::HeaderMap::from_iter([(http::header::LOCATION, to.parse().unwrap())]);
            next_hop(&from.parse().unwrap(), &Answer { status: 302, headers, body: Vec::new() })
        };
        let api = "https://api.github.com";
        assert!(hop(api, "https://objects.githubusercontent.com/x?sig=1").is_ok());
        assert!(hop("http://127.0.0.1:1", "http://127.0.0.1:2/x").is_ok());
        for bad in
            ["http://objects.githubusercontent.com/x", "http://127.0.0.1/x", "file:///etc/passwd", "https://a:b@c/"]
        {
            assert!(hop(api, bad).is_err(), "{bad}");
        }
    }
}
