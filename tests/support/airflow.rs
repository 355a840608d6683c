//! A real Airflow 3 with one DAG: scheduler, workers and API, started for one test.

use std::net::TcpListener;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::group::Group;
use super::{http, install};

/// Of the pinned packages; see [`install::pinned`].
const PINS: &str = include_str!("airflow.txt");
/// Time limit for what the server does. It takes a minute and a half to start where two cores are busy.
const DEADLINE: Duration = Duration::from_secs(300);
/// The user who may do everything, and the password.
pub const USER: (&str, &str) = ("ann", "loopback-Airflow-1");
/// The id of the DAG. It leaves the version from its configuration as the XCom of its task `load`.
pub const DAG: &str = "score";
const CODE: &str = r#"
from airflow.sdk import dag, get_current_context, task


@dag("score", schedule=None, tags=["team", "model:3"])
def score():
    @task
    def load():
        given = get_current_context()["dag_run"].conf
        if given.get("fails"):
            raise ValueError("the model cannot be loaded")
        return given["model_version"]

    load()


score()
"#;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Airflow {
    pub port: u16,
    group: Group,
    log: std::path::PathBuf,
    token: String,
}

impl Airflow {
    pub fn start() -> Self {
        let venv = install::pinned("airflow-3.1.3", PINS);
        let dir = tempfile::Builder::new().prefix("signoff-airflow-").tempdir().expect("no temporary folder").keep();
        let [port, logs, triggers] = [(); 3].map(|()| free_port());
        std::fs::create_dir(dir.join("dags")).expect("cannot write");
        std::fs::write(dir.join("dags/score.py"), CODE).expect("cannot write the DAG");
        std::fs::write(dir.join("passwords.json"), json!({USER.0: USER.1}).to_string()).expect("cannot write");
        let log_path = dir.join("log");
        let log = std::fs::File::create(&log_path).expect("cannot write the log");
        let mut command = Command::new(venv.join("bin/airflow"));
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("AIRFLOW")) {
            command.env_remove(name);
        }
        let settings = [
            ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
            ("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False"),
            ("AIRFLOW__CORE__EXECUTOR", "LocalExecutor"),
            ("AIRFLOW__CORE__PARALLELISM", "1"),
            ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "ann:admin"),
            ("AIRFLOW__API__HOST", "127.0.0.1"),
            ("AIRFLOW__API__WORKERS", "1"),
            ("AIRFLOW__API_AUTH__JWT_SECRET", "loopback-only-loopback-only-loopback-only-loopback-only-0123456789"),
            ("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False"),
            ("DO_NOT_TRACK", "1"),
        ];
        let path = format!("{}:{}", venv.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        command
            .arg("standalone")
            .envs(settings)
            .env("PATH", path)
            .env("HOME", &dir)
            .env("AIRFLOW_HOME", &dir)
            .env("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", dir.join("passwords.json"))
            .env("AIRFLOW__API__PORT", port.to_string())
            .env("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", format!("http://127.0.0.1:{port}/execution/"))
            .env("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", logs.to_string())
            .env("AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT", triggers.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("cannot write the log"))
            .stderr(log)
            .current_dir(&dir);
        let mut airflow = Self { port, group: Group::start(command, &dir), log: log_path, token: String::new() };
        let body = json!({"username": USER.0, "password": USER.1}).to_string();
        airflow.token = airflow.until("answers", |airflow| {
            let (status, answer) = http::request(airflow.port, "POST", "/auth/token", "", &body).ok()?;
            let answer: Value = serde_json::from_str(&answer).ok()?;
            (status == 201).then(|| answer["access_token"].as_str().unwrap_or_default().to_owned())
        });
        airflow.until("knows the DAG", |airflow| airflow.read("").map(drop));
        airflow
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A token of [`USER`].
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Starts a run of the DAG.
    pub fn trigger(&self, id: &str, conf: &Value) {
        let body = json!({"dag_run_id": id, "logical_date": null, "conf": conf}).to_string();
        let (status, answer) = http::request(self.port, "POST", &path("/dagRuns"), &self.signed(), &body)
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(status, 200, "{answer}");
    }

    /// Waits until a run has ended so.
    pub fn ends(&mut self, id: &str, state: &str) {
        let run = format!("/dagRuns/{id}");
        let ended = self.until("ends the run", |airflow| {
            let run = airflow.read(&run)?;
            let state = run["state"].as_str()?.to_owned();
            ["success", "failed"].contains(&state.as_str()).then_some(state)
        });
        assert_eq!(ended, state, "{id}");
    }

    fn read(&self, below: &str) -> Option<Value> {
        let (status, answer) = http::request(self.port, "GET", &path(below), &self.signed(), "").ok()?;
        (status == 200).then(|| serde_json::from_str(&answer).ok()).flatten()
    }

    fn signed(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    fn until<T>(&mut self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline && !self.group.has_ended() {
            if let Some(found) = look(self) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(30).collect();
        panic!("Airflow never {what}. Its log ends:\n{}", end.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
}

fn path(below: &str) -> String {
    format!("/api/v2/dags/{DAG}{below}")
}

/// A port that nobody listens on. Below those that systems give to who asks for any, as other tests do: Airflow takes
/// minutes to take it.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let ports = || 20_000 + (process::id() % 4_000) as u16 * 3 + NEXT.fetch_add(1, Ordering::Relaxed);
    std::iter::repeat_with(ports)
        .take(100)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("no free port")
}
