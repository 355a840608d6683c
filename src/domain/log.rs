//! The log of decisions on models and of what was in production when, merged from several sources.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::failure::Note;
use super::identity::{About, Home, Identity};
use super::ids::{ModelName, PromotionId, RepoSlug, VersionNumber};
use super::record::{Decision, DecisionMark, Sealed};
use super::registry::{ModelVersion, PromotionTarget};
use super::release::{MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, VERSION_TRAILER, trailer};
use super::text::{clean, clean_line};

/// The source of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    /// The records and journals on this machine.
    Machine,
    /// The record on a GitHub release.
    Release,
    /// The message of a release's Git tag, if the release has no record.
    GitTag,
    /// A tag of the model version: a pointer, which anyone who may edit tags can write.
    VersionTag,
}

impl FoundIn {
    pub fn word(self) -> &'static str {
        match self {
            Self::Machine => "this machine",
            Self::Release => "release",
            Self::GitTag => "Git tag",
            Self::VersionTag => "version tag",
        }
    }
}

/// The effect of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "effect", content = "why")]
pub enum Effect {
    /// The version went into production and the release is published.
    Production,
    /// Nothing was moved: a rejection, a hold, an approval that needs further approvals.
    Said,
    /// It should have promoted but did not; the outcome, such as `refused` or `taken back`.
    Failed(String),
    /// In progress, or its outcome is not known here.
    Open(String),
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Time of signing, by the host's clock where that was seen.
    pub at: Timestamp,
    pub model: ModelName,
    pub version: VersionNumber,
    pub decision: Decision,
    /// Login of the signer.
    pub by: String,
    /// Logins of the other approvers.
    pub also: Vec<String>,
    /// The reason in the signer's words; may be cut if only the version's tag has it.
    pub reason: String,
    /// The release's tag; `None` for decisions without a release.
    pub tag: Option<String>,
    pub repository: Option<RepoSlug>,
    /// Id of the record and of its promotion.
    pub record_id: Option<PromotionId>,
    pub record_hash: Option<String>,
    pub effect: Effect,
    /// Where it was found, without duplicates.
    pub sources: Vec<FoundIn>,
    /// The version it is about, as far as the source says.
    pub identity: Identity,
    /// Whether that is the version the registry has under this name and number now; `None` if it was not read.
    pub about: Option<About>,
    /// Where the version was to go, if the source says; `None` for decisions that promote nothing.
    pub place: Option<PromotionTarget>,
    /// What its model is called now, if the version was found under another name.
    pub renamed: Option<ModelName>,
}

impl LogEntry {
    /// The entry for a record.
    pub fn of(sealed: &Sealed, effect: Effect, source: FoundIn) -> Self {
        let record = &sealed.record;
        Self {
            at: record.decided_at(),
            model: record.model.name.clone(),
            version: record.model.version,
            decision: record.decision,
            by: clean_line(&record.signer.login),
            also: record.approvals.iter().map(|a| clean_line(&a.login)).collect(),
            reason: clean(&record.reason),
            tag: record.change.as_ref().map(|c| c.tag.to_string()),
            repository: record.change.as_ref().map(|c| c.repository.clone()),
            record_id: Some(record.record_id),
            record_hash: Some(sealed.record_hash.clone()),
            effect,
            sources: vec![source],
            identity: Identity::from(&record.model),
            about: None,
            place: record.change.as_ref().map(|c| c.to.clone()),
            renamed: None,
        }
    }

    /// The decision in force according to the tags of `version`, if any. `home` is its registry.
    pub fn on(home: &Home, version: &ModelVersion) -> Option<Self> {
        let mark = DecisionMark::on(version)?;
        let about = mark.about(version);
        let released = mark.decision.promotes().then(|| version.own_tag("tag")).flatten();
        Some(Self {
            at: mark.at,
            model: version.model.clone(),
            version: version.number,
            decision: mark.decision,
            // A promoting decision's mark is written only once the release is published.
            effect: if mark.decision.promotes() { Effect::Production } else { Effect::Said },
            by: mark.by,
            also: Vec::new(),
            reason: mark.reason,
            tag: released.map(clean_line),
            repository: None,
            record_id: None,
            record_hash: Some(mark.record),
            sources: vec![FoundIn::VersionTag],
            identity: Identity::of(home, version),
            about: Some(about),
            place: None,
            renamed: None,
        })
    }

