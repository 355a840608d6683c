//! The column VERDICT: what the policy of the configuration says about what the list has anyway. No request is made for it.

use crate::domain::facts::{Baseline, ReviewedFacts, RunFacts};
use crate::domain::ids::RunId;
use crate::domain::inbox::Waiting;
use crate::domain::policy::judge::{Partial, partial};
use crate::domain::preflight::CheckState;
use crate::screens::parts::Ctx;
use crate::screens::parts::view::{self as format};
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Whether there is anything to say about any model.
#[must_use]
pub fn is_shown(ctx: &Ctx<'_>) -> bool {
    ctx.rules.configures_policy()
}

/// The cell of one row.
#[must_use]
pub fn cell(waiting: &Waiting<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let Some(source) = ctx.rules.configured_policy(&waiting.candidate.model) else {
        return Phrase::default();
    };
    let runs = [Some(waiting.candidate), waiting.production_version];
    let unread = |id: &RunId| ctx.catalog.run(id).is_none() && ctx.catalog.run_failure(id).is_none();
    if runs.into_iter().flatten().filter_map(|v| v.run_id.as_ref()).any(unread) {
        return format::known_or(None, format::reading(waiting.candidate.run_id.as_ref(), ctx));
    }
    phrase(&partial(&[source], &facts(waiting, ctx), ctx.now), skin)
}

/// What the list knows, as far as it does.
fn facts(waiting: &Waiting<'_>, ctx: &Ctx<'_>) -> ReviewedFacts {
    let run = |id: Option<&RunId>| match id.map(|id| ctx.catalog.run(id).flatten()) {
        None => RunFacts::NotRecorded,
        Some(Some(run)) => RunFacts::Known(Box::new(run.clone())),
        Some(None) => RunFacts::Unreadable("the run was not read".to_owned()),
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

fn phrase(partial: &Partial, skin: &Skin) -> Phrase<'static> {
    let (verdict, symbols) = (&partial.verdict, skin.symbols());
    let (seen, unseen) = (verdict.findings.len(), partial.unseen);
    match verdict.state() {
        CheckState::Block => {
            Phrase::of(Role::Bad, format!("{} {} blocking", symbols.block, verdict.count(CheckState::Block)))
        }
        CheckState::Warn => {
            Phrase::of(Role::Warn, format!("{} {} warn", symbols.warn, verdict.count(CheckState::Warn)))
        }
        _ if seen == 0 && unseen > 0 => Phrase::of(Role::Unknown, format!("{} unknown", symbols.unknown)),
        _ if unseen > 0 => Phrase::of(Role::Good, format!("{} pass {seen}/{}", symbols.pass, seen + unseen)),
        _ => Phrase::of(Role::Good, format!("{} pass {seen}", symbols.pass)),
    }
}
