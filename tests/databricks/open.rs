//! Open-source Unity Catalog by its native API: what a server says, and that nothing is written to it.

use std::sync::Arc;
use std::time::Duration;

use signoff::adapters::databricks::{self, Registry};
use signoff::adapters::mlflow::{Auth, Connection, Endpoint};
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::{PromotionTarget, Stage, VersionStatus};

use crate::support::journal::journaled;
use crate::support::stub::{Act, Stub};
use crate::{Known, Ports};

/// The ports of the catalog at `url`; the runs are elsewhere.
pub fn catalog(url: &str, auth: Auth) -> Ports {
    part_of(url, auth, None)
}

fn part_of(url: &str, auth: Auth, part: Option<&str>) -> Ports {
    let mut connection = Connection::new(Endpoint::parse("http://127.0.0.1:9", Auth::None).unwrap());
    connection.registry = Some(databricks::open_endpoint(&url.parse().unwrap(), auth).unwrap());
    connection.settings.repeat.pause = Duration::ZERO;
    connection.settings.repeat.times = 0;
    connection.catalog = part.map(str::to_owned);
    databricks::ports(&connection, Registry::Open, Arc::new(Known("")))
}

/// What the servers answer, which send 64-bit integers as text (`olai-uc-server`) or as numbers (`unitycatalog`).
fn server() -> Stub {
    let version = |number: &str, status: &str| {
        format!(
            r#"{{"catalog_name":"prod","schema_name":"telco","model_name":"churn","version":{number},"status":"{status}",
            "source":"s3://b/{status}","run_id":"run-7","comment":"tuned\u001b[2J","created_at":"1767225600000",
            "created_by":"dana@acme.example","updated_at":1767225600000}}"#
        )
    };
    let page =
        |key: &str, items: &str, next: &str| Act::json(&format!(r#"{{"{key}":[{items}],"next_page_token":{next}}}"#));
    Stub::start(vec![Act::On(vec![
        ("/catalogs?max_results=100&page_token=2", page("catalogs", r#"{"name":"prod"}"#, "null")),
        // A page may be empty and still go on.
        ("/catalogs?", page("catalogs", "", "\"2\"")),
        ("/schemas?catalog_name=prod", page("schemas", r#"{"name":"telco"},{"name":"empty"}"#, "\"\"")),
        ("schema_name=empty", Act::json("{}")),
        (
            "/models?catalog_name=prod&schema_name=telco",
            page(
                "registered_models",
                r#"{"full_name":"prod.telco.zeta","created_at":"1"},
                   {"catalog_name":"prod","schema_name":"telco","name":"churn","comment":"of churn"}"#,
                "null",
            ),
        ),
        ("/models/prod%2Etelco%2Echurn/versions/2 ", Act::json(&version("\"2\"", "READY"))),
        ("/models/prod%2Etelco%2Echurn/versions/3 ", Act::json(&version("4", "READY"))),
        (
            "/models/prod%2Etelco%2Echurn/versions?",
            page(
                "model_versions",
                &[version("\"2\"", "READY"), version("10", "PENDING_REGISTRATION")].join(","),
                "null",
            ),
        ),
        ("/models/prod%2Etelco%2Echurn ", Act::json(r#"{"full_name":"prod.telco.churn"}"#)),
        (
            "/models/",
            Act::Answer(
                404,
                "Content-Type: application/json\r\n",
                r#"{"error_code":"NOT_FOUND","message":"no such model"}"#.into(),
            ),
        ),
    ])])
}

fn churn() -> ModelName {
    ModelName::new("prod.telco.churn")
}

#[tokio::test]
async fn models_and_versions_are_read_by_the_native_api() {
    let server = server();
    let (registry, _) = catalog(&server.url(), Auth::None);
    assert_eq!(registry.url(), format!("uc:{}", server.url()));
    let page = registry.models(None, None).await.unwrap();
    assert_eq!(page.items.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["prod.telco.churn", "prod.telco.zeta"]);
    assert!(page.next.is_none() && page.items.iter().all(|m| !m.told));
    assert_eq!(registry.models(Some("CHURN"), None).await.unwrap().items.len(), 1);
    assert_eq!(registry.model(&churn()).await.unwrap().name, churn());

    let versions = registry.versions(&churn(), None).await.unwrap().items;
    assert_eq!(versions.iter().map(|v| v.number.0).collect::<Vec<_>>(), [10, 2], "newest first");
    assert_eq!(versions[0].status, VersionStatus::Pending);
    let version = registry.version(&churn(), VersionNumber(2)).await.unwrap();
    assert_eq!(version, versions[1]);
    assert_eq!(version.author.as_deref(), Some("dana@acme.example"));
    assert_eq!(version.created_at.map(|at| at.as_second()), Some(1_767_225_600));
    assert_eq!((version.source.as_str(), version.stage), ("s3://b/READY", Stage::None));
    assert!(!version.description.contains('\u{1b}'), "hostile text is inert");
    let other = registry.version(&churn(), VersionNumber(3)).await.unwrap_err();
    assert!(other.kind == FailureKind::Protocol && other.reason.contains("version 4"), "{other}");
    let missing = registry.model(&ModelName::new("prod.telco.no")).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn only_the_schemas_that_are_asked_for_are_read() {
    let server = server();
    for (part, models) in [("prod", 2), ("Prod.telco", 2), ("prod.empty", 0), ("staging", 0)] {
        let (registry, _) = part_of(&server.url(), Auth::None, Some(part));
        assert_eq!(registry.models(None, None).await.unwrap().items.len(), models, "{part}");
    }
    let asked = server.requests().iter().filter(|r| r.contains("schema_name=empty")).count();
    assert_eq!(asked, 2, "the schema telco alone was asked for models");
}

#[tokio::test]
async fn nothing_is_written_to_it_and_only_its_own_token_is_sent() {
    let server = server();
    let (registry, _) = catalog(&server.url(), Auth::Bearer("of-the-catalog".to_owned().into()));
    let (proof, model, two) = (journaled().await, churn(), VersionNumber(2));
    for refused in [
        registry.set_version_tag(&proof, &model, two, "k", "v").await,
        registry.delete_version_tag(&proof, &model, two, "k").await,
        registry.move_stage(&proof, &model, two, &Stage::Production, true, "").await,
        registry.set_alias(&proof, &model, "champion", two).await,
        registry.delete_alias(&proof, &model, "champion").await,
        registry.holders(&model, &PromotionTarget::Alias("champion".into())).await.map(drop),
        registry.holders(&model, &PromotionTarget::Stage(Stage::Production)).await.map(drop),
    ] {
        let failure = refused.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("\"release\"")), "{failure:?}");
    }
    assert_eq!(server.requests().len(), 0, "refused before a request");
    registry.info().await.unwrap();
    let requests = server.requests();
    assert!(requests.iter().all(|r| r.to_lowercase().contains("authorization: bearer of-the-catalog")), "{requests:?}");
    assert!(requests.iter().all(|r| r.starts_with("GET /api/2.1/unity-catalog/")), "{requests:?}");
}
