//! The column VERDICT: what the policy of the configuration says about what the list has anyway. No request is made for it.

use std::collections::HashMap;

use super::version_query;
use crate::domain::facts::{Baseline, ReviewedFacts, RunFacts};
use crate::domain::ids::RunId;
use crate::domain::inbox::Waiting;
use crate::domain::policy::judge::{Partial, partial};
use crate::domain::preflight::CheckState;
use crate::present::Mark;
use crate::screens::parts::Ctx;
use crate::screens::parts::view::{self as format, Reading};
use crate::ui::Phrase;
use crate::ui::skin::Skin;

/// Whether there is anything to say about any model.
pub fn is_shown(ctx: &Ctx<'_>) -> bool {
    ctx.rules.configures_policy()
}

/// What the policy says about one row, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowVerdict {
    state: CheckState,
    /// Findings of that state.
    count: usize,
    /// Rules that were looked at.
    seen: usize,
    /// Rules that need more than the list has.
    unseen: usize,
}

/// Verdicts of the rows in sight. Each takes a policy's digest and copies of two runs: too much for every frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// What they rest on besides the rows: edition of the models, changes of runs and versions, minute.
    made_from: (u64, u64, i64),
    /// By the model's place among those that were read; none where nothing can be said yet.
    standings: HashMap<usize, Option<RowVerdict>>,
}

impl Verdicts {
    /// Judges what of `rows` was not judged on what is known now: models by their places, and what waits in them.
    pub fn judge<'a>(&mut self, rows: impl IntoIterator<Item = (usize, Waiting<'a>)>, ctx: &Ctx<'_>) {
        let minute = ctx.now.as_second() / 60;
        let from = (ctx.cache.models.extent().edition(), ctx.cache.row_changes(), minute);
        if self.made_from != from {
            self.standings.clear();
            self.made_from = from;
        }
        for (place, waiting) in rows {
            self.standings.entry(place).or_insert_with(|| standing(&waiting, ctx));
        }
    }

    /// The cell of the row of the model at `place`.
    pub fn cell(&self, place: usize, waiting: &Waiting<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
        match self.standings.get(&place).copied().flatten() {
            Some(standing) => phrase(standing, skin),
            None if ctx.rules.may_have_configured_policy(&waiting.candidate.model) => {
                let reading = match production_reading(waiting, ctx) {
                    Reading::Done => format::reading(waiting.candidate.run_id.as_ref(), ctx),
                    other => other,
                };
                format::known_or(None, reading)
            }
            None => Phrase::default(),
        }
    }
}

fn standing(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> Option<RowVerdict> {
    if production_reading(waiting, ctx) == Reading::Underway {
        return None;
    }
    let runs = [Some(waiting.candidate), waiting.production_version];
    let unread = |id: &RunId| ctx.cache.run(id).is_none() && ctx.cache.run_failure(id).is_none();
    if runs.into_iter().flatten().filter_map(|v| v.run_id.as_ref()).any(unread) {
        return None;
    }
    let source = ctx.rules.configured_policy(&waiting.candidate.model)?;
    let Partial { verdict, unseen } = partial(&[source], &facts(waiting, ctx), ctx.now);
    let state = verdict.state();
    Some(RowVerdict { state, count: verdict.count(state), seen: verdict.findings.len(), unseen })
}

/// How far the reading of the version in production is.
fn production_reading(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> Reading {
    let Some(number) = waiting.production.filter(|_| waiting.production_version.is_none()) else {
        return Reading::Done;
    };
    match ctx.cache.failure(&version_query(&waiting.candidate.model, number)) {
        Some(_) => Reading::Failed,
        None => Reading::Underway,
    }
}

/// What the list knows, as far as it does.
fn facts(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> ReviewedFacts {
    let run = |id: Option<&RunId>| match id.map(|id| ctx.cache.run(id).flatten()) {
        None => RunFacts::NotRecorded,
        Some(Some(run)) => RunFacts::Known(Box::new(run.clone())),
        Some(None) => RunFacts::Unreadable("the run was not read".into()),
    };
    ReviewedFacts {
        run: run(waiting.candidate.run_id.as_ref()),
        version: waiting.candidate.clone(),
        baseline: waiting
            .production_version
            .map(|version| Baseline { run: run(version.run_id.as_ref()), version: version.clone() }),
        holders: waiting.production.into_iter().collect(),
    }
}

fn phrase(standing: RowVerdict, skin: &Skin) -> Phrase<'static> {
    let RowVerdict { state, count, seen, unseen } = standing;
    let (mark, text) = match state {
        CheckState::Block => (Mark::Block, format!("{count} blocking")),
        CheckState::Warn => (Mark::Warn, format!("{count} warn")),
        _ if seen == 0 && unseen > 0 => (Mark::Unknown, "unknown".to_owned()),
        _ if unseen > 0 => (Mark::Pass, format!("pass {seen}/{}", seen + unseen)),
        _ => (Mark::Pass, format!("pass {seen}")),
    };
    mark.say(text, skin.symbols())
}
