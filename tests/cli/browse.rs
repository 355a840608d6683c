//! Lists beyond model versions, and what an approval without confirmation says.

use signoff::cli::Exit;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::Stage;

use crate::Desk;

#[tokio::test]
async fn experiments_are_listed_by_name_and_number() {
    let desk = Desk::new();
    let all = desk.run("experiments --json").await.json();
    assert_eq!((&all["schema"], &all["truncated"]), (&"signoff.experiments/1".into(), &false.into()));
    let names: Vec<&str> = all["experiments"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert!(names.len() > 2, "{names:?}");
    let one = desk.run("experiments --limit 1 --json").await.json();
    assert_eq!((&one["experiments"][0]["name"], &one["truncated"]), (&names[0].into(), &true.into()));
    let text = desk.run(&format!("experiments {}", names[1].to_uppercase().split(' ').next().unwrap())).await;
    assert!(text.out.contains(names[1]), "{}", text.out);
    assert!(desk.run("experiments no-such-name").await.out.contains("No experiment matches"));
}

#[tokio::test]
async fn files_are_listed_and_saved_and_none_is_replaced() {
    let desk = Desk::new();
    let all = desk.run("files telco-churn/42 --json").await.json();
    let files = all["files"].as_array().unwrap();
    let nested = files.iter().find(|f| f["path"].as_str().unwrap().contains('/')).unwrap();
    let (folder, _) = nested["path"].as_str().unwrap().split_once('/').unwrap();
    let below = |path: &str| path == folder || path.starts_with(&format!("{folder}/"));
    let wanted = files.iter().filter(|f| below(f["path"].as_str().unwrap())).count();
    assert!(wanted < files.len(), "{files:?}");
    let into = desk.home.path().join("saved");
    let line = format!("files telco-churn/42 {folder} --save {} --json", into.display());
    let saved = desk.run(&line).await.json();
    assert_eq!(saved["files"].as_array().unwrap().len(), wanted);
    for file in saved["files"].as_array().unwrap() {
        let place = into.join(file["path"].as_str().unwrap());
        assert_eq!(file["saved"], place.display().to_string());
        assert_eq!(std::fs::metadata(&place).unwrap().len(), file["size"].as_u64().unwrap());
    }
    let again = desk.run(&line).await;
    assert!(again.exit == Exit::Refused && again.err.contains("exists already"), "{}", again.err);
    let missing = desk.run("files telco-churn/42 no/such/file").await;
    assert!(missing.exit == Exit::Refused && missing.err.contains("no such file or folder"), "{}", missing.err);
}

#[tokio::test]
async fn without_confirmation_the_plan_is_printed_with_how_to_go_on_and_nothing_is_written() {
    let desk = Desk::new();
    let shown = desk.run("approve telco-churn/42 --reason fine").await;
    assert_eq!(shown.exit, Exit::Usage, "{}", shown.err);
    assert!(shown.out.contains("telco-churn-v42") && shown.err.contains("with --confirm v42"), "{}", shown.err);
    let version = desk.store.look(|w| w.version(&ModelName::new("telco-churn"), VersionNumber(42)).unwrap().clone());
    assert_eq!(version.unwrap().stage, Stage::Staging);
    // What blocks it comes before what is missing.
    let blocked = desk.run("approve card-fraud/9 --reason fine").await;
    assert!(blocked.exit == Exit::Refused && !blocked.err.contains("--confirm"), "{}", blocked.err);
}
