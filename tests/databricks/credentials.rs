//! Credentials: where they are sent, where they never are, and how those that end are renewed.

use signoff::adapters::databricks::{Registry, SignIn};
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::failure::FailureKind;
use signoff::domain::registry::UserKind;

use crate::support::fake_databricks::{CLIENT, FakeDatabricks, Fault, PERSON, Rule};
use crate::support::journal::journaled;
use crate::{BOTH, CANDIDATE, churn, ports, ports_as, token};

fn principal(secret: &str) -> SignIn {
    SignIn::ServicePrincipal { client_id: CLIENT.0.to_owned(), secret: secret.to_owned().into() }
}

#[tokio::test]
async fn a_service_principal_signs_in_once_while_its_token_lasts() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports_as(&fake.url(), registry, &principal(CLIENT.1), "");
        let info = models.info().await.unwrap();
        assert_eq!((info.user.as_deref(), info.user_kind), (Some(CLIENT.0), UserKind::Service));
        for _ in 0..3 {
            models.version(&churn(registry), CANDIDATE).await.unwrap();
        }
        tracking.experiments(None).await.unwrap();
        assert_eq!(fake.state().issued, 1, "{registry:?}");
        // The secret goes to the workspace's own token endpoint, and nowhere else.
        for request in fake.requests() {
            let basic = request.authorization.as_deref().unwrap().starts_with("Basic ");
            assert_eq!(basic, request.target == "/oidc/v1/token", "{}", request.target);
        }
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let fake = FakeDatabricks::start();
    // Over at once: every request needs a new one, and the double refuses those before.
    fake.change(|state| state.token_lasts_s = 0);
    let (models, _) = ports_as(&fake.url(), Registry::Workspace, &principal(CLIENT.1), "");
    let proof = journaled().await;
    for _ in 0..3 {
        models.version(&churn(Registry::Workspace), CANDIDATE).await.unwrap();
    }
    models.set_version_tag(&proof, &churn(Registry::Workspace), CANDIDATE, "k", "v").await.unwrap();
    assert_eq!(fake.state().issued, 4);
    let refused = fake.requests().iter().filter(|r| r.target != "/oidc/v1/token" && r.user.is_none()).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn a_secret_that_is_refused_is_said_and_nothing_is_sent() {
    let fake = FakeDatabricks::start();
    let (models, _) = ports_as(&fake.url(), Registry::Workspace, &principal("dose-of-somebody-else-000"), "");
    let proof = journaled().await;
    let failure = models.set_version_tag(&proof, &churn(Registry::Workspace), CANDIDATE, "k", "v").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthenticated, "{failure}");
    assert!(failure.reason.contains("does not accept this service principal"), "{failure}");
    assert!(!format!("{failure:?}").contains("somebody-else"), "{failure:?}");
    assert!(fake.requests().iter().all(|r| r.target == "/oidc/v1/token"));
}

#[tokio::test]
async fn if_no_token_can_be_had_a_write_was_surely_not_sent() {
    use FailureKind::{Unauthenticated, Unavailable};
    let status = |status| Fault::Status(status, serde_json::json!({"error": "invalid_request"}));
    for (fault, kind) in [
        (Fault::DropBefore, Unavailable),
        (Fault::HalfBody, Unavailable),
        (Fault::Html(502), Unavailable),
        (Fault::Html(200), Unavailable),
        (status(500), Unavailable),
        (status(503), Unavailable),
        (status(400), Unauthenticated),
        (status(403), Unauthenticated),
        (status(404), Unauthenticated),
        (status(409), Unauthenticated),
    ] {
        let fake = FakeDatabricks::start();
        fake.fault(Rule::new("POST", "/oidc/v1/token", fault.clone()).always());
        let (models, _) = ports_as(&fake.url(), Registry::Workspace, &principal(CLIENT.1), "");
        let proof = journaled().await;
        let written = models.set_version_tag(&proof, &churn(Registry::Workspace), CANDIDATE, "k", "v").await;
        let failure = written.unwrap_err();
        assert_eq!(failure.kind, kind, "{fault:?}: {failure:?}");
        assert!(fake.requests().iter().all(|r| r.target == "/oidc/v1/token"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_not_a_missing_permission() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, _) = ports_as(&fake.url(), registry, &token("dapi-revoked-0000000000"), "");
        let failure = models.model(&churn(registry)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthenticated, "{failure}");
        assert!(!format!("{failure:?}").contains("dapi-revoked"), "{failure:?}");
        let untold = models.info().await.unwrap_err();
        assert_eq!(untold.kind, FailureKind::Unauthenticated, "{untold}");
    }
}

#[tokio::test]
async fn no_redirect_takes_the_token_to_another_host() {
    for registry in BOTH {
        let (fake, elsewhere) = (FakeDatabricks::start(), FakeDatabricks::start());
        fake.fault(Rule::new("*", "*", Fault::Redirect(format!("{}/x", elsewhere.url()))).always());
        let ((models, tracking), proof) = (ports(&fake, registry), journaled().await);
        assert_eq!(models.model(&churn(registry)).await.unwrap_err().kind, FailureKind::Config);
        assert!(models.set_version_tag(&proof, &churn(registry), CANDIDATE, "k", "v").await.is_err());
        let root = ArtifactRoot::LoggedModel("m-1".to_owned());
        assert!(tracking.artifact_head(&root, "MLmodel", 10).await.is_err());
        assert_eq!(elsewhere.requests().len(), 0);
    }
}

#[tokio::test]
async fn no_text_repeats_what_an_answer_echoes_of_a_token() {
    let fake = FakeDatabricks::start();
    let echo = serde_json::json!({"error_code": "INVALID_STATE", "message": format!("bad header: Bearer {PERSON}")});
    fake.fault(Rule::new("*", "*", Fault::Status(400, echo)).always());
    for registry in BOTH {
        let ((models, tracking), proof) = (ports(&fake, registry), journaled().await);
        for failure in [
            models.model(&churn(registry)).await.unwrap_err(),
            models.set_version_tag(&proof, &churn(registry), CANDIDATE, "k", "v").await.unwrap_err(),
            tracking.artifact_head(&ArtifactRoot::LoggedModel("m-1".to_owned()), "x", 1).await.unwrap_err(),
        ] {
            assert!(!format!("{failure:?}").contains(PERSON), "{failure:?}");
        }
        assert!(!format!("{:?}", token(PERSON)).contains(PERSON));
    }
}
