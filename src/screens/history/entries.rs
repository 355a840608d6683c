//! Decisions and promotions of this machine and of others in one list. A promotion has the id of the record it carries
//! out; what was read elsewhere is joined with the local entry of the same decision.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::app::cache::Cache;
use crate::app::query::Promotion;
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::log::{Effect, Log, LogEntry};
use crate::domain::promotion::SagaState;
use crate::domain::record::Sealed;

/// Identity of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The id of its record or promotion.
    Id(PromotionId),
    /// The hash of its record: all that the tag of a version has.
    Hash(String),
    /// Model, version and time.
    At(ModelName, VersionNumber, Timestamp),
}

/// A decision, a promotion, or both; of this machine or of another.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The promotion, if this machine has one.
    pub promotion: Option<&'a Promotion>,
    /// Its state, if readable.
    pub state: Option<&'a SagaState>,
    /// The record, if this machine has it.
    pub record: Option<&'a Sealed>,
    /// The entry of the merged log.
    pub log: Option<&'a LogEntry>,
    /// Whether it put the current production version into production.
    pub in_production: bool,
}

impl<'a> Entry<'a> {
    /// Its id on this machine.
    pub fn local(&self) -> Option<PromotionId> {
        self.promotion.map(|p| p.id).or_else(|| self.record.map(|s| s.record.record_id))
    }

    pub fn key(&self) -> Option<Key> {
        let of_log = |log: &LogEntry| match (log.record_id, &log.record_hash) {
            (Some(id), _) => Key::Id(id),
            (None, Some(hash)) => Key::Hash(hash.clone()),
            (None, None) => Key::At(log.model.clone(), log.version, log.at),
        };
        self.local().map(Key::Id).or_else(|| self.log.map(of_log))
    }

    /// Model and version; none if unreadable.
    pub fn subject(&self) -> Option<(&'a ModelName, VersionNumber)> {
        let of_state = self.state.map(|s| (s.plan.draft.model(), s.plan.draft.version()));
        let of_record = || self.record.map(|s| (&s.record.model.name, s.record.model.version));
        of_state.or_else(of_record).or_else(|| self.log.map(|e| (&e.model, e.version)))
    }

    /// The tag of its release.
    pub fn tag(&self) -> Option<String> {
        let of_state = self.state.map(|s| s.plan.draft.tag.to_string());
        let of_record = || self.record.map(|s| s.record.change.as_ref().map(|change| change.tag.to_string()));
        match of_state {
            Some(tag) => Some(tag),
            None => of_record().unwrap_or_else(|| self.log.and_then(|log| log.tag.clone())),
        }
    }

    /// Whether it is about another version than the one that the registry has under that name and number now.
    pub fn is_another(&self) -> bool {
        self.log.and_then(|log| log.about.as_ref()).is_some_and(|about| about.another().is_some())
    }

    /// What its model is called now, if it was renamed since.
    pub fn renamed(&self) -> Option<&'a ModelName> {
        self.log?.renamed.as_ref()
    }

    /// The other registry or workspace that it is about, as a phrase; `None` if it is about `here`.
    pub fn elsewhere(&self, here: &Home, demo: bool) -> Option<String> {
        self.sealed()?.record.elsewhere(here, demo)
    }

    /// Whether somebody at this machine has to resume, undo or follow it.
    pub fn is_open(&self) -> bool {
        self.promotion.is_some_and(|p| p.driven) || self.state.is_some_and(|s| !s.is_over() && !s.is_released())
    }

    fn at(&self) -> Option<Timestamp> {
        let signed = self.record.map(|s| s.record.decided_at());
        signed.or_else(|| self.state.map(|s| s.opened_at)).or_else(|| self.log.map(|e| e.at))
    }

    fn hash(&self) -> Option<&'a str> {
        self.sealed().map(|s| s.record_hash.as_str())
    }

    fn sealed(&self) -> Option<&'a Sealed> {
        self.record.or_else(|| self.state.map(|s| &s.plan.record))
    }
}

/// Decisions on `model`, or on all: unfinished local ones first, whatever their model, then newest first; unreadable
/// ones last.
pub fn entries<'a>(cache: &'a Cache, model: Option<&ModelName>) -> Vec<Entry<'a>> {
    let mut entries = local(cache);
    if let Some(log) = cache.log(model.cloned()) {
        lay_beside(&mut entries, log);
    }
    let about = |e: &Entry<'_>, m| e.subject().is_none_or(|(of, _)| of == m) || e.renamed() == Some(m);
    entries.retain(|e| e.is_open() || model.is_none_or(|m| about(e, m)));
    entries.sort_by_key(|e| (!e.is_open(), e.at().is_none(), Reverse(e.at())));
    entries
}

/// Entries of this machine.
fn local(cache: &Cache) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = cache
        .promotions()
        .into_iter()
        .flatten()
        .map(|p| Entry {
            promotion: Some(p),
            state: cache.promotion(p.id).or_else(|| p.state.as_ref().ok().map(AsRef::as_ref)),
            record: cache.record(p.id),
            log: None,
            in_production: false,
        })
        .collect();
    let promoted: BTreeSet<PromotionId> = entries.iter().filter_map(Entry::local).collect();
    let alone = cache.records().filter(|s| !promoted.contains(&s.record.record_id));
    entries.extend(alone.map(|s| Entry {
        promotion: None,
        state: None,
        record: Some(s),
        log: None,
        in_production: false,
    }));
    entries
}

