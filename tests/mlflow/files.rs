//! Files of runs and logged models, and signatures, on both servers.

use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use signoff::domain::artifact::{ArtifactRoot, Signature, home};
use signoff::domain::failure::FailureKind;
use signoff::ports::ModelRegistry;
use signoff::ports::tracking::TrackingServer;
use tokio::io::AsyncWrite;

use crate::evidence::{Evidence, evidence};
use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::Api;
use crate::{adapter, name, on_real_servers, v};

on_real_servers! {
    folders_come_first_and_hold_only_their_own,
    a_head_is_cut_and_knows_the_whole_size,
    what_is_no_file_says_so,
    a_download_is_whole_and_tells_its_progress,
    a_disk_that_refuses_is_a_local_failure,
    a_signature_is_found_whatever_the_source,
    the_mlmodel_file_is_read_to_the_byte_whatever_the_source,
    a_logged_model_is_read_where_there_are_any,
}

fn root(evidence: &Evidence) -> ArtifactRoot {
    ArtifactRoot::Run(evidence.run_id())
}

async fn folders_come_first_and_hold_only_their_own(version: Version) {
    let (mlflow, root) = (adapter(version), root(evidence(version)));
    let list = async |path: &str| -> Vec<_> {
        let all = mlflow.artifacts(&root, path).await.unwrap();
        all.into_iter().map(|e| (e.path, e.is_dir, e.size)).collect()
    };
    let shown = list("").await;
    let names: Vec<_> = shown.iter().map(|(path, dir, _)| (path.as_str(), *dir)).collect();
    let folders = [("bare", true), ("model", true), ("plots", true)];
    let files = [("a b客.html", false), ("empty.txt", false), ("report.txt", false)];
    assert_eq!(names, [folders, files].concat());
    assert_eq!(shown[5].2, Some(10_000));
    for path in ["plots", "plots/"] {
        assert_eq!(list(path).await, [("plots/deep".to_owned(), true, None)]);
    }
    assert_eq!(list("plots/deep").await, [("plots/deep/roc.csv".to_owned(), false, Some(16))]);
    // The servers do not distinguish a missing folder, or a file, from an empty folder.
    assert_eq!(list("nope").await, []);
    let unknown = ArtifactRoot::Run(signoff::domain::ids::RunId::new("nope"));
    assert_eq!(mlflow.artifacts(&unknown, "").await.unwrap_err().kind, FailureKind::NotFound);
    for path in ["..", "plots/../..", "/etc"] {
        assert_eq!(mlflow.artifacts(&root, path).await.unwrap_err().kind, FailureKind::Rejected, "{path}");
    }
}

async fn a_head_is_cut_and_knows_the_whole_size(version: Version) {
    let (mlflow, root) = (adapter(version), root(evidence(version)));
    for (path, limit, bytes, truncated, total) in [
        ("report.txt", 12, "012345678901", true, 10_000),
        ("report.txt", 0, "", true, 10_000),
        ("plots/deep/roc.csv", 15, "fpr,tpr\n0,0\n1,1", true, 16),
        ("plots/deep/roc.csv", 16, "fpr,tpr\n0,0\n1,1\n", false, 16),
        ("plots/deep/roc.csv", 1_000, "fpr,tpr\n0,0\n1,1\n", false, 16),
        ("empty.txt", 10, "", false, 0),
        ("a b客.html", 100, "<html>\u{1b}[2J</html>", false, 17),
    ] {
        let head = mlflow.artifact_head(&root, path, limit).await.unwrap();
        assert_eq!(String::from_utf8(head.bytes).unwrap(), bytes, "{path} {limit}");
        assert_eq!((head.truncated, head.total), (truncated, Some(total)), "{path} {limit}");
    }
}

async fn what_is_no_file_says_so(version: Version) {
    let evidence = evidence(version);
    let (mlflow, root) = (adapter(version), root(evidence));
    let short = evidence.run_id().short();
    for (path, kind, reason) in [
        ("nope.txt", FailureKind::NotFound, format!("run {short} has no file nope.txt")),
        ("plots/nope\u{1b}", FailureKind::NotFound, format!("run {short} has no file plots/nope␛")),
        ("plots/deep", FailureKind::Rejected, "plots/deep is a folder".to_owned()),
        ("../x", FailureKind::Rejected, "'../x' is not a path below these files".to_owned()),
    ] {
        let head = mlflow.artifact_head(&root, path, 10).await.unwrap_err();
        assert_eq!((head.kind, head.reason), (kind, reason.clone()));
        let download = mlflow.download(&root, path, &mut Vec::new(), &|_| ()).await.unwrap_err();
        assert_eq!((download.kind, download.reason), (kind, reason));
    }
    let unknown = ArtifactRoot::Run(signoff::domain::ids::RunId::new("nope"));
    let failure = mlflow.artifact_head(&unknown, "x", 10).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.reason.contains("id=nope"), "{failure}");
}

async fn a_download_is_whole_and_tells_its_progress(version: Version) {
    let (mlflow, root) = (adapter(version), root(evidence(version)));
    let (mut file, told) = (Vec::new(), Mutex::new(Vec::new()));
    let size = mlflow.download(&root, "report.txt", &mut file, &|n| told.lock().unwrap().push(n)).await.unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!((size, file.len(), told.last()), (10_000, 10_000, Some(&10_000)));
    assert!(told.is_sorted());
    let size = mlflow.download(&root, "empty.txt", &mut file, &|_| ()).await.unwrap();
    assert_eq!((size, file.len()), (0, 10_000));
}

