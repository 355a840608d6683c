//! `show --provenance`: every step of a version, and what is missing.

use super::*;

/// State and words of each step.
async fn steps(desk: &Desk, version: &str) -> Vec<(String, String, String)> {
    let json = desk.run(&format!("show {version} --provenance --json")).await.json();
    assert_eq!(json["schema"], "signoff.provenance/1");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let steps = json["steps"].as_array().unwrap();
    steps.iter().map(|step| (text(&step["step"]), text(&step["state"]), text(&step["what"]))).collect()
}

fn find<'a>(steps: &'a [(String, String, String)], step: &str) -> (&'a str, &'a str) {
    let (_, state, what) = steps.iter().find(|(name, ..)| name == step).unwrap();
    (state, what)
}

#[tokio::test]
async fn a_candidate_s_road_ends_where_the_decision_is_missing() {
    let steps = steps(&Desk::new(), "telco-churn/42").await;
    let names: Vec<&str> = steps.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "pull request",
            "tests",
            "approved",
            "merged",
            "trained",
            "registered",
            "notified",
            "reviewed",
            "signed off",
            "tagged",
            "deployed"
        ]
    );
    for step in ["pull request", "tests", "merged", "trained", "registered"] {
        assert_eq!(find(&steps, step).0, "done", "{step}: {steps:#?}");
    }
    assert_eq!(find(&steps, "notified"), ("missing", "not recorded by MLflow"));
    for step in ["reviewed", "signed off", "tagged", "deployed"] {
        assert_eq!(find(&steps, step).0, "missing", "{step}: {steps:#?}");
    }
}

#[tokio::test]
async fn a_release_s_road_goes_to_its_deployment() {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine --wait").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let steps = steps(&desk, "telco-churn/42").await;
    for step in ["reviewed", "signed off", "tagged", "deployed"] {
        assert_eq!(find(&steps, step).0, "done", "{step}: {steps:#?}");
    }
    assert_eq!(find(&steps, "tagged").1, "telco-churn-v42");
    assert!(find(&steps, "signed off").1.ends_with(": fine"), "{steps:#?}");
    assert!(find(&steps, "deployed").1.ends_with("succeeded"), "{steps:#?}");
}

#[tokio::test]
async fn a_rejected_version_is_reviewed_and_not_signed_off() {
    let desk = Desk::new();
    let ran = desk.run("reject telco-churn/42 --reason drifts").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let steps = steps(&desk, "telco-churn/42").await;
    assert_eq!(find(&steps, "reviewed").0, "done");
    assert_eq!(find(&steps, "signed off").0, "missing", "{steps:#?}");
    assert!(find(&steps, "reviewed").1.starts_with("rejected by"), "{steps:#?}");
}

#[tokio::test]
async fn the_road_as_text() {
    let ran = Desk::new().run("show telco-churn/42 --provenance").await;
    assert_eq!(ran.exit, Exit::Done);
    insta::assert_snapshot!(ran.out);
}
