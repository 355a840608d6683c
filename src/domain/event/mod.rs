//! What happened, in one vocabulary: channels, commands and screens tell the same events.

pub mod id;
pub mod say;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use id::{EventId, Subject};

use super::compare::{Change, Direction, MetricRow};
use super::pattern::matches;
use super::policy::told::ToldVerdict;
use super::run::MetricValue;

/// Name and version of the schema of an event.
pub const SCHEMA: &str = "signoff.event/1";

/// The kind of an event. The names are a contract with receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A version waits: ready, undecided, staged or newer than production.
    #[serde(rename = "version.arrived")]
    Arrived,
    /// What was decided fell away, or rests on facts that changed.
    #[serde(rename = "decision.needed")]
    Needed,
    /// Somebody approved, and more approvals are needed.
    #[serde(rename = "approval.given")]
    Approval,
    #[serde(rename = "version.approved")]
    Approved,
    #[serde(rename = "version.rejected")]
    Rejected,
    #[serde(rename = "version.held")]
    Held,
    /// A promotion stopped, and a person must act.
    #[serde(rename = "promotion.paused")]
    Paused,
    #[serde(rename = "version.released")]
    Released,
    /// CD waits for somebody to let it go on.
    #[serde(rename = "cd.waiting")]
    CdWaiting,
    #[serde(rename = "cd.succeeded")]
    CdSucceeded,
    #[serde(rename = "cd.failed")]
    CdFailed,
    #[serde(rename = "version.rolled_back")]
    RolledBack,
    /// Every witness that can tell says that the released version runs.
    #[serde(rename = "production.seen")]
    Seen,
    /// A witness says that another version runs.
    #[serde(rename = "production.disagrees")]
    Disagrees,
    /// What is in production is not what was signed.
    #[serde(rename = "drift.found")]
    Drift,
    /// It is again.
    #[serde(rename = "drift.cleared")]
    DriftCleared,
    /// What waited when the watch was first started.
    #[serde(rename = "inbox.digest")]
    Digest,
    /// A message to try a channel.
    #[serde(rename = "test")]
    Test,
}

impl EventKind {
    pub const ALL: [Self; 18] = [
        Self::Arrived,
        Self::Needed,
        Self::Approval,
        Self::Approved,
        Self::Rejected,
        Self::Held,
        Self::Paused,
        Self::Released,
        Self::CdWaiting,
        Self::CdSucceeded,
        Self::CdFailed,
        Self::RolledBack,
        Self::Seen,
        Self::Disagrees,
        Self::Drift,
        Self::DriftCleared,
        Self::Digest,
        Self::Test,
    ];

    /// Its name in messages and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arrived => "version.arrived",
            Self::Needed => "decision.needed",
            Self::Approval => "approval.given",
            Self::Approved => "version.approved",
            Self::Rejected => "version.rejected",
            Self::Held => "version.held",
            Self::Paused => "promotion.paused",
            Self::Released => "version.released",
            Self::CdWaiting => "cd.waiting",
            Self::CdSucceeded => "cd.succeeded",
            Self::CdFailed => "cd.failed",
            Self::RolledBack => "version.rolled_back",
            Self::Seen => "production.seen",
            Self::Disagrees => "production.disagrees",
            Self::Drift => "drift.found",
            Self::DriftCleared => "drift.cleared",
            Self::Digest => "inbox.digest",
            Self::Test => "test",
        }
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One event, as every receiver gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub schema: String,
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it was seen, to the millisecond.
    #[serde(with = "millis")]
    pub timestamp: Timestamp,
    /// The configured target's name.
    pub target: String,
    /// No real server is involved.
    pub demo: bool,
    pub data: Data,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Data {
    Version(Box<VersionData>),
    Digest(DigestData),
    Test(TestData),
}

/// One version, and what happened to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionData {
    pub model: String,
    pub version: u64,
    /// `None` (the word), `Staging`, ...; null if the version could not be read.
    pub stage: Option<String>,
    /// The version in production.
    pub production: Option<u64>,
    /// Null if it was not judged.
    pub verdict: Option<ToldVerdict>,
    /// Main metrics, beside those of the version in production.
    pub metrics: Vec<EventMetric>,
    pub trainer: Option<String>,
    /// 40 hexadecimal digits.
    pub commit: Option<String>,
    pub pull_request: Option<PullRequestData>,
    /// Who did it; null where no server recorded one.
    pub actor: Option<String>,
    /// Web page.
    pub url: Option<String>,
    /// The command that opens it.
    pub open: String,
    /// Id of the event that told of its arrival: what else is told of the version belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<EventId>,
    /// Shortened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Why it was decided, or what happened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Hash of the record of the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Git tag of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Web page of the release, the CD run or whatever else the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// What is not as it was signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<serde_json::Value>,
    /// What the witnesses of production say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<serde_json::Value>,
}

/// One metric beside that of the version in production.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventMetric {
    pub name: String,
    pub old: Option<MetricValue>,
    pub new: Option<MetricValue>,
    /// `new - old`, if both are finite.
    pub delta: Option<f64>,
    pub change: Change,
    /// Which way is better, if that is configured.
    pub direction: Option<Direction>,
}

