//! What only a workspace's own registry has: levels of permission, requests, transitions with a comment.

use signoff::adapters::databricks::Registry;
use signoff::domain::failure::FailureKind;
use signoff::domain::registry::{Stage, Told};

use crate::support::fake_databricks::{FakeDatabricks, Fault, Level, PERSON, Rule, Transition};
use crate::support::journal::journaled;
use crate::{CANDIDATE, HOLDER, churn, ports};

const REGISTRY: Registry = Registry::Workspace;

fn request(to: &str) -> Transition {
    Transition {
        model: "telco-churn".to_owned(),
        version: "42".to_owned(),
        to: to.to_owned(),
        by: "quinn@acme.example".to_owned(),
        comment: "tests\u{1b} are green".to_owned(),
        at: "2026-11-22T08:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn every_level_is_said_and_which_one_a_promotion_needs() {
    for (level, shown, enough) in [
        (Level::Read, "Can Read", false),
        (Level::Edit, "Can Edit", false),
        (Level::ManageStaging, "Can Manage Staging Versions", false),
        (Level::ManageProduction, "Can Manage Production Versions", true),
        (Level::Manage, "Can Manage", true),
    ] {
        let fake = FakeDatabricks::start();
        fake.change(|state| state.users.get_mut(PERSON).unwrap().level = level);
        let told = ports(&fake, REGISTRY).0.permission(&churn(REGISTRY)).await.unwrap().unwrap();
        assert_eq!((told.level.as_str(), told.enough), (shown, enough));
        assert_eq!(told.needed, "Can Manage Production Versions");
        // What is said is what the server does.
        let proof = journaled().await;
        let moved = ports(&fake, REGISTRY)
            .0
            .move_stage(&proof, &churn(REGISTRY), CANDIDATE, &Stage::Production, true, "")
            .await;
        assert_eq!(moved.is_ok(), enough, "{level:?}");
    }
    let fake = FakeDatabricks::start();
    fake.change(|state| state.has_access_control = false);
    assert_eq!(ports(&fake, REGISTRY).0.permission(&churn(REGISTRY)).await.unwrap(), None);
}

#[tokio::test]
async fn open_requests_are_read_with_requester_comment_and_stage() {
    let fake = FakeDatabricks::start();
    let (models, _) = ports(&fake, REGISTRY);
    assert_eq!(models.requests(&churn(REGISTRY), CANDIDATE).await.unwrap(), []);
    fake.change(|state| state.transitions.push(request("Production")));
    let [open] = models.requests(&churn(REGISTRY), CANDIDATE).await.unwrap().try_into().unwrap();
    assert_eq!((open.to, open.by.as_str()), (Stage::Production, "quinn@acme.example"));
    assert_eq!((open.comment.as_str(), open.at), ("tests␛ are green", Some("2026-11-22T08:00:00Z".parse().unwrap())));
    assert_eq!(models.requests(&churn(REGISTRY), HOLDER).await.unwrap(), []);
}

#[tokio::test]
async fn a_move_answers_the_request_for_that_stage_and_no_other() {
    for (asked, path, kind) in [
        (None, "/databricks/model-versions/transition-stage", "APPLIED_TRANSITION"),
        (Some("Staging"), "/databricks/model-versions/transition-stage", "APPLIED_TRANSITION"),
        (Some("Production"), "/transition-requests/approve", "APPROVED_REQUEST"),
    ] {
        let fake = FakeDatabricks::start();
        fake.change(|state| state.transitions.extend(asked.map(request)));
        let ((models, _), proof) = (ports(&fake, REGISTRY), journaled().await);
        models
            .move_stage(&proof, &churn(REGISTRY), CANDIDATE, &Stage::Production, true, "fine: sha256:ab")
            .await
            .unwrap();
        let writes = fake.writes();
        assert!(writes.len() == 1 && writes[0].target.ends_with(path), "{asked:?}: {writes:?}");
        let state = fake.state();
        let activity = &state.activities[0];
        assert_eq!((activity.kind, activity.comment.as_str()), (kind, "fine: sha256:ab"));
        assert_eq!((activity.from.as_str(), activity.to.as_str()), ("Staging", "Production"));
        assert_eq!(state.transitions.len(), usize::from(asked == Some("Staging")), "{asked:?}");
        assert_eq!(models.version(&churn(REGISTRY), HOLDER).await.unwrap().stage, Stage::Archived);
    }
}

#[tokio::test]
async fn a_request_that_somebody_answered_in_between_is_a_clear_refusal() {
    let fake = FakeDatabricks::start();
    fake.change(|state| state.transitions.push(request("Production")));
    // The list still shows it, and the approval finds none.
    let gone = serde_json::json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "There is no open request."});
    fake.fault(Rule::new("POST", "*/transition-requests/approve", Fault::Status(404, gone)));
    let ((models, _), proof) = (ports(&fake, REGISTRY), journaled().await);
    let moved = models.move_stage(&proof, &churn(REGISTRY), CANDIDATE, &Stage::Production, true, "").await;
    let failure = moved.unwrap_err();
    assert!(failure.kind == FailureKind::NotFound && !failure.kind.may_be_applied(), "{failure}");
}

