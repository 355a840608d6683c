//! Tests of the double itself: the behaviour other tests rely on.

use serde_json::json;
use signoff::domain::cd::CdTrigger;

use crate::support::fake_github::{FakeGithub, Fault, REVIEWER, Rule};

/// Sends a request over plain HTTP, as a child process would.
fn send(fake: &FakeGithub, method: &str, path: &str, body: serde_json::Value) -> String {
    use std::io::{Read as _, Write as _};
    let address = fake.url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: token {REVIEWER}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn it_serves_tests_without_a_runtime_with_and_without_prefix() {
    let fake = FakeGithub::start_blocking();
    assert!(send(&fake, "GET", "/user", json!(null)).starts_with("HTTP/1.1 200"));
    assert!(send(&fake, "GET", "/api/v3/user", json!(null)).contains("\"login\":\"rev1\""));
    assert!(send(&fake, "GET", "/nowhere", json!(null)).starts_with("HTTP/1.1 404"));
}

#[test]
fn a_release_without_a_tag_makes_a_lightweight_one_at_the_default_branch() {
    let fake = FakeGithub::start_blocking();
    fake.change_repo(|repo| repo.set_workflow(&[CdTrigger::Tag, CdTrigger::Release]));
    send(&fake, "POST", "/repos/acme/churn-model/releases", json!({"tag_name": "v9"}));
    let repo = fake.repo();
    assert_eq!(repo.target("v9"), repo.branches["main"].as_str());
    assert_eq!(repo.runs.iter().map(|r| r.trigger).collect::<Vec<_>>(), [CdTrigger::Tag, CdTrigger::Release]);
}

#[test]
fn a_dropped_connection_answers_nothing_and_is_recorded() {
    let fake = FakeGithub::start_blocking();
    fake.fault(Rule::new("POST", "*/git/refs", Fault::DropAfterApply).after(1));
    let body = |tag: &str| json!({"ref": format!("refs/tags/{tag}"), "sha": "2".repeat(40)});
    assert!(send(&fake, "POST", "/repos/acme/churn-model/git/refs", body("a")).starts_with("HTTP/1.1 201"));
    assert_eq!(send(&fake, "POST", "/repos/acme/churn-model/git/refs", body("b")), "");
    assert!(send(&fake, "POST", "/repos/acme/churn-model/git/refs", body("b")).starts_with("HTTP/1.1 422"));
    assert_eq!(fake.repo().tags.len(), 2);
    assert_eq!(fake.writes().len(), 3);
}

#[test]
fn faults_fit_by_method_and_pattern_and_can_be_taken_back() {
    let fake = FakeGithub::start_blocking();
    fake.fault(Rule::new("GET", "/repos/*/commits/*", Fault::Unauthorized).always());
    let status = |path: &str| send(&fake, "GET", path, json!(null))[9..12].to_owned();
    assert_eq!(status("/repos/acme/churn-model/commits/main"), "401");
    assert_eq!(status("/api/v3/repos/acme/churn-model/commits/main?x=1"), "401");
    assert_eq!(status("/repos/acme/churn-model"), "200");
    fake.heal();
    assert_eq!(status("/repos/acme/churn-model/commits/main"), "200");
}
