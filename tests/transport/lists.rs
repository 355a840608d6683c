//! Lists end, whatever the server answers.

use std::time::Duration;

use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::experiment::RunQuery;
use signoff::domain::failure::{FailureKind, Outcome};
use signoff::domain::ids::{ExperimentId, ModelName, RunId};
use signoff::domain::page::Page;
use signoff::ports::ModelRegistry;
use signoff::ports::tracking::TrackingServer;

use super::{Adapter, Kind};
use crate::support::stub::{Act, Stub};

/// A server whose page tokens form a cycle of this length. The stub itself does not cycle, as it repeats only its last
/// action, so there are enough actions.
fn circle(length: usize, before: Vec<Act>) -> Stub {
    let page = |n: usize| {
        let version = format!(r#"{{"name":"a'b\"c","version":"{n}"}}"#);
        let token = n % length;
        Act::json(&format!(
            r#"{{"registered_model":{{"name":"a'b\"c"}},"model_versions":[{version}],"next_page_token":"t{token}"}}"#
        ))
    };
    Stub::start(before.into_iter().chain((0..40).map(page)).collect())
}

async fn follow<T, F: Future<Output = Outcome<Page<T>>>>(mut read: impl FnMut(Option<String>) -> F) -> FailureKind {
    let mut page = None;
    for _ in 0..30 {
        match read(page).await {
            Ok(got) => page = Some(got.next.expect("the circle has no end")),
            Err(failure) => return failure.kind,
        }
    }
    panic!("never noticed");
}

#[tokio::test]
async fn a_circle_of_page_tokens_ends_for_everybody_who_follows_them() {
    for length in [1, 2, 3] {
        let stub = circle(length, Vec::new());
        let Adapter::Mlflow(mlflow) = Adapter::new(Kind::Mlflow, &stub.url(), Duration::from_secs(10)) else {
            panic!()
        };
        let mlflow = &mlflow;
        let models = follow(|page| async move { mlflow.models(None, page.as_deref()).await }).await;
        let experiments = follow(|page| async move { mlflow.experiments(page.as_deref()).await }).await;
        let runs = follow(|page| async move {
            mlflow.search_runs(&RunQuery { page, ..RunQuery::of(ExperimentId::new("1")) }).await
        });
        // No filter matches this name exactly, so paging uses the server's own tokens.
        let name = ModelName::new("a'b\"c");
        let name = &name;
        let stub = circle(length, Vec::new());
        let Adapter::Mlflow(other) = Adapter::new(Kind::Mlflow, &stub.url(), Duration::from_secs(10)) else { panic!() };
        let other = &other;
        let versions = follow(|page| async move { other.versions(name, page.as_deref()).await });
        assert_eq!([models, experiments, runs.await, versions.await], [FailureKind::Protocol; 4], "{length}");
    }
}

#[tokio::test]
async fn lists_that_are_read_whole_end_too() {
    for length in [1, 2, 3] {
        let stub = circle(length, Vec::new());
        let Adapter::Mlflow(mlflow) = Adapter::new(Kind::Mlflow, &stub.url(), Duration::from_secs(10)) else {
            panic!()
        };
        let files = mlflow.artifacts(&ArtifactRoot::Run(RunId::new("r")), "").await.unwrap_err();
        let runs = mlflow.runs(&[RunId::new("r"), RunId::new("s")]).await.unwrap_err();
        assert_eq!([files.kind, runs.kind], [FailureKind::Protocol; 2], "{length}");
        assert!(stub.requests().len() <= 30, "{}", stub.requests().len());
    }
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_not_sent() {
    let stub = Stub::start(vec![Act::json("{}")]);
    let Adapter::Mlflow(mlflow) = Adapter::new(Kind::Mlflow, &stub.url(), Duration::from_secs(10)) else { panic!() };
    assert_eq!(mlflow.models(None, Some("foreign")).await.unwrap_err().kind, FailureKind::Bug);
    assert_eq!(stub.requests().len(), 0);
}
