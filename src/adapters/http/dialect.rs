//! What is specific to one kind of server.

use std::fmt;

use jiff::Timestamp;

use super::answer::Answer;
use super::call::{Access, Call};
use super::pace::{Pace, Share};
use crate::domain::failure::{FailureKind, Service};

/// The content of an error body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The API's error code; empty if it has none.
    pub code: String,
    /// Its message, unchanged.
    pub message: String,
}

/// What a hint is requested for.
#[derive(Debug)]
pub enum About<'a> {
    /// The server's certificate is not trusted.
    Certificate,
    /// A read exceeded the timeout.
    Slow,
    /// Permission denied.
    Forbidden { answer: &'a Answer, access: Access, message: &'a str },
    /// The API says that it does not exist.
    NotFound { answer: &'a Answer },
    /// A redirect.
    Moved,
}

/// The error messages, hints and quirks of one kind of server. Everything else about errors is in [`super::classify`].
pub trait Dialect: fmt::Debug + Send + Sync {
    fn service(&self) -> Service;

    /// Reads an error body; none if it is not this API's, such as a proxy's page.
    fn said(&self, body: &[u8]) -> Option<Said>;

    /// The kind of a response that means something else here than its status says. Only kinds which guarantee that a
    /// write had no effect.
    fn quirk(&self, answer: &Answer, said: &Said) -> Option<FailureKind>;

    /// Called with every answer, for what its headers say of the server.
    fn heard(&self, _answer: &Answer) {}

    /// How often the server may be asked, and what it counts this call with; none if it sets no pace.
    fn pace(&self, _call: &Call) -> Option<(&Pace, Option<Share>)> {
        None
    }

    /// What to do next.
    fn hint(&self, about: About<'_>) -> Option<String>;

    /// What a 401 means with the credentials in use, as a phrase after the server's name, and what to do next.
    fn unauthenticated(&self) -> (&'static str, &'static str);

    /// Whether a web page that is sent instead of a file may be the file.
    fn has_pages(&self) -> bool {
        false
    }

    /// When a rate limit without `Retry-After` ends.
    fn limit_ends(&self, _answer: &Answer) -> Option<Timestamp> {
        None
    }

    /// Whether a read is retried after the usual delay if the rate limit has no end.
    fn repeats_endless_limits(&self) -> bool {
        true
    }
}
