//! Every fault at every write: the kind is right, and the outcome is unknown exactly when it may have been applied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use signoff::adapters::databricks::{self, Registry};
use signoff::adapters::mlflow::Connection;
use signoff::domain::failure::{FailureKind, Outcome};
use signoff::domain::registry::{ModelVersion, PromotionTarget};
use signoff::ports::ModelRegistry;

use crate::support::fake_databricks::{FakeDatabricks, Fault, PERSON, Rule};
use crate::support::journal::journaled;
use crate::{BOTH, CANDIDATE, Known, churn, ports, target, token};

/// Moves production to the candidate.
async fn promote(models: &dyn ModelRegistry, registry: Registry) -> Outcome<()> {
    let (proof, model) = (journaled().await, churn(registry));
    match target(registry) {
        PromotionTarget::Stage(stage) => models.move_stage(&proof, &model, CANDIDATE, &stage, true, "fine").await,
        PromotionTarget::Alias(alias) => models.set_alias(&proof, &model, &alias, CANDIDATE).await,
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
            unreachable!("nothing is written")
        }
    }
}

async fn candidate(models: &dyn ModelRegistry, registry: Registry) -> ModelVersion {
    models.version(&churn(registry), CANDIDATE).await.unwrap()
}

fn said(code: &str) -> serde_json::Value {
    json!({"error_code": code, "message": "no"})
}

#[tokio::test]
async fn a_write_is_unknown_exactly_if_it_may_have_been_applied() {
    use FailureKind::*;
    let limited = RateLimited { until: None };
    let table: Vec<(Fault, FailureKind, bool)> = vec![
        (Fault::DropAfterApply, Unknown, true),
        (Fault::TruncateBody, Unknown, true),
        (Fault::StatusAfterApply(502, json!({})), Unknown, true),
        (Fault::StatusAfterApply(500, said("INTERNAL_ERROR")), Unknown, true),
        // Nobody can tell these from those above.
        (Fault::DropBefore, Unknown, false),
        (Fault::Status(500, said("INTERNAL_ERROR")), Unknown, false),
        (Fault::Status(503, said("TEMPORARILY_UNAVAILABLE")), Unknown, false),
        (Fault::Status(504, json!({})), Unknown, false),
        (Fault::Html(502), Unknown, false),
        (Fault::Html(200), Unknown, false),
        // Refused for sure.
        (Fault::Unauthorized, Unauthenticated, false),
        (Fault::Status(401, said("UNAUTHENTICATED")), Unauthenticated, false),
        (Fault::Status(403, said("PERMISSION_DENIED")), Forbidden, false),
        (Fault::Status(400, said("PERMISSION_DENIED")), Forbidden, false),
        (Fault::Status(400, said("INVALID_PARAMETER_VALUE")), Rejected, false),
        (Fault::Status(404, said("RESOURCE_DOES_NOT_EXIST")), NotFound, false),
        (Fault::Status(400, said("RESOURCE_DOES_NOT_EXIST")), NotFound, false),
        (Fault::Status(400, said("RESOURCE_ALREADY_EXISTS")), Conflict, false),
        (Fault::Status(409, said("RESOURCE_CONFLICT")), Conflict, false),
        (Fault::Status(429, said("REQUEST_LIMIT_EXCEEDED")), limited, false),
        (Fault::Redirect("https://login.example/?state=x".into()), Config, false),
    ];
    for registry in BOTH {
        for (fault, kind, applied) in &table {
            let what = format!("{registry:?} {fault:?}");
            let fake = FakeDatabricks::start();
            let (models, _) = ports(&fake, registry);
            let before = candidate(&*models, registry).await;
            let path = if registry == Registry::Catalog { "*/registered-models/alias" } else { "*/transition-stage" };
            fake.fault(Rule::new("POST", path, fault.clone()).always());
            let failure = promote(&*models, registry).await.unwrap_err();
            assert_eq!(std::mem::discriminant(&failure.kind), std::mem::discriminant(kind), "{what}: {failure:?}");
            assert_eq!(fake.writes().len(), 1, "{what}: a write is sent once");
            fake.heal();
            assert_eq!(candidate(&*models, registry).await != before, *applied, "{what}");
        }
    }
}

