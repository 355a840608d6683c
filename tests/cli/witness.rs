//! Witnesses of what runs, as `status` and `doctor` tell of them, and mistakes in their tables.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use signoff::domain::ids::ModelName;
use signoff::domain::witness::{Released, Says, Word};
use signoff::ports::witness::{Witness, Witnesses};

use super::binary::{Machine, text};
use super::*;

/// A witness that says one word after the other; the last one stays.
struct Scripted {
    name: &'static str,
    words: Mutex<VecDeque<Says>>,
    asked: Mutex<Vec<Released>>,
    reached: Result<String, String>,
}

impl Scripted {
    fn saying(name: &'static str, words: &[Says]) -> Arc<Self> {
        let reached = Ok("it answers".to_owned());
        Arc::new(Self { name, words: Mutex::new(words.iter().copied().collect()), asked: Mutex::default(), reached })
    }
}

#[async_trait]
impl Witness for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> &'static str {
        "http"
    }

    fn is_about(&self, model: &ModelName) -> bool {
        model.as_str() == "telco-churn"
    }

    async fn ask(&self, released: &Released) -> Word {
        self.asked.lock().unwrap().push(released.clone());
        let mut words = self.words.lock().unwrap();
        let says = if words.len() > 1 { words.pop_front() } else { words.front().copied() };
        Word::new(says.unwrap(), "as it was told to say").of("7")
    }

    async fn check(&self) -> Result<String, String> {
        self.reached.clone()
    }
}

/// A desk that released v42, with these witnesses.
async fn released(witnesses: &[&Arc<Scripted>]) -> Desk {
    let mut desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    desk.services.witnesses = Witnesses(witnesses.iter().map(|w| Arc::clone(w) as Arc<dyn Witness>).collect());
    desk
}