    /// The entry for a release without a record, from the annotated tag message that earlier versions wrote. `author`
    /// is the release's author as the host reports it.
    pub fn of_message(message: &str, author: &str, tag: &str, repository: &RepoSlug) -> Option<Self> {
        let id = trailer(message, OPERATION_TRAILER)?.parse::<PromotionId>().ok()?;
        let reason = message.split_once("\nReason: ").and_then(|(_, rest)| rest.split("\n\n").next());
        Some(Self {
            at: id.made_at()?,
            model: ModelName::new(trailer(message, MODEL_TRAILER)?),
            version: trailer(message, VERSION_TRAILER)?.parse().ok()?,
            decision: Decision::Approve,
            by: clean_line(author),
            also: Vec::new(),
            reason: clean(reason.unwrap_or_default()),
            tag: Some(clean_line(tag)),
            repository: Some(repository.clone()),
            record_id: Some(id),
            record_hash: trailer(message, RECORD_TRAILER).map(clean_line),
            effect: Effect::Production,
            sources: vec![FoundIn::GitTag],
            identity: Identity::of_message(message)?,
            about: None,
            place: None,
            renamed: None,
        })
    }

    /// Whether it is about another place of the same registry than `target`, such as a stage before the target became an
    /// alias.
    pub fn is_beside(&self, target: &PromotionTarget) -> bool {
        self.place.as_ref().is_some_and(|place| place != target)
    }

    /// The name that the registry has its model under now, as far as that was read.
    pub fn model_now(&self) -> &ModelName {
        self.renamed.as_ref().unwrap_or(&self.model)
    }

    fn is(&self, other: &Self) -> bool {
        let model = self.model == other.model || self.model_now() == other.model_now();
        let same = |a: bool| a && model && self.version == other.version;
        same(self.record_id.is_some() && self.record_id == other.record_id)
            || same(self.record_hash.is_some() && self.record_hash == other.record_hash)
    }
}

/// The decision log, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Every decision once, newest first.
    pub entries: Vec<LogEntry>,
    /// Versions in production now according to the registry, by model; models that could not be read are missing.
    pub in_production: BTreeMap<ModelName, Vec<VersionNumber>>,
    /// What "in production" means; entries of other places are history only.
    pub target: Option<PromotionTarget>,
    /// The sources that were read, one phrase each.
    pub seen: Vec<String>,
    /// What could not be read, is truncated, or is inconsistent.
    pub notes: Vec<Note>,
    /// What is wrong with the records of this machine, one sentence each.
    pub breaks: Vec<String>,
}

impl Log {
    /// The last decision that put a version of each model into production, no later than `at`. Only signed decisions
    /// are known, not manual moves.
    pub fn production_at(&self, at: Timestamp) -> BTreeMap<&ModelName, &LogEntry> {
        let mut out: BTreeMap<&ModelName, &LogEntry> = BTreeMap::new();
        // Newest first, so the first match is the latest.
        let here = |e: &LogEntry| !self.target.as_ref().is_some_and(|target| e.is_beside(target));
        for entry in self.entries.iter().filter(|e| e.effect == Effect::Production && e.at <= at && here(e)) {
            out.entry(entry.model_now()).or_insert(entry);
        }
        out
    }

    /// Where the registry's production version differs from the last signed one.
    pub fn contradictions(&self) -> Vec<String> {
        let last = self.production_at(Timestamp::MAX);
        let differs = |(model, now): (&ModelName, &Vec<VersionNumber>)| {
            let signed = last.get(model)?;
            if now.contains(&signed.version) {
                let what = signed.about.as_ref()?.another()?;
                let number = signed.version;
                return Some(format!(
                    "{number} of {model} is in production, but it is not the {number} that was signed off last: {what}"
                ));
            }
            let names = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let now = if names.is_empty() { "nothing".to_owned() } else { names };
            Some(format!("{now} of {model} is in production, but {} was signed off last", signed.version))
        };
        self.in_production.iter().filter_map(differs).collect()
    }
}

