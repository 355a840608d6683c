//! What a version scored, from logged models made through MLflow's own REST calls.

use serde_json::{Value, json};
use signoff::adapters::mlflow::{Auth, Mlflow, Tuning};
use signoff::domain::caution::cautions;
use signoff::domain::compare::{Change, Directions, Side, compare};
use signoff::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use signoff::domain::ids::VersionNumber;
use signoff::domain::logged::logged_model_of;
use signoff::domain::policy::judge::partial;
use signoff::domain::policy::{PolicySource, file};
use signoff::domain::preflight::CheckState;
use signoff::domain::provenance::Provenance;
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::domain::score::{MetricsFrom, Scores};
use signoff::ports::ModelRegistry;
use signoff::services::evidence;

use crate::support::mlflow_server::{Server, Version};
use crate::support::proxy::Proxy;
use crate::support::seed::{Api, COMMIT, RunSeed, START};
use crate::{adapter, connection, name, on_real_servers, tuned};

on_real_servers! {
    checkpoints_of_one_run_have_scores_of_their_own,
    a_model_logged_outside_a_run_says_what_a_run_would,
    models_that_are_not_there_are_not_made_up,
    many_models_are_read_in_few_requests,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}")).to_owned()
}

/// A logged model with tags and params; without a run if `run` is none.
fn logged_model(api: Api, experiment: &str, run: Option<&str>, tags: Value) -> String {
    let params = json!([{"key": "depth", "value": "7"}]);
    let made = api.post(
        "logged-models",
        json!({"experiment_id": experiment, "name": "model", "source_run_id": run, "tags": tags, "params": params}),
    );
    let id = text(&made["model"]["info"]["model_id"]);
    api.call("PATCH", &format!("logged-models/{id}"), &json!({"model_id": id, "status": "LOGGED_MODEL_READY"}));
    id
}

/// Logs a metric of a model, as `mlflow.log_metric(model_id=, dataset=)` does.
fn score(api: Api, run: &str, model: &str, metric: &str, value: f64, at: i64, data: Option<(&str, &str)>) {
    let mut point =
        json!({"key": metric, "value": value, "timestamp": START + at * 1_000, "step": at, "model_id": model});
    if let Some((name, digest)) = data {
        point["dataset_name"] = json!(name);
        point["dataset_digest"] = json!(digest);
    }
    api.post("runs/log-batch", json!({"run_id": run, "metrics": [point]}));
}

async fn facts(version: Version, model: &str, number: u64) -> ReviewedFacts {
    let target = PromotionTarget::Stage(Stage::Production);
    evidence::facts(&adapter(version), &target, &name(model), VersionNumber(number)).await.unwrap()
}

async fn checkpoints_of_one_run_have_scores_of_their_own(version: Version) {
    if version == Version::V2_22 {
        return;
    }
    let api = Api::new(Server::shared(version));
    let (experiment, model) = (api.experiment("checkpoints"), "checkpoints");
    let run = api.run(&experiment, &RunSeed { name: "three", metrics: &[("epochs", 3.0)], params: &[], tags: &[] });
    api.model(model, &[]);
    for (step, accuracy) in [(1, 0.6), (2, 0.7), (3, 0.8)] {
        let id = logged_model(api, &experiment, Some(&run.id), json!([]));
        score(api, &run.id, &id, "accuracy", accuracy, step, Some((&format!("holdout-{step}"), "d1g357")));
        let number = api.version_from(model, &format!("models:/{id}"), &run.id, Some(&id));
        assert_eq!(number, step as u64);
    }
    api.stage(model, 2, "Production");

    let first = facts(version, model, 1).await;
    // The run has only the last value.
    let RunFacts::Known(of_run) = &first.run else { panic!("{:?}", first.run) };
    assert_eq!(of_run.metrics.get("accuracy").unwrap().value.0, 0.8);
    let scores = Scores::of((&first).into(), MetricsFrom::Model);
    let accuracy = scores.get("accuracy").unwrap();
    let origin = accuracy.origin.clone().unwrap();
    assert_eq!((accuracy.value.0, origin.of, origin.other.unwrap().0), (0.6, MetricsFrom::Model, 0.8));
    assert_eq!(origin.data.unwrap().name, "holdout-1");
    assert_eq!(scores.get("epochs").unwrap().origin.as_ref().unwrap().of, MetricsFrom::Run);

    let rows = compare(Side::from(&first), first.baseline.as_ref().map(Side::from), &Directions::default()).metrics;
    let row = rows.iter().find(|row| row.name == "accuracy").unwrap();
    assert_eq!((row.old.unwrap().0, row.new.unwrap().0, row.change), (0.7, 0.6, Change::Unknown));
    assert!(row.on_different_data());
    let about: Vec<_> = cautions(&first, &Directions::default()).into_iter().map(|c| c.about).collect();
    assert_eq!(about, ["metrics", "metrics", "data"]);

    // What two models say takes no request for each of them.
    let wire = Proxy::to(Server::shared(version).port);
    let mlflow = Mlflow::with_tuning(&connection(&wire.url(), Auth::None), Tuning::default());
    let target = PromotionTarget::Stage(Stage::Production);
    let through = evidence::facts(&mlflow, &target, &name(model), VersionNumber(1)).await.unwrap();
    assert_eq!(through.digest(), first.digest());
    let asked = wire.requests();
    let of = |path: &str| asked.iter().filter(|line| line.contains(path)).count();
    assert_eq!(of("/runs/"), 1, "{asked:?}");
    assert!(of("/logged-models") <= 2 && asked.len() <= 8, "{asked:?}");

    for (from, state) in [("", CheckState::Block), ("metrics_from = \"run\"\n", CheckState::Pass)] {
        let policy = format!("[policy]\n{from}[policy.metrics.accuracy]\nfloor = 0.75\n");
        let policy = file::parse(&policy).unwrap().for_model(&name(model)).unwrap();
        let verdict = partial(&[PolicySource::new("policy", policy)], &first, jiff::Timestamp::now()).verdict;
        assert_eq!(verdict.state(), state, "{from}: {:?}", verdict.findings);
    }

    // Reading twice says the same, also after another version was made from the same model.
    let digest = first.digest();
    let id = logged_model_of(&first.version).unwrap();
    api.version_from("checkpoints", &format!("models:/{id}"), &run.id, Some(&id));
    assert_eq!(facts(version, model, 1).await.digest(), digest);
}

