//! Every fault: the failure kind is right, and a write's outcome is unknown exactly when it may have been applied.

use std::time::Duration;

use serde_json::json;
use signoff::adapters::github::GitHub;
use signoff::domain::failure::{Failure, FailureKind};
use signoff::domain::promotion::PromotionPlan;
use signoff::ports::ReleaseHost;
use signoff::ports::code::CodeHost;

use crate::support::fake_github::{FakeGithub, Fault, Gate, REVIEWER, Rule};
use crate::support::journal::journaled;
use crate::support::plan::{plan, repo, tag};
use crate::{adapter, connection, fake};

/// Creates the tag of promotion 1 with this fault; returns the failure and whether the tag exists.
async fn cut_with(fault: Fault) -> (Failure, bool, FakeGithub) {
    let fake = fake().await;
    let (host, plan) = (adapter(&fake), plan(1));
    let failure = cut(&fake, &host, &plan, fault).await;
    let stands = fake.repo().tags.contains_key(&tag());
    (failure, stands, fake)
}

async fn cut(fake: &FakeGithub, host: &GitHub, plan: &PromotionPlan, fault: Fault) -> Failure {
    let proof = journaled().await;
    let object = adapter(fake).create_tag_object(&proof, plan).await.unwrap();
    fake.fault(Rule::new("POST", "*/git/refs", fault));
    host.create_tag_ref(&proof, plan, &object).await.unwrap_err()
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_unknown_and_is_never_sent_again() {
    for (fault, applied) in [
        (Fault::DropAfterApply, true),
        (Fault::TruncateBody, true),
        (Fault::HalfBody, true),
        (Fault::StatusAfterApply(502, json!({"message": "Server Error"})), true),
        // The client cannot distinguish these from the ones above.
        (Fault::DropBefore, false),
        (Fault::Status(500, json!({"message": "Server Error"})), false),
        (Fault::Status(503, json!({})), false),
        (Fault::Html(502), false),
        (Fault::Html(200), false),
    ] {
        let what = format!("{fault:?}");
        let (failure, stands, fake) = cut_with(fault).await;
        assert_eq!(failure.kind, FailureKind::Unknown, "{what}: {failure}");
        assert_eq!(stands, applied, "{what}");
        assert!(failure.reason.contains("may have been applied"), "{what}: {failure}");
        assert_eq!(fake.writes().len(), 2, "{what}: one object, one ref");
    }
}

#[tokio::test]
async fn a_write_that_was_refused_surely_had_no_effect() {
    let none = || json!({"message": "x"});
    for (fault, kind) in [
        (Fault::Unauthorized, FailureKind::Unauthenticated),
        (Fault::Status(403, none()), FailureKind::Forbidden),
        (Fault::Status(404, none()), FailureKind::NotFound),
        (Fault::Status(409, none()), FailureKind::Rejected),
        (Fault::Status(422, none()), FailureKind::Rejected),
        (Fault::Status(400, none()), FailureKind::Rejected),
        (Fault::Redirect("http://127.0.0.1:1/elsewhere".into()), FailureKind::Config),
        (Fault::RateLimited { reset_at: None, retry_after: None }, FailureKind::RateLimited { until: None }),
    ] {
        let what = format!("{fault:?}");
        let (failure, stands, fake) = cut_with(fault).await;
        assert_eq!(failure.kind, kind, "{what}: {failure}");
        assert!(!stands && !failure.kind.may_be_applied(), "{what}");
        assert_eq!(fake.writes().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn a_rate_limited_write_is_not_repeated_even_if_the_wait_is_short() {
    let (failure, stands, fake) = cut_with(Fault::RateLimited { reset_at: None, retry_after: Some(0) }).await;
    assert!(matches!(failure.kind, FailureKind::RateLimited { until: Some(_) }), "{failure:?}");
    assert!(!stands);
    assert_eq!(fake.writes().len(), 2);
}

#[tokio::test]
async fn nothing_was_sent_where_no_connection_could_be_made() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = GitHub::new(connection(&format!("http://{closed}"), REVIEWER));
    let failure = host.create_tag_ref(&journaled().await, &plan(1), "0").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.reason.contains("cannot be reached: no server answers"), "{failure}");
    assert_eq!(host.whoami().await.unwrap_err().kind, FailureKind::Unavailable);
}

#[tokio::test]
async fn a_host_that_does_not_exist_was_not_reached() {
    // .invalid never resolves (RFC 2606).
    let host = GitHub::new(connection("http://github.invalid", REVIEWER));
    let failure = host.create_release(&journaled().await, &plan(1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_not_sent_anything() {
    let fake = fake().await;
    let host = GitHub::new(connection(&fake.url().replace("http:", "https:"), REVIEWER));
    let failure = host.create_release(&journaled().await, &plan(1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_write_that_takes_too_long_is_unknown_and_may_be_applied_later() {
    let fake = fake().await;
    let gate = Gate::default();
    let mut slow = connection(&fake.url(), REVIEWER);
    slow.settings.timeout = Duration::from_millis(300);
    let (host, plan) = (GitHub::new(slow), plan(1));
    let failure = cut(&fake, &host, &plan, Fault::Delay(gate.clone())).await;
    assert_eq!(failure.kind, FailureKind::Unknown);
    assert!(failure.reason.contains("did not answer within 0.3 s"), "{failure}");
    let patient = adapter(&fake);
    assert_eq!(patient.tag(&repo(), &tag()).await.unwrap(), None);
    gate.release();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while patient.tag(&repo(), &tag()).await.unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "the late write was not applied");
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_unavailable() {
    let fake = fake().await;
    fake.fault(Rule::new("GET", "/user", Fault::DelayReply(Gate::default())));
    let mut slow = connection(&fake.url(), REVIEWER);
    slow.settings.timeout = Duration::from_millis(300);
    let failure = GitHub::new(slow).whoami().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(fake.requests().len(), 1, "a read that took its whole time is not repeated");
}

#[tokio::test]
async fn a_read_survives_two_passing_faults() {
    for fault in [
        Fault::DropBefore,
        Fault::DropAfterApply,
        Fault::TruncateBody,
        Fault::Status(502, json!({})),
        Fault::Html(503),
        Fault::Status(504, json!({})),
        Fault::RateLimited { reset_at: None, retry_after: Some(0) },
    ] {
        let fake = fake().await;
        fake.fault(Rule::new("GET", "/user", fault.clone()).times(2));
        assert_eq!(adapter(&fake).whoami().await.unwrap().login, "rev1", "{fault:?}");
        assert_eq!(fake.requests().len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_read_gives_up_after_the_third_fault() {
    for (fault, kind) in [
        (Fault::DropBefore, FailureKind::Unavailable),
        (Fault::Html(502), FailureKind::Unavailable),
        (Fault::TruncateBody, FailureKind::Unavailable),
    ] {
        let fake = fake().await;
        fake.fault(Rule::new("GET", "*", fault.clone()).always());
        let failure = adapter(&fake).repository(&repo()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{fault:?}: {failure}");
        assert_eq!(fake.requests().len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_short_rate_limit_that_never_ends_is_not_waited_for_for_ever() {
    let fake = fake().await;
    fake.fault(Rule::new("GET", "*", Fault::RateLimited { reset_at: None, retry_after: Some(0) }).always());
    let host = adapter(&fake);
    let asked = tokio::time::timeout(Duration::from_secs(20), host.repository(&repo())).await;
    let failure = asked.expect("the read ends").unwrap_err();
    assert!(matches!(failure.kind, FailureKind::RateLimited { .. }), "{failure:?}");
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn a_read_is_not_repeated_where_that_would_not_help() {
    let until = Some(jiff::Timestamp::from_second(1_795_425_004).unwrap());
    for (fault, kind) in [
        (Fault::Unauthorized, FailureKind::Unauthenticated),
        (Fault::Status(403, json!({"message": "no"})), FailureKind::Forbidden),
        (Fault::Status(404, json!({})), FailureKind::Forbidden),
        (Fault::Status(500, json!({})), FailureKind::Protocol),
        (Fault::HalfBody, FailureKind::Protocol),
        (Fault::Html(200), FailureKind::Protocol),
        (Fault::Redirect("/moved".into()), FailureKind::Config),
        (Fault::RateLimited { reset_at: Some(1_795_425_004), retry_after: None }, FailureKind::RateLimited { until }),
    ] {
        let fake = fake().await;
        fake.fault(Rule::new("GET", "*", fault.clone()).always());
        let failure = adapter(&fake).repository(&repo()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{fault:?}: {failure}");
        assert_eq!(fake.requests().len(), 1, "{fault:?}");
        assert!(!failure.reason.contains('<'), "{failure}");
    }
}

#[tokio::test]
async fn a_used_up_rate_limit_says_when_it_ends() {
    let fake = fake().await;
    fake.change(|world| world.users.get_mut(REVIEWER).unwrap().remaining = Some(1));
    let host = adapter(&fake);
    host.whoami().await.unwrap();
    let failure = host.create_tag_object(&journaled().await, &plan(1)).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::RateLimited { until: Some(_) }), "{failure:?}");
    assert!(failure.hint.unwrap().contains("09:10:04 UTC"));
}

#[tokio::test]
async fn a_repository_that_moved_is_named_as_such() {
    let fake = fake().await;
    fake.change(|world| world.rename("acme/churn-model", "acme/churn-ml"));
    for url in [fake.url(), fake.enterprise_url()] {
        let host = GitHub::new(connection(&url, REVIEWER));
        let plan = plan(1);
        let ends = [
            host.repository(&repo()).await.map(drop),
            host.commit(&repo(), "main").await.map(drop),
            host.commit(&repo(), &"2".repeat(40)).await.map(drop),
            host.tag(&repo(), &plan.draft.tag).await.map(drop),
            host.pull_request(&repo(), plan.commit()).await.map(drop),
            host.checks(&repo(), plan.commit()).await.map(drop),
            host.create_tag_object(&journaled().await, &plan).await.map(drop),
        ];
        for end in ends {
            let failure = end.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Config, "{failure}");
            assert_eq!(failure.reason, "the repository acme/churn-model is called acme/churn-ml now", "{url}");
            assert!(failure.hint.unwrap().contains("--repo to acme/churn-ml."));
        }
    }
    assert_eq!(fake.writes().len(), 2, "sent once, and not on to the new name");
    // Without a name to be read, and from elsewhere.
    fake.heal();
    fake.fault(Rule::new("GET", "/repositories/*", Fault::Status(500, serde_json::json!({}))).always());
    let failure = adapter(&fake).repository(&repo()).await.unwrap_err();
    assert_eq!(failure.reason, "the repository acme/churn-model was renamed or transferred");
    assert!(failure.hint.unwrap().contains("--repo to its present name."));
}

/// Only "No commit found" and an empty repository mean that there is no such commit.
#[tokio::test]
async fn a_refusal_is_not_an_unknown_commit() {
    for (status, message, kind) in [
        (422, "No commit found for SHA: x", FailureKind::NotFound),
        (409, "Git Repository is empty.", FailureKind::NotFound),
        (422, "Validation Failed", FailureKind::Rejected),
        (409, "Repository is being migrated", FailureKind::Rejected),
        (451, "Repository access blocked", FailureKind::Rejected),
        (400, "Bad Request", FailureKind::Rejected),
    ] {
        let fake = fake().await;
        let body = serde_json::json!({"message": message});
        fake.fault(Rule::new("GET", "*", Fault::Status(status, body)).always());
        let host = adapter(&fake);
        let plan = plan(1);
        for end in [
            host.commit(&repo(), "main").await.map(drop),
            host.checks(&repo(), plan.commit()).await.map(drop),
            host.pull_request(&repo(), plan.commit()).await.map(drop),
        ] {
            let failure = end.unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {message}: {failure}");
            assert!(failure.reason.contains(message.trim_end_matches('.')), "{failure}");
            let blames = failure.hint.unwrap_or_default().contains("commit");
            assert_eq!(blames, kind == FailureKind::NotFound, "{status} {message}");
        }
    }
}
