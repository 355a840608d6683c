//! The contract of `--json`: field names and types. The values are the demo's and do not matter.

use super::binary::{Machine, text};
use super::*;
use serde_json::{Map, Value, json};
use signoff::domain::ids::{ModelName, VersionNumber};

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

/// Everything that a command prints as JSON, for a row of the fields in its help.
async fn printed(command: &str, which: &str) -> Vec<Value> {
    let desk = match which {
        "if the policy wants more approvals" => super::verify::two(),
        _ => Desk::new(),
    };
    const APPROVE: &str = "approve telco-churn/42 --confirm v42 --wait";
    let (before, line): (&[&str], &str) = match (command, which) {
        ("approve", "as long as nothing is written") => (&[], "approve telco-churn/42"),
        ("approve", _) => (&[], "approve telco-churn/42 --confirm v42"),
        ("rollback", "as long as nothing is written") => (&[], "rollback telco-churn --to v37 --reason worse"),
        ("rollback", _) => (&[], "rollback telco-churn --to v37 --reason worse --confirm v37"),
        ("hold" | "reject", _) => (&[], "telco-churn/42 --reason later"),
        ("inbox", _) => (&["hold telco-churn/42 --reason later"], ""),
        ("versions" | "log", _) => (&[APPROVE], "telco-churn"),
        ("show" | "check" | "compare" | "files", _) => (&[], "telco-churn/42"),
        ("cd", _) => (&[APPROVE], "telco-churn/42"),
        ("runs", _) => (&[], "telco-churn/classification"),
        ("verify" | "record", _) => (&[APPROVE], "telco-churn-v42"),
        ("audit", _) => (&["approve telco-churn/42 --confirm v42 --wait"], ""),
        ("promotions" | "status", _) => (&[APPROVE], ""),
        ("models" | "experiments" | "doctor", _) => (&[], ""),
        ("resume" | "undo", _) => {
            super::acts::approve_with(&desk, "approve telco-churn/42 --confirm v42", super::acts::at_once()).await;
            let id = desk.run("promotions --json").await.json()["promotions"][0]["id"].as_str().unwrap().to_owned();
            return vec![desk.run(&format!("{command} {id} --json")).await.json()];
        }
        ("watch", _) => return of_process(&["watch", "--once", "--json"]),
        ("notify", _) => return of_process(&["notify", "telco-churn/42", "--json"]),
        ("config show", _) => return of_process(&["config", "show", "--json"]),
        _ => panic!("how is {command} run, so that its JSON can be compared with its help?"),
    };
    for line in before {
        assert_eq!(desk.run(line).await.exit, Exit::Done, "{line}");
    }
    if command == "audit" {
        // What is in production is not as it was signed.
        super::verify::edit(&desk, |world| {
            let versions = &mut world.models.get_mut(&ModelName::new("telco-churn")).unwrap().versions;
            versions.get_mut(&VersionNumber(42)).unwrap().description = "Edited.".to_owned();
        });
    }
    let line = if line.starts_with(command) { line.to_owned() } else { format!("{command} {line}") };
    vec![desk.run(&format!("{} --json", line.trim())).await.json()]
}

fn of_process(args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = ["--demo"].into_iter().chain(args.iter().copied()).collect();
    let ran = Machine::new().run(&args, &[]);
    let documents = serde_json::Deserializer::from_slice(&ran.stdout).into_iter::<Value>();
    documents.map(|document| document.unwrap_or_else(|e| panic!("{args:?}: {e}: {}", text(&ran.stderr)))).collect()
}

/// Help lists the fields that are printed, and no others.
#[tokio::test]
async fn help_lists_the_fields() {
    for row in signoff::cli::args::fields::FIELDS {
        let documents = printed(row.command, row.which).await;
        let entries: Vec<&Value> = match row.lists {
            [] => documents.iter().collect(),
            lists => lists.iter().flat_map(|list| documents[0][*list].as_array().unwrap()).collect(),
        };
        let what = format!("{} {}", row.command, row.which);
        assert!(!entries.is_empty(), "{what}: {documents:?}");
        let mut printed: Vec<&str> =
            entries.iter().flat_map(|entry| entry.as_object().unwrap().keys().map(String::as_str)).collect();
        printed.sort_unstable();
        printed.dedup();
        let listed: Vec<&str> = row.fields.iter().map(|field| field.trim_end_matches('?')).collect();
        assert!(listed.is_sorted(), "{what}: {listed:?}");
        let unlisted: Vec<&&str> = printed.iter().filter(|field| !listed.contains(field)).collect();
        let always = row.fields.iter().filter(|field| !field.ends_with('?'));
        let missing: Vec<&&str> = always.filter(|field| !printed.contains(field)).collect();
        assert!(unlisted.is_empty() && missing.is_empty(), "{what}: not listed {unlisted:?}, not printed {missing:?}");
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
