//! Transport faults, and the outcome of reads and writes.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use signoff::adapters::mlflow::{Auth, Endpoint, Mlflow};
use signoff::domain::failure::{Failure, FailureKind, Outcome};
use signoff::domain::ids::RunId;
use signoff::ports::ModelRegistry;

use crate::support::journal::journaled;
use crate::support::stub::{Act, Stub};
use crate::{connection, name, v};

const NO_MODELS: &str = "{}";

fn at(url: &str) -> Mlflow {
    Mlflow::new(&connection(url, Auth::None))
}

async fn read(mlflow: &Mlflow) -> Outcome<usize> {
    mlflow.models(None, None).await.map(|page| page.items.len())
}

async fn write(mlflow: &Mlflow) -> Outcome<()> {
    mlflow.set_version_tag(&journaled().await, &name("m"), v(1), "k", "v").await
}

/// The result of a read and of a write, and the number of requests, when the first answer is `act` and later ones are
/// fine.
async fn once(act: &Act) -> ((Outcome<usize>, usize), (Outcome<()>, usize)) {
    let stub = Stub::start(vec![act.clone(), Act::json(NO_MODELS)]);
    let got = read(&at(&stub.url())).await;
    let other = Stub::start(vec![act.clone(), Act::json(NO_MODELS)]);
    let wrote = write(&at(&other.url())).await;
    ((got, stub.requests().len()), (wrote, other.requests().len()))
}

fn kind<T: std::fmt::Debug>(outcome: Outcome<T>) -> FailureKind {
    outcome.unwrap_err().kind
}

#[tokio::test]
async fn a_lost_reply_is_read_again_but_never_written_again() {
    for act in [Act::Close, Act::Truncate] {
        let ((got, reads), (wrote, writes)) = once(&act).await;
        assert_eq!((got, reads), (Ok(0), 2), "{act:?}");
        assert_eq!((kind(wrote), writes), (FailureKind::Unknown, 1), "{act:?}");
    }
}

#[tokio::test]
async fn an_overloaded_server_is_read_again_but_never_written_again() {
    for status in [502, 503, 504] {
        let busy =
            r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"(sqlite3.OperationalError) database is locked"}"#;
        let ((got, reads), (wrote, writes)) =
            once(&Act::Answer(status, "Content-Type: application/json\r\n", busy.to_owned())).await;
        assert_eq!((got, reads), (Ok(0), 2), "{status}");
        let failure = wrote.unwrap_err();
        assert_eq!((failure.kind, writes), (FailureKind::Unknown, 1), "{status}");
        assert!(failure.reason.contains("database is locked"), "{failure:?}");
    }
}

#[tokio::test]
async fn reads_are_given_up_after_three_tries() {
    let stub = Stub::start(vec![Act::Close]);
    let failure = read(&at(&stub.url())).await.unwrap_err();
    assert_eq!((failure.kind, stub.requests().len()), (FailureKind::Unavailable, 3));
}

