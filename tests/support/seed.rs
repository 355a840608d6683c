//! Creates experiments, runs, models and versions on a real server, through its own REST API.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::http;
use super::mlflow_server::{Server, Version};

/// A client for writing that panics on errors.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    port: u16,
}

impl Api {
    pub fn new(server: &Server) -> Self {
        Self { port: server.port }
    }

    /// Sends a request below `/api/2.0/mlflow/` and returns its JSON.
    pub fn call(self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) =
            http::request(self.port, method, &format!("/api/2.0/mlflow/{path}"), "", &body.to_string())
                .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{method} {path}: {e}: {answer}"))
    }

    /// As [`Self::call`] with POST.
    pub fn post(self, path: &str, body: Value) -> Value {
        self.call("POST", path, &body)
    }

    /// Creates an experiment and returns its id.
    pub fn experiment(self, name: &str) -> String {
        text(&self.post("experiments/create", json!({"name": name}))["experiment_id"])
    }

    /// Creates a finished run with metrics, params and tags.
    pub fn run(self, experiment: &str, run: &RunSeed<'_>) -> SeededRun {
        let made = self.post(
            "runs/create",
            json!({"experiment_id": experiment, "run_name": run.name, "start_time": START, "tags": pairs(run.tags)}),
        );
        let id = text(&made["run"]["info"]["run_id"]);
        let metrics: Vec<Value> = run
            .metrics
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value, "timestamp": START + 1_000, "step": 3}))
            .collect();
        self.post("runs/log-batch", json!({"run_id": id, "metrics": metrics, "params": pairs(run.params)}));
        self.post("runs/update", json!({"run_id": id, "status": "FINISHED", "end_time": START + 60_000}));
        SeededRun { id, artifacts: text(&made["run"]["info"]["artifact_uri"]) }
    }

    /// Creates a registered model with tags.
    pub fn model(self, name: &str, tags: &[(&str, &str)]) {
        self.post(
            "registered-models/create",
            json!({"name": name, "description": "Churn within 30 days.", "tags": pairs(tags)}),
        );
    }

    /// Creates the next version of a model and returns its number.
    pub fn version(self, model: &str, run: Option<&SeededRun>, description: &str, tags: &[(&str, &str)]) -> u64 {
        // 3.x accepts a source only if it belongs to the run, or if there is no run.
        let source = run.map_or("s3://bucket/model".to_owned(), |r| format!("{}/model", r.artifacts));
        let made = self.post(
            "model-versions/create",
            json!({"name": model, "source": source, "run_id": run.map_or("", |r| &r.id), "description": description, "tags": pairs(tags)}),
        );
        text(&made["model_version"]["version"]).parse().expect("versions are numbers")
    }

    /// Moves a version to a stage, leaving the others where they are.
    pub fn stage(self, model: &str, version: u64, stage: &str) {
        let body =
            json!({"name": model, "version": version.to_string(), "stage": stage, "archive_existing_versions": false});
        self.post("model-versions/transition-stage", body);
    }

    pub fn alias(self, model: &str, alias: &str, version: u64) {
        self.post("registered-models/alias", json!({"name": model, "alias": alias, "version": version.to_string()}));
    }

    /// Logs points of one metric: step, time in seconds after [`START`], value (a number, or "NaN").
    pub fn log_points(self, run: &str, metric: &str, points: &[(i64, i64, Value)]) {
        for batch in points.chunks(1_000) {
            let point = |(step, at, value): &(i64, i64, Value)| json!({"key": metric, "value": value, "timestamp": START + at * 1_000, "step": step});
            let metrics: Vec<Value> = batch.iter().map(point).collect();
            self.post("runs/log-batch", json!({"run_id": run, "metrics": metrics}));
        }
    }

    /// Uploads a file below an artifact URI such as `mlflow-artifacts:/1/<run>/artifacts`. `path` is put into the
    /// request unencoded.
    pub fn put_file(self, artifacts: &str, path: &str, content: &str) {
        let root = artifacts.strip_prefix("mlflow-artifacts:/").expect("artifacts are proxied");
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{root}/{path}");
        let (status, answer) = http::request(self.port, "PUT", &path, "", content).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// Creates a logged model of a run (3.x) and returns its id and the URI of its files.
    pub fn logged_model(self, experiment: &str, run: &str) -> (String, String) {
        let made =
            self.post("logged-models", json!({"experiment_id": experiment, "name": "model", "source_run_id": run}));
        let info = &made["model"]["info"];
        (text(&info["model_id"]), text(&info["artifact_uri"]))
    }

    /// Creates the next version of a model from any source.
    pub fn version_from(self, model: &str, source: &str, run: &str, logged: Option<&str>) -> u64 {
        let mut body = json!({"name": model, "source": source, "run_id": run});
        if let Some(id) = logged {
            // 3.x checks that the source belongs to it.
            body["model_id"] = json!(id);
        }
        text(&self.post("model-versions/create", body)["model_version"]["version"])
            .parse()
            .expect("versions are numbers")
    }

    pub fn delete_run(self, id: &str) {
        self.post("runs/delete", json!({"run_id": id}));
    }
}

/// 2026-10-05T08:00:00Z in milliseconds: the start of every seeded run.
pub const START: i64 = 1_791_187_200_000;

