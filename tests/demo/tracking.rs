//! The demo's tracking server: experiments, searches, histories, files, signatures.

use std::sync::Mutex;

use signoff::domain::artifact::{ArtifactEntry, ArtifactRoot};
use signoff::domain::experiment::{RunOrder, RunQuery};
use signoff::domain::history::History;
use signoff::domain::ids::ExperimentId;
use signoff::ports::tracking::TrackingServer;

use super::*;

fn query(experiments: &[&str], filter: &str) -> RunQuery {
    let experiments = experiments.iter().map(|e| ExperimentId::new(*e)).collect();
    RunQuery { experiments, filter: filter.to_owned(), order: RunOrder::default(), page: None }
}

async fn found(demo: &Demo, filter: &str) -> Vec<String> {
    let page = demo.registry.search_runs(&query(&["1", "2"], filter)).await.unwrap();
    page.items.into_iter().map(|r| r.name).collect()
}

async fn history(
    demo: &Demo,
    model: &str,
    number: u64,
    metric: &str,
    window: Option<(i64, i64)>,
    max: usize,
) -> History {
    let run = demo.version(model, number).await.run_id.unwrap();
    demo.registry.histories(&[run], metric, window, max).await.unwrap().remove(0)
}

fn logged(version: &ModelVersion) -> ArtifactRoot {
    ArtifactRoot::LoggedModel(version.source.strip_prefix("models:/").unwrap().to_owned())
}

fn paths(entries: &[ArtifactEntry]) -> Vec<&str> {
    entries.iter().map(|e| e.path.as_str()).collect()
}

#[tokio::test]
async fn experiments_are_listed_newest_first_and_hold_every_run() {
    let demo = Demo::new();
    let page = demo.registry.experiments(None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (7, None));
    assert!(page.items.is_sorted_by_key(|e| std::cmp::Reverse(e.created_at)) && page.items.iter().all(|e| !e.deleted));
    let world = demo.store.snapshot().unwrap();
    for (id, run) in world.runs.iter() {
        let experiment = world.experiments.get(&run.experiment).unwrap();
        assert!(!experiment.deleted && experiment.created_at <= run.started_at, "{}", id.as_str());
        assert!(run.started_at < demo.clock.now() && run.ended_at.is_none_or(|end| end > run.started_at));
    }
}

#[tokio::test]
async fn sweeps_have_a_parent_and_children_of_every_status() {
    let demo = Demo::new();
    for (experiment, children, status) in [("1", 13, "FINISHED"), ("2", 14, "RUNNING")] {
        let runs = demo.registry.search_runs(&query(&[experiment], "")).await.unwrap().items;
        assert!(runs.is_sorted_by_key(|r| std::cmp::Reverse(r.started_at)) && runs.iter().all(|r| !r.deleted));
        let parents: Vec<_> = runs.iter().filter(|r| r.name.ends_with("-sweep")).collect();
        assert_eq!((parents.len(), parents[0].status.as_str()), (1, status));
        assert_eq!(parents[0].ended_at.is_none(), status == "RUNNING");
        let filter = format!("tags.`mlflow.parentRunId` = '{}'", parents[0].id.as_str());
        let found = demo.registry.search_runs(&query(&[experiment], &filter)).await.unwrap().items;
        assert_eq!(found.len(), children);
        let all: std::collections::BTreeSet<_> = found.iter().map(|r| format!("{:?}", r.params)).collect();
        assert_eq!(all.len(), children, "every child has its own parameters");
        assert!(found.iter().all(|r| r.started_at >= parents[0].started_at));
    }
    let mut statuses: Vec<_> = Vec::new();
    for run in demo.registry.search_runs(&query(&["1", "2"], "")).await.unwrap().items {
        statuses.push(run.status);
    }
    statuses.sort();
    statuses.dedup();
    assert_eq!(statuses, ["FAILED", "FINISHED", "KILLED", "RUNNING"]);
}

