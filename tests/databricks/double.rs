//! Tests of the double itself: the behaviour other tests rely on.

use serde_json::Value;

use crate::support::fake_databricks::{FakeDatabricks, PERSON, READER};
use crate::support::http;

fn send(fake: &FakeDatabricks, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let port = fake.url().rsplit(':').next().unwrap().parse().unwrap();
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (status, body) = http::request(port, method, path, &headers, body).unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[test]
fn a_wrong_token_is_a_403_whose_code_is_a_number() {
    let fake = FakeDatabricks::start();
    let (status, body) = send(&fake, "wrong", "GET", "/api/2.0/preview/scim/v2/Me", "");
    assert_eq!((status, &body["error_code"], &body["message"]), (403, &403.into(), &"Invalid access token.".into()));
}

#[test]
fn what_only_open_source_servers_have_does_not_exist() {
    let fake = FakeDatabricks::start();
    for path in [
        "/version",
        "/api/3.0/mlflow/server-info",
        "/api/2.0/mlflow/users/current",
        "/get-artifact?run_id=a&path=b",
        "/api/2.0/mlflow-artifacts/artifacts/x",
        "/api/2.0/mlflow/registered-models/alias?name=telco-churn&alias=champion",
    ] {
        let (status, body) = send(&fake, PERSON, "GET", path, "");
        assert_eq!((status, &body["error_code"]), (404, &"ENDPOINT_NOT_FOUND".into()), "{path}");
    }
}

#[test]
fn unity_catalog_refuses_what_its_rules_forbid() {
    let fake = FakeDatabricks::start();
    let at = "/api/2.0/mlflow/unity-catalog/";
    for (method, path, body, wanted) in [
        ("GET", "registered-models/search?filter=name%20LIKE%20%27x%27", String::new(), "filter"),
        ("GET", "registered-models/search?order_by=name", String::new(), "order_by"),
        ("GET", "registered-models/get?name=telco-churn", String::new(), "all three levels"),
        ("GET", "model-versions/search?filter=run_id%3D%27x%27", String::new(), "Unsupported filter"),
        ("GET", "model-versions/search", String::new(), "Missing filter"),
        ("POST", "model-versions/set-tag", tag("signoff.promotion", "x"), "tag key"),
        ("POST", "model-versions/set-tag", tag("a-b", "x"), "tag key"),
        ("POST", "model-versions/set-tag", tag("a", &"x".repeat(1_001)), "1000 characters"),
    ] {
        let (status, said) = send(&fake, PERSON, method, &format!("{at}{path}"), &body);
        assert_eq!(status, 400, "{path}: {said}");
        assert!(said["message"].as_str().unwrap().contains(wanted), "{path}: {said}");
    }
    for n in 0..50 {
        let (status, said) =
            send(&fake, PERSON, "POST", &format!("{at}model-versions/set-tag"), &tag(&format!("t{n}"), ""));
        if status != 200 {
            assert!(said["message"].as_str().unwrap().contains("limit of 50 tags"), "{said}");
        }
    }
    assert_eq!(send(&fake, PERSON, "POST", &format!("{at}model-versions/set-tag"), &tag("one_more", "")).0, 400);
    assert_eq!(send(&fake, READER, "POST", &format!("{at}model-versions/set-tag"), &tag("t", "")).0, 403);
}

fn tag(key: &str, value: &str) -> String {
    serde_json::json!({"name": "prod.telco.telco-churn", "version": "42", "key": key, "value": value}).to_string()
}