#[tokio::test]
async fn a_silent_server_runs_into_the_timeout() {
    let stub = Stub::start(vec![Act::Silence]);
    let mut slow = connection(&stub.url(), Auth::None);
    slow.settings.timeout = Duration::from_millis(200);
    let started = Instant::now();
    let failure = read(&Mlflow::new(&slow)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.reason.contains("did not answer within 0.2 s"), "{failure:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(kind(write(&Mlflow::new(&slow)).await), FailureKind::Unknown);
}

#[tokio::test]
async fn a_long_pause_is_reported_instead_of_waited_for() {
    let limited = Act::Answer(429, "Content-Type: application/json\r\nRetry-After: 120\r\n", "{}".to_owned());
    let ((got, reads), (wrote, writes)) = once(&limited).await;
    for failure in [got.unwrap_err(), wrote.unwrap_err()] {
        let FailureKind::RateLimited { until: Some(until) } = failure.kind else { panic!("{failure:?}") };
        let seconds = until.duration_since(Timestamp::now()).as_secs();
        assert!((100..=120).contains(&seconds), "{seconds}");
    }
    assert_eq!((reads, writes), (1, 1));
}

#[tokio::test]
async fn a_short_pause_is_waited_for() {
    let limited = Act::Answer(429, "Retry-After: 0\r\n", String::new());
    let ((got, reads), (wrote, writes)) = once(&limited).await;
    assert_eq!((got, reads), (Ok(0), 2));
    assert!(matches!(kind(wrote), FailureKind::RateLimited { .. }) && writes == 1);
}

#[tokio::test]
async fn a_web_page_is_recognised_whatever_its_status() {
    for status in [200, 404, 405, 500] {
        let stub = Stub::start(vec![Act::html(status)]);
        let failure = read(&at(&stub.url())).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol, "{status}");
        assert!(!failure.reason.contains('<'), "{failure:?}");
    }
    let stub = Stub::start(vec![Act::html(200)]);
    let failure = write(&at(&stub.url())).await.unwrap_err();
    assert!(failure.reason.contains("a web page instead of MLflow's API"), "{failure:?}");
    assert!(failure.hint.as_deref().unwrap().contains("login page"), "{failure:?}");
    // A proxy may have answered in place of a server that applied the request.
    assert!(failure.kind.may_be_applied());
}

