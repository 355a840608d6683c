//! Files of releases: uploads to the host's own upload address, downloads from wherever the host keeps them.
//!
//! Both leave the API's address, which is why they are apart: the token goes along with an upload only to an address
//! that belongs to the same host, and with a download to no other address at all.

use http::{HeaderMap, Method, StatusCode};
use octocrab::{OctoBody, Octocrab};
use serde::de::DeserializeOwned;
use url::Url;

use super::client::{Client, receive};
use super::connection::{Connection, is_loopback};
use super::errors::{Asked, Nature, Reply, Trouble};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;

/// Redirects of a download that are followed. GitHub sends one.
const MAX_HOPS: usize = 3;

/// Where an upload goes: the address itself, and what is sent there.
pub(super) struct Upload<'a> {
    /// From [`upload_address`].
    pub(super) to: Url,
    pub(super) bytes: &'a [u8],
}

impl Client {
    /// Sends a file, once, and reads the answer.
    pub(super) async fn upload<T: DeserializeOwned>(&self, operation: &str, upload: Upload<'_>) -> Outcome<T> {
        let asked = self.asked(Nature::Write, operation);
        let reply = self
            .with_token(&asked, async |wired| {
                let crab = wired.crab_at(&asked, &upload.to, true)?;
                let request = http::Request::builder()
                    .method(Method::POST)
                    .uri(relative(&upload.to))
                    .header(http::header::CONTENT_TYPE, "application/json")
                    .header(http::header::ACCEPT, "application/vnd.github+json")
                    .header(http::header::CONTENT_LENGTH, upload.bytes.len())
                    .body(OctoBody::from(upload.bytes.to_vec()));
                self.once(&asked, &crab, request, usize::MAX).await
            })
            .await?;
        asked.parse(&reply)
    }

    /// Reads the bytes behind an address of the API, `limit` at most. Repeated like every read.
    pub(super) async fn download(&self, operation: &str, path: &str, limit: usize) -> Outcome<Vec<u8>> {
        let asked = self.asked(Nature::Read, operation);
        self.repeat(|| self.download_once(&asked, path, limit)).await
    }

    async fn download_once(&self, asked: &Asked<'_>, path: &str, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut reply = self.raw(asked, path, limit).await?;
        let mut at = self.connection().api_url.clone();
        for _ in 0..MAX_HOPS {
            if !reply.status.is_redirection() {
                break;
            }
            at = next_hop(asked, &at, &reply)?;
            // Made for this one hop, without a token: such addresses carry their own permission.
            let crab = self.signed_in(asked).await?.crab_at(asked, &at, false)?;
            let request = http::Request::builder().uri(relative(&at)).body(OctoBody::empty());
            let there = Asked { host: at.host_str().unwrap_or(asked.host), ..*asked };
            reply = self.exchanged(&there, &crab, request, limit).await?;
        }
        match reply.status {
            status if status.is_redirection() => Err(asked.contradicts("its redirects do not end").into()),
            StatusCode::OK if reply.body.len() > limit => Err(too_large(asked, limit).into()),
            StatusCode::OK => Ok(reply.body),
            _ => Err(asked.status(&reply)),
        }
    }

    /// Asks the API for the bytes themselves. A redirect is an answer here, not a failure.
    async fn raw(&self, asked: &Asked<'_>, path: &str, limit: usize) -> Result<Reply, Trouble> {
        self.with_token(asked, async |wired| {
            let crab = wired.crab_at(asked, &self.connection().api_url, true)?;
            let request = http::Request::builder()
                .uri(format!("{}{path}", self.connection().api_url.path().trim_end_matches('/')))
                .header(http::header::ACCEPT, "application/octet-stream")
                .body(OctoBody::empty());
            self.exchanged(asked, &crab, request, limit).await
        })
        .await
    }

    /// One request whose answer must be a success.
    async fn once(
        &self,
        asked: &Asked<'_>,
        crab: &Octocrab,
        request: http::Result<http::Request<OctoBody>>,
        limit: usize,
    ) -> Result<Reply, Trouble> {
        let reply = self.exchanged(asked, crab, request, limit).await?;
        if reply.status.is_success() { Ok(reply) } else { Err(asked.status(&reply)) }
    }

    /// One request within the time limit, whatever its answer's status. Reading ends soon behind `limit` bytes.
    async fn exchanged(
        &self,
        asked: &Asked<'_>,
        crab: &Octocrab,
        request: http::Result<http::Request<OctoBody>>,
        limit: usize,
    ) -> Result<Reply, Trouble> {
        let request = request.map_err(|e| {
            let reason = format!("the request cannot be written down: {}", text::clean_line(&e.to_string()));
            Failure::new(FailureKind::Rejected, Service::Github, asked.operation, reason)
        })?;
        let time = self.connection().timeout;
        match tokio::time::timeout(time, async { receive(crab.execute(request).await?, limit).await }).await {
            Err(_) => Err(asked.timed_out(time)),
            Ok(Err(error)) => Err(asked.transport(&error)),
            Ok(Ok(reply)) => Ok(reply),
        }
    }
}

fn relative(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn too_large(asked: &Asked<'_>, limit: usize) -> Failure {
    asked.contradicts(&format!("the file is larger than {limit} bytes"))
}

/// Where a redirect leads. Encrypted, unless API and target are both on this machine.
fn next_hop(asked: &Asked<'_>, from: &Url, reply: &Reply) -> Outcome<Url> {
    let location = header(&reply.headers, "location").ok_or_else(|| asked.contradicts("a redirect leads nowhere"))?;
    let to = from.join(location).map_err(|_| asked.contradicts("a redirect leads to what is no address"))?;
    let safe = to.scheme() == "https" || (to.scheme() == "http" && is_loopback(from) && is_loopback(&to));
    if !safe || to.host_str().is_none() || !to.username().is_empty() || to.password().is_some() {
        let host = text::clean_line(to.host_str().unwrap_or("nowhere"));
        return Err(asked.contradicts(&format!("it sends on to an unsafe address on {host}")));
    }
    Ok(to)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// The address to upload a file named `name` to, from the template that the server gave for release `release`:
/// `https://uploads.github.com/repos/O/R/releases/ID/assets{?name,label}`.
///
/// # Errors
/// A phrase if the address does not belong to the connection's host. Then nothing may be sent there, least of all a
/// token.
pub(super) fn upload_address(
    connection: &Connection,
    template: Option<&str>,
    release: u64,
    name: &str,
) -> Result<Url, String> {
    let template = template.ok_or("the release does not say where files are uploaded to")?;
    let plain = template.split('{').next().unwrap_or_default();
    let mut url = Url::parse(plain).map_err(|_| "the release's upload address is none".to_owned())?;
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
        let asked = Asked { nature: Nature::Read, operation: "read a file", host: "github.com" };
        let hop = |from: &str, to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("location", to.parse().unwrap());
            next_hop(&asked, &from.parse().unwrap(), &Reply { status: StatusCode::FOUND, headers, body: Vec::new() })
        };
        let api = "https://api.github.com";
        assert!(hop(api, "https://objects.githubusercontent.com/x?sig=1").is_ok());
        assert!(hop("http://127.0.0.1:1", "http://127.0.0.1:2/x").is_ok());
        for bad in
            ["http://objects.githubusercontent.com/x", "http://127.0.0.1/x", "file:///etc/passwd", "https://a:b@c/"]
        {
            assert_eq!(hop(api, bad).unwrap_err().kind, FailureKind::Protocol, "{bad}");
        }
    }
}