#[tokio::test]
async fn a_read_survives_what_passes_and_says_what_does_not() {
    for registry in BOTH {
        for fault in [
            Fault::DropBefore,
            Fault::TruncateBody,
            Fault::Html(503),
            Fault::Status(504, json!({})),
            Fault::RateLimited { reset_at: None, retry_after: Some(0) },
        ] {
            let fake = FakeDatabricks::start();
            fake.fault(Rule::new("GET", "*/model-versions/get", fault.clone()).times(2));
            let (models, _) = ports(&fake, registry);
            candidate(&*models, registry).await;
            assert_eq!(fake.requests().len(), 3, "{registry:?} {fault:?}");
        }
        for (fault, kind) in [
            (Fault::Unauthorized, FailureKind::Unauthenticated),
            (Fault::Status(403, said("PERMISSION_DENIED")), FailureKind::Forbidden),
            (Fault::Status(500, said("INTERNAL_ERROR")), FailureKind::Protocol),
            (Fault::Html(200), FailureKind::Protocol),
            (Fault::Redirect("/login.html".into()), FailureKind::Config),
        ] {
            let fake = FakeDatabricks::start();
            fake.fault(Rule::new("GET", "*", fault.clone()).always());
            let failure = ports(&fake, registry).0.version(&churn(registry), CANDIDATE).await.unwrap_err();
            assert_eq!((failure.kind, fake.requests().len()), (kind, 1), "{registry:?} {fault:?}: {failure}");
        }
    }
}

/// The wait that a workspace asks for holds back everything that is sent to it, from both of its clients.
#[tokio::test]
async fn a_pause_is_kept_by_every_request_to_the_workspace() {
    let fake = FakeDatabricks::start();
    fake.fault(Rule::new("GET", "*/model-versions/get", Fault::RateLimited { reset_at: None, retry_after: Some(1) }));
    let mut settings = Connection::settings();
    settings.repeat.pause = Duration::ZERO;
    let endpoint = databricks::endpoint(&fake.url().parse().unwrap(), &token(PERSON), &settings).unwrap();
    let mut connection = Connection::new(endpoint);
    connection.settings = settings;
    let (models, tracking) = databricks::ports(&connection, Registry::Workspace, Arc::new(Known("")));
    let begun = Instant::now();
    candidate(&*models, Registry::Workspace).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    fake.fault(Rule::new("GET", "*/model-versions/get", Fault::RateLimited { reset_at: None, retry_after: Some(300) }));
    let begun = Instant::now();
    let failure = models.version(&churn(Registry::Workspace), CANDIDATE).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::RateLimited { until: Some(_) }), "{failure:?}");
    tracking.experiments(None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "a wait of minutes is said, and holds back nothing else");
}

/// Seven searches a second, whoever asks: two targets of one workspace share the budget.
#[tokio::test]
async fn searches_keep_to_the_budget_of_the_workspace() {
    let fake = FakeDatabricks::start();
    let make = || {
        let endpoint =
            databricks::endpoint(&fake.url().parse().unwrap(), &token(PERSON), &Connection::settings()).unwrap();
        databricks::ports(&Connection::new(endpoint), Registry::Workspace, Arc::new(Known(""))).1
    };
    let (one, two) = (make(), make());
    let begun = Instant::now();
    let asks = (0..16).map(|n| {
        let tracking = if n % 2 == 0 { &one } else { &two };
        async move { tracking.experiments(None).await.map(|_| Instant::now()) }
    });
    let mut ends: Vec<Instant> = futures_util::future::join_all(asks).await.into_iter().map(Result::unwrap).collect();
    ends.sort();
    assert!(ends[7] - begun >= Duration::from_millis(990), "{:?}", ends[7] - begun);
    assert!(ends[14] - begun >= Duration::from_millis(1_990), "{:?}", ends[14] - begun);
}
