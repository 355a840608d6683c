//! What was read about decisions: what a rejection or hold rests on, what can be brought back, the records.

use std::collections::HashMap;

use super::query::{Answer, Query};
use crate::domain::decision::Candidate;
use crate::domain::decision::DecisionDraft;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::log::Log;
use crate::domain::record::chain::{ChainLine, Outcome};
use crate::domain::record::{Decision, Sealed};

/// The part of the cache that is about decisions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    drafts: HashMap<(ModelName, VersionNumber, Decision), Box<DecisionDraft>>,
    candidates: HashMap<ModelName, Vec<Candidate>>,
    lines: Vec<ChainLine>,
    logs: HashMap<Option<ModelName>, Box<Log>>,
}

impl Decisions {
    pub(super) fn store(&mut self, query: &Query, answer: Answer) {
        match (query, answer) {
            (Query::Decision { model, version, decision }, Answer::Decision(draft)) => {
                self.drafts.insert((model.clone(), *version, *decision), draft);
            }
            (Query::RollbackCandidates(model), Answer::RollbackCandidates(candidates)) => {
                self.candidates.insert(model.clone(), candidates);
            }
            (Query::Records, Answer::Records(lines)) => self.lines = lines,
            (Query::Log(model), Answer::Log(log)) => {
                self.logs.insert(model.clone(), log);
            }
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, model: &ModelName, version: VersionNumber, decision: Decision) {
        self.drafts.remove(&(model.clone(), version, decision));
    }

    /// What a rejection or hold of one version rests on.
    pub fn draft(&self, model: &ModelName, version: VersionNumber, decision: Decision) -> Option<&DecisionDraft> {
        self.drafts.get(&(model.clone(), version, decision)).map(AsRef::as_ref)
    }

    /// The versions of a model that can be brought back, newest first.
    pub fn candidates(&self, model: &ModelName) -> Option<&[Candidate]> {
        self.candidates.get(model).map(Vec::as_slice)
    }

    /// The sign-off records of this machine, newest first.
    pub fn records(&self) -> impl Iterator<Item = &Sealed> {
        self.lines.iter().rev().filter_map(|line| match line {
            ChainLine::Record(sealed) => Some(sealed.as_ref()),
            ChainLine::Outcome(_) => None,
        })
    }

    /// The record with this id.
    pub fn record(&self, id: PromotionId) -> Option<&Sealed> {
        self.records().find(|sealed| sealed.record.record_id == id)
    }

    /// What was decided on `model`, or on all, by whomever.
    pub fn log(&self, model: Option<&ModelName>) -> Option<&Log> {
        self.logs.get(&model.cloned()).map(AsRef::as_ref)
    }

    /// What became of the record with this id, if it started no promotion.
    pub fn outcome(&self, id: PromotionId) -> Option<&Outcome> {
        self.lines.iter().rev().find_map(|line| match line {
            ChainLine::Outcome(outcome) if outcome.record_id == id => Some(outcome),
            _ => None,
        })
    }
}
