//! Files through signed links: the storage gets what was vended and never our token, and no link leaves the adapter.

use std::sync::Mutex;

use serde_json::json;
use signoff::adapters::databricks::Registry;
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::RunId;
use signoff::ports::ModelRegistry;
use signoff::ports::tracking::TrackingServer;
use tracing::Level;

use crate::support::double::Port;
use crate::support::fake_databricks::{FakeDatabricks, Fault, PERSON, Rule};
use crate::support::log::Log;
use crate::{CANDIDATE, churn, ports};

const REGISTRY: Registry = Registry::Workspace;
/// What every link's signature begins with.
const SIGNATURE: &str = "51a9c0de";

/// The two kinds of places where files are.
async fn roots(models: &dyn ModelRegistry) -> [(ArtifactRoot, &'static str); 2] {
    let version = models.version(&churn(REGISTRY), CANDIDATE).await.unwrap();
    let id = version.source.strip_prefix("models:/").unwrap().to_owned();
    [(ArtifactRoot::Run(version.run_id.unwrap()), "config.yaml"), (ArtifactRoot::LoggedModel(id), "MLmodel")]
}

#[tokio::test]
async fn files_of_runs_and_logged_models_are_listed_and_read() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, REGISTRY);
    for (root, path) in roots(&*models).await {
        let listed = tracking.artifacts(&root, "").await.unwrap();
        let size = listed.iter().find(|e| e.path == path).unwrap().size.unwrap();
        let head = tracking.artifact_head(&root, path, 10).await.unwrap();
        assert_eq!((head.bytes.len(), head.truncated, head.total), (10, true, Some(size)), "{root:?}");
        let mut whole = Vec::new();
        let seen = Mutex::new(0);
        let written = tracking.download(&root, path, &mut whole, &|n| *seen.lock().unwrap() = n).await.unwrap();
        assert_eq!((written, whole.len() as u64, *seen.lock().unwrap()), (size, size, size));
        assert_eq!(whole[..10], head.bytes[..]);
    }
    // The double refuses a request with a token, or without the headers that were vended.
    let stored = fake.stored();
    assert_eq!(stored.len(), 4);
    assert!(stored.iter().all(|r| r.authorization.is_none() && !format!("{:?}", r.headers).contains(PERSON)));
    // Nothing of open-source servers is asked for.
    assert!(
        fake.requests().iter().all(|r| !r.target.contains("get-artifact") && !r.target.contains("/artifacts/files"))
    );
}

#[tokio::test]
async fn files_of_a_version_in_unity_catalog_are_read_wherever_its_run_was() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, Registry::Catalog);
    let version = models.version(&churn(Registry::Catalog), CANDIDATE).await.unwrap();
    let root = ArtifactRoot::Version(version.model.clone(), version.number);
    assert!(signoff::domain::logged::file_roots(&version).contains(&root), "{version:?}");
    let listed = tracking.artifacts(&root, "").await.unwrap();
    let size = listed.iter().find(|e| e.path == "MLmodel").unwrap().size.unwrap();
    let head = tracking.artifact_head(&root, "MLmodel", 10).await.unwrap();
    assert_eq!((head.bytes.len(), head.truncated, head.total), (10, true, Some(size)));
    let mut whole = Vec::new();
    let written = tracking.download(&root, "MLmodel", &mut whole, &|_| {}).await.unwrap();
    assert_eq!((written, whole.len() as u64), (size, size));
    assert!(fake.stored().is_empty(), "no link is needed");
    let missing = tracking.artifact_head(&root, "nope.txt", 10).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NotFound, "{missing}");
    for path in ["..", "../41/MLmodel", "/etc"] {
        let out = tracking.artifact_head(&root, path, 10).await.unwrap_err();
        assert_eq!(out.kind, FailureKind::Rejected, "{path}: {out}");
    }
    // Its source names neither run nor logged model of this workspace: the files are there all the same.
    let bare = signoff::domain::registry::ModelVersion { source: "dbfs:/elsewhere".to_owned(), ..version };
    assert_eq!(signoff::domain::artifact::home(&bare), Some((root, String::new())));
    assert!(tracking.mlmodel(&bare).await.unwrap().signature.unwrap().is_some());
    fake.change(|state| state.browse_only.push("telco-churn"));
    let denied = tracking.artifacts(&ArtifactRoot::Version(bare.model, bare.number), "").await.unwrap_err();
    assert!(denied.kind == FailureKind::Forbidden && denied.to_string().contains("EXECUTE"), "{denied}");
}