#[tokio::test]
async fn a_filter_narrows_and_nonsense_is_refused_with_a_sentence() {
    let demo = Demo::new();
    for (filter, names) in [
        ("attributes.run_name = 'tuned-threshold'", vec!["tuned-threshold"]),
        ("metrics.auc >= 0.914 and params.max_depth = '8' AND tags.mlflow.user = \"dana\"", vec!["tuned-threshold"]),
        ("run_name LIKE 'merch%' and metrics.latency_ms < 9", vec!["merchant-risk"]),
        ("status = 'KILLED'", vec!["depth-and-eta-sweep-12"]),
        ("params.feature_table ILIKE 'TX_STREAM' and metrics.recall > 0", vec!["streaming-features"]),
        ("metrics.log_loss != 0 and run_name LIKE '%-09'", vec!["leaves-sweep-09"]),
        ("metrics.auc > 2", vec![]),
    ] {
        assert_eq!(found(&demo, filter).await, names, "{filter}");
    }
    // A deleted run is not listed.
    assert_eq!(found(&demo, "run_name = 'no-billing-leak'").await, Vec::<String>::new());
    let failure = demo.registry.search_runs(&query(&["1"], "metrics.auc >")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert_eq!(failure.reason, "Invalid clause(s) in filter string: 'metrics.auc', '>'");
}

#[tokio::test]
async fn every_curve_ends_at_the_value_the_run_reports() {
    let demo = Demo::new();
    let world = demo.store.snapshot().unwrap();
    for id in world.runs.keys() {
        let run = demo.registry.runs(std::slice::from_ref(id)).await.unwrap().remove(0);
        for (metric, point) in run.metrics.iter() {
            let history = demo.registry.histories(std::slice::from_ref(id), metric, None, 300).await.unwrap().remove(0);
            let last = history.points.last().unwrap();
            assert_eq!((last.step, last.value), (point.step, point.value), "{} {metric}", run.name);
            assert!(history.points.is_sorted_by_key(|p| (p.step, p.at)) && history.points.len() <= 300);
        }
    }
}

#[tokio::test]
async fn curves_are_the_same_every_time_and_look_like_training() {
    let (demo, again) = (Demo::new(), Demo::new());
    let loss = history(&demo, CHURN, 42, "log_loss", None, 2_500).await;
    assert_eq!(loss, history(&again, CHURN, 42, "log_loss", None, 2_500).await);
    assert_eq!((loss.points.len(), loss.sampled), (261, false));
    let value = |n: usize| loss.points[n].value.0;
    assert!(value(0) > 1.5 * value(260) && value(20) > value(200));
    let auc = history(&demo, CHURN, 42, "auc", None, 2_500).await;
    assert!(auc.points[0].value.0 < auc.points[260].value.0 && auc.points.iter().all(|p| p.value.0 <= 1.0));
    assert_ne!(history(&demo, CHURN, 39, "auc", None, 2_500).await.points[0].value, auc.points[0].value);
    assert_eq!(history(&demo, CHURN, 42, "latency_ms", None, 2_500).await.points.len(), 1);
    assert_eq!(history(&demo, CHURN, 42, "nope", None, 2_500).await.points, []);
}

#[tokio::test]
async fn a_million_points_are_sampled_and_a_window_shows_them_all() {
    let demo = Demo::new();
    let steps = |h: &History| (h.points.first().unwrap().step, h.points.last().unwrap().step, h.points.len());
    let whole = history(&demo, "credit-limit", 6, "batch_loss", None, 1_000).await;
    assert_eq!((steps(&whole), whole.sampled), ((0, 999_999, 1_000), true));
    let window = history(&demo, "credit-limit", 6, "batch_loss", Some((500_000, 500_999)), 2_500).await;
    assert_eq!((steps(&window), window.sampled), ((500_000, 500_999, 1_000), false));
    let beyond = history(&demo, "credit-limit", 6, "batch_loss", Some((999_990, 2_000_000)), 2_500).await;
    assert_eq!(steps(&beyond), (999_990, 999_999, 10));
    assert_eq!(history(&demo, "credit-limit", 6, "batch_loss", Some((-9, -1)), 10).await.points, []);
}

#[tokio::test]
async fn one_curve_has_gaps_and_one_ends_in_one() {
    let demo = Demo::new();
    let gaps = history(&demo, "credit-limit", 6, "demographic_parity_gap", None, 2_500).await.statistics();
    assert!(gaps.not_finite > 50 && gaps.not_finite < gaps.count / 2, "{gaps:?}");
    let ends = history(&demo, "客户流失 🚀", 3, "fairness_gap", None, 2_500).await.statistics();
    assert!(ends.last.unwrap().0.is_nan() && ends.count > ends.not_finite, "{ends:?}");
}

#[tokio::test]
async fn runs_and_logged_models_have_their_files() {
    let demo = Demo::new();
    let version = demo.version(CHURN, 42).await;
    let run = ArtifactRoot::Run(version.run_id.clone().unwrap());
    let list = async |root: &ArtifactRoot, path: &str| demo.registry.artifacts(root, path).await.unwrap();
    let top = list(&run, "").await;
    let files = ["config.yaml", "confusion_matrix.json", "feature_importance.csv", "metrics.json", "model_card.md"];
    assert_eq!(paths(&top), ["plots"].iter().chain(&files).copied().collect::<Vec<_>>());
    assert!(top[0].is_dir && top[1].size.unwrap() > 100);
    let plots = list(&run, "plots/").await;
    assert_eq!(paths(&plots), ["plots/confusion_matrix.png", "plots/roc_curve.png"]);
    for plot in plots {
        let head = demo.registry.artifact_head(&run, &plot.path, 8).await.unwrap();
        assert_eq!((head.bytes.as_slice(), head.truncated, head.total), (&b"\x89PNG\r\n\x1a\n"[..], true, plot.size));
    }
    let model = list(&logged(&version), "").await;
    assert_eq!(paths(&model), ["MLmodel", "input_example.json", "model.bin", "requirements.txt"]);
    // Its upload was interrupted.
    let broken = demo.version(CHURN, 38).await;
    assert_eq!(paths(&list(&logged(&broken), "").await), ["model.bin", "requirements.txt"]);
    for (root, path, expected) in [
        (&run, "nope", FailureKind::NotFound),
        (&run, "plots", FailureKind::Rejected),
        (&run, "../x", FailureKind::NotFound),
        (&ArtifactRoot::LoggedModel("m-nope".to_owned()), "MLmodel", FailureKind::NotFound),
    ] {
        assert_eq!(kind(demo.registry.artifact_head(root, path, 8).await), expected, "{path}");
    }
}

#[tokio::test]
async fn a_card_holds_what_the_author_wrote_hostile_or_not() {
    let demo = Demo::new();
    let run = ArtifactRoot::Run(demo.version("客户流失 🚀", 3).await.run_id.unwrap());
    let card = demo.registry.artifact_head(&run, "model_card.md", 100_000).await.unwrap();
    let text = String::from_utf8(card.bytes).unwrap();
    assert!(text.starts_with("# 客户流失 🚀 v3\n") && text.contains("\u{1b}[2J") && text.contains("| auc |"), "{text}");
    let metrics = demo.registry.artifact_head(&run, "metrics.json", 100_000).await.unwrap();
    assert!(String::from_utf8(metrics.bytes).unwrap().contains("\"fairness_gap\": NaN"));
}

#[tokio::test]
async fn a_download_takes_its_time_and_tells_how_far_it_is() {
    let clock = Arc::new(ManualClock::at(NOW));
    let shared: Arc<dyn Clock> = clock.clone();
    let store = Store::memory(World::new(clock.now()).unwrap());
    let (registry, _) = open(&store, &shared, Latency::DEMO);
    let version = registry.version(&name(CHURN), VersionNumber(42)).await.unwrap();
    let (before, mut file, told) = (clock.now(), Vec::new(), Mutex::new(Vec::new()));
    let size =
        registry.download(&logged(&version), "model.bin", &mut file, &|n| told.lock().unwrap().push(n)).await.unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted() && told.len() > 10 && told.last() == Some(&size) && file.len() as u64 == size);
    assert!(clock.now().duration_since(before).as_millis() > 500);
}

