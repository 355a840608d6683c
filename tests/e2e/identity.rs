//! A version is what it is, not what it is called, on a real MLflow: copies, and models deleted and made again.

use serde_json::{Value, json};

use crate::site::{COMMIT, OLD_COMMIT, Site};

/// What `MlflowClient.copy_model_version` sends: the original as source, and its run and tags.
fn copy(site: &Site, version: u64, to: &str) {
    let original = format!("model-versions/get?name={}&version={version}", site.model);
    let original = site.api().call("GET", &original, &Value::Null)["model_version"].clone();
    site.api().model(to, &[]);
    let body = json!({
        "name": to,
        "source": format!("models:/{}/{version}", site.model),
        "run_id": original["run_id"],
        "tags": original["tags"],
    });
    site.api().post("model-versions/create", body);
}

fn rename(site: &Site, to: &str) {
    site.api().post("registered-models/rename", json!({"name": site.model, "new_name": to}));
}

fn waiting(inbox: &Value, model: &str) -> Vec<u64> {
    let rows = inbox["waiting"].as_array().unwrap().iter();
    rows.filter(|row| row["model"] == model).map(|row| row["version"].as_u64().unwrap()).collect()
}

#[test]
fn a_copy_of_a_version_has_none_of_its_decisions() {
    let site = Site::new("e2e-original");
    let desk = site.desk();
    let rejected = site.add_version(COMMIT, 0.7, "Worse.");
    desk.run(&["reject", &format!("e2e-original/{rejected}"), "--reason", "worse"]).ends(0);
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    copy(&site, 2, "e2e-copy-approved");
    copy(&site, rejected, "e2e-copy-rejected");

    let back = ["rollback", "e2e-copy-approved", "--to", "1", "--confirm", "v1", "--reason", "x"];
    let said = desk.run(&back).ends(1);
    assert!(said.err.contains("there is no evidence that this very v1 was ever in Production"), "{said:?}");
    assert!(said.err.contains("copied from another version"), "{said:?}");
    let log = desk.json(&["log", "e2e-copy-approved"]);
    assert_eq!(log["entries"], json!([]), "{log}");
    let inbox = desk.json(&["inbox"]);
    assert_eq!(waiting(&inbox, "e2e-copy-rejected"), [1], "nobody decided on the copy");
    assert_eq!(waiting(&inbox, "e2e-original"), [] as [u64; 0]);
    assert_eq!(site.github.repo().tags.len(), 1);
}

#[test]
fn a_model_made_again_has_other_versions_under_the_old_numbers() {
    let site = Site::new("e2e-again");
    let desk = site.desk();
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    desk.run(&["verify", "e2e-again-v2"]).ends(0);
    site.api().call("DELETE", "registered-models/delete", &json!({"name": "e2e-again"}));
    site.api().model("e2e-again", &[]);
    site.add_version(OLD_COMMIT, 0.5, "Another first.");
    site.add_version(COMMIT, 0.6, "Another second.");

    let back = ["rollback", "e2e-again", "--to", "1", "--confirm", "v1", "--reason", "x"];
    let said = desk.run(&back).ends(1);
    assert!(said.err.contains("another v1 of that name was in production"), "{said:?}");
    desk.run(&["verify", "e2e-again-v2"]).ends(1).says("is another version of that name now");
    let log = desk.json(&["log", "e2e-again"]);
    assert_eq!(log["entries"][0]["this_version"], "another", "{log}");
    // It can be decided on, and is released under a tag of its own.
    let plan = desk.json(&["approve", &site.candidate(), "--dry-run"]);
    assert_eq!(plan["plan"]["tag"], "e2e-again-v2-r2", "{plan}");
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    desk.run(&["verify", "e2e-again-v2-r2"]).ends(0);
    let tags: Vec<_> = site.github.repo().tags.keys().map(ToString::to_string).collect();
    assert_eq!(tags, ["e2e-again-v2", "e2e-again-v2-r2"]);
}

#[test]
fn the_decisions_on_a_renamed_model_stay_with_its_versions() {
    let site = Site::new("e2e-old-name");
    let desk = site.desk();
    let rejected = site.add_version(COMMIT, 0.7, "Worse.");
    desk.run(&["reject", &format!("e2e-old-name/{rejected}"), "--reason", "worse"]).ends(0);
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    rename(&site, "e2e-new-name");

    let inbox = desk.json(&["inbox"]);
    assert_eq!(waiting(&inbox, "e2e-new-name"), [] as [u64; 0], "both are decided: {inbox}");
    let log = desk.json(&["log", "e2e-new-name"]);
    let entries = log["entries"].as_array().unwrap();
    // The host's clock is read from whole seconds, so the order of two decisions within one is not certain.
    let mut said: Vec<_> = entries.iter().map(|e| (&e["decision"], &e["model"], &e["model_now"])).collect();
    said.sort_by_key(|(decision, ..)| decision.to_string());
    let (old, new) = (json!("e2e-old-name"), json!("e2e-new-name"));
    assert_eq!(said, [(&json!("approve"), &old, &new), (&json!("reject"), &old, &new)], "{log}");
    assert!(entries.iter().all(|e| e["this_version"] == "same"), "{log}");
    desk.run(&["log", "e2e-new-name"]).ends(0).says("the model is called e2e-new-name now");
    desk.run(&["verify", "e2e-old-name-v2"]).ends(0).says("v2 of e2e-new-name now: the model was renamed");
    // What was in production under the old name can be put back under the new one.
    let back = ["rollback", "e2e-new-name", "--to", "1", "--confirm", "v1", "--reason", "v2 is worse"];
    desk.run(&back).ends(0);
    assert_eq!(site.stage_of("e2e-new-name", 1), "Production");
}

#[test]
fn a_promotion_that_was_interrupted_is_undone_under_the_new_name() {
    let site = Site::new("e2e-cut-name");
    let desk = site.desk();
    let held = site.hold("POST", "*/git/tags");
    let running = desk.start(&["approve", &site.candidate(), "--confirm", "v2"]);
    held.wait();
    running.signal("KILL");
    running.wait();
    held.release();
    rename(&site, "e2e-cut-renamed");
    let said = desk.run(&["resume"]);
    assert!(said.err.contains("it is v2 of e2e-cut-renamed now"), "{said:?}");
    assert!(!site.github.repo().tags.contains_key(&site.tag().parse().unwrap()));
    let id = desk.json(&["promotions"])["promotions"][0]["id"].as_str().unwrap().to_owned();
    desk.run(&["undo", &id]);
    assert_eq!(site.stage_of("e2e-cut-renamed", 1), "Production");
    desk.run(&["promotions", "--unfinished"]).ends(0).says("No unfinished promotions.");
    desk.run(&["approve", "e2e-cut-renamed/2", "--confirm", "v2"]).ends(0);
}
