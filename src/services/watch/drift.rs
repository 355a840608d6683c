//! Production against what was signed and what runs, as events: each finding is told once, and once that it is gone.
//!
//! What comes back is told again. Its id counts how often the same was gone before, because many servers give no time
//! for a change: the tag that was taken away twice is two events, and the second look at the first is none. Two machines
//! that watched all along count the same, whenever they look, and so does one that was killed in between. One that began
//! later cannot know what was before; it may give the second time the id of the first, which a receiver then takes for a
//! message that it has. The time at which a machine noticed would tell them apart, but would make two of what two
//! machines see.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The versions that were looked at, by model.
    versions: BTreeMap<String, u64>,
    /// Hashes of the records in force.
    records: BTreeSet<String>,
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
        looked.versions.insert(name.to_owned(), number);
        looked.records.extend(model.record_hash.clone());
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
            looked.runs.insert(runs_key(record, seen), value);
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
            out.extend(happening(kind, again(cursor, key), value));
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
            match runs_of(&key) {
                // A witness that cannot tell just now takes nothing back.
                Some((record, seen)) if !now.contains_key(&runs_key(&record, !seen)) => {
                    if !self.records.contains(&record) {
                        cursor.drift.remove(&key);
                    }
                    continue;
                }
                Some(_) => drop(cursor.drift.remove(&key)),
                None => {
                    let Some(value) = cursor.drift.remove(&key) else { continue };
                    out.extend(happening(EventKind::DriftCleared, again(cursor, &key), &value));
                }
            }
            *cursor.ended.entry(key).or_default() += 1;
        }
        cursor.drift.extend(now);
        if self.failures.is_empty() {
            cursor.ended.retain(|key, _| self.is_about_now(key));
        }
        out
    }

    /// Whether something of that key can come back: it is about a version or a record that there still is.
    fn is_about_now(&self, key: &str) -> bool {
        match (runs_of(key), serde_json::from_str::<Vec<Value>>(key).as_deref()) {
            (Some((record, _)), _) => self.records.contains(&record),
            (None, Ok([_, model, version, ..])) => {
                model.as_str().and_then(|model| self.versions.get(model)).copied() == version.as_u64()
            }
            (None, Ok(_) | Err(_)) => false,
        }
    }
}

fn runs_key(record: &str, seen: bool) -> String {
    json!([RUNS, record, seen]).to_string()
}

/// Record and verdict of a key that is about what runs.
fn runs_of(key: &str) -> Option<(String, bool)> {
    let (what, record, seen): (String, String, bool) = serde_json::from_str(key).ok()?;
    (what == RUNS).then_some((record, seen))
}

/// What an event became: what it is about, and if that was gone before, how often.
fn again(cursor: &Cursor, key: &str) -> String {
    match cursor.ended.get(key) {
        Some(times) => json!([key, times]).to_string(),
        None => key.to_owned(),
    }
}

fn happening(kind: EventKind, became: String, value: &Value) -> Option<Happening> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut happening = Happening {
        kind,
        model: ModelName::new(text("model")?),
        version: VersionNumber(value.get("version")?.as_u64()?),
        run: None,
        registered_at: None,
        became,
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
    use crate::domain::witness::Testimony;

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

    /// Ids that two machines give.
    fn told(cursors: &mut [Cursor; 2], status: &Status) -> Vec<(&'static str, String)> {
        let home = crate::domain::identity::Home::default();
        let [one, other] = cursors.each_mut().map(|cursor| {
            let happened = of(status).fold(cursor);
            let again = of(status).fold(cursor);
            assert!(again.is_empty(), "once: {again:?}");
            happened.iter().map(|h| (h.kind.name(), h.id(&home).to_string())).collect::<Vec<_>>()
        });
        assert_eq!(one, other, "on both machines");
        one
    }

    /// Without a time of the server: what comes back is another event, and the same one on every machine.
    #[test]
    fn drift_that_comes_back_is_told_again_on_two_machines_alike() {
        let of_model = |drift| Status { models: vec![model(drift, vec![])], notes: Vec::new() };
        let (drifted, clean) = (of_model(vec![finding("auc")]), of_model(vec![]));
        let mut cursors = [Cursor::default(), Cursor::default()];
        let mut all = Vec::new();
        for _ in 0..3 {
            all.extend(told(&mut cursors, &drifted));
            all.extend(told(&mut cursors, &clean));
        }
        let kinds: Vec<&str> = all.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["drift.found", "drift.cleared"].repeat(3));
        let ids: BTreeSet<&String> = all.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 6, "{all:#?}");
        // The count goes with the version that it is about.
        assert_eq!(cursors[0].ended.len(), 1);
        let mut next = model(vec![], vec![]);
        next.version = VersionNumber(4);
        told(&mut cursors, &Status { models: vec![next], notes: Vec::new() });
        assert_eq!(cursors[0].ended, BTreeMap::new());
    }

    #[test]
    fn production_that_was_seen_is_told_again_only_after_it_disagreed() {
        let of_model = |says: Option<Says>| {
            let mut model = model(vec![], vec![]);
            model.running = says.map(testimony).into_iter().collect();
            Status { models: vec![model], notes: Vec::new() }
        };
        let mut cursors = [Cursor::default(), Cursor::default()];
        let mut all = Vec::new();
        for says in [Says::Agrees, Says::Unknown, Says::Agrees, Says::NotYet, Says::Disagrees, Says::Unknown] {
            all.extend(told(&mut cursors, &of_model(Some(says))));
        }
        for says in [Says::Disagrees, Says::Agrees, Says::Disagrees] {
            all.extend(told(&mut cursors, &of_model(Some(says))));
        }
        let kinds: Vec<&str> = all.iter().map(|(kind, _)| *kind).collect();
        let (seen, not) = ("production.seen", "production.disagrees");
        assert_eq!(kinds, [seen, not, seen, not]);
        let ids: BTreeSet<&String> = all.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 4, "{all:#?}");
    }

    fn testimony(says: Says) -> Testimony {
        Testimony { name: "score".into(), kind: "http", state: says, version: None, reason: "r".into() }
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