#[tokio::test]
async fn nonsense_is_a_protocol_failure() {
    for body in ["", "OK", "[1", r#"{"registered_models": 5}"#] {
        let stub = Stub::start(vec![Act::json(body)]);
        assert_eq!(kind(read(&at(&stub.url())).await), FailureKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn nobody_at_the_port_surely_had_no_effect() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mlflow = at(&format!("http://127.0.0.1:{port}"));
    let check = |failure: Failure| {
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert_eq!(
            failure.reason,
            format!("http://127.0.0.1:{port} cannot be reached: no server answers (connection refused)")
        );
        assert!(failure.hint.is_some());
    };
    check(read(&mlflow).await.unwrap_err());
    check(write(&mlflow).await.unwrap_err());
}

#[tokio::test]
async fn an_unknown_host_is_named_without_credentials() {
    let mlflow = at("http://ann:hunter2@signoff-test.invalid:5000");
    let failure = write(&mlflow).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.reason.contains("http://signoff-test.invalid:5000"), "{failure:?}");
    assert!(!format!("{failure:?}{mlflow:?}").contains("hunter2"));
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let elsewhere = Stub::start(vec![Act::json(NO_MODELS)]);
    let location: &'static str = format!("Location: {}/api\r\n", elsewhere.url()).leak();
    for status in [301, 302, 307, 308] {
        let stub = Stub::start(vec![Act::Answer(status, location, String::new())]);
        let mlflow = Mlflow::new(&connection(&stub.url(), Auth::Bearer("secret".to_owned().into())));
        let failure = read(&mlflow).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config, "{failure:?}");
        assert!(failure.reason.ends_with(&format!("redirects to {}", elsewhere.url())), "{failure:?}");
        assert_eq!(kind(write(&mlflow).await), FailureKind::Config);
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn requests_carry_who_asks_and_no_origin() {
    let basic = Auth::Basic { user: "ann".to_owned(), password: "pw".to_owned().into() };
    for (auth, header) in
        [(basic, "authorization: basic yw5uonb3"), (Auth::Bearer("t0k".to_owned().into()), "authorization: bearer t0k")]
    {
        let stub = Stub::start(vec![Act::json(NO_MODELS)]);
        read(&Mlflow::new(&connection(&stub.url(), auth))).await.unwrap();
        let request = stub.requests()[0].to_ascii_lowercase();
        assert!(request.contains(header), "{request}");
        assert!(request.contains(&format!("user-agent: signoff/{}", env!("CARGO_PKG_VERSION"))));
        assert!(!request.contains("origin:"));
    }
}

#[tokio::test]
async fn the_workspace_is_named_only_where_there_are_workspaces() {
    for (info, named) in [
        (Act::json(r#"{"workspaces_enabled": true}"#), true),
        (Act::json(r#"{"workspaces_enabled": false}"#), false),
        (Act::html(404), false),
    ] {
        let stub = Stub::start(vec![info, Act::json(NO_MODELS)]);
        let mut with = connection(&stub.url(), Auth::None);
        with.workspace = Some("team-a".to_owned());
        let mlflow = Mlflow::new(&with);
        read(&mlflow).await.unwrap();
        read(&mlflow).await.unwrap();
        let requests = stub.requests();
        assert_eq!(requests.len(), 3, "asked once");
        assert!(requests[1..].iter().all(|r| r.contains("x-mlflow-workspace: team-a") == named), "{requests:?}");
    }
}

#[tokio::test]
async fn the_workspace_in_use_is_known_and_in_web_addresses() {
    let has = r#"{"workspaces_enabled": true}"#;
    for (info, named, workspace) in [
        (Act::json(has), Some("team a"), Some("team a")),
        (Act::json(has), None, Some("default")),
        (Act::json(r#"{"workspaces_enabled": false}"#), Some("team a"), None),
        (Act::html(404), None, None),
        // A proxy that forwards only the API.
        (Act::html(403), None, None),
    ] {
        let stub = Stub::start(vec![info, Act::json(NO_MODELS)]);
        let mut with = connection(&stub.url(), Auth::None);
        with.workspace = named.map(str::to_owned);
        let mlflow = Mlflow::new(&with);
        assert_eq!(mlflow.workspace().await.unwrap().as_deref(), workspace);
        let page = mlflow.version_page(&name("m"), v(3)).unwrap();
        let wanted = workspace.map(|w| format!("?workspace={}", w.replace(' ', "%20"))).unwrap_or_default();
        assert_eq!(page, format!("{}/#/models/m/versions/3{wanted}", stub.url()));
    }
    let gone = at("http://127.0.0.1:9").workspace().await;
    assert!(gone.is_err_and(|f| f.kind.is_transient()), "whether there are workspaces is not known");
}

#[tokio::test]
async fn registry_and_tracking_may_be_two_servers() {
    let registry = Stub::start(vec![Act::json(NO_MODELS)]);
    let tracking = Stub::start(vec![Act::json(r#"{"run":{"info":{"run_id":"r1"}}}"#)]);
    let mut two = connection(&tracking.url(), Auth::None);
    two.registry = Some(Endpoint::parse(&registry.url(), Auth::Bearer("t".to_owned().into())).unwrap());
    let mlflow = Mlflow::new(&two);
    read(&mlflow).await.unwrap();
    let run = mlflow.runs(&[RunId::new("r1")]).await.unwrap().remove(0);
    assert_eq!((mlflow.url(), registry.requests().len(), tracking.requests().len()), (registry.url(), 1, 1));
    assert!(mlflow.run_page(&run.experiment, &run.id).unwrap().starts_with(&tracking.url()));
    assert!(!tracking.requests()[0].to_ascii_lowercase().contains("authorization"), "the registry's token went astray");
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_not_passed_over_in_silence() {
    let model = Act::json(r#"{"registered_model":{"name":"m"},"model_versions":[{"name":"m","version":"x"}]}"#);
    let stub = Stub::start(vec![model]);
    assert_eq!(kind(at(&stub.url()).versions(&name("m"), None).await), FailureKind::Protocol);
}

#[tokio::test]
async fn an_answer_about_another_version_is_refused() {
    let stub = Stub::start(vec![Act::json(r#"{"model_version":{"name":"m","version":"2"}}"#)]);
    assert_eq!(kind(at(&stub.url()).version(&name("m"), v(1)).await), FailureKind::Protocol);
}
