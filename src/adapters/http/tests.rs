#![allow(clippy::unwrap_used)]

use http::HeaderMap;
use tracing::Level;

use self::log::Log;
use super::classify::{End, classify};
use super::{About, Access, Answer, Attempt, Dialect, Said, Secrets};
use crate::domain::failure::{Failure, FailureKind, Service};

#[path = "../../../tests/support/log.rs"]
mod log;

/// A server whose errors are plain text.
#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn service(&self) -> Service {
        Service::Mlflow
    }

    fn said(&self, body: &[u8]) -> Option<Said> {
        Some(Said { code: String::new(), message: String::from_utf8_lossy(body).into_owned() })
    }

    fn quirk(&self, _answer: &Answer, _said: &Said) -> Option<FailureKind> {
        None
    }

    fn hint(&self, _about: About<'_>) -> Option<String> {
        None
    }

    fn unauthenticated(&self) -> (&'static str, &'static str) {
        ("asks who you are", "Say it.")
    }
}

fn secrets() -> Secrets {
    Secrets::of(["s3cret-token".to_owned().into()])
}

fn told(end: &End<'_>) -> Failure {
    let secrets = secrets();
    let attempt = Attempt {
        access: Access::Read,
        operation: "read x",
        place: "http://h:5000",
        dialect: &Plain,
        secrets: &secrets,
    };
    classify(&attempt, end).told()
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
}

#[derive(Debug, thiserror::Error)]
#[error("sending s3cret-token failed")]
struct Outer(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("the wire was cut")]
struct Inner;

#[test]
fn the_cause_goes_to_the_log_once_and_without_secrets() {
    let log = Log::begin();
    told(&End::Broken(&Outer(Inner)));
    told(&End::Status(&answer(404, "no such thing")));
    let text = log.end(Level::INFO);
    assert_eq!(text.matches("sending *** failed: the wire was cut").count(), 1, "{text}");
    assert!(text.lines().count() == 1 && text.contains("WARN") && text.contains("read x"), "{text}");
}

#[test]
fn the_servers_words_are_cleaned_and_cut_and_no_secret_is_cut_in_two() {
    for lead in [0, 265, 270, 275, 279] {
        let failure = told(&End::Status(&answer(
            400,
            &format!("\u{1b}[2J{}s3cret-token{}", "x".repeat(lead), "y".repeat(5_000)),
        )));
        assert!(!failure.reason.contains('\u{1b}') && !failure.reason.contains("s3c"), "{failure}");
        assert!(failure.reason.chars().count() < 300, "{failure}");
    }
}

#[test]
fn a_redirect_names_only_the_origin() {
    let mut moved = answer(302, "");
    moved.headers.insert(http::header::LOCATION, "https://ann:pw@login.example/auth?state=x".parse().unwrap());
    assert_eq!(told(&End::Status(&moved)).reason, "http://h:5000 redirects to https://login.example");
}
