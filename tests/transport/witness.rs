//! Witnesses of what runs: what their answers mean, what is asked of them, and that nothing else is.
//!
//! Answers of Airflow 2 are those of its published API description (2.10, `v1`), and its own client reads them too;
//! `airflow.rs` asks a real Airflow 3.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use signoff::adapters::github::{self, GitHub, TokenSource};
use signoff::adapters::witness::{self, AirflowApi, Common, Credentials, Reach};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::witness::{Released, Says, VersionAt, Word};
use signoff::ports::witness::Witness;

use crate::support::clock::ManualClock;
use crate::support::install;
use crate::support::stub::{Act, Stub};

const TOKEN: &str = "t0ken-of-the-witness";
const AT: &str = "2026-11-29T09:00:00Z";

fn released() -> Released {
    Released {
        model: ModelName::new("telco churn"),
        version: VersionNumber(3),
        before: Some(VersionNumber(2)),
        repository: "acme/churn-model".parse().unwrap(),
        tag: "telco-churn-v3".parse().unwrap(),
        commit: "3f9c1ab000000000000000000000000000000000".parse().unwrap(),
        at: AT.parse().unwrap(),
    }
}

fn common(minutes_after: i64) -> Common {
    let clock = ManualClock::at(AT);
    clock.advance(Duration::from_secs(u64::try_from(minutes_after * 60).unwrap()));
    Common {
        name: "score".to_owned(),
        models: vec!["telco*".to_owned()],
        settle: SignedDuration::from_mins(30),
        clock: Arc::new(clock),
    }
}

fn reach(url: &str, credentials: Credentials) -> Reach {
    Reach { url: url.to_owned(), credentials, ca_file: None, timeout: Duration::from_millis(500) }
}

fn user() -> Credentials {
    Credentials::Basic { user: "ann".to_owned(), password: TOKEN.to_owned().into() }
}

async fn http(act: Act, pointer: &str, minutes: i64) -> Word {
    let stub = Stub::start(vec![act]);
    let bearer = Credentials::Bearer(SecretString::from(TOKEN));
    let reach = reach(&format!("{}/serving/{{model}}/health?full=1", stub.url()), bearer);
    let word = witness::http(common(minutes), reach, pointer.to_owned()).ask(&released()).await;
    let asked = stub.requests();
    assert!(asked[0].starts_with("GET /serving/telco%20churn/health?full=1 HTTP/1.1"), "{}", asked[0]);
    assert!(asked[0].contains(&format!("Bearer {TOKEN}")) && asked.iter().all(|r| r.starts_with("GET ")));
    assert!(!format!("{word:?}").contains(TOKEN), "{word:?}");
    word
}

