//! Reject, hold and rollback as commands, overrides, and what doctor reports about policy and key.

use signoff::adapters::ssh::SshSigner;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::policy::file;
use signoff::domain::record::chain::{ChainLine, breaks};
use signoff::domain::rules::PolicyRule;
use signoff::services::rollback;

use super::*;

#[tokio::test]
async fn a_rejection_and_a_hold_are_shown_on_the_version_and_kept_in_the_chain() {
    let desk = Desk::new();
    let ran = desk.run("hold telco-churn/42 --reason later").await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""));
    assert!(ran.out.starts_with("telco-churn v42: held\n  record sha256:"), "{}", ran.out);
    let json = desk.run("reject telco-churn/42 --reason drift --json").await.json();
    assert_eq!((&json["decision"], &json["promoted"]), (&"reject".into(), &false.into()));
    let shown = desk.run("show telco-churn/42 --json").await.json();
    assert!(shown["version"]["tags"]["signoff.decision"].as_str().unwrap().contains("\"reject\""), "{shown}");
    assert_eq!(shown["version"]["stage"], "Staging");
    let lines = desk.services.records.read().await.unwrap();
    assert_eq!((lines.len(), breaks(&lines)), (4, vec![]), "two records, two outcomes");
}

/// The date is in the record and in what others see; a hold without one is as it was.
#[tokio::test]
async fn a_hold_may_have_a_date() {
    let desk = Desk::new();
    let past = desk.run("hold telco-churn/42 --reason later --until 2026-11-22").await;
    assert_eq!((past.exit, past.err.contains("has passed")), (Exit::Refused, true), "{}", past.err);
    assert!(desk.services.records.read().await.unwrap().is_empty(), "nothing was decided");
    let ran = desk.run("hold telco-churn/42 --reason later --until 2026-12-15").await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""));
    assert!(ran.out.starts_with("telco-churn v42: held until 2026-12-15\n"), "{}", ran.out);
    let shown = desk.run("inbox").await.out;
    assert!(shown.contains("until 2026-12-15"), "{shown}");
    let inbox = desk.run("inbox --json").await.json();
    let held = inbox["held"].as_array().unwrap().iter().find(|h| h["model"] == "telco-churn").unwrap();
    assert_eq!(held["held"]["until"], "2026-12-15T23:59:59Z", "{held}");
    let ChainLine::Record(kept) = &desk.services.records.read().await.unwrap()[0] else { panic!() };
    assert_eq!(kept.record.until, Some("2026-12-15T23:59:59Z".parse().unwrap()));
    assert!(kept.record.meaning.ends_with("It is due again after 2026-12-15."), "{}", kept.record.meaning);
    let again = desk.run("hold telco-churn/42 --reason still").await;
    assert!(again.out.starts_with("telco-churn v42: held\n"), "{}", again.out);
    let lines = desk.services.records.read().await.unwrap();
    assert!(!serde_json::to_string(&lines[2]).unwrap().contains("until\":"), "no date, no field");
    assert_eq!(breaks(&lines), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_decided_where_nothing_may_be_written() {
    let desk = Desk::with(|rules| rules.readonly = true);
    let ran = desk.run("reject telco-churn/42 --reason drift").await;
    assert_eq!((ran.exit, ran.err.contains("read-only")), (Exit::Usage, true), "{}", ran.err);
    assert!(desk.services.records.read().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failing_rule_is_passed_only_on_purpose_with_a_reason_and_where_the_policy_allows_it() {
    let with = |allow: bool| {
        let toml = format!("[policy]\nallow_override = {allow}\nmetrics.auc.floor = 0.999\n");
        Desk::with(|rules| {
            rules.policy = PolicyRule { configured: file::parse(&toml).unwrap(), ..PolicyRule::default() }
        })
    };
    let strict = with(false);
    let ran = strict.run("approve telco-churn/42 --confirm v42 --override --reason urgent").await;
    assert_eq!((ran.exit, ran.out.contains("auc")), (Exit::Refused, true), "{}", ran.out);
    let desk = with(true);
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason urgent").await;
    assert_eq!(ran.exit, Exit::Refused);
    assert!(ran.err.contains("1 rule of the policy does not hold, and was not overridden"), "{}", ran.err);
    let ran = desk.run("approve telco-churn/42 --confirm v42 --override").await;
    assert_eq!((ran.exit, ran.err.contains("needs a reason")), (Exit::Refused, true), "{}", ran.err);
    assert!(desk.services.records.read().await.unwrap().is_empty());
    let ran = desk.run("approve telco-churn/42 --confirm v42 --override --reason urgent").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}

#[tokio::test]
async fn the_demo_rolls_back_what_it_released() {
    let desk = Desk::new();
    let churn = ModelName::new("telco-churn");
    let candidates = async || rollback::found(&desk.services, &churn).await.map(|found| found.candidates);
    let numbers = |all: &[signoff::domain::decision::Candidate]| all.iter().map(|c| c.version).collect::<Vec<_>>();
    assert!(!numbers(&candidates().await.unwrap()).contains(&VersionNumber(39)), "it is there now");
    assert_eq!(desk.run("approve telco-churn/42 --confirm v42").await.exit, Exit::Done);
    let found = candidates().await.unwrap();
    assert_eq!(found[0].version, VersionNumber(39));
    // Four sources: the tags on the version, its release, and what was written when v42 replaced it.
    let sources = found[0].sources.join("; ");
    for wanted in ["journal", "tags on the version", "release telco-churn-v39", "before the record on v42"] {
        assert!(sources.contains(wanted), "{wanted} in {sources}");
    }
    assert_eq!((found[0].by.as_deref(), found[0].tag.as_ref().unwrap().as_str()), (Some("mio"), "telco-churn-v39"));
    assert_eq!(found[0].last_known().unwrap().to_string(), NOW, "the journal knows until when");
    let ran = desk.run("rollback telco-churn --to v39 --confirm v39 --reason alarms").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("tagged telco-churn-v39-r2"), "{}", ran.out);
    let found = candidates().await.unwrap();
    assert_eq!((found[0].version, found[0].reason.as_str()), (VersionNumber(42), ""));
    assert_eq!(found[0].by.as_deref(), Some("rev1"), "{found:?}");
    let ran = desk.run("rollback telco-churn --to v41 --confirm v41 --reason x").await;
    assert_eq!((ran.exit, ran.err.contains("Versions that were: v42")), (Exit::Refused, true), "{}", ran.err);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_note_and_hides_no_candidate() {
    let desk = Desk::new();
    desk.run("approve telco-churn/42 --confirm v42").await;
    std::fs::write(desk.loaded.paths.state_of(true).join("records.jsonl"), "damaged\n{}\n").unwrap();
    let found = rollback::found(&desk.services, &ModelName::new("telco-churn")).await.unwrap();
    assert_eq!(found.candidates[0].version, VersionNumber(39));
    assert!(
        found.notes.iter().any(|n| n.failure().is_some_and(|f| f.operation.contains("records"))),
        "{:?}",
        found.notes
    );
}

#[tokio::test]
async fn doctor_tries_the_key_and_names_the_policy() {
    let mut desk = Desk::new();
    let found = desk.run("doctor").await.out;
    assert!(found.contains("records are not signed") && found.contains("the configuration ("), "{found}");
    desk.services.signer = Arc::new(SshSigner::new(Some(desk.home.path().join("no-such-key")), None));
    let ran = desk.run("doctor").await;
    assert_eq!(ran.exit, Exit::Refused);
    assert!(ran.out.contains("✗  signing") && ran.out.contains("no-such-key"), "{}", ran.out);
}