/// Says of each entry whether it is about the version that the registry has now. `versions` holds what was read of each
/// model, and whether that is all.
pub fn compare(entries: &mut [LogEntry], versions: &BTreeMap<ModelName, (Vec<Identity>, bool)>) {
    let renamed = |then: &Identity| versions.values().flat_map(|(all, _)| all).find(|now| then.is_renamed(now));
    for entry in entries {
        if let Some(now) = renamed(&entry.identity) {
            (entry.renamed, entry.about) = (Some(now.name.clone()), Some(About::Same));
            continue;
        }
        let Some((now, complete)) = versions.get(&entry.model) else { continue };
        match now.iter().find(|now| now.number == entry.version) {
            // What a tag on the version says of itself was judged when it was read.
            Some(_) if entry.sources == [FoundIn::VersionTag] => {}
            Some(now) => entry.about = Some(entry.identity.about(now)),
            None if *complete => {
                entry.about = Some(About::Another("the registry does not have it any more".to_owned()))
            }
            None => {}
        }
    }
}

/// What is to be said about entries that are not about what the registry has now, one sentence each.
pub fn other_versions(entries: &[LogEntry]) -> Vec<String> {
    let mut out = Vec::new();
    for entry in entries {
        let (model, number) = (&entry.model, entry.version);
        let said = match &entry.about {
            Some(About::Another(what)) => {
                format!("a decision on {number} of {model} is about another version of that name: {what}")
            }
            Some(About::CannotTell(why)) if entry.decision.promotes() => {
                format!(
                    "whether a decision on {number} of {model} is about the version there now cannot be told: {why}"
                )
            }
            Some(About::CannotTell(_) | About::Same) | None => continue,
        };
        if !out.contains(&said) {
            out.push(said);
        }
    }
    out
}

