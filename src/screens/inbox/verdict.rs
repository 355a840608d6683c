//! The verdicts of the rows: what the list's own facts show at once, and the whole once the rest is read.
//!
//! A rule that was not read is not passed. What is missing is read for the rows in sight, a few at a time; the facts are
//! those of the list, so that it takes requests to the code host only.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::version_query;
use crate::app::query::Query;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts, SharedFacts, Standing};
use crate::domain::ids::{RunId, VersionNumber};
use crate::domain::inbox::Waiting;
use crate::domain::policy::Evaluation;
use crate::domain::policy::judge::partial;
use crate::domain::preflight::CheckState;
use crate::domain::registry::ModelVersion;
use crate::present::{Mark, check};
use crate::screens::parts::Ctx;
use crate::screens::parts::view::{self as format, Reading};
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Verdicts that are read at a time: fewer than the program has requests at once, which a review may need.
const AT_ONCE: usize = 2;

/// What is older is read again with the list: other people's checks and reviews go on.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// The verdict on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowVerdict {
    /// Every rule was read.
    Whole { state: CheckState, count: usize, read_at: Timestamp },
    /// Some are still to be read, or cannot be.
    Part { seen: usize, of: usize, blocking: usize, failed: bool },
}

/// What is known of a row.
#[derive(Clone, Debug, PartialEq)]
struct Judged {
    facts: SharedFacts,
    verdict: RowVerdict,
}

/// Verdicts of the visible rows. Each needs a policy digest and copies of two runs: too expensive for every frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// What they depend on besides the rows: edition of the models, changes of the cache, minute.
    made_from: (u64, u64, i64),
    /// By index of the model among those read, and version; none while its run is not read yet.
    rows: HashMap<(usize, VersionNumber), Option<Judged>>,
    /// Those of before, as far as their facts may still be the same.
    old: HashMap<(usize, VersionNumber), SharedFacts>,
    /// What was read before is to be read again.
    since: Option<Timestamp>,
}

impl Verdicts {
    /// Evaluates those of `rows` not yet evaluated on the current facts. `rows` are model indices with their waiting
    /// versions. Returns the sections of those that are judged as far as they can be.
    pub fn judge<'a>(&mut self, rows: impl IntoIterator<Item = (usize, Waiting<'a>)>, ctx: &Ctx<'_>) -> Vec<Settled> {
        let minute = ctx.now.read().as_second() / 60;
        let cache = ctx.cache;
        let changes = cache.row_changes() + cache.version_changes() + cache.evaluations().changes();
        let from = (cache.models.extent().edition(), changes, minute);
        if self.made_from != from {
            let judged = self.rows.drain().filter_map(|(key, row)| Some((key, row?.facts)));
            self.old = judged.collect();
            self.made_from = from;
        }
        let mut settled = Vec::new();
        for (place, waiting) in rows {
            let key = (place, waiting.candidate.number);
            let old = self.old.remove(&key);
            let row = self.rows.entry(key).or_insert_with(|| judged(&waiting, old, ctx));
            let Some(Judged { facts, verdict }) = row else { continue };
            if let RowVerdict::Part { failed, .. } = verdict {
                *failed = cache.failure(&query(facts)).is_some();
            }
            let state = match verdict {
                RowVerdict::Whole { state, .. } => *state,
                RowVerdict::Part { failed: true, .. } => CheckState::Unknown,
                RowVerdict::Part { failed: false, .. } => continue,
            };
            settled.push(Settled { model: place, version: waiting.candidate.number, state });
        }
        settled
    }

    /// The queries for what is missing of these rows, a few at a time: those under way first.
    pub fn needs(&self, rows: impl Iterator<Item = (usize, VersionNumber)>, ctx: &Ctx<'_>) -> Vec<Query> {
        let asked = |key| {
            let Judged { facts, verdict } = self.rows.get(&key)?.as_ref()?;
            let query = query(facts);
            let is_wanted = match verdict {
                RowVerdict::Part { .. } => true,
                RowVerdict::Whole { read_at, .. } => {
                    ctx.cache.slot(&query).is_some() || self.since.is_some_and(|since| *read_at < since)
                }
            };
            (ctx.cache.is_loading(&query) || (is_wanted && ctx.cache.is_due(&query))).then_some(query)
        };
        let (mut under_way, due): (Vec<_>, Vec<_>) = rows.filter_map(asked).partition(|q| ctx.cache.is_loading(q));
        let room = AT_ONCE.saturating_sub(under_way.len());
        under_way.extend(due.into_iter().take(room));
        under_way
    }

    /// The queries to read these verdicts anew: all that somebody asks for, and old ones if the timer does.
    pub fn anew(&mut self, rows: impl Iterator<Item = (usize, VersionNumber)>, ctx: &Ctx<'_>) -> Vec<Query> {
        let since = if ctx.by_timer {
            ctx.now.read().checked_sub(READ_AGAIN_AFTER).unwrap_or(ctx.now.read())
        } else {
            ctx.now.read()
        };
        self.since = Some(since);
        let asked = |key| {
            let Judged { facts, .. } = self.rows.get(&key)?.as_ref()?;
            let query = query(facts);
            let tried_at = ctx.cache.slot(&query)?.tried_at?;
            (!ctx.by_timer || tried_at < since).then_some(query)
        };
        rows.filter_map(asked).collect()
    }

    /// The facts of a row in sight; none while they are read.
    pub fn facts(&self, place: usize, version: VersionNumber) -> Option<&SharedFacts> {
        self.rows.get(&(place, version))?.as_ref().map(|judged| &judged.facts)
    }

    /// The cell for the model at index `place`.
    pub fn cell(&self, place: usize, waiting: &Waiting<'_>, skin: &Skin) -> Phrase<'static> {
        match self.rows.get(&(place, waiting.candidate.number)).and_then(Option::as_ref) {
            Some(judged) => phrase(judged.verdict, skin),
            None => Phrase::of(Role::Muted, skin.symbols().ellipsis),
        }
    }
}

