//! What is particular to one kind of server.

use std::fmt;

use jiff::Timestamp;

use super::answer::Answer;
use super::call::Access;
use crate::domain::failure::{FailureKind, Service};

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The API's own word for the error; empty if it has none.
    pub code: String,
    /// Its sentence, as it came.
    pub message: String,
}

/// What a hint is wanted about.
#[derive(Debug)]
pub enum About<'a> {
    /// The server's certificate is not trusted.
    Certificate,
    /// A read took longer than the time-out.
    Slow,
    /// Permission denied.
    Forbidden { answer: &'a Answer, access: Access, message: &'a str },
    /// The API says that it is not there.
    NotFound { answer: &'a Answer },
    /// A redirect.
    Moved,
}

/// The words, hints and quirks of one kind of server. Everything else about errors is in [`super::classify`].
pub trait Dialect: fmt::Debug + Send + Sync {
    fn service(&self) -> Service;

    /// Reads an error body; none if it is not this API's, as a proxy's page is not.
    fn said(&self, body: &[u8]) -> Option<Said>;

    /// The kind of an answer that means something else here than its status says. Only kinds that tell for sure that a
    /// write had no effect.
    fn quirk(&self, answer: &Answer, said: &Said) -> Option<FailureKind>;

    /// What to do next.
    fn hint(&self, about: About<'_>) -> Option<String>;

    /// What a 401 means with the credentials in use, as a phrase after the server's name, and what to do next.
    fn unauthenticated(&self) -> (&'static str, &'static str);

    /// When a rate limit ends that has no `Retry-After`.
    fn limit_ends(&self, _answer: &Answer) -> Option<Timestamp> {
        None
    }

    /// Whether a read that met a rate limit without an end is repeated after a usual pause.
    fn repeats_endless_limits(&self) -> bool {
        true
    }
}
