//! Experiments and searches on both servers, and the seeds shared by the tests of histories and files.

use std::sync::OnceLock;

use serde_json::{Value, json};
use signoff::adapters::mlflow::Tuning;
use signoff::domain::experiment::{RunAttribute, RunOrder, RunQuery};
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{ExperimentId, RunId};
use signoff::ports::tracking::TrackingServer;

use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::{Api, RunSeed, SeededRun};
use crate::{adapter, all, on_real_servers, tuned};

on_real_servers! {
    experiments_come_newest_first_without_deleted_ones,
    runs_come_newest_first_page_by_page_without_deleted_ones,
    runs_come_in_the_order_that_was_asked_for,
    a_filter_is_the_servers_own_and_so_is_its_refusal,
    a_search_in_no_experiment_asks_nobody,
}

/// Points of the long history: its steps are 0 to 5,999.
pub const LONG: i64 = 6_000;

pub const ML_MODEL: &str = "artifact_path: model\nmlflow_version: 3.17.2\nsignature:\n  inputs: '[{\"type\": \"double\", \
    \"name\": \"tenure\", \"required\": true}, {\"type\":\n    \"string\", \"name\": \"plan\", \"required\": false}]'\n  \
    outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \"shape\": [-1]}}]'\n  params: null\n";

/// Shared seed data, read-only.
#[derive(Debug)]
pub struct Evidence {
    pub experiment: String,
    /// Has the metric `long`, an irregular metric (`odd`), and files.
    pub run: SeededRun,
    /// Has three points of `long`.
    pub short: SeededRun,
    /// 3.x only: a logged model with an `MLmodel` file, and its URI.
    pub logged: Option<String>,
    pub model: &'static str,
}

impl Evidence {
    pub fn run_id(&self) -> RunId {
        RunId::new(self.run.id.as_str())
    }

    pub fn short_id(&self) -> RunId {
        RunId::new(self.short.id.as_str())
    }
}

pub fn evidence(version: Version) -> &'static Evidence {
    static V2: OnceLock<Evidence> = OnceLock::new();
    static V3: OnceLock<Evidence> = OnceLock::new();
    let cell = if version == Version::V2_22 { &V2 } else { &V3 };
    cell.get_or_init(|| seed(version))
}

fn seed(version: Version) -> Evidence {
    let api = Api::new(Server::shared(version));
    let experiment = api.experiment("evidence 客\u{1b}[2J");
    let make = |name: &str, depth: &str, auc: f64| {
        let seed =
            RunSeed { name, metrics: &[("auc", auc)], params: &[("depth", depth)], tags: &[("kind", "evidence")] };
        api.run(&experiment, &seed)
    };
    let (run, short, deleted) = (make("long", "3", 0.9), make("short", "4", 0.8), make("deleted", "5", 0.7));
    api.delete_run(&deleted.id);
    let points: Vec<_> = (0..LONG).map(|step| (step, step, json!(step * 2))).collect();
    api.log_points(&run.id, "long", &points);
    api.log_points(&short.id, "long", &[(0, 0, json!(1)), (7, 7, json!(2)), (20, 20, json!(3))]);
    // A resumed run logs steps again, later; a step may be negative; values may be NaN or infinite.
    let odd: [(i64, i64, Value); 6] = [
        (0, 1, json!(0.5)),
        (1, 2, json!("NaN")),
        (2, 3, json!(f64::MAX)),
        (1, 4, json!(0.25)),
        (2, 5, json!(-f64::MAX)),
        (-1, 0, json!(0.75)),
    ];
    api.log_points(&run.id, "odd", &odd);
    api.put_file(&run.artifacts, "report.txt", &"0123456789".repeat(1_000));
    api.put_file(&run.artifacts, "empty.txt", "");
    api.put_file(&run.artifacts, "plots/deep/roc.csv", "fpr,tpr\n0,0\n1,1\n");
    api.put_file(&run.artifacts, "a%20b%E5%AE%A2.html", "<html>\u{1b}[2J</html>");
    api.put_file(&run.artifacts, "model/MLmodel", ML_MODEL);
    api.put_file(&run.artifacts, "bare/MLmodel", "artifact_path: bare\n");
    let model = "own-evidence";
    api.model(model, &[]);
    let logged = (version == Version::V3_17).then(|| {
        let (id, artifacts) = api.logged_model(&experiment, &run.id);
        api.put_file(&artifacts, "MLmodel", ML_MODEL);
        api.put_file(&artifacts, "data/part-0.bin", "abc");
        id
    });
    Evidence { experiment, run, short, logged, model }
}

fn query(experiments: &[&str], filter: &str, page: Option<String>) -> RunQuery {
    let experiments = experiments.iter().map(|e| ExperimentId::new(*e)).collect();
    RunQuery { experiments, filter: filter.to_owned(), order: RunOrder::default(), page }
}

