//! Credentials repeated by a server do not get into any text.

use std::time::Duration;

use signoff::adapters::mlflow::{Auth, Connection, Endpoint, Mlflow};
use signoff::domain::failure::Failure;
use signoff::domain::ids::ModelName;
use signoff::ports::ModelRegistry as _;

use super::{Adapter, KINDS, Kind, TOKEN};
use crate::support::stub::{Act, Stub};

const PASSWORD: &str = "pa:ss w0rd";
/// `ann:pa:ss w0rd` in Base64.
const HEADER: &str = "YW5uOnBhOnNzIHcwcmQ=";

async fn failures(kind: Kind, url: &str, auth: &Auth) -> Vec<Failure> {
    let adapter = Adapter::with(kind, url, Duration::from_secs(10), auth.clone());
    vec![adapter.read().await.unwrap_err(), adapter.write().await.unwrap_err()]
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent_tells_nobody() {
    let basic = Auth::Basic { user: "ann".to_owned(), password: PASSWORD.to_owned().into() };
    let bearer = Auth::Bearer(TOKEN.to_owned().into());
    for kind in KINDS {
        for status in [400, 401, 403, 404, 409, 429, 500, 503] {
            for auth in [&basic, &bearer] {
                let echo = format!("no: {TOKEN} {HEADER} {PASSWORD} pa%3Ass%20w0rd");
                let json = format!(r#"{{"error_code":"X","message":"{echo}"}}"#);
                for (content, body) in [("application/json", json), ("text/plain", echo)] {
                    let header = format!("Content-Type: {content}\r\n").leak();
                    let stub = Stub::start(vec![Act::Answer(status, header, body)]);
                    for failure in failures(kind, &stub.url(), auth).await {
                        let hidden = if kind != Kind::Mlflow || matches!(auth, Auth::Bearer(_)) {
                            vec![TOKEN]
                        } else {
                            vec![HEADER, PASSWORD, "pa%3Ass%20w0rd"]
                        };
                        let text = format!("{failure:?}");
                        assert!(hidden.iter().all(|s| !text.contains(s)), "{kind:?} {status}: {text}");
                        // A 404 from something other than the API is not quoted.
                        let quoted = status != 404 || content == "application/json";
                        assert_eq!(text.contains("***"), quoted, "{kind:?} {status}: {text}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn credentials_in_an_address_are_sent_and_never_shown() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://ann:s3cret@{closed}/x?key=s3cret");
    for failure in failures(Kind::Mlflow, &url, &Auth::None).await {
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    }
    let stub = Stub::start(vec![Act::Answer(401, "", String::new())]);
    failures(Kind::Mlflow, &stub.url().replace("//", "//ann:s3cret@"), &Auth::None).await;
    assert!(stub.requests()[0].to_ascii_lowercase().contains("authorization: basic "), "{:?}", stub.requests());
}

#[tokio::test]
async fn no_redirect_takes_credentials_along() {
    for kind in KINDS {
        let elsewhere = Stub::start(vec![Act::json("{}")]);
        let location: &'static str = format!("Location: {}/x\r\n", elsewhere.url()).leak();
        for status in [301, 302, 303, 307, 308] {
            let stub = Stub::start(vec![Act::Answer(status, location, String::new())]);
            for failure in failures(kind, &stub.url(), &Auth::Bearer(TOKEN.to_owned().into())).await {
                assert!(failure.reason.ends_with(&format!("redirects to {}", elsewhere.url())), "{failure:?}");
            }
        }
        assert_eq!(elsewhere.requests().len(), 0);
    }
}

/// Data is where nobody looks for a secret: a tag that repeats the token would be printed, logged and journalled.
#[tokio::test]
async fn a_server_that_repeats_the_token_in_its_data_tells_nobody() {
    let data = format!(
        r#"{{"registered_model":{{"name":"m","description":"x {TOKEN}","tags":[{{"key":"k","value":"{TOKEN}"}}]}}}}"#
    );
    let stub = Stub::start(vec![Act::json(&data)]);
    let mut to = Connection::new(Endpoint::parse(&stub.url(), Auth::Bearer(TOKEN.to_owned().into())).unwrap());
    to.settings.timeout = Duration::from_secs(10);
    let model = Mlflow::new(&to).model(&ModelName::new("m")).await.unwrap();
    assert_eq!((model.description.as_str(), model.tags.text("k")), ("x ***", Some("***")));
}

/// Half a secret is one too: nothing is cut before it is hidden.
#[tokio::test]
async fn a_secret_behind_a_long_blank_is_not_cut_in_two() {
    for kind in KINDS {
        for blank in 1_950..2_010 {
            let body = format!("{}{TOKEN}", " ".repeat(blank));
            let stub = Stub::start(vec![Act::Answer(400, "Content-Type: text/plain\r\n", body)]);
            let adapter = Adapter::new(kind, &stub.url(), Duration::from_secs(10));
            let text = format!("{:?}", adapter.read().await.unwrap_err());
            assert!(!text.contains(&TOKEN[..4]), "{kind:?} {blank}: {text}");
        }
    }
}