#[tokio::test]
async fn the_mlmodel_file_of_a_version_is_read_through_a_link() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, REGISTRY);
    let version = models.version(&churn(REGISTRY), CANDIDATE).await.unwrap();
    let file = tracking.mlmodel(&version).await.unwrap();
    assert!(!file.signature.unwrap().unwrap().inputs.is_empty());
    assert_eq!(fake.stored().len(), 1);
    // A workspace answers everything outside its API with a login page.
    assert!(fake.requests().iter().all(|r| r.target.starts_with("/api/2.0/") || r.port == Port::Storage));
}

#[tokio::test]
async fn a_link_that_has_ended_is_asked_for_again_once() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, REGISTRY);
    for (root, path) in roots(&*models).await {
        for stale in [1, 2] {
            fake.change(|state| state.stale_links = stale);
            fake.forget();
            let read = tracking.artifact_head(&root, path, 10).await;
            assert_eq!((read.is_ok(), fake.stored().len()), (stale == 1, 2), "{root:?} {stale}");
            if let Err(failure) = read {
                assert_eq!(failure.kind, FailureKind::Forbidden, "{failure}");
                assert!(failure.hint.unwrap().contains("clock"));
            }
            fake.change(|state| state.stale_links = stale);
            let mut into = Vec::new();
            let saved = tracking.download(&root, path, &mut into, &|_| {}).await;
            assert_eq!(saved.is_ok(), stale == 1, "{root:?} {stale}");
            assert_eq!(into.is_empty(), stale == 2, "nothing is written before the file is there");
        }
    }
}

#[tokio::test]
async fn a_missing_file_and_a_folder_are_told_apart() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, REGISTRY);
    let [(run, _), (model, _)] = roots(&*models).await;
    for root in [&run, &model] {
        let missing = tracking.artifact_head(root, "nowhere.txt", 10).await.unwrap_err();
        assert!(
            missing.kind == FailureKind::NotFound && missing.reason.contains("has no file nowhere.txt"),
            "{missing}"
        );
    }
    let folder = tracking.artifact_head(&run, "plots", 10).await.unwrap_err();
    assert!(folder.kind == FailureKind::Rejected && folder.reason.contains("is a folder"), "{folder}");
    let nobody = ArtifactRoot::Run(RunId::new("0".repeat(32)));
    assert_eq!(tracking.artifacts(&nobody, "").await.unwrap_err().kind, FailureKind::NotFound);
    for path in ["", "..", "a/../b", "/etc/passwd"] {
        fake.forget();
        let failure = tracking.artifact_head(&run, path, 10).await.unwrap_err();
        assert_eq!((failure.kind, fake.requests().len()), (FailureKind::Rejected, 0), "{path:?}");
    }
}

