//! The output of `signoff log --json`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::json::Where;
use crate::domain::identity::About;
use crate::domain::log::{self, Effect, FoundIn};

/// `signoff log`.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// `signoff.log/1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub place: Where,
    /// The time given with `--at`; then the entries are what was in production at that time, one per model.
    pub at: Option<Timestamp>,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The versions in production according to the registry now, by model.
    pub in_production: BTreeMap<String, Vec<u64>>,
    /// The sources that were read.
    pub seen: Vec<String>,
    /// What could not be read, is truncated or is inconsistent.
    pub notes: Vec<String>,
    /// What is wrong with the records of this machine: changed, missing or out of order. The exit code is 5 then.
    pub breaks: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Time of signing.
    pub at: Timestamp,
    pub model: String,
    /// What the model is called now, if it was renamed since; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_now: Option<String>,
    pub version: u64,
    /// `approve`, `reject`, `hold` or `rollback`.
    pub decision: &'static str,
    /// `production`, `said`, `failed` or `open`, and a reason for the last two.
    #[serde(flatten)]
    pub effect: Effect,
    /// Login of the signer.
    pub by: String,
    /// Logins of the other approvers included in the record.
    pub also: Vec<String>,
    pub reason: String,
    /// Tag of the release.
    pub tag: Option<String>,
    /// `OWNER/NAME`.
    pub repository: Option<String>,
    pub record_id: Option<String>,
    pub record_hash: Option<String>,
    /// `machine`, `release`, `git_tag`, `version_tag`. Anybody who may edit tags can forge what only a version's tag
    /// says.
    pub sources: Vec<FoundIn>,
    /// Where the version was to go, such as `Production` or `@champion`; null if the source does not say.
    pub to: Option<String>,
    /// Whether it is about the version that the registry has under this name and number now: `same`, `another` or
    /// `cannot_tell`; null if that was not read.
    pub this_version: Option<&'static str>,
    /// What differs, or why it cannot be told.
    pub this_version_why: Option<String>,
    pub run_id: Option<String>,
}

impl Log {
    pub fn new(place: Where, log: &log::Log, at: Option<Timestamp>) -> Self {
        let entries: Vec<&log::LogEntry> = match at {
            Some(at) => log.production_at(at).into_values().collect(),
            None => log.entries.iter().collect(),
        };
        let entry = |e: &log::LogEntry| Entry {
            at: e.at,
            model: e.model.as_str().to_owned(),
            model_now: e.renamed.as_ref().map(|now| now.as_str().to_owned()),
            version: e.version.0,
            decision: e.decision.word(),
            effect: e.effect.clone(),
            by: e.by.clone(),
            also: e.also.clone(),
            reason: e.reason.clone(),
            tag: e.tag.clone(),
            repository: e.repository.as_ref().map(ToString::to_string),
            record_id: e.record_id.map(|id| id.to_string()),
            record_hash: e.record_hash.clone(),
            sources: e.sources.clone(),
            to: e.place.as_ref().map(ToString::to_string),
            this_version: e.about.as_ref().map(|about| match about {
                About::Same => "same",
                About::Another(_) => "another",
                About::CannotTell(_) => "cannot_tell",
            }),
            this_version_why: e.about.as_ref().and_then(|about| match about {
                About::Same => None,
                About::Another(why) | About::CannotTell(why) => Some(why.clone()),
            }),
            run_id: e.identity.run.clone().flatten().map(|run| run.as_str().to_owned()),
        };
        Self {
            schema: "signoff.log/1",
            place,
            at,
            entries: entries.into_iter().map(entry).collect(),
            in_production: log
                .in_production
                .iter()
                .map(|(model, now)| (model.as_str().to_owned(), now.iter().map(|v| v.0).collect()))
                .collect(),
            seen: log.seen.clone(),
            notes: log.notes.iter().map(ToString::to_string).collect(),
            breaks: log.breaks.clone(),
        }
    }
}
