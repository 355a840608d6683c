//! Unusual answers to evidence reads: other servers, hostile ones, and transfers that fail.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use signoff::adapters::mlflow::{Auth, Mlflow, Tuning};
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::RunId;
use signoff::ports::tracking::TrackingServer;

use crate::connection;
use crate::support::stub::{Act, Stub};

fn at(url: &str) -> Mlflow {
    let mut connection = connection(url, Auth::Bearer("t0k".to_owned().into()));
    connection.settings.timeout = Duration::from_millis(300);
    let tuning = Tuning { points_per_page: 4, ..Tuning::default() };
    Mlflow::with_tuning(&connection, tuning)
}

fn run() -> ArtifactRoot {
    ArtifactRoot::Run(RunId::new("r1"))
}

fn points(steps: &[i64], next: &str) -> Act {
    let all: Vec<String> = steps.iter().map(|s| format!(r#"{{"key":"m","value":{s},"step":{s}}}"#)).collect();
    Act::json(&format!(r#"{{"metrics":[{}],"next_page_token":"{next}"}}"#, all.join(",")))
}

#[tokio::test]
async fn a_server_that_cannot_sample_is_read_page_by_page_and_thinned_here() {
    let unknown = Act::Answer(404, "Content-Type: application/json\r\n", r#"{"detail":"Not Found"}"#.to_owned());
    let disabled = Act::Answer(
        501,
        "Content-Type: application/json\r\n",
        r#"{"error_code":"NOT_IMPLEMENTED","message":"no"}"#.to_owned(),
    );
    for act in [Act::html(404), Act::html(405), unknown, disabled] {
        let stub =
            Stub::start(vec![act, points(&[0, 1, 9, 3], "p2"), points(&[4, 5, 6, 7], "p3"), points(&[8, 2], "")]);
        let history = at(&stub.url()).histories(&[RunId::new("r1")], "m", Some((1, 9)), 3).await.unwrap().remove(0);
        assert_eq!(history.points.iter().map(|p| p.step).collect::<Vec<_>>(), [1, 5, 9]);
        assert!(history.sampled);
        let requests = stub.requests();
        assert_eq!(requests.len(), 4);
        assert!(requests[2].contains("get-history?") && requests[2].contains("page_token=p2"), "{}", requests[2]);
    }
}

#[tokio::test]
async fn a_run_the_sampling_server_does_not_know_has_no_points() {
    let body = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Run with id=r1 not found"}"#;
    let stub = Stub::start(vec![Act::Answer(404, "Content-Type: application/json\r\n", body.to_owned())]);
    let histories = at(&stub.url()).histories(&[RunId::new("r1")], "m", None, 3).await.unwrap();
    assert!(histories[0].points.is_empty() && !histories[0].sampled);
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn more_points_than_asked_for_are_thinned_and_unreadable_ones_left_out() {
    // 2.22 sends every point of a sampled step, without a limit.
    let mut body = r#"{"metrics":[{"value":"high","step":-9},{"step":-8},null,{"value":"NaN","step":"-7"}"#.to_owned();
    for step in 0..10 {
        body.push_str(&format!(r#",{{"value":"Infinity","step":{step},"timestamp":"1791745528500"}}"#));
    }
    body.push_str("]}");
    let stub = Stub::start(vec![Act::json(&body.replace("null,", ""))]);
    let history = at(&stub.url()).histories(&[RunId::new("r1")], "m", None, 3).await.unwrap().remove(0);
    assert_eq!(history.points.iter().map(|p| p.step).collect::<Vec<_>>(), [-7, 4, 9]);
    assert!(history.points[0].value.0.is_nan() && history.points[2].value.0.is_infinite() && history.sampled);
}

#[tokio::test]
async fn paths_that_lead_out_of_their_folder_are_dropped() {
    let body = r#"{"files":[{"path":"plots/a.png","file_size":"7"},{"path":"../../etc/passwd"},{"path":"/etc/passwd"},
        {"path":"plots/.."},{"path":"plots"},{"path":"plots/deep/x"},{"path":"model/x"},{},{"path":"plots/z","is_dir":true}]}"#;
    let stub = Stub::start(vec![Act::json(body)]);
    let entries = at(&stub.url()).artifacts(&run(), "plots").await.unwrap();
    let shown: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.is_dir, e.size)).collect();
    assert_eq!(shown, [("plots/z", true, None), ("plots/a.png", false, Some(7))]);
}

#[tokio::test]
async fn a_file_is_asked_for_in_part_and_with_credentials() {
    let headers = "Content-Type: text/plain\r\nContent-Range: bytes 0-3/9\r\n";
    let stub = Stub::start(vec![Act::Answer(206, headers, "abcd".to_owned())]);
    let head = at(&stub.url()).artifact_head(&run(), "a b&c.txt", 3).await.unwrap();
    assert_eq!((head.bytes.as_slice(), head.truncated, head.total), (b"abc".as_slice(), true, Some(9)));
    let request = stub.requests()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /get-artifact?run_id=r1&path=a+b%26c.txt "), "{request}");
    assert!(request.contains("range: bytes=0-3\r\n") && request.contains("authorization: bearer t0k"), "{request}");
}

#[tokio::test]
async fn a_login_page_is_not_taken_for_a_file() {
    let stub = Stub::start(vec![Act::html(200)]);
    let failure = at(&stub.url()).artifact_head(&run(), "report.html", 100).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(failure.reason.contains("a web page instead of MLflow's API"), "{failure}");
}

#[tokio::test]
async fn an_empty_file_that_has_no_first_byte_is_empty() {
    let stub = Stub::start(vec![Act::Answer(416, "Content-Range: bytes */0\r\n", String::new())]);
    let head = at(&stub.url()).artifact_head(&run(), "empty", 100).await.unwrap();
    assert_eq!((head.bytes.len(), head.truncated, head.total), (0, false, Some(0)));
}

/// A server that sends the head of one answer and then an endless body, and returns the number of bytes sent.
fn endless(piece: &'static [u8], pieces: usize) -> (String, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000000000\r\n\r\n").unwrap();
        let mut sent = 0;
        for _ in 0..pieces {
            if stream.write_all(piece).is_err() {
                return sent;
            }
            sent += piece.len();
        }
        // Silent from here on, until the other side closes the connection.
        let _ = stream.read(&mut request);
        sent
    });
    (url, sent)
}

/// Waits for the server, while connections are closed on this thread.
async fn ended(sent: std::thread::JoinHandle<usize>) -> usize {
    let joined = tokio::task::spawn_blocking(|| sent.join().unwrap());
    tokio::time::timeout(Duration::from_secs(30), joined).await.expect("nobody hung up").unwrap()
}

#[tokio::test]
async fn a_server_that_sends_everything_is_hung_up_on() {
    let (url, sent) = endless(&[b'x'; 64 * 1024], 76_000);
    let head = at(&url).artifact_head(&run(), "huge.bin", 100_000).await.unwrap();
    assert_eq!((head.bytes.len(), head.truncated, head.total), (100_000, true, Some(5_000_000_000)));
    // Data already in flight was lost; far less than the whole was sent.
    assert!(ended(sent).await < 100_000_000);
}

#[tokio::test]
async fn a_transfer_that_falls_silent_is_given_up() {
    let (url, sent) = endless(b"0123456789", 1);
    let mut got = Vec::new();
    let failure = at(&url).download(&run(), "huge.bin", &mut got, &|_| ()).await.unwrap_err();
    assert_eq!((failure.kind, got.len()), (FailureKind::Unavailable, 10));
    assert!(failure.reason.contains("did not answer within 0.3 s"), "{failure}");
    assert_eq!(ended(sent).await, 10);
}

#[tokio::test]
async fn a_transfer_that_ends_early_is_no_success() {
    let stub = Stub::start(vec![Act::Truncate]);
    let mut got = Vec::new();
    let failure = at(&stub.url()).download(&run(), "x", &mut got, &|_| ()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    // Once bytes were written, there is no retry.
    assert_eq!(stub.requests().len(), 1);
}

/// Servers before 2.2 cannot search runs by id: they are read one by one.
#[tokio::test]
async fn on_a_server_that_cannot_search_for_ids_runs_are_read_one_by_one() {
    let refused = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid comparator 'IN' for attribute"}"#;
    let stub = Stub::start(vec![
        Act::json(r#"{"experiments":[{"experiment_id":"0"}]}"#),
        Act::Answer(400, "Content-Type: application/json\r\n", refused.to_owned()),
        Act::json(r#"{"run":{"info":{"run_id":"r1"}}}"#),
    ]);
    // A few are read one by one anyway.
    let wanted = ["r1", "r2", "r3", "r4"].map(RunId::new);
    let runs = signoff::ports::ModelRegistry::runs(&at(&stub.url()), &wanted).await;
    assert_eq!(runs.unwrap()[0].id, RunId::new("r1"));
    let requests = stub.requests();
    assert!(requests.iter().filter(|r| r.contains("runs/get?")).count() >= 4, "{requests:?}");
}