async fn experiments_come_newest_first_without_deleted_ones(version: Version) {
    let evidence = evidence(version);
    let api = Api::new(Server::shared(version));
    let deleted = api.experiment("deleted experiment");
    api.post("experiments/delete", json!({"experiment_id": deleted}));
    for tuning in [Tuning::default(), Tuning { experiments_listed: 1, ..Tuning::default() }] {
        let mlflow = &tuned(version, tuning);
        let found = all(|token| async move { mlflow.experiments(token.as_deref()).await }).await.concat();
        assert!(found.iter().all(|e| !e.deleted && e.id.as_str() != deleted), "{found:?}");
        assert!(found.is_sorted_by_key(|e| std::cmp::Reverse(e.created_at)), "{found:?}");
        let ours = found.iter().find(|e| e.id.as_str() == evidence.experiment).unwrap();
        assert_eq!(ours.name, "evidence 客␛[2J");
        assert!(ours.created_at.is_some() && ours.updated_at >= ours.created_at);
    }
}

async fn runs_come_in_the_order_that_was_asked_for(version: Version) {
    let api = Api::new(Server::shared(version));
    let at = &api.experiment("runs in order");
    for (name, start, status) in [("b", 1_000, "FINISHED"), ("a", 3_000, "KILLED"), ("c", 2_000, "FAILED")] {
        let run = json!({"experiment_id": at, "run_name": name, "start_time": start});
        let id = &api.post("runs/create", run)["run"]["info"]["run_id"];
        api.post("runs/update", json!({"run_id": id, "status": status, "end_time": 9_000}));
    }
    // One per page, so that the order must hold across pages.
    let mlflow = &tuned(version, Tuning { runs_per_page: 1, ..Tuning::default() });
    for (by, ascending) in [(RunAttribute::Name, "abc"), (RunAttribute::Started, "bca"), (RunAttribute::Status, "cba")]
    {
        for descending in [false, true] {
            let search = |page| RunQuery { order: RunOrder { by, descending }, ..query(&[at], "", page) };
            let found = all(|token| async move { mlflow.search_runs(&search(token)).await }).await.concat();
            let names: String = found.into_iter().map(|run| run.name).collect();
            let reversed = ascending.chars().rev().collect();
            assert_eq!(names, if descending { reversed } else { ascending.to_owned() }, "{by:?}");
        }
    }
}

async fn runs_come_newest_first_page_by_page_without_deleted_ones(version: Version) {
    let evidence = evidence(version);
    let at = evidence.experiment.as_str();
    for (size, pages) in [(100, 1), (1, 2)] {
        let mlflow = &tuned(version, Tuning { runs_per_page: size, ..Tuning::default() });
        let found = all(|token| async move { mlflow.search_runs(&query(&[at], "", token)).await }).await;
        // A server may announce another page that turns out to be empty.
        assert!((pages..=pages + 1).contains(&found.len()), "{}", found.len());
        let mut names: Vec<_> = found.concat().into_iter().map(|r| r.name).collect();
        names.sort();
        assert_eq!(names, ["long", "short"]);
    }
    let found = adapter(version).search_runs(&query(&[at, "999999"], "", None)).await.unwrap().items;
    assert!(found.is_sorted_by_key(|r| std::cmp::Reverse(r.started_at)));
    let long = found.iter().find(|r| r.name == "long").unwrap();
    assert_eq!((long.metrics.get("auc").unwrap().value.0, long.params.text("depth").unwrap()), (0.9, "3"));
}

async fn a_filter_is_the_servers_own_and_so_is_its_refusal(version: Version) {
    let evidence = evidence(version);
    let mlflow = adapter(version);
    for (filter, names) in [
        ("metrics.auc > 0.85 AND params.depth = '3'", vec!["long"]),
        ("tags.kind LIKE 'evi%' and attributes.run_name = \"short\"", vec!["short"]),
        ("metrics.auc > 2", vec![]),
    ] {
        let found = mlflow.search_runs(&query(&[&evidence.experiment], filter, None)).await.unwrap().items;
        assert_eq!(found.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), names, "{filter}");
    }
    for (filter, said) in [
        ("metrics.auc >", "Invalid clause(s) in filter string: 'metrics.auc', '>'"),
        ("metrics.auc > 'x'", "Expected numeric value type for metric. Found 'x'"),
        ("metrics.a > 1 OR metrics.b > 1", "Invalid clause(s) in filter string: 'OR'"),
    ] {
        let failure = mlflow.search_runs(&query(&[&evidence.experiment], filter, None)).await.unwrap_err();
        assert_eq!((failure.kind, failure.reason), (FailureKind::Rejected, format!("MLflow says \"{said}\"")));
    }
    for filter in ["\u{1b}[2J = 1".to_owned(), "x".repeat(5_000)] {
        let failure = mlflow.search_runs(&query(&[&evidence.experiment], &filter, None)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected);
        let reason = failure.reason;
        assert!(reason.chars().count() <= 300 && !reason.contains(char::is_control), "{reason}");
    }
}

async fn a_search_in_no_experiment_asks_nobody(version: Version) {
    let page = adapter(version).search_runs(&query(&[], "nonsense", None)).await.unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
}