fn of(json: &Value) -> &Value {
    json["models"].as_array().unwrap().iter().find(|m| m["model"] == "telco-churn").unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn what_a_witness_says_decides_the_state_and_the_exit_code() {
    for (says, state, exit) in [
        (Says::Agrees, "ok", Exit::Done),
        (Says::NotYet, "pending", Exit::Done),
        (Says::Disagrees, "disagrees", Exit::Refused),
        (Says::Unknown, "unknown", Exit::Done),
    ] {
        let witness = Scripted::saying("score", &[says]);
        let desk = released(&[&witness]).await;
        let ran = desk.run("status telco-churn --json").await;
        let json = ran.json();
        assert_eq!((ran.exit, &of(&json)["state"]), (exit, &json!(state)), "{says:?}: {json}");
        let asked = witness.asked.lock().unwrap()[0].clone();
        assert_eq!((asked.version.0, asked.before.map(|v| v.0)), (42, Some(39)));
        assert_eq!(asked.tag.as_str(), "telco-churn-v42");
        let told = desk.run("status telco-churn").await;
        assert!(told.out.contains("score") && told.out.contains("as it was told to say"), "{}", told.out);
    }
}

/// The names of the document are a contract.
#[tokio::test]
async fn a_model_carries_what_the_document_says() {
    let desk = released(&[&Scripted::saying("score", &[Says::Disagrees])]).await;
    desk.store
        .change(|world| {
            let versions = &mut world.models.get_mut(&ModelName::new("telco-churn")).unwrap().versions;
            let version = versions.get_mut(&signoff::domain::ids::VersionNumber(42)).unwrap();
            version.description = "Edited.".to_owned();
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    let json = desk.run("status --json").await.json();
    for model in json["models"].as_array().unwrap() {
        for key in ["model", "version", "state", "record_id", "tag", "drift", "running"] {
            assert!(keys(model).contains(key), "{key}: {model}");
        }
    }
    let model = of(&json);
    let (drift, running) = (&model["drift"][0], &model["running"][0]);
    assert_eq!(keys(drift), ["by", "kind", "new", "old", "reason", "since", "what"].into());
    assert_eq!(keys(running), ["name", "reason", "state", "type", "version"].into());
    assert_eq!(
        (&running["state"], &running["type"], &running["version"]),
        (&"disagrees".into(), &"http".into(), &"7".into())
    );
    assert!(model["record_id"].is_string() && model["version"].is_u64(), "{model}");
}

#[tokio::test]
async fn waiting_ends_when_it_runs_and_says_so_if_it_never_does() {
    let late = Scripted::saying("score", &[Says::NotYet, Says::NotYet, Says::Agrees]);
    let desk = released(&[&late]).await;
    let begun = desk.services.clock.now();
    let ran = desk.run("status telco-churn --wait=600 --json").await;
    assert_eq!((ran.exit, &of(&ran.json())["state"]), (Exit::Done, &json!("ok")), "{}", ran.out);
    assert_eq!(late.asked.lock().unwrap().len(), 3, "and no longer than it must");
    assert!(desk.services.clock.now().duration_since(begun).as_secs() < 60);

    let never = Scripted::saying("score", &[Says::NotYet]);
    let desk = released(&[&never]).await;
    let begun = desk.services.clock.now();
    let ran = desk.run("status telco-churn --wait=60 --json").await;
    assert_eq!((ran.exit, &of(&ran.json())["state"]), (Exit::Refused, &json!("pending")), "{}", ran.out);
    let waited = desk.services.clock.now().duration_since(begun).as_secs();
    assert!((60..=70).contains(&waited), "{waited}");

    let wrong = Scripted::saying("score", &[Says::NotYet, Says::Disagrees]);
    let desk = released(&[&wrong]).await;
    assert_eq!(desk.run("status telco-churn --wait=600").await.exit, Exit::Refused);
    assert_eq!(wrong.asked.lock().unwrap().len(), 2, "it is not waited for what is wrong");
}

#[tokio::test]
async fn doctor_says_of_each_witness_whether_it_can_be_asked() {
    let good = Scripted::saying("score", &[Says::Agrees]);
    let reached = Err("the DAG 'score' was not found".to_owned());
    let bad = Arc::new(Scripted { name: "nightly", words: Mutex::default(), asked: Mutex::default(), reached });
    let desk = released(&[&good, &bad]).await;
    let told = desk.run("doctor").await;
    for says in ["running score", "it answers", "running nightly", "the DAG 'score' was not found"] {
        assert!(told.out.contains(says), "{says}: {}", told.out);
    }
    let without = released(&[]).await;
    let exit = without.run("doctor").await.exit;
    assert_eq!(told.exit, exit, "no witness stops an approval: {}", told.out);
    assert!(good.asked.lock().unwrap().is_empty());
}

#[test]
fn mistakes_in_the_table_of_a_witness_are_named() {
    let machine = Machine::new();
    for (table, says) in [
        ("", "a witness needs a type: github-deployment, airflow, databricks-job, http"),
        ("type = \"kubernetes\"", "kubernetes"),
        ("type = \"http\"\nurl = \"https://h/v\"", "the witness score needs a pointer"),
        ("type = \"http\"\npointer = \"/v\"", "the witness score needs a url"),
        (
            "type = \"http\"\nurl = \"https://h/v\"\npointer = \"version\"",
            "is not a JSON pointer such as /model/version",
        ),
        ("type = \"http\"\nurl = \"https://h/v\"\npointer = \"/a~2\"", "is not a JSON pointer"),
        ("type = \"http\"\nurl = \"h/v\"\npointer = \"/v\"", "is not an address such as"),
        ("type = \"http\"\nurl = \"https://{model}.h/v\"\npointer = \"/v\"", "{model} may stand behind the host only"),
        ("type = \"http\"\nurl = \"https://ann:s3cret@h/v\"\npointer = \"/v\"", "url"),
        (
            "type = \"http\"\nurl = \"http://h/v\"\npointer = \"/v\"\ntoken_env = \"T\"",
            "would travel unencrypted; use https",
        ),
        ("type = \"http\"\nurl = \"https://h/v\"\npointer = \"/v\"\ntoken = \"s3cret\"", "token"),
        ("type = \"http\"\nurl = \"https://h/v\"\npointer = \"/v\"\ntimeout_seconds = 0", "timeout_seconds"),
        ("type = \"http\"\nurl = \"https://h/v\"\npointer = \"/v\"\nsettle_minutes = -1", "settle_minutes"),
        ("type = \"http\"\nurl = \"https://h/v\"\npointer = \"/v\"\ndag = \"d\"", "dag"),
        ("type = \"airflow\"\nurl = \"https://a\"", "the witness score needs a dag"),
        ("type = \"airflow\"\ndag = \"d\"", "the witness score needs a url"),
        (
            "type = \"airflow\"\nurl = \"https://a\"\ndag = \"d\"\nusername_env = \"U\"",
            "needs username_env and password_env together",
        ),
        ("type = \"airflow\"\nurl = \"https://a\"\ndag = \"d\"\napi = \"v3\"", "v3"),
        (
            "type = \"airflow\"\nurl = \"https://a\"\ndag = \"d\"\nversion = \"model_version\"",
            "is no place of a version; write",
        ),
        ("type = \"airflow\"\nurl = \"https://a\"\ndag = \"d\"\nversion = \"xcom:load\"", "names no task and key"),
        ("type = \"databricks-job\"", "the witness score needs a job"),
        (
            "type = \"databricks-job\"\njob = \"j\"\nversion = \"tag:m\"",
            "is no place of a version; write \"conf:/model_version\"",
        ),
        ("type = \"github-deployment\"\nenvironment = 3", "environment"),
    ] {
        machine.write_config(&format!(
            "[targets.prod]\ntracking_uri = \"http://127.0.0.1:9\"\n[targets.prod.running.score]\n{table}\n"
        ));
        let ran = machine.run(&["--target", "prod", "status"], &[]);
        let said = text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{table}: {said}");
        assert!(said.contains(says), "{says}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}
