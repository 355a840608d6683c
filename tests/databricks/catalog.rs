//! What only Unity Catalog has: names of three levels, aliases, rules for tags; and when it is not there.

use serde_json::json;
use signoff::adapters::databricks::Registry;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::ModelName;
use signoff::domain::registry::{PromotionTarget, Stage};

use crate::support::fake_databricks::{FakeDatabricks, Fault, PERSON, Rule};
use crate::support::journal::journaled;
use crate::{CANDIDATE, HOLDER, churn, ports, ports_as, token};

const REGISTRY: Registry = Registry::Catalog;

#[tokio::test]
async fn an_alias_is_set_read_moved_and_deleted() {
    let fake = FakeDatabricks::start();
    let ((models, _), proof, model) = (ports(&fake, REGISTRY), journaled().await, churn(REGISTRY));
    for number in [HOLDER, CANDIDATE] {
        models.set_alias(&proof, &model, "golden", number).await.unwrap();
        assert_eq!(models.version_by_alias(&model, "golden").await.unwrap().number, number);
        let listed = models.versions(&model, None).await.unwrap().items;
        let with: Vec<_> =
            listed.iter().filter(|v| v.aliases.iter().any(|a| a == "golden")).map(|v| v.number).collect();
        assert_eq!(with, [number]);
        assert!(models.version(&model, number).await.unwrap().aliases.contains(&"golden".to_owned()));
    }
    models.delete_alias(&proof, &model, "golden").await.unwrap();
    assert_eq!(models.version_by_alias(&model, "golden").await.unwrap_err().kind, FailureKind::NotFound);
    let none = models.holders(&model, &PromotionTarget::Alias("golden".to_owned())).await.unwrap();
    assert!(none.is_empty());
    // A missing one is fine.
    models.delete_alias(&proof, &model, "golden").await.unwrap();
}

#[tokio::test]
async fn a_name_without_catalog_and_schema_is_explained() {
    let fake = FakeDatabricks::start();
    let (models, _) = ports(&fake, REGISTRY);
    let name = ModelName::new("telco-churn");
    for failure in [
        models.model(&name).await.unwrap_err(),
        models.version(&name, CANDIDATE).await.unwrap_err(),
        models.versions(&name, None).await.unwrap_err(),
        models.version_by_alias(&name, "champion").await.unwrap_err(),
    ] {
        assert!(failure.hint.as_deref().unwrap_or_default().contains("CATALOG.SCHEMA.MODEL"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_before_it_is_sent() {
    let fake = FakeDatabricks::start();
    let ((models, _), proof, model) = (ports(&fake, REGISTRY), journaled().await, churn(REGISTRY));
    let failure = models.set_version_tag(&proof, &model, CANDIDATE, "k", &"ü".repeat(1_001)).await.unwrap_err();
    assert_eq!((failure.kind, fake.requests().len()), (FailureKind::Rejected, 0));
    models.set_version_tag(&proof, &model, CANDIDATE, "k", &"ü".repeat(1_000)).await.unwrap();
    assert_eq!(models.info().await.unwrap().tag_value_limit, 1_000);
}

#[tokio::test]
async fn what_only_the_workspace_registry_has_is_refused_with_what_to_set() {
    let fake = FakeDatabricks::start();
    let ((models, _), proof, model) = (ports(&fake, REGISTRY), journaled().await, churn(REGISTRY));
    for failure in [
        models.move_stage(&proof, &model, CANDIDATE, &Stage::Production, true, "").await.unwrap_err(),
        models.holders(&model, &PromotionTarget::Stage(Stage::Production)).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Config, "{failure}");
        assert!(failure.hint.unwrap().contains("alias:champion"));
    }
    assert_eq!(models.requests(&model, CANDIDATE).await.unwrap(), []);
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn the_workspace_registry_is_taken_only_where_the_server_says_that_it_has_no_metastore() {
    let fake = FakeDatabricks::start();
    let assumed = |known| ports_as(&fake.url(), Registry::Assumed, &token(PERSON), known).0;
    let here = assumed("");
    here.workspace().await.unwrap();
    assert!(here.url().starts_with("uc:"));
    assert!(here.model(&churn(Registry::Catalog)).await.is_ok());

    // Any other failure is a failure.
    let said = |code: &str| json!({"error_code": code, "message": "no"});
    for fault in [
        Fault::Status(403, said("PERMISSION_DENIED")),
        Fault::Status(404, said("RESOURCE_DOES_NOT_EXIST")),
        Fault::Status(404, said("ENDPOINT_NOT_FOUND")),
        Fault::Status(503, said("TEMPORARILY_UNAVAILABLE")),
        Fault::Html(502),
        Fault::Unauthorized,
        Fault::DropBefore,
    ] {
        fake.fault(Rule::new("GET", "*/unity-catalog/registered-models/search", fault.clone()).always());
        let registry = assumed("");
        assert!(registry.workspace().await.is_err(), "{fault:?}");
        assert!(registry.model(&churn(Registry::Workspace)).await.is_err(), "{fault:?}");
        // It is asked again, and not remembered.
        fake.heal();
        registry.workspace().await.unwrap();
        assert!(registry.url().starts_with("uc:"), "{fault:?}");
    }

    fake.change(|state| state.has_metastore = false);
    let other = assumed("");
    other.workspace().await.unwrap();
    assert!(other.url().starts_with("http://"), "{}", other.url());
    assert!(other.model(&churn(Registry::Workspace)).await.is_ok());
    // Never where this machine promoted in the catalog before.
    let failure = assumed("uc:").workspace().await.unwrap_err();
    assert!(failure.kind == FailureKind::Conflict && failure.hint.unwrap().contains("registry_uri"));
}
