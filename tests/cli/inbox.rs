//! `signoff inbox` and `signoff versions`: verdicts, sections, and who decided what.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signoff::domain::policy::file;
use signoff::domain::rules::{PolicyFrom, PolicyRule, Rules};

use super::*;

fn rows(inbox: &Value) -> Vec<&Value> {
    ["waiting", "held"].into_iter().flat_map(|list| inbox[list].as_array().unwrap()).collect()
}

fn row<'a>(inbox: &'a Value, model: &str, version: u64) -> &'a Value {
    let is_it = |row: &&&Value| row["model"] == model && row["version"] == version;
    rows(inbox).iter().find(is_it).unwrap_or_else(|| panic!("{model} {version}: {inbox:#}"))
}

/// Every row of the inbox says what `check` says of the same version.
#[tokio::test]
async fn the_verdict_of_a_row_is_that_of_check() {
    let policies: [fn(&mut Rules); 4] = [
        |_| {},
        |rules| rules.policy = PolicyRule::default(),
        |rules| rules.policy.from = PolicyFrom::Both,
        |rules| {
            let toml = "[policy]\nchecks = [\"unit-tests\"]\npull_request_approvals = 1\nsignature = true\nunknown = \"warn\"\n";
            rules.policy = PolicyRule { configured: file::parse(toml).unwrap(), ..PolicyRule::default() };
            rules.repository.fixed = Some("acme/secret".parse().unwrap());
        },
    ];
    let mut states = BTreeSet::new();
    for change in policies {
        let desk = Desk::with(change);
        assert_eq!(desk.run("hold credit-limit/6 --reason later").await.exit, Exit::Done);
        let inbox = desk.run("inbox --json").await.json();
        assert!(rows(&inbox).len() > 8, "{inbox:#}");
        for row in rows(&inbox) {
            let reference = format!("{}/{}", row["model"].as_str().unwrap().replace(' ', "%20"), row["version"]);
            let model = row["model"].as_str().unwrap();
            if model.contains(' ') {
                continue;
            }
            let check = desk.run(&format!("check {reference} --json")).await.json();
            assert_eq!(row["verdict"], check["verdict"], "{reference}");
            let state = row["verdict"]["state"].as_str().unwrap().to_owned();
            let section = match (row.get("held"), state.as_str()) {
                (Some(_), _) => "held",
                (None, "pass") => "ready",
                (None, "block") => "cannot_be_approved",
                (None, _) => "needs_a_look",
            };
            assert_eq!(row["section"], section, "{reference}");
            states.insert(state);
        }
    }
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["block", "pass", "warn"]);
}

#[tokio::test]
async fn what_is_held_stands_apart_with_who_holds_it_and_why() {
    let desk = Desk::new();
    let before = desk.run("inbox --json").await.json();
    assert_eq!(before["held"], json!([]));
    assert!(row(&before, "credit-limit", 6).get("held").is_none());
    assert_eq!(desk.run("hold credit-limit/6 --reason later").await.exit, Exit::Done);
    let inbox = desk.run("inbox --json").await.json();
    assert!(inbox["waiting"].as_array().unwrap().iter().all(|row| row["model"] != "credit-limit"), "{inbox:#}");
    let held = row(&inbox, "credit-limit", 6);
    let at: jiff::Timestamp = held["held"]["at"].as_str().unwrap().parse().unwrap();
    assert_eq!((&held["held"]["reason"], &held["section"]), (&json!("later"), &json!("held")));
    assert!(held["held"]["by"].is_string() && at.as_second() > 0, "{held:#}");
    let text = desk.run("inbox").await.out;
    let line = text.lines().last().unwrap();
    assert!(line.starts_with("credit-limit") && line.contains("held by ") && line.ends_with(": later"), "{text}");
    assert!(text.lines().next().unwrap().contains("VERDICT"), "{text}");
}

#[tokio::test]
async fn a_limit_keeps_the_oldest_and_says_that_there_are_more() {
    let desk = Desk::new();
    let all = desk.run("inbox --json").await.json();
    let some = desk.run("inbox --limit 2 --json").await.json();
    assert_eq!((&all["truncated"], &some["truncated"]), (&json!(false), &json!(true)));
    assert_eq!(some["waiting"].as_array().unwrap()[..], all["waiting"].as_array().unwrap()[..2]);
    assert!(desk.run("inbox --limit 2").await.err.contains("--limit"));
}

#[tokio::test]
async fn versions_say_what_was_decided_by_whom_and_why_and_the_verdict_of_what_waits() {
    let desk = Desk::new();
    assert_eq!(desk.run("reject telco-churn/41 --reason drifts").await.exit, Exit::Done);
    assert_eq!(desk.run("hold telco-churn/42 --reason later").await.exit, Exit::Done);
    let versions = desk.run("versions telco-churn --json").await.json();
    let of = |number: u64| {
        versions["versions"].as_array().unwrap().iter().find(|v| v["version"] == number).unwrap_or(&Value::Null)
    };
    let rejected = of(41);
    assert_eq!(
        (&rejected["decision"]["decision"], &rejected["decision"]["reason"]),
        (&json!("reject"), &json!("drifts"))
    );
    assert!(rejected["decision"]["by"].is_string() && rejected["decision"]["at"].is_string(), "{rejected:#}");
    assert_eq!(rejected["verdict"], Value::Null, "nothing is left to decide");
    let held = of(42);
    assert_eq!((&held["decision"]["decision"], &held["verdict"]["state"]), (&json!("hold"), &json!("pass")));
    assert_eq!(held["verdict"], desk.run("check telco-churn/42 --json").await.json()["verdict"]);
    assert_eq!(of(39)["verdict"], Value::Null, "it is in production");
    let text = desk.run("versions telco-churn --limit 3").await.out;
    for said in ["VERDICT", "rejected by ", ": drifts", "held by ", ": later", "✓ pass"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
