//! Effects of decisions that do not promote, and drafts of decisions not yet made.

use crate::app::effect::Effect;
use crate::app::prefs::Remember;
use crate::app::query::Query;
use crate::domain::decision::Decided;
use crate::domain::failure::Outcome;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::record::Decision;
use crate::program::state::{Driving, Notice, State};
use crate::program::written::{self, Written};
use crate::screens::Screen;

/// A decision was recorded, or failed.
pub(super) fn settle(
    state: &mut State,
    model: &ModelName,
    version: VersionNumber,
    decision: Decision,
    outcome: Outcome<Box<Decided>>,
) -> Vec<Effect> {
    if state.driving == Driving::Deciding {
        state.driving = Driving::Idle;
    }
    let mut effects = Vec::new();
    match outcome {
        Ok(decided) => {
            effects.extend(forget_draft(state, model, version));
            state.screens.retain(|screen| !screen.is_submitted());
            state.notice = Some(Notice::Word(word(&decided)));
        }
        Err(failure) => match state.screens.iter_mut().find(|screen| screen.is_submitted()) {
            Some(form) => form.failed(failure),
            None => state.notice = Some(Notice::Failure(failure)),
        },
    }
    // Also after a failure: something of it may be on the servers.
    written::overtake(&mut state.cache, Written { model, release: None });
    // The decision changes its own basis.
    state.cache.forget(&Query::Decision { model: model.clone(), version, decision });
    if state.leaving {
        effects.extend(unsaved(state));
        effects.push(Effect::Quit);
    }
    effects
}

/// A note was kept with a record, or could not be: then what was typed is there still.
pub(super) fn noted(state: &mut State, id: PromotionId, outcome: Outcome<()>) -> Vec<Effect> {
    state.notice = Some(match outcome {
        Ok(()) => {
            for screen in &mut state.screens {
                if let Screen::Promotion(promotion) = screen {
                    promotion.noted(id);
                }
            }
            state.cache.refresh(&Query::Records);
            Notice::Word("The note is kept with the record.".to_owned())
        }
        Err(failure) => Notice::Failure(failure),
    });
    Vec::new()
}

/// Drops a draft whose contents are now in a record.
pub(super) fn forget_draft(state: &mut State, model: &ModelName, version: VersionNumber) -> Vec<Effect> {
    if !state.prefs.drafts.iter().any(|d| d.model == *model && d.version == version) {
        return Vec::new();
    }
    let what = Remember::Decided(model.clone(), version);
    state.prefs.remember(what.clone());
    vec![Effect::SavePrefs(what)]
}

/// Saves drafts typed into forms before the program exits.
pub(super) fn unsaved(state: &State) -> Vec<Effect> {
    state.screens.iter().filter_map(|screen| screen.unsaved(&state.ctx())).map(Effect::SavePrefs).collect()
}

fn word(decided: &Decided) -> String {
    let record = &decided.sealed.record;
    let what = format!("{} {} {}", record.decision.past(), record.model.name, record.model.version);
    let nth = record.nth_approval().map(|nth| format!(", {nth}: it promotes nothing yet")).unwrap_or_default();
    let notes: String = decided.notes.iter().map(|note| format!(". {note}")).collect();
    format!("{what}{nth}{notes}")
}