#[tokio::test]
async fn a_move_is_not_sent_if_the_requests_cannot_be_read() {
    let fake = FakeDatabricks::start();
    fake.fault(Rule::new("GET", "*/transition-requests/list", Fault::DropBefore).always());
    let ((models, _), proof) = (ports(&fake, REGISTRY), journaled().await);
    let moved = models.move_stage(&proof, &churn(REGISTRY), CANDIDATE, &Stage::Production, true, "").await;
    assert_eq!(moved.unwrap_err().kind, FailureKind::Unavailable);
    assert_eq!(fake.writes().len(), 0);
}

#[tokio::test]
async fn a_rejection_answers_its_request_and_is_a_comment_without_one() {
    for (asked, refuses, kind) in [
        (Some("Production"), Some(Stage::Production), "REJECTED_REQUEST"),
        (Some("Staging"), Some(Stage::Production), "NEW_COMMENT"),
        (None, Some(Stage::Production), "NEW_COMMENT"),
        (Some("Production"), None, "NEW_COMMENT"),
    ] {
        let fake = FakeDatabricks::start();
        fake.change(|state| state.transitions.extend(asked.map(request)));
        let ((models, _), proof) = (ports(&fake, REGISTRY), journaled().await);
        let told = Told { refuses: refuses.clone(), comment: "rejected by dana: drift".to_owned() };
        models.tell(&proof, &churn(REGISTRY), CANDIDATE, &told).await.unwrap();
        let state = fake.state();
        assert_eq!(fake.writes().len(), 1);
        let [activity] = state.activities.as_slice() else { panic!("{:?}", state.activities) };
        assert_eq!(
            (activity.kind, activity.comment.as_str()),
            (kind, "rejected by dana: drift"),
            "{asked:?} {refuses:?}"
        );
        assert_eq!(activity.by, "dana@acme.example");
        let open = usize::from(asked.is_some() && kind != "REJECTED_REQUEST");
        assert_eq!(state.transitions.len(), open);
        assert_eq!(models.version(&churn(REGISTRY), CANDIDATE).await.unwrap().stage, Stage::Staging);
    }
}

#[tokio::test]
async fn the_versions_of_a_run_are_found_whatever_their_model_is_called() {
    let fake = FakeDatabricks::start();
    for registry in [REGISTRY, Registry::Assumed] {
        fake.change(|state| state.has_metastore = false);
        let (models, _) = ports(&fake, registry);
        let version = models.version(&churn(REGISTRY), CANDIDATE).await.unwrap();
        let found = models.versions_of_run(version.run_id.as_ref().unwrap()).await.unwrap();
        assert!(found.iter().any(|v| (&v.model, v.number) == (&version.model, CANDIDATE)), "{registry:?}: {found:?}");
    }
}

#[tokio::test]
async fn what_only_unity_catalog_has_is_refused_with_what_to_set() {
    let fake = FakeDatabricks::start();
    let ((models, _), proof, model) = (ports(&fake, REGISTRY), journaled().await, churn(REGISTRY));
    for failure in [
        models.set_alias(&proof, &model, "champion", CANDIDATE).await.unwrap_err(),
        models.delete_alias(&proof, &model, "champion").await.unwrap_err(),
        models.version_by_alias(&model, "champion").await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Config, "{failure}");
        assert!(failure.hint.unwrap().contains("stage:Production"));
    }
    assert_eq!(fake.requests().len(), 0);
}
