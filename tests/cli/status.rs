//! `signoff status` and `signoff audit`: what is in production against what was signed.

use super::*;

use serde_json::{Value, json};
use signoff::domain::ids::{ModelName, VersionNumber};

async fn released() -> Desk {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    desk
}

fn of<'a>(json: &'a Value, model: &str) -> &'a Value {
    json["models"].as_array().unwrap().iter().find(|m| m["model"] == model).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn what_was_approved_is_as_signed_and_stays_so() {
    let desk = released().await;
    for _ in 0..3 {
        let ran = desk.run("status telco-churn --json").await;
        let json = ran.json();
        assert_eq!(json["schema"], "signoff.status/1");
        let model = of(&json, "telco-churn");
        assert_eq!((&model["state"], &model["version"]), (&json!("ok"), &json!(42)), "{json}");
        assert_eq!((&model["drift"], &model["unknown"]), (&json!([]), &json!([])), "{json}");
        assert_eq!(model["tag"], "telco-churn-v42");
        assert_eq!(ran.exit, Exit::Done);
    }
    let text = desk.run("status telco-churn").await;
    assert!(text.out.contains("as signed"), "{}", text.out);
    let deep = desk.run("status telco-churn --deep --json").await;
    assert_eq!((deep.exit, &of(&deep.json(), "telco-churn")["drift"]), (Exit::Done, &json!([])), "{}", deep.out);
}

#[tokio::test]
async fn a_version_that_was_edited_is_drift_with_old_and_new() {
    let desk = released().await;
    desk.store
        .change(|world| {
            let model = ModelName::new("telco-churn");
            let versions = &mut world.models.get_mut(&model).unwrap().versions;
            let version = versions.get_mut(&VersionNumber(42)).unwrap();
            version.description = "Edited.".to_owned();
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    let ran = desk.run("status telco-churn --json").await;
    let json = ran.json();
    let model = of(&json, "telco-churn");
    assert_eq!(ran.exit, Exit::Refused, "{}", ran.out);
    assert_eq!(model["state"], "drift");
    assert_eq!(model["drift"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!((&model["drift"][0]["kind"], &model["drift"][0]["new"]), (&json!("description"), &json!("Edited.")));
    let audit = desk.run("audit --json").await;
    let found = audit.json()["findings"].as_array().unwrap().clone();
    assert!(found.iter().any(|f| f["kind"] == "description" && f["model"] == "telco-churn"), "{}", audit.out);
    assert_eq!(audit.exit, Exit::Refused);
}

#[tokio::test]
async fn what_nobody_signed_is_said_to_be_without_a_record() {
    let desk = Desk::new();
    let json = desk.run("audit --json").await.json();
    assert_eq!((&json["schema"], &json["findings"]), (&json!("signoff.audit/1"), &json!([])), "{json}");
    assert!(json["production"].as_u64().unwrap() > 0);
    desk.store
        .change(|world| {
            let versions = &mut world.models.get_mut(&ModelName::new("telco-churn")).unwrap().versions;
            versions.get_mut(&VersionNumber(42)).unwrap().stage = "Production".to_owned().into();
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    let audit = desk.run("audit --json").await;
    let json = audit.json();
    let found = &json["findings"];
    assert_eq!((audit.exit, found.as_array().unwrap().len()), (Exit::Refused, 1), "{json}");
    assert_eq!((&found[0]["kind"], &found[0]["version"]), (&json!("record_missing"), &json!(42)), "{json}");
}

/// Releases of earlier versions have no record: nothing can be told of them, and nothing is called drift.
#[tokio::test]
async fn what_an_earlier_version_released_cannot_be_told() {
    let ran = Desk::new().run("status telco-churn --json").await;
    let json = ran.json();
    assert_eq!((ran.exit, &of(&json, "telco-churn")["state"]), (Exit::Done, &json!("unknown")), "{json}");
}

/// What became of a version is appended to its record, once.
#[tokio::test]
async fn what_was_changed_is_appended_to_the_record() {
    let desk = released().await;
    let lines = || {
        let path = desk.loaded.paths.state_of(true).join("records.jsonl");
        std::fs::read_to_string(path).unwrap().lines().count()
    };
    desk.run("status telco-churn").await;
    assert_eq!(lines(), 1, "nothing is known of what runs");
    desk.store
        .change(|world| {
            let versions = &mut world.models.get_mut(&ModelName::new("telco-churn")).unwrap().versions;
            versions.get_mut(&VersionNumber(42)).unwrap().description = "Edited.".to_owned();
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    for _ in 0..2 {
        desk.run("status telco-churn").await;
        assert_eq!(lines(), 2);
    }
    assert_eq!(desk.run("log telco-churn").await.exit, Exit::Done, "the chain is whole");
}

#[tokio::test]
async fn a_model_that_does_not_exist_is_said_to_be_that() {
    let ran = Desk::new().run("status no-such-model").await;
    assert_eq!(ran.exit, Exit::Refused);
    assert!(ran.err.contains("there is no model no-such-model"), "{}", ran.err);
}
