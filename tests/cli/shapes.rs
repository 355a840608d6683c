//! The contract of `--json`: field names and types. The values are the demo's and do not matter.

use super::*;
use serde_json::{Map, Value, json};

/// Objects whose keys are data, not fields.
const MAPS: &[&str] = &["tags", "params", "metrics", "aliases"];

/// The document with every value replaced by its type; lists by the union of their items.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => Value::Array(items.iter().map(shape).reduce(union).into_iter().collect()),
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), field(k, v))).collect::<Map<_, _>>().into(),
    }
}

fn field(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(entries) if MAPS.contains(&key) => {
            json!({ "*": entries.values().map(shape).reduce(union).unwrap_or(json!("nothing")) })
        }
        Value::String(schema) if key == "schema" => json!(schema),
        other => shape(other),
    }
}

fn union(a: Value, b: Value) -> Value {
    match (a, b) {
        (a, b) if a == b => a,
        (Value::Object(mut a), Value::Object(b)) => {
            for (key, value) in b {
                let merged = match a.remove(&key) {
                    Some(before) => union(before, value),
                    None => value,
                };
                a.insert(key, merged);
            }
            Value::Object(a)
        }
        (Value::Array(a), Value::Array(b)) => Value::Array(a.into_iter().chain(b).reduce(union).into_iter().collect()),
        (Value::String(a), Value::String(b)) => {
            let mut kinds: Vec<&str> = a.split('|').chain(b.split('|')).collect();
            kinds.sort_unstable();
            kinds.dedup();
            json!(kinds.join("|"))
        }
        (a, b) => json!(format!("{}|{}", word(&a), word(&b))),
    }
}

fn word(shape: &Value) -> &str {
    match shape {
        Value::String(kind) => kind,
        Value::Array(_) => "list",
        _ => "object",
    }
}

async fn keeps_its_shape(desk: &Desk, name: &str, line: &str) -> Ran {
    let ran = desk.run(line).await;
    let shape = shape(&ran.json());
    insta::assert_snapshot!(format!("shape_{name}"), serde_json::to_string_pretty(&shape).unwrap());
    ran
}

#[tokio::test]
async fn what_is_read() {
    let desk = Desk::new();
    keeps_its_shape(&desk, "inbox", "inbox --json").await;
    keeps_its_shape(&desk, "models", "models --json").await;
    keeps_its_shape(&desk, "versions", "versions telco-churn --json").await;
    keeps_its_shape(&desk, "runs", "runs telco-churn/classification --json").await;
    keeps_its_shape(&desk, "version", "show telco-churn/42 --json").await;
    keeps_its_shape(&desk, "comparison", "compare telco-churn/42 --json").await;
    keeps_its_shape(&desk, "preflight", "approve telco-churn/42 --dry-run --json").await;
    keeps_its_shape(&desk, "doctor", "doctor --json").await;
}

/// Help lists the fields that are printed, and no others.
#[tokio::test]
async fn help_lists_the_fields() {
    let desk = Desk::new();
    assert_eq!(desk.run("approve telco-churn/42 --confirm v42 --wait").await.exit, Exit::Done);
    for (command, list, fields) in signoff::cli::args::fields::FIELDS {
        let rest = match *command {
            "versions" | "log" => " telco-churn",
            "show" | "cd" => " telco-churn/42",
            "runs" => " telco-churn/classification",
            "verify" => " telco-churn-v42",
            _ => "",
        };
        let document = desk.run(&format!("{command}{rest} --json")).await.json();
        let items = if list.is_empty() { vec![document] } else { document[*list].as_array().unwrap().clone() };
        assert!(!items.is_empty(), "{command}");
        let mut printed: Vec<String> =
            items.iter().flat_map(|item| item.as_object().unwrap().keys().cloned()).collect();
        printed.sort();
        printed.dedup();
        assert_eq!(printed, fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>(), "{command}");
    }
}

#[tokio::test]
async fn what_is_done() {
    let desk = Desk::new();
    let ran = keeps_its_shape(&desk, "promotion", "approve telco-churn/42 --confirm v42 --wait --json").await;
    assert_eq!(ran.exit, Exit::Done);
    let done = ran.json();
    assert_eq!((&done["state"], &done["tag"]), (&json!("done"), &json!("telco-churn-v42")));
    keeps_its_shape(&desk, "promotions", "promotions --json").await;
    keeps_its_shape(&desk, "verify", "verify telco-churn-v42 --json").await;
    keeps_its_shape(&desk, "log", "log telco-churn --json").await;
    keeps_its_shape(&desk, "status", "status --json").await;
    keeps_its_shape(&desk, "audit", "audit --json").await;
    keeps_its_shape(&desk, "decision", "reject credit-limit/6 --reason drift --json").await;
}

#[tokio::test]
async fn what_cannot_be_read_has_a_shape_of_its_own() {
    let desk = Desk::new();
    let dir = desk.loaded.paths.state_of(true).join("promotions");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("01930000-0000-7000-8000-000000000001.jsonl"), "damaged\n{}\n").unwrap();
    keeps_its_shape(&desk, "promotions_unreadable", "promotions --json").await;
    let doctor = desk.run("doctor --json").await;
    assert_eq!((doctor.exit, &doctor.json()["ok"]), (Exit::Journal, &json!(false)));
}
