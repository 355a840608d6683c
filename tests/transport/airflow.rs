//! The witness `airflow` with a real Airflow 3, which a test triggers by its REST API. The witness only reads: it sends
//! nothing but GET, and the POST for its token.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use signoff::adapters::clock::SystemClock;
use signoff::adapters::witness::{self, AirflowApi, Common, Credentials, Reach};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::witness::{Released, Says, VersionAt, Word};

use crate::support::airflow::{Airflow, DAG, USER};
use crate::support::proxy::Proxy;

/// A release of now.
fn released() -> Released {
    Released {
        model: ModelName::new("score"),
        version: VersionNumber(3),
        before: Some(VersionNumber(2)),
        repository: "acme/churn-model".parse().unwrap(),
        tag: "score-v3".parse().unwrap(),
        commit: "3f9c1ab000000000000000000000000000000000".parse().unwrap(),
        at: Timestamp::now(),
    }
}

struct Asked<'a> {
    proxy: &'a Proxy,
    released: &'a Released,
}

impl Asked<'_> {
    async fn with(&self, credentials: Credentials, api: AirflowApi, dag: &str, version: Option<VersionAt>) -> Word {
        let common = Common {
            name: "score".to_owned(),
            models: vec!["*".to_owned()],
            settle: SignedDuration::from_mins(30),
            clock: Arc::new(SystemClock),
        };
        let reach = Reach { url: self.proxy.url(), credentials, ca_file: None, timeout: Duration::from_secs(60) };
        let word = witness::airflow(common, reach, dag.to_owned(), api, version).ask(self.released).await;
        assert!(!format!("{word:?}").contains(USER.1), "{word:?}");
        word
    }

    async fn says(&self, version: Option<VersionAt>) -> Says {
        let word = self.with(user(USER.1), AirflowApi::Auto, "{model}", version).await;
        assert!(!word.reason.is_empty());
        word.says
    }
}

fn user(password: &str) -> Credentials {
    Credentials::Basic { user: USER.0.to_owned(), password: password.to_owned().into() }
}

fn conf() -> Option<VersionAt> {
    Some(VersionAt::Conf("/model_version".to_owned()))
}

fn xcom() -> Option<VersionAt> {
    Some(VersionAt::Xcom { task: "load".to_owned(), key: "return_value".to_owned() })
}

fn tag() -> Option<VersionAt> {
    Some(VersionAt::Tag("model:".to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_real_airflow_are_read_and_nothing_else_is_done() {
    let mut airflow = tokio::task::spawn_blocking(Airflow::start).await.unwrap();
    let (proxy, before) = (Proxy::to(airflow.port), released());
    let asked = Asked { proxy: &proxy, released: &before };
    assert_eq!(asked.says(conf()).await, Says::NotYet, "nothing ran");
    // A run that is waiting, at work or over; it names its version in three places.
    airflow.trigger("first", &json!({"model_version": 3}));
    assert_ne!(asked.says(conf()).await, Says::Disagrees, "whatever its state is by now");
    airflow.ends("first", "success");
    for version in [conf(), xcom(), tag()] {
        assert_eq!(asked.says(version.clone()).await, Says::Agrees, "{version:?}");
    }
    assert_eq!(asked.says(None).await, Says::Unknown, "the state alone names no version");
    let nowhere = VersionAt::Xcom { task: "load".to_owned(), key: "none".to_owned() };
    assert_eq!(asked.says(Some(nowhere)).await, Says::Unknown);
    // The newest run counts.
    airflow.trigger("second", &json!({"model_version": 2}));
    airflow.ends("second", "success");
    assert_eq!(asked.says(conf()).await, Says::Disagrees);
    assert_eq!(asked.says(xcom()).await, Says::Disagrees);
    airflow.trigger("third", &json!({"model_version": 3, "fails": true}));
    airflow.ends("third", "failed");
    assert_eq!(asked.says(conf()).await, Says::Disagrees);
    // Runs from before a release are none of it.
    let after = released();
    let later = Asked { proxy: &proxy, released: &after };
    assert_eq!(later.says(conf()).await, Says::NotYet);
    // With a token instead of a password, and what cannot be read.
    airflow.trigger("fourth", &json!({"model_version": "v3"}));
    airflow.ends("fourth", "success");
    let bearer = || Credentials::Bearer(SecretString::from(airflow.token().to_owned()));
    for api in [AirflowApi::Auto, AirflowApi::V2] {
        assert_eq!(later.with(bearer(), api, DAG, conf()).await.says, Says::Agrees, "{api:?}");
    }
    for (credentials, api, dag, says) in [
        (user("wrong"), AirflowApi::Auto, DAG, "nvalid credentials"),
        (user(USER.1), AirflowApi::Auto, "no_such_dag", "was not found"),
        (Credentials::Bearer("no-token".into()), AirflowApi::V2, DAG, "nvalid"),
        (bearer(), AirflowApi::V1, DAG, "removed in Airflow 3"),
    ] {
        let word = later.with(credentials, api, dag, conf()).await;
        assert_eq!(word.says, Says::Unknown, "{dag} {api:?}: {word:?}");
        assert!(word.reason.contains(says), "{says}: {word:?}");
    }
    let sent = proxy.requests();
    assert!(sent.len() > 20, "{sent:#?}");
    assert!(sent.iter().all(|r| r.starts_with("GET ") || r == "POST /auth/token"), "{sent:#?}");
}