impl From<&MetricRow> for EventMetric {
    fn from(row: &MetricRow) -> Self {
        Self {
            name: row.name.clone(),
            old: row.old,
            new: row.new,
            delta: row.delta,
            change: row.change,
            direction: row.direction,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestData {
    pub number: u64,
    pub url: String,
}

/// What there was when a watch was first started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DigestData {
    /// What waits, oldest first.
    pub waiting: Vec<VersionData>,
    /// Findings of drift, each with `model` and `version`.
    pub drift: Vec<serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestData {
    /// The channel that is tried.
    pub channel: String,
    pub message: String,
}

/// Which events something is interested in. An event fits if each list has a pattern that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    pub events: Vec<String>,
    pub models: Vec<String>,
    pub targets: Vec<String>,
}

impl Default for Interest {
    fn default() -> Self {
        let all = || vec!["*".to_owned()];
        Self { events: all(), models: all(), targets: all() }
    }
}

impl Interest {
    /// Whether an event of this kind, about this model of this target, is of interest.
    pub fn wants(&self, kind: EventKind, model: &str, target: &str) -> bool {
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|p| matches(p, text));
        fits(&self.events, kind.name()) && fits(&self.models, model) && fits(&self.targets, target)
    }

    /// The event as far as it is of interest: of a digest, the models that are. `None` if nothing is.
    pub fn part_of(&self, event: &Event) -> Option<Event> {
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|p| matches(p, text));
        let wanted = fits(&self.events, event.kind.name()) && fits(&self.targets, &event.target);
        let data = match &event.data {
            // A channel is tried whatever it is configured for.
            Data::Test(_) => return Some(event.clone()),
            _ if !wanted => return None,
            Data::Version(data) if fits(&self.models, &data.model) => event.data.clone(),
            Data::Version(_) => return None,
            Data::Digest(digest) => {
                let of_model = |v: &serde_json::Value| {
                    v.get("model").and_then(serde_json::Value::as_str).is_some_and(|m| fits(&self.models, m))
                };
                let mut digest = digest.clone();
                digest.waiting.retain(|v| fits(&self.models, &v.model));
                digest.drift.retain(of_model);
                if digest.waiting.is_empty() && digest.drift.is_empty() {
                    return None;
                }
                Data::Digest(digest)
            }
        };
        Some(Event { data, ..event.clone() })
    }
}

impl Event {
    /// The version it is about, if it is about one.
    pub fn version(&self) -> Option<&VersionData> {
        match &self.data {
            Data::Version(data) => Some(data),
            Data::Digest(_) | Data::Test(_) => None,
        }
    }

    /// A message to try the channel `name`. Every try is another event.
    pub fn test(name: &str, at: Timestamp, target: &str, demo: bool) -> Self {
        let id = EventId::from(format!("evt_test_{}", at.as_nanosecond()).as_str());
        let message = format!("signoff can send messages through the channel '{name}'.");
        let data = Data::Test(TestData { channel: name.to_owned(), message });
        Self {
            schema: SCHEMA.to_owned(),
            id,
            kind: EventKind::Test,
            timestamp: at,
            target: target.to_owned(),
            demo,
            data,
        }
    }
}

/// Times to the millisecond, always with three digits.
mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{at:.3}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

// For the tests of this crate and of those above it.
pub mod samples;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_names_are_the_published_ones_in_both_places() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        for event in samples::all() {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn the_document_has_the_published_keys() {
        let json = serde_json::to_value(samples::arrived("telco-churn", 42)).unwrap();
        assert_eq!(json["schema"], "signoff.event/1");
        assert_eq!(json["timestamp"], "2026-11-29T09:14:02.113Z");
        assert_eq!(json["type"], "version.arrived");
        let data = json["data"].as_object().unwrap();
        let keys = [
            "model",
            "version",
            "stage",
            "production",
            "verdict",
            "metrics",
            "trainer",
            "commit",
            "pull_request",
            "actor",
            "url",
            "open",
        ];
        assert!(keys.iter().all(|key| data.contains_key(*key)), "{data:?}");
        assert_eq!(data["actor"], serde_json::Value::Null);
        assert_eq!(data["verdict"]["state"], "warn");
        let metric = &data["metrics"][0];
        assert_eq!(
            (&metric["name"], &metric["change"], &metric["direction"]),
            (&"auc".into(), &"better".into(), &"higher".into())
        );
    }

    #[test]
    fn interest_is_in_kinds_models_and_targets_and_cuts_a_digest() {
        let interest = |events: &str, models: &str, targets: &str| {
            let one = |text: &str| vec![text.to_owned()];
            Interest { events: one(events), models: one(models), targets: one(targets) }
        };
        let arrived = samples::arrived("telco-churn", 42);
        for (interest, fits) in [
            (Interest::default(), true),
            (interest("version.*", "telco-*", "prod"), true),
            (interest("cd.*", "*", "*"), false),
            (interest("*", "fraud", "*"), false),
            (interest("*", "*", "stag???"), false),
        ] {
            assert_eq!(interest.part_of(&arrived).is_some(), fits, "{interest:?}");
        }
        let digest = samples::digest(&["telco-churn", "fraud"]);
        let part = interest("*", "fraud", "*").part_of(&digest).unwrap();
        assert_eq!(part.id, digest.id);
        let Data::Digest(part) = part.data else { panic!() };
        assert_eq!(part.waiting.iter().map(|v| v.model.as_str()).collect::<Vec<_>>(), ["fraud"]);
        assert_eq!(interest("*", "none", "*").part_of(&digest), None);
        assert!(
            interest("cd.*", "none", "none").part_of(&Event::test("x", Timestamp::UNIX_EPOCH, "t", false)).is_some()
        );
    }
}
