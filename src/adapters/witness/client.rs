//! One server that is asked, over the shared transport.

use ::http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::{Credentials, Reach};
use crate::adapters::http::{
    About, Access, Answer, Call, Dialect, Plain, Repeat, Said, Secrets, Server, Settings, Tls, Wire, parse,
};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::ModelName;
use crate::domain::witness::fill;

/// Characters not encoded in one part of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The largest answer that is read, in bytes: a witness says one word.
const MAX_ANSWER: usize = 4 << 20;

/// One part of a path, encoded.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// One server.
#[derive(Debug)]
pub(super) struct Client {
    reach: Reach,
    wire: Wire,
    ready: OnceCell<Server>,
}

impl Client {
    pub(super) fn new(reach: Reach) -> Self {
        let settings = Settings {
            timeout: reach.timeout,
            repeat: Repeat { times: 1, ..Repeat::default() },
            tls: Tls { insecure: false, ca_file: reach.ca_file.clone() },
            ..Settings::default()
        };
        Self { wire: Wire::new(settings), reach, ready: OnceCell::new() }
    }

    /// Its address without a trailing slash, as shown.
    pub(super) fn place(&self) -> String {
        host(&self.reach.url)
    }

    /// Credentials of a user, if that is what it has.
    pub(super) fn user(&self) -> Option<(&str, &SecretString)> {
        match &self.reach.credentials {
            Credentials::Basic { user, password } => Some((user, password)),
            Credentials::None | Credentials::Bearer(_) => None,
        }
    }

    /// The path of the configured address for `model`, with its query.
    pub(super) fn address(&self, model: &ModelName) -> Outcome<String> {
        let url = self.url(&fill(&self.reach.url, model, segment))?;
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    /// A path below the configured address.
    pub(super) fn below(&self, path: &str) -> Outcome<String> {
        let url = self.url(&self.reach.url)?;
        Ok(format!("{}{path}", url.path().trim_end_matches('/')))
    }

    fn url(&self, text: &str) -> Outcome<Url> {
        Url::parse(text).map_err(|e| {
            Failure::new(FailureKind::Config, Service::Config, "ask the witness", format!("its address is none: {e}"))
        })
    }

    /// Reads JSON. `token` goes before the configured credentials.
    pub(super) async fn get(&self, path: &str, what: &str, token: Option<&SecretString>) -> Outcome<Value> {
        let mut call = Call::new(Method::GET, path, Access::Read, what).limit(MAX_ANSWER);
        if let Some(token) = token {
            call = call.header(header::AUTHORIZATION, bearer(token)?);
        }
        self.value(call).await
    }

    /// Asks for a token, which changes nothing.
    pub(super) async fn post(&self, path: &str, what: &str, body: &Value) -> Outcome<Value> {
        let call = Call::new(Method::POST, path, Access::Read, what).limit(MAX_ANSWER);
        self.value(call.body(body.to_string().into_bytes())).await
    }

    async fn value(&self, call: Call) -> Outcome<Value> {
        let server = self.ready.get_or_try_init(|| self.connect()).await?;
        let answer = server.answer(&call).await?;
        server.parse(&call, &answer)
    }

    async fn connect(&self) -> Outcome<Server> {
        let url = self.url(&self.reach.url.replace("{model}", "model"))?;
        let mut root = url.clone();
        root.set_path("");
        root.set_query(None);
        root.set_fragment(None);
        let client = self.wire.client(&root).await?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut secrets = Vec::new();
        match &self.reach.credentials {
            Credentials::None => {}
            Credentials::Bearer(token) => {
                headers.insert(header::AUTHORIZATION, bearer(token)?);
                secrets.push(token.clone());
            }
            Credentials::Basic { user, password } => {
                let signed = client.get(root.clone()).basic_auth(user, Some(password.expose_secret())).build();
                let value = signed.ok().and_then(|r| r.headers().get(header::AUTHORIZATION).cloned());
                if let Some(value) = value {
                    headers.insert(header::AUTHORIZATION, value);
                }
                secrets.push(password.clone());
            }
        }
        let carrier = Plain::new(client, root, headers);
        Ok(Server::new(self.place(), Box::new(Words), Secrets::of(secrets), carrier, self.wire.settings()))
    }
}

fn bearer(token: &SecretString) -> Outcome<HeaderValue> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(|_| {
        let reason = "the token holds characters that no token has";
        Failure::new(FailureKind::Unauthenticated, Service::Local, "ask the witness", reason)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Host and port of an address.
fn host(url: &str) -> String {
    match Url::parse(&url.replace("{model}", "model")) {
        Ok(url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}{port}", url.host_str().unwrap_or_default())
        }
        Err(_) => "the witness".to_owned(),
    }
}

/// What a server of any kind says of errors.
#[derive(Debug)]
struct Words;

impl Dialect for Words {
    fn service(&self) -> Service {
        Service::Local
    }

    fn said(&self, body: &[u8]) -> Option<Said> {
        let value: Value = parse(body).ok()?;
        let text = ["detail", "message", "error", "title"].iter().find_map(|key| value.get(*key)?.as_str())?;
        Some(Said { code: String::new(), message: text.to_owned() })
    }

    fn quirk(&self, _answer: &Answer, _said: &Said) -> Option<FailureKind> {
        None
    }

    fn hint(&self, _about: About<'_>) -> Option<String> {
        None
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        ("does not accept the credentials", "Check the variables that the witness names.")
    }
}
