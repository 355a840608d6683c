//! What was known before and what is seen now give the events: a pure fold.
//!
//! A cursor holds what was known. It is saved after the events are in the outbox, so that a crash between the two makes
//! the same events again, with the same ids.

mod seen;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use seen::{SeenModel, SeenVersion, entry_of, seen};

use super::event::{EventId, EventKind, Subject};
use super::identity::Home;
use super::ids::{ModelName, RepoSlug, RunId, VersionNumber};
use super::record::mark::day;
use super::record::{Decision, DecisionMark};

/// What was known of one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// When the watch was first started. What was decided before is not told.
    pub since: Timestamp,
    pub models: BTreeMap<ModelName, KnownModel>,
    /// Releases whose CD is followed, by the hash of their record.
    #[serde(default)]
    pub releases: BTreeMap<String, Followed>,
    /// Paused promotions of this machine, and the entry that paused them.
    #[serde(default)]
    pub paused: BTreeMap<String, u64>,
    /// Drift that was told, by what it is about.
    #[serde(default)]
    pub drift: BTreeMap<String, serde_json::Value>,
    /// How often what was told was gone again, by what it is about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownModel {
    /// Digest of the entry of the list of models. The same digest means that there is nothing new in the list.
    pub entry: String,
    /// The list has it no more. It is kept, so that a model that comes back is not told as new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    pub versions: BTreeMap<u64, KnownVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownVersion {
    /// What tells it from another version of that number.
    pub stamp: String,
    pub waits: bool,
    /// Hash of the record of the decision in force, and what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<(Decision, String)>,
    /// Hashes of the approvals that wait for others, by login.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<String, String>,
    /// Digest of the facts that somebody decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// Hash of the record of the hold whose date has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

/// A release whose CD is followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    pub model: ModelName,
    pub version: VersionNumber,
    pub run: Option<RunId>,
    pub registered_at: Option<Timestamp>,
    pub tag: String,
    pub since: Timestamp,
    /// What was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Where the release is, if only the training run says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoSlug>,
}

/// Something that happened to a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    pub kind: EventKind,
    pub model: ModelName,
    pub version: VersionNumber,
    pub run: Option<RunId>,
    pub registered_at: Option<Timestamp>,
    /// What a repeatable one became.
    pub became: String,
    pub actor: Option<String>,
    pub reason: Option<String>,
    pub record: Option<String>,
    pub tag: Option<String>,
    pub page: Option<String>,
    /// What is not as it was signed.
    pub drift: Vec<serde_json::Value>,
    /// What the witnesses of production say.
    pub running: Vec<serde_json::Value>,
}

impl Happening {
    /// Something that happened to a version that was seen.
    pub fn of(kind: EventKind, model: &ModelName, version: &SeenVersion, became: impl Into<String>) -> Self {
        Self {
            kind,
            model: model.clone(),
            version: version.number,
            run: version.run.clone(),
            registered_at: version.registered_at,
            became: became.into(),
            actor: None,
            reason: None,
            record: None,
            tag: None,
            page: None,
            drift: Vec::new(),
            running: Vec::new(),
        }
    }

    fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    fn decided(self, mark: &DecisionMark, tag: Option<&String>) -> Self {
        let reason = match mark.until.map(day) {
            Some(until) => Some(format!("{} (until {until})", mark.reason)),
            None => Some(mark.reason.clone()).filter(|r| !r.is_empty()),
        };
        let (actor, record) = (Some(mark.by.clone()), Some(mark.record.clone()));
        Self { actor, reason, record, tag: tag.cloned(), ..self }
    }

    pub fn id(&self, home: &Home) -> EventId {
        let (run, registered_at) = (self.run.as_ref(), self.registered_at);
        Subject { home, model: &self.model, version: self.version, run, registered_at }.id(self.kind, &self.became)
    }
}

impl Cursor {
    /// The cursor of a first start: everything that is seen is known, and nothing of it is told by itself.
    pub fn first(now: Timestamp, seen: &[SeenModel]) -> Self {
        let mut cursor = Self { since: now, ..Self::default() };
        for model in seen {
            cursor.take(model);
        }
        cursor
    }

    /// Folds what is seen into what was known: the new cursor, and what happened, in the order of the models.
    pub fn fold(&self, seen: &[SeenModel]) -> (Self, Vec<Happening>) {
        let mut next = self.clone();
        let mut happened = Vec::new();
        let there: std::collections::BTreeSet<&ModelName> = seen.iter().map(|m| &m.name).collect();
        for (name, known) in &mut next.models {
            known.gone = !there.contains(name);
        }
        for model in seen {
            let before = self.models.get(&model.name).cloned().or_else(|| self.under_another_name(model, &there));
            let before = before.unwrap_or_default();
            for version in &model.versions {
                let known = before.versions.get(&version.number.0).filter(|known| known.stamp == version.stamp);
                self.compare(&model.name, known, version, &mut happened);
            }
            next.models.insert(model.name.clone(), before);
            next.take(model);
        }
        (next, happened)
    }

