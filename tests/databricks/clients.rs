//! MLflow's own client and the Databricks SDK, which nobody here wrote: the adapter sends what they send, and both read
//! what the other wrote.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use signoff::adapters::databricks::Registry;
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::experiment::{RunOrder, RunQuery};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::{Stage, Told};
use signoff::ports::witness::JobRuns as _;

use crate::support::double::Recorded;
use crate::support::fake_databricks::{FakeDatabricks, PERSON, Transition};
use crate::support::{install, journal::journaled, mlflow_server};
use crate::witness::scheduled;
use crate::{CANDIDATE, HOLDER, churn, jobs, ports};

/// Runs one act of `clients.py` against the workspace, and returns what it printed.
pub async fn run(fake: &FakeDatabricks, act: &'static str) -> String {
    let url = fake.url();
    let version = mlflow_server::Version::V3_17;
    let output = tokio::task::spawn_blocking(move || {
        let python = install::mlflow(version.number(), version.extra_packages()).join("bin/python");
        let home = tempfile::tempdir().unwrap();
        Command::new(python)
            .args(["-c", include_str!("clients.py"), act])
            .env_clear()
            .envs([("DATABRICKS_HOST", url.as_str()), ("DATABRICKS_TOKEN", PERSON), ("PATH", "/usr/bin:/bin")])
            .env("HOME", home.path())
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{act}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What counts of a request: method, path, query in any order, body.
fn essence(request: &Recorded) -> (String, String, Vec<(String, String)>, String) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    query.sort();
    // Which version or run is read makes no difference.
    if path.ends_with("/model-versions/get") {
        query.retain(|(name, _)| name != "version");
    }
    if path.ends_with("/runs/get") {
        query.retain(|(name, _)| name != "run_id");
    }
    let body = if request.body.is_null() { String::new() } else { request.body.to_string() };
    (request.method.clone(), path.to_owned(), query, body)
}

/// Somebody asks for Production.
fn ask(fake: &FakeDatabricks) {
    let asked = Transition {
        model: churn(Registry::Workspace).to_string(),
        version: CANDIDATE.0.to_string(),
        to: "Production".to_owned(),
        by: "quinn@acme.example".to_owned(),
        comment: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    fake.change(|state| state.transitions.push(asked));
}

#[tokio::test]
async fn every_request_is_one_that_the_clients_of_mlflow_and_databricks_send() {
    let fake = FakeDatabricks::start();
    fake.change(|state| state.scheduled = scheduled());
    run(&fake, "golden").await;
    let theirs: BTreeSet<_> = fake.requests().iter().map(essence).collect();
    fake.forget();

    let proof = journaled().await;
    let (catalog, full) = (ports(&fake, Registry::Catalog).0, churn(Registry::Catalog));
    catalog.info().await.unwrap();
    catalog.models(None, None).await.unwrap();
    catalog.model(&full).await.unwrap();
    catalog.versions(&full, None).await.unwrap();
    catalog.version(&full, CANDIDATE).await.unwrap();
    catalog.set_version_tag(&proof, &full, CANDIDATE, "signoff.golden", "by us").await.unwrap();
    catalog.delete_version_tag(&proof, &full, CANDIDATE, "signoff.golden").await.unwrap();
    catalog.set_alias(&proof, &full, "golden", CANDIDATE).await.unwrap();
    catalog.version_by_alias(&full, "golden").await.unwrap();
    catalog.delete_alias(&proof, &full, "golden").await.unwrap();

    let (workspace, plain) = (ports(&fake, Registry::Workspace).0, churn(Registry::Workspace));
    workspace.models(None, None).await.unwrap();
    workspace.model(&plain).await.unwrap();
    workspace.versions(&plain, None).await.unwrap();
    workspace.version(&plain, CANDIDATE).await.unwrap();
    workspace.permission(&plain).await.unwrap();
    workspace.set_version_tag(&proof, &plain, CANDIDATE, "signoff_golden", "by us").await.unwrap();
    workspace.delete_version_tag(&proof, &plain, CANDIDATE, "signoff_golden").await.unwrap();
    let to = Stage::Production;
    workspace.move_stage(&proof, &plain, CANDIDATE, &to, true, "looks right").await.unwrap();
    ask(&fake);
    workspace.move_stage(&proof, &plain, CANDIDATE, &to, true, "looks right").await.unwrap();
    ask(&fake);
    let told = Told { refuses: Some(to), comment: "drift".to_owned() };
    workspace.tell(&proof, &plain, CANDIDATE, &told).await.unwrap();
    workspace.tell(&proof, &plain, CANDIDATE, &told).await.unwrap();
    let run = workspace.version(&plain, CANDIDATE).await.unwrap().run_id.unwrap();
    workspace.versions_of_run(&run).await.unwrap();
    jobs(&fake).runs("score", "2026-11-24T09:00:00Z".parse().unwrap()).await.unwrap();

    let ours = fake.requests();
    assert!(ours.len() >= 20, "{}", ours.len());
    for request in &ours {
        let request = essence(request);
        let alike: Vec<_> = theirs.iter().filter(|t| (&t.0, &t.1) == (&request.0, &request.1)).collect();
        assert!(theirs.contains(&request), "no client sends {request:?}\nthey send {alike:#?}");
    }
}

/// What counts of a request to the tracking server: empty fields are the same as none, and experiments have no order.
fn plainly(request: &Recorded) -> (String, String, Vec<(String, String)>, String) {
    let (method, path, mut query, _) = essence(request);
    // The run's id is sent under its former name too.
    query.retain(|(name, value)| !value.is_empty() && name != "run_uuid");
    let mut body = request.body.clone();
    if let Some(fields) = body.as_object_mut() {
        let is_empty = |v: &Value| v.as_str() == Some("") || v.as_array().is_some_and(Vec::is_empty) || v.is_null();
        fields.retain(|_, value| !is_empty(value));
        if let Some(ids) = fields.get_mut("experiment_ids").and_then(Value::as_array_mut) {
            ids.sort_by_key(ToString::to_string);
        }
    }
    (method, path, query, if body.is_null() { String::new() } else { body.to_string() })
}

/// Routes that only MLflow's web pages use, or that its client reaches by other ways.
const OURS: [&str; 2] = ["/metrics/get-history-bulk-interval", "/logged-models/search"];

#[tokio::test]
async fn every_request_for_runs_is_one_that_mlflow_s_client_sends() {
    let fake = FakeDatabricks::start();
    run(&fake, "tracking").await;
    let theirs: BTreeSet<_> = fake.requests().iter().map(plainly).collect();
    fake.forget();

    let (models, tracking) = ports(&fake, Registry::Workspace);
    let name = churn(Registry::Workspace);
    let mut runs = Vec::new();
    for number in [CANDIDATE, HOLDER] {
        runs.extend(models.version(&name, number).await.unwrap().run_id);
    }
    models.runs(&runs[..1]).await.unwrap();
    models.runs(&runs).await.unwrap();
    let experiments = tracking.experiments(None).await.unwrap().items;
    tracking.experiment(&experiments[0].id).await.unwrap();
    let query = RunQuery {
        experiments: vec![experiments[0].id.clone()],
        filter: "metrics.auc > 0.5".to_owned(),
        order: RunOrder::default(),
        page: None,
    };
    tracking.search_runs(&query).await.unwrap();
    tracking.histories(&runs[..1], "auc", None, 100).await.unwrap();

    let ours = fake.requests();
    let routes: BTreeSet<_> = ours.iter().map(|r| r.target.split('?').next().unwrap().to_owned()).collect();
    assert!(routes.len() >= 6, "{routes:?}");
    let mut strange = Vec::new();
    for request in ours.iter().filter(|r| !OURS.iter().any(|route| r.target.contains(route))) {
        let request = plainly(request);
        if !theirs.contains(&request) {
            let alike: Vec<_> = theirs.iter().filter(|t| (&t.0, &t.1) == (&request.0, &request.1)).collect();
            strange.push(format!("{request:?}\nit sends {alike:?}"));
        }
    }
    assert!(strange.is_empty(), "MLflow's client does not send {}", strange.join("\nnor "));
}

#[tokio::test]
async fn what_the_clients_write_is_read() {
    let fake = FakeDatabricks::start();
    run(&fake, "write").await;
    let (catalog, full) = (ports(&fake, Registry::Catalog).0, churn(Registry::Catalog));
    let challenger = catalog.version_by_alias(&full, "challenger").await.unwrap();
    assert_eq!((challenger.number, challenger.tags.text("team")), (VersionNumber(41), Some("retention")));

    let (workspace, plain) = (ports(&fake, Registry::Workspace).0, churn(Registry::Workspace));
    let [open] = workspace.requests(&plain, CANDIDATE).await.unwrap().try_into().unwrap();
    assert_eq!(
        (open.to, open.by.as_str(), open.comment.as_str()),
        (Stage::Production, "dana@acme.example", "tests are green")
    );
    let made = ModelName::new("made-elsewhere");
    assert_eq!(workspace.model(&made).await.unwrap().tags.text("owner"), Some("dana"));
    let version = workspace.version(&made, VersionNumber(1)).await.unwrap();
    assert_eq!(version.author.as_deref(), Some("dana@acme.example"));
    assert!(version.source.starts_with("dbfs:/databricks/mlflow-tracking/1/"));
}

#[tokio::test]
async fn the_clients_read_what_is_written() {
    let fake = FakeDatabricks::start();
    let proof = journaled().await;
    let (catalog, full) = (ports(&fake, Registry::Catalog).0, churn(Registry::Catalog));
    catalog.set_alias(&proof, &full, "champion", CANDIDATE).await.unwrap();
    catalog.set_version_tag(&proof, &full, CANDIDATE, "signoff.tag", "telco-churn-v42").await.unwrap();
    let (workspace, plain) = (ports(&fake, Registry::Workspace).0, churn(Registry::Workspace));
    workspace.move_stage(&proof, &plain, CANDIDATE, &Stage::Production, true, "fine").await.unwrap();
    let said = run(&fake, "read").await;
    for line in ["champion=42", "stage=Production", "old=Archived", "('signoff_tag', 'telco-churn-v42')"] {
        assert!(said.contains(line), "no {line} in {said}");
    }
}

#[tokio::test]
async fn files_are_asked_for_as_mlflow_asks() {
    let fake = FakeDatabricks::start();
    let said = run(&fake, "download").await;
    let asks = |requests: Vec<Recorded>| -> Vec<Value> {
        requests.into_iter().filter(|r| r.target.ends_with("/credentials-for-read")).map(|r| r.body).collect()
    };
    let theirs = asks(fake.requests());
    fake.forget();
    let (models, tracking) = ports(&fake, Registry::Workspace);
    let run = models.version(&churn(Registry::Workspace), CANDIDATE).await.unwrap().run_id.unwrap();
    let head = tracking.artifact_head(&ArtifactRoot::Run(run), "config.yaml", 10_000).await.unwrap();
    let first = String::from_utf8(head.bytes).unwrap().lines().next().unwrap().trim().to_owned();
    assert!(said.contains(&format!("first={first}")), "{said}");
    let ours = asks(fake.requests());
    assert!(ours.len() == 1 && theirs.contains(&ours[0]), "{ours:?} is none of {theirs:?}");
}

#[tokio::test]
async fn the_files_of_a_version_itself_are_asked_for_as_mlflow_asks() {
    let fake = FakeDatabricks::start();
    let said = run(&fake, "own").await;
    let asks = |requests: Vec<Recorded>| -> BTreeSet<(String, String)> {
        let all = requests.into_iter().filter(|r| r.target.contains("/2.0/fs/") && r.method == "GET");
        all.map(|r| (r.method.clone(), r.target)).collect()
    };
    let theirs = asks(fake.requests());
    fake.forget();
    let (_, tracking) = ports(&fake, Registry::Catalog);
    let root = ArtifactRoot::Version(churn(Registry::Catalog), CANDIDATE);
    let listed = tracking.artifacts(&root, "").await.unwrap();
    assert!(said.contains(&format!("files={:?}", paths(&listed)).replace('"', "'")), "{said}");
    let head = tracking.artifact_head(&root, "MLmodel", 10_000).await.unwrap();
    let first = String::from_utf8(head.bytes).unwrap().lines().next().unwrap().trim().to_owned();
    assert!(said.contains(&format!("first={first}")), "{said}");
    let ours = asks(fake.requests());
    assert!(ours.len() == 2 && ours.is_subset(&theirs), "{ours:?} are not of {theirs:?}");
}

fn paths(entries: &[signoff::domain::artifact::ArtifactEntry]) -> Vec<&str> {
    let mut all: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    all.sort_unstable();
    all
}