#[tokio::test]
async fn an_endpoint_agrees_by_number_tag_or_commit() {
    for value in ["3", "\"3\"", "\"v3\"", "\"telco-churn-v3\"", "\"3f9c1ab000000000000000000000000000000000\""] {
        let word = http(Act::json(&format!("{{\"model\":{{\"version\":{value}}}}}")), "/model/version", 1).await;
        assert_eq!(word.says, Says::Agrees, "{value}: {word:?}");
    }
    assert_eq!(http(Act::json("3"), "", 1).await.says, Says::Agrees, "the whole answer");
    assert_eq!(http(Act::json(r#"{"a/b":[0,"v3"]}"#), "/a~1b/1", 1).await.says, Says::Agrees, "escaped");
}

#[tokio::test]
async fn the_version_from_before_is_not_yet_and_later_wrong_and_another_is_wrong_at_once() {
    let before = || Act::json(r#"{"v":2}"#);
    assert_eq!(http(before(), "/v", 29).await.says, Says::NotYet);
    assert_eq!(http(before(), "/v", 30).await.says, Says::Disagrees);
    let word = http(Act::json(r#"{"v":"7"}"#), "/v", 0).await;
    assert_eq!((word.says, word.version.as_deref()), (Says::Disagrees, Some("7")));
}

#[tokio::test]
async fn an_endpoint_that_does_not_say_is_no_disagreement() {
    for act in [
        Act::json("{}"),
        Act::json(r#"{"v":null}"#),
        Act::json(r#"{"v":{"v":3}}"#),
        Act::json("{"),
        Act::html(200),
        Act::Answer(500, "", TOKEN.to_owned()),
        Act::Answer(401, "", TOKEN.to_owned()),
        Act::Answer(302, "Location: http://127.0.0.1:9/\r\n", String::new()),
        Act::Close,
        Act::Silence,
    ] {
        let word = http(act.clone(), "/v", 500).await;
        assert_eq!(word.says, Says::Unknown, "{act:?}: {word:?}");
        assert!(!word.reason.is_empty());
    }
}

fn airflow(stub: &Stub, api: AirflowApi, version: Option<VersionAt>) -> Arc<dyn Witness> {
    let reach = reach(&format!("{}/base/", stub.url()), user());
    witness::airflow(common(90), reach, "score {model}".to_owned(), api, version)
}

/// One answer of `dagRuns`: the later run counts.
fn runs(state: &str, conf: &str) -> String {
    format!(
        r#"{{"dag_runs":[{{"dag_run_id":"scheduled__2","state":"{state}","conf":{conf},"start_date":"2026-11-29T10:00:00.123456+00:00"}},
            {{"dag_run_id":"old","state":"success","conf":{{"model_version":"2"}},"start_date":"2026-11-29T08:00:00+00:00"}}],
            "total_entries":2}}"#
    )
}

#[tokio::test]
async fn a_dag_of_airflow_2_is_read_with_basic_auth() {
    let at = || Some(VersionAt::Conf("/model_version".to_owned()));
    for (state, conf, version, says) in [
        ("success", r#"{"model_version":3}"#, at(), Says::Agrees),
        ("success", r#"{"model_version":"v3"}"#, at(), Says::Agrees),
        ("success", r#"{"model_version":"2"}"#, at(), Says::Disagrees),
        ("success", "{}", at(), Says::Unknown),
        ("success", "null", None, Says::Unknown),
        ("failed", r#"{"model_version":3}"#, at(), Says::Disagrees),
        ("running", r#"{"model_version":3}"#, at(), Says::NotYet),
        ("queued", "{}", None, Says::NotYet),
    ] {
        let stub = Stub::start(vec![Act::json(&runs(state, conf))]);
        let word = airflow(&stub, AirflowApi::V1, version).ask(&released()).await;
        assert_eq!(word.says, says, "{state} {conf}: {word:?}");
        let asked = stub.requests();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("GET /base/api/v1/dags/score%20telco%20churn/dagRuns?"), "{}", asked[0]);
        assert!(asked[0].to_ascii_lowercase().contains("authorization: basic "), "{}", asked[0]);
    }
}

/// Airflow 2's own client asks for the same places, and understands the answers of the stub as the witness does.
#[tokio::test]
async fn the_client_of_airflow_2_reads_the_same() {
    let acts = || {
        Act::On(vec![
            ("/xcomEntries/version", Act::json(r#"{"key":"version","value":"\"v3\""}"#)),
            ("/dagRuns?", Act::json(&runs("success", r#"{"model_version":"3"}"#))),
            ("/base/api/v1/dags/score%20telco%20churn ", Act::json(r#"{"tags":[{"name":"team"},{"name":"model:3"}]}"#)),
        ])
    };
    let (theirs, ours) = (Stub::start(vec![acts()]), Stub::start(vec![acts()]));
    let url = theirs.url();
    let said = tokio::task::spawn_blocking(move || {
        let packages = ["apache-airflow-client==2.10.0", "urllib3==2.5.0", "python-dateutil==2.9.0.post0"];
        let python = install::packages("airflow-client", &packages).join("bin/python");
        let client = include_str!("airflow_2.py");
        std::process::Command::new(python).args(["-c", client, &url, TOKEN]).output().unwrap()
    });
    let said = said.await.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let lines = String::from_utf8(said.stdout).unwrap();
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            "scheduled__2 success 3 2026-11-29T10:00:00.123456+00:00",
            "old success 2 2026-11-29T08:00:00+00:00",
            "\"v3\"",
            "team model:3"
        ]
    );
    let xcom = VersionAt::Xcom { task: "load".to_owned(), key: "version".to_owned() };
    for version in [xcom, VersionAt::Tag("model:".to_owned())] {
        let word = airflow(&ours, AirflowApi::V1, Some(version)).ask(&released()).await;
        assert_eq!(word.says, Says::Agrees, "{word:?}");
    }
    // First line and credentials; a time may be written in two ways.
    let essence = |request: &String| {
        let line = request.lines().next().unwrap_or_default().replace("2026-11-29T09%3A00%3A00Z", "TIME");
        let line = line.replace("2026-11-29T09%3A00%3A00%2B00%3A00", "TIME");
        let signed = request.lines().find(|l| l.to_ascii_lowercase().starts_with("authorization: basic "));
        let mut query: Vec<String> = line.split(['?', '&', ' ']).map(str::to_owned).collect();
        query.sort();
        (query, signed.and_then(|l| l.split(' ').nth(2).map(str::to_owned)))
    };
    let all = |stub: &Stub| stub.requests().iter().map(essence).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(all(&ours), all(&theirs));
}

#[tokio::test]
async fn a_dag_of_airflow_3_is_found_out_and_read_with_a_token() {
    let stub = Stub::start(vec![Act::On(vec![
        (
            "POST /base/auth/token",
            Act::Answer(201, "Content-Type: application/json\r\n", r#"{"access_token":"jwt"}"#.into()),
        ),
        ("xcomEntries/version", Act::json(r#"{"key":"version","value":"\"v3\""}"#)),
        ("dagRuns?", Act::json(&runs("success", "{}"))),
        ("/base/api/v2/dags/score%20telco%20churn ", Act::json(r#"{"tags":[{"name":"team"},{"name":"model:3"}]}"#)),
    ])]);
    let xcom = VersionAt::Xcom { task: "load".to_owned(), key: "version".to_owned() };
    for version in [xcom, VersionAt::Tag("model:".to_owned())] {
        let word = airflow(&stub, AirflowApi::Auto, Some(version.clone())).ask(&released()).await;
        assert_eq!(word.says, Says::Agrees, "{version:?}: {word:?}");
    }
    let asked = stub.requests();
    let posts = asked.iter().filter(|r| !r.starts_with("GET ")).count();
    assert_eq!(posts, 2, "only the token is asked for with a POST: {asked:#?}");
    assert!(asked.iter().any(|r| r.contains("/taskInstances/load/xcomEntries/version")), "{asked:#?}");
    let listed = asked.iter().find(|r| r.contains("dagRuns?")).unwrap();
    assert!(listed.contains("Bearer jwt"), "{listed}");
}

#[tokio::test]
async fn an_airflow_2_is_found_out_by_what_it_does_not_have() {
    let stub = Stub::start(vec![Act::On(vec![
        ("POST ", Act::html(404)),
        ("/api/v1/dags/score%20telco%20churn/dagRuns?", Act::json(&runs("success", r#"{"model_version":3}"#))),
    ])]);
    let witness = airflow(&stub, AirflowApi::Auto, Some(VersionAt::Conf("/model_version".to_owned())));
    for _ in 0..2 {
        assert_eq!(witness.ask(&released()).await.says, Says::Agrees);
    }
    let posts = stub.requests().iter().filter(|r| r.starts_with("POST ")).count();
    assert_eq!(posts, 1, "it is found out once: {:#?}", stub.requests());
}

#[tokio::test]
async fn no_run_since_the_release_is_not_yet_and_no_airflow_is_no_disagreement() {
    let stub = Stub::start(vec![Act::json(r#"{"dag_runs":[],"total_entries":0}"#)]);
    assert_eq!(airflow(&stub, AirflowApi::V1, None).ask(&released()).await.says, Says::NotYet);
    for act in [Act::html(404), Act::Close, Act::Answer(403, "", TOKEN.to_owned())] {
        let word = airflow(&Stub::start(vec![act]), AirflowApi::Auto, None).ask(&released()).await;
        assert_eq!(word.says, Says::Unknown, "{word:?}");
        assert!(!word.reason.contains(TOKEN), "{word:?}");
    }
}

async fn deployment(all: &str, statuses: &str) -> Word {
    let stub = Stub::start(vec![Act::On(vec![("/statuses?", Act::json(statuses)), ("/deployments?", Act::json(all))])]);
    let token = TokenSource::Value(SecretString::from(TOKEN));
    let host = Arc::new(GitHub::new(github::Connection::to_api(stub.url().parse().unwrap(), token)));
    let witness = witness::github_deployment(common(5), "prod {model}".to_owned(), host);
    let word = witness.ask(&released()).await;
    let asked = stub.requests();
    let first = "GET /repos/acme/churn-model/deployments?environment=prod%20telco%20churn&per_page=100 ";
    assert!(asked[0].starts_with(first), "{}", asked[0]);
    assert!(asked.iter().all(|r| r.starts_with("GET ")));
    word
}

#[tokio::test]
async fn a_deployment_of_the_commit_or_the_tag_tells_by_its_newest_status() {
    let of = |sha: &str, at: &str| format!(r#"{{"id":1,"sha":"{sha}","ref":"{at}"}}"#);
    let (ours, other) = ("3f9c1ab000000000000000000000000000000000", "4".repeat(40));
    for (all, status, says) in [
        ("[]".to_owned(), "", Says::NotYet),
        (format!("[{}]", of(&other, "main")), "success", Says::NotYet),
        (format!("[{}]", of(ours, "main")), "success", Says::Agrees),
        (format!("[{}]", of(&other, "telco-churn-v3")), "success", Says::Agrees),
        (format!("[{}]", of(ours, "main")), "in_progress", Says::NotYet),
        (format!("[{}]", of(ours, "main")), "failure", Says::Disagrees),
        (format!("[{},{}]", of(&other, "main"), of(ours, "main")), "inactive", Says::Unknown),
    ] {
        let word = deployment(&all, &format!(r#"[{{"state":"{status}"}}]"#)).await;
        assert_eq!(word.says, says, "{all} {status}: {word:?}");
    }
    assert_eq!(deployment("{", "[]").await.says, Says::Unknown);
}