/// A run to create.
#[derive(Clone, Copy, Debug)]
pub struct RunSeed<'a> {
    pub name: &'a str,
    pub metrics: &'a [(&'a str, f64)],
    pub params: &'a [(&'a str, &'a str)],
    pub tags: &'a [(&'a str, &'a str)],
}

/// A created run.
#[derive(Clone, Debug)]
pub struct SeededRun {
    pub id: String,
    pub artifacts: String,
}

/// Text as written by an attacker.
pub const HOSTILE: &str = "fine\u{1b}]0;pwned\u{7} \u{1b}[2J\u{9b}2J \rOVER \u{202e}gnp.exe zero\u{200b}width\nsecond";
/// A model name in several scripts.
pub const UNICODE_MODEL: &str = "客户流失 🚀";
/// A model name that no filter can express exactly.
pub const QUOTED_MODEL: &str = "it's \"quoted\"";
/// A model name with a terminal escape.
pub const HOSTILE_MODEL: &str = "churn\u{1b}[2J";
/// A model name that only 2.x accepts.
pub const SLASH_MODEL: &str = "a/b c?#%";
/// The model with a history.
pub const CHURN: &str = "telco-churn";
/// A prompt, which is not a model.
pub const PROMPT: &str = "telco-prompt";
/// The commit of the version in production.
pub const COMMIT: &str = "9f2c4e1ab0d35c7788f1e2d3c4b5a69788776655";

/// The telco-churn history on one server. Tests that write create their own models.
#[derive(Clone, Debug)]
pub struct World {
    pub experiment: String,
    /// Runs of versions 1 to 4 of [`CHURN`], in order. The fourth is deleted.
    pub runs: Vec<SeededRun>,
}

impl World {
    /// The world on the shared server of this version, created on first use.
    pub fn shared(version: Version) -> &'static Self {
        static V2: OnceLock<World> = OnceLock::new();
        static V3: OnceLock<World> = OnceLock::new();
        let cell = if version == Version::V2_22 { &V2 } else { &V3 };
        cell.get_or_init(|| Self::seed(Server::shared(version)))
    }

    /// Creates the world on a server.
    ///
    /// [`CHURN`]: v1 Archived, v2 Production `@champion`, v3 Staging `@challenger` without a commit and with
    /// hostile text, v4 without stage and with a deleted run.
    pub fn seed(server: &Server) -> Self {
        let api = Api::new(server);
        let experiment = api.experiment("telco-churn/classification");
        let git = [
            ("mlflow.user", "amara.diallo"),
            ("mlflow.source.git.commit", COMMIT),
            ("mlflow.source.git.repoURL", "https://github.com/acme-telco/churn-models.git"),
            ("mlflow.source.git.branch", "main"),
        ];
        let runs: Vec<SeededRun> = (1..=4)
            .map(|n| {
                let auc = 0.80 + f64::from(n) / 100.0;
                let seed = RunSeed {
                    name: &format!("gbm-{n}"),
                    metrics: &[("test_auc", auc), ("test_log_loss", 0.4), ("divergence", f64::MAX)],
                    params: &[("depth", "3"), ("note", if n == 3 { HOSTILE } else { "plain" })],
                    tags: if n == 3 { &git[..1] } else { &git },
                };
                api.run(&experiment, &seed)
            })
            .collect();
        api.post(
            "runs/log-metric",
            json!({"run_id": runs[2].id, "key": "val_loss", "value": "NaN", "timestamp": START, "step": 0}),
        );
        let dataset = json!({"name": "telco-2026-10", "digest": "4b4e90ad", "source_type": "http", "source": "{}", "profile": "{\"num_rows\": 2400}"});
        let context = json!([{"key": "mlflow.data.context", "value": "training"}]);
        api.post("runs/log-inputs", json!({"run_id": runs[1].id, "datasets": [{"tags": context, "dataset": dataset}]}));

        api.model(CHURN, &[("owner", "retention")]);
        for (run, (description, tags)) in runs.iter().zip([
            ("First.", vec![]),
            ("In production.", vec![("qa.status", "approved")]),
            (HOSTILE, vec![("qa.status", "pending"), ("note", HOSTILE)]),
            ("", vec![]),
        ]) {
            api.version(CHURN, Some(run), description, &tags);
        }
        for (version, stage) in [(1, "Archived"), (2, "Production"), (3, "Staging")] {
            api.stage(CHURN, version, stage);
        }
        api.alias(CHURN, "champion", 2);
        api.alias(CHURN, "challenger", 3);
        api.delete_run(&runs[3].id);

        let mut odd = vec![UNICODE_MODEL, QUOTED_MODEL, HOSTILE_MODEL];
        odd.extend((server.version == Version::V2_22).then_some(SLASH_MODEL));
        for name in odd {
            api.model(name, &[]);
            api.version(name, None, "one", &[]);
            api.version(name, Some(&runs[0]), "two", &[]);
            api.stage(name, 1, "Production");
            api.alias(name, "champion", 1);
        }
        api.model(PROMPT, &[("mlflow.prompt.is_prompt", "true")]);
        Self { experiment, runs }
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<Value> {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}")).to_owned()
}