#[tokio::test]
async fn signatures_differ_where_the_fixtures_say_so_and_match_the_file() {
    let demo = Demo::new();
    let names = async |model: &str, number: u64| -> Vec<String> {
        let signature =
            demo.registry.mlmodel(&demo.version(model, number).await).await.unwrap().signature.unwrap().unwrap();
        signature.inputs.into_iter().map(|f| f.name).collect()
    };
    let (old, new) = (names(CHURN, 39).await, names(CHURN, 42).await);
    assert!(old.contains(&"plan_code".to_owned()) && !new.contains(&"plan_code".to_owned()));
    assert!(new.contains(&"outage_minutes_90d".to_owned()) && !old.contains(&"outage_minutes_90d".to_owned()));
    let version = demo.version(CHURN, 42).await;
    let file = demo.registry.artifact_head(&logged(&version), "MLmodel", 100_000).await.unwrap();
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(new.iter().all(|n| text.contains(&format!("\"name\":\"{n}\""))), "{text}");
    let unfinished = demo.registry.mlmodel(&demo.version(CHURN, 38).await).await.and_then(|file| file.signature);
    assert_eq!(kind(unfinished), FailureKind::NotFound);
    let ArtifactRoot::LoggedModel(id) = logged(&version) else { unreachable!() };
    let model = demo.registry.logged_model(&id).await.unwrap();
    assert_eq!((model.id, model.status.as_str(), model.source_run), (id, "LOGGED_MODEL_READY", version.run_id));
    assert_eq!(kind(demo.registry.logged_model("m-nope").await), FailureKind::NotFound);
}