/// Joins log entries with the local entries they belong to, and adds the others as new entries.
fn lay_beside<'a>(entries: &mut Vec<Entry<'a>>, log: &'a Log) {
    let by_id: HashMap<PromotionId, usize> =
        entries.iter().enumerate().filter_map(|(i, e)| Some((e.local()?, i))).collect();
    let by_hash: HashMap<&str, usize> = entries.iter().enumerate().filter_map(|(i, e)| Some((e.hash()?, i))).collect();
    // Newest first: the first entry of a version that reached production put it there.
    let mut marked = BTreeSet::new();
    for entry in &log.entries {
        let there_now = log.in_production.get(entry.model_now()).is_some_and(|now| now.contains(&entry.version));
        let reached = entry.decision.promotes() && entry.effect == Effect::Production;
        let another = entry.about.as_ref().is_some_and(|about| about.another().is_some());
        let in_production = there_now && reached && !another && marked.insert((entry.model_now(), entry.version));
        let id = entry.record_id.and_then(|id| by_id.get(&id));
        let here = id.or_else(|| entry.record_hash.as_deref().and_then(|hash| by_hash.get(hash)));
        match here.and_then(|i| entries.get_mut(*i)) {
            Some(here) => {
                here.log = Some(entry);
                here.in_production = in_production;
            }
            None => {
                entries.push(Entry { promotion: None, state: None, record: None, log: Some(entry), in_production });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app::query::{Query, Reply, RequestId};
    use crate::domain::log::FoundIn;
    use crate::domain::promotion::samples;
    use crate::domain::record::chain::ChainLine;

    fn read(cache: &mut Cache, reply: Reply) {
        cache.begin(&reply.query(), RequestId(1));
        cache.settle(RequestId(1), reply, samples::now());
    }

    fn read_record(cache: &mut Cache) {
        read(cache, Reply::Records { answer: Ok(vec![ChainLine::Record(Box::new(sealed()))]) });
    }

    fn sealed() -> Sealed {
        samples::plan().record
    }

    /// A decision of another machine, an hour after the local one.
    fn elsewhere() -> LogEntry {
        let mut entry = LogEntry::of(&sealed(), Effect::Production, FoundIn::VersionTag);
        entry.at += jiff::SignedDuration::from_hours(1);
        (entry.record_id, entry.record_hash) = (None, Some("sha256:other".into()));
        entry
    }

    #[test]
    fn a_decision_of_this_machine_and_what_is_read_of_it_elsewhere_are_one_entry_with_one_key() {
        let mut cache = Cache::default();
        read_record(&mut cache);
        let before = entries(&cache, None).first().unwrap().key();
        for known_by_hash in [false, true] {
            let mut same = LogEntry::of(&sealed(), Effect::Production, FoundIn::Release);
            if known_by_hash {
                same.record_id = None;
            }
            let log = Log { entries: vec![elsewhere(), same], ..Log::default() };
            read(&mut cache, Reply::Log { model: None, answer: Ok(log) });
            let all = entries(&cache, None);
            assert_eq!(all.len(), 2);
            assert_eq!(all[0].local(), None, "the newer one is another machine's");
            assert_eq!(all[1].key(), before);
            assert!(all[1].record.is_some() && all[1].log.is_some());
            cache.refresh(&Query::Log { model: None });
        }
    }

    #[test]
    fn a_decision_on_another_registry_or_workspace_or_the_demo_says_so() {
        let here = Home { registry: sealed().record.model.registry, workspace: Some("retention".into()) };
        let mut cache = Cache::default();
        let said = |change: fn(&mut Sealed), cache: &mut Cache| {
            let mut one = sealed();
            one.record.demo = false;
            change(&mut one);
            cache.refresh(&Query::Records);
            read(cache, Reply::Records { answer: Ok(vec![ChainLine::Record(Box::new(one))]) });
            entries(cache, None)[0].elsewhere(&here, false)
        };
        assert_eq!(said(|_| {}, &mut cache), None, "earlier versions name no workspace");
        assert_eq!(said(|s| s.record.model.workspace = Some("retention".into()), &mut cache), None);
        let other = said(|s| s.record.model.workspace = Some("pricing".into()), &mut cache);
        assert_eq!(other.unwrap(), format!("{} (workspace pricing)", here.registry));
        let other = said(|s| s.record.model.registry = "http://elsewhere".into(), &mut cache);
        assert_eq!(other.as_deref(), Some("http://elsewhere"));
        assert_eq!(said(|s| s.record.demo = true, &mut cache).as_deref(), Some("the demo"));
    }

    #[test]
    fn only_the_last_decision_that_brought_the_version_there_is_in_production() {
        let mut cache = Cache::default();
        let again = elsewhere();
        let first = LogEntry::of(&sealed(), Effect::Production, FoundIn::Release);
        let in_production = [(first.model.clone(), vec![first.version])].into();
        let log = Log { entries: vec![again, first], in_production, ..Log::default() };
        read(&mut cache, Reply::Log { model: None, answer: Ok(log) });
        assert_eq!(entries(&cache, None).iter().map(|e| e.in_production).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn the_history_of_one_model_leaves_the_others_out() {
        let mut cache = Cache::default();
        read_record(&mut cache);
        assert_eq!(entries(&cache, Some(&ModelName::new("another"))).len(), 0);
        assert_eq!(entries(&cache, Some(&sealed().record.model.name)).len(), 1);
    }
}
