//! One request, before credentials.

use http::{HeaderName, HeaderValue, Method};

use super::answer::Answer;

/// The largest response that is read, in bytes. A page of 1,000 models is 3.5 MB (measured on MLflow 3.18); a page of
/// 100 GitHub releases with long notes is 10 MB at most.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It does not, and may be retried.
    Read,
    /// It does, and is sent at most once.
    Write,
}

/// One request to one server.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Path below the server's base URL, encoded, with a leading slash; may contain a query.
    path: String,
    query: Vec<(&'static str, String)>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Vec<u8>>,
    pub access: Access,
    /// What is attempted, as a phrase after "could not".
    pub operation: String,
    /// The most bytes of a successful response. A larger one is a failure.
    pub limit: usize,
    /// Which unsuccessful responses are returned as well.
    pub also: fn(&Answer) -> bool,
}

impl Call {
    pub fn new(method: Method, path: impl Into<String>, access: Access, operation: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            access,
            operation: operation.into(),
            limit: MAX_ANSWER,
            also: |_| false,
        }
    }

    /// Adds a query parameter and encodes it.
    pub fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets a JSON body.
    pub fn body(self, body: Vec<u8>) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self { body: Some(body), ..self }.header(http::header::CONTENT_TYPE, json)
    }

    /// Sets the body of a form.
    pub fn form(self, body: Vec<u8>) -> Self {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self { body: Some(body), ..self }.header(http::header::CONTENT_TYPE, form)
    }

    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Accepts these responses too.
    pub fn also(self, also: fn(&Answer) -> bool) -> Self {
        Self { also, ..self }
    }

    /// Path below the server's base URL, as sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Path and query as sent.
    pub(super) fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.path)
    }
}
