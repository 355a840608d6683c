//! Text output: results on stdout, messages on stderr, no terminal control sequences.

use super::*;
use signoff::domain::registry::PromotionTarget;

#[tokio::test]
async fn the_inbox_lists_what_waits_oldest_first() {
    let ran = Desk::new().run("inbox").await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""));
    insta::assert_snapshot!(ran.out);
}

#[tokio::test]
async fn with_an_alias_as_target_the_inbox_compares_with_its_holder() {
    let desk = Desk::with(|rules| rules.promote_to = PromotionTarget::Alias("champion".into()));
    let ran = desk.run("inbox --json").await;
    let waiting = ran.json()["waiting"].as_array().unwrap().clone();
    let churn = waiting.iter().rfind(|w| w["model"] == "telco-churn").unwrap();
    assert_eq!((churn["version"].as_u64(), churn["production"].as_u64()), (Some(42), Some(39)));
    assert!(churn["main_metric"]["old"].is_number(), "{churn}");
}

#[tokio::test]
async fn models_versions_and_one_version_are_tables() {
    let desk = Desk::new();
    for (name, line) in
        [("models", "models"), ("versions", "versions telco-churn --limit 4"), ("show", "show telco-churn/42")]
    {
        let ran = desk.run(line).await;
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        assert!(!ran.out.contains('\u{1b}'));
        insta::assert_snapshot!(name, ran.out);
    }
}

#[tokio::test]
async fn the_runs_of_an_experiment_are_found_by_its_name_or_id() {
    let desk = Desk::new();
    let by_name = desk.run("runs telco-churn/classification --limit 6").await;
    assert_eq!(by_name.exit, Exit::Done, "{}", by_name.err);
    assert!(by_name.err.contains("--limit"), "{}", by_name.err);
    insta::assert_snapshot!("runs", by_name.out);
    assert_eq!(desk.run("runs 1 --limit 6").await.out, by_name.out);
    let unknown = desk.run("runs telco-churn/clasification").await;
    assert_eq!(unknown.exit, Exit::Refused);
    assert!(unknown.err.contains("nearest name is 'telco-churn/classification'"), "{}", unknown.err);
}

#[tokio::test]
async fn runs_come_in_the_order_that_is_asked_for() {
    let desk = Desk::new();
    let names = async |line: &str| -> Vec<String> {
        let ran = desk.run(line).await;
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        json["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect()
    };
    let up = names("runs telco-churn/classification --limit 500 --sort name --json").await;
    assert!(up.len() > 5 && up.is_sorted(), "{up:?}");
    let down = names("runs telco-churn/classification --limit 500 --sort name --order desc --json").await;
    assert!(down.iter().rev().eq(&up), "{down:?}");
}

#[tokio::test]
async fn a_limit_says_that_there_is_more() {
    let desk = Desk::new();
    assert!(desk.run("versions telco-churn --limit 4").await.err.contains("--limit"));
    assert_eq!(desk.run("versions telco-churn").await.err, "");
}

#[tokio::test]
async fn a_comparison_shows_differences_only_unless_asked_for_all() {
    let desk = Desk::new();
    let ran = desk.run("compare telco-churn@challenger").await;
    insta::assert_snapshot!("compare", ran.out);
    let all = desk.run("compare telco-churn/42 telco-churn/39 --all").await.out;
    assert!(all.contains("psi_max") && !ran.out.contains("psi_max"), "{all}");
    let same = desk.run("compare telco-churn/39 telco-churn/39").await.out;
    assert!(same.contains("No differences"), "{same}");
}

#[tokio::test]
async fn a_model_that_was_never_released_compares_with_nothing() {
    let ran = Desk::new().run("compare churn-uplift/2").await;
    assert!(ran.out.starts_with("churn-uplift v2  (nothing is in Production)"), "{}", ran.out);
}

#[tokio::test]
async fn a_dry_run_shows_checks_and_plan_and_writes_nothing() {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --dry-run").await;
    assert_eq!(ran.exit, Exit::Done);
    insta::assert_snapshot!("dry_run", ran.out);
    assert!(ran.err.contains("Nothing was written"));
    assert_eq!(desk.run("promotions").await.out, "No promotions on this machine yet.\n");
}

#[tokio::test]
async fn doctor_says_what_works_and_which_holes_remain() {
    let desk = Desk::new();
    let ran = desk.run("doctor").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    let home = desk.home.path().display().to_string();
    insta::assert_snapshot!("doctor", ran.out.replace(&home, "HOME"));
}

#[tokio::test]
async fn models_are_limited() {
    let ran = Desk::new().run("models --limit 2 --json").await;
    assert_eq!((ran.exit, ran.json()["models"].as_array().map(Vec::len)), (Exit::Done, Some(2)));
}

#[tokio::test]
async fn names_with_spaces_and_other_scripts_are_found() {
    let desk = Desk::new();
    let models = desk.run("models --json").await.json();
    let name = models["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"].as_str().unwrap().contains('客'))
        .unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let cli = Cli::try_parse_from(["signoff", "show", &format!("models:/{name}/3")]).unwrap();
    let (mut sink, out, _) = Sink::captured(Style::default());
    act(cli.command.unwrap(), &desk.loaded, &desk.target, &desk.services, &mut sink).await.unwrap();
    assert!(out.text().starts_with(&format!("{name} v3")), "{}", out.text());
}
