//! What the model itself scored, on the command line: both values are shown, and one is judged.

use signoff::adapters::demo::world::LoggedMetric;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::policy::file;
use signoff::domain::record::chain::ChainLine;
use signoff::domain::rules::PolicyRule;
use signoff::domain::run::MetricValue;
use signoff::domain::score::MetricsFrom;

use super::*;

/// telco-churn v42, whose model scored less than its run ended with, on other data than v39's, and whose run is not
/// over.
fn checkpoint(policy: &str) -> Desk {
    let configured = file::parse(policy).unwrap();
    Desk::changed(
        |rules| rules.policy = PolicyRule { configured, ..PolicyRule::default() },
        |world| {
            let model = world.models.get_mut(&ModelName::new("telco-churn")).unwrap();
            for (number, value, data) in [(42, 0.6, "holdout-09"), (39, 0.7, "holdout-08")] {
                let data = Some((data.to_owned(), "d1g357".to_owned()));
                let metric = LoggedMetric { name: "auc".into(), value: MetricValue(value), data };
                model.versions.get_mut(&VersionNumber(number)).unwrap().logged.metrics.push(metric);
            }
            let run = model.versions[&VersionNumber(42)].run_id.clone().unwrap();
            Arc::make_mut(&mut world.runs).get_mut(&run).unwrap().status = "RUNNING".into();
        },
    )
}

const FLOOR: &str = "[policy]\n[policy.metrics.auc]\nfloor = 0.75\n";

#[tokio::test]
async fn the_model_s_value_is_judged_unless_the_policy_says_otherwise() {
    let ran = checkpoint(FLOOR).run("check telco-churn/42").await;
    assert_eq!(ran.exit, Exit::Refused);
    insta::assert_snapshot!("checkpoint_check", ran.out);
    let by_run = FLOOR.replace("[policy]\n", "[policy]\nmetrics_from = \"run\"\n");
    let ran = checkpoint(&by_run).run("check telco-churn/42").await;
    assert!(ran.exit == Exit::Done && ran.out.contains("auc 0.914 of its run (the model has 0.6)"), "{}", ran.out);
    let ran = checkpoint("[policy]\nrun_finished = true\n").run("check telco-churn/42").await;
    assert!(ran.exit == Exit::Refused && ran.out.contains("the training run is RUNNING"), "{}", ran.out);
}

#[tokio::test]
async fn both_values_and_both_data_sets_are_shown() {
    let desk = checkpoint(FLOOR);
    let shown = desk.run("show telco-churn/42").await.out;
    for said in [
        "! the training run is RUNNING",
        "the model has other values than its run, and counts: auc 0.6, not 0.914",
        "its run has 0.914; v39: its run has 0.902; measured on holdout-09; v39 on holdout-08",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let json = desk.run("compare telco-churn/42 --json").await.json();
    let auc = json["metrics"].as_array().unwrap().iter().find(|m| m["name"] == "auc").unwrap().clone();
    assert_eq!((&auc["old"], &auc["new"]), (&0.7.into(), &0.6.into()));
    assert_eq!(
        (&auc["new_origin"]["other"], &auc["new_origin"]["data"]["name"]),
        (&0.914.into(), &"holdout-09".into())
    );
    let row = desk.run("inbox --json").await.json();
    let row = row["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .find(|w| w["model"] == "telco-churn" && w["version"] == 42)
        .unwrap()
        .clone();
    assert_eq!(row["main_metric"]["new"], 0.6, "{row}");
    let listed = desk.run("versions telco-churn --json").await.json();
    assert_eq!(
        listed["versions"].as_array().unwrap().iter().find(|v| v["version"] == 42).unwrap()["metrics"]["auc"],
        0.6
    );
}

#[tokio::test]
async fn a_record_says_whose_values_were_signed_and_verifies() {
    let desk = checkpoint("[policy]\n");
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    let ran = desk.run("verify telco-churn-v42").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    let lines = desk.services.records.read().await.unwrap();
    let signed = lines.iter().find_map(|line| if let ChainLine::Record(sealed) = line { Some(sealed) } else { None });
    assert_eq!(signed.unwrap().record.metrics_from, Some(MetricsFrom::Model));
}
