//! The VERDICT column: the policy of the configuration applied to the facts the list already has. It makes no requests.

use std::collections::HashMap;

use super::version_query;
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts, Standing};
use crate::domain::ids::{RunId, VersionNumber};
use crate::domain::inbox::Waiting;
use crate::domain::policy::judge::{Partial, partial};
use crate::domain::preflight::CheckState;
use crate::domain::registry::ModelVersion;
use crate::present::Mark;
use crate::screens::parts::Ctx;
use crate::screens::parts::view::{self as format, Reading};
use crate::ui::Phrase;
use crate::ui::skin::Skin;

/// Whether any model has a verdict.
pub fn is_shown(ctx: &Ctx<'_>) -> bool {
    ctx.rules.configures_policy()
}

/// The policy's result for one row, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowVerdict {
    state: CheckState,
    /// Number of findings in that state.
    count: usize,
    /// Number of rules evaluated.
    seen: usize,
    /// Number of rules that need more than the list has.
    unseen: usize,
}

/// Verdicts of the visible rows. Each needs a policy digest and copies of two runs: too expensive for every frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// What they depend on besides the rows: edition of the models, changes of runs and versions, minute.
    made_from: (u64, u64, i64),
    /// By index of the model among those read, and version; none while there is no verdict yet.
    standings: HashMap<(usize, VersionNumber), Option<RowVerdict>>,
}

impl Verdicts {
    /// Evaluates those of `rows` not yet evaluated on the current facts. `rows` are model indices with their waiting
    /// versions.
    pub fn judge<'a>(&mut self, rows: impl IntoIterator<Item = (usize, Waiting<'a>)>, ctx: &Ctx<'_>) {
        let minute = ctx.now.as_second() / 60;
        let changes = ctx.cache.row_changes() + ctx.cache.version_changes();
        let from = (ctx.cache.models.extent().edition(), changes, minute);
        if self.made_from != from {
            self.standings.clear();
            self.made_from = from;
        }
        for (place, waiting) in rows {
            self.standings.entry((place, waiting.candidate.number)).or_insert_with(|| standing(&waiting, ctx));
        }
    }

    /// The cell for the model at index `place`.
    pub fn cell(&self, place: usize, waiting: &Waiting<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
        match self.standings.get(&(place, waiting.candidate.number)).copied().flatten() {
            Some(standing) => phrase(standing, skin),
            None if ctx.rules.may_have_configured_policy(&waiting.candidate.model) => {
                let reading = match production_reading(waiting, ctx) {
                    Reading::Done => format::reading_of(waiting.candidate, ctx),
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
    let versions = [Some(waiting.candidate), waiting.production_version];
    if versions.into_iter().flatten().any(|version| format::reading_of(version, ctx) == Reading::Underway) {
        return None;
    }
    let source = ctx.rules.configured_policy(&waiting.candidate.model)?;
    let Partial { verdict, unseen } = partial(&[source], &facts(waiting, ctx), ctx.now);
    let state = verdict.state();
    Some(RowVerdict { state, count: verdict.count(state), seen: verdict.findings.len(), unseen })
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
    let run = |id: Option<&RunId>| match id.map(|id| ctx.cache.run(id).flatten()) {
        None => RunFacts::NotRecorded,
        Some(Some(run)) => RunFacts::Known(Box::new(run.clone())),
        Some(None) => RunFacts::Unreadable("the run was not read".into()),
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