async fn a_model_logged_outside_a_run_says_what_a_run_would(version: Version) {
    if version == Version::V2_22 {
        return;
    }
    let api = Api::new(Server::shared(version));
    let (experiment, model) = (api.experiment("outside a run"), "outside-a-run");
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    // The keys that MLflow's client writes (`context_registry.resolve_tags`, and its Git versioning).
    let tags = json!([
        pair("mlflow.user", "amara.diallo"),
        pair("mlflow.source.git.commit", COMMIT),
        pair("mlflow.source.git.branch", "main"),
        pair("mlflow.source.git.repoURL", "https://github.com/acme-telco/churn-models.git"),
        pair("mlflow.source.git.dirty", "true"),
        pair("team", "retention"),
    ]);
    let id = logged_model(api, &experiment, None, tags);
    let measured = api.run(&experiment, &RunSeed { name: "measured", metrics: &[], params: &[], tags: &[] });
    score(api, &measured.id, &id, "auc", 0.5, 0, Some(("old", "0")));
    score(api, &measured.id, &id, "auc", 0.91, 2, Some(("holdout", "d1")));
    score(api, &measured.id, &id, "auc", 0.7, 1, Some(("holdout", "d1")));
    api.model(model, &[]);
    api.version_from(model, &format!("models:/{id}"), "", Some(&id));

    let facts = facts(version, model, 1).await;
    assert_eq!(facts.run, RunFacts::NotRecorded);
    let said = Provenance::from(&facts);
    assert_eq!((said.commit(), said.branch(), said.user()), (Some(COMMIT), Some("main"), Some("amara.diallo")));
    assert_eq!(
        (said.is_dirty(), said.params().text("depth"), said.tag("team")),
        (Some(true), Some("7"), Some("retention"))
    );
    let sets: Vec<_> = said.datasets().into_iter().map(|d| (d.name, d.digest)).collect();
    assert_eq!(sets, [("holdout".to_owned(), "d1".to_owned()), ("old".to_owned(), "0".to_owned())]);
    let shown: Vec<_> = Scores::of(said, MetricsFrom::Run).iter().map(|s| (s.name.clone(), s.value.0)).collect();
    assert_eq!(shown, [("auc".to_owned(), 0.91), ("auc on old".to_owned(), 0.5)]);
}

async fn models_that_are_not_there_are_not_made_up(version: Version) {
    let mlflow = adapter(version);
    let ids = ["m-00000000000000000000000000000000".to_owned()];
    let read = mlflow.logged_models(&ids).await.unwrap();
    if version == Version::V2_22 {
        // A server that keeps none says nothing, and nothing is missing.
        assert!(read.len() == 1 && read[0].is_silent(), "{read:?}");
        return;
    }
    assert_eq!(read, []);
    let api = Api::new(Server::shared(version));
    let (experiment, model) = (api.experiment("deleted model"), "deleted-model");
    let id = logged_model(api, &experiment, None, json!([]));
    api.model(model, &[]);
    api.version_from(model, &format!("models:/{id}"), "", Some(&id));
    api.call("DELETE", &format!("logged-models/{id}"), &json!({}));
    let facts = facts(version, model, 1).await;
    let Some(LoggedFacts::Unreadable(why)) = &facts.logged else { panic!("{:?}", facts.logged) };
    assert!(why.reason().contains("no logged model"), "{why}");
}

async fn many_models_are_read_in_few_requests(version: Version) {
    if version == Version::V2_22 {
        return;
    }
    let api = Api::new(Server::shared(version));
    let mut ids = Vec::new();
    for n in 0..3 {
        let experiment = api.experiment(&format!("many models {n}"));
        for _ in 0..3 {
            ids.push(logged_model(api, &experiment, None, json!([{"key": "n", "value": n.to_string()}])));
        }
    }
    ids.sort();
    for models_per_search in [2, 50] {
        let mlflow = tuned(version, Tuning { models_per_search, ..Tuning::default() });
        let found = mlflow.logged_models(&ids).await.unwrap();
        assert_eq!(found.iter().map(|m| m.id.clone()).collect::<Vec<_>>(), ids);
        let single = mlflow.logged_models(&ids[..1]).await.unwrap();
        assert_eq!(single[..], found[..1], "a search and a single read say the same");
    }
}
