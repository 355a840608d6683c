//! Failing servers and bad tokens: a message with a next step, and the right exit code. With the real adapters.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Output;
use std::sync::Arc;

use secrecy::SecretString;
use signoff::adapters::github::{Connection, GitHub, TokenSource};
use signoff::cli::Exit;
use signoff::domain::rules::RepositoryRule;

use super::Desk;
use super::binary::{Machine, text};
use crate::support::fake_github::{FakeGithub, READER, REVIEWER};

fn inbox(machine: &Machine, uri: &str) -> (Output, String) {
    let ran = machine.run(&["inbox"], &[("MLFLOW_TRACKING_URI", uri)]);
    let said = text(&ran.stderr);
    (ran, said)
}

/// A local port without a listener.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_that_is_not_there_exits_4_and_a_wrong_address_exits_2() {
    let machine = Machine::new();
    let (ran, said) = inbox(&machine, &format!("http://127.0.0.1:{}", closed_port()));
    assert_eq!(ran.status.code(), Some(4), "{said}");
    assert!(said.contains("127.0.0.1") && said.lines().count() >= 2, "no next step: {said}");
    for uri in ["sqlite:///mlflow.db", "databricks", "127.0.0.1:5000", "ftp://host"] {
        let (ran, said) = inbox(&machine, uri);
        assert_eq!(ran.status.code(), Some(2), "{uri}: {said}");
        assert!(text(&ran.stdout).is_empty());
    }
}

/// A server that answers every request with this, until the test process ends.
fn answers(status: &'static str, body: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut request = BufReader::new(stream);
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|n| n > 2) {
                line.clear();
            }
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", body.len());
            let _ = write!(request.get_mut(), "{head}Connection: close\r\n\r\n{body}");
        }
    });
    format!("http://127.0.0.1:{port}")
}

#[test]
fn a_server_that_is_no_mlflow_or_asks_for_a_password_is_told_apart() {
    for (status, exit) in [("200 OK", 4), ("502 Bad Gateway", 4), ("401 Unauthorized", 3), ("403 Forbidden", 3)] {
        let (ran, said) = inbox(&Machine::new(), &answers(status, "<!doctype html><h1>Welcome</h1>"));
        assert_eq!(ran.status.code(), Some(exit), "{status}: {said}");
        assert!(said.lines().count() >= 2, "no next step: {said}");
        assert!(text(&ran.stdout).is_empty());
    }
}

#[tokio::test]
async fn tokens_that_are_wrong_or_may_not_write_exit_3_and_are_never_repeated() {
    let fake = FakeGithub::start().await;
    for token in ["ghp_nobody_knows_this_one", READER] {
        let mut desk = Desk::with(|rules| {
            rules.repository =
                RepositoryRule { fixed: Some("acme/churn-model".parse().unwrap()), ..Default::default() };
        });
        let api = fake.url().parse().unwrap();
        let connection = Connection::to_api(api, TokenSource::Value(SecretString::from(token)));
        desk.services.host = Arc::new(GitHub::new(connection));
        for line in ["doctor", "approve telco-churn/42 --dry-run", "approve telco-churn/42 --confirm v42"] {
            let ran = desk.run(line).await;
            assert_eq!(ran.exit, Exit::Denied, "{line}: {} {}", ran.out, ran.err);
            assert!(!format!("{}{}", ran.out, ran.err).contains(token));
        }
    }
    assert!(fake.writes().is_empty());
}

#[test]
fn the_program_reaches_the_github_that_the_environment_names() {
    let fake = FakeGithub::start_blocking();
    let url = fake.url();
    let mlflow = answers("502 Bad Gateway", "");
    let vars = [
        ("MLFLOW_TRACKING_URI", mlflow.as_str()),
        ("GITHUB_API_URL", url.as_str()),
        ("GH_TOKEN", REVIEWER),
        ("GH_REPO", "acme/churn-model"),
    ];
    let ran = Machine::new().run(&["doctor"], &vars);
    let found = text(&ran.stdout);
    assert!(found.contains("as rev1") && found.contains("can write to acme/churn-model"), "{found}");
    assert_eq!(ran.status.code(), Some(4), "{found}");
    assert!(!found.contains(REVIEWER));
}
