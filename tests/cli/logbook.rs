//! `signoff log`: each decision once, whatever its sources, and which version was in production at a time.

use super::*;

async fn released() -> Desk {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fi|ne").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    desk
}

#[tokio::test]
async fn a_release_is_one_entry_with_all_its_sources() {
    let desk = released().await;
    let json = desk.run("log telco-churn --json").await.json();
    let newest = &json["entries"][0];
    assert_eq!((&newest["version"], &newest["effect"]), (&42.into(), &"production".into()));
    assert_eq!(newest["sources"], serde_json::json!(["machine", "release", "version_tag"]));
    assert_eq!(json["in_production"]["telco-churn"], serde_json::json!([42]));
    let text = desk.run("log telco-churn").await;
    assert!(text.out.contains("✓ released") && text.err.contains("Searched: "), "{} {}", text.out, text.err);
}

#[tokio::test]
async fn releases_of_earlier_versions_are_told_by_their_tags() {
    let json = released().await.run("log telco-churn --json").await.json();
    let entries = json["entries"].as_array().unwrap();
    let of_tags = entries.iter().filter(|e| e["sources"] == serde_json::json!(["git_tag"]));
    assert!(of_tags.count() > 0, "{json}");
}

#[tokio::test]
async fn at_a_time_only_what_was_in_production_then_is_told() {
    let desk = released().await;
    let now = desk.run("log telco-churn --at 2026-11-23 --json").await.json();
    assert_eq!((now["entries"].as_array().unwrap().len(), &now["entries"][0]["version"]), (1, &42.into()), "{now}");
    let before = desk.run("log telco-churn --at 2026-11-22 --json").await.json();
    assert_ne!(before["entries"][0]["version"], 42, "{before}");
}

#[tokio::test]
async fn markdown_holds_no_text_that_breaks_the_table() {
    let ran = released().await.run("log telco-churn --markdown").await;
    let rows: Vec<&str> = ran.out.lines().collect();
    assert!(rows[0].starts_with("| When (UTC) | Model |") && ran.out.contains("fi\\|ne"), "{}", ran.out);
    assert!(rows.iter().all(|r| r.replace("\\|", "").matches('|').count() == 10), "{}", ran.out);
}

#[tokio::test]
async fn a_version_moved_by_hand_is_noted() {
    let desk = released().await;
    desk.store
        .change(|world| {
            let model = signoff::domain::ids::ModelName::new("telco-churn");
            let versions = &mut world.models.get_mut(&model).unwrap().versions;
            versions.get_mut(&signoff::domain::ids::VersionNumber(42)).unwrap().stage = "Archived".to_owned().into();
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    let ran = desk.run("log telco-churn").await;
    assert!(ran.err.contains("nothing of telco-churn is in production, but v42 was signed off last"), "{}", ran.err);
}

/// Whatever is done to the records on disk, everybody who reads them says so.
#[tokio::test]
async fn records_that_were_changed_removed_moved_or_doubled_are_told_and_refused() {
    type Harm = fn(&mut Vec<String>);
    let harms: [(Harm, &str); 6] = [
        (
            |lines| lines[0] = lines[0].replace("\"reason\":\"fi|ne\"", "\"reason\":\"fine\""),
            "was changed after it was signed",
        ),
        (|lines| drop(lines.remove(0)), "is missing from the records"),
        (|lines| drop(lines.remove(1)), "the record that this outcome belongs to is missing"),
        (|lines| lines.swap(0, 1), "does not follow the one before it"),
        (|lines| lines.insert(1, lines[0].clone()), "is there twice"),
        (Vec::clear, "is missing from the records"),
    ];
    for (harm, said) in harms {
        let desk = released().await;
        assert_eq!(desk.run("reject card-fraud/9 --reason no").await.exit, Exit::Done);
        assert_eq!(desk.run("log").await.exit, Exit::Done);
        let path = desk.loaded.paths.state_of(true).join("records.jsonl");
        let mut lines: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        harm(&mut lines);
        std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let log = desk.run("log").await;
        assert!(log.exit == Exit::Journal && log.err.contains(said), "{said}: {:?} {}", log.exit, log.err);
        let json = desk.run("log --json").await;
        assert!(json.exit == Exit::Journal && json.json()["breaks"].to_string().contains(said), "{}", json.out);
        let doctor = desk.run("doctor").await;
        assert!(doctor.exit == Exit::Journal && doctor.out.contains(said), "{:?} {}", doctor.exit, doctor.out);
        let verify = desk.run("verify telco-churn-v42").await;
        assert!(verify.exit == Exit::Refused && verify.out.contains(said), "{:?} {}", verify.exit, verify.out);
    }
}