#[tokio::test]
async fn the_storage_may_fail_and_redirect_without_learning_anything() {
    for (fault, kind) in [
        (Fault::DropBefore, FailureKind::Unavailable),
        (Fault::Status(503, json!({})), FailureKind::Unavailable),
        (Fault::Status(500, json!({})), FailureKind::Protocol),
        (Fault::Status(401, json!({})), FailureKind::Forbidden),
    ] {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports(&fake, REGISTRY);
        let [(run, path), _] = roots(&*models).await;
        fake.fault(Rule::new("GET", "/bucket/*", fault.clone()).always());
        let failure = tracking.artifact_head(&run, path, 10).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{fault:?}: {failure}");
        assert!(!format!("{failure:?}").contains(SIGNATURE), "{failure:?}");
    }
    let (fake, elsewhere) = (FakeDatabricks::start(), FakeDatabricks::start());
    let (models, tracking) = ports(&fake, REGISTRY);
    let [(run, path), _] = roots(&*models).await;
    fake.fault(Rule::new("GET", "/bucket/*", Fault::Redirect(format!("{}/x", elsewhere.url()))).always());
    assert_eq!(tracking.artifact_head(&run, path, 10).await.unwrap_err().kind, FailureKind::Config);
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_link_that_is_none_is_not_followed() {
    for address in ["", "ftp://host/x", "file:///etc/passwd", "http://storage.example/x?sig=51a9c0de", "not a link"] {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports(&fake, REGISTRY);
        let [(run, path), _] = roots(&*models).await;
        let body = json!({"credential_infos": [{"signed_uri": address, "headers": []}]});
        fake.fault(Rule::new("POST", "*/credentials-for-read", Fault::Answer(body)).always());
        let failure = tracking.artifact_head(&run, path, 10).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol, "{address}: {failure}");
        assert!(address.is_empty() || !format!("{failure:?}").contains(address), "{failure:?}");
    }
    for headers in [json!([{"name": "a b", "value": "x"}]), json!([{"name": "x", "value": "a\nb"}])] {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports(&fake, REGISTRY);
        let [(run, path), _] = roots(&*models).await;
        let link = format!("{}/bucket/0", fake.storage_url());
        let body = json!({"credential_infos": [{"signed_uri": link, "headers": headers}]});
        fake.fault(Rule::new("POST", "*/credentials-for-read", Fault::Answer(body)).always());
        assert_eq!(tracking.artifact_head(&run, path, 10).await.unwrap_err().kind, FailureKind::Protocol);
    }
}

/// S3 and Azure answer 403, Google and S3's session tokens 400, some gateways 401.
#[tokio::test]
async fn a_link_that_has_ended_is_asked_for_again_once_however_the_storage_says_it() {
    for says in [
        (403, "AccessDenied"),
        (403, "AuthenticationFailed"),
        (400, "ExpiredToken"),
        (400, "TokenRefreshRequired"),
        (401, "InvalidToken"),
    ] {
        for (stale, found) in [(1, true), (2, false)] {
            let fake = FakeDatabricks::start();
            fake.change(|state| (state.says_ended, state.stale_links) = (says, stale));
            let (models, tracking) = ports(&fake, REGISTRY);
            let [(run, path), _] = roots(&*models).await;
            let read = tracking.artifact_head(&run, path, 10).await;
            assert_eq!(read.is_ok(), found, "{says:?} {stale}: {read:?}");
            let asked = fake.requests().iter().filter(|r| r.target.contains("/credentials-for-")).count();
            assert_eq!(asked, 2, "{says:?} {stale}");
        }
    }
    // What a storage refuses for another reason is not asked for again.
    let fake = FakeDatabricks::start();
    fake.change(|state| (state.says_ended, state.stale_links) = ((400, "InvalidArgument"), 1));
    let (models, tracking) = ports(&fake, REGISTRY);
    let [(run, path), _] = roots(&*models).await;
    tracking.artifact_head(&run, path, 10).await.unwrap_err();
    assert_eq!(fake.requests().iter().filter(|r| r.target.contains("/credentials-for-")).count(), 1);
}

#[tokio::test]
async fn no_line_of_the_log_holds_a_link_or_a_token() {
    let log = Log::begin();
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, REGISTRY);
    for (root, path) in roots(&*models).await {
        tracking.artifact_head(&root, path, 10).await.unwrap();
        for fault in [Fault::DropBefore, Fault::TruncateBody, Fault::Status(500, json!({})), Fault::Html(403)] {
            fake.fault(Rule::new("GET", "/bucket/*", fault).times(3));
            let _ = tracking.artifact_head(&root, path, 10).await;
            fake.heal();
        }
    }
    let text = log.end(Level::TRACE);
    // Only what this program logs: libraries below warning are not written by it.
    let ours: Vec<&str> = text.lines().filter(|l| l.contains("signoff::")).collect();
    assert!(!ours.is_empty(), "nothing was logged");
    for line in ours {
        assert!(!line.contains(SIGNATURE) && !line.contains(PERSON), "{line}");
    }
    let _: &dyn TrackingServer = &*tracking;
}
