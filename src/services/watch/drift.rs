//! Production against what was signed and what runs, as events: each finding is told once, and once that it is gone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Desk;
use crate::domain::event::EventKind;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::status::{ModelStatus, Status};
use crate::domain::watch::{Cursor, Happening};
use crate::domain::witness::Says;
use crate::services::Services;
use crate::services::status::{Asked, keep_outcomes, look};

/// Prefixes of what was told, in the cursor.
const FOUND: &str = "drift";
const RUNS: &str = "runs";

/// What there is to tell of production.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Findings of drift, by what they are about, each with `model` and `version`.
    pub found: BTreeMap<String, Value>,
    /// What the witnesses say of what was released: seen or not, by record.
    runs: BTreeMap<String, Value>,
    /// Models of which everything could be told.
    told: Vec<String>,
    failures: Vec<Failure>,
}

/// Looks at production.
///
/// # Errors
/// If the registry does not list its models, or the records of this machine cannot be read.
pub(super) async fn read(services: &Services, desk: &Desk) -> Outcome<Looked> {
    let status = look(services, &Asked::often(desk.memory.clone())).await?;
    let mut looked = of(&status);
    looked.failures.extend(keep_outcomes(services, &status).await.err());
    Ok(looked)
}

fn of(status: &Status) -> Looked {
    let mut looked = Looked { failures: status.failures().cloned().collect(), ..Looked::default() };
    for model in &status.models {
        let (name, number) = (model.model.as_str(), model.version.0);
        for finding in &model.drift {
            let mut value = serde_json::to_value(finding).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.insert("model".to_owned(), json!(name));
                object.insert("version".to_owned(), json!(number));
            }
            // The sentence may be worded differently by another version of signoff.
            let key = json!([FOUND, name, number, finding.kind, finding.what, finding.new, finding.since]);
            looked.found.insert(key.to_string(), value);
        }
        if let (Some(record), Some(seen)) = (&model.record_hash, witnesses(model)) {
            let said: Vec<Value> = model.running.iter().map(|t| serde_json::to_value(t).unwrap_or_default()).collect();
            let value = json!({ "model": name, "version": number, "seen": seen, "running": said });
            looked.runs.insert(json!([RUNS, record, seen]).to_string(), value);
        }
        if model.unknown.is_empty() {
            looked.told.push(name.to_owned());
        }
    }
    looked
}

/// Whether every witness that can tell agrees; none if none can, or not yet.
fn witnesses(model: &ModelStatus) -> Option<bool> {
    if model.running.iter().any(|t| t.state == Says::Disagrees) {
        return Some(false);
    }
    model.is_seen().then_some(true)
}

impl Looked {
    /// Why something could not be read.
    pub(super) fn into_failures(self) -> Vec<Failure> {
        self.failures
    }

    /// What is known from here on.
    pub(super) fn known(&self) -> BTreeMap<String, Value> {
        self.found.iter().chain(&self.runs).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// What happened since; the cursor knows it from here on.
    pub(super) fn fold(&self, cursor: &mut Cursor) -> Vec<Happening> {
        let mut out = Vec::new();
        let now = self.known();
        for (key, value) in now.iter().filter(|(key, _)| !cursor.drift.contains_key(*key)) {
            let kind = match value.get("seen").and_then(Value::as_bool) {
                None => EventKind::Drift,
                Some(true) => EventKind::Seen,
                Some(false) => EventKind::Disagrees,
            };
            out.extend(happening(kind, key, value));
        }
        let readable = |value: &Value| {
            let model = value.get("model").and_then(Value::as_str);
            self.failures.is_empty() && model.is_some_and(|model| self.told.iter().any(|told| told == model))
        };
        // What cannot be looked at now is not gone.
        let gone: Vec<String> = cursor
            .drift
            .iter()
            .filter(|(key, value)| !now.contains_key(*key) && readable(value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            let Some(value) = cursor.drift.remove(&key) else { continue };
            if value.get("seen").is_none() {
                out.extend(happening(EventKind::DriftCleared, &key, &value));
            }
        }
        cursor.drift.extend(now);
        out
    }
}

fn happening(kind: EventKind, key: &str, value: &Value) -> Option<Happening> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut happening = Happening {
        kind,
        model: ModelName::new(text("model")?),
        version: VersionNumber(value.get("version")?.as_u64()?),
        run: None,
        registered_at: None,
        became: key.to_owned(),
        actor: text("by"),
        reason: text("reason"),
        record: None,
        tag: None,
        page: None,
        drift: Vec::new(),
        running: Vec::new(),
    };
    match value.get("running").and_then(Value::as_array) {
        Some(running) => happening.running.clone_from(running),
        None => happening.drift.push(value.clone()),
    }
    Some(happening)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::drift::{Finding, Kind};

    fn model(drift: Vec<Finding>, unknown: Vec<String>) -> ModelStatus {
        ModelStatus {
            model: ModelName::new("m"),
            version: VersionNumber(3),
            record_id: None,
            record_hash: Some("sha256:1".into()),
            tag: None,
            drift,
            running: Vec::new(),
            unknown,
            holders: vec![VersionNumber(3)],
            unsigned: Vec::new(),
            invalid: None,
        }
    }

    fn finding(what: &str) -> Finding {
        Finding::of(Kind::Metric, what, None, None)
    }

    #[test]
    fn each_finding_is_told_once_and_cleared_once_and_never_by_not_looking() {
        let mut cursor = Cursor::default();
        let kinds = |cursor: &mut Cursor, status: &Status| {
            of(status).fold(cursor).iter().map(|h| (h.kind.name(), h.drift.len())).collect::<Vec<_>>()
        };
        let of_model = |drift, unknown| Status { models: vec![model(drift, unknown)], notes: Vec::new() };
        let two = of_model(vec![finding("auc"), finding("f1")], vec![]);
        assert_eq!(kinds(&mut cursor, &two), [("drift.found", 1), ("drift.found", 1)]);
        assert_eq!(kinds(&mut cursor, &two), []);
        let unread = of_model(vec![], vec!["its run cannot be read".to_owned()]);
        assert_eq!(kinds(&mut cursor, &unread), []);
        let one = of_model(vec![finding("auc")], vec![]);
        assert_eq!(kinds(&mut cursor, &one), [("drift.cleared", 1)]);
        assert_eq!(kinds(&mut cursor, &one), []);
    }
}