/// A full disk.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Err(std::io::ErrorKind::StorageFull.into()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn a_disk_that_refuses_is_a_local_failure(version: Version) {
    let (mlflow, root) = (adapter(version), root(evidence(version)));
    let failure = mlflow.download(&root, "report.txt", &mut Full, &|_| ()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Local);
    assert!(failure.operation.starts_with("save report.txt of run "), "{failure}");
}

async fn a_signature_is_found_whatever_the_source(version: Version) {
    let evidence = evidence(version);
    let (api, mlflow) = (Api::new(Server::shared(version)), adapter(version));
    let signature = async |source: &str, logged: Option<&str>| {
        let number = api.version_from(evidence.model, source, &evidence.run.id, logged);
        let version = mlflow.version(&name(evidence.model), v(number)).await.unwrap();
        mlflow.mlmodel(&version).await?.signature
    };
    let artifacts = &evidence.run.artifacts;
    let mut sources = vec![(format!("{artifacts}/model"), None), (format!("runs:/{}/model", evidence.run.id), None)];
    sources.extend(evidence.logged.as_deref().map(|id| (format!("models:/{id}"), Some(id))));
    for (source, logged) in sources {
        let found = signature(&source, logged).await.unwrap().unwrap();
        let shown = |fields: &Signature| -> Vec<String> {
            let all = fields.inputs.iter().chain(&fields.outputs);
            all.map(|f| format!("{}:{}:{}", f.name, f.kind, f.required)).collect()
        };
        assert_eq!(shown(&found), ["tenure:double:true", "plan:string:false", ":tensor(int64, [-1]):true"], "{source}");
    }
    assert_eq!(signature(&format!("{artifacts}/bare"), None).await.unwrap(), None);
    let failure = signature(&format!("{artifacts}/plots"), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.reason.starts_with("there is no MLmodel file where its source (mlflow-artifacts:/"), "{failure}");
}

async fn the_mlmodel_file_is_read_to_the_byte_whatever_the_source(version: Version) {
    let evidence = evidence(version);
    let (api, mlflow) = (Api::new(Server::shared(version)), adapter(version));
    let artifacts = &evidence.run.artifacts;
    let mut sources = vec![(format!("{artifacts}/model"), None), (format!("runs:/{}/model", evidence.run.id), None)];
    sources.extend(evidence.logged.as_deref().map(|id| (format!("models:/{id}"), Some(id))));
    for (source, logged) in sources {
        let number = api.version_from(evidence.model, &source, &evidence.run.id, logged);
        let version = mlflow.version(&name(evidence.model), v(number)).await.unwrap();
        let bytes = mlflow.mlmodel(&version).await.unwrap().bytes;
        let (root, folder) = home(&version).unwrap();
        let path = if folder.is_empty() { "MLmodel".to_owned() } else { format!("{folder}/MLmodel") };
        let head = mlflow.artifact_head(&root, &path, 1_000_000).await.unwrap();
        assert_eq!((bytes.as_slice(), head.truncated), (head.bytes.as_slice(), false), "{source}");
        // The listed size is the file's size, so a digest of the list detects a truncated file.
        let listed = mlflow.artifacts(&root, &folder).await.unwrap();
        let size = listed.iter().find(|e| e.path == path).and_then(|e| e.size);
        assert_eq!(size, Some(bytes.len() as u64), "{source}");
    }
    let number = api.version_from(evidence.model, &format!("{artifacts}/plots"), &evidence.run.id, None);
    let version = mlflow.version(&name(evidence.model), v(number)).await.unwrap();
    assert_eq!(mlflow.mlmodel(&version).await.unwrap_err().kind, FailureKind::NotFound);
}

async fn a_logged_model_is_read_where_there_are_any(version: Version) {
    let evidence = evidence(version);
    let mlflow = adapter(version);
    let Some(id) = &evidence.logged else {
        let failures = [
            mlflow.logged_model("m-0123").await.unwrap_err(),
            mlflow.artifacts(&ArtifactRoot::LoggedModel("m-0123".to_owned()), "").await.unwrap_err(),
            mlflow.artifact_head(&ArtifactRoot::LoggedModel("m-0123".to_owned()), "MLmodel", 9).await.unwrap_err(),
        ];
        for failure in failures {
            assert_eq!(failure.kind, FailureKind::NotFound);
            assert_eq!(failure.reason, "the server keeps no logged models; MLflow does since 3.0");
        }
        return;
    };
    let model = mlflow.logged_model(id).await.unwrap();
    assert_eq!((&model.id, model.name.as_str(), model.source_run), (id, "model", Some(evidence.run_id())));
    assert!(model.status.starts_with("LOGGED_MODEL_"), "{}", model.status);
    assert_eq!(mlflow.logged_model("m-0123").await.unwrap_err().kind, FailureKind::NotFound);
    assert_eq!(mlflow.logged_model("../runs").await.unwrap_err().kind, FailureKind::NotFound);
    let root = ArtifactRoot::LoggedModel(id.clone());
    let names: Vec<_> = mlflow.artifacts(&root, "").await.unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(names, ["data", "MLmodel"]);
    let head = mlflow.artifact_head(&root, "data/part-0.bin", 2).await.unwrap();
    assert_eq!((head.bytes.as_slice(), head.truncated, head.total), (b"ab".as_slice(), true, Some(3)));
    let missing = mlflow.artifact_head(&root, "nope", 2).await.unwrap_err();
    assert_eq!(missing.reason, format!("logged model {id} has no file nope"));
}
