//! MLflow's own sign-in app: the current user, and what is refused to whom.

use std::time::Duration;

use signoff::adapters::mlflow::{Auth, Mlflow};
use signoff::domain::failure::FailureKind;
use signoff::ports::ModelRegistry;

use crate::support::http;
use crate::support::journal::journaled;
use crate::support::mlflow_server::{ADMIN, Server, Version};
use crate::{connection, name, v};

fn basic(user: &str, password: &str) -> Auth {
    Auth::Basic { user: user.to_owned(), password: password.to_owned().into() }
}

/// One server for the whole test: each start takes seconds.
#[tokio::test]
async fn sign_in_tells_who_we_are_and_refuses_strangers_and_readers() {
    let server = Server::start(Version::V3_17, true);
    let at = |auth| Mlflow::new(&connection(&server.url(), auth));
    let admin = at(basic(ADMIN.0, ADMIN.1));
    let info = admin.info().await.unwrap();
    assert_eq!((info.version.as_str(), info.user.as_deref()), ("3.17.2", Some("admin")));

    // Without credentials the hint names the variables to set; with wrong ones, the command that names their source.
    for (stranger, hint) in [
        (at(Auth::None), "MLFLOW_TRACKING_USERNAME"),
        (at(basic("admin", "wrong")), "signoff config show"),
        (at(Auth::Bearer("t".to_owned().into())), "signoff config show"),
    ] {
        let failure = stranger.info().await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthenticated, "{failure:?}");
        assert!(failure.hint.as_ref().is_some_and(|it| it.contains(hint)), "{failure:?}");
        assert_eq!(stranger.models(None, None).await.unwrap_err().kind, FailureKind::Unauthenticated);
    }

    let signed = "Authorization: Basic YWRtaW46bG9vcGJhY2stQWRtaW4tMQ==\r\n";
    for (path, body) in [
        ("users/create", r#"{"username": "priya", "password": "priya-Reads-12"}"#),
        ("registered-models/create", r#"{"name": "guarded"}"#),
        ("model-versions/create", r#"{"name": "guarded", "source": "s3://bucket/model"}"#),
    ] {
        let path = format!("/api/2.0/mlflow/{path}");
        let (status, answer) = http::request(server.port, "POST", &path, signed, body).unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let reader = at(basic("priya", "priya-Reads-12"));
    assert_eq!(reader.info().await.unwrap().user.as_deref(), Some("priya"));
    assert_eq!(reader.version(&name("guarded"), v(1)).await.unwrap().number, v(1));
    let failure = reader.set_version_tag(&journaled().await, &name("guarded"), v(1), "k", "v").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden, "{failure:?}");
    assert!(failure.hint.unwrap().contains("EDIT"));

    // Its workers exit too, though not at once: they hold the port.
    let port = server.port;
    drop(server);
    assert!(http::gone(port, Duration::from_secs(20)), "the server outlived its handle");
}
