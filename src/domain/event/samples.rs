//! Events for tests.

use super::*;
use crate::domain::check::CheckState;
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::told::ToldFinding;

pub fn now() -> Timestamp {
    "2026-11-29T09:14:02.113Z".parse().unwrap_or_default()
}

pub fn version(model: &str, version: u64) -> VersionData {
    VersionData {
        model: model.to_owned(),
        version,
        stage: Some("Staging".to_owned()),
        production: Some(41),
        verdict: Some(ToldVerdict {
            state: CheckState::Warn,
            findings: vec![ToldFinding {
                rule: "metric.auc.floor".to_owned(),
                state: CheckState::Warn,
                detail: "auc 0.914, at least 0.92".to_owned(),
                metric: Some("auc".to_owned()),
                unreadable: false,
                hint: None,
            }],
            sources: Vec::new(),
        }),
        metrics: vec![EventMetric {
            name: "auc".to_owned(),
            old: Some(MetricValue(0.902)),
            new: Some(MetricValue(0.914)),
            delta: Some(0.012),
            change: Change::Better,
            direction: Some(Direction::Higher),
        }],
        trainer: Some("dana".to_owned()),
        commit: Some("3".repeat(40)),
        pull_request: Some(PullRequestData { number: 7, url: "https://github.com/acme/churn/pull/7".to_owned() }),
        actor: None,
        url: Some(format!("http://mlflow/#/models/{model}/versions/{version}")),
        open: say::open(model, version),
        ..VersionData::default()
    }
}

pub fn event(kind: EventKind, data: Data) -> Event {
    let home = Home { registry: "http://mlflow".to_owned(), workspace: None };
    let about = match &data {
        Data::Version(v) => (v.model.clone(), v.version),
        Data::Digest(_) | Data::Test(_) => (String::new(), 0),
    };
    let model = ModelName::new(about.0);
    let subject =
        Subject { home: &home, model: &model, version: VersionNumber(about.1), run: None, registered_at: None };
    Event {
        schema: SCHEMA.to_owned(),
        id: subject.id(kind, ""),
        kind,
        timestamp: now(),
        target: "prod".to_owned(),
        demo: false,
        data,
    }
}

pub fn arrived(model: &str, number: u64) -> Event {
    event(EventKind::Arrived, Data::Version(Box::new(version(model, number))))
}

pub fn digest(models: &[&str]) -> Event {
    let waiting = models.iter().map(|model| version(model, 42)).collect();
    let drift = models
        .iter()
        .map(|model| serde_json::json!({"model": model, "version": 41, "kind": "record_missing", "reason": "nobody signed it"}))
        .collect();
    event(EventKind::Digest, Data::Digest(DigestData { waiting, drift }))
}

/// One event of each kind.
pub fn all() -> Vec<Event> {
    let of = |kind| match kind {
        EventKind::Digest => digest(&["telco-churn", "fraud"]),
        EventKind::Test => Event::test("mail", now(), "prod", false),
        kind => {
            let reason = Some("legal\nhas to look first".to_owned());
            let data = VersionData { actor: Some("lee".to_owned()), reason, ..version("telco-churn", 42) };
            event(kind, Data::Version(Box::new(data)))
        }
    };
    EventKind::ALL.into_iter().map(of).collect()
}