/// Merges the entries of all sources: each decision once, newest first. This machine and the releases take precedence
/// over tags, except that reaching production counts from any source.
pub fn merge(mut found: Vec<LogEntry>) -> Vec<LogEntry> {
    found.sort_by_key(|e| e.sources.iter().min().copied());
    let mut out: Vec<LogEntry> = Vec::new();
    for entry in found {
        let Some(there) = out.iter_mut().find(|e| e.is(&entry)) else {
            out.push(entry);
            continue;
        };
        if entry.effect == Effect::Production {
            there.effect = Effect::Production;
        }
        there.tag = there.tag.take().or(entry.tag);
        there.place = there.place.take().or(entry.place);
        there.repository = there.repository.take().or(entry.repository);
        there.record_id = there.record_id.or(entry.record_id);
        there.record_hash = there.record_hash.take().or(entry.record_hash);
        for source in entry.sources {
            if !there.sources.contains(&source) {
                there.sources.push(source);
            }
        }
    }
    out.sort_by(|a, b| (b.at, &a.model, b.version, &a.record_hash).cmp(&(a.at, &b.model, a.version, &b.record_hash)));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::samples;

    fn entry(source: FoundIn, effect: Effect) -> LogEntry {
        LogEntry::of(&samples::plan().record, effect, source)
    }

    #[test]
    fn the_same_decision_from_three_sources_is_one_entry() {
        let machine = entry(FoundIn::Machine, Effect::Open("nobody knows".into()));
        let release = entry(FoundIn::Release, Effect::Production);
        let tag = LogEntry { record_id: None, reason: "cut".into(), ..entry(FoundIn::VersionTag, Effect::Production) };
        for found in [vec![machine.clone(), release.clone(), tag.clone()], vec![tag, release, machine.clone()]] {
            let merged = merge(found);
            assert_eq!(merged.len(), 1);
            assert_eq!(merged[0].effect, Effect::Production);
            assert_eq!(merged[0].reason, machine.reason, "the full text goes before the cut one");
            assert_eq!(merged[0].sources, [FoundIn::Machine, FoundIn::Release, FoundIn::VersionTag]);
        }
    }

    #[test]
    fn a_decision_on_a_model_that_was_renamed_is_one_entry_under_both_names() {
        let before = entry(FoundIn::Machine, Effect::Production);
        let now = Identity { name: ModelName::new("renamed"), ..before.identity.clone() };
        let tag = LogEntry {
            model: now.name.clone(),
            identity: now.clone(),
            record_id: None,
            ..entry(FoundIn::VersionTag, Effect::Production)
        };
        let versions = [(now.name.clone(), (vec![now.clone()], true))].into();
        let mut all = vec![before, tag];
        compare(&mut all, &versions);
        let merged = merge(all);
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].model_now(), &merged[0].about), (&now.name, &Some(About::Same)));
        let mut log = Log { entries: merged, ..Log::default() };
        log.in_production.insert(now.name, vec![now.number]);
        assert!(log.contradictions().is_empty() && log.production_at(Timestamp::MAX).len() == 1);
    }

    #[test]
    fn what_was_in_production_at_a_time_is_the_last_that_reached_it_before() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let of = |when: &str, version, effect| LogEntry {
            at: at(when),
            version: VersionNumber(version),
            record_id: None,
            record_hash: Some(when.to_owned()),
            ..entry(FoundIn::Release, effect)
        };
        let log = Log {
            entries: merge(vec![
                of("2026-01-01T00:00:00Z", 1, Effect::Production),
                of("2026-03-01T00:00:00Z", 3, Effect::Production),
                of("2026-02-01T00:00:00Z", 2, Effect::Failed("refused".into())),
                of("2026-04-01T00:00:00Z", 4, Effect::Said),
            ]),
            ..Log::default()
        };
        let version = |when: &str| log.production_at(at(when)).values().next().map(|e| e.version.0);
        assert_eq!(version("2025-12-31T23:59:59Z"), None);
        assert_eq!(version("2026-02-15T00:00:00Z"), Some(1));
        assert_eq!(version("2026-12-01T00:00:00Z"), Some(3));
        assert_eq!(log.entries.iter().map(|e| e.version.0).collect::<Vec<_>>(), [4, 3, 2, 1]);
    }

    fn by_a_clock(version: u64, signed: &str, skew_ms: i64) -> LogEntry {
        let mut sealed = samples::plan().record;
        sealed.record.model.version = VersionNumber(version);
        sealed.record.signed_at = signed.parse().unwrap();
        sealed.record.clock.skew_ms = Some(skew_ms);
        sealed.record_hash = version.to_string();
        sealed.record.record_id = samples::id(u128::from(version));
        LogEntry::of(&sealed, Effect::Production, FoundIn::Release)
    }

    /// The host tells whole seconds, so how far a clock is ahead is told up to a second too high.
    #[test]
    fn two_decisions_within_a_second_keep_their_order() {
        for (first, second) in [(0, 999), (0, 0), (400, 1000)] {
            let entries = merge(vec![
                by_a_clock(1, "2026-11-23T09:05:00.100Z", first),
                by_a_clock(2, "2026-11-23T09:05:00.700Z", second),
            ]);
            assert_eq!(entries.iter().map(|e| e.version.0).collect::<Vec<_>>(), [2, 1], "{first} and {second} ms");
        }
    }

    /// One machine's clock is ten minutes ahead: its decision comes first all the same.
    #[test]
    fn decisions_are_ordered_by_the_host_and_not_by_the_clocks_of_their_machines() {
        let log = Log {
            entries: merge(vec![
                by_a_clock(1, "2026-11-23T09:10:00Z", 601_000),
                by_a_clock(2, "2026-11-23T09:05:00Z", 0),
            ]),
            ..Log::default()
        };
        let at =
            |text: &str| log.production_at(text.parse().unwrap()).values().map(|e| e.version.0).collect::<Vec<_>>();
        assert_eq!(at("2026-11-23T09:01:00Z"), [1]);
        assert_eq!(at("2026-11-23T10:00:00Z"), [2]);
    }

    #[test]
    fn a_version_that_was_moved_by_hand_is_told() {
        let mut log = Log { entries: vec![entry(FoundIn::Release, Effect::Production)], ..Log::default() };
        let model = log.entries[0].model.clone();
        log.in_production.insert(model.clone(), vec![VersionNumber(42)]);
        assert!(log.contradictions().is_empty());
        log.in_production.insert(model, vec![VersionNumber(7)]);
        assert_eq!(log.contradictions(), ["v7 of telco-churn is in production, but v42 was signed off last"]);
    }
}