    /// What was known of a model that was given another name: its versions are the same.
    fn under_another_name(
        &self,
        model: &SeenModel,
        there: &std::collections::BTreeSet<&ModelName>,
    ) -> Option<KnownModel> {
        let same = |known: &KnownModel| {
            model.versions.iter().any(|v| known.versions.get(&v.number.0).is_some_and(|k| k.stamp == v.stamp))
        };
        self.models.iter().find(|(name, known)| !there.contains(name) && same(known)).map(|(_, known)| known.clone())
    }

    fn take(&mut self, model: &SeenModel) {
        let known = self.models.entry(model.name.clone()).or_default();
        known.entry.clone_from(&model.entry);
        known.gone = false;
        if model.whole {
            known.versions.retain(|number, _| model.versions.iter().any(|v| v.number.0 == *number));
        }
        for version in &model.versions {
            let facts = version.facts.clone().or_else(|| {
                let before = known.versions.get(&version.number.0).filter(|k| k.stamp == version.stamp)?;
                before.facts.clone().filter(|_| version.is_decided_on())
            });
            let version_now = KnownVersion {
                stamp: version.stamp.clone(),
                waits: version.waits,
                decided: version.mark.as_ref().map(|mark| (mark.decision, mark.record.clone())),
                approvals: version.approvals.iter().map(|(who, mark)| (who.clone(), mark.record.clone())).collect(),
                facts,
                due: version.mark.as_ref().filter(|_| version.is_due).map(|mark| mark.record.clone()),
            };
            known.versions.insert(version.number.0, version_now);
        }
    }

    fn compare(&self, model: &ModelName, known: Option<&KnownVersion>, now: &SeenVersion, out: &mut Vec<Happening>) {
        let happened = |kind, became: &str| Happening::of(kind, model, now, became);
        let before = known.cloned().unwrap_or_default();
        let decided = before.decided.as_ref().map(|(_, record)| record.as_str());
        match &now.mark {
            Some(mark) if decided != Some(mark.record.as_str()) && self.is_news(known, mark) => {
                let told = |kind| happened(kind, &mark.record).decided(mark, now.tag.as_ref());
                match mark.decision {
                    Decision::Approve => out.extend([told(EventKind::Approved), told(EventKind::Released)]),
                    Decision::Reject => out.push(told(EventKind::Rejected)),
                    Decision::Hold => out.push(told(EventKind::Held)),
                    Decision::Rollback => out.push(told(EventKind::RolledBack)),
                }
            }
            Some(_) | None => {}
        }
        for (who, mark) in &now.approvals {
            if before.approvals.get(who) != Some(&mark.record) && now.waits && self.is_news(known, mark) {
                out.push(happened(EventKind::Approval, &mark.record).decided(mark, None));
            }
        }
        if !now.waits {
            return;
        }
        if let (true, Some(mark)) = (now.is_due, &now.mark)
            && before.due.as_ref() != Some(&mark.record)
            && (known.is_some() || mark.until.is_some_and(|until| until >= self.since))
        {
            let because = if mark.reason.is_empty() { String::new() } else { format!(": {}", mark.reason) };
            let until = mark.until.map(day).unwrap_or_default();
            let due = happened(EventKind::Needed, &format!("{} due", mark.record))
                .because(&format!("it was held until {until}, which has passed{because}"));
            out.push(Happening { record: Some(mark.record.clone()), ..due });
        }
        let fell: Vec<&str> = before
            .approvals
            .iter()
            .filter(|(who, _)| !now.approvals.contains_key(*who))
            .map(|(_, record)| record.as_str())
            .collect();
        if let (Some(facts), Some(then)) = (&now.facts, &before.facts)
            && facts != then
        {
            out.push(happened(EventKind::Needed, facts).because("what was decided on has changed since"));
        } else if let Some(gone) = decided.filter(|_| now.mark.is_none()) {
            out.push(happened(EventKind::Needed, gone).because("the decision on it was taken away"));
        } else if !fell.is_empty() {
            out.push(happened(EventKind::Needed, &fell.join(" ")).because("an approval fell away"));
        } else if !before.waits && now.mark.is_none() {
            out.push(happened(EventKind::Arrived, ""));
        }
    }

    /// Whether a decision is new: what is seen for the first time may be older than the watch.
    fn is_news(&self, known: Option<&KnownVersion>, mark: &DecisionMark) -> bool {
        known.is_some() || mark.at >= self.since
    }
}

#[cfg(test)]
mod tests;
