//! Requests and answers, as plain data.

use axum::http::response::Builder;
use axum::http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Where a request arrived: a double has two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Api,
    /// Where files are: another host, which must never see a token.
    Storage,
}

/// A parsed request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path as sent, still encoded.
    pub full_path: String,
    /// Without what [`super::State::route`] takes off, still encoded.
    pub path: String,
    /// Decoded segments of `path`.
    pub segments: Vec<String>,
    query: Vec<(String, String)>,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The raw body.
    pub bytes: Vec<u8>,
    pub headers: HeaderMap,
    pub port: Port,
}

impl Request {
    pub(super) fn new(
        method: &str,
        uri: &Uri,
        headers: HeaderMap,
        bytes: Vec<u8>,
        port: Port,
        route: fn(&str) -> &str,
    ) -> Self {
        let path = route(uri.path()).to_owned();
        let decode = |s: &str| percent_decode_str(&s.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |p: &str| {
            let (name, value) = p.split_once('=').unwrap_or((p, ""));
            (decode(name), decode(value))
        };
        Self {
            method: method.to_owned(),
            full_path: uri.path().to_owned(),
            segments: path.split('/').skip(1).map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned()).collect(),
            query: uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty()).map(pair).collect(),
            path,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
            headers,
            port,
        }
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn token(&self) -> Option<&str> {
        let header = self.header("authorization")?;
        header.strip_prefix("Bearer ").or(header.strip_prefix("token "))
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The names of the parameters in the query.
    pub fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|(name, _)| name.as_str())
    }

    /// A string field of the body.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// Status, headers and JSON body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    body: Value,
    /// Instead of `body`, with its media type.
    file: Option<(Vec<u8>, &'static str)>,
}

impl Answer {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body, file: None }
    }

    /// A file.
    pub fn file(status: u16, file: &[u8], kind: &'static str) -> Self {
        Self { file: Some((file.to_vec(), kind)), ..Self::new(status, Value::Null) }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a body, with another status.
    pub fn emptied(self, status: u16) -> Self {
        Self { status, body: Value::Null, file: None, ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        match &self.file {
            Some((file, _)) => file.clone(),
            None if self.body.is_null() => Vec::new(),
            None => self.body.to_string().into_bytes(),
        }
    }

    pub fn head(&self) -> Builder {
        let kind = self.file.as_ref().map_or("application/json; charset=utf-8", |(_, kind)| *kind);
        let mut builder = Builder::new().status(self.status).header("content-type", kind);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder
    }
}