/// The state of a row that is judged as far as it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub model: usize,
    pub version: VersionNumber,
    pub state: CheckState,
}

/// The whole verdict on a version with these facts, if it was read: what was read after the list is newer than it.
pub fn whole<'a>(facts: &SharedFacts, ctx: &Ctx<'a>) -> Option<&'a Evaluation> {
    let latest = ctx.cache.evaluations().latest(&facts.version.model, facts.version.number);
    let is_current = |evaluation: &&Evaluation| {
        let since = ctx.cache.models.read_at.is_some_and(|read_at| evaluation.evidence.read_at >= read_at);
        since || evaluation.evidence.facts.judges_as(facts)
    };
    latest.filter(is_current).or_else(|| ctx.cache.evaluations().of(facts))
}

fn query(facts: &SharedFacts) -> Query {
    Query::Evaluation { facts: facts.clone() }
}

fn judged(waiting: &Waiting<'_>, old: Option<SharedFacts>, ctx: &Ctx<'_>) -> Option<Judged> {
    if production_reading(waiting, ctx) == Reading::Underway {
        return None;
    }
    let versions = [Some(waiting.candidate), waiting.production_version];
    if versions.into_iter().flatten().any(|version| format::reading_of(version, ctx) == Reading::Underway) {
        return None;
    }
    let facts = facts(waiting, ctx);
    // A digest takes longer than a comparison.
    let facts = old.filter(|old| **old == facts).unwrap_or_else(|| facts.into());
    let verdict = match whole(&facts, ctx) {
        Some(Evaluation { verdict, evidence, .. }) => {
            let state = verdict.state();
            RowVerdict::Whole { state, count: verdict.count(state), read_at: evidence.read_at }
        }
        None => {
            let sources: Vec<_> = ctx.rules.configured_policy(&waiting.candidate.model).into_iter().collect();
            let so_far = partial(&sources, &facts, ctx.now.read());
            let (seen, blocking) = (so_far.verdict.findings.len(), so_far.verdict.count(CheckState::Block));
            RowVerdict::Part { seen, of: seen + so_far.unseen, blocking, failed: false }
        }
    };
    Some(Judged { facts, verdict })
}

/// Read status of the production version.
fn production_reading(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> Reading {
    let Some(number) = waiting.production.filter(|_| waiting.production_version.is_none()) else {
        return Reading::Done;
    };
    match ctx.cache.failure(&version_query(&waiting.candidate.model, number)) {
        Some(_) => Reading::Failed,
        None => Reading::Underway,
    }
}

/// The facts the list has.
fn facts(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> ReviewedFacts {
    let run = |id: Option<&RunId>| match id {
        None => RunFacts::NotRecorded,
        Some(id) => match (ctx.cache.run(id).flatten(), ctx.cache.run_failure(id)) {
            (Some(run), _) => RunFacts::Known(Box::new(run.clone())),
            (None, Some(failure)) => RunFacts::Unreadable(failure.clone().into()),
            (None, None) => RunFacts::Unreadable(format!("the tracking server has no run {}", id.short()).into()),
        },
    };
    let logged = |version: &ModelVersion| match ctx.cache.said_of_model(version)? {
        Ok(model) => Some(LoggedFacts::Known(Box::new(model?.clone()))),
        Err(failure) => Some(LoggedFacts::Unreadable(failure.clone().into())),
    };
    let standing = |version: &ModelVersion| Standing {
        run: run(version.run_id.as_ref()),
        logged: logged(version),
        version: version.clone(),
    };
    let Standing { version, run, logged } = standing(waiting.candidate);
    let holders = waiting.production.into_iter().collect();
    ReviewedFacts { version, run, logged, baseline: waiting.production_version.map(standing), holders }
}

/// `✓ pass 12` once every rule is read; until then `… 4/9`, or what blocks already.
fn phrase(verdict: RowVerdict, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    match verdict {
        RowVerdict::Whole { state, count, .. } => check::short(state, count, symbols),
        RowVerdict::Part { seen, of, blocking: 0, failed } => {
            let sum = if of > seen { format!(" {seen}/{of}") } else { String::new() };
            match failed {
                true => Mark::Unknown.say(sum.trim_start(), symbols),
                false => Phrase::of(Role::Muted, format!("{}{sum}", symbols.ellipsis)),
            }
        }
        RowVerdict::Part { blocking, .. } => {
            check::short(CheckState::Block, blocking, symbols).add(Role::Muted, format!(" {}", symbols.ellipsis))
        }
    }
}
