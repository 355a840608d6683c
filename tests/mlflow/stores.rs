//! Files that the MLflow server does not hand out, read from their store: a real server, started with
//! `--no-serve-artifacts`, that cannot reach its store, and a server of S3 that nobody here wrote.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde_json::json;
use signoff::adapters::mlflow::{Auth, Mlflow};
use signoff::adapters::stores::{Settings, StoredTracking};
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::RunId;
use signoff::ports::tracking::TrackingServer;

use crate::connection;
use crate::support::mlflow_server::{Server, Version};
use crate::support::s3_server::S3Server;
use crate::support::seed::{Api, RunSeed};
use crate::support::stub::{Act, Stub};

/// A server that hands out no files, the store with them, and a run with a version.
struct Apart {
    mlflow: Server,
    store: S3Server,
    run: String,
}

const MLMODEL: &str = "artifact_path: model\nflavors: {}\nsignature: null\n";

/// What Amazon answers to who takes a role.
const ROLE: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
    <AccessKeyId>ASIA0</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>t</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
    </AssumeRoleWithWebIdentityResponse>";

fn apart() -> Apart {
    let (mlflow, store) = (Server::without_files(Version::V3_17), S3Server::start());
    let api = Api::new(&mlflow);
    let experiment = api.experiment("apart");
    let run = api.run(&experiment, &RunSeed { name: "gbm", metrics: &[], params: &[], tags: &[] });
    api.model("churn", &[]);
    api.version("churn", Some(&run), "", &[]);
    let below = run.artifacts.strip_prefix("s3://models/").expect("files are in the store");
    let files = json!({
        format!("{below}/report.txt"): "0123456789".repeat(1_000),
        format!("{below}/empty.txt"): "",
        format!("{below}/a b客.html"): "<html>",
        format!("{below}/plots/deep/roc.csv"): "fpr,tpr\n",
        format!("{below}/model/MLmodel"): MLMODEL,
        // Of another run, whose name begins the same.
        format!("{below}x/secret.txt"): "not ours",
    });
    store.files("models", &files);
    Apart { mlflow, store, run: run.id }
}

fn vars(vars: &[(&str, &str)], home: Option<&Path>) -> Settings {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
    Settings { vars, home: home.map(Path::to_owned) }
}

fn tracking(url: &str, settings: Settings) -> StoredTracking {
    StoredTracking::new(Arc::new(Mlflow::new(&connection(url, Auth::None))), settings)
}

