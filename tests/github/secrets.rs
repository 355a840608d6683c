//! The token: where it is sent, where it never is, and which strings are not valid tokens.

use secrecy::SecretString;
use serde_json::json;
use signoff::adapters::github::{Connection, GitHub, TokenSource};
use signoff::domain::failure::{Failure, FailureKind};
use signoff::ports::ReleaseHost;

use crate::support::fake_github::{FakeGithub, Fault, REVIEWER, Rule};
use crate::support::journal::journaled;
use crate::support::plan::{plan, repo, tag};
use crate::{adapter, adapter_as, connection, fake};

#[tokio::test]
async fn every_request_carries_the_token_once_and_to_its_host() {
    let fake = fake().await;
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    host.whoami().await.unwrap();
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    for request in fake.requests() {
        assert_eq!(request.authorization, Some(format!("Bearer {REVIEWER}")), "{}", request.target);
        assert_eq!(request.user.as_deref(), Some("rev1"));
    }
}

#[tokio::test]
async fn no_redirect_takes_the_token_to_another_host() {
    let (fake, elsewhere) = (fake().await, FakeGithub::start().await);
    fake.fault(Rule::new("*", "*", Fault::Redirect(format!("{}/user", elsewhere.url()))).always());
    let host = adapter(&fake);
    assert_eq!(host.whoami().await.unwrap_err().kind, FailureKind::Config);
    assert!(host.create_release(&journaled().await, &plan(1)).await.is_err());
    assert!(elsewhere.requests().iter().all(|r| r.authorization.is_none()));
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_newline_at_the_end_of_a_token_does_no_harm() {
    let fake = fake().await;
    for end in ["\n", "\r\n", " "] {
        assert_eq!(adapter_as(&fake, &format!("{REVIEWER}{end}")).whoami().await.unwrap().login, "rev1");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let fake = fake().await;
    for bad in ["", "\n", "two words", "tok\u{7}en"] {
        let failure = adapter_as(&fake, bad).whoami().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthenticated, "{bad:?}");
    }
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn without_a_token_every_call_says_how_to_get_one() {
    let fake = fake().await;
    let absent = TokenSource::absent("GH_TOKEN and GITHUB_TOKEN");
    let host = GitHub::new(Connection::to_api(fake.url().parse().unwrap(), absent));
    let proof = journaled().await;
    let failures: Vec<Failure> = vec![
        host.whoami().await.unwrap_err(),
        host.repository(&repo()).await.unwrap_err(),
        host.commit(&repo(), "main").await.unwrap_err(),
        host.tag(&repo(), &tag()).await.unwrap_err(),
        host.releases(&repo(), &tag(), "m").await.unwrap_err(),
        host.workflow(&repo(), "cd.yml").await.unwrap_err(),
        host.cd_run(&repo(), 1).await.unwrap_err(),
        host.create_tag_object(&proof, &plan(1)).await.unwrap_err(),
        host.create_tag_ref(&proof, &plan(1), "0").await.unwrap_err(),
        host.create_release(&proof, &plan(1)).await.unwrap_err(),
        host.publish_release(&proof, &repo(), 1).await.unwrap_err(),
        host.dispatch(&proof, &plan(1)).await.unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.kind, FailureKind::Unauthenticated);
        assert!(failure.reason.contains("GH_TOKEN and GITHUB_TOKEN"), "{failure}");
        assert!(failure.hint.as_deref().unwrap().contains("GH_TOKEN"));
    }
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_token_that_the_host_does_not_know_is_told_apart_from_a_missing_one() {
    let fake = fake().await;
    let failure = adapter_as(&fake, "ghp_revoked").whoami().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthenticated);
    assert!(failure.reason.contains("Bad credentials") && failure.hint.unwrap().contains("expired"));
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_get_it_into_any_text() {
    let fake = fake().await;
    let echo = json!({"message": format!("bad token {REVIEWER}"), "errors": [{"message": REVIEWER}]});
    fake.fault(Rule::new("GET", "*", Fault::Status(422, echo.clone())));
    fake.fault(Rule::new("POST", "*", Fault::Status(500, echo)));
    let host = adapter(&fake);
    let failures = [
        host.repository(&repo()).await.unwrap_err(),
        host.create_release(&journaled().await, &plan(1)).await.unwrap_err(),
    ];
    assert!(!format!("{failures:?} {host:?}").contains(REVIEWER));
    assert!(failures[0].reason.contains("***"));
}

#[tokio::test]
async fn the_connection_is_shown_without_its_token() {
    let shown = format!("{:?}", connection("https://api.github.com", REVIEWER));
    assert!(!shown.contains(REVIEWER), "{shown}");
}

#[tokio::test]
async fn two_user_agents_are_not_sent_for_one() {
    // Strict servers answer 400 to a repeated header; the double records each one.
    let fake = fake().await;
    let host = GitHub::new(Connection {
        token: TokenSource::Value(SecretString::from(REVIEWER)),
        ..connection(&fake.url(), "unused")
    });
    host.whoami().await.unwrap();
    let sent = &fake.requests()[0];
    assert_eq!(sent.user_agents, 1);
}