/// Reads one file with these settings.
async fn reads(apart: &Apart, settings: Settings) -> Result<String, signoff::domain::failure::Failure> {
    let root = ArtifactRoot::Run(RunId::new(apart.run.as_str()));
    let head = tracking(&apart.mlflow.url(), settings).artifact_head(&root, "plots/deep/roc.csv", 100).await?;
    Ok(String::from_utf8(head.bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_from_the_store_with_the_users_own_credentials() {
    let apart = tokio::task::spawn_blocking(apart).await.unwrap();
    let endpoint = apart.store.url();
    let base = [("MLFLOW_S3_ENDPOINT_URL", endpoint.as_str())];
    let with = |more: &[(&'static str, &str)], home: Option<&Path>| {
        let all: Vec<(&str, &str)> = base.iter().copied().chain(more.iter().copied()).collect();
        vars(&all, home)
    };

    // The machine itself, by its metadata service.
    let instance = with(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint)], None);
    assert_eq!(reads(&apart, instance).await.unwrap(), "fpr,tpr\n");
    // A role, by web identity.
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("token"), "a.b.c").unwrap();
    let token = home.path().join("token").display().to_string();
    let role = "arn:aws:iam::123456789012:role/reads";
    // moto takes this request in its body only.
    let sts = Stub::start(vec![Act::Answer(200, "Content-Type: text/xml\r\n", ROLE.to_owned())]);
    let sts_url = sts.url();
    let identity = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", role),
        ("AWS_ENDPOINT_URL_STS", &sts_url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    assert_eq!(reads(&apart, with(&identity, None)).await.unwrap(), "fpr,tpr\n");
    let asked = sts.requests();
    assert!(asked[0].contains("Action=AssumeRoleWithWebIdentity") && asked[0].contains("a.b.c"), "{asked:?}");
    // Nobody.
    let nobody = reads(&apart, with(&[("AWS_EC2_METADATA_DISABLED", "true")], None)).await.unwrap_err();
    assert_eq!(nobody.kind, FailureKind::Unauthenticated, "{nobody}");
    for words in ["s3://models", "AWS_ACCESS_KEY_ID", "the MLflow server cannot read it either"] {
        assert!(nobody.reason.contains(words), "{words}: {nobody}");
    }
    // Nobody, on a machine that is asked.
    let silent = with(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")], None);
    let alone = reads(&apart, silent).await.unwrap_err();
    assert_eq!(alone.kind, FailureKind::Unauthenticated, "{alone}");
    assert!(alone.reason.contains("no credentials for s3://models"), "{alone}");
    assert!(alone.hint.as_deref().is_some_and(|hint| hint.contains("AWS_PROFILE")), "{alone}");

    let store = &apart.store;
    let (id, secret) = tokio::task::block_in_place(|| store.user("reviewer", true));
    let (stranger, strange) = tokio::task::block_in_place(|| store.user("stranger", false));
    tokio::task::block_in_place(|| store.asks_who());
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let profile = format!("[qa]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    std::fs::write(home.path().join(".aws/credentials"), profile).unwrap();
    let qa = || with(&[("AWS_PROFILE", "qa")], Some(home.path()));

    let root = ArtifactRoot::Run(RunId::new(apart.run.as_str()));
    let reviewer = tracking(&apart.mlflow.url(), qa());
    let list = async |path: &str| -> Vec<_> {
        let all = reviewer.artifacts(&root, path).await.unwrap();
        all.into_iter().map(|e| (e.path, e.is_dir, e.size)).collect()
    };
    let file = |path: &str, size| (path.to_owned(), false, Some(size));
    let folder = |path: &str| (path.to_owned(), true, None);
    let whole =
        [folder("model"), folder("plots"), file("a b客.html", 6), file("empty.txt", 0), file("report.txt", 10_000)];
    assert_eq!(list("").await, whole);
    assert_eq!(list("plots/").await, [folder("plots/deep")]);
    assert_eq!(list("plots/deep").await, [file("plots/deep/roc.csv", 8)]);
    assert_eq!(list("nope").await, []);
    for (path, limit, bytes, truncated, total) in [
        ("report.txt", 12, "012345678901", true, 10_000),
        ("report.txt", 0, "", true, 10_000),
        ("empty.txt", 10, "", false, 0),
        ("a b客.html", 6, "<html>", false, 6),
    ] {
        let head = reviewer.artifact_head(&root, path, limit).await.unwrap();
        assert_eq!(String::from_utf8(head.bytes).unwrap(), bytes, "{path} {limit}");
        assert_eq!((head.truncated, head.total), (truncated, Some(total)), "{path} {limit}");
    }
    let missing = reviewer.artifact_head(&root, "nope.txt", 9).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NotFound, "{missing}");
    for path in ["..", "../artifactsx/secret.txt", "/etc", ""] {
        let out = reviewer.artifact_head(&root, path, 9).await.unwrap_err();
        assert_eq!(out.kind, FailureKind::Rejected, "{path}: {out}");
    }
    let (mut saved, told) = (Vec::new(), Mutex::new(0));
    let written = reviewer.download(&root, "report.txt", &mut saved, &|n| *told.lock().unwrap() = n).await.unwrap();
    assert_eq!((written, saved.len(), *told.lock().unwrap()), (10_000, 10_000, 10_000));

    // A key that may nothing, and one that is wrong. No text repeats the secrets.
    for (id, secret) in [(stranger.as_str(), strange.as_str()), (id.as_str(), "wrong-secret-wrong-secret")] {
        let keys = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
        let refused = reads(&apart, with(&keys, None)).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Forbidden, "{refused}");
        assert!(refused.reason.contains("s3://models refuses AWS_ACCESS_KEY_ID"), "{refused}");
        let text = format!("{refused:?}");
        assert!(!text.contains(secret) && !text.contains(id), "{text}");
    }

    // The program itself, with the variables of the user.
    let desk = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_signoff"));
    program
        .args(["files", "churn/1", "model/MLmodel", "--save", "out"])
        .env_clear()
        .envs([("HOME", home.path()), ("SIGNOFF_STATE_DIR", desk.path())])
        .envs([("MLFLOW_TRACKING_URI", apart.mlflow.url()), ("MLFLOW_S3_ENDPOINT_URL", endpoint.clone())])
        .envs([("AWS_PROFILE", "qa"), ("GH_REPO", "acme/churn"), ("GH_TOKEN", "ghp_0000"), ("SIGNOFF_LOG", "trace")])
        .current_dir(desk.path());
    let output = tokio::task::block_in_place(|| program.output().unwrap());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let log = std::fs::read_to_string(desk.path().join("signoff.log")).unwrap_or_default();
    for text in [&said, &log, &String::from_utf8_lossy(&output.stdout).into_owned()] {
        assert!(!text.contains(&secret), "{text}");
    }
    let found = walk(&desk.path().join("out"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(std::fs::read_to_string(&found[0]).unwrap(), MLMODEL);
}

fn walk(place: &Path) -> Vec<std::path::PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = std::fs::read_dir(place).map(|all| all.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries.iter().flat_map(|entry| walk(&entry.path())).collect()
}

/// A server that knows the run and cannot read its files, which are at this address.
fn unable(uri: &str) -> Stub {
    let run = json!({"run": {"info": {"run_id": "r1", "artifact_uri": uri}}}).to_string();
    Stub::start(vec![Act::On(vec![
        ("/runs/get", Act::json(&run)),
        ("/", Act::Answer(500, "Content-Type: application/json\r\n", r#"{"error_code":"INTERNAL_ERROR"}"#.to_owned())),
    ])])
}

#[tokio::test]
async fn where_the_files_are_is_said_if_nobody_here_can_read_them() {
    let root = ArtifactRoot::Run(RunId::new("r1"));
    for (uri, words) in [
        ("file:///mnt/mlruns/1/r1/artifacts", "they are in /mnt/mlruns/1/r1/artifacts on the machine"),
        ("./mlruns/1/r1/artifacts", "they are in ./mlruns/1/r1/artifacts on the machine"),
        ("hdfs://namenode/mlruns", "a store that signoff does not read (hdfs:)"),
        ("s3://a@evil.example/x", "a store that signoff does not read (s3:)"),
    ] {
        let server = unable(uri);
        let failure = tracking(&server.url(), Settings::default()).artifacts(&root, "").await.unwrap_err();
        assert!(failure.reason.contains(words), "{words}: {failure}");
    }
    // The server's own files: what it says stands alone.
    let server = unable("mlflow-artifacts:/1/r1/artifacts");
    let failure = tracking(&server.url(), Settings::default()).artifacts(&root, "").await.unwrap_err();
    assert!(!failure.reason.contains("they are in"), "{failure}");
}

#[tokio::test]
async fn no_store_is_asked_over_http_unless_the_user_named_it() {
    let root = ArtifactRoot::Run(RunId::new("r1"));
    let server = unable("s3://models/1");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIA0"), ("AWS_SECRET_ACCESS_KEY", "secret-of-the-user")];
    let odd = [("MLFLOW_S3_ENDPOINT_URL", "ftp://127.0.0.1")];
    let all: Vec<_> = keys.into_iter().chain(odd).collect();
    let failure = tracking(&server.url(), vars(&all, None)).artifacts(&root, "").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config, "{failure}");
    assert!(failure.reason.contains("MLFLOW_S3_ENDPOINT_URL"), "{failure}");
}
